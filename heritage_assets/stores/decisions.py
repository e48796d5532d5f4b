"""Review decisions: the one way to take them and to take them back, and what still waits for one.

Decisions are appended to ``review_decisions`` and never changed; an undo is a decision of its own. The command line and the
review desk of the application both go through :func:`append_decision`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.decision_log import UNDO, oldest_first, undone
from heritage_assets.curation.duplicates.decisions import KINDS, Pair, in_force, ordered
from heritage_assets.curation.schemas import CANONICAL_RECORDS, DUPLICATE_PAIRS, REVIEW_DECISIONS
from heritage_assets.stores.lake import Lake, text

MOST_NOTE = 2_000


class DecisionRefusedError(ValueError):
    """The decision can't be taken; ``code`` says why to programs, the message to people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Wanted:
    """What a person wants decided: about two records, or (``undo``) that the decision ``undoes`` is taken back."""

    decision: str
    reviewer: str
    guid_a: str = ""
    guid_b: str = ""
    note: str | None = None
    undoes: str | None = None
    decision_id: str = ""
    """An id of the caller's: what is there under it already is returned, not appended again. Default: a new one."""


@dataclass(frozen=True)
class Decided:
    """All decisions at one Delta version: rows in order of time, the one in force for each pair, those undone."""

    version: int | None
    rows: list[dict[str, Any]]
    by_id: dict[str, dict[str, Any]]
    latest: dict[Pair, dict[str, Any]]
    undone: frozenset[str]


def read_decided(lake: Lake) -> Decided:
    """Read all decisions (300 bytes each)."""
    version = lake.version(REVIEW_DECISIONS)
    table = lake.read(REVIEW_DECISIONS)
    rows = oldest_first(table)
    by_id = {row["decision_id"]: row for row in rows}
    return Decided(version, rows, by_id, in_force(table), frozenset(undone(rows)))


def append_decision(
    lake: Lake,
    wanted: Wanted,
    decided: Decided,
    living: Callable[[Pair], Collection[str]],
    also: Callable[[dict[str, Any] | None], None] | None = None,
) -> tuple[dict[str, Any], bool]:
    """Append a decision; return its row, and whether it is new. It takes effect in the next canonicalization.

    Args:
        lake: the tables.
        wanted: the decision.
        decided: all decisions so far.
        living: tells which of two records live in the archive.
        also: a further check, given the decision in force for the pair (None: nobody has decided); it raises to refuse.

    Raises:
        DecisionRefusedError: decision_id_taken, unknown_record, same_record, unknown_kind, note_too_long, unknown_decision,
            undone_already, or what ``also`` raises.
    """
    known = decided.by_id.get(wanted.decision_id)
    if known is not None:
        return _same_or_refused(known, wanted), False
    if len(wanted.note or "") > MOST_NOTE:
        raise DecisionRefusedError(
            "note_too_long", f"the note has {len(wanted.note or ''):,} characters; {MOST_NOTE:,} are allowed"
        )
    pair = _undone_pair(wanted, decided) if wanted.decision == UNDO else _named_pair(wanted, living)
    if also is not None:
        also(decided.latest.get(pair))
    row = {
        "decision_id": wanted.decision_id or uuid.uuid4().hex,
        "guid_a": pair[0],
        "guid_b": pair[1],
        "decision": wanted.decision,
        "reviewer": wanted.reviewer,
        "note": wanted.note or None,
        "undoes": wanted.undoes if wanted.decision == UNDO else None,
        "decided_at": _next_moment(decided),
    }
    lake.append(REVIEW_DECISIONS, pa.Table.from_pylist([row], schema=REVIEW_DECISIONS.schema))
    return row, True


def take_decision(lake: Lake, wanted: Wanted) -> tuple[dict[str, Any], bool]:
    """Append a decision about records that are canonicalized and not withdrawn; see :func:`append_decision`."""

    def living(pair: Pair) -> list[str]:
        named = text("guid").isin(pa.array(pair, pa.string())) & ~pc.field("withdrawn")
        found: list[str] = lake.read(CANONICAL_RECORDS, columns=["guid"], where=named)["guid"].to_pylist()
        return found

    return append_decision(lake, wanted, read_decided(lake), living)


def _undone_pair(wanted: Wanted, decided: Decided) -> Pair:
    undone = decided.by_id.get(wanted.undoes or "")
    if undone is None:
        raise DecisionRefusedError("unknown_decision", f"there is no decision {wanted.undoes!r} to undo")
    if undone["decision_id"] in decided.undone:
        raise DecisionRefusedError("undone_already", f"{undone['decision_id']} was taken back already")
    return undone["guid_a"], undone["guid_b"]


def _named_pair(wanted: Wanted, living: Callable[[Pair], Collection[str]]) -> Pair:
    if wanted.decision not in KINDS:
        raise DecisionRefusedError(
            "unknown_kind", f"unknown decision {wanted.decision!r}: use one of {', '.join(KINDS)}"
        )
    if wanted.guid_a == wanted.guid_b:
        raise DecisionRefusedError("same_record", f"{wanted.guid_a!r} is one record: name two")
    pair = ordered(wanted.guid_a, wanted.guid_b)
    there = living(pair)
    unknown = [guid for guid in pair if guid not in there]
    if unknown:
        raise DecisionRefusedError("unknown_record", f"{' and '.join(unknown)}: no living record of this archive")
    return pair


def _same_or_refused(known: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    same_pair = wanted.decision == UNDO or {known["guid_a"], known["guid_b"]} == {wanted.guid_a, wanted.guid_b}
    if known["decision"] == wanted.decision and same_pair and known["undoes"] == (wanted.undoes or None):
        return known
    raise DecisionRefusedError(
        "decision_id_taken", f"{wanted.decision_id} is the id of another decision: make a new one"
    )


def _next_moment(decided: Decided) -> datetime:
    """Return now, but later than every known decision: the latest decision wins, whatever the clocks say."""
    now = datetime.now(UTC)
    last = decided.rows[-1]["decided_at"] if decided.rows else None
    return now if last is None or now > last else last + timedelta(microseconds=1)


# -- reading ---------------------------------------------------------------------------------------------------------------


def review_queue(lake: Lake, limit: int | None = None) -> list[dict[str, Any]]:
    """Return the pairs that wait for a person, the most alike first: rows of ``duplicate_pairs`` with verdict review."""
    waiting = lake.read(DUPLICATE_PAIRS, where=text("verdict") == "review")
    decided = in_force(lake.read(REVIEW_DECISIONS))
    order = pc.sort_indices(waiting, [("image_cosine", "descending"), ("guid_a", "ascending"), ("guid_b", "ascending")])
    rows = [row for row in waiting.take(order).to_pylist() if (row["guid_a"], row["guid_b"]) not in decided]
    return rows[:limit]


def decisions_made(lake: Lake) -> list[dict[str, Any]]:
    """Return all decisions, newest first; ``in_force`` says whether each still counts."""
    decided = read_decided(lake)
    counting = {row["decision_id"] for row in decided.latest.values()}
    return [{**row, "in_force": row["decision_id"] in counting} for row in reversed(decided.rows)]
