"""Partitions: a harvest batch is the unit in which records arrive, are worked on and are worked on again."""

import dagster as dg

harvest_batches = dg.DynamicPartitionsDefinition(name="harvest_batch")
"""One partition for each sealed batch of the landing zone; keys are added by the landing sensor or the command line."""
