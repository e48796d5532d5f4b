"""The shapes of groups of duplicates, and of what people decide about pairs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from heritage_assets.search.api.models import Card, Evidence


class DecisionKind(StrEnum):
    """What a person may say about a pair."""

    SAME = "same"
    VARIANT = "variant"
    PAGE_OF = "page_of"
    DIFFERENT = "different"
    UNDO = "undo"


class Decision(BaseModel):
    """A decision as it is stored, and whether the archive follows it already."""

    decision_id: str
    guid_a: str
    guid_b: str
    decision: DecisionKind
    reviewer: str | None = None
    note: str | None = None
    undoes: str | None = None
    decided_at: datetime
    state: Literal["pending", "in_effect", "overruled", "superseded", "undone"] = Field(
        description="pending: until the next canonicalization; overruled: contradicted by other decisions; superseded: "
        "a later decision about the pair counts."
    )


class Group(BaseModel):
    """Records that show one object."""

    canonical_id: str
    size: int
    representative: Card
    weakest_similarity: float | None = None


class GroupPage(BaseModel):
    """A page of groups, largest first."""

    groups: list[Group]
    total: int
    offset: int
    limit: int
    next_offset: int | None = None
    hint: str | None = None


class GroupDetail(Group):
    """A group with its members and the evidence of each pair."""

    members: list[Card]
    evidence: list[Evidence]
    aliases: list[str] = Field(default_factory=list)
    decisions: list[Decision] = Field(default_factory=list)


class PairLink(BaseModel):
    """One step of the path between two records."""

    guid_a: str
    guid_b: str
    verdict: str
    rule: str
    image_cosine: float | None = None


class PairExplanation(BaseModel):
    """Why two records are, or are not, one object; ``answer`` says it in plain words."""

    model_config = ConfigDict(extra="allow")

    guid_a: str
    guid_b: str
    same_object: bool
    answer: list[str]
    canonical_id_a: str | None
    canonical_id_b: str | None
    representative: str | None
    encoder: str
    image_cosine: float | None
    text_cosine: float | None
    hash_distance: int | None
    conflict: str | None
    verdict: str
    rule: str
    why: str
    stored: bool
    path: list[PairLink]
    decisions: list[dict[str, Any]]
    contradictions: list[str]


class NewDecision(BaseModel):
    """What a reviewer decides. Sending the same ``decision_id`` again changes nothing."""

    model_config = ConfigDict(extra="forbid")

    decision_id: str = Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="A UUID you make.")
    guid_a: str | None = Field(None, min_length=1, max_length=2000, description="Needed but for undo.")
    guid_b: str | None = Field(None, min_length=1, max_length=2000)
    decision: DecisionKind
    note: str | None = Field(None, max_length=2000)
    undoes: str | None = Field(None, max_length=64, description="For undo: the decision taken back.")
    reviewer: str | None = Field(None, max_length=100, description="Your name; ignored where you are known by a key.")
    expects: str | None = Field(
        None, max_length=64, description="The decision on the pair you last saw; when another has come since: 409."
    )


class ReviewPair(BaseModel):
    """A borderline pair: both records side by side, and what is known."""

    a: Card
    b: Card
    evidence: Evidence
    differences: list[str] = Field(description="Fields in which the two differ.")
    decision: Decision | None = Field(None, description="The decision in force on the pair, if any.")


class ReviewProgress(BaseModel):
    """How far the review is."""

    open: int
    decided: int
    pending: int = Field(description="Decisions that wait for the next canonicalization.")


class ReviewQueue(BaseModel):
    """A page of the queue."""

    pairs: list[ReviewPair]
    progress: ReviewProgress
    offset: int
    limit: int
    next_offset: int | None = None
    hint: str | None = None


class Decisions(BaseModel):
    """Decisions, latest first."""

    decisions: list[Decision]
    total: int
