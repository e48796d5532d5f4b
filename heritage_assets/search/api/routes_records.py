"""Records: everything known of one, cards of many, and their pictures."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from heritage_assets.search.api.cards import cards
from heritage_assets.search.api.details import record_detail
from heritage_assets.search.api.models import Cards, CardsWanted
from heritage_assets.search.api.models_records import RecordDetail
from heritage_assets.search.api.params import Guid
from heritage_assets.search.api.problems import ApiProblem, not_found
from heritage_assets.search.api.responses import Json
from heritage_assets.search.api.state import Current, State
from heritage_assets.search.snapshot import Snapshot

router = APIRouter(tags=["records"])
FOREVER = "public, max-age=31536000, immutable"
A_WHILE = "public, max-age=300"


def known_record(snapshot: Snapshot, guid: str) -> int:
    """Return the record's row.

    Raises:
        ApiProblem: unknown (404), or withdrawn by its provider (410).
    """
    if guid in snapshot.withdrawn:
        raise ApiProblem(410, "withdrawn", f"{guid} was withdrawn by its provider")
    if guid not in snapshot.row_of:
        raise not_found(f"{guid} is no record of this archive")
    return snapshot.row_of[guid]


@router.get("/api/v1/records/{guid:path}", response_model=RecordDetail)
async def record(state: State, snapshot: Current, guid: Guid) -> Response:
    """Return everything known of a record: metadata, rights, image, duplicates with evidence, cluster, links, lineage."""
    known_record(snapshot, guid)
    return Json(await asyncio.to_thread(record_detail, state, snapshot, guid))


@router.post("/api/v1/cards", response_model=Cards)
async def many_cards(snapshot: Current, body: CardsWanted) -> Response:
    """Return the cards of up to 500 records (what a lasso on the map has caught)."""
    found = cards(snapshot, body.guids)
    wanted = list(dict.fromkeys(body.guids))
    missing = [guid for guid in wanted if guid not in found]
    return Json({"cards": [found[guid] for guid in wanted if guid in found], "missing": missing})


@router.get(
    "/image/{guid:path}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}, 304: {}},
)
async def image(
    state: State,
    snapshot: Current,
    request: Request,
    guid: Guid,
    size: Annotated[Literal["thumbnail", "derivative"], Query()] = "thumbnail",
    v: Annotated[
        str | None, Query(max_length=64, description="Beginning of the image's hash: may be kept for ever.")
    ] = None,
) -> Response:
    """Return a record's picture as JPEG: the thumbnail (256 pixels) or the derivative (768)."""
    row = snapshot.cards([known_record(snapshot, guid)])[0]
    key, sha256 = row[size], row["sha256"]
    if not key or not sha256:
        raise not_found(f"{guid} has no image here ({row['image_status'] or 'not fetched yet'})")
    etag = f'"{sha256[:16]}-{size[0]}"'
    kept = FOREVER if v and sha256.startswith(v) else A_WHILE
    headers = {"etag": etag, "cache-control": kept}
    if etag in (request.headers.get("if-none-match") or ""):
        return Response(status_code=304, headers=headers)
    try:
        data = await asyncio.to_thread(state.platform.objects.get, key)
    except KeyError:
        raise not_found(
            f"the picture of {guid} is not in the object store: run its batch's source_images again"
        ) from None
    return Response(data, media_type="image/jpeg", headers=headers)
