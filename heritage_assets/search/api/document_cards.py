"""Documents of scanned pages as cards: what lists, the filmstrip and a document's own page show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from heritage_assets.curation.pages.documents import Documents, PageDocument
from heritage_assets.search.api.cards import cards
from heritage_assets.search.documents import DocumentDesk
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.stores.page_decisions import Desk


def progress(desk: Desk) -> dict[str, Any]:
    """Return how far a dataset is."""
    held = desk.documents
    return {
        "dataset": held.dataset,
        "run": held.run,
        "scans": len(held.order),
        "documents": len(held.by_id),
        "confirmed": held.confirmed,
        "open": len(held.boundaries),
    }


def summaries(
    desk: DocumentDesk, snapshot: Snapshot, page: Sequence[tuple[Documents, PageDocument]]
) -> list[dict[str, Any]]:
    """Return documents as lists show them, each with its first page."""
    firsts = cards(snapshot, [one.guids[0] for _, one in page])
    titles: dict[str, str] = {}
    for held in {id(held): held for held, _ in page}.values():
        titles |= desk.titles(held, [one for other, one in page if other is held], snapshot)
    return [
        {
            "document": one.id,
            "dataset": held.dataset,
            "title": titles[one.id],
            "pages": len(one.guids),
            "confirmed": one.confirmed,
            "doubt": one.doubt,
            "first": firsts.get(one.guids[0]),
        }
        for held, one in page
    ]


def scanned_pages(held: Documents, snapshot: Snapshot, guids: Sequence[str]) -> list[dict[str, Any]]:
    """Return scans in the order asked for, each with its place in its document."""
    known = cards(snapshot, guids)
    positions = {guid: at for one in held.of(guids) for at, guid in enumerate(one.guids, start=1)}
    shown_guids = set(guids)
    doubts = {one.after: one.doubt for one in held.boundaries if one.after in shown_guids}
    shown = []
    for guid in guids:
        row, one, card = held.rows[guid], held.by_id[held.document_of[guid]], known.get(guid, {})
        shown.append(
            {
                "guid": guid,
                "scan": row["scan"],
                "place": row["place"],
                "document": one.id,
                "position": positions[guid],
                "pages": len(one.guids),
                "confirmed": one.confirmed,
                "tag": one.tag,
                "doubt": doubts.get(guid),
                "defects": row["defects"] or [],
                "thumbnail": card.get("thumbnail"),
                "image": card.get("image"),
            }
        )
    return shown
