"""Rows of ``clip_embeddings``: vectors, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from heritage_assets.curation.encoders.interface import Vectors
from heritage_assets.curation.schemas import CLIP_EMBEDDINGS, VECTOR

OK, NO_IMAGE, FAILED = "OK", "NO_IMAGE", "FAILED"


@dataclass(frozen=True)
class Failure:
    """Why one image or text has no vector: a code for the table, a detail for the log."""

    reason: str
    detail: str


def embedding_rows(
    tasks: list[dict[str, Any]],
    images: list[Vectors | Failure | None],
    texts: list[Vectors | Failure | None],
    encoder_id: str,
    now: datetime,
) -> pa.RecordBatch:
    """Return the rows of ``clip_embeddings``, one for each task."""
    verdicts = [_verdict(*row) for row in zip(tasks, images, texts, strict=True)]
    image_vectors = [None if isinstance(image, Failure) else image for image in images]
    text_vectors = [None if isinstance(text, Failure) else text for text in texts]
    combined = [
        np.concatenate((image, text)) if image is not None and text is not None else None
        for image, text in zip(image_vectors, text_vectors, strict=True)
    ]
    columns: dict[str, Any] = {
        "encoder": [encoder_id] * len(tasks),
        "embedding_status": [status for status, _ in verdicts],
        "reason": [reason for _, reason in verdicts],
        "embedding_image": _vector_column(image_vectors),
        "embedding_text": _vector_column(text_vectors),
        "combined": _vector_column(combined),
        "embedded_at": [now] * len(tasks),
    }
    for name in ("guid", "batch", "dataset", "prompt", "image_sha256"):
        columns[name] = [task[name] for task in tasks]
    schema = CLIP_EMBEDDINGS.schema
    arrays = [
        column if isinstance(column := columns[item.name], pa.Array) else pa.array(column, item.type) for item in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _vector_column(vectors: list[Vectors | None]) -> pa.Array:
    """Return a list<float32> array, null where there is no vector."""
    lengths = [0 if vector is None else len(vector) for vector in vectors]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    values = np.concatenate([np.zeros(0, np.float32), *(vector for vector in vectors if vector is not None)])
    missing = pa.array([vector is None for vector in vectors], pa.bool_())
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values, pa.float32()), type=VECTOR, mask=missing)


def _verdict(
    task: dict[str, Any], image: Vectors | Failure | None, text: Vectors | Failure | None
) -> tuple[str, str | None]:
    """Return status and reason of a row."""
    if isinstance(image, Failure):
        return FAILED, image.reason
    if isinstance(text, Failure):
        return FAILED, f"text_{text.reason}"
    if image is not None:
        return OK, None
    if task["image_status"] == OK:
        return FAILED, "derivative_missing"
    if task["image_status"] == FAILED:
        return NO_IMAGE, "image_failed"
    return NO_IMAGE, None if task["prompt"] else "nothing_to_embed"
