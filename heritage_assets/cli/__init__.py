"""The ``heritage`` command."""
