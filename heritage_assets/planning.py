"""What an archive of N records needs: disk, memory, Qdrant nodes, executors, hours. Rates and formulae are all in this file.

Rates are of one core and of one record, measured on the demo museum (2,660 records in three batches, two cores, no GPU; pictures
of 48 KiB served on the same machine) except where a field says otherwise. ``measured_rates`` takes them from one's own home
instead: what its last runs reported. Every figure is an estimate for planning, not a promise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dagster as dg

GIB = 2**30
FLOAT = 4
VECTORS = 3
"""Image, text, and both one after the other: d + d + 2d numbers."""
LINKS_PER_POINT = 2 * 16
"""Qdrant's HNSW keeps up to 2·m links on the lowest layer, and m = 16 by default; a link is 4 bytes."""


@dataclass(frozen=True)
class Rates:
    """Records per second of one core, and bytes per record."""

    cleansing: float = 800.0
    images: float = 60.0
    """Fetched, decoded, hashed, with derivative and thumbnail."""
    encoding: float = 60.0
    """The demo encoder, float32. ViT-B/32 is several times slower on a core, and far faster on a GPU: measure yours."""
    points: float = 550.0
    canonical: float = 550.0
    """Verdicts, groups and points of a batch, without the join over the archive."""
    clustering: float = 150.0
    landing_bytes: float = 200.0
    table_bytes: float = 900.0
    """All Delta tables but the vectors."""
    original_bytes: float = 48.0 * 1024
    derived_bytes: float = 52.0 * 1024
    """Derivative and thumbnail."""
    payload_bytes: float = 2_000.0
    """Payload of a point and its indexes, in Qdrant."""


JOIN_SECONDS_PER_MILLION = 40.0
JOIN_EXPONENT = 1.33
"""The exact join of an archive with itself: 28 to 41 s for 1,000,000 × 512 on two cores, growing so (docs/benchmarks.md)."""
STEPS = {
    "cleansed_records": "cleansing",
    "source_images": "images",
    "clip_embeddings": "encoding",
    "pending_points": "points",
    "canonical_points": "canonical",
    "clusters": "clustering",
}


@dataclass(frozen=True)
class Wish:
    """What is planned for."""

    records: int
    dimensions: int = 512
    """Length of an image's vector, and of a text's."""
    cores: int = 2
    """Cores of one executor."""
    hours: float = 24.0
    """In which a full build must be done."""
    node_gib: float = 64.0
    """Memory of one Qdrant node."""
    replicas: int = 1
    quantized: bool = False
    on_disk: bool = False


@dataclass(frozen=True)
class Need:
    """One line of the plan."""

    name: str
    value: float
    unit: str
    formula: str


def plan(wish: Wish, rates: Rates | None = None) -> list[Need]:
    """Compute what an archive needs.

    Raises:
        ValueError: a number that is not positive.
    """
    rates = rates or Rates()
    for name in ("records", "dimensions", "cores", "hours", "node_gib", "replicas"):
        if getattr(wish, name) <= 0:
            raise ValueError(f"{name} must be positive, not {getattr(wish, name)}")
    return [*_disk(wish, rates), *_memory(wish, rates), *_time(wish, rates)]


def _disk(wish: Wish, rates: Rates) -> Iterator[Need]:
    count, numbers = wish.records, 4 * wish.dimensions
    images = count * (rates.original_bytes + rates.derived_bytes)
    tables = count * (rates.landing_bytes + rates.table_bytes)
    vectors = count * numbers * FLOAT
    yield _gib("images", images, f"N × ({rates.original_bytes:,.0f} + {rates.derived_bytes:,.0f}) bytes")
    yield _gib("tables", tables, f"N × ({rates.landing_bytes:,.0f} + {rates.table_bytes:,.0f}) bytes")
    yield _gib("vectors in the lake", vectors, "N × 4 d × 4 bytes (image d, text d, both 2 d)")
    yield _gib("S3 in all", images + tables + 2 * vectors, "images + tables + 2 × vectors (a rewrite before VACUUM)")
    yield _gib("Qdrant's disk", _qdrant_disk(wish, rates), "replicas × 1.5 × N × (4 d × 4 + links + payload) bytes")


