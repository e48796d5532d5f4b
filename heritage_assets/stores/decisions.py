"""Review decisions: appending them, taking them back, and what still waits for one."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.decisions import KINDS, UNDO, in_force, ordered
from heritage_assets.curation.schemas import CANONICAL_RECORDS, DUPLICATE_PAIRS, REVIEW_DECISIONS
from heritage_assets.stores.lake import Lake, text

MOST_NOTE = 2_000


class DecisionError(ValueError):
    """A decision that can't be taken; the message says why."""


def decide(
    lake: Lake,
    guid_a: str,
    guid_b: str,
    decision: str,
    *,
    reviewer: str,
    note: str = "",
    decision_id: str | None = None,
) -> dict[str, Any]:
    """Append what a person decided about two records; it takes effect in the next canonicalization.

    Args:
        lake: the tables.
        guid_a: one record.
        guid_b: the other.
        decision: same, variant, page_of or different.
        reviewer: who decided.
        note: why, at most 2,000 characters.
        decision_id: an id of the caller's; a decision that is already there under it is returned, not appended again.

    Raises:
        DecisionError: an unknown decision, one record twice, a record that is not in the archive, or a note too long.
    """
    if decision not in KINDS:
        raise DecisionError(f"unknown decision {decision!r}: use one of {', '.join(KINDS)}")
    if guid_a == guid_b:
        raise DecisionError(f"{guid_a} is one record, not two")
    if len(note) > MOST_NOTE:
        raise DecisionError(f"the note has {len(note):,} characters; {MOST_NOTE:,} are allowed")
    known = lake.read(
        CANONICAL_RECORDS, columns=["guid"], where=text("guid").isin(pa.array([guid_a, guid_b], pa.string()))
    )
    missing = sorted({guid_a, guid_b} - set(known["guid"].to_pylist()))
    if missing:
        raise DecisionError(f"{' and '.join(missing)}: no canonicalized record of this archive")
    first, second = ordered(guid_a, guid_b)
    return _append(lake, decision_id, first, second, decision, reviewer, note, None)


def undo(lake: Lake, decision_id: str, *, reviewer: str, note: str = "") -> dict[str, Any]:
    """Append that a decision is taken back.

    Raises:
        DecisionError: no such decision, or it is an undo itself.
    """
    rows = lake.read(REVIEW_DECISIONS, where=text("decision_id") == decision_id).to_pylist()
    if not rows:
        raise DecisionError(f"no decision {decision_id!r}; `heritage review list --decided` shows them")
    if rows[0]["decision"] == UNDO:
        raise DecisionError(f"{decision_id} takes back a decision itself: decide anew instead")
    taken = f"undo-{decision_id}"
    return _append(lake, taken, rows[0]["guid_a"], rows[0]["guid_b"], UNDO, reviewer, note, decision_id)


def _append(
    lake: Lake,
    decision_id: str | None,
    guid_a: str,
    guid_b: str,
    decision: str,
    reviewer: str,
    note: str,
    undoes: str | None,
) -> dict[str, Any]:
    identity = decision_id or uuid.uuid4().hex
    there = lake.read(REVIEW_DECISIONS, where=text("decision_id") == identity).to_pylist()
    if there:
        return dict(there[0])
    row = {
        "decision_id": identity,
        "guid_a": guid_a,
        "guid_b": guid_b,
        "decision": decision,
        "reviewer": reviewer,
        "note": note or None,
        "undoes": undoes,
        "decided_at": datetime.now(UTC),
    }
    lake.append(REVIEW_DECISIONS, pa.Table.from_pylist([row], schema=REVIEW_DECISIONS.schema))
    return row


def review_queue(lake: Lake, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the pairs that wait for a person, the most alike first: rows of ``duplicate_pairs`` with verdict review."""
    waiting = lake.read(DUPLICATE_PAIRS, where=text("verdict") == "review")
    decided = in_force(lake.read(REVIEW_DECISIONS))
    order = pc.sort_indices(waiting, [("image_cosine", "descending"), ("guid_a", "ascending"), ("guid_b", "ascending")])
    rows = [row for row in waiting.take(order).to_pylist() if (row["guid_a"], row["guid_b"]) not in decided]
    return rows[:limit]


def decisions_made(lake: Lake) -> list[dict[str, Any]]:
    """Return all decisions, newest first; ``in_force`` says whether each still counts."""
    table = lake.read(REVIEW_DECISIONS).sort_by([("decided_at", "descending"), ("decision_id", "ascending")])
    counting = {row["decision_id"] for row in in_force(table).values()}
    return [{**row, "in_force": row["decision_id"] in counting} for row in table.to_pylist()]
