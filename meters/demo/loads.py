"""What the demo's panels feed, in amperes over the hours of a day."""

from meters.simulation.loads import Curve, Motor, Week, every_day

# Two shifts with a break at noon; at ten the furnace and the lathes run together, which for a
# quarter of an hour is more than the feeder is rated for.
WORKSHOP = Week(
    Curve(
        [
            (0, 3),
            (6.5, 3),
            (7.2, 26),
            (9.95, 33),
            (10, 49),
            (10.25, 50),
            (10.35, 31),
            (11.9, 30),
            (12.1, 9),
            (12.8, 9),
            (13.1, 32),
            (16.5, 28),
            (17.2, 12),
            (20.8, 11),
            (21.2, 3),
        ]
    ),
    Curve([(0, 3), (8, 3), (8.5, 12), (12.5, 11), (13, 3)]),
)
GUESTS = every_day(
    (0, 7), (4.5, 6), (6.2, 24), (7.5, 20), (9, 9), (16, 10), (18.2, 27), (20.5, 31), (23.5, 9)
)
GATE = every_day((0, 4.6), (5.5, 4.4), (6.5, 2.6), (17, 3.1), (18.2, 5.6), (22, 5.2))
LAMPS = every_day((0, 9.6), (5.6, 9.6), (5.7, 0.2), (17.8, 0.2), (17.9, 9.7))
SERVERS = every_day((0, 28.3), (8, 28.6), (14, 29.5), (20, 28.6))
PUMP = Motor(idle_a=0.8, running_a=24.0, on_s=14 * 60, cycle_s=35 * 60)
COMPRESSOR = Motor(idle_a=62.0, running_a=170.0, on_s=13 * 60, cycle_s=19 * 60)
