"""Logs of what people decided, of copies and of documents alike: the order of their rows, and what was taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

UNDO = "undo"
"""The decision that takes another one (``undoes``) back."""


def oldest_first(decisions: pa.Table) -> list[dict[str, Any]]:
    """Return rows with ``decided_at`` and ``decision_id`` in the order in which they were taken; the id breaks ties in time."""
    return sorted(decisions.to_pylist(), key=lambda row: (row["decided_at"], row["decision_id"]))


def undone(rows: Sequence[dict[str, Any]]) -> set[str]:
    """Return the ids of decisions (oldest first) that are taken back; undoing an undoing brings a decision back."""
    found: set[str] = set()
    for row in reversed(rows):
        if row["decision"] == UNDO and row["decision_id"] not in found:
            found.add(row["undoes"])
    return found
