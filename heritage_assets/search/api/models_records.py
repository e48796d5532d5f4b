"""The shape of a record with all that is known of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from heritage_assets.search.api.models import Card, ClusterRef, Evidence


class ImageFacts(BaseModel):
    """The image of a record: where it came from, what it is."""

    status: str | None = None
    reason: str | None = None
    detail: str | None = None
    url: str | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    perceptual_hash: str | None = None
    http_status: int | None = None
    attempts: int | None = None
    fetched_at: datetime | None = None
    next_attempt_at: datetime | None = None
    thumbnail: str | None = None
    derivative: str | None = None


class RunLink(BaseModel):
    """The Dagster run that made something."""

    asset: str
    run_id: str
    at: datetime
    url: str | None = None


class Lineage(BaseModel):
    """How a record came to be what it is here."""

    dataset: str | None = None
    batch: str | None = None
    source: str | None = Field(None, description="Kind of source.")
    origin: dict[str, Any] = Field(default_factory=dict, description="Endpoint, query, path of the harvest.")
    harvested_at: datetime | None = None
    line: int | None = Field(None, description="Line in the batch.")
    content_hash: str | None = None
    first_batch: str | None = Field(None, description="Batch in which the record was first validated.")
    encoder: str | None = None
    prompt: str | None = Field(None, description="The text that was encoded.")
    embedded_at: datetime | None = None
    embedding_status: str | None = None
    embedding_reason: str | None = None
    runs: list[RunLink] = Field(
        default_factory=list, description="Latest runs that wrote the record's batch, if known."
    )


class Links(BaseModel):
    """Where else the record is."""

    provider_page: str | None = None
    provider_image: str | None = None
    iiif_service: str | None = None
    iiif_manifest: str
    similar: str
    duplicates: str | None = None


class DocumentRef(BaseModel):
    """Which page of which document a record is."""

    document: str
    dataset: str
    title: str
    position: int = Field(description="1-based.")
    pages: int
    confirmed: bool


class RecordDetail(BaseModel):
    """Everything the archive knows of a record."""

    card: Card
    description: str | None = None
    title_by_language: dict[str, list[str]] = Field(default_factory=dict)
    year_from: int | None = None
    year_to: int | None = None
    image: ImageFacts
    duplicates: list[Card] = Field(description="The other records that show the same object.")
    evidence: list[Evidence] = Field(description="Stored pairs with this record.")
    aliases: list[str] = Field(description="Canonical ids that were merged into this record's.")
    weakest_similarity: float | None = None
    cluster: ClusterRef | None = None
    document: DocumentRef | None = Field(None, description="Where the record is a page of a document.")
    links: Links
    lineage: Lineage
