"""Embeddings: vectors from prompts and images, as one stream.

Reading and decoding run in threads ahead of the encoder; nothing is encoded twice: equal images (by sha256) and equal prompts
share a vector, also with rows that an earlier run made (:class:`KnownVectors`).
"""

from __future__ import annotations

import io
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Semaphore
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import Image

from heritage_assets.curation.encoders import Encoder, EncoderUnusableError
from heritage_assets.curation.encoders.interface import Prepared, Vectors
from heritage_assets.curation.encoders.resizing import use_one_core
from heritage_assets.curation.images.decode import keep_memory
from heritage_assets.curation.progress import Stage
from heritage_assets.curation.prompts import build_prompts
from heritage_assets.curation.schemas import CLIP_EMBEDDINGS, VECTOR
from heritage_assets.curation.vector_journal import VectorJournal
from heritage_assets.curation.vector_memory import KnownVectors, VectorMemory
from heritage_assets.stores.objects import InvalidKeyError, ObjectStore

__all__ = ["KnownVectors", "VectorJournal", "build_prompts", "embed"]

log = logging.getLogger(__name__)

OK, NO_IMAGE, FAILED = "OK", "NO_IMAGE", "FAILED"

MAX_DERIVATIVE_PIXELS = 50_000_000
"""A derivative is made small by this platform; one above this size is damage or an attack."""

_LOOKAHEAD = 2

T = TypeVar("T")


@dataclass(frozen=True)
class _Failure:
    """Why one image or text has no vector: a code for the table, a detail for the log."""

    reason: str
    detail: str


@dataclass
class _Chunk:
    """Tasks whose images are being read and decoded; ``ready`` and ``decoding`` by image key."""

    tasks: list[dict[str, Any]]
    ready: dict[str, Vectors]
    decoding: dict[str, Future[Prepared | _Failure]]


def embed(
    tasks: Iterator[pa.RecordBatch],
    encoder: Encoder,
    store: ObjectStore,
    *,
    known: KnownVectors | None = None,
    journal: VectorJournal | None = None,
    now: datetime,
    chunk: int = 256,
) -> Iterator[pa.RecordBatch]:
    """Turn embedding tasks into rows of ``clip_embeddings``, in the order of the tasks.

    A derivative that is gone or can't be decoded, and an image or text on which the encoder fails, makes its row FAILED with a
    reason; its neighbours go on. A row without an image is NO_IMAGE with its text vector; ``combined`` exists where both do.

    Memory: at most three chunks of prepared images (150 KB each at 224 × 224: 115 MB at the default), as many images in full size
    as there are cores, as many files as there are readers (twice the cores, at least 4, at most 32), the last 20,000 image and
    text vectors (80 MB at 512), and ``known``.

    Args:
        tasks: batches with the schema ``EMBEDDING_TASKS``.
        encoder: makes the vectors; its ``id`` is written into every row.
        store: holds the derivatives.
        known: vectors of earlier runs of the same encoder, which are not made again.
        journal: is told every new vector as soon as its chunk is encoded, before the rows are yielded.
        now: time written as ``embedded_at`` (UTC).
        chunk: rows that are read ahead, encoded and yielded together.

    Yields:
        Batches with the schema of ``clip_embeddings``, at most ``chunk`` rows each.

    Raises:
        EncoderUnusableError: the encoder can't go on at all (no memory, device lost).
        OSError: the object store can't be reached (whatever its client raises): worth a retry, not a verdict on the image.
    """
    cores = os.cpu_count() or 1
    keep_memory(_readers(cores))
    # The journal has a thread of its own: it must not wait behind images, and what it holds outlives a failure.
    with (
        ThreadPoolExecutor(1, thread_name_prefix="journal") as writer,
        ThreadPoolExecutor(_readers(cores), thread_name_prefix="decode", initializer=use_one_core) as pool,
    ):
        prepare = _Preparing(encoder, store, Semaphore(cores))
        embedder = _Embedder(encoder, prepare, known or KnownVectors(), pool, journal, writer)
        stage = Stage("clip_embeddings")
        started: deque[_Chunk] = deque()
        try:
            for rows in _regroup(tasks, chunk):
                started.append(embedder.start(rows))
                if len(started) > _LOOKAHEAD:
                    yield _advanced(stage, embedder.finish(started.popleft(), now))
            while started:
                yield _advanced(stage, embedder.finish(started.popleft(), now))
            embedder.close()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def same_image(tasks: pa.RecordBatch) -> pa.Array:
    """Return for each task what it shares with the tasks that need the same vector: its image, else only its own guid."""
    return pc.coalesce(tasks["image_sha256"], tasks["guid"])


