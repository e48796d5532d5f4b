"""Searching: text, image, both, a record's likes; facets; records like a given one; the small contract of matching services."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.responses import Response

from heritage_assets.search.api.cards import hits
from heritage_assets.search.api.models import Facets, SearchAnswer, SimilarAnswer, SimilarImages, VectorBody
from heritage_assets.search.api.params import FormFilters, Guid, Limit, Offset, QueryFilters
from heritage_assets.search.api.problems import ApiProblem, not_found
from heritage_assets.search.api.responses import Json
from heritage_assets.search.api.state import AppState, Current, State
from heritage_assets.search.engine import HARVEST_FIRST, NO_POINTS, By, Question
from heritage_assets.search.facets import count_facets
from heritage_assets.search.reasons import with_reasons
from heritage_assets.search.snapshot import Snapshot

router = APIRouter(tags=["search"])
MAX_TEXT = 1_000
MAX_LIKES = 20
Sort = Literal["relevance", "year", "-year", "title", "guid"]
Likes = Annotated[
    list[Annotated[str, Query(max_length=2000)]] | None, Query(max_length=MAX_LIKES, description="Records to be like.")
]
Weight = Annotated[float, Query(ge=0, le=1, description="Of the image beside a text: 0 text alone, 1 image alone.")]


@router.get("/api/v1/search", response_model=SearchAnswer)
async def search(
    state: State,
    snapshot: Current,
    filters: QueryFilters,
    q: Annotated[str | None, Query(max_length=MAX_TEXT, description='Words; "in quotation marks": a phrase.')] = None,
    like: Likes = None,
    unlike: Likes = None,
    by: Annotated[By | None, Query(description="What a lone text or like is held against.")] = None,
    weight: Weight = 0.5,
    sort: Sort = "relevance",
    collapse: Annotated[bool, Query(description="One answer for each object, with its number of copies.")] = True,
    limit: Limit = 30,
    offset: Offset = 0,
) -> Response:
    """Search by words, by records, or both; without either, list what meets the filters.

    What is written comes first: a guid or an inventory number (match "identifier"), a title, a phrase in quotation marks. Then
    follow the nearest by vector.
    """
    question = Question(
        text=(q or "").strip() or None, likes=tuple(like or ()), unlikes=tuple(unlike or ()), by=by, weight=weight,
        filters=filters, limit=limit, offset=offset, sort=sort, collapse=collapse,
    )  # fmt: skip
    return await _answered(state, snapshot, question)


@router.post("/api/v1/search", response_model=SearchAnswer)
async def search_by_form(
    state: State,
    snapshot: Current,
    filters: FormFilters,
    image: Annotated[UploadFile | None, File(description="A picture to look for.")] = None,
    q: Annotated[str | None, Form(max_length=MAX_TEXT)] = None,
    like: Annotated[list[Annotated[str, Form(max_length=2000)]] | None, Form(max_length=MAX_LIKES)] = None,
    unlike: Annotated[list[Annotated[str, Form(max_length=2000)]] | None, Form(max_length=MAX_LIKES)] = None,
    by: Annotated[By | None, Form()] = None,
    weight: Annotated[float, Form(ge=0, le=1)] = 0.5,
    sort: Annotated[Sort, Form()] = "relevance",
    collapse: Annotated[bool, Form()] = True,
    limit: Annotated[int, Form(ge=1, le=1000)] = 30,
    offset: Annotated[int, Form(ge=0, le=10_000_000)] = 0,
) -> Response:
    """Search as GET does, with a picture, and with ``guid`` filters too long for an address (a lasso on the map)."""
    question = Question(
        text=(q or "").strip() or None, image=await read_upload(state, image), likes=tuple(like or ()),
        unlikes=tuple(unlike or ()), by=by, weight=weight, filters=filters, limit=limit, offset=offset, sort=sort,
        collapse=collapse,
    )  # fmt: skip
    return await _answered(state, snapshot, question)


@router.post("/api/v1/search/vector", response_model=SearchAnswer)
async def search_by_vector(state: State, snapshot: Current, body: VectorBody) -> Response:
    """Search by a vector that you made with the archive's encoder."""
    vector = np.asarray(body.vector, np.float32)
    question = Question(
        vector=vector,
        using=body.using,
        filters=body.filters.conditions(),
        limit=body.limit,
        offset=body.offset,
        collapse=body.collapse,
    )
    return await _answered(state, snapshot, question)


