"""Overviews: clusters, the map, status, manifests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from heritage_assets import __version__
from heritage_assets.search.api.cards import card
from heritage_assets.search.api.models_views import Clusters, MapData, Meta, Status
from heritage_assets.search.api.params import Guid
from heritage_assets.search.api.problems import ApiProblem, not_found
from heritage_assets.search.api.responses import Json
from heritage_assets.search.api.routes_records import known_record
from heritage_assets.search.api.session import Who
from heritage_assets.search.api.state import AppState, Current, State
from heritage_assets.search.iiif import CONTEXT, MOST_CANVASES, manifest
from heritage_assets.search.map_data import NO_MAP
from heritage_assets.search.questions import HARVEST_FIRST, SORTS
from heritage_assets.search.snapshot import FILTERABLE

router = APIRouter(tags=["overview"])
BEAT_SECONDS = 15.0
MANIFEST_TYPE = f'application/ld+json;profile="{CONTEXT}"'


@router.get("/api/v1/meta", response_model=Meta)
async def meta(state: State, snapshot: Current, who: Who) -> Response:
    """Return what a page needs to know at its start."""
    limits, loaded = state.limits, state.encoder.loaded
    return Json(
        {
            "version": __version__,
            "records": snapshot.size if who.reads else 0,
            "filters": FILTERABLE,
            "sorts": SORTS,
            "encoder": state.encoder_name if who.reads else None,
            "encoder_state": state.encoder.state,
            "text_search": None if loaded is None else loaded.text_dim is not None,
            "max_upload_bytes": limits.max_upload_bytes,
            "max_limit": limits.max_limit,
            "max_depth": limits.max_depth,
            "dagster_ui": limits.dagster_ui if who.reads else None,
            "documents": len(snapshot.paged) if who.reads else 0,
            "login_needed": state.doorkeeper.closed,
            "role": who.role,
            "name": who.name,
            "hint": HARVEST_FIRST if snapshot.size == 0 and who.reads else None,
        }
    )


@router.get("/api/v1/clusters", response_model=Clusters)
async def clusters(snapshot: Current) -> Response:
    """Return all clusters, largest first, each with the picture that stands for it."""
    known = [row["exemplar"] for row in snapshot.clusters if row["exemplar"] in snapshot.row_of]
    exemplars = {row["guid"]: card(row) for row in snapshot.cards([snapshot.row_of[guid] for guid in known])}
    names = ("cluster_id", "label", "terms", "size", "x", "y", "method")
    shown = [
        {**{name: row[name] for name in names}, "terms": row["terms"] or [], "exemplar": exemplars.get(row["exemplar"])}
        for row in snapshot.clusters
    ]
    return Json({"clusters": shown, "hint": None if shown else HARVEST_FIRST if snapshot.size == 0 else NO_MAP})


@router.get(
    "/api/v1/map",
    response_model=MapData,
    responses={200: {"content": {"application/vnd.apache.arrow.stream": {}}}, 304: {"description": "Not modified"}},
)
async def map_page(
    state: State,
    snapshot: Current,
    request: Request,
    format: Annotated[Literal["json", "arrow"], Query(description="arrow: an Arrow IPC stream.")] = "json",
) -> Response:
    """Return the map: columns of guid, x, y, cluster and ratio, one row for each object."""
    packed = await asyncio.to_thread(state.maps.page, snapshot, format)
    headers = {"etag": packed.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if packed.etag in (request.headers.get("if-none-match") or ""):
        return Response(status_code=304, headers=headers)
    media_type = "application/json" if format == "json" else "application/vnd.apache.arrow.stream"
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed.gzipped, headers={**headers, "content-encoding": "gzip"}, media_type=media_type)
    return Response(packed.plain, headers=headers, media_type=media_type)


@router.get("/api/v1/status", response_model=Status)
async def status(state: State) -> Response:
    """Return what the archive holds, what each batch went through, what failed, and what is going on."""
    return Json(await state.board.status())


@router.get(
    "/api/v1/status/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def status_stream(state: State, request: Request) -> Response:
    """Send the status now, and again whenever it has changed, as server-sent events (``event: status``)."""
    if state.board.watchers >= state.limits.max_streams:
        raise ApiProblem(503, "overloaded", "too many watch the status already: ask /api/v1/status", retry_after=30)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_events(state, request), media_type="text/event-stream", headers=headers)


async def _events(state: AppState, request: Request) -> AsyncIterator[bytes]:
    board = state.board
    board.watchers += 1
    try:
        yield b"retry: 3000\n\n"
        await board.look()
        seen = 0
        while not await request.is_disconnected():
            news = await board.next(seen, BEAT_SECONDS)
            if news is None:
                yield b": still here\n\n"
                continue
            seen, data = news
            yield b"event: status\nid: %d\ndata: %b\n\n" % (seen, data)
    finally:
        board.watchers -= 1


@router.get(
    "/iiif/{kind}/{identity:path}/manifest.json",
    response_class=Response,
    responses={200: {"content": {MANIFEST_TYPE: {"schema": {"type": "object"}}}}},
)
async def iiif_manifest(
    state: State, snapshot: Current, request: Request, kind: Literal["record", "group", "cluster"], identity: Guid
) -> Response:
    """Return a IIIF Presentation 3 manifest: a canvas for each record (of a cluster: at most 500)."""
    if kind == "record":
        rows, label = [known_record(snapshot, identity)], None
    elif kind == "group":
        rows, label = snapshot.rows_of_object(identity), None
    else:
        rows = snapshot.ordered({"cluster_id": [identity]}, "guid", collapse=True)[:MOST_CANVASES].tolist()
        label = next((one["label"] for one in snapshot.clusters if one["cluster_id"] == identity), None)
    if not rows:
        raise not_found(f"there is no {kind} {identity} in this archive")
    members = snapshot.cards(rows)
    base = state.limits.public_url or str(request.base_url).rstrip("/")
    made = manifest(
        base, kind, identity, label or members[0]["title"] or members[0]["guid"], members,
        derivative_side=state.settings.fetch.derivative_side,
    )  # fmt: skip
    return Json(made, media_type=MANIFEST_TYPE)
