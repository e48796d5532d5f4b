"""Documents as people see them now: the newest proposal, and what was decided since; their names, titles and doubts.

Belongs here: which pages make a document at this moment. Does not belong here: proposing (:mod:`.methods`), storing.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from heritage_assets.curation.decision_log import oldest_first, undone
from heritage_assets.curation.pages.decisions import CONFIRM, CUT, Standing, standing
from heritage_assets.curation.pages.verdicts import group_id

MOST_TITLE = 200
_LINES_READ = 12
_LETTERS = re.compile(r"[^\W\d_]", re.UNICODE)


@dataclass(frozen=True)
class PageDocument:
    """One document. ``guids``: its pages in order. ``place``: of its first scan in scanning order. ``doubt``: 0 to 1, of its
    most doubtful boundary; 0 when confirmed. ``title``: given by a person, or None."""

    id: str
    guids: tuple[str, ...]
    confirmed: bool
    place: int
    doubt: float
    title: str | None = None

    @property
    def tag(self) -> str:
        """A word that changes with the pages, their order and whether they are confirmed: what a decision was made on."""
        text = "\x1f".join((self.id, str(self.confirmed), *self.guids))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Boundary:
    """What lies between two scans that follow each other: a ``cut`` or none, and the ``doubt`` about it, 0 to 1."""

    before: str
    after: str
    place: int
    cut: bool
    doubt: float


@dataclass
class Documents:
    """All documents of one dataset. Memory: about 600 bytes a scan.

    ``order``: guids in scanning order, each at its place; ``rows``: what the run says of each; ``run``: id of the proposal;
    ``boundaries``: what is open, the most doubtful first; ``fixed``: pages of confirmed documents; ``decided``: neighbours that
    people cut or joined.
    """

    dataset: str
    run: str
    order: list[str]
    rows: dict[str, dict[str, Any]]
    by_id: dict[str, PageDocument] = field(default_factory=dict)
    document_of: dict[str, str] = field(default_factory=dict)
    boundaries: list[Boundary] = field(default_factory=list)
    fixed: set[str] = field(default_factory=set)
    decided: set[tuple[str, str]] = field(default_factory=set)

    @property
    def confirmed(self) -> int:
        """How many documents are confirmed."""
        return sum(one.confirmed for one in self.by_id.values())

    def ordered(self, *, doubtful_first: bool = False) -> list[PageDocument]:
        """Return all documents in scanning order, or the most doubtful first."""
        return sorted(self.by_id.values(), key=lambda one: (-one.doubt if doubtful_first else 0.0, one.place))

    def of(self, guids: Iterable[str]) -> list[PageDocument]:
        """Return the documents that hold these scans, in scanning order."""
        names = {self.document_of[guid] for guid in guids if guid in self.document_of}
        return sorted((self.by_id[name] for name in names), key=lambda one: one.place)


def assemble(dataset: str, run: str, groups: pa.Table, decisions: pa.Table | None) -> Documents:
    """Put proposal and decisions together.

    A confirmed document is as its decision says; cuts and joins count among what is not confirmed, the latest last.

    Args:
        dataset: its name.
        run: id of the proposal.
        groups: rows of GROUPS of that run.
        decisions: rows of PAGE_DECISIONS of the dataset.
    """
    rows = {row["guid"]: row for row in groups.sort_by("place").to_pylist()}
    held = standing(decisions)
    parts = _parts(rows, held)
    sure = _apply(parts, rows, held)
    documents = Documents(dataset, run, list(rows), rows, fixed=set(held.document_of), decided=sure)
    documents.document_of = {guid: name for name, guids in parts.items() for guid in guids}
    open_ones = (open_boundary(documents, before, after) for before, after in pairwise(documents.order))
    documents.boundaries = sorted((one for one in open_ones if one is not None), key=most_doubtful_first)
    doubts: dict[str, float] = {}
    for one in documents.boundaries:
        for guid in (one.before, one.after):
            name = documents.document_of[guid]
            doubts[name] = max(doubts.get(name, 0.0), one.doubt)
    titles = _titles(decisions)
    for name, guids in parts.items():
        documents.by_id[name] = PageDocument(
            name,
            tuple(guids),
            name in held.documents,
            min(rows[guid]["place"] for guid in guids),
            0.0 if name in held.documents else doubts.get(name, 0.0),
            titles.get(name),
        )
    return documents


def _parts(rows: dict[str, dict[str, Any]], held: Standing) -> dict[str, list[str]]:
    """Return the pages of each document: confirmed ones as decided, then what is left of the proposal."""
    parts = {name: [guid for guid in guids if guid in rows] for name, guids in held.documents.items()}
    proposed: dict[str, list[str]] = {}
    for guid, row in rows.items():
        if guid not in held.document_of:
            proposed.setdefault(row["group"], []).append(guid)
    for name, guids in proposed.items():
        guids.sort(key=lambda guid: rows[guid]["position"])
        parts[group_id(guids[0], parts) if name in parts else name] = guids
    return {name: guids for name, guids in parts.items() if guids}


def _apply(parts: dict[str, list[str]], rows: dict[str, dict[str, Any]], held: Standing) -> set[tuple[str, str]]:
    """Split and merge what people wished, in place; return the pairs of scans that are decided, in scanning order."""
    document_of = {guid: name for name, guids in parts.items() for guid in guids}
    free = {guid for guid in rows if guid not in held.document_of}
    sure: set[tuple[str, str]] = set()
    for wish in held.wishes:
        guids = sorted((guid for guid in wish.guids if guid in free), key=lambda guid: rows[guid]["place"])
        if len(guids) < 2:
            continue
        sure.update(pairwise(guids))
        names = list(dict.fromkeys(document_of[guid] for guid in guids))
        if wish.kind == CUT and len(names) == 1:
            pages = parts[names[0]]
            at = max(pages.index(guids[0]), pages.index(guids[1]))
            rest = pages[at:]
            del pages[at:]
            moved = {group_id(rest[0], parts): rest}
        elif wish.kind != CUT and len(names) > 1:
            together = sorted(
                (guid for name in names for guid in parts.pop(name)), key=lambda guid: rows[guid]["place"]
            )
            moved = {names[0]: together}
        else:
            continue
        parts.update(moved)
        document_of.update({guid: name for name, pages in moved.items() for guid in pages})
    return sure


def open_boundary(documents: Documents, before: str, after: str) -> Boundary | None:
    """Return what lies between two scans that follow each other, or None: one is confirmed, or somebody has decided."""
    if before in documents.fixed or after in documents.fixed or (before, after) in documents.decided:
        return None
    row = documents.rows[after]
    cut = documents.document_of[before] != documents.document_of[after]
    chance = float(row["confidence"])
    doubt = 1.0 - chance if cut == bool(row["starts"]) else chance
    return Boundary(before, after, row["place"], cut, min(max(doubt, 0.0), 1.0))


def most_doubtful_first(one: Boundary) -> tuple[float, int]:
    """Return the key by which boundaries are sorted."""
    return -one.doubt, one.place


def _titles(decisions: pa.Table | None) -> dict[str, str]:
    if decisions is None:
        return {}
    rows = oldest_first(decisions)
    gone = undone(rows)
    kept = [row for row in rows if row["decision"] == CONFIRM and row["decision_id"] not in gone and row["title"]]
    return {row["document"]: row["title"] for row in kept}


# -- names and titles ----------------------------------------------------------------------------------------------------------


def identified(groups: Sequence[Sequence[str]], documents: Documents) -> list[str]:
    """Return an identifier for each group of guids: of the document with which it shares most pages, no two the same.

    A group that finds its document taken gets the id of its own first page.
    """
    taken: set[str] = set()
    names: dict[int, str] = {}
    shared = [Counter(documents.document_of[guid] for guid in guids) for guids in groups]
    ranked = sorted(
        ((count, -number, name) for number, counts in enumerate(shared) for name, count in counts.items()), reverse=True
    )
    for _, number, name in ranked:
        if -number not in names and name not in taken:
            names[-number] = name
            taken.add(name)
    for number, guids in enumerate(groups):
        if number not in names:
            names[number] = group_id(guids[0], {*taken, *documents.by_id})
            taken.add(names[number])
    return [names[number] for number in range(len(groups))]


def proposed_title(text: str | None, dataset: str, scan: str) -> str:
    """Propose a title from what was read on the first page; without text: dataset and file name.

    Taken are the first lines that read as words, until a line ends a sentence or the title is long enough.
    """
    taken: list[str] = []
    for line in [one for one in (text or "").splitlines() if one.strip()][:_LINES_READ]:
        words = " ".join(line.split())
        letters = len(_LETTERS.findall(words))
        if letters < 3 or letters < 0.55 * len(words.replace(" ", "")):
            if taken:
                break
            continue
        taken.append(words)
        if len(" ".join(taken)) >= 40 or words.endswith((".", ":", "!", "?")):
            break
    title = " ".join(taken)
    if not title:
        return f"{dataset}: {PurePosixPath(scan).stem}"
    return title if len(title) <= MOST_TITLE else title[: MOST_TITLE - 1].rstrip() + "…"
