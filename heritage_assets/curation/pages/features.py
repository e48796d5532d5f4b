"""From images of pages to rows of PAGE_FEATURES.

Threads read, decode and describe scans ahead of the encoder. A scan that can't be described becomes a row with a reason: it keeps
its place in the stream. What an earlier run made of the same image is taken over.

Memory: about 70 MB a thread (one a core, at most 8) while a scan is described, and the rows of one chunk (11 kB each).
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from heritage_assets.curation.encoders.interface import Encoder, EncoderUnusableError, Prepared
from heritage_assets.curation.images.decode import decode_image
from heritage_assets.curation.images.outcomes import ImageError
from heritage_assets.curation.images.policy import FetchSettings, Reason
from heritage_assets.curation.pages import ocr, signatures
from heritage_assets.curation.pages.bad_scans import TRUNCATED
from heritage_assets.curation.pages.ink_layout import Floats
from heritage_assets.curation.pages.reading import NOTHING, Reading, read_lines
from heritage_assets.curation.pages.schemas import PAGE_FEATURES
from heritage_assets.curation.pages.text_lines import skew
from heritage_assets.curation.pages.views import details, squared, upright_page
from heritage_assets.curation.progress import Stage
from heritage_assets.stores.objects import InvalidKeyError, ObjectStore

if TYPE_CHECKING:
    from PIL.Image import Image

PAGE_TASKS = pa.schema(
    [
        ("guid", pa.string()),
        ("batch", pa.string()),
        ("dataset", pa.string()),
        ("scan", pa.string()),
        ("sequence", pa.string()),
        ("image_status", pa.string()),
        ("image_reason", pa.string()),
        ("image_sha256", pa.string()),
        ("original", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("perceptual_hash", pa.string()),
    ]
)
"""What one scan is made from: its row of source_images, its name and its place in scanning order."""

OK, FAILED = "OK", "FAILED"
VERSION = f"pages-{signatures.VERSION}"
"""Names the code that makes the features; part of ``made_by``."""
CHUNK = 16
_AHEAD = 3
_OF_TASK = ("guid", "batch", "dataset", "scan", "sequence", "image_sha256", "width", "height", "perceptual_hash")

Known = Mapping[str, Mapping[str, Any]]
"""Rows of PAGE_FEATURES by image hash that need not be made again."""


def made_by(reader: ocr.ReadingCache | None) -> str:
    """Name what makes the features: the version of the code, and the engine that reads or ``unread``."""
    return f"{VERSION}+{reader.id if reader is not None else 'unread'}"


def is_made(row: str | None, wanted: str) -> bool:
    """Tell whether features made by ``row`` serve where ``wanted`` is asked for: what was read besides does no harm."""
    return row == wanted or ((row or "").startswith(f"{VERSION}+") and wanted.endswith("+unread"))


@dataclass(frozen=True)
class _Described:
    """One scan, ready for the encoder: the page and its details as prepared images; what was read of it."""

    columns: dict[str, Any]
    prepared: list[Prepared]
    text: str | None


def describe_pages(
    tasks: Iterator[pa.RecordBatch],
    *,
    encoder: Encoder,
    store: ObjectStore,
    reader: ocr.ReadingCache | None = None,
    known: Known | None = None,
    limits: FetchSettings | None = None,
    now: datetime,
) -> Iterator[pa.RecordBatch]:
    """Turn tasks (:data:`PAGE_TASKS`) into rows of PAGE_FEATURES, in their order.

    Args:
        tasks: one row a scan.
        encoder: embeds page and details; its ``id`` is written into every row.
        store: holds the originals, and what was read.
        reader: reads the pages; None: nothing is read.
        known: rows of earlier runs by image hash.
        limits: on images (pixels, frames); the defaults of fetching.
        now: written as ``computed_at`` (UTC).

    Raises:
        EncoderUnusableError: the encoder can't go on at all.
        OSError: the object store can't be reached.
    """
    maker = _Maker(encoder, store, reader, known or {}, limits or FetchSettings(), now)
    stage = Stage("page_features")
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="page") as pool:
        started: deque[list[tuple[dict[str, Any], Future[_Described] | None]]] = deque()
        try:
            for rows in _chunks(tasks):
                started.append([(task, maker.start(task, pool.submit)) for task in rows])
                if len(started) >= _AHEAD:
                    yield _counted(stage, maker.finish(started.popleft()))
            while started:
                yield _counted(stage, maker.finish(started.popleft()))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


class _Maker:
    def __init__(
        self,
        encoder: Encoder,
        store: ObjectStore,
        reader: ocr.ReadingCache | None,
        known: Known,
        limits: FetchSettings,
        now: datetime,
    ) -> None:
        self.encoder = encoder
        self.store = store
        self.reader = reader
        self.known = known
        self.limits = limits
        self.now = now
        self.made_by = made_by(reader)

    def start(self, task: dict[str, Any], submit: Callable[..., Future[_Described]]) -> Future[_Described] | None:
        """Begin to describe a scan; None where nothing has to be done."""
        if task["image_status"] != OK or task["image_sha256"] in self.known:
            return None
        return submit(self.describe, task)

    def describe(self, task: dict[str, Any]) -> _Described:
        """Read, decode and describe one scan. Raises ImageError, KeyError, OSError."""
        data = self.store.get(task["original"])
        image = self._decoded(data, signatures.SIDE)
        image, found, names = upright_page(image, task["width"] or image.width, task["height"] or image.height)
        reading = self._read(task["image_sha256"], data)
        columns = {
            "status": OK,
            "defects": names,
            "skew": skew(found.ink),
            "layout": found.layout,
            "colour": found.colour,
            "measures": found.measures,
            **_columns_read(reading, self.reader),
        }
        seen = [squared(image), *details(image, found)]
        return _Described(columns, [self.encoder.prepare_image(view) for view in seen], reading.text)

    def finish(self, work: list[tuple[dict[str, Any], Future[_Described] | None]]) -> pa.RecordBatch:
        """Encode what a chunk needs and build its rows."""
        rows = [self._row(task, described) for task, described in work]
        waiting = [(row, row.pop("described")) for row in rows if "described" in row]
        prepared = [one for _, described in waiting for one in described.prepared]
        vectors = self.encoder.encode_prepared(prepared) if prepared else np.zeros((0, 0), np.float32)
        at = 0
        for row, described in waiting:
            mine = vectors[at : at + len(described.prepared)]
            at += len(described.prepared)
            row["embedding_page"] = mine[0]
            row["embedding_detail"] = _mean_direction(mine[1:])
        self._embed_texts([(row, described.text) for row, described in waiting if described.text])
        return pa.RecordBatch.from_pylist(rows, schema=PAGE_FEATURES.schema)

    def _row(self, task: dict[str, Any], described: Future[_Described] | None) -> dict[str, Any]:
        row: dict[str, Any] = {name: task[name] for name in _OF_TASK}
        if described is None and task["image_status"] == OK:
            return {**self.known[task["image_sha256"]], **row}
        row |= {"encoder": self.encoder.id, "made_by": self.made_by, "computed_at": self.now, "defects": []}
        if described is None:
            cut_short = task["image_reason"] == Reason.TRUNCATED
            return row | {
                "status": FAILED,
                "reason": task["image_reason"] or "no_image",
                "defects": [TRUNCATED] if cut_short else [],
            }
        try:
            found = described.result()
        except ImageError as error:
            cut_short = error.reason == Reason.TRUNCATED
            return row | {"status": FAILED, "reason": str(error.reason), "defects": [TRUNCATED] if cut_short else []}
        except (KeyError, InvalidKeyError):
            return row | {"status": FAILED, "reason": "image_lost"}
        return row | found.columns | {"described": found}

    def _decoded(self, data: bytes, side: int) -> Image:
        limits = self.limits
        return decode_image(data, side, max_pixels=limits.max_pixels, max_frames=limits.max_frames).pixels

    def _read(self, sha256: str, data: bytes) -> Reading:
        if self.reader is None:
            return NOTHING
        try:
            return read_lines(self.reader.lines(sha256, lambda: self._decoded(data, ocr.SIDE)))
        except ocr.OcrError:
            return NOTHING  # what can't be read is a page without text; the engine stands in ocr_engine

    def _embed_texts(self, waiting: list[tuple[dict[str, Any], str]]) -> None:
        if not waiting or self.encoder.text_dim is None:
            return
        for (row, _), vector in zip(waiting, self.encoder.encode_texts([text for _, text in waiting]), strict=True):
            row["embedding_text"] = vector


def _columns_read(reading: Reading, reader: ocr.ReadingCache | None) -> dict[str, Any]:
    return {
        "ocr_text": reading.text,
        "ocr_language": reading.language,
        "ocr_confidence": reading.confidence,
        "ocr_engine": None if reader is None else reader.id,
        "page_number": reading.page_number,
        "running_head": reading.running_head,
        "font_size": reading.font_size,
    }


def _mean_direction(vectors: Floats) -> Floats:
    mean = vectors.mean(axis=0)
    norm = float(np.linalg.norm(mean))
    direction: Floats = (mean / norm if norm > 1e-9 else vectors[0]).astype(np.float32)
    return direction


def _chunks(tasks: Iterator[pa.RecordBatch]) -> Iterator[list[dict[str, Any]]]:
    for batch in tasks:
        for start in range(0, batch.num_rows, CHUNK):
            yield batch.slice(start, CHUNK).to_pylist()


def _counted(stage: Stage, rows: pa.RecordBatch) -> pa.RecordBatch:
    stage.advance(rows.num_rows)
    return rows


__all__ = ["PAGE_TASKS", "EncoderUnusableError", "describe_pages", "is_made", "made_by"]
