"""Figures of a trained encoder on objects that it has not seen, measured through the encoder as users load it."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from heritage_assets.curation.encoders import Encoder
from heritage_assets.embedded.museum import MuseumObject
from heritage_assets.embedded.museum.records import ProviderRecord
from heritage_assets.embedded.museum.rendering import render
from heritage_assets.embedded.museum.scans import Scan, encode
from heritage_assets.embedded.train_demo_encoder.copies import EDITS, archive_copy, encoded
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
    """Measure recall of prompts (the five languages in turn) and how copies and strangers score."""
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


@dataclass(frozen=True)
class Planted:
    """How the demo museum's own copies and look-alikes score, by their files as its providers serve them."""

    copies: int
    copies_above: float
    """Share of copies with cosine >= 0.98 to the first scan of the same thing."""
    copies_above_by_edit: dict[str, float]
    look_alikes: int
    look_alikes_above: float
    """Share of look-alikes (another coin of a mould, next page, verso, later state) with cosine >= 0.98 to what they resemble."""


def evaluate_planted(encoder: Encoder, records: Sequence[ProviderRecord]) -> Planted:
    """Measure the copies and look-alikes that are planted among ``records``."""
    things: dict[str, Vectors] = {}
    copies: dict[str, list[bool]] = {}
    alike: list[bool] = []
    related = _related([record for record in records if record.scan is not None])
    for record in related:
        if not record.thing.variant and not _scan(record).edits:
            things[record.thing.object_id] = _vector(encoder, record)
    for record in related:
        variant = bool(record.thing.variant)
        original = things.get(record.thing.object_id[:-1] if variant else record.thing.object_id)
        if original is None or not (variant or _scan(record).edits):
            continue
        above = bool(_vector(encoder, record) @ original >= DUPLICATE)
        if variant:
            alike.append(above)
        else:
            copies.setdefault(" + ".join(_scan(record).edits), []).append(above)
    every = [above for found in copies.values() for above in found]
    return Planted(
        copies=len(every),
        copies_above=_share(every),
        copies_above_by_edit={edits: _share(found) for edits, found in sorted(copies.items())},
        look_alikes=len(alike),
        look_alikes_above=_share(alike),
    )


def _related(records: Sequence[ProviderRecord]) -> list[ProviderRecord]:
    """Return the records whose thing, or a look-alike of it, stands in another record too."""

    def family(record: ProviderRecord) -> str:
        return record.thing.object_id[:-1] if record.thing.variant else record.thing.object_id

    sizes = Counter(family(record) for record in records)
    return [record for record in records if sizes[family(record)] > 1]


def _scan(record: ProviderRecord) -> Scan:
    assert record.scan is not None, "only records with an image are compared"
    return record.scan


def _vector(encoder: Encoder, record: ProviderRecord) -> Vectors:
    vector: Vectors = encoder.encode_images([Image.open(io.BytesIO(encode(_scan(record))))])[0]
    return vector


def _share(found: Sequence[bool]) -> float:
    return sum(found) / len(found) if found else 0.0
