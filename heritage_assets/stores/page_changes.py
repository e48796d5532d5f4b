"""What changed since a run: scans by the state of their features, and decisions by when they were taken.

Belongs here: which scans have to be looked at again. Does not belong here: grouping them (:mod:`.page_grouping`).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from heritage_assets.curation.pages.schemas import PAGE_FEATURES
from heritage_assets.stores.lake import Lake

MARGIN = timedelta(minutes=10)
"""Decisions are stored a moment after they are dated, by clocks that differ: so much earlier ones are looked at again."""
MOST_GROWTH = 1.5
"""Growth (or shrinking) of a collection from which on what is usual in it is found anew."""


@dataclass(frozen=True)
class State:
    """What a run was made from.

    ``batches``: for each harvest batch 16 hexadecimal digits over the files of its features and its living scans.
    ``scale_scans``: scans of the collection when it was found what is usual in it.
    """

    batches: dict[str, str]
    scale_scans: int

    def to_json(self) -> str:
        """Write the state as the column ``features`` of PAGE_RUNS keeps it."""
        return json.dumps({"scale_scans": self.scale_scans, "batches": self.batches}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> State | None:
        """Read a state; None where it is of an older version."""
        try:
            kept = json.loads(text or "")
            return cls(dict(kept["batches"]), int(kept["scale_scans"]))
        except (ValueError, TypeError, KeyError):
            return None

    def changed(self, now: State, batches: Sequence[str], guids: Sequence[str]) -> set[str]:
        """Return the scans of the batches whose state is another ``now``."""
        other = {batch for batch, digest in now.batches.items() if self.batches.get(batch) != digest}
        return {guid for guid, batch in zip(guids, batches, strict=True) if batch in other}

    def outgrown(self, now: State) -> bool:
        """Tell whether the collection is so much larger or smaller ``now`` that its scale no longer describes it."""
        return max(self.scale_scans, now.scale_scans) > MOST_GROWTH * min(self.scale_scans, now.scale_scans)


def feature_files(lake: Lake) -> dict[str, str]:
    """Return a text for each batch that every write of its features changes; ask before reading, so that no write is missed."""
    opened = lake.open(PAGE_FEATURES)
    if opened is None:
        return {}
    actions = pa.table(opened.get_add_actions(flatten=True))
    if not actions.num_rows:
        return {}
    files = sorted(zip(actions["partition.batch"].to_pylist(), actions["path"].to_pylist(), strict=True))
    found: dict[str, str] = {}
    for batch, path in files:
        found[batch] = f"{found.get(batch, '')}{path}\n"
    return found


def state_of(files: Mapping[str, str], batches: Sequence[str], guids: Sequence[str]) -> State:
    """Return the state of scans (in scanning order) with their batches; ``files``: :func:`feature_files`."""
    digests = {batch: hashlib.sha256(files.get(batch, "").encode()) for batch in set(batches)}
    for batch, guid in zip(batches, guids, strict=True):
        digests[batch].update(f"{guid}\n".encode())
    return State({batch: digests[batch].hexdigest()[:16] for batch in sorted(digests)}, len(guids))


def decided_since(decisions: pa.Table, moment: datetime) -> set[str]:
    """Return the scans that decisions since ``moment`` are about.

    With a decision come those that it undoes, that name the same document or share a page with it: pages that it frees or takes
    from elsewhere are among them.
    """
    rows = decisions.to_pylist()
    by_id = {row["decision_id"]: row for row in rows}
    by_document: dict[str, list[dict[str, Any]]] = defaultdict(list)
    by_guid: dict[str, list[dict[str, Any]]] = defaultdict(list)
    pending = [row for row in rows if row["decided_at"] >= moment - MARGIN]
    if not pending:
        return set()
    for row in rows:
        by_document[row["document"]].append(row)
        for guid in row["guids"] or ():
            by_guid[guid].append(row)
    about: set[str] = set()
    seen: set[str] = set()
    while pending:
        row = pending.pop()
        if row["decision_id"] in seen:
            continue
        seen.add(row["decision_id"])
        fresh = set(row["guids"] or ()) - about
        about |= fresh
        if row["undoes"] in by_id:
            pending.append(by_id[row["undoes"]])
        pending += by_document.pop(row["document"], []) if row["document"] else []
        for guid in fresh:
            pending += by_guid.pop(guid, [])
    return about
