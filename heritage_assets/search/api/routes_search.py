"""Searching: text, image, both, a record's likes; facets; records like a given one; the small contract of matching services."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, File, Form, Query, UploadFile
from starlette.responses import Response

from heritage_assets.search.api.cards import hits
from heritage_assets.search.api.models_search import Facets, SearchAnswer, SimilarAnswer, SimilarImages, VectorBody
from heritage_assets.search.api.params import FormFilters, Guid, Limit, Offset, QueryFilters
from heritage_assets.search.api.problems import not_found
from heritage_assets.search.api.questions import FormQuestion, QueryQuestion, read_upload
from heritage_assets.search.api.responses import Json
from heritage_assets.search.api.state import AppState, Current, State
from heritage_assets.search.facets import count_facets
from heritage_assets.search.questions import HARVEST_FIRST, By, Question
from heritage_assets.search.reasons import with_reasons
from heritage_assets.search.snapshot import Snapshot

router = APIRouter(tags=["search"])


@router.get("/api/v1/search", response_model=SearchAnswer)
async def search(
    state: State, snapshot: Current, question: QueryQuestion, limit: Limit = 30, offset: Offset = 0
) -> Response:
    """Search by words, by records, or both; without either, list what meets the filters.

    What is written comes first: a guid or an inventory number (match "identifier"), a title, a phrase in quotation marks. Then
    follow the nearest by vector.
    """
    return await _answered(state, snapshot, replace(question, limit=limit, offset=offset))


@router.post("/api/v1/search", response_model=SearchAnswer)
async def search_by_form(
    state: State,
    snapshot: Current,
    question: FormQuestion,
    limit: Annotated[int, Form(ge=1, le=1000)] = 30,
    offset: Annotated[int, Form(ge=0, le=10_000_000)] = 0,
) -> Response:
    """Search as GET does, with a picture, and among records too many for an address (``guid``, ``guids``: a lasso on the map)."""
    return await _answered(state, snapshot, replace(question, limit=limit, offset=offset))


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
    return await _counted(state, snapshot, filters)


@router.post("/api/v1/facets", response_model=Facets)
async def facets_by_form(state: State, snapshot: Current, filters: FormFilters) -> Response:
    """Count as GET does, among records too many for an address (``guid``, ``guids``: a lasso on the map)."""
    return await _counted(state, snapshot, filters)


async def _counted(state: AppState, snapshot: Snapshot, filters: Mapping[str, Any]) -> Response:
    collection = await state.engine.collection()
    if collection is None:
        empty = {"total": 0, "fields": {}, "years": [], "year_min": None, "year_max": None}
        return Json({**empty, "hint": HARVEST_FIRST if snapshot.size == 0 else await state.engine.no_points()})
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
    return Json({"guid": guid, "by": by, "results": found, "hint": answer.hint, "took_ms": took})


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
