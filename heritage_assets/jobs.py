"""Jobs: the selections of assets that sensors, schedules and the command line ask for."""

import dagster as dg

RECORD_STEPS = (
    "cleansed_records",
    "rejected_records",
    "source_images",
    "clip_embeddings",
    "pending_points",
    "canonical_points",
    "duplicate_pairs",
    "canonical_records",
)
"""The assets that every batch goes through, in order."""

record_chain = dg.define_asset_job(
    "record_chain",
    dg.AssetSelection.assets(*RECORD_STEPS),
    description="One batch, from landed records to validated points.",
)

image_retry = dg.define_asset_job(
    "image_retry",
    dg.AssetSelection.assets(*RECORD_STEPS[2:]),
    description="Fetch again the images of a batch that are due, and carry them through to validated points.",
)

canonicalization = dg.define_asset_job(
    "canonicalization",
    dg.AssetSelection.assets(*RECORD_STEPS[5:]),
    description="Decide again which records of a batch show one object, after a person's decision.",
)

clustering = dg.define_asset_job(
    "clustering",
    dg.AssetSelection.assets("clusters", "cluster_members"),
    description="Cluster the representatives of the whole archive.",
)

harvesting = dg.define_asset_job(
    "harvesting", dg.AssetSelection.assets("harvest"), description="Harvest the sources of sources.yaml."
)

fine_tuning = dg.define_asset_job(
    "fine_tuning",
    dg.AssetSelection.assets("fine_tuned_encoder"),
    description="Adapt the encoder in use to the archive; registered only if it is better.",
)
