"""Small proposals of documents in a lake, for tests of what people decide about them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pyarrow as pa

from heritage_assets.curation.pages.schemas import GROUPS, PAGE_GROUPS, PAGE_RUNS
from heritage_assets.curation.pages.verdicts import group_id
from heritage_assets.stores.lake import Lake


def groups_table(documents: list[list[str]], confidence: dict[str, float] | None = None) -> pa.Table:
    """Rows of GROUPS for documents whose scans follow each other."""
    rows = []
    for guids in documents:
        for position, guid in enumerate(guids, start=1):
            rows.append(
                {
                    "guid": guid,
                    "scan": f"{guid}.jpg",
                    "place": len(rows),
                    "group": group_id(guids[0]),
                    "position": position,
                    "starts": position == 1,
                    "confidence": (confidence or {}).get(guid, 0.95),
                    "membership": 1.0,
                    "confirmed": False,
                    "defects": [],
                }
            )
    return pa.Table.from_pylist(rows, schema=GROUPS)


def propose_documents(
    lake: Lake, dataset: str, documents: list[list[str]], confidence: dict[str, float] | None = None
) -> None:
    """Store a run of a dataset."""
    groups = groups_table(documents, confidence)
    shared = {"dataset": dataset, "run": f"stream-{dataset}"}
    rows = [{**shared, **row} for row in groups.to_pylist()]
    lake.merge(PAGE_GROUPS, pa.Table.from_pylist(rows, schema=PAGE_GROUPS.schema))
    run = {**shared, "method": "stream", "settings": json.dumps({}), "scans": len(rows), "groups": len(documents)}
    run |= {"confirmed": 0, "seconds": 0.1, "grouped_at": datetime.now(UTC)}
    lake.merge(PAGE_RUNS, pa.Table.from_pylist([run], schema=PAGE_RUNS.schema))
