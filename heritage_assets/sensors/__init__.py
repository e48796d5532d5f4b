"""Sensors: what takes the place of sleep loops and "last processed" files."""
