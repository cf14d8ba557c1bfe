"""Recorded meters: CSV files with a time column and a column for each metric."""
