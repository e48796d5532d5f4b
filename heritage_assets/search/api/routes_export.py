"""Exports: the answers of a search, and tables of the lake, as streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import pyarrow as pa
from fastapi import APIRouter, Path, Query
from starlette.responses import Response, StreamingResponse

from heritage_assets.curation.schemas import TableSpec
from heritage_assets.search.api.cards import hits
from heritage_assets.search.api.problems import ApiProblem, not_found
from heritage_assets.search.api.questions import FormQuestion, QueryQuestion
from heritage_assets.search.api.state import AppState, Current, State
from heritage_assets.search.export import export_stream, exportable, rows_of
from heritage_assets.search.questions import Question, Ranked
from heritage_assets.search.snapshot import Snapshot

router = APIRouter(tags=["overview"])
Form = Literal["csv", "jsonl", "parquet"]
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
}
STREAMED: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()}}
}
ROWS_AT_ONCE = 1_000
_TEXTS = ("guid", "title", "creator", "date")
_FACTS = ("type", "dataset", "provider", "data_provider", "country", "language", "rights", "rights_category")
_STATE = ("embedding_status", "status", "canonical_id", "cluster_id")
RESULTS = TableSpec(
    "search_results",
    pa.schema(
        [
            ("place", pa.int64()),
            ("score", pa.float64()),
            ("match", pa.string()),
            *((name, pa.string()) for name in _TEXTS),
            ("year", pa.int64()),
            ("subject", pa.list_(pa.string())),
            ("identifiers", pa.list_(pa.string())),
            *((name, pa.string()) for name in (*_FACTS, *_STATE)),
            ("is_representative", pa.bool_()),
            ("copies", pa.int64()),
        ]
    ),
    key=("guid",),
    partitioned=False,
)
"""What an export of a search holds: its cards without the addresses of pictures, in order, ``place`` from 1."""


@router.get("/api/v1/export/search.{form}", response_class=StreamingResponse, responses=STREAMED)
async def export_search(state: State, snapshot: Current, question: QueryQuestion, form: Form) -> Response:
    """Stream all answers of a search (the parameters of GET /api/v1/search): a listing whole, a ranking to its greatest depth."""
    return await _exported(state, snapshot, question, form)


@router.post("/api/v1/export/search.{form}", response_class=StreamingResponse, responses=STREAMED)
async def export_search_by_form(state: State, snapshot: Current, question: FormQuestion, form: Form) -> Response:
    """Stream all answers of a search with a picture, or among many records (the form of POST /api/v1/search)."""
    return await _exported(state, snapshot, question, form)


@router.get("/api/v1/export/{table}.{form}", response_class=StreamingResponse, responses=STREAMED)
async def export_table(
    state: State,
    table: Annotated[str, Path(max_length=100, pattern=r"^[a-z_]+$")],
    form: Form,
    batch: Annotated[list[Annotated[str, Query(max_length=120)]] | None, Query(max_length=50)] = None,
) -> Response:
    """Stream a table of the lake (or the slices of some batches). Cells that a spreadsheet would run are disarmed in CSV."""
    try:
        spec = exportable(table, batch)
    except ValueError as error:
        raise not_found(str(error)) from error
    return _streamed(state, spec, rows_of(state.platform.lake, spec, batches=batch), form)


async def _exported(state: AppState, snapshot: Snapshot, question: Question, form: Form) -> Response:
    _admit(state)
    most = max(snapshot.size, 1) if question.browses else state.limits.max_depth
    answer = await state.engine.answer(replace(question, limit=most), snapshot)
    return _streamed(state, RESULTS, _result_rows(snapshot, answer.page), form)


def _result_rows(snapshot: Snapshot, ranking: Sequence[Ranked]) -> Iterator[pa.RecordBatch]:
    """Yield 1,000 answers at a time; a record that is too new for the snapshot is left out and keeps its place free."""
    for start in range(0, len(ranking), ROWS_AT_ONCE):
        part = ranking[start : start + ROWS_AT_ONCE]
        places = {one.guid: start + number for number, one in enumerate(part, 1)}
        rows = [{**row, "place": places[row["guid"]]} for row in hits(snapshot, part)]
        yield pa.RecordBatch.from_pylist(rows, schema=RESULTS.schema)


def _admit(state: AppState) -> None:
    if state.exports >= state.limits.max_exports:
        raise ApiProblem(503, "overloaded", "too many exports are running: try again in a while", retry_after=10)


def _streamed(state: AppState, spec: TableSpec, rows: Iterable[pa.RecordBatch], form: Form) -> Response:
    _admit(state)

    def pieces() -> Iterator[bytes]:
        state.exports += 1
        try:
            yield from export_stream(spec, rows, form)
        finally:
            state.exports -= 1

    headers = {"content-disposition": f'attachment; filename="{spec.name}.{form}"', "cache-control": "no-store"}
    return StreamingResponse(pieces(), media_type=MEDIA_TYPES[form], headers=headers)
