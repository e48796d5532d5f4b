"""The shapes that several answers share, and that of errors: what the OpenAPI document promises."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Problem(BaseModel):
    """An error, as RFC 9457 describes problems (application/problem+json)."""

    title: str = Field(description="Kind of problem, in words.")
    status: int = Field(description="HTTP status.")
    code: str = Field(description="Kind of problem, for programs: not_found, overloaded, vectors_unavailable …")
    detail: str = Field(description="What happened and what to do.")
    errors: list[dict[str, Any]] | None = Field(None, description="Parameters at fault, if any.")


class Evidence(BaseModel):
    """What is known of a pair."""

    guid_a: str
    guid_b: str
    image_cosine: float | None = None
    text_cosine: float | None = None
    hash_distance: int | None = Field(None, description="Of 64 bits.")
    conflict: str | None = Field(None, description="Declared metadata that speak against one object.")
    verdict: str = Field(description="duplicate, review or distinct.")
    rule: str
    why: str | None = Field(None, description="The rule in words.")
    encoder: str | None = None


class Card(BaseModel):
    """One record as a grid shows it."""

    guid: str
    title: str | None = None
    creator: str | None = None
    date: str | None = None
    year: int | None = None
    type: str | None = None
    dataset: str | None = None
    provider: str | None = None
    data_provider: str | None = None
    country: str | None = None
    language: str | None = None
    rights: str | None = None
    rights_category: str | None = None
    subject: list[str] = Field(default_factory=list)
    identifiers: list[str] = Field(default_factory=list)
    width: int | None = Field(None, description="Of the original, upright, in pixels; null without an image.")
    height: int | None = None
    thumbnail: str | None = Field(None, description="Address of the thumbnail; null without an image.")
    image: str | None = Field(None, description="Address of the derivative.")
    embedding_status: str | None = None
    status: str | None = Field(None, description="pending or validated.")
    canonical_id: str | None = None
    is_representative: bool | None = None
    copies: int = Field(1, description="Records that show the same object, this one included.")
    cluster_id: str | None = None


class ClusterRef(BaseModel):
    """The cluster a record is in."""

    cluster_id: str
    label: str | None = None
    terms: list[str] = Field(default_factory=list)
    size: int | None = None
    x: float | None = None
    y: float | None = None


class Cards(BaseModel):
    """Cards by guid."""

    cards: list[Card]
    missing: list[str]


class CardsWanted(BaseModel):
    """Which cards."""

    model_config = ConfigDict(extra="forbid")

    guids: list[str] = Field(min_length=1, max_length=500)
