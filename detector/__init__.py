"""Footage to georeferenced damage: the ground floor of Schouw."""

__version__ = "0.1.0"