def _readers(cores: int) -> int:
    """Return how many threads read: reading waits for the store, so there are more of them than decode at once."""
    return min(32, max(4, 2 * cores))


def _advanced(stage: Stage, batch: pa.RecordBatch) -> pa.RecordBatch:
    stage.advance(batch.num_rows)
    return batch


def _regroup(batches: Iterator[pa.RecordBatch], size: int) -> Iterator[list[dict[str, Any]]]:
    """Yield rows in groups of exactly ``size`` (the last may be smaller), however they arrive."""
    waiting: list[dict[str, Any]] = []
    for batch in batches:
        for start in range(0, batch.num_rows, size):
            waiting.extend(batch.slice(start, size).to_pylist())
            while len(waiting) >= size:
                yield waiting[:size]
                waiting = waiting[size:]
    if waiting:
        yield waiting


class _Embedder:
    """The encoder with what it reads from and what it remembers."""

    def __init__(
        self,
        encoder: Encoder,
        prepare: _Preparing,
        known: KnownVectors,
        pool: ThreadPoolExecutor,
        journal: VectorJournal | None,
        writer: ThreadPoolExecutor,
    ) -> None:
        self.encoder = encoder
        self.writer = writer
        self.journal = journal
        self.prepare = prepare
        self.pool = pool
        self.images = VectorMemory(known.images, encoder.image_dim)
        self.texts = VectorMemory(known.texts, encoder.text_dim)
        self._made: tuple[dict[str, Vectors], dict[str, Vectors]] = ({}, {})
        self._recording: Future[None] | None = None

    def start(self, rows: list[dict[str, Any]]) -> _Chunk:
        """Begin to read and decode the images that have no vector yet, each once."""
        work = _Chunk(rows, {}, {})
        for task in rows:
            key = _image_key(task)
            if key is None or key in work.ready or key in work.decoding:
                continue
            vector = self.images.get(key)
            if vector is None:
                work.decoding[key] = self.pool.submit(self.prepare, task["derivative"])
            else:
                work.ready[key] = vector
        return work

    def finish(self, work: _Chunk, now: datetime) -> pa.RecordBatch:
        """Encode what a chunk needs and build its rows."""
        images = self._image_vectors(work)
        texts = self._text_vectors(work)
        self._record()
        _log_failures("image", images)
        _log_failures("text", texts)
        image_of = [images[key] if (key := _image_key(task)) is not None else None for task in work.tasks]
        text_of = [texts.get(task["prompt"] or "") for task in work.tasks]
        return _rows(work.tasks, image_of, text_of, self.encoder.id, now)

    def close(self) -> None:
        """Wait for the journal; raise what it raised."""
        if self._recording is not None:
            self._recording.result()

    def _record(self) -> None:
        """Give the journal what is new, in a thread: the encoder goes on meanwhile, at most one record ahead."""
        if self.journal is None:
            return
        self.close()
        images, texts = self._made
        self._made = ({}, {})
        self._recording = self.writer.submit(self.journal.record, images, texts)

    def _image_vectors(self, work: _Chunk) -> dict[str, Vectors | _Failure]:
        """Return the vector or the failure of every image in the chunk."""
        results: dict[str, Vectors | _Failure] = dict(work.ready)
        fresh: dict[str, Prepared] = {}
        for key, future in work.decoding.items():
            prepared = future.result()
            made_meanwhile = self.images.get(key)  # the chunk before held the same image
            if made_meanwhile is not None:
                results[key] = made_meanwhile
            elif isinstance(prepared, _Failure):
                results[key] = prepared
            else:
                fresh[key] = prepared
        work.decoding.clear()
        for key, outcome in zip(fresh, _isolate(list(fresh.values()), self.encoder.encode_prepared), strict=True):
            results[key] = outcome
            if not isinstance(outcome, _Failure):
                self.images.put(key, outcome)
                self._made[0][key] = outcome
        return results

    def _text_vectors(self, work: _Chunk) -> dict[str, Vectors | _Failure]:
        """Return the vector or the failure of every distinct prompt in the chunk; none for image-only encoders."""
        if self.encoder.text_dim is None:
            return {}
        results: dict[str, Vectors | _Failure] = {}
        fresh: list[str] = []
        for prompt in dict.fromkeys(task["prompt"] for task in work.tasks if task["prompt"]):
            vector = self.texts.get(prompt)
            if vector is None:
                fresh.append(prompt)
            else:
                results[prompt] = vector
        for prompt, outcome in zip(fresh, _isolate(fresh, self.encoder.encode_texts), strict=True):
            results[prompt] = outcome
            if not isinstance(outcome, _Failure):
                self.texts.put(prompt, outcome)
                self._made[1][prompt] = outcome
        return results


