"""The shapes of answers about documents of scanned pages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from heritage_assets.search.api.models import Card

PageGuid = Annotated[str, Field(min_length=1, max_length=2000)]


class DocumentSummary(BaseModel):
    """One document as a list shows it."""

    document: str
    dataset: str
    title: str
    pages: int
    confirmed: bool = Field(description="By a person; it holds through every grouping.")
    doubt: float = Field(description="0 to 1, of its most doubtful boundary.")
    first: Card | None = Field(None, description="Its first page.")


class DatasetProgress(BaseModel):
    """How far a dataset is."""

    dataset: str
    run: str
    scans: int
    documents: int
    confirmed: int
    open: int = Field(description="Boundaries that nobody has decided.")


class DocumentList(BaseModel):
    """A page of documents."""

    documents: list[DocumentSummary]
    datasets: list[DatasetProgress]
    total: int
    offset: int
    limit: int
    next_offset: int | None = None
    hint: str | None = None


class ScannedPage(BaseModel):
    """One scan in its place."""

    guid: str
    scan: str
    place: int = Field(description="0-based, in scanning order.")
    document: str
    position: int = Field(description="1-based page of the document.")
    pages: int = Field(description="Of its document.")
    confirmed: bool
    tag: str = Field(description="State of its document; name it in `expects` when you decide.")
    doubt: float | None = Field(None, description="Of the boundary before it; null: decided, or the first scan.")
    defects: list[str]
    thumbnail: str | None = None
    image: str | None = None


class DocumentDetail(DocumentSummary):
    """A document with its pages in order."""

    tag: str
    run: str
    pages_in_order: list[ScannedPage]
    manifest: str = Field(description="IIIF Presentation 3.")
    pdf: str
    before: str | None = Field(None, description="The document before it in scanning order.")
    after: str | None = None


class OpenBoundary(BaseModel):
    """A boundary that waits for a person."""

    before: str
    after: str
    place: int = Field(description="Of the scan after it.")
    cut: bool
    doubt: float


class Filmstrip(BaseModel):
    """A stretch of the scanning order, and the most doubtful boundaries of the dataset."""

    dataset: str
    start: int
    scans: list[ScannedPage]
    total: int
    boundaries: list[OpenBoundary] = Field(description="The 50 most doubtful of the dataset, the most doubtful first.")
    progress: DatasetProgress


class NewPageDecision(BaseModel):
    """What a reviewer decides about scans of one dataset. Sending the same ``decision_id`` again changes nothing."""

    model_config = ConfigDict(extra="forbid")

    decision_id: str = Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$", description="A UUID you make.")
    dataset: str = Field(min_length=1, max_length=300)
    decision: Literal["confirm", "cut", "join", "undo"]
    guids: list[PageGuid] = Field(default_factory=list, max_length=5_000, description="confirm: all pages, in order.")
    document: str | None = Field(
        None,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]+$",
        description="confirm: its id; default: that of the first page's document.",
    )
    title: str | None = Field(None, max_length=200)
    note: str | None = Field(None, max_length=2000)
    undoes: str | None = Field(None, max_length=64)
    reviewer: str | None = Field(None, max_length=100, description="Your name; ignored where you are known by a key.")
    expects: list[Annotated[str, Field(max_length=64)]] | None = Field(
        None,
        max_length=5_000,
        description="Tags of the documents that hold these scans, as you saw them; others now: 409.",
    )


class PageDecision(BaseModel):
    """A decision about documents."""

    decision_id: str
    dataset: str
    decision: str
    document: str | None = None
    guids: list[str]
    title: str | None = None
    run: str | None = None
    reviewer: str | None = None
    note: str | None = None
    undoes: str | None = None
    decided_at: datetime
