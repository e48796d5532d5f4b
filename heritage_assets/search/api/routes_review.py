"""Duplicates and their review."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

import pyarrow as pa
from fastapi import APIRouter, Query
from starlette.responses import Response

from heritage_assets.curation.duplicates.explain import explain
from heritage_assets.search.api.cards import card, cards
from heritage_assets.search.api.details import explained
from heritage_assets.search.api.models_review import (
    Decision,
    Decisions,
    GroupDetail,
    GroupPage,
    NewDecision,
    PairExplanation,
    ReviewQueue,
)
from heritage_assets.search.api.params import Guid, Offset
from heritage_assets.search.api.problems import ApiProblem, not_found
from heritage_assets.search.api.responses import Json
from heritage_assets.search.api.routes_records import known_record
from heritage_assets.search.api.session import Reader, Reviewer
from heritage_assets.search.api.state import AppState, Current, State
from heritage_assets.search.questions import HARVEST_FIRST
from heritage_assets.search.review import DecisionRefusedError, differences, evidence_of_pair, queue, with_state
from heritage_assets.search.snapshot import Snapshot
from heritage_assets.stores.archive import LakeArchive
from heritage_assets.stores.lake import text

router = APIRouter(tags=["duplicates and review"])
PageLimit = Annotated[int, Query(ge=1, le=200)]
NO_GROUPS = "no duplicates were found"
REFUSED = {"unknown_record": 404, "unknown_decision": 404, "note_too_long": 422, "unknown_kind": 422}
"""Status of a refused decision by its code; the others conflict with what is there: 409."""
NO_PAIRS = "no borderline pair waits for a decision"


def _canonicalized(state: AppState, snapshot: Snapshot) -> datetime | None:
    """Return when the archive was last canonicalized, by the tables or by Dagster (a run that changes nothing writes nothing)."""
    known = (snapshot.canonicalized_at, state.runs.last_materialized("canonical_points"))
    return max((moment for moment in known if moment is not None), default=None)


# -- duplicates -----------------------------------------------------------------------------------------------------------


@router.get("/api/v1/duplicates", response_model=GroupPage)
async def groups(snapshot: Current, limit: PageLimit = 30, offset: Offset = 0) -> Response:
    """Return the groups of records that show one object, largest first."""
    ids = snapshot.groups[offset : offset + limit]
    heads = snapshot.cards([snapshot.members[canonical][0] for canonical in ids])
    following = offset + limit
    shown = [
        {
            "canonical_id": canonical,
            "size": len(snapshot.members[canonical]),
            "representative": card(head),
            "weakest_similarity": head["weakest_similarity"],
        }
        for canonical, head in zip(ids, heads, strict=True)
    ]
    total = len(snapshot.groups)
    hint = None if total else HARVEST_FIRST if snapshot.size == 0 else NO_GROUPS
    next_offset = following if following < total else None
    return Json(
        {"groups": shown, "total": total, "offset": offset, "limit": limit, "next_offset": next_offset, "hint": hint}
    )


@router.get("/api/v1/duplicates/{canonical_id:path}", response_model=GroupDetail)
async def group(state: State, snapshot: Current, canonical_id: Guid) -> Response:
    """Return an object's records, the evidence of each pair among them, and what people decided about them."""
    rows = snapshot.rows_of_object(canonical_id)
    if not rows:
        raise not_found(f"{canonical_id} is no canonical id of this archive")
    return Json(await asyncio.to_thread(_group, state, snapshot, rows))


def _group(state: AppState, snapshot: Snapshot, rows: list[int]) -> dict[str, Any]:
    members = snapshot.cards(rows)
    head, guids = members[0], pa.array([row["guid"] for row in members], pa.string())
    within = text("guid_a").isin(guids) & text("guid_b").isin(guids)
    decided = state.desk.decided()
    canonicalized = _canonicalized(state, snapshot)
    names = set(guids.to_pylist())
    about = [row for row in decided.rows if row["guid_a"] in names or row["guid_b"] in names]
    return {
        "canonical_id": head["canonical_id"],
        "size": len(members),
        "representative": card(head),
        "weakest_similarity": head["weakest_similarity"],
        "members": [card(row) for row in members],
        "evidence": explained(state.platform.lake, within, state.encoder_id()),
        "aliases": sorted(alias for alias, living in snapshot.aliases.items() if living == head["canonical_id"]),
        "decisions": [with_state(row, decided, snapshot, canonicalized) for row in reversed(about)],
    }


