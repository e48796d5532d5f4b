"""Rows of the snapshot as cards: the addresses of their pictures, and nothing a page has to know of the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from heritage_assets.search.questions import Ranked
from heritage_assets.search.snapshot import Snapshot

_PLAIN = (
    *(
        "guid",
        "title",
        "creator",
        "date",
        "year",
        "type",
        "dataset",
        "provider",
        "data_provider",
        "country",
        "language",
    ),
    *(
        "rights",
        "rights_category",
        "width",
        "height",
        "embedding_status",
        "status",
        "canonical_id",
        "is_representative",
    ),
    "cluster_id",
)


def image_address(guid: str, size: str, sha256: str) -> str:
    """Return the address of a record's picture; it names the content, so browsers may keep it for ever."""
    return f"/image/{quote(guid, safe='')}?size={size}&v={sha256[:12]}"


def card(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return one row of the snapshot as a card."""
    shown = {name: row[name] for name in _PLAIN}
    shown["subject"] = row["subject"] or []
    shown["identifiers"] = row["identifiers"] or []
    shown["copies"] = row["group_size"] or 1
    has_image = row["image_status"] == "OK" and row["sha256"]
    shown["thumbnail"] = image_address(row["guid"], "thumbnail", row["sha256"]) if has_image else None
    shown["image"] = image_address(row["guid"], "derivative", row["sha256"]) if has_image else None
    return shown


def cards(snapshot: Snapshot, guids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return the cards of those guids that the snapshot knows."""
    rows = [snapshot.row_of[guid] for guid in guids if guid in snapshot.row_of]
    return {row["guid"]: card(row) for row in snapshot.cards(rows)}


def payload_card(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a point's payload tells of a record that is too new for the snapshot."""
    shown: dict[str, Any] = {name: payload.get(name) for name in _PLAIN}
    shown |= {"guid": payload["id_object"], "subject": payload.get("subject") or [], "identifiers": []}
    return shown | {"copies": payload.get("group_size") or 1, "thumbnail": None, "image": None}


def hits(
    snapshot: Snapshot, ranking: Sequence[Ranked], payloads: Mapping[str, Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Return ranked records as hits; those that neither the snapshot nor ``payloads`` know are left out."""
    known = cards(snapshot, [place.guid for place in ranking])
    for guid, payload in (payloads or {}).items():
        known.setdefault(guid, payload_card(payload))
    return [
        {**known[place.guid], "score": place.score, "match": place.match} for place in ranking if place.guid in known
    ]
