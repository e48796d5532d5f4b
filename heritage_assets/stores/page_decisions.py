"""Decisions about documents of pages: the one way to take them and to take them back.

Decisions are appended to ``page_decisions`` and never changed; an undo is a decision of its own. The command line and the search
application both go through :func:`append_page_decisions`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from heritage_assets.curation.decision_log import UNDO, oldest_first, undone
from heritage_assets.curation.pages.decisions import CONFIRM, CUT, DECISIONS, JOIN
from heritage_assets.curation.pages.documents import MOST_TITLE, Documents, assemble
from heritage_assets.curation.pages.redecided import Members, redecide
from heritage_assets.curation.pages.schemas import PAGE_DECISIONS
from heritage_assets.stores.decisions import MOST_NOTE, DecisionRefusedError
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.page_runs import load_run
from heritage_assets.stores.pages import page_decisions

MOST_PAGES = 5_000
"""Most pages of one document that people confirm."""


@dataclass(frozen=True)
class WantedPages:
    """What a person wants decided about scans of one dataset; see PAGE_DECISIONS for the kinds.

    ``expects``: tags of the documents that hold the scans, as the person saw them; None: whatever they are.
    ``decision_id``: an id of the caller's; what is there under it already is returned, not appended again.
    """

    decision: str
    reviewer: str
    guids: tuple[str, ...] = ()
    document: str | None = None
    title: str | None = None
    note: str | None = None
    undoes: str | None = None
    decision_id: str = ""
    expects: frozenset[str] | None = None


@dataclass(frozen=True)
class Desk:
    """A dataset's documents, and all decisions about them, oldest first."""

    documents: Documents
    decisions: list[dict[str, Any]]


def open_desk(lake: Lake, dataset: str, run: str | None = None) -> Desk:
    """Read a dataset's newest proposal (or ``run``) and what was decided. Raises ValueError where nothing is proposed."""
    decisions = page_decisions(lake, dataset)
    found = load_run(lake, run, dataset)
    return Desk(assemble(dataset, found.name, found.groups, decisions), oldest_first(decisions))


def refreshed(lake: Lake, desk: Desk, proposed: Members) -> Desk:
    """Return the desk of the same proposal with what was decided since, at the cost of the documents that this touches.

    Args:
        lake: the tables.
        desk: as it was; stays so.
        proposed: :func:`~heritage_assets.curation.pages.redecided.proposed_members` of its documents.
    """
    rows = oldest_first(page_decisions(lake, desk.documents.dataset))
    known = len(desk.decisions)
    same = [row["decision_id"] for row in rows[:known]] == [row["decision_id"] for row in desk.decisions]
    documents = redecide(desk.documents, proposed, rows, known) if same else None
    return open_desk(lake, desk.documents.dataset, desk.documents.run) if documents is None else Desk(documents, rows)


def append_page_decisions(lake: Lake, desk: Desk, wanted: Sequence[WantedPages]) -> list[tuple[dict[str, Any], bool]]:
    """Append decisions in one commit, or none of them; return each row, and whether it is new.

    They count at once in what people see, and in the next grouping.

    Raises:
        DecisionRefusedError: decision_id_taken, unknown_kind, unknown_scan, too_few_pages, too_many_pages, confirmed_already,
            not_one_document, changed_meanwhile, note_too_long, title_too_long, unknown_decision, undone_already.
    """
    known = {row["decision_id"]: row for row in desk.decisions}
    results: list[tuple[dict[str, Any], bool]] = []
    last = desk.decisions[-1]["decided_at"] if desk.decisions else None
    for one in wanted:
        if one.decision_id in known:
            results.append((_same_or_refused(known[one.decision_id], one), False))
            continue
        _check(one, desk, known)
        now = datetime.now(UTC)
        last = now if last is None or now > last else last + timedelta(microseconds=1)
        results.append((_row(one, desk, known, last), True))
    rows = [row for row, new in results if new]
    if rows:
        lake.append(PAGE_DECISIONS, pa.Table.from_pylist(rows, schema=PAGE_DECISIONS.schema))
    return results


