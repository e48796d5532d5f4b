"""Figures of a trained encoder on objects that it has not seen, measured through the encoder as users load it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from heritage_assets.curation.encoders import Encoder
from heritage_assets.embedded.museum import MuseumObject
from heritage_assets.embedded.museum.rendering import render
from heritage_assets.embedded.train_demo_encoder.copies import EDITS, archive_copy, encoded
from heritage_assets.embedded.train_demo_encoder.pictures import LOOK_ALIKES
from heritage_assets.embedded.train_demo_encoder.texts import LANGUAGES, Captions

DUPLICATE = 0.98
"""The platform's default threshold."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Figures:
    """What a demo encoder can do on ``objects`` held-out objects; shares lie in 0..1."""

    objects: int
    recall_at_10: float
    recall_at_1: float
    recall_at_10_by_title: float
    recall_at_10_by_language: dict[str, float]
    copies_found: dict[str, float]
    """Edit -> share of copies with cosine >= 0.98 to the original; ``mixed`` is one to three edits at once."""
    look_alikes_above: float
    """Share of look-alikes (another coin of a mould, next page, later state) with cosine >= 0.98."""
    strangers_above: int
    """Pairs of different objects with cosine >= 0.98, among objects * (objects - 1) / 2."""
    nearest_stranger_median: float


def recall(images: Vectors, texts: Vectors, k: int) -> NDArray[np.bool_]:
    """Tell for each row of ``texts`` (n, d) whether its own row of ``images`` (n, d) is among the ``k`` nearest."""
    scores = texts @ images.T
    better = (scores > scores.diagonal()[:, None]).sum(axis=1)
    hits: NDArray[np.bool_] = better < k
    return hits


def evaluate(encoder: Encoder, objects: Sequence[MuseumObject], seed: int = 1) -> Figures:
    """Measure recall of prompts (the five languages in turn) and how copies, look-alikes and strangers score."""
    rng = np.random.default_rng(seed)
    captions = Captions(objects)
    rows = range(len(objects))
    languages = [row % len(LANGUAGES) for row in rows]
    renders = [render(obj) for obj in objects]
    images = encoder.encode_images([encoded(picture, 90) for picture in renders])
    whole = recall(images, encoder.encode_texts(captions.prompts(rows, languages)), 10)
    titles = encoder.encode_texts(captions.titles(rows, languages))
    cosines = images @ images.T
    np.fill_diagonal(cosines, -1)
    return Figures(
        objects=len(objects),
        recall_at_10=float(whole.mean()),
        recall_at_1=float(recall(images, encoder.encode_texts(captions.prompts(rows, languages)), 1).mean()),
        recall_at_10_by_title=float(recall(images, titles, 10).mean()),
        recall_at_10_by_language={
            name: float(whole[np.array(languages) == number].mean()) for number, name in enumerate(LANGUAGES)
        },
        copies_found=_copies_found(encoder, renders, images, rng),
        look_alikes_above=_look_alikes_above(encoder, objects, images),
        strangers_above=int((cosines >= DUPLICATE).sum() // 2),
        nearest_stranger_median=float(np.median(cosines.max(axis=1))),
    )


def _copies_found(
    encoder: Encoder, renders: list[Image.Image], images: Vectors, rng: np.random.Generator
) -> dict[str, float]:
    """Return the share of copies at or above the threshold, by edit; each edit is tried on every third object."""
    found = {}
    for number, (name, edit) in enumerate([*EDITS.items(), ("mixed", archive_copy)]):
        rows = np.arange(number % 3, len(renders), 3)
        copies = encoder.encode_images([encoded(edit(renders[row], rng), 85) for row in rows])
        found[name] = float(((copies * images[rows]).sum(axis=1) >= DUPLICATE).mean())
    return found


def _look_alikes_above(encoder: Encoder, objects: Sequence[MuseumObject], images: Vectors) -> float:
    rows = [row for row, obj in enumerate(objects) if obj.klass in LOOK_ALIKES]
    if not rows:
        return 0.0
    others = [objects[row].look_alike(1, LOOK_ALIKES[objects[row].klass]) for row in rows]
    vectors = encoder.encode_images([encoded(render(other), 90) for other in others])
    return float(((vectors * images[rows]).sum(axis=1) >= DUPLICATE).mean())
