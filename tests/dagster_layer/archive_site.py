"""A home with everything real in it: landing zone, tables, vector endpoint, Dagster instance."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from museum_rows import MAPPING, Row
from store_snapshots import Points, Tables, points_of, tables_of

from heritage_assets import execution
from heritage_assets.curation.sources import harvest
from heritage_assets.curation.sources.jsonl import JsonlSource
from heritage_assets.definitions import build_definitions
from heritage_assets.embedded.vector_endpoint import stop_endpoint
from heritage_assets.partitions import harvest_batches
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform, encoder_collection
from heritage_assets.stores.vectors import VectorStore

FIRST_HARVEST = datetime(2026, 1, 1, tzinfo=UTC)
CHOICES: dict[str, dict[str, Any]] = {
    "fetch": {
        "allowed_networks": ["127.0.0.0/8"],
        "attempts": 1,
        "attempt_delay": 0.01,
        "longest_pause": 0.05,
        "max_bytes": 4_000_000,
        "retry_base": "PT1H",
        "host_failures": 50,
    },
    "duplicates": {"threshold": 0.999, "review_band": 0.0005},  # scores of random weights crowd near 1
    "clusters": {"map_iterations": 50},
}
"""Settings of all homes, as the environment gives them to other processes."""


@dataclass
class Site:
    """One home. ``images`` is the address below which records' images lie."""

    home: Path
    settings: Settings
    images: str
    choices: dict[str, dict[str, Any]]

    @classmethod
    def create(cls, home: Path, encoder: Path, images: str, **changes: dict[str, Any]) -> Site:
        """Choose settings (``changes`` go over :data:`CHOICES`, group by group)."""
        choices = {group: {**values, **changes.get(group, {})} for group, values in CHOICES.items()}
        settings = Settings(_env_file=None, home=home, encoder=str(encoder), **choices)
        return cls(home, settings, images, choices)

    def environment(self) -> dict[str, str]:
        """The same settings, for another process."""
        nested = {
            f"HERITAGE_{group}__{name}".upper(): value if isinstance(value, str) else json.dumps(value)
            for group, values in self.choices.items()
            for name, value in values.items()
        }
        own = {"HERITAGE_HOME": str(self.home), "HERITAGE_ENCODER": self.settings.encoder, "OMP_NUM_THREADS": "1"}
        return {**os.environ, **own, **nested, "DAGSTER_HOME": str(self.settings.dagster_home)}

    def close(self) -> None:
        """Stop the home's vector endpoint."""
        stop_endpoint(self.home)

    # -- landing ------------------------------------------------------------------------------------------------------

    def land(
        self, batch: str, rows: Sequence[Row], *, day: int = 0, dataset: str = "museum", withdrawals: bool = False
    ) -> str:
        """Harvest the rows into a sealed batch, ``day`` days after the first harvest."""
        folder = self.home / "sources"
        folder.mkdir(exist_ok=True)
        source = folder / f"{dataset}.jsonl"
        source.write_text("\n".join(self._line(row) for row in rows) + "\n", encoding="utf-8")
        at = FIRST_HARVEST + timedelta(days=day)
        zone = Platform(self.settings).landing
        manifest = harvest(
            JsonlSource(source, MAPPING), zone, dataset=dataset, batch=batch, now=at, detect_withdrawals=withdrawals
        )
        return manifest.batch

    def _line(self, row: Row) -> str:
        if isinstance(row, str):
            return row
        image = row.get("image")
        return json.dumps({**row, "image": f"{self.images}{image}" if image else None})

    def take_landing_of(self, other: Site) -> None:
        """Land exactly what the other home has landed."""
        shutil.copytree(other.home / "lake" / "landing", self.home / "lake" / "landing")

    # -- running ------------------------------------------------------------------------------------------------------

    def definitions(self, **overrides: Any) -> dg.Definitions:
        """The code location of this home."""
        return build_definitions(self.settings, **overrides)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """A Dagster instance in memory that knows every sealed batch as a partition."""
        with dg.DagsterInstance.ephemeral() as instance:
            self.add_partitions(instance)
            yield instance

    def add_partitions(self, instance: dg.DagsterInstance) -> None:
        """Add a partition for every sealed batch."""
        instance.add_dynamic_partitions(str(harvest_batches.name), Platform(self.settings).landing.batches())

    def materialize(
        self,
        instance: dg.DagsterInstance,
        batch: str | None,
        *steps: str,
        raise_on_error: bool = False,
        **overrides: Any,
    ) -> dg.ExecuteInProcessResult:
        """Materialize the assets ``steps`` of one batch (of none: global assets)."""
        definitions = self.definitions(**overrides)
        return dg.materialize(
            [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)],
            selection=list(steps),
            partition_key=batch,
            instance=instance,
            resources=dict(definitions.resources or {}),
            raise_on_error=raise_on_error,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    def run_as_the_command_does(self) -> list[execution.RunOutcome]:
        """Run the chain for every incomplete batch and cluster, on the home's own instance."""
        definitions = self.definitions()
        with execution.dagster_instance(self.settings) as instance:
            sealed = execution.register_batches(instance, Platform(self.settings).landing)
            waiting = execution.incomplete_batches(instance, sealed, "clusters")
            steps = execution.STEPS["canonical_points"]
            outcomes = [execution.run_batch(definitions, instance, batch, steps) for batch in waiting]
            return [*outcomes, execution.run_clusters(definitions, instance)]

    # -- looking ------------------------------------------------------------------------------------------------------

    @property
    def platform(self) -> Platform:
        """The stores, opened anew: what other processes wrote is seen."""
        return Platform(self.settings)

    def collection(self) -> VectorStore:
        """The encoder's points."""
        platform = self.platform
        return encoder_collection(platform.vectors, platform.encoder())

    def tables(self) -> Tables:
        """All tables, without the times of the work itself."""
        return tables_of(self.platform.lake)

    def points(self) -> Points:
        """All points with their vectors, without the times of the work itself."""
        return points_of(self.collection())
