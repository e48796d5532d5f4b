"""Everything the archive knows of one record, read from the tables (one batch's rows each)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pyarrow.compute as pc

from heritage_assets.curation.duplicates.verdicts import WHY
from heritage_assets.curation.landing import LandingError
from heritage_assets.curation.schemas import (
    CANONICAL_RECORDS,
    CLEANSED_RECORDS,
    CLIP_EMBEDDINGS,
    DUPLICATE_PAIRS,
    SOURCE_IMAGES,
    TableSpec,
)
from heritage_assets.search.api.cards import card, image_address
from heritage_assets.search.api.state import AppState
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.stores.lake import Lake, text

MAX_EVIDENCE = 200
_IMAGE = (
    *("status", "reason", "detail", "url", "media_type", "width", "height", "size_bytes", "sha256", "perceptual_hash"),
    *("http_status", "attempts", "fetched_at", "next_attempt_at"),
)


def record_detail(state: AppState, snapshot: Snapshot, guid: str) -> dict[str, Any]:
    """Return the fields of :class:`.models.RecordDetail`; the record must be in the snapshot."""
    lake = state.platform.lake
    row = snapshot.card(guid)
    assert row is not None
    record = _row(lake, CLEANSED_RECORDS, guid, row["batch"]) or {}
    members = [
        other for other in snapshot.cards(snapshot.members.get(row["canonical_id"], [])) if other["guid"] != guid
    ]
    canonical = lake.read(CANONICAL_RECORDS, where=text("guid") == guid).to_pylist()
    about = canonical[0] if canonical else {}
    return {
        "card": card(row),
        "description": record.get("description"),
        "title_by_language": dict(record.get("title_by_language") or {}),
        "year_from": row["year_from"],
        "year_to": row["year_to"],
        "image": _image(lake, row),
        "duplicates": [card(member) for member in members],
        "evidence": evidence_of(lake, guid, state.encoder_id()),
        "aliases": about.get("aliases") or [],
        "weakest_similarity": row["weakest_similarity"],
        "cluster": cluster_ref(snapshot, row),
        "document": document_ref(state, snapshot, row["dataset"], guid),
        "links": _links(snapshot, row, record),
        "lineage": _lineage(state, row, record, about),
    }


def _row(lake: Lake, table: TableSpec, guid: str, batch: str) -> dict[str, Any] | None:
    rows = lake.read(table, batches=[batch], where=text("guid") == guid).to_pylist()
    return dict(rows[0]) if rows else None


def _image(lake: Lake, row: dict[str, Any]) -> dict[str, Any]:
    stored = _row(lake, SOURCE_IMAGES, row["guid"], row["batch"]) or {}
    facts = {name: stored.get(name) for name in _IMAGE}
    facts["url"] = web_address(facts["url"])
    has = stored.get("status") == "OK" and stored.get("sha256")
    for size in ("thumbnail", "derivative"):
        facts[size] = image_address(row["guid"], size, stored["sha256"]) if has else None
    return facts


def evidence_of(lake: Lake, guid: str, encoder: str | None) -> list[dict[str, Any]]:
    """Return the stored pairs with this record, duplicates first."""
    where = (text("guid_a") == guid) | (text("guid_b") == guid)
    return explained(lake, where, encoder)


def explained(lake: Lake, where: pc.Expression, encoder: str | None) -> list[dict[str, Any]]:
    """Return stored pairs with their rule in words, the nearest first, at most 200."""
    if encoder is not None:
        where = where & (text("encoder") == encoder)
    rows = lake.read(DUPLICATE_PAIRS, where=where).to_pylist()
    rows.sort(
        key=lambda row: (row["verdict"] != "duplicate", -(row["image_cosine"] or 0.0), row["guid_a"], row["guid_b"])
    )
    return [{**row, "why": WHY.get(row["rule"])} for row in rows[:MAX_EVIDENCE]]


def document_ref(state: AppState, snapshot: Snapshot, dataset: str | None, guid: str) -> dict[str, Any] | None:
    """Return which page of which document a record is; None where it is none."""
    found = state.documents.holding(dataset, guid) if dataset in snapshot.paged else None
    if found is None:
        return None
    held, one = found
    title = state.documents.titles(held, [one], snapshot)[one.id]
    position = one.guids.index(guid) + 1
    return {
        "document": one.id,
        "dataset": held.dataset,
        "title": title,
        "position": position,
        "pages": len(one.guids),
        "confirmed": one.confirmed,
    }


def cluster_ref(snapshot: Snapshot, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the cluster of a row, with the record's own place on the map."""
    if not row["cluster_id"]:
        return None
    known = next((one for one in snapshot.clusters if one["cluster_id"] == row["cluster_id"]), {})
    about = {"label": known.get("label"), "terms": known.get("terms") or [], "size": known.get("size")}
    return {"cluster_id": row["cluster_id"], **about, "x": row["x"], "y": row["y"]}


def _links(snapshot: Snapshot, row: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    guid, canonical = quote(row["guid"], safe=""), row["canonical_id"]
    in_group = canonical in snapshot.members
    return {
        "provider_page": web_address(record.get("is_shown_at")),
        "provider_image": web_address(record.get("is_shown_by")),
        "iiif_service": web_address(row["iiif_service"]),
        "iiif_manifest": f"/iiif/record/{guid}/manifest.json",
        "similar": f"/api/v1/similar/{guid}",
        "duplicates": f"/api/v1/duplicates/{quote(canonical, safe='')}" if in_group else None,
    }


def web_address(address: str | None) -> str | None:
    """Return an address that a page may link to: of the web, never a script or a file of the server."""
    return address if address and address.startswith(("http://", "https://")) else None


def _lineage(state: AppState, row: dict[str, Any], record: dict[str, Any], canonical: dict[str, Any]) -> dict[str, Any]:
    embedded = _embedding(state, row)
    return {
        "dataset": row["dataset"],
        "batch": row["batch"],
        **_harvest(state, row["batch"]),
        "harvested_at": record.get("harvested_at"),
        "line": record.get("line"),
        "content_hash": record.get("content_hash"),
        "first_batch": canonical.get("first_batch"),
        "encoder": embedded.get("encoder"),
        "prompt": embedded.get("prompt"),
        "embedded_at": embedded.get("embedded_at"),
        "embedding_status": embedded.get("embedding_status"),
        "embedding_reason": embedded.get("reason"),
        "runs": state.runs.of_batch(row["batch"]),
    }


def _embedding(state: AppState, row: dict[str, Any]) -> dict[str, Any]:
    columns = ["guid", "encoder", "embedding_status", "reason", "prompt", "embedded_at"]
    where = text("guid") == row["guid"]
    rows = state.platform.lake.read(CLIP_EMBEDDINGS, columns=columns, batches=[row["batch"]], where=where).to_pylist()
    mine = [one for one in rows if one["encoder"] == state.encoder_id()]
    return dict(next(iter(mine or rows), {}))


def _harvest(state: AppState, batch: str) -> dict[str, Any]:
    """Return source and origin of the harvest; nothing where the landing zone no longer has it."""
    try:
        manifest = state.platform.landing.manifest(batch)
    except LandingError:
        return {"source": None, "origin": {}}
    return {"source": manifest.source, "origin": manifest.origin}
