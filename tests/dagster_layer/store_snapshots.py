"""What the stores hold, in a form that two homes can be compared by: times of the work itself are left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from heritage_assets.curation.points import VECTOR_NAMES
from heritage_assets.curation.schemas import TABLES
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.vectors import VectorStore

Row = dict[str, Any]
Tables = dict[str, dict[tuple[Any, ...], Row]]
Points = dict[str, Row]

TIMES_OF_WORK = ("fetched_at", "next_attempt_at", "embedded_at", "processed_at")
TOLERANCE = 1e-4
"""Of floats: an encoder sums in another order when a batch holds other neighbours."""


def tables_of(lake: Lake) -> Tables:
    """Return every table as rows by key."""
    found: Tables = {}
    for name, table in TABLES.items():
        rows = lake.read(table)
        kept = rows.drop_columns([column for column in TIMES_OF_WORK if column in rows.column_names])
        found[name] = {tuple(row[column] for column in table.key): _plain(row) for row in kept.to_pylist()}
        assert len(found[name]) == rows.num_rows, f"{name}: keys are not distinct"
    return found


def points_of(store: VectorStore) -> Points:
    """Return every point as payload and vectors by guid."""
    points = {payload["id_object"]: dict(payload) for payload in store.scroll()}
    for name in VECTOR_NAMES:
        for guid, vector in store.vectors(points, name).items():
            points[guid][name] = vector
    for point in points.values():
        point.pop("processed_at", None)
    return points


def groups_of(tables: Tables) -> set[frozenset[str]]:
    """Return the groups of living records, whatever their ids."""
    groups: dict[str, set[str]] = {}
    for row in tables["canonical_records"].values():
        if not row["withdrawn"]:
            groups.setdefault(row["canonical_id"], set()).add(row["guid"])
    return {frozenset(members) for members in groups.values()}


def differences(left: Any, right: Any, where: str = "") -> list[str]:
    """Return where two snapshots differ, at most 20 places; floats within :data:`TOLERANCE` are equal."""
    return list(_differences(left, right, where))[:20]


def _differences(left: Any, right: Any, where: str) -> list[str]:
    if isinstance(left, dict) and isinstance(right, dict):
        found = [f"{where}: only in the first: {key}" for key in left.keys() - right.keys()]
        found += [f"{where}: only in the second: {key}" for key in right.keys() - left.keys()]
        for key in left.keys() & right.keys():
            found += _differences(left[key], right[key], f"{where}/{key}")
        return found
    if isinstance(left, float | np.ndarray) and isinstance(right, float | np.ndarray):
        same = np.shape(left) == np.shape(right) and np.allclose(left, right, atol=TOLERANCE, equal_nan=True)
        return [] if same else [f"{where}: {left} is not {right}"]
    return [] if left == right else [f"{where}: {left!r} is not {right!r}"]


def _plain(row: Row) -> Row:
    return {name: np.asarray(value, np.float32) if _is_vector(value) else value for name, value in row.items()}


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], float)
