"""Search, held against what people know to be relevant: text→image and image→image.

The vectors are those of the tables, the ranking is exact and complete, so the figures are the encoder's alone: no index, no
filter and no collapsing of copies stands between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.retrieval import DEFAULT_KS, Judgements, Vectors, measure
from heritage_assets.curation.schemas import CLIP_EMBEDDINGS
from heritage_assets.search.retrieval_truth import RetrievalTruth, Wanted, read_retrieval_truth
from heritage_assets.stores.lake import Lake, text
from heritage_assets.stores.views import CurrentFilter, live_rows, matrix

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder

COLUMNS = ("guid", "batch", "embedding_image", "embedding_text")


@dataclass(frozen=True)
class Gallery:
    """The current records with an image vector of one encoder, by guid.

    ``images`` float32 (n, d); ``texts`` float32 (n, d), zeros where ``has_text`` is false; ``texts`` is None where the
    encoder's texts and images are not of one space (image-only encoders).
    """

    guids: list[str]
    images: Vectors
    texts: Vectors | None
    has_text: np.ndarray

    @property
    def row_of(self) -> dict[str, int]:
        """Row of each guid."""
        return {guid: row for row, guid in enumerate(self.guids)}


def read_gallery(lake: Lake, encoder: str, only: Sequence[str] | None = None) -> Gallery:
    """Read the vectors of an encoder (of the guids ``only``, by default of all current records).

    Memory: image and text vectors of these records, 4 KiB each at 512 dimensions.

    Raises:
        ValueError: there is none.
    """
    where = (text("encoder") == encoder) & pc.field("embedding_image").is_valid()
    if only is not None:
        where &= text("guid").isin(pa.array(only, pa.string()))
    schema = pa.schema([CLIP_EMBEDDINGS.schema.field(name) for name in COLUMNS])
    current = CurrentFilter(live_rows(lake))(lake.scan(CLIP_EMBEDDINGS, columns=list(COLUMNS), where=where))
    rows = pa.Table.from_batches(list(current), schema=schema).sort_by("guid")
    if not rows.num_rows:
        raise ValueError(
            f"encoder {encoder} has no image vector of these records: run `heritage materialize` with this encoder first"
        )
    images = matrix(rows["embedding_image"])
    has_text = np.asarray(pc.is_valid(rows["embedding_text"]))
    written = matrix(rows["embedding_text"].drop_null())
    texts = None
    if written.shape[1] == images.shape[1]:
        texts = np.zeros_like(images)
        texts[has_text] = written
    return Gallery(rows["guid"].to_pylist(), images, texts, has_text)


def evaluate_truth(
    lake: Lake, encoder: Encoder, truth: RetrievalTruth, ks: Sequence[int] = DEFAULT_KS
) -> dict[str, Any]:
    """Measure an encoder's stored vectors against a truth.

    Every picture of the archive is ranked. A relevant record without a picture counts as missed; one that the archive does
    not hold at all is left out and counted (``unmatched``).

    Returns:
        ``encoder``, ``pictures``, ``unmatched``, and the figures of
        :func:`~heritage_assets.curation.retrieval.retrieval_metrics` under ``text_to_image`` and ``image_to_image``; None
        where the truth (or the encoder) has nothing to ask so.

    Raises:
        ValueError: no vectors, or a truth that names no record of the archive.
    """
    living = set(live_rows(lake)["guid"].to_pylist())
    named = truth.guids()
    if not named & living:
        raise ValueError(f"none of the {len(named)} records that the truth names is in the archive")
    gallery = read_gallery(lake, encoder.id)
    row_of = gallery.row_of
    figures: dict[str, Any] = {
        "encoder": encoder.id,
        "pictures": len(gallery.guids),
        "unmatched": len(named - living),
        "text_to_image": None,
        "image_to_image": None,
    }
    texts = {query: _alive(wanted, living) for query, wanted in truth.texts.items()}
    records = {guid: _alive(wanted, living) for guid, wanted in truth.records.items()} | _mates(truth.objects, living)
    if any(texts.values()) and encoder.text_dim == gallery.images.shape[1]:
        judged = _judgements(list(texts.values()), row_of)
        figures["text_to_image"] = measure(encoder.encode_texts(list(texts)), gallery.images, judged, ks=ks)
    elif truth.objects and gallery.texts is not None:
        objects = {guid: thing for guid, thing in truth.objects.items() if guid in living}
        figures["text_to_image"] = _by_own_words(gallery, objects, ks)
    asking = [guid for guid in records if guid in row_of]
    if any(records[guid] for guid in asking):
        rows = np.array([row_of[guid] for guid in asking], np.int64)
        judged = _judgements([records[guid] for guid in asking], row_of)
        figures["image_to_image"] = measure(gallery.images[rows], gallery.images, judged, exclude=rows, ks=ks)
    return figures


def evaluate_file(lake: Lake, encoder: Encoder, path: Path, ks: Sequence[int] = DEFAULT_KS) -> dict[str, Any]:
    """Read a truth file and measure: :func:`~.retrieval_truth.read_retrieval_truth`, then :func:`evaluate_truth`."""
    return evaluate_truth(lake, encoder, read_retrieval_truth(path), ks)


def evaluate_objects(
    lake: Lake, encoder: str, objects: dict[str, str], ks: Sequence[int] = (1, 10)
) -> dict[str, float | int]:
    """Search every object's picture by its record's own words, among the pictures of ``objects`` alone.

    The query is the stored text vector of one record of each object (the one with the smallest guid); every picture of the
    object counts as relevant.

    Args:
        lake: the tables.
        encoder: id of the encoder whose vectors are compared.
        objects: the true object of each guid.
        ks: lengths of result lists.
    """
    return _by_own_words(read_gallery(lake, encoder, sorted(objects)), objects, ks)


def _by_own_words(gallery: Gallery, objects: dict[str, str], ks: Sequence[int]) -> dict[str, float | int]:
    pictures: dict[str, list[int]] = {}
    for row, guid in enumerate(gallery.guids):
        if guid in objects:
            pictures.setdefault(objects[guid], []).append(row)
    asking = {thing: next((row for row in rows if gallery.has_text[row]), None) for thing, rows in pictures.items()}
    queries = [(row, pictures[thing]) for thing, row in asking.items() if row is not None]
    if gallery.texts is None or not queries:
        raise ValueError("no record of the truth has a text vector in the space of the images")
    judged = Judgements.of([(number, row, 1.0) for number, (_, rows) in enumerate(queries) for row in rows])
    return measure(gallery.texts[[row for row, _ in queries]], gallery.images, judged, ks=ks)


def _alive(wanted: Wanted, living: set[str]) -> Wanted:
    return {guid: grade for guid, grade in wanted.items() if guid in living}


def _mates(objects: dict[str, str], living: set[str]) -> dict[str, Wanted]:
    """Return for each living record the others of its object."""
    members: dict[str, list[str]] = {}
    for guid, thing in objects.items():
        if guid in living:
            members.setdefault(thing, []).append(guid)
    return {guid: dict.fromkeys([o for o in group if o != guid], 1.0) for group in members.values() for guid in group}


def _judgements(wanted: Sequence[Wanted], row_of: dict[str, int]) -> Judgements:
    return Judgements.of(
        [(query, row_of.get(guid, -1), grade) for query, one in enumerate(wanted) for guid, grade in one.items()]
    )
