"""Records and decisions for tests of canonicalization."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from heritage_assets.curation.duplicates.archive import RECORDS
from heritage_assets.curation.schemas import REVIEW_DECISIONS

ENCODER = "test@1"


def record(guid, vector=None, *, hash=None, sha=None, **more):
    """One record as a dictionary; ``vector`` is brought to unit length."""
    row = dict.fromkeys(RECORDS.names) | {"guid": guid, "batch": "b1", "dataset": "d", "width": 100, "height": 100}
    if vector is not None:
        unit = np.asarray(vector, np.float64)
        row["embedding_image"] = (unit / np.linalg.norm(unit)).astype(np.float32).tolist()
    row["image_sha256"] = sha or (f"sha-{guid}" if vector is not None else None)
    row["perceptual_hash"] = None if hash is None else f"{hash:016x}"
    row["harvested_at"] = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    return row | more


def records(rows):
    """A table of records."""
    return pa.Table.from_pylist(rows, schema=RECORDS)


def decision(number, a, b, kind, undoes=None):
    """One decision; later numbers are later."""
    row = {
        "decision_id": f"d{number:03d}",
        "guid_a": a,
        "guid_b": b,
        "decision": kind,
        "reviewer": "r",
        "note": None,
        "undoes": undoes,
        "decided_at": dt.datetime(2024, 2, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=number),
    }
    return pa.Table.from_pylist([row], schema=REVIEW_DECISIONS.schema)
