"""What a question asks of the vector store: which vector is held against which, and how the scores are read.

Belongs here: pure planning, shared by the command line and the application. Does not belong here: talking to a vector store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]
VECTOR_BY = {"image": "embedding_image", "text": "embedding_text", "combined": "combined"}
WITHOUT_IMAGE = {"embedding_status": ["NO_IMAGE", "FAILED"]}


class SearchError(ValueError):
    """The question can't be answered; the message says why and what to do."""


class UnknownRecordError(SearchError):
    """A record that is asked about has no point, or its point lacks the vector."""


@dataclass(frozen=True)
class VectorQuery:
    """One query: ``vector`` (shape (d,)) against the vector named ``using``; its cosines count ``scale`` times.

    ``like`` names a point whose own vector is asked for instead of ``vector``. ``only`` narrows the filters further.
    """

    using: str
    vector: Vector | None = None
    like: str | None = None
    scale: float = 1.0
    only: Mapping[str, Any] = field(default_factory=dict)

    def narrowed(self, filters: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Return ``filters`` and ``only`` together; None when no record can meet both."""
        both = dict(filters or {})
        for name, wanted in self.only.items():
            asked = both.get(name)
            if asked is None:
                both[name] = wanted
                continue
            values = [asked] if isinstance(asked, str) else asked
            both[name] = [value for value in wanted if value in values]
            if not both[name]:
                return None
        return both


def plan(
    words: Vector | None, picture: Vector | None, *, weight: float = 0.5, by: str | None = None
) -> list[VectorQuery]:
    """Plan the queries of a question; their answers are merged by scaled score.

    A text is held against image and text of each record alike (the mean of both cosines; a record without an image can reach
    half); an image against images; both together against both, with ``weight`` on the image.

    Args:
        words: unit vector of the text.
        picture: unit vector of the image.
        weight: 0 (text alone counts) to 1 (image alone counts).
        by: hold a lone text or image against ``image``, ``text`` or ``combined`` instead.

    Raises:
        SearchError: neither text nor image.
    """
    if words is None and picture is None:
        raise SearchError("nothing to search for: give a text, an image, or both")
    if words is not None and picture is not None:
        return [VectorQuery("combined", np.concatenate([weight * picture, (1 - weight) * words]))]
    one = words if words is not None else picture
    assert one is not None
    if by == "image" or (by is None and words is None):
        return [VectorQuery("embedding_image", one)]
    if by == "text":
        return [VectorQuery("embedding_text", one)]
    both = VectorQuery("combined", np.concatenate([one, one]))
    return [both, VectorQuery("embedding_text", one, scale=0.5, only=WITHOUT_IMAGE)]


def merged(rankings: Sequence[Sequence[tuple[str, float]]]) -> list[tuple[str, float]]:
    """Merge rankings of (guid, score): best score of each guid, highest first, ties by guid."""
    if len(rankings) == 1:
        return list(rankings[0])
    best: dict[str, float] = {}
    for ranking in rankings:
        for guid, score in ranking:
            if score > best.get(guid, -np.inf):
                best[guid] = score
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))