@router.get("/api/v1/pairs", response_model=PairExplanation)
async def pair(
    state: State,
    snapshot: Current,
    a: Annotated[str, Query(min_length=1, max_length=2000)],
    b: Annotated[str, Query(min_length=1, max_length=2000)],
) -> Response:
    """Explain why two records are, or are not, one object."""
    for guid in (a, b):
        known_record(snapshot, guid)
    if a == b:
        raise ApiProblem(409, "same_record", "a and b must name two records")
    encoder = state.encoder.encoder().id
    collection = await state.engine.collection()
    stored = await state.vectors.vectors(collection, [a, b], ["embedding_image"]) if collection else {}
    images = [known["embedding_image"] for known in stored.values() if "embedding_image" in known]
    cosine = float(images[0] @ images[1]) if len(images) == 2 else None

    def explained_pair() -> dict[str, Any]:
        archive = LakeArchive(state.platform.lake, encoder)
        return explain(a, b, archive, state.settings.duplicates, encoder, image_cosine=cosine).to_dict()

    return Json(await asyncio.to_thread(explained_pair))


# -- review ---------------------------------------------------------------------------------------------------------------


@router.get("/api/v1/review", response_model=ReviewQueue)
async def review(
    state: State,
    snapshot: Current,
    show: Annotated[Literal["open", "decided"], Query(description="Pairs to decide, or those decided.")] = "open",
    limit: PageLimit = 20,
    offset: Offset = 0,
) -> Response:
    """Return borderline pairs to decide, most alike first; or those decided, latest first."""
    return Json(await asyncio.to_thread(_review, state, snapshot, show == "decided", limit, offset))


def _review(state: AppState, snapshot: Snapshot, done: bool, limit: int, offset: int) -> dict[str, Any]:
    found = queue(
        snapshot, state.desk.decided(), _canonicalized(state, snapshot), done=done, limit=limit, offset=offset
    )
    names = [guid for row in found.pairs for guid in (row["guid_a"], row["guid_b"])]
    known = cards(snapshot, names)
    shown = []
    for row in found.pairs:
        a, b = (known.get(row[name], {"guid": row[name]}) for name in ("guid_a", "guid_b"))
        evidence = evidence_of_pair(row) if "verdict" in row else _stored_evidence(state, row)
        shown.append(
            {"a": a, "b": b, "evidence": evidence, "differences": differences(a, b), "decision": row["decision"]}
        )
    following = offset + limit
    hint = None if found.total or done else HARVEST_FIRST if snapshot.size == 0 else NO_PAIRS
    return {
        "pairs": shown,
        "progress": {"open": found.open, "decided": found.decided, "pending": found.pending},
        "offset": offset,
        "limit": limit,
        "next_offset": following if following < found.total else None,
        "hint": hint,
    }


def _stored_evidence(state: AppState, row: dict[str, Any]) -> dict[str, Any]:
    this = (text("guid_a").isin([row["guid_a"]])) & (text("guid_b").isin([row["guid_b"]]))
    stored = explained(state.platform.lake, this, state.encoder_id())
    unknown = {"guid_a": row["guid_a"], "guid_b": row["guid_b"], "verdict": "distinct", "rule": "not stored"}
    return stored[0] if stored else unknown


@router.post(
    "/api/v1/review",
    response_model=Decision,
    status_code=201,
    responses={200: {"model": Decision, "description": "It was there already."}, 409: {"description": "Conflict"}},
)
async def decide(state: State, snapshot: Current, who: Reviewer, body: NewDecision) -> Response:
    """Take a decision about a pair, or take one back. It is pending until the next canonicalization."""
    wanted = body.model_dump(mode="json", exclude={"reviewer"}, exclude_unset=True)
    reviewer = who.name or (body.reviewer or "").strip() or "anonymous"
    try:
        row, new = await asyncio.to_thread(state.desk.decide, wanted, reviewer, snapshot)
    except DecisionRefusedError as error:
        status = REFUSED.get(error.code, 409)
        raise ApiProblem(status, error.code, str(error)) from error

    def shown() -> dict[str, Any]:
        return with_state(row, state.desk.decided(), snapshot, _canonicalized(state, snapshot))

    return Json(await asyncio.to_thread(shown), status_code=201 if new else 200)


@router.get("/api/v1/review/decisions", response_model=Decisions)
async def decisions(state: State, snapshot: Current, _: Reader, limit: PageLimit = 50, offset: Offset = 0) -> Response:
    """Return all decisions, latest first, each with its state."""

    def read() -> dict[str, Any]:
        decided, canonicalized = state.desk.decided(), _canonicalized(state, snapshot)
        rows = decided.rows[::-1][offset : offset + limit]
        return {
            "decisions": [with_state(row, decided, snapshot, canonicalized) for row in rows],
            "total": len(decided.rows),
        }

    return Json(await asyncio.to_thread(read))
