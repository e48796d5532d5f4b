"""What people decided about documents, and what of it holds now.

Belongs here: which decisions stand, from rows of PAGE_DECISIONS. Does not belong here: taking or storing them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

from heritage_assets.curation.decision_log import UNDO, oldest_first, undone

CONFIRM, CUT, JOIN = "confirm", "cut", "join"
DECISIONS = (CONFIRM, CUT, JOIN, UNDO)


@dataclass(frozen=True)
class Wish:
    """A ``cut`` between two scans, or a ``join`` of several, by guid."""

    kind: str
    guids: tuple[str, ...]


@dataclass(frozen=True)
class Standing:
    """What holds: pages of each confirmed document in their order, the document of each of them; cuts and joins, oldest first."""

    documents: dict[str, list[str]] = field(default_factory=dict)
    document_of: dict[str, str] = field(default_factory=dict)
    wishes: tuple[Wish, ...] = ()


NOTHING_DECIDED = Standing()


def standing(decisions: pa.Table | None) -> Standing:
    """Return what holds of the decisions of one dataset (rows of PAGE_DECISIONS, in any order).

    An undone decision counts as never taken; the undoing of an undoing brings it back. A page belongs to the document that named
    it last; a document all of whose pages moved away is gone. Ties in time are broken by the id.
    """
    if decisions is None or decisions.num_rows == 0:
        return NOTHING_DECIDED
    rows = oldest_first(decisions)
    gone = undone(rows)
    documents: dict[str, list[str]] = {}
    document_of: dict[str, str] = {}
    wishes: list[Wish] = []
    for row in rows:
        if row["decision_id"] in gone or row["decision"] == UNDO:
            continue
        guids = list(dict.fromkeys(row["guids"] or ()))
        if row["decision"] == CONFIRM:
            _confirm(row["document"], guids, documents, document_of)
        else:
            wishes.append(Wish(row["decision"], tuple(guids)))
    return Standing(documents, document_of, tuple(wishes))


def _confirm(document: str, guids: list[str], documents: dict[str, list[str]], document_of: dict[str, str]) -> None:
    """Make ``guids`` all pages of ``document``; pages that it had before and are not named are free again."""
    for guid in documents.pop(document, ()):
        del document_of[guid]
    for guid in guids:
        older = document_of.pop(guid, None)
        if older is not None:
            documents[older].remove(guid)
            if not documents[older]:
                del documents[older]
        document_of[guid] = document
    if guids:
        documents[document] = guids
