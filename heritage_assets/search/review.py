"""The review of borderline pairs: what is to be decided, what was, and whether the archive follows it already.

Decisions are taken as everywhere (:mod:`heritage_assets.stores.decisions`); the desk adds what its visitors expect.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.decision_log import UNDO
from heritage_assets.curation.duplicates.decisions import SAME, Pair, ordered
from heritage_assets.curation.duplicates.verdicts import WHY
from heritage_assets.curation.schemas import REVIEW_DECISIONS
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.stores.decisions import Decided, DecisionRefusedError, Wanted, append_decision, read_decided
from heritage_assets.stores.lake import Lake

COMPARED = ("title", "creator", "date", "type", "subject", "identifiers", "provider", "language", "country", "rights")

__all__ = [
    "Decided",
    "DecisionRefusedError",
    "Queue",
    "ReviewDesk",
    "differences",
    "evidence_of_pair",
    "queue",
    "with_state",
]


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
        if self._lake.version(REVIEW_DECISIONS) != self._known.version:
            self._known = read_decided(self._lake)
        return self._known

    def decide(self, wanted: dict[str, Any], reviewer: str, snapshot: Snapshot) -> tuple[dict[str, Any], bool]:
        """Append a decision; return its row, and whether it is new (the same ``decision_id`` again changes nothing).

        Args:
            wanted: decision_id, decision, guid_a, guid_b, note, undoes; ``expects`` only where it shall be held to.
            reviewer: who decides.
            snapshot: the living records.

        Raises:
            DecisionRefusedError: decided_meanwhile, or as :func:`~heritage_assets.stores.decisions.append_decision`.
        """

        def as_expected(current: dict[str, Any] | None) -> None:
            if "expects" in wanted:
                _hold_to(wanted["expects"], current)

        def living(pair: Pair) -> list[str]:
            return [guid for guid in pair if guid in snapshot.row_of]

        named = {name: wanted.get(name) or "" for name in ("guid_a", "guid_b", "decision_id")}
        decision = Wanted(wanted["decision"], reviewer, **named, note=wanted.get("note"), undoes=wanted.get("undoes"))
        with self._writing:
            return append_decision(self._lake, decision, self.decided(), living, as_expected)


def _hold_to(expected: str | None, current: dict[str, Any] | None) -> None:
    if (current["decision_id"] if current else None) != expected:
        now = f"{current['reviewer']} decided {current['decision']}" if current else "the decision was taken back"
        raise DecisionRefusedError("decided_meanwhile", f"{now} meanwhile: look at the pair again")


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