def _image_key(task: dict[str, Any]) -> str | None:
    """Return what identifies the image of a task: its sha256 (else its derivative); None where there is nothing to read."""
    if task["image_status"] != OK or not task["derivative"]:
        return None
    return str(task["image_sha256"] or task["derivative"])


@dataclass(frozen=True)
class _Preparing:
    """Reads, decodes and preprocesses one derivative, in a thread of many; no more decode at once than there are cores."""

    encoder: Encoder
    store: ObjectStore
    decoding: Semaphore

    def __call__(self, derivative: str) -> Prepared | _Failure:
        """Return the encoder's input, or why there is none."""
        try:
            data = self.store.get(derivative)
        except (KeyError, InvalidKeyError) as error:
            return _Failure("derivative_missing", f"{derivative}: {error!r}")
        try:
            with self.decoding, Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > MAX_DERIVATIVE_PIXELS:
                    return _Failure("derivative_too_large", f"{derivative}: {image.width} × {image.height} pixels")
                return self.encoder.prepare_image(image)
        except Exception as error:  # Pillow raises whatever a damaged file provokes; each belongs to this one image
            return _Failure("derivative_undecodable", f"{derivative}: {error!r}")


def _isolate(items: Sequence[T], encode: Callable[[Sequence[T]], Vectors]) -> list[Vectors | _Failure]:
    """Encode all items; when that fails, halve until the items that cause it stand alone (about 2·log2(n) calls for each)."""
    if not items:
        return []
    try:
        return list(encode(items))
    except (EncoderUnusableError, MemoryError):
        raise
    except Exception as error:  # whatever a model raises on an odd input
        if len(items) == 1:
            return [_Failure("encoder_failed", repr(error))]
    middle = len(items) // 2
    return [*_isolate(items[:middle], encode), *_isolate(items[middle:], encode)]


def _log_failures(kind: str, results: dict[str, Vectors | _Failure]) -> None:
    for key, result in results.items():
        if isinstance(result, _Failure):
            log.warning("no %s vector for %.80s: %s (%s)", kind, key, result.reason, result.detail)


def _rows(
    tasks: list[dict[str, Any]],
    images: list[Vectors | _Failure | None],
    texts: list[Vectors | _Failure | None],
    encoder_id: str,
    now: datetime,
) -> pa.RecordBatch:
    """Return the rows of ``clip_embeddings``, one for each task."""
    verdicts = [_verdict(*row) for row in zip(tasks, images, texts, strict=True)]
    image_vectors = [None if isinstance(image, _Failure) else image for image in images]
    text_vectors = [None if isinstance(text, _Failure) else text for text in texts]
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
    task: dict[str, Any], image: Vectors | _Failure | None, text: Vectors | _Failure | None
) -> tuple[str, str | None]:
    """Return status and reason of a row."""
    if isinstance(image, _Failure):
        return FAILED, image.reason
    if isinstance(text, _Failure):
        return FAILED, f"text_{text.reason}"
    if image is not None:
        return OK, None
    if task["image_status"] == OK:
        return FAILED, "derivative_missing"
    if task["image_status"] == FAILED:
        return NO_IMAGE, "image_failed"
    return NO_IMAGE, None if task["prompt"] else "nothing_to_embed"
