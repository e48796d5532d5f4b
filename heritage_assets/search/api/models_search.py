"""The shapes of searches and their answers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from heritage_assets.search.api.models import Card


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
    hint: str | None = Field(None, description="Why there is nothing, and what to do, in words.")
    took_ms: float


class SimilarImages(BaseModel):
    """Answers to POST /search_similar."""

    results: list[Hit]
    took_ms: float


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
