"""People's decisions as constraints: what must be together, what must be apart, and where they contradict each other.

The latest decision about a pair wins; an undo takes one back (and may itself be undone). "same" joins, transitively; "different",
"variant" and "page_of" keep apart. Where a "same" would join what another decision keeps apart, the older "same" gives way and
the contradiction is reported: wrongly joined records are harder to find again than records left apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from heritage_assets.curation.decision_log import UNDO, oldest_first

SAME, VARIANT, PAGE_OF, DIFFERENT = "same", "variant", "page_of", "different"
APART = frozenset({VARIANT, PAGE_OF, DIFFERENT})
KINDS = (SAME, VARIANT, PAGE_OF, DIFFERENT)

Pair = tuple[str, str]


@dataclass(frozen=True)
class Contradiction:
    """A "same" decision that was not followed, and the decisions that keep the two apart."""

    decision_id: str
    guid_a: str
    guid_b: str
    against: tuple[str, ...]

    @property
    def message(self) -> str:
        """Say it in one sentence."""
        others = ", ".join(self.against)
        return f"{self.decision_id} says that {self.guid_a} and {self.guid_b} are the same, but {others} keep their objects apart"


@dataclass(frozen=True)
class Constraints:
    """The decisions in force.

    ``classes``: guid to the smallest guid of its class of "same" decisions (only guids in classes of two or more).
    ``apart``: unordered pairs that must not share a group, to the decision that says so.
    """

    latest: dict[Pair, dict[str, Any]] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    apart: dict[Pair, str] = field(default_factory=dict)
    contradictions: tuple[Contradiction, ...] = ()

    @property
    def guids(self) -> set[str]:
        """All guids that a decision in force names."""
        return {guid for pair in self.latest for guid in pair}


def in_force(decisions: pa.Table) -> dict[Pair, dict[str, Any]]:
    """Return the decision in force for each pair (guid_a < guid_b): the latest that was not undone.

    Raises:
        ValueError: an unknown decision, or one that names a record twice.
    """
    undone: set[str] = set()
    latest: dict[Pair, dict[str, Any]] = {}
    for row in reversed(oldest_first(decisions)):
        if row["decision_id"] in undone:
            continue
        if row["decision"] == UNDO:
            undone.add(row["undoes"])
            continue
        if row["decision"] not in KINDS:
            raise ValueError(
                f"decision {row['decision_id']}: unknown decision {row['decision']!r}; use one of {KINDS} or undo"
            )
        if row["guid_a"] == row["guid_b"]:
            raise ValueError(f"decision {row['decision_id']} compares {row['guid_a']} with itself")
        latest.setdefault(ordered(row["guid_a"], row["guid_b"]), row)
    return latest


def constraints(decisions: pa.Table) -> Constraints:
    """Turn the ``review_decisions`` table into constraints that can all be met at once."""
    latest = in_force(decisions)
    apart = {pair: row["decision_id"] for pair, row in latest.items() if row["decision"] in APART}
    same = [(pair, row) for pair, row in latest.items() if row["decision"] == SAME]
    same.sort(key=lambda item: (item[1]["decided_at"], item[1]["decision_id"]), reverse=True)
    classes = _Classes(apart)
    contradictions = []
    for (a, b), row in same:
        against = classes.join(a, b)
        if against:
            contradictions.append(Contradiction(row["decision_id"], a, b, against))
    return Constraints(latest, classes.labels(), apart, tuple(contradictions))


def ordered(a: str, b: str) -> Pair:
    """Return the two guids, smaller first."""
    return (a, b) if a < b else (b, a)


class _Classes:
    """Sets of guids that never hold two that are kept apart."""

    def __init__(self, apart: dict[Pair, str]) -> None:
        self.members: dict[str, set[str]] = {}
        self.rivals: dict[str, dict[str, str]] = {}
        for (a, b), decision in apart.items():
            self.rivals.setdefault(a, {})[b] = decision
            self.rivals.setdefault(b, {})[a] = decision

    def join(self, a: str, b: str) -> tuple[str, ...]:
        """Join two classes, or return the decisions that forbid it."""
        left, right = self.members.get(a, {a}), self.members.get(b, {b})
        if left is right:
            return ()
        small, large = sorted((left, right), key=len)
        against = {self.rivals[x][y] for x in small for y in self.rivals.get(x, {}) if y in large}
        if against:
            return tuple(sorted(against))
        joined = small | large
        for guid in joined:
            self.members[guid] = joined
        return ()

    def labels(self) -> dict[str, str]:
        """Return the smallest guid of each guid's class."""
        smallest = {id(members): min(members) for members in self.members.values()}
        return {guid: smallest[id(members)] for guid, members in self.members.items()}
