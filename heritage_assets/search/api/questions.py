"""Questions as addresses and forms put them: the parameters that searching and exporting share."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, File, Form, Query, UploadFile

from heritage_assets.search.api.params import FormFilters, QueryFilters
from heritage_assets.search.api.problems import ApiProblem
from heritage_assets.search.api.state import AppState, State
from heritage_assets.search.questions import By, Question

MAX_TEXT = 1_000
MAX_LIKES = 20
Sort = Literal["relevance", "year", "-year", "title", "guid"]
Likes = Annotated[
    list[Annotated[str, Query(max_length=2000)]] | None, Query(max_length=MAX_LIKES, description="Records to be like.")
]
Weight = Annotated[float, Query(ge=0, le=1, description="Of the image beside a text: 0 text alone, 1 image alone.")]
FormLikes = Annotated[list[Annotated[str, Form(max_length=2000)]] | None, Form(max_length=MAX_LIKES)]


def _from_query(
    filters: QueryFilters,
    q: Annotated[str | None, Query(max_length=MAX_TEXT, description='Words; "in quotation marks": a phrase.')] = None,
    like: Likes = None,
    unlike: Likes = None,
    by: Annotated[By | None, Query(description="What a lone text or like is held against.")] = None,
    weight: Weight = 0.5,
    sort: Sort = "relevance",
    collapse: Annotated[bool, Query(description="One answer for each object, with its number of copies.")] = True,
) -> Question:
    return Question(
        text=(q or "").strip() or None, likes=tuple(like or ()), unlikes=tuple(unlike or ()), by=by, weight=weight,
        filters=filters, sort=sort, collapse=collapse,
    )  # fmt: skip


async def _from_form(
    state: State,
    filters: FormFilters,
    image: Annotated[UploadFile | None, File(description="A picture to look for.")] = None,
    q: Annotated[str | None, Form(max_length=MAX_TEXT)] = None,
    like: FormLikes = None,
    unlike: FormLikes = None,
    by: Annotated[By | None, Form()] = None,
    weight: Annotated[float, Form(ge=0, le=1)] = 0.5,
    sort: Annotated[Sort, Form()] = "relevance",
    collapse: Annotated[bool, Form()] = True,
) -> Question:
    return Question(
        text=(q or "").strip() or None, image=await read_upload(state, image), likes=tuple(like or ()),
        unlikes=tuple(unlike or ()), by=by, weight=weight, filters=filters, sort=sort, collapse=collapse,
    )  # fmt: skip


QueryQuestion = Annotated[Question, Depends(_from_query)]
FormQuestion = Annotated[Question, Depends(_from_form)]


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