async def read_upload(state: AppState, upload: UploadFile | None) -> bytes | None:
    """Return the bytes of an uploaded image; None without one.

    Raises:
        ApiProblem: empty, or too large.
    """
    if upload is None:
        return None
    data = await upload.read(state.limits.max_upload_bytes + 1)
    if len(data) > state.limits.max_upload_bytes:
        raise ApiProblem(413, "too_large", f"images may have {state.limits.max_upload_bytes:,} bytes")
    if not data and not upload.filename:
        return None  # how browsers send a form whose file was not chosen
    if not data:
        raise ApiProblem(415, "not_an_image", "the uploaded image is empty")
    return data


async def _answered(state: AppState, snapshot: Snapshot, question: Question) -> Response:
    started = time.perf_counter()
    question = replace(question, limit=min(question.limit, state.limits.max_limit))
    answer = await state.engine.answer(question, snapshot)
    new = [place.guid for place in answer.page if place.guid not in snapshot.row_of]
    collection = await state.engine.collection() if new else None
    payloads = await state.vectors.payloads(collection, new) if new and collection else {}
    return Json(
        {
            "results": hits(snapshot, answer.page, payloads),
            "offset": question.offset,
            "limit": question.limit,
            "total": answer.total,
            "next_offset": answer.next_offset,
            "hint": answer.hint,
            "took_ms": round((time.perf_counter() - started) * 1000, 2),
        }
    )


@router.get("/api/v1/facets", response_model=Facets)
async def facets(state: State, snapshot: Current, filters: QueryFilters) -> Response:
    """Count records by field in the vector store; each field under the filters of all others, so that a choice can be widened."""
    collection = await state.engine.collection()
    if collection is None:
        empty = {"total": 0, "fields": {}, "years": [], "year_min": None, "year_max": None}
        return Json({**empty, "hint": HARVEST_FIRST if snapshot.size == 0 else NO_POINTS})
    return Json(await count_facets(state.vectors, collection, filters, snapshot))


@router.get("/api/v1/similar/{guid:path}", response_model=SimilarAnswer)
async def similar(
    state: State,
    snapshot: Current,
    guid: Guid,
    filters: QueryFilters,
    by: By = "image",
    collapse: bool = True,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Return records like this one, each with its reasons: cosine of the images, of the texts, and what both have in common."""
    started = time.perf_counter()
    if guid not in snapshot.row_of:
        raise not_found(f"{guid} is no record of this archive")
    question = Question(likes=(guid,), by=by, filters=filters, limit=limit, collapse=collapse)
    answer = await state.engine.answer(question, snapshot)
    found = hits(snapshot, answer.page)
    collection = await state.engine.collection()
    if collection is not None:
        found = await with_reasons(state.vectors, collection, snapshot, guid, found)
    took = round((time.perf_counter() - started) * 1000, 2)
    return Json({"guid": guid, "by": by, "results": found, "took_ms": took})


@router.post("/search_similar", response_model=SimilarImages | dict[str, float])
async def search_similar(
    state: State,
    snapshot: Current,
    image: Annotated[UploadFile, File(description="The picture.")],
    top_k: Annotated[int, Query(ge=1, le=200)] = 10,
    format: Annotated[Literal["results", "map"], Query(description="map: an object of cosines by guid.")] = "results",
) -> Response:
    """Return the ``top_k`` records whose images are nearest to a picture (every record for itself, copies too)."""
    started = time.perf_counter()
    data = await read_upload(state, image)
    question = Question(image=data, limit=top_k, collapse=False)
    answer = await state.engine.answer(question, snapshot)
    if format == "map":
        return Json({place.guid: place.score for place in answer.page})
    took = round((time.perf_counter() - started) * 1000, 2)
    return Json({"results": hits(snapshot, answer.page), "took_ms": took})
