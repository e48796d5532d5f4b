"""The harvest and what it leaves: sealed batches in the landing zone."""

import dagster as dg

from heritage_assets.partitions import harvest_batches

from .reporting import OWNERS

landing_batches = dg.AssetSpec(
    "landing_batches",
    deps=["harvest"],
    partitions_def=harvest_batches,
    group_name="harvest",
    owners=OWNERS,
    kinds={"json"},
    description=(
        "Sealed batches of raw records, `landing/<dataset>/<batch>/`. Written by the `harvest` asset or by `heritage harvest`; "
        "each is reported by the landing sensor, with its manifest, when its seal is seen."
    ),
)
