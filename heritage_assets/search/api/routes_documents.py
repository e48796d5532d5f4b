"""Documents of scanned pages: lists, pages in order, the filmstrip, decisions, manifest and PDF."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from heritage_assets.curation.pages.documents import Documents, PageDocument
from heritage_assets.search.api.document_cards import progress, scanned_pages, summaries
from heritage_assets.search.api.models_documents import (
    DocumentDetail,
    DocumentList,
    Filmstrip,
    NewPageDecision,
    PageDecision,
)
from heritage_assets.search.api.params import Offset
from heritage_assets.search.api.problems import ApiProblem, not_found
from heritage_assets.search.api.responses import Json
from heritage_assets.search.api.routes_views import MANIFEST_TYPE
from heritage_assets.search.api.session import Reviewer
from heritage_assets.search.api.state import AppState, Current, State
from heritage_assets.search.iiif import manifest
from heritage_assets.search.pdf import MOST_PAGES, opened_once, write_pdf
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.stores.decisions import DecisionRefusedError
from heritage_assets.stores.page_decisions import Desk, WantedPages

router = APIRouter(tags=["documents"])
NO_DOCUMENTS = "no documents are proposed yet: run `heritage pages group --dataset …`, or see `heritage pages demo`"
MOST_BOUNDARIES = 50
DocumentId = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="The document's id.")]
Dataset = Annotated[str, Query(min_length=1, max_length=300)]
OfDataset = Annotated[
    str | None,
    Query(min_length=1, max_length=300, description="Needed where several datasets have a document of that id."),
]
PDF_TYPE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("/api/v1/documents", response_model=DocumentList)
async def documents(
    state: State,
    snapshot: Current,
    dataset: OfDataset = None,
    show: Annotated[Literal["all", "open", "confirmed"], Query()] = "all",
    sort: Annotated[Literal["place", "doubt"], Query(description="Scanning order, or most doubtful first.")] = "place",
    limit: Annotated[int, Query(ge=1, le=200)] = 48,
    offset: Offset = 0,
) -> Response:
    """Return documents of scanned pages (of one dataset), each with its first page."""

    def read() -> dict[str, Any]:
        names = state.documents.datasets() if dataset is None else [dataset]
        desks = [_desk(state, name) for name in names]
        found = [
            (desk.documents, one)
            for desk in desks
            for one in desk.documents.ordered()
            if show == "all" or one.confirmed == (show == "confirmed")
        ]
        if sort == "doubt":
            found.sort(key=lambda both: -both[1].doubt)
        page, following = found[offset : offset + limit], offset + limit
        return {
            "documents": summaries(state.documents, snapshot, page),
            "datasets": [progress(desk) for desk in desks],
            "total": len(found),
            "offset": offset,
            "limit": limit,
            "next_offset": following if following < len(found) else None,
            "hint": None if found or desks else NO_DOCUMENTS,
        }

    return Json(await asyncio.to_thread(read))


@router.get("/api/v1/documents/{document}", response_model=DocumentDetail)
async def document(state: State, snapshot: Current, document: DocumentId, dataset: OfDataset = None) -> Response:
    """Return a document with its pages in order."""

    def read() -> dict[str, Any]:
        held, one = _found(state, document, dataset)
        (summary,) = summaries(state.documents, snapshot, [(held, one)])
        order = [other.id for other in held.ordered()]
        at = order.index(one.id)
        return {
            **summary,
            "tag": one.tag,
            "run": held.run,
            "pages_in_order": scanned_pages(held, snapshot, one.guids),
            "manifest": f"/iiif/document/{quote(one.id)}/manifest.json?dataset={quote(held.dataset, safe='')}",
            "pdf": f"/api/v1/documents/{quote(one.id)}/document.pdf?dataset={quote(held.dataset, safe='')}",
            "before": order[at - 1] if at else None,
            "after": order[at + 1] if at + 1 < len(order) else None,
        }

    return Json(await asyncio.to_thread(read))


@router.get("/api/v1/filmstrip", response_model=Filmstrip)
async def filmstrip(
    state: State,
    snapshot: Current,
    dataset: Dataset,
    around: Annotated[int | None, Query(ge=0, le=100_000_000, description="Place; default: the most doubtful.")] = None,
    reach: Annotated[int, Query(ge=1, le=60, description="Scans on each side.")] = 12,
) -> Response:
    """Return the scans around a place in scanning order, and the boundaries that wait, most doubtful first."""

    def read() -> dict[str, Any]:
        desk = _desk(state, dataset)
        held = desk.documents
        place = around if around is not None else held.boundaries[0].place if held.boundaries else 0
        start = max(0, min(place, len(held.order) - 1) - reach)
        names = ("before", "after", "place", "cut", "doubt")
        return {
            "dataset": dataset,
            "start": start,
            "scans": scanned_pages(held, snapshot, held.order[start : start + 2 * reach + 1]),
            "total": len(held.order),
            "boundaries": [{name: getattr(one, name) for name in names} for one in held.boundaries[:MOST_BOUNDARIES]],
            "progress": progress(desk),
        }

    return Json(await asyncio.to_thread(read))


@router.post(
    "/api/v1/documents/decisions",
    response_model=PageDecision,
    status_code=201,
    responses={200: {"model": PageDecision, "description": "It was there already."}, 409: {"description": "Conflict"}},
)
async def decide(state: State, who: Reviewer, body: NewPageDecision) -> Response:
    """Confirm, split or merge documents, or take a decision back. It counts at once, and in every grouping to come."""
    wanted = WantedPages(
        body.decision,
        who.name or (body.reviewer or "").strip() or "anonymous",
        tuple(body.guids),
        document=body.document,
        title=body.title,
        note=body.note,
        undoes=body.undoes,
        decision_id=body.decision_id,
        expects=None if body.expects is None else frozenset(body.expects),
    )
    try:
        row, new = await asyncio.to_thread(state.documents.decide, body.dataset, wanted)
    except KeyError:
        raise _no_dataset(body.dataset) from None
    except DecisionRefusedError as error:
        status = 404 if error.code in ("unknown_scan", "unknown_decision") else 409
        raise ApiProblem(status, error.code, str(error)) from error
    return Json(row, status_code=201 if new else 200)


@router.get(
    "/iiif/document/{document}/manifest.json",
    response_class=Response,
    responses={200: {"content": {MANIFEST_TYPE: {"schema": {"type": "object"}}}}},
)
async def document_manifest(
    state: State, snapshot: Current, request: Request, document: DocumentId, dataset: OfDataset = None
) -> Response:
    """Return a IIIF Presentation 3 manifest of a document: a canvas for each page, in order."""

    def read() -> dict[str, Any]:
        held, one = _found(state, document, dataset)
        rows = snapshot.cards([snapshot.row_of[guid] for guid in one.guids if guid in snapshot.row_of])
        if not rows:
            raise not_found(f"the pages of {document} are no records of this archive any more")
        base = state.limits.public_url or str(request.base_url).rstrip("/")
        title = state.documents.titles(held, [one], snapshot)[one.id]
        side = state.settings.fetch.derivative_side
        return manifest(base, "document", one.id, title, rows, derivative_side=side, dataset=held.dataset)

    return Json(await asyncio.to_thread(read), media_type=MANIFEST_TYPE)


@router.get("/api/v1/documents/{document}/document.pdf", response_class=StreamingResponse, responses=PDF_TYPE)
async def document_pdf(state: State, snapshot: Current, document: DocumentId, dataset: OfDataset = None) -> Response:
    """Return a document as PDF: its pages in order, as derivative images; at most 1,000."""
    if state.exports >= state.limits.max_exports:
        raise ApiProblem(503, "overloaded", "too many exports are running: try again in a while", retry_after=10)
    state.exports += 1
    try:
        path = await asyncio.to_thread(_write_pdf, state, snapshot, document, dataset)
    finally:
        state.exports -= 1
    size, pieces = opened_once(path)
    headers = {
        "content-disposition": f'attachment; filename="{document}.pdf"',
        "content-length": str(size),
        "cache-control": "no-store",
    }
    return StreamingResponse(pieces, media_type="application/pdf", headers=headers)


def _write_pdf(state: AppState, snapshot: Snapshot, document: str, dataset: str | None) -> FilePath:
    held, one = _found(state, document, dataset)
    if len(one.guids) > MOST_PAGES:
        raise ApiProblem(413, "too_large", f"{document} has {len(one.guids):,} pages; a PDF may have {MOST_PAGES:,}")
    rows = [snapshot.card(guid) for guid in one.guids]
    keys = [row["derivative"] if row else None for row in rows]
    title = state.documents.titles(held, [one], snapshot)[one.id]
    with tempfile.NamedTemporaryFile(prefix="document-", suffix=".pdf", delete=False) as file:
        path = FilePath(file.name)
    try:
        write_pdf(path, keys, state.platform.objects.get, title)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


# -- what is asked for ---------------------------------------------------------------------------------------------------


def _desk(state: AppState, dataset: str) -> Desk:
    try:
        return state.documents.desk(dataset)
    except KeyError:
        raise _no_dataset(dataset) from None


def _no_dataset(dataset: str) -> ApiProblem:
    return not_found(f"dataset {dataset!r} has no documents: {NO_DOCUMENTS}")


def _found(state: AppState, document: str, dataset: str | None) -> tuple[Documents, PageDocument]:
    found = state.documents.find(document, dataset)
    if not found:
        where = "this archive" if dataset is None else f"dataset {dataset!r}"
        raise not_found(f"{document} is no document of {where}")
    if len(found) > 1:
        names = ", ".join(held.dataset for held, _ in found)
        raise ApiProblem(409, "several_datasets", f"{document} is a document of {names}: say which with ?dataset=…")
    return found[0]
