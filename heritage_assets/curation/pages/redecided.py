"""Documents after a decision, from those before it: only what the decision touches is put together anew.

Belongs here: how far a decision reaches. Does not belong here: what it does (:mod:`.documents`).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from heritage_assets.curation.pages.documents import (
    Documents,
    PageDocument,
    assemble,
    most_doubtful_first,
    open_boundary,
)
from heritage_assets.curation.pages.schemas import GROUPS, PAGE_DECISIONS

Members = Mapping[str, Sequence[str]]


def proposed_members(documents: Documents) -> dict[str, list[str]]:
    """Return the scans of each group as it was proposed; it holds as long as the run."""
    members: dict[str, list[str]] = {}
    for guid, row in documents.rows.items():
        members.setdefault(row["group"], []).append(guid)
    return members


def redecide(before: Documents, proposed: Members, decisions: Sequence[dict[str, Any]], known: int) -> Documents | None:
    """Return the documents as :func:`~.documents.assemble` makes them of all decisions, from those made of the first ones.

    ``before`` stays as it is and shares its rows. Time: copies of the mappings (0.1 s for a million scans), and what the scans
    in reach cost.

    Args:
        before: documents made of ``decisions[:known]``.
        proposed: see :func:`proposed_members`.
        decisions: rows of PAGE_DECISIONS of the dataset, oldest first.
        known: how many of them ``before`` was made of.

    Returns:
        None where the part alone can't be told from the whole: a document of another part has one of its ids.
    """
    reach = _reach(before, proposed, decisions, known)
    about = [row for row in decisions if not reach.isdisjoint(row["guids"] or ())]
    rows = [before.rows[guid] for guid in sorted(reach & before.rows.keys())]
    part = assemble(
        before.dataset,
        before.run,
        pa.Table.from_pylist(rows, schema=GROUPS),
        pa.Table.from_pylist(about, schema=PAGE_DECISIONS.schema),
    )
    gone = {before.document_of[guid] for guid in part.order}
    if any(name in before.by_id and name not in gone for name in part.by_id):
        return None
    after = Documents(
        before.dataset,
        before.run,
        before.order,
        before.rows,
        {name: one for name, one in before.by_id.items() if name not in gone} | part.by_id,
        before.document_of | part.document_of,
        fixed=(before.fixed - reach) | part.fixed,
        decided={pair for pair in before.decided if pair[0] not in reach} | part.decided,
    )
    _mend_boundaries(before, after, part)
    return after


def _reach(before: Documents, proposed: Members, decisions: Sequence[dict[str, Any]], known: int) -> set[str]:
    """Return the scans whose documents may depend on the new decisions.

    Scans hang together by a proposed group, by a decision that names them, and by decisions about one document.
    """
    left = list(decisions)
    names = {row["document"] for row in decisions[known:] if row["document"]}
    todo = {guid for row in decisions[known:] for guid in row["guids"] or ()}
    reach: set[str] = set()
    while todo:
        reach |= todo
        found: set[str] = set()
        for guid in todo & before.rows.keys():
            names |= {before.rows[guid]["group"], before.document_of[guid]}
        for name in names:
            found.update(proposed.get(name, ()))
        still = []
        for row in left:
            if row["document"] in names or not reach.isdisjoint(row["guids"] or ()):
                found.update(row["guids"] or ())
                names |= {row["document"]} - {None}
            else:
                still.append(row)
        left = still
        todo = found - reach
    return reach


def _mend_boundaries(before: Documents, after: Documents, part: Documents) -> None:
    """Set the boundaries of ``after``, and the doubts of the documents beside those that are new."""
    order = after.order
    places = {place + step for place in (after.rows[guid]["place"] for guid in part.order) for step in (0, 1)}
    places = {place for place in places if 0 < place < len(order)}
    after.boundaries = [one for one in before.boundaries if one.place not in places]
    for place in places:
        found = open_boundary(after, order[place - 1], order[place])
        if found is not None:
            insort(after.boundaries, found, key=most_doubtful_first)
    beside = {after.document_of[order[at]] for place in places for at in (place - 1, place)}
    for name in beside | part.by_id.keys():
        after.by_id[name] = replace(after.by_id[name], doubt=_doubt(after, after.by_id[name]))


def _doubt(documents: Documents, one: PageDocument) -> float:
    if one.confirmed:
        return 0.0
    order = documents.order
    places = {documents.rows[guid]["place"] + step for guid in one.guids for step in (0, 1)}
    found = (open_boundary(documents, order[place - 1], order[place]) for place in places if 0 < place < len(order))
    return max((boundary.doubt for boundary in found if boundary is not None), default=0.0)
