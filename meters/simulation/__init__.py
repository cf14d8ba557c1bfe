"""Simulated panels: for the demo, for `mqtt_simulate`, and to try an installation without a meter."""
