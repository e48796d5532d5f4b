"""Partitions: a harvest batch is the unit in which records arrive, are worked on and are worked on again."""

import dagster as dg

harvest_batches = dg.DynamicPartitionsDefinition(name="harvest_batch")
"""One partition for each sealed batch of the landing zone; keys are added by the landing sensor or the command line."""

when_sound = dg.AutomationCondition.eager() & ~dg.AutomationCondition.any_deps_match(
    dg.AutomationCondition.any_checks_match(dg.AutomationCondition.check_failed(), blocking_only=True)
)
"""A step of a batch follows what it reads, in whichever run that was made, unless a blocking check of that batch failed.

A run over a range of batches states its checks once, for none of them in particular: there the run itself stops what follows.
"""
