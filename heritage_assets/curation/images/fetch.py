"""The step from records to ``source_images``: Arrow batches in, Arrow batches out, network and decoders busy in between."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import pyarrow as pa

from heritage_assets.curation.images.decode import decoding_pool
from heritage_assets.curation.images.derivatives import ImageShelf
from heritage_assets.curation.images.outcomes import (
    Fetched,
    ImageError,
    PreviousImage,
    Row,
    Task,
    row_failed,
    row_fetched,
    row_kept,
    row_restored,
    row_without_image,
    to_batch,
)
from heritage_assets.curation.images.policy import FetchSettings, Status
from heritage_assets.curation.images.wanted import Wanted, wanted_image
from heritage_assets.curation.images.worker import ImageWorker, Kept, Outcome, Restored, WorkerOptions, left_alone
from heritage_assets.curation.progress import Stage
from heritage_assets.stores.objects import ObjectStore

WINDOW = 2_048
"""Records taken in ahead of the slowest: enough that one slow host doesn't hold back the others (about 4 MB)."""
ROWS_PER_BATCH = 128
PIECE_SECONDS = 5.0
"""Finished rows wait no longer than this for their record batch to fill: whoever keeps them has them soon."""
REMEMBERED = 20_000
"""Addresses whose outcome is remembered in a run, so that records showing the same image share one request (about 20 MB)."""

SharingKey = tuple[Wanted | str | None, ...]
"""Records with the same key ask the same question: the address, and of a copy that is held, which copy."""


def fetch_images(
    tasks: Iterator[pa.RecordBatch],
    store: ObjectStore,
    settings: FetchSettings,
    *,
    previous: Mapping[str, PreviousImage] | None = None,
    image_root: str | None = None,
    now: datetime | None = None,
    only_due: bool = False,
    revalidate: bool = False,
    total: int | None = None,
) -> Iterator[pa.RecordBatch]:
    """Fetch, check and store the image of each record; yield its row of SOURCE_IMAGES, each guid once, in any order.

    Rows of earlier runs save work: an OK row with the same address whose objects are stored is kept without a request, as is a
    permanent failure; a transient failure is tried again. (To try a permanent one again, leave it out of ``previous``.)

    Memory: ``memory_bytes`` + ``max_bytes`` of bodies, 12 bytes (WebP, JPEG 2000: 20) for each of ``max_pixels``, and about 30 MB
    of bookkeeping, whatever the number of records. Fetching and decoding overlap; at most ``WINDOW`` records are under way.

    Args:
        tasks: batches of IMAGE_TASKS; consumed in the calling thread.
        store: where originals, derivatives and thumbnails go.
        settings: limits and politeness.
        previous: rows of earlier runs by guid (see :func:`previous_images`).
        image_root: folder (path or file: address) below which file: addresses may point; without it they are refused.
        now: the time of this run, for rows and due times (UTC); default: the clock.
        only_due: leave transient failures alone until their ``next_attempt_at``.
        revalidate: ask the provider whether a stored image has changed (ETag, Last-Modified).
        total: how many records there are, for who watches the progress.

    Raises:
        Exception: what the object store raises; failures of images are rows.
    """
    stage = Stage("source_images", total)
    known: Mapping[str, PreviousImage] = previous or {}
    options = WorkerOptions(settings, image_root, revalidate, only_due, now or datetime.now(UTC))
    with _Run(store, options, fixed_clock=now is not None) as run:
        for piece in _pieces(_rows(run, _tasks(tasks, known, settings.derivative_side))):
            stage.advance(len(piece))
            yield to_batch(piece)


def _pieces(rows: Iterator[Row]) -> Iterator[list[Row]]:
    piece: list[Row] = []
    since = time.monotonic()
    for row in rows:
        piece.append(row)
        if len(piece) >= ROWS_PER_BATCH or time.monotonic() - since >= PIECE_SECONDS:
            yield piece
            piece, since = [], time.monotonic()
    if piece:
        yield piece


def _rows(run: _Run, tasks: Iterator[Task]) -> Iterator[Row]:
    for task in tasks:
        if task.wanted is None:
            yield row_without_image(task)
        else:
            run.submit(task)
        yield from run.finished(most_waiting=WINDOW)
    yield from run.finished(most_waiting=0)


