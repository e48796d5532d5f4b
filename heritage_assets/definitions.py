"""The code location: assets, resources, jobs, schedules and sensors, built from settings.

``build_definitions(settings, **overrides)`` is what tests and other code locations call; ``defs`` is what Dagster loads. Loading
must stay fast and must not import torch, transformers or pyspark: those are imported inside the steps that need them.
"""

from dataclasses import asdict
from typing import Any

import dagster as dg

from heritage_assets import assets
from heritage_assets.assets.clusters import LOOSE
from heritage_assets.curation.encoders.spec import EncoderSpec
from heritage_assets.jobs import (
    RECORD_STEPS,
    canonicalization,
    clustering,
    fine_tuning,
    harvesting,
    image_retry,
    record_chain,
)
from heritage_assets.maintenance import maintenance
from heritage_assets.partitions import when_sound
from heritage_assets.resources.encoder import EncoderResource
from heritage_assets.resources.engine import EngineResource
from heritage_assets.resources.http_fetcher import HttpFetcherResource
from heritage_assets.resources.lake import LakeResource
from heritage_assets.resources.object_store import ObjectStoreResource
from heritage_assets.resources.page_policy import PagePolicyResource
from heritage_assets.resources.policies import ClusterPolicyResource, DuplicatePolicyResource
from heritage_assets.resources.vector_store import VectorStoreResource
from heritage_assets.schedules import nightly_schedules, weekly_maintenance
from heritage_assets.sensors.automation import automation_conditions
from heritage_assets.sensors.landing import landing_sensor
from heritage_assets.sensors.retry_failed_images import retry_failed_images
from heritage_assets.sensors.review_decisions import review_decisions
from heritage_assets.sensors.run_failure import run_failure
from heritage_assets.settings import Location, Settings

RECORD_KEYS = {dg.AssetKey(step) for step in RECORD_STEPS}


def build_resources(settings: Settings) -> dict[str, Any]:
    """Build every resource from settings."""
    s3 = settings.s3.plain()
    qdrant_key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
    objects = ObjectStoreResource(root=settings.lake_root, s3=s3)
    return {
        "object_store": objects,
        "lake": LakeResource(
            root=settings.tables_root,
            storage_options=settings.table_storage_options(),
            cache=str(settings.home / "cache"),
        ),
        "engine": EngineResource(
            name=settings.engine,
            spark=settings.spark.model_dump(mode="json", exclude_none=True),
            lake_root=settings.lake_root,
            s3=s3,
            home=str(settings.home),
        ),
        "http_fetcher": HttpFetcherResource(policy=settings.fetch.model_dump(mode="json", exclude_none=True)),
        "encoder": EncoderResource(
            **_plain(settings.encoder_spec()),
            follows=None if settings.encoder_is_set else objects,
            registry={"home": str(settings.home), **settings.mlflow.model_dump(exclude_none=True)},
        ),
        "vector_store": VectorStoreResource(
            url=settings.qdrant_url,
            api_key=qdrant_key,
            home=str(settings.home),
            server=settings.vectors.model_dump(mode="json", exclude_none=True),
        ),
        "duplicate_policy": DuplicatePolicyResource(
            policy=settings.duplicates.model_dump(mode="json", exclude_unset=True)
        ),
        "cluster_policy": ClusterPolicyResource(policy=settings.clusters.model_dump(mode="json", exclude_none=True)),
        "page_policy": PagePolicyResource(policy=settings.pages.model_dump(mode="json", exclude_none=True)),
    }


def _plain(spec: EncoderSpec) -> dict[str, Any]:
    """Return a spec as a resource's configuration: texts only."""
    return {name: None if value is None else str(value) for name, value in asdict(spec).items()}


def build_definitions(settings: Settings | None = None, **overrides: Any) -> dg.Definitions:
    """Build the definitions of one configuration.

    Args:
        settings: by default read from the environment.
        overrides: resources to use instead of the configured ones, by name.
    """
    settings = settings or Settings()
    loaded = _following(dg.load_assets_from_package_module(assets, include_specs=True), settings)
    shared: dict[str, Any] = {
        "resources": {**build_resources(settings), **overrides},
        "executor": dg.in_process_executor,
    }
    records: dict[str, Any] = {
        "jobs": [record_chain, image_retry, canonicalization],
        "sensors": [landing_sensor, retry_failed_images, review_decisions],
    }
    archive: dict[str, Any] = {
        "jobs": [clustering, harvesting, maintenance, fine_tuning],
        "schedules": [*nightly_schedules(settings.harvest_cron, settings.clusters_cron), weekly_maintenance],
    }
    everywhere = [run_failure, automation_conditions]
    if settings.location is Location.RECORDS:
        chain = [asset for asset in loaded if _keys(asset) <= RECORD_KEYS]
        return dg.Definitions(assets=chain, jobs=records["jobs"], sensors=[*records["sensors"], *everywhere], **shared)
    if settings.location is Location.ARCHIVE:
        rest = [asset for asset in loaded if not _keys(asset) <= RECORD_KEYS]
        return dg.Definitions(assets=rest, sensors=everywhere, **archive, **shared)
    return dg.Definitions(
        assets=loaded,
        jobs=[*records["jobs"], *archive["jobs"]],
        schedules=archive["schedules"],
        sensors=[*records["sensors"], *everywhere],
        **shared,
    )


def _following(loaded: Any, settings: Settings) -> list[Any]:
    """Let the steps of pages follow by themselves where a dataset is one of pages; elsewhere nothing asks for them."""
    conditions = {"page_features": when_sound, "page_groups": LOOSE, "page_group_evaluation": LOOSE}
    if not settings.pages.datasets:
        return list(loaded)

    def follow(spec: dg.AssetSpec) -> dg.AssetSpec:
        condition = conditions.get(spec.key.to_user_string())
        return spec.replace_attributes(automation_condition=condition) if condition else spec

    return list(dg.map_asset_specs(follow, loaded))


def _keys(asset: dg.AssetsDefinition | dg.AssetSpec | Any) -> set[dg.AssetKey]:
    return set(asset.keys) if isinstance(asset, dg.AssetsDefinition) else {asset.key}


defs = build_definitions()
