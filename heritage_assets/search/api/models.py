"""The shapes of answers and bodies: what the OpenAPI document promises."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


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


class Hit(Card):
    """One answer of a search."""

    score: float | None = Field(None, description="Cosine (-1 to 1); null where nothing was compared.")
    match: Literal["identifier", "title", "phrase", "vector", "browse"] = Field(description="How it was found.")


class SearchAnswer(BaseModel):
    """A page of answers."""

    results: list[Hit]
    offset: int
    limit: int
    total: int | None = Field(
        None, description="Objects (records, without collapsing) that meet the filters; null: unknown."
    )
    next_offset: int | None = Field(None, description="Where the next page begins; null on the last one.")
    hint: str | None = Field(None, description="What to do when there is nothing, in words.")
    took_ms: float


class FacetValue(BaseModel):
    """One value of a field."""

    value: str | int
    count: int = Field(description="Records.")
    label: str | None = Field(None, description="What to show for it, where that differs (clusters).")


class Facets(BaseModel):
    """Counts of records by field, under the filters of all other fields."""

    total: int = Field(description="Records that meet all filters.")
    fields: dict[str, list[FacetValue]]
    years: list[FacetValue] = Field(description="Records by decade: value is its first year.")
    year_min: int | None = None
    year_max: int | None = None
    hint: str | None = None


class SharedTrait(BaseModel):
    """Something two records have in common."""

    field: str
    value: str


class SimilarHit(Hit):
    """A recommended record and the reasons."""

    image_cosine: float | None = None
    text_cosine: float | None = None
    shared: list[SharedTrait] = Field(default_factory=list)


class SimilarAnswer(BaseModel):
    """Records like a given one."""

    guid: str
    by: Literal["image", "text", "combined"]
    results: list[SimilarHit]
    took_ms: float


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


class ClusterRef(BaseModel):
    """The cluster a record is in."""

    cluster_id: str
    label: str | None = None
    terms: list[str] = Field(default_factory=list)
    size: int | None = None
    x: float | None = None
    y: float | None = None


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


class ClusterInfo(ClusterRef):
    """A cluster with the picture that stands for it."""

    exemplar: Card | None = None
    method: str | None = None


class Clusters(BaseModel):
    """All clusters, largest first."""

    clusters: list[ClusterInfo]
    hint: str | None = None


class MapData(BaseModel):
    """The map as columns: row i of each column is one record."""

    guid: list[str]
    x: list[float]
    y: list[float]
    cluster: list[int] = Field(description="Index into ``clusters``; -1: none.")
    ratio: list[float] = Field(description="Width by height of the image; 0 without one.")
    clusters: list[ClusterRef]
    hint: str | None = None


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


class Meta(BaseModel):
    """What a page needs to know at its start."""

    version: str
    records: int
    filters: list[str] = Field(description="Fields to filter by.")
    sorts: list[str]
    encoder: str | None = None
    encoder_state: Literal["loading", "ready", "failed"]
    text_search: bool | None = Field(None, description="Whether the encoder reads text; null while it loads.")
    max_upload_bytes: int
    max_limit: int
    max_depth: int
    dagster_ui: str | None = None
    documents: int = Field(0, description="Datasets with documents of scanned pages.")
    login_needed: bool
    role: Literal["none", "reader", "reviewer"]
    name: str | None = None
    hint: str | None = None


class Status(BaseModel):
    """What the archive holds and what is going on. ``archive`` has the keys of ``heritage status --json``."""

    model_config = ConfigDict(extra="allow")

    archive: dict[str, Any]
    batches: list[dict[str, Any]] = Field(description="What each batch went through.")
    failures: dict[str, dict[str, int]] = Field(description="Failed images by reason and by host.")
    runs: list[dict[str, Any]] = Field(description="Latest Dagster runs, newest first.")
    running: bool
    encoder: dict[str, Any]
    vector_store: dict[str, Any]
    lake: dict[str, Any] = Field(description="uri, and tables: table, uri, version, rows, files, bytes, written_at.")
    snapshot: dict[str, Any]
    hint: str | None = None


class Cards(BaseModel):
    """Cards by guid."""

    cards: list[Card]
    missing: list[str]


class CardsWanted(BaseModel):
    """Which cards."""

    model_config = ConfigDict(extra="forbid")

    guids: list[str] = Field(min_length=1, max_length=500)


Whole = Annotated[
    int, BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
]
"""An integer as JSON Schema means it: 3.0 is one, "3" and true are not."""
Words = list[Annotated[str, Field(max_length=2000)]]


class Years(BaseModel):
    """A range of years; either end may be open."""

    model_config = ConfigDict(extra="forbid", strict=True)

    gte: Whole | None = Field(None, ge=-100_000, le=100_000)
    lte: Whole | None = Field(None, ge=-100_000, le=100_000)


class FilterBody(BaseModel):
    """Filters: the values of one field are alternatives, fields must all hold."""

    model_config = ConfigDict(extra="forbid", strict=True)

    dataset: Words = []
    provider: Words = []
    data_provider: Words = []
    type: Words = []
    language: Words = []
    country: Words = []
    rights_category: Words = []
    cluster_id: Words = []
    embedding_status: Words = []
    status: Words = []
    batch: Words = []
    creator: Words = []
    subject: Words = []
    canonical_id: Words = []
    guid: Words = []
    year: Years | None = None

    def conditions(self) -> dict[str, Any]:
        """Return the filters that say something."""
        return {name: wanted for name, wanted in self.model_dump(exclude_none=True).items() if wanted}


class VectorBody(BaseModel):
    """A search by a vector of one's own."""

    model_config = ConfigDict(extra="forbid", strict=True)

    vector: list[Annotated[float, Field(ge=-1e6, le=1e6)]] = Field(min_length=1, max_length=8192)
    using: Literal["embedding_image", "embedding_text", "combined"] = "embedding_image"
    filters: FilterBody = Field(default_factory=FilterBody)
    limit: Whole = Field(30, ge=1, le=1000)
    offset: Whole = Field(0, ge=0)
    collapse: bool = False


class SimilarImages(BaseModel):
    """Answers to POST /search_similar."""

    results: list[Hit]
    took_ms: float


class Session(BaseModel):
    """Who you are."""

    role: Literal["none", "reader", "reviewer"]
    name: str | None = None


class KeyGiven(BaseModel):
    """A key to be known by."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=500)


GroupDetail.model_rebuild()