def _tasks(batches: Iterator[pa.RecordBatch], previous: Mapping[str, PreviousImage], side: int) -> Iterator[Task]:
    for batch in batches:
        for row in batch.to_pylist():
            wanted = wanted_image(row["url"], row["iiif_service"], side)
            yield Task(row["guid"], row["batch"], row["dataset"], wanted, previous.get(row["guid"]))


def _sharing_key(task: Task) -> SharingKey:
    held = task.previous
    if held is None or held.url != task.url or held.status != Status.OK:
        return (task.wanted,)
    return (task.wanted, held.sha256, held.derivative, held.etag, held.last_modified)


class _Run:
    """One run: an event loop in a thread, and what it still owes.

    Only the calling thread touches the bookkeeping; the loop gets addresses and puts outcomes into a queue.
    """

    def __init__(self, store: ObjectStore, options: WorkerOptions, *, fixed_clock: bool) -> None:
        self.waiting = 0
        self._options = options
        self._fixed_clock = fixed_clock
        self._sharers: dict[SharingKey, list[Task]] = {}
        self._remembered: OrderedDict[SharingKey, Outcome] = OrderedDict()
        self._outcomes: queue.SimpleQueue[tuple[list[Task], Outcome | BaseException]] = queue.SimpleQueue()
        self._threads = decoding_pool(options.settings.decode_threads)
        self._shelf = ImageShelf(store, options.settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fetch", daemon=True)
        self._jobs: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        self._worker = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._threads.shutdown(cancel_futures=True)
        self._loop.close()

    async def _start(self) -> ImageWorker:
        return ImageWorker(self._shelf, self._threads, self._options)

    async def _stop(self) -> None:
        for job in self._jobs:
            job.cancel()
        await asyncio.gather(*self._jobs, return_exceptions=True)
        await self._worker.aclose()
        await self._loop.shutdown_default_executor()

    def submit(self, task: Task) -> None:
        """Start work for a record, or let it share the work of another one with the same address."""
        self.waiting += 1
        if task.previous is not None and task.previous.url == task.url and left_alone(task.previous, self._options):
            self._outcomes.put(([task], Kept()))
            return
        key = _sharing_key(task)
        if key in self._remembered:
            self._outcomes.put(([task], self._remembered[key]))
        elif key in self._sharers:
            self._sharers[key].append(task)
        else:
            self._sharers[key] = [task]
            self._loop.call_soon_threadsafe(self._begin, self._sharers[key])

    def _begin(self, sharers: list[Task]) -> None:
        job = self._loop.create_task(self._job(sharers))
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _job(self, sharers: list[Task]) -> None:
        task = sharers[0]
        assert task.wanted is not None
        try:
            self._outcomes.put((sharers, await self._worker.work(task.wanted, task.previous)))
        except BaseException as error:
            # Not an image's failure (the store is full, a defect): the caller's thread raises it.
            self._outcomes.put((sharers, error))

    def finished(self, *, most_waiting: int) -> Iterator[Row]:
        """Yield the rows that are ready; wait while more than ``most_waiting`` records are under way."""
        while self.waiting:
            try:
                sharers, outcome = self._outcomes.get(block=self.waiting > most_waiting)
            except queue.Empty:
                return
            if isinstance(outcome, BaseException) and not isinstance(outcome, ImageError):
                raise outcome
            self._remember(sharers, outcome)
            self.waiting -= len(sharers)
            yield from (self._row(task, outcome) for task in sharers)

    def _remember(self, sharers: list[Task], outcome: Outcome) -> None:
        key = _sharing_key(sharers[0])
        if self._sharers.get(key) is sharers:
            del self._sharers[key]
            # Failures too: an address that failed a moment ago is not worth another request in the same run.
            self._remembered[key] = outcome
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)

    def _row(self, task: Task, outcome: Outcome) -> Row:
        now = self._options.now if self._fixed_clock else datetime.now(UTC)
        match outcome:
            case Kept():
                return row_kept(task)
            case Restored(image):
                return row_restored(task, image)
            case Fetched():
                return row_fetched(task, outcome, now)
            case ImageError():
                return row_failed(task, outcome, self._options.settings, now)
