"""Correcting stored readings by hand: what is meant, what it would do, and doing it with an audit entry."""
