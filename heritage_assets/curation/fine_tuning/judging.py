"""Whether a fine-tuned encoder is better than the one it came from, on records that neither learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heritage_assets.curation.encoders.interface import Encoder
from heritage_assets.curation.fine_tuning.pairs import Pair
from heritage_assets.curation.fine_tuning.training import Picture, prepared_picture
from heritage_assets.curation.retrieval import Judgements, ranks_of, retrieval_metrics

SURE = 2.0
"""Standard errors by which the mean reciprocal rank must rise, over the same queries, to count as better."""


@dataclass(frozen=True)
class Judged:
    """Figures of search on held-out records, before and after; ``gain`` in mean reciprocal rank, with its standard error."""

    before: dict[str, float | int]
    after: dict[str, float | int]
    gain: float
    standard_error: float
    records: int

    @property
    def better(self) -> bool:
        """The gain is beyond what chance gives."""
        return self.gain > SURE * self.standard_error and self.gain > 0


def judge(before: Encoder, after: Encoder, pairs: Sequence[Pair], picture: Picture) -> Judged:
    """Search the pictures of held-out records by their words, with both encoders.

    One query an object: the prompt of its first record; every picture of the object counts as relevant.

    Memory: the prepared pictures of 256 records, and the vectors of all (4 KiB each at 512 dimensions).

    Raises:
        ValueError: no picture can be read.
    """
    old, usable = _images(before, pairs, picture)
    new, same = _images(after, pairs, picture)
    if usable != same or not usable:
        raise ValueError(f"{len(usable)} and {len(same)} of {len(pairs)} held-out pictures can be read")
    rows_of: dict[str, list[int]] = {}
    for row, pair in enumerate(usable):
        rows_of.setdefault(pair.thing, []).append(row)
    prompts = [usable[rows[0]].prompt for rows in rows_of.values()]
    judged = Judgements.of([(query, row, 1.0) for query, rows in enumerate(rows_of.values()) for row in rows])
    figures, ranks = [], []
    for encoder, images in ((before, old), (after, new)):
        found = ranks_of(encoder.encode_texts(prompts), images, judged)
        figures.append(retrieval_metrics(judged, found, len(prompts)))
        first = np.full(len(prompts), np.inf)
        np.minimum.at(first, judged.query, found)
        ranks.append(1 / first)
    gains = ranks[1] - ranks[0]
    error = float(gains.std(ddof=1) / np.sqrt(len(gains))) if len(gains) > 1 else float("inf")
    return Judged(figures[0], figures[1], float(gains.mean()), error, len(usable))


def _images(encoder: Encoder, pairs: Sequence[Pair], picture: Picture) -> tuple[NDArray[np.float32], list[Pair]]:
    """Return the vectors of the pairs whose picture can be read, and those pairs."""
    usable: list[Pair] = []
    vectors = [np.zeros((0, encoder.image_dim), np.float32)]
    for start in range(0, len(pairs), 256):
        images: list[Any] = []
        for pair in pairs[start : start + 256]:
            prepared = prepared_picture(picture, pair, encoder.prepare_image)
            if prepared is not None:
                usable.append(pair)
                images.append(prepared)
        vectors.append(encoder.encode_prepared(images))
    return np.concatenate(vectors), usable
