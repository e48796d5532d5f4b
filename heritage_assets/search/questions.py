"""What can be asked of the archive, and the shape of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from heritage_assets.search.queries import Vector

Match = Literal["identifier", "title", "phrase", "vector", "browse"]
By = Literal["image", "text", "combined"]
SORTS = ("relevance", "year", "-year", "title", "guid")
HARVEST_FIRST = (
    "the archive is empty: harvest something (`heritage harvest --help`, or `heritage demo`), "
    "then run `heritage materialize`"
)


@dataclass(frozen=True)
class Question:
    """What is asked. ``image``: an uploaded file; ``likes`` and ``unlikes``: guids; ``vector``: a vector of one's own."""

    text: str | None = None
    image: bytes | None = None
    likes: tuple[str, ...] = ()
    unlikes: tuple[str, ...] = ()
    by: By | None = None
    vector: Vector | None = None
    using: str | None = None
    weight: float = 0.5
    filters: Mapping[str, Any] = field(default_factory=dict)
    limit: int = 30
    offset: int = 0
    sort: str = "relevance"
    collapse: bool = True

    @property
    def browses(self) -> bool:
        """Nothing is compared: the records that meet the filters are listed."""
        return not (self.text or self.image or self.likes or self.unlikes or self.vector is not None)


@dataclass(frozen=True)
class Ranked:
    """One place of a ranking."""

    guid: str
    score: float | None
    match: Match


@dataclass(frozen=True)
class Answer:
    """A page of a ranking. ``total``: objects (records without collapsing) that meet the filters."""

    page: list[Ranked]
    total: int | None
    next_offset: int | None
    hint: str | None = None
