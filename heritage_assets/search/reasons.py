"""Why a record is recommended: how near image and text are, and what both records have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heritage_assets.search.queries import Vector
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.search.vector_gateway import VectorGateway

SHARED = ("creator", "type", "provider", "country", "language", "date")
_NAMES = {"image_cosine": "embedding_image", "text_cosine": "embedding_text"}


async def with_reasons(
    vectors: VectorGateway, collection: str, snapshot: Snapshot, guid: str, found: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Add image_cosine, text_cosine and shared (field, value) to each found record; one request for all."""
    if not found:
        return []
    known = await vectors.vectors(collection, [guid, *(hit["guid"] for hit in found)], list(_NAMES.values()))
    own = snapshot.card(guid) or {}
    labels = {row["cluster_id"]: row["label"] for row in snapshot.clusters}
    return [
        {**hit, **_cosines(known.get(guid, {}), known.get(hit["guid"], {})), "shared": _shared(own, hit, labels)}
        for hit in found
    ]


def _cosines(one: Mapping[str, Vector], other: Mapping[str, Vector]) -> dict[str, float | None]:
    return {
        key: round(float(one[name] @ other[name]), 6) if name in one and name in other else None
        for key, name in _NAMES.items()
    }


def _shared(one: Mapping[str, Any], other: Mapping[str, Any], labels: Mapping[str, str]) -> list[dict[str, str]]:
    shared = [{"field": name, "value": str(one[name])} for name in SHARED if one.get(name) and one[name] == other[name]]
    subjects = set(one.get("subject") or ()) & set(other["subject"])
    shared += [{"field": "subject", "value": value} for value in sorted(subjects)]
    cluster = one.get("cluster_id")
    if cluster and cluster == other["cluster_id"]:
        shared.append({"field": "cluster", "value": labels.get(cluster) or cluster})
    return shared
