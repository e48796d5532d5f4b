"""Counts by field, from the vector store."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping
from typing import Any

from heritage_assets.search.snapshot import Snapshot
from heritage_assets.search.vector_gateway import VectorGateway, VectorsRefusedError

FIELDS = (
    "dataset",
    "provider",
    "data_provider",
    "type",
    "language",
    "country",
    "rights_category",
    "cluster_id",
    "embedding_status",
    "status",
)
VALUES = 50
_log = logging.getLogger(__name__)
_YEARS = 4_000


async def count_facets(
    vectors: VectorGateway, collection: str, filters: Mapping[str, Any], snapshot: Snapshot
) -> dict[str, Any]:
    """Count records by value of each field: a field's own filter is left out of its counts.

    Returns:
        total, fields (the 50 commonest values of each), years (by decade), year_min, year_max, hint.
    """
    total, years, *counted = await asyncio.gather(
        vectors.count(collection, filters),
        vectors.facet(collection, "year", _without(filters, "year"), _YEARS),
        *(_values(vectors, collection, field, _without(filters, field)) for field in FIELDS),
    )
    labels = {row["cluster_id"]: row["label"] for row in snapshot.clusters}
    fields = {
        field: [
            {"value": value, "count": count, "label": labels.get(value) if field == "cluster_id" else None}
            for value, count in values
        ]
        for field, values in zip(FIELDS, counted, strict=True)
    }
    decades: Counter[int] = Counter()
    for year, count in years:
        decades[year // 10 * 10] += count
    return {
        "total": total,
        "fields": fields,
        "years": [{"value": decade, "count": count, "label": None} for decade, count in sorted(decades.items())],
        "year_min": min((year for year, _ in years), default=None),
        "year_max": max((year for year, _ in years), default=None),
        "hint": None,
    }


async def _values(
    vectors: VectorGateway, collection: str, field: str, filters: Mapping[str, Any]
) -> list[tuple[Any, int]]:
    """Count one field; nothing where the collection has no index for it yet (the next write of points makes it)."""
    try:
        return await vectors.facet(collection, field, filters, VALUES)
    except VectorsRefusedError as error:
        _log.info("no counts of %s: %s", field, error)
        return []


def _without(filters: Mapping[str, Any], field: str) -> dict[str, Any]:
    return {name: wanted for name, wanted in filters.items() if name != field}
