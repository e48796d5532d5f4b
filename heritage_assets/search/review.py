"""The review of borderline pairs: what is to be decided, what was, and whether the archive follows it already.

Decisions are appended to ``review_decisions`` and never changed; an undo is a decision of its own.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.decisions import SAME, UNDO, in_force, ordered
from heritage_assets.curation.duplicates.verdicts import WHY
from heritage_assets.curation.schemas import REVIEW_DECISIONS
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.stores.lake import Lake

COMPARED = ("title", "creator", "date", "type", "subject", "identifiers", "provider", "language", "country", "rights")
Pair = tuple[str, str]


class DecisionRefusedError(ValueError):
    """The decision can't be taken; ``code`` says why to programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Decided:
    """All decisions at one Delta version: rows in order of time, the one in force for each pair, those undone."""

    version: int | None
    rows: list[dict[str, Any]]
    by_id: dict[str, dict[str, Any]]
    latest: dict[Pair, dict[str, Any]]
    undone: frozenset[str]


class ReviewDesk:
    """Reads and takes decisions. Safe to use from several threads; several servers may append at once.

    Memory: all decisions (300 bytes each).
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._writing = threading.Lock()
        self._known = Decided(None, [], {}, {}, frozenset())

    def decided(self) -> Decided:
        """Return all decisions, read anew where the table has changed."""
        version = self._lake.version(REVIEW_DECISIONS)
        if version != self._known.version:
            self._known = _digest(version, self._lake.read(REVIEW_DECISIONS))
        return self._known

    def decide(self, wanted: dict[str, Any], reviewer: str, snapshot: Snapshot) -> tuple[dict[str, Any], bool]:
        """Append a decision; return its row, and whether it is new (the same ``decision_id`` again changes nothing).

        Args:
            wanted: decision_id, decision, guid_a, guid_b, note, undoes; ``expects`` only where it shall be held to.
            reviewer: who decides.
            snapshot: the living records.

        Raises:
            DecisionRefusedError: decision_id_taken, unknown_record, same_record, unknown_decision, undone_already,
                decided_meanwhile.
        """
        with self._writing:
            decided = self.decided()
            known = decided.by_id.get(wanted["decision_id"])
            if known is not None:
                return _same_or_refused(known, wanted), False
            pair = self._pair(wanted, decided, snapshot)
            if "expects" in wanted:
                _hold_to(wanted["expects"], decided.latest.get(pair))
            row = {
                "decision_id": wanted["decision_id"],
                "guid_a": pair[0],
                "guid_b": pair[1],
                "decision": wanted["decision"],
                "reviewer": reviewer,
                "note": wanted.get("note"),
                "undoes": wanted.get("undoes") if wanted["decision"] == UNDO else None,
                "decided_at": _next_moment(decided),
            }
            self._lake.append(REVIEW_DECISIONS, pa.Table.from_pylist([row], schema=REVIEW_DECISIONS.schema))
            return row, True

    @staticmethod
    def _pair(wanted: dict[str, Any], decided: Decided, snapshot: Snapshot) -> Pair:
        """Return the pair that is decided about."""
        if wanted["decision"] == UNDO:
            undone = decided.by_id.get(wanted.get("undoes") or "")
            if undone is None:
                raise DecisionRefusedError("unknown_decision", f"there is no decision {wanted.get('undoes')!r} to undo")
            if undone["decision_id"] in decided.undone:
                raise DecisionRefusedError("undone_already", f"{undone['decision_id']} was taken back already")
            return undone["guid_a"], undone["guid_b"]
        a, b = wanted.get("guid_a") or "", wanted.get("guid_b") or ""
        if a == b:
            raise DecisionRefusedError("same_record", "guid_a and guid_b must name two records")
        unknown = [guid for guid in (a, b) if guid not in snapshot.row_of]
        if unknown:
            raise DecisionRefusedError("unknown_record", f"{', '.join(unknown)} is no living record of this archive")
        return ordered(a, b)


def _digest(version: int | None, table: pa.Table) -> Decided:
    rows = sorted(table.to_pylist(), key=lambda row: (row["decided_at"], row["decision_id"]))
    undone: set[str] = set()
    for row in reversed(rows):
        if row["decision"] == UNDO and row["decision_id"] not in undone:
            undone.add(row["undoes"])
    by_id = {row["decision_id"]: row for row in rows}
    return Decided(version, rows, by_id, in_force(table), frozenset(undone))


def _same_or_refused(known: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    same_pair = wanted["decision"] == UNDO or {known["guid_a"], known["guid_b"]} == {
        wanted.get("guid_a"),
        wanted.get("guid_b"),
    }
    if known["decision"] == wanted["decision"] and same_pair and known["undoes"] == (wanted.get("undoes") or None):
        return known
    raise DecisionRefusedError(
        "decision_id_taken", f"{wanted['decision_id']} is the id of another decision: make a new one"
    )


def _hold_to(expected: str | None, current: dict[str, Any] | None) -> None:
    if (current["decision_id"] if current else None) != expected:
        now = f"{current['reviewer']} decided {current['decision']}" if current else "the decision was taken back"
        raise DecisionRefusedError("decided_meanwhile", f"{now} meanwhile: look at the pair again")


def _next_moment(decided: Decided) -> datetime:
    """Return now, but later than every known decision: the latest decision wins, whatever the clocks say."""
    now = datetime.now(UTC)
    last = decided.rows[-1]["decided_at"] if decided.rows else None
    return now if last is None or now > last else last + timedelta(microseconds=1)


# -- reading ------------------------------------------------------------------------------------------------------------


def with_state(
    row: dict[str, Any], decided: Decided, snapshot: Snapshot, canonicalized: datetime | None
) -> dict[str, Any]:
    """Return a decision with its ``state``: pending, in_effect, overruled, superseded or undone."""
    return {**row, "state": _state(row, decided, snapshot, canonicalized)}


def _state(row: dict[str, Any], decided: Decided, snapshot: Snapshot, canonicalized: datetime | None) -> str:
    looked_at = canonicalized is not None and canonicalized > row["decided_at"]
    if row["decision_id"] in decided.undone:
        return "undone"
    if row["decision"] == UNDO:
        return "in_effect" if looked_at else "pending"
    pair = ordered(row["guid_a"], row["guid_b"])
    if decided.latest.get(pair, row)["decision_id"] != row["decision_id"]:
        return "superseded"
    at = [snapshot.row_of.get(guid) for guid in pair]
    if None in at:
        return "pending"
    one = bool(snapshot.canonical_codes[at[0]] == snapshot.canonical_codes[at[1]])
    if one == (row["decision"] == SAME):
        return "in_effect"
    return "overruled" if looked_at else "pending"


@dataclass(frozen=True)
class Queue:
    """The pairs that wait for a decision, or have one; and how far the review is."""

    pairs: list[dict[str, Any]]
    total: int
    open: int
    decided: int
    pending: int


def queue(
    snapshot: Snapshot, decided: Decided, canonicalized: datetime | None, *, done: bool, limit: int, offset: int
) -> Queue:
    """Return a page of the queue: open pairs by likeness, or (``done``) decided ones, latest first.

    A pair is open when it was put to people, both records live, they are two objects still, and nobody has decided.
    """
    states = [with_state(row, decided, snapshot, canonicalized) for row in decided.latest.values()]
    pending = sum(row["state"] == "pending" for row in states)
    waiting = _open_pairs(snapshot, decided)
    if done:
        states.sort(key=lambda row: row["decided_at"], reverse=True)
        pairs: list[dict[str, Any]] = [
            {"guid_a": row["guid_a"], "guid_b": row["guid_b"], "decision": row} for row in states
        ]
    else:
        pairs = [{**row, "decision": None} for row in waiting[offset : offset + limit].to_pylist()]
    total = len(pairs) if done else waiting.num_rows
    page = pairs[offset : offset + limit] if done else pairs
    return Queue(page, total, waiting.num_rows, len(states), pending)


def _open_pairs(snapshot: Snapshot, decided: Decided) -> pa.Table:
    table = snapshot.review
    if table.num_rows == 0:
        return table
    lives = pa.array(snapshot.guids, pa.string())
    first = pc.index_in(table["guid_a"], value_set=lives).to_numpy(zero_copy_only=False)
    second = pc.index_in(table["guid_b"], value_set=lives).to_numpy(zero_copy_only=False)
    open_ = ~(np.isnan(first.astype(np.float64)) | np.isnan(second.astype(np.float64)))
    codes = snapshot.canonical_codes
    rows = np.flatnonzero(open_)
    open_[rows] = codes[first[rows].astype(np.int64)] != codes[second[rows].astype(np.int64)]
    keys = pc.binary_join_element_wise(table["guid_a"], table["guid_b"], "\x1f")
    known = pa.array(["\x1f".join(pair) for pair in decided.latest], pa.string())
    open_ &= ~pc.is_in(keys, value_set=known).to_numpy(zero_copy_only=False)
    order = [("image_cosine", "descending"), ("guid_a", "ascending"), ("guid_b", "ascending")]
    return table.filter(pa.array(open_)).sort_by(order)


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Name the fields in which two cards differ; what one lacks is no difference."""
    return [name for name in COMPARED if a.get(name) and b.get(name) and a[name] != b[name]]


def evidence_of_pair(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of ``duplicate_pairs`` as evidence, with its rule in words."""
    return {**{name: value for name, value in row.items() if name != "decision"}, "why": WHY.get(row["rule"])}
