"""Which records show the same object: exact pairs, verdicts with reasons, guarded groups, stable ids."""
