"""What the stores of an environment hold, in a form in which two of them can be compared: times of the work are left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from heritage_assets.curation.landing import MANIFEST
from heritage_assets.curation.points import VECTOR_NAMES
from heritage_assets.curation.schemas import TABLES
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform, encoder_collection

TIMES = ("fetched_at", "next_attempt_at", "embedded_at", "processed_at")
TOLERANCE = 1e-4
"""Of floats: an encoder sums in another order where a batch holds other neighbours."""
RESULTS_OF_THE_CHAIN = tuple(name for name in TABLES if not name.startswith("cluster"))


def platform_of(environment: Mapping[str, str]) -> Platform:
    """Open the stores that an environment describes."""
    prefix = "HERITAGE_"
    groups: dict[str, Any] = {}
    for variable, value in environment.items():
        name = variable.removeprefix(prefix).lower()
        if variable.startswith(prefix) and "__" not in name and name in Settings.model_fields:
            groups[name] = value
    return Platform(Settings(_env_file=None, **groups))


def copy_batches(origin: Mapping[str, str], target: Mapping[str, str]) -> int:
    """Copy the sealed batches of one environment's landing zone to another's; return how many objects that were."""
    source, copies = platform_of(origin).objects, platform_of(target).objects
    keys = sorted((info.key for info in source.list("landing")), key=lambda key: (key.endswith(f"/{MANIFEST}"), key))
    for key in keys:  # what seals a batch comes last
        copies.put(key, source.get(key))
    return len(keys)


def tables_of(environment: Mapping[str, str]) -> dict[str, dict[Any, dict[str, Any]]]:
    """Return the rows of the chain's tables by key."""
    lake = platform_of(environment).lake
    found: dict[str, dict[Any, dict[str, Any]]] = {}
    for name in RESULTS_OF_THE_CHAIN:
        table = TABLES[name]
        rows = lake.read(table)
        kept = rows.drop_columns([column for column in TIMES if column in rows.column_names]).to_pylist()
        found[name] = {tuple(row[column] for column in table.key): row for row in kept}
    return found


def points_of(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return payload and vectors of all points by guid."""
    platform = platform_of(environment)
    store = encoder_collection(platform.vectors, platform.encoder())
    points = {payload["id_object"]: dict(payload) for payload in store.scroll()}
    for name in VECTOR_NAMES:
        for guid, vector in store.vectors(points, name).items():
            points[guid][name] = vector
    for point in points.values():
        for name in (*TIMES, "cluster_id", "is_representative"):
            point.pop(name, None)
    return points


def differences(left: Any, right: Any, where: str = "") -> list[str]:
    """Return where two snapshots differ; floats within :data:`TOLERANCE` are equal."""
    if isinstance(left, dict) and isinstance(right, dict):
        found = [f"{where}: only in the first: {key}" for key in left.keys() - right.keys()]
        found += [f"{where}: only in the second: {key}" for key in right.keys() - left.keys()]
        for key in left.keys() & right.keys():
            found += differences(left[key], right[key], f"{where}/{key}")
        return found
    if _numbers(left) and _numbers(right):
        same = np.shape(left) == np.shape(right) and np.allclose(left, right, atol=TOLERANCE, equal_nan=True)
        return [] if same else [f"{where}: {left} is not {right}"]
    return [] if left == right else [f"{where}: {left!r} is not {right!r}"]


def _numbers(value: Any) -> bool:
    return isinstance(value, float | np.ndarray) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], float)
    )