def _qdrant_disk(wish: Wish, rates: Rates) -> float:
    """Return bytes on disk; half as much again is what optimizers need while they rewrite segments."""
    one = 4 * wish.dimensions * FLOAT + VECTORS * LINKS_PER_POINT * 4 + rates.payload_bytes
    return 1.5 * wish.replicas * wish.records * one


def _memory(wish: Wish, rates: Rates) -> Iterator[Need]:
    links = VECTORS * LINKS_PER_POINT * 4
    numbers = 4 * wish.dimensions
    held = numbers * FLOAT * (not wish.on_disk) + numbers * wish.quantized
    memory = 1.2 * wish.replicas * wish.records * (links + held + 0.25 * rates.payload_bytes)
    kept = " + ".join(
        (["4 d × 4"] if not wish.on_disk else [])
        + (["4 d (int8)"] if wish.quantized else [])
        + ["links", "payload / 4"]
    )
    yield _gib("Qdrant's memory", memory, f"replicas × 1.2 × N × ({kept}) bytes")
    nodes = max(wish.replicas, math.ceil(memory / (0.8 * wish.node_gib * GIB)))
    yield Need("Qdrant nodes", nodes, "", f"memory / (0.8 × {wish.node_gib:g} GiB), at least one a replica")
    yield _gib("memory of the join", 4.3e-6 * wish.records * wish.dimensions / 512 * GIB, "4.3 GiB a million × d / 512")


def _time(wish: Wish, rates: Rates) -> Iterator[Need]:
    bulk = 0.0
    for name in ("cleansing", "images", "encoding"):
        rate = getattr(rates, name)
        seconds = wish.records / rate
        bulk += seconds
        yield Need(f"{name}, core hours", seconds / 3600, "h", f"N / {rate:g} a second and core")
    executors = max(1, math.ceil(bulk / 3600 / wish.hours / wish.cores))
    yield Need("executors", executors, "", f"core hours / ({wish.hours:g} h × {wish.cores} cores), at least 1")
    yield Need("bulk steps", bulk / 3600 / (executors * wish.cores), "h", "core hours / (executors × cores)")
    serial = wish.records / rates.points + wish.records / rates.canonical
    yield Need("points and verdicts", serial / 3600 / 2, "h", "N / points + N / canonical, on the driver's 2 cores")
    join = JOIN_SECONDS_PER_MILLION * (wish.records / 1e6) ** JOIN_EXPONENT * wish.dimensions / 512
    yield Need(
        "one full join", join / 3600, "h", f"{JOIN_SECONDS_PER_MILLION:g} s × (N / 10⁶)^{JOIN_EXPONENT} × d / 512"
    )
    yield Need(
        "vector store rebuilt", wish.records / rates.points / 3600, "h", "N / points: from the lake, without encoding"
    )


def _gib(name: str, size: float, formula: str) -> Need:
    return Need(name, size / GIB, "GiB", formula)


def measured_rates(instance: dg.DagsterInstance, cores: int, runs: int = 5) -> tuple[Rates, dict[str, float]]:
    """Take the rates of steps from what the last runs of this home reported.

    Args:
        instance: the home's Dagster instance.
        cores: cores that the runs had.
        runs: how many of the last materializations count; the median does.

    Returns:
        The rates, and those among them that were measured here, by name.
    """
    import statistics

    import dagster as dg

    found: dict[str, float] = {}
    for asset, name in STEPS.items():
        records = instance.fetch_materializations(dg.AssetKey(asset), limit=runs).records
        values = [
            float(value.value)
            for record in records
            if record.asset_materialization is not None
            and isinstance(value := record.asset_materialization.metadata.get("rate_per_second"), dg.FloatMetadataValue)
            and value.value
        ]
        if values:
            found[name] = statistics.median(values) / cores
    assert found.keys() <= {field.name for field in fields(Rates)}
    return replace(Rates(), **found), found
