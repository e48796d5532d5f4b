"""Embeddings: vectors from prompts and images, as one stream.

Reading and decoding run in threads ahead of the encoder; nothing is encoded twice: equal images (by sha256) and equal prompts
share a vector, also with rows that an earlier run made (:class:`KnownVectors`).
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from threading import Semaphore
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.derivative_reading import DerivativeReader, reading_threads
from heritage_assets.curation.embedding_rows import OK, Failure, embedding_rows
from heritage_assets.curation.encoders import Encoder, EncoderUnusableError
from heritage_assets.curation.encoders.interface import Prepared, Vectors
from heritage_assets.curation.images.decode import decoding_pool
from heritage_assets.curation.progress import Stage
from heritage_assets.curation.prompts import build_prompts
from heritage_assets.curation.vector_journal import VectorJournal
from heritage_assets.curation.vector_memory import KnownVectors, VectorMemory
from heritage_assets.stores.objects import ObjectStore

__all__ = ["KnownVectors", "VectorJournal", "build_prompts", "embed"]

log = logging.getLogger(__name__)

_LOOKAHEAD = 2

T = TypeVar("T")


@dataclass
class _Chunk:
    """Tasks whose images are being read and decoded; ``ready`` and ``decoding`` by image key."""

    tasks: list[dict[str, Any]]
    ready: dict[str, Vectors]
    decoding: dict[str, Future[Prepared | Failure]]


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

    Memory: at most three chunks of prepared images (150 KB each at 224 × 224: 115 MB at the default), images in full size and
    files as many as :func:`~.derivative_reading.reading_threads` says, the last 20,000 image and text vectors (80 MB at 512), and
    ``known``.

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
    readers, decoders = reading_threads(store, os.cpu_count() or 1)
    # The journal has a thread of its own: it must not wait behind images, and what it holds outlives a failure.
    with (
        ThreadPoolExecutor(1, thread_name_prefix="journal") as writer,
        decoding_pool(readers) as pool,
    ):
        prepare = DerivativeReader(encoder, store, Semaphore(decoders))
        embedder = _Embedder(encoder, prepare, known or KnownVectors(), pool, journal, writer)
        stage = Stage("clip_embeddings")
        started: deque[_Chunk] = deque()
        try:
            for rows in _regroup(tasks, chunk, first=max(1, chunk // 16)):
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


def _advanced(stage: Stage, batch: pa.RecordBatch) -> pa.RecordBatch:
    stage.advance(batch.num_rows)
    return batch


def _regroup(batches: Iterator[pa.RecordBatch], size: int, first: int) -> Iterator[list[dict[str, Any]]]:
    """Yield rows in groups of ``size``, however they arrive; the last may be smaller, and at first they grow from ``first`` rows,
    twice as many each time: the encoder soon has work, which lasts while the next group is read.
    """
    waiting: list[dict[str, Any]] = []
    wanted = first
    for batch in batches:
        for start in range(0, batch.num_rows, size):
            waiting.extend(batch.slice(start, size).to_pylist())
            while len(waiting) >= wanted:
                yield waiting[:wanted]
                waiting = waiting[wanted:]
                wanted = min(size, 2 * wanted)
    if waiting:
        yield waiting


class _Embedder:
    """The encoder with what it reads from and what it remembers."""

    def __init__(
        self,
        encoder: Encoder,
        prepare: DerivativeReader,
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
        return embedding_rows(work.tasks, image_of, text_of, self.encoder.id, now)

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

    def _image_vectors(self, work: _Chunk) -> dict[str, Vectors | Failure]:
        """Return the vector or the failure of every image in the chunk."""
        results: dict[str, Vectors | Failure] = dict(work.ready)
        fresh: dict[str, Prepared] = {}
        for key, future in work.decoding.items():
            prepared = future.result()
            made_meanwhile = self.images.get(key)  # the chunk before held the same image
            if made_meanwhile is not None:
                results[key] = made_meanwhile
            elif isinstance(prepared, Failure):
                results[key] = prepared
            else:
                fresh[key] = prepared
        work.decoding.clear()
        for key, outcome in zip(fresh, _isolate(list(fresh.values()), self.encoder.encode_prepared), strict=True):
            results[key] = outcome
            if not isinstance(outcome, Failure):
                self.images.put(key, outcome)
                self._made[0][key] = outcome
        return results

    def _text_vectors(self, work: _Chunk) -> dict[str, Vectors | Failure]:
        """Return the vector or the failure of every distinct prompt in the chunk; none for image-only encoders."""
        if self.encoder.text_dim is None:
            return {}
        results: dict[str, Vectors | Failure] = {}
        fresh: list[str] = []
        for prompt in dict.fromkeys(task["prompt"] for task in work.tasks if task["prompt"]):
            vector = self.texts.get(prompt)
            if vector is None:
                fresh.append(prompt)
            else:
                results[prompt] = vector
        for prompt, outcome in zip(fresh, _isolate(fresh, self.encoder.encode_texts), strict=True):
            results[prompt] = outcome
            if not isinstance(outcome, Failure):
                self.texts.put(prompt, outcome)
                self._made[1][prompt] = outcome
        return results


def _image_key(task: dict[str, Any]) -> str | None:
    """Return what identifies the image of a task: its sha256 (else its derivative); None where there is nothing to read."""
    if task["image_status"] != OK or not task["derivative"]:
        return None
    return str(task["image_sha256"] or task["derivative"])


def _isolate(items: Sequence[T], encode: Callable[[Sequence[T]], Vectors]) -> list[Vectors | Failure]:
    """Encode all items; when that fails, halve until the items that cause it stand alone (about 2·log2(n) calls for each)."""
    if not items:
        return []
    try:
        return list(encode(items))
    except (EncoderUnusableError, MemoryError):
        raise
    except Exception as error:  # whatever a model raises on an odd input
        if len(items) == 1:
            return [Failure("encoder_failed", repr(error))]
    middle = len(items) // 2
    return [*_isolate(items[:middle], encode), *_isolate(items[middle:], encode)]


def _log_failures(kind: str, results: dict[str, Vectors | Failure]) -> None:
    for key, result in results.items():
        if isinstance(result, Failure):
            log.warning("no %s vector for %.80s: %s (%s)", kind, key, result.reason, result.detail)
