"""Replacing the encoder of an archive without a gap: fill a collection beside the old one, compare, move, and back.

Belongs here: the order of the steps, and what is compared. Does not belong here: the steps themselves (assets), figures
(:mod:`heritage_assets.curation.encoder_comparison`), what is in use (:mod:`heritage_assets.stores.encoder_in_use`).
"""
