"""Engines run the bulk steps of the domain; the same function serves each of them."""