def _row(one: WantedPages, desk: Desk, known: dict[str, dict[str, Any]], moment: datetime) -> dict[str, Any]:
    about = known[one.undoes or ""] if one.decision == UNDO else None
    document = one.document
    if one.decision == CONFIRM and document is None:
        document = desk.documents.document_of[one.guids[0]]
    return {
        "decision_id": one.decision_id or uuid.uuid4().hex,
        "dataset": desk.documents.dataset,
        "decision": one.decision,
        "document": about["document"] if about else document if one.decision == CONFIRM else None,
        "guids": list(about["guids"] or ()) if about else list(dict.fromkeys(one.guids)),
        "title": (one.title or "").strip() or None,
        "run": desk.documents.run,
        "reviewer": one.reviewer,
        "note": one.note or None,
        "undoes": one.undoes if one.decision == UNDO else None,
        "decided_at": moment,
    }


def _check(one: WantedPages, desk: Desk, known: dict[str, dict[str, Any]]) -> None:
    if one.decision not in DECISIONS:
        raise DecisionRefusedError(
            "unknown_kind", f"unknown decision {one.decision!r}: use one of {', '.join(DECISIONS)}"
        )
    if len(one.note or "") > MOST_NOTE:
        raise DecisionRefusedError("note_too_long", f"the note is too long: {MOST_NOTE:,} characters are allowed")
    if len(one.title or "") > MOST_TITLE:
        raise DecisionRefusedError("title_too_long", f"the title is too long: {MOST_TITLE} characters are allowed")
    if one.decision == UNDO:
        _check_undo(one, desk, known)
    else:
        _check_pages(one, desk.documents)


def _check_undo(one: WantedPages, desk: Desk, known: dict[str, dict[str, Any]]) -> None:
    if one.undoes not in known:
        raise DecisionRefusedError("unknown_decision", f"there is no decision {one.undoes!r} to undo")
    if one.undoes in undone(desk.decisions):
        raise DecisionRefusedError("undone_already", f"{one.undoes} was taken back already")


def _check_pages(one: WantedPages, documents: Documents) -> None:
    guids = list(dict.fromkeys(one.guids))
    unknown = [guid for guid in guids if guid not in documents.rows]
    if unknown:
        shown = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
        raise DecisionRefusedError("unknown_scan", f"{shown}: no scan of dataset {documents.dataset}")
    if len(guids) < (1 if one.decision == CONFIRM else 2):
        raise DecisionRefusedError("too_few_pages", f"{one.decision} needs {'a page' if not guids else 'two pages'}")
    if len(guids) > MOST_PAGES:
        raise DecisionRefusedError("too_many_pages", f"{len(guids):,} pages: {MOST_PAGES:,} are allowed")
    held = documents.of(guids)
    if one.expects is not None and one.expects != frozenset(document.tag for document in held):
        raise DecisionRefusedError(
            "changed_meanwhile", "somebody changed these documents meanwhile: look at them again"
        )
    if one.decision == CONFIRM:
        _check_name(one, guids, documents)
        return
    fixed = [document.id for document in held if document.confirmed]
    if fixed:
        raise DecisionRefusedError("confirmed_already", f"{fixed[0]} is confirmed: undo that, or confirm other pages")
    if one.decision == CUT and (len(guids) != 2 or len(held) != 1):
        raise DecisionRefusedError("not_one_document", "a cut lies between two pages of one document")
    if one.decision == JOIN and len(held) < 2:
        raise DecisionRefusedError("not_one_document", "these pages are one document already")


def _check_name(one: WantedPages, guids: list[str], documents: Documents) -> None:
    """Keep ids apart: a document's id is that of a document that holds one of the pages, or one that nobody has."""
    if one.document in documents.by_id and not set(documents.by_id[one.document].guids) & set(guids):
        raise DecisionRefusedError("not_one_document", f"{one.document} is the id of a document of other pages")


def _same_or_refused(known: dict[str, Any], one: WantedPages) -> dict[str, Any]:
    same = known["decision"] == one.decision and known["undoes"] == (one.undoes or None)
    if same and (one.decision == UNDO or known["guids"] == list(dict.fromkeys(one.guids))):
        return known
    raise DecisionRefusedError("decision_id_taken", f"{one.decision_id} is the id of another decision: make a new one")
