"""Image files that arrive as bytes, with their captions: the vectors of both, without a landing zone.

For folders of pictures that an engine reads itself (the Flickr30k case: files, and a table with several captions for each). A
file is checked and made small as the chain does it, so its vector is the one that the chain would make.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.duplicates.archive import vector_column, vector_matrix
from heritage_assets.curation.embedding_rows import FAILED, OK
from heritage_assets.curation.embeddings import embed
from heritage_assets.curation.encoders import Encoder
from heritage_assets.curation.images import FetchSettings, ImageError, ImageShelf, Reason, StoredImage
from heritage_assets.curation.schemas import EMBEDDING_TASKS, PICTURE_EMBEDDINGS
from heritage_assets.stores.held_objects import HeldObjects

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Checked:
    """What became of one file."""

    image: StoredImage | None
    reason: str | None


def embed_files(
    files: Iterator[pa.RecordBatch], encoder: Encoder, *, batch: str, settings: FetchSettings
) -> Iterator[pa.RecordBatch]:
    """Turn files with captions into rows of ``picture_embeddings``, one for each, in their order.

    What is no image that is accepted, or can't be encoded, makes its row FAILED with a reason; its neighbours go on.

    Memory: the files of one record batch, what is derived from them, and what :func:`~.embeddings.embed` holds.

    Args:
        files: batches with the schema ``PICTURE_FILES``.
        encoder: makes the vectors; without a text side captions are kept as text only.
        batch: what the rows are written under.
        settings: limits of what is accepted, and the size of the derivatives.

    Yields:
        Batches with the schema of ``picture_embeddings``.

    Raises:
        EncoderUnusableError: the encoder can't go on at all.
    """
    for rows in files:
        held = HeldObjects()
        shelf = ImageShelf(held, settings)
        checked = [_checked(shelf, content) for content in rows["content"]]
        captions = [(texts or []) if encoder.text_dim else [] for texts in rows["captions"].to_pylist()]
        numbers = np.array([len(texts) for texts in captions], np.int64)
        tasks = [
            _task(rows["guid"][row].as_py(), batch, checked[row], text)
            for row, texts in enumerate(captions)
            for text in texts or [None]
        ]
        given = pa.RecordBatch.from_pylist(tasks, schema=EMBEDDING_TASKS)
        made = pa.Table.from_batches(embed(iter([given]), encoder, held, now=datetime.now(UTC))).combine_chunks()
        yield _folded(rows, checked, numbers, made, encoder.id, batch)


def _checked(shelf: ImageShelf, content: pa.BinaryScalar) -> _Checked:
    if not content.is_valid:
        return _Checked(None, str(Reason.TOO_LARGE))
    try:
        return _Checked(shelf.keep(content.as_py()), None)
    except ImageError as error:
        return _Checked(None, str(error.reason))


def _task(guid: str, batch: str, checked: _Checked, text: str | None) -> dict[str, Any]:
    image = checked.image
    found = {"image_sha256": image.sha256, "derivative": image.derivative} if image else {}
    return {"guid": guid, "batch": batch, "prompt": text, "image_status": OK if image else FAILED, **found}


def _folded(
    rows: pa.RecordBatch, checked: list[_Checked], numbers: Numbers, made: pa.Table, encoder: str, batch: str
) -> pa.RecordBatch:
    """Make the row of each file from its embeddings: one for each of its ``numbers`` captions, or one without a caption."""
    count = len(checked)
    owners = np.repeat(np.arange(count), np.maximum(numbers, 1))
    texts = made["embedding_text"].combine_chunks()
    refused: dict[int, str] = {}
    for owner, reason in zip(owners.tolist(), made["reason"].to_pylist(), strict=True):
        if reason:
            refused.setdefault(owner, reason)
    reasons = [one.reason if one.image is None else refused.get(row) for row, one in enumerate(checked)]
    columns = {
        "guid": rows["guid"],
        "path": rows["path"],
        "captions": rows["captions"],
        "batch": [batch] * count,
        "encoder": [encoder] * count,
        "status": [FAILED if reason else OK for reason in reasons],
        "reason": reasons,
        "sha256": [one.image.sha256 if one.image else None for one in checked],
        "width": [one.image.width if one.image else None for one in checked],
        "height": [one.image.height if one.image else None for one in checked],
        "embedding_image": made["embedding_image"].combine_chunks().take(np.searchsorted(owners, np.arange(count))),
        "embedding_text": _mean_directions(texts, owners, count),
        "caption_vectors": pa.ListArray.from_arrays(
            pa.array(np.concatenate([[0], np.cumsum(numbers)]), pa.int32()), texts.filter(numbers[owners] > 0)
        ),
    }
    schema = PICTURE_EMBEDDINGS.schema
    arrays = [
        value if isinstance(value := columns[field.name], pa.Array) else pa.array(value, field.type) for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _mean_directions(texts: pa.Array, owners: Numbers, count: int) -> pa.Array:
    """Return for each file the mean of its captions' vectors, of unit length; null where there is none, or they cancel out."""
    vectors, has = vector_matrix(texts)
    sums = np.zeros((count, vectors.shape[1]), np.float32)
    np.add.at(sums, owners[has], vectors)
    lengths = np.linalg.norm(sums, axis=1)
    known = lengths > 1e-6
    return vector_column(sums[known] / lengths[known, None], known)
