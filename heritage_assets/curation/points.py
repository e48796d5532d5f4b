"""Points: what the vector store keeps of a record beside its vectors.

Belongs here: which fields people filter by, and how a point tells that nothing about it changed. Does not belong here: how a
vector store is reached.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pyarrow as pa

PENDING = "pending"
VALIDATED = "validated"

RECORD_COLUMNS = (
    "guid",
    "batch",
    "dataset",
    "title",
    "creator",
    "subject",
    "type",
    "language",
    "provider",
    "data_provider",
    "country",
    "rights_category",
    "year_from",
    "year_to",
)
"""Columns of ``cleansed_records`` that a payload is made of."""

EMBEDDING_COLUMNS = ("encoder", "embedding_status", "image_sha256", "prompt")
"""Columns of ``clip_embeddings`` that a payload is made of."""

VECTOR_NAMES = ("embedding_image", "embedding_text", "combined")


def pending_payloads(rows: pa.Table) -> list[dict[str, Any]]:
    """Return one ``pending`` payload for each row.

    Args:
        rows: :data:`RECORD_COLUMNS` and :data:`EMBEDDING_COLUMNS`, one row a record.
    """
    names = [*RECORD_COLUMNS, *EMBEDDING_COLUMNS]
    return [_payload(row) for row in rows.select(names).to_pylist()]


def _payload(row: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "id_object": row["guid"],
        "year": row["year_from"] if row["year_from"] is not None else row["year_to"],
    }
    for name in RECORD_COLUMNS[1:]:
        if name not in ("year_from", "year_to"):
            payload[name] = row[name]
    payload["encoder"] = row["encoder"]
    payload["embedding_status"] = row["embedding_status"]
    payload = {name: value for name, value in payload.items() if value is not None and value != []}
    payload["point_hash"] = _fingerprint(payload, row)
    payload["status"] = PENDING
    return payload


def _fingerprint(payload: dict[str, Any], row: dict[str, Any]) -> str:
    """Hash all that decides a point's vectors and payload, so that an unchanged point is recognised and left alone."""
    content = {**payload, "image_sha256": row["image_sha256"], "prompt": row["prompt"]}
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def validated_payload(row: dict[str, Any], processed_at: str) -> dict[str, Any]:
    """Return what validation adds to a point, from its row of ``canonical_records``."""
    return {
        "status": VALIDATED,
        "canonical_id": row["canonical_id"],
        "is_representative": row["is_representative"],
        "group_size": row["group_size"],
        "processed_at": processed_at,
    }


def is_settled(payload: dict[str, Any], row: dict[str, Any]) -> bool:
    """Tell whether a point already says what its row of ``canonical_records`` says."""
    return payload.get("status") == VALIDATED and all(
        payload.get(name) == row[name] for name in ("canonical_id", "is_representative", "group_size")
    )
