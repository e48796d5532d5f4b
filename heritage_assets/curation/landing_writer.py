"""Writing a harvest batch: parts first, progress after each, the manifest last.

A part is closed only between two pages of the source, so the state saved with it is exactly where the next part begins. A
harvest that was killed goes on from there, and leaves the same bytes as one that was not.
"""

from __future__ import annotations

import gzip
import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from heritage_assets.curation.landing import (
    MANIFEST,
    PROGRESS,
    BatchSealedError,
    LandingError,
    LandingZone,
    Manifest,
    Part,
    check_batch,
    problems,
    slug,
)
from heritage_assets.curation.landing_lines import LandedRecord, encode

PART_RECORDS = 1_000
PART_BYTES = 16 * 2**20
_KEYS_PER_SECOND = 100


class Outcome(BaseModel):
    """What is known when a source was read to its end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reported_total: int | None = None
    complete: bool
    warnings: tuple[str, ...] = ()


class Progress(BaseModel):
    """``progress.json``: how far an unsealed batch has come."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = 1
    fingerprint: str
    dataset: str
    started_at: AwareDatetime
    writer: str
    state: Any = None
    parts: list[Part] = []
    outcome: Outcome | None = None


class BatchWriter:
    """Writes one batch. Open it with :func:`open_batch`.

    Memory: the lines of one part (16 MiB, or one record more) and one page of the source.
    """

    def __init__(self, zone: LandingZone, batch: str, progress: Progress) -> None:
        self.zone = zone
        self.batch = batch
        self._progress = progress
        self._folder = zone.folder(progress.dataset, batch)
        self._lines: list[bytes] = []
        self._bytes = 0
        self._written: list[Part] = list(progress.parts)

    @property
    def state(self) -> Any:
        """The source's state after the last stored record; None at the start."""
        return self._progress.state

    @property
    def outcome(self) -> Outcome | None:
        """What the source said at its end, or None while it was not read to its end."""
        return self._progress.outcome

    @property
    def started_at(self) -> datetime:
        """When the harvest began, also when it goes on after a kill."""
        return self._progress.started_at

    @property
    def stored(self) -> int:
        """Records in stored parts."""
        return sum(part.records for part in self._written)

    def add(self, records: Sequence[LandedRecord], state: Any, *, before: Any) -> None:
        """Take one page.

        Args:
            records: the page's records, in order.
            state: the source's state after the page.
            before: the state before it, saved when the parts so far must be closed first.
        """
        page = [encode(record) for record in records]
        size = sum(map(len, page))
        if self._lines and (len(self._lines) + len(page) > PART_RECORDS or self._bytes + size > PART_BYTES):
            self._close_part()
            self._save(before)
        for line in page:
            if self._lines and (len(self._lines) >= PART_RECORDS or self._bytes + len(line) > PART_BYTES):
                self._close_part()
            self._lines.append(line)
            self._bytes += len(line)
        # A full part is closed at once: what is safe need not be fetched again.
        if len(self._lines) >= PART_RECORDS:
            self._close_part()
            self._save(state)

    def end(self, outcome: Outcome) -> None:
        """Store what is left and note that the source was read to its end."""
        self._close_part()
        self._progress.outcome = outcome
        self._save(None)

    def restart(self) -> None:
        """Forget what was stored: the source can't go on from there."""
        self._lines, self._bytes, self._written = [], 0, []
        self._progress.outcome = None
        self._save(None)

    def listed(self) -> Iterator[LandedRecord]:
        """Yield guid and tombstone flag of what is stored (``raw`` empty), part by part."""
        for part in self._progress.parts:
            for line in self.zone.fetch_part(self._folder, part).splitlines():
                row = orjson.loads(line)
                yield LandedRecord(row["guid"], "", row["deleted"])

    def add_tombstones(self, tombstones: Iterable[LandedRecord]) -> int:
        """Append tombstones after the end of the source; returns how many. Made again as a whole after a kill."""
        self._written = list(self._progress.parts)
        count = 0
        for record in tombstones:
            if len(self._lines) >= PART_RECORDS:
                self._close_part()
            self._lines.append(encode(record))
            count += 1
        self._close_part()
        return count

    def seal(self, manifest: Manifest) -> Manifest:
        """Publish the batch: remove parts that no run accounts for, write the manifest, then drop the progress file."""
        self._still_mine()
        known = {f"{self._folder}/{name}" for name in (PROGRESS, *(part.name for part in self._written))}
        for info in list(self.zone.store.list(self._folder)):
            if info.key not in known:
                self.zone.store.delete(info.key)
        if not self.zone.store.put(f"{self._folder}/{MANIFEST}", manifest.to_json(), if_absent=True):
            raise BatchSealedError(f"batch {self.batch!r} was sealed by another harvest meanwhile")
        self.zone.store.delete(f"{self._folder}/{PROGRESS}")
        return manifest

    @property
    def parts(self) -> tuple[Part, ...]:
        """All stored parts, in order."""
        return tuple(self._written)

    def _close_part(self) -> None:
        if not self._lines:
            return
        self._still_mine()
        stored = gzip.compress(b"".join(self._lines), compresslevel=6, mtime=0)
        name = f"records-{len(self._written):05d}.jsonl.gz"
        self.zone.store.put(f"{self._folder}/{name}", stored)
        digest = hashlib.sha256(stored).hexdigest()
        self._written.append(Part(name=name, records=len(self._lines), sha256=digest, size_bytes=len(stored)))
        self._lines, self._bytes = [], 0

    def _save(self, state: Any) -> None:
        self._progress.state = state
        self._progress.parts = list(self._written)
        self.zone.store.put(f"{self._folder}/{PROGRESS}", _progress_json(self._progress))

    def _still_mine(self) -> None:
        """Stop when another harvest of the same source took this batch over: two writers would mix their parts."""
        stored = _load_progress(self.zone, self._folder)
        if stored is None or stored.writer != self._progress.writer:
            raise LandingError(
                f"batch {self.batch!r} is being written by another harvest of the same source; this one stops"
            )


def open_batch(
    zone: LandingZone, *, dataset: str, fingerprint: str, now: datetime, batch: str | None = None
) -> BatchWriter:
    """Begin a batch, or go on with the unsealed one that the same source began.

    Args:
        zone: where to write.
        dataset: the dataset's name.
        fingerprint: identity of the source with all its arguments; the same one finds its unsealed batch again.
        now: start of the harvest (aware); gives new batches their key ``<dataset>-<YYYYMMDDtHHMMSS>``.
        batch: a key of the user's choice instead.

    Raises:
        BatchSealedError: ``batch`` is sealed.
        LandingError: ``batch`` is used by another dataset or by an unfinished harvest of something else.
    """
    if batch is not None:
        check_batch(batch)
        return _resume(zone, dataset, batch, fingerprint) or _begin_named(zone, dataset, batch, fingerprint, now)
    mine = slug(dataset)
    for key in zone.unsealed():
        progress = _load_progress(zone, f"{zone.prefix}/{mine}/{key}")
        if progress is not None and progress.fingerprint == fingerprint and progress.dataset == dataset:
            resumed = _resume(zone, dataset, key, fingerprint)
            if resumed is not None:
                return resumed
    stem = f"{mine}-{now.astimezone(UTC):%Y%m%dt%H%M%S}"
    for number in range(1, _KEYS_PER_SECOND + 1):
        key = stem if number == 1 else f"{stem}-{number}"
        begun = _begin(zone, dataset, key, fingerprint, now)
        if begun is not None:
            return begun
    raise LandingError(f"{_KEYS_PER_SECOND} batches {stem}… exist already; wait a second")


def _resume(zone: LandingZone, dataset: str, batch: str, fingerprint: str) -> BatchWriter | None:
    folder = zone.folder(dataset, batch)
    if zone.store.exists(f"{folder}/{MANIFEST}"):
        raise BatchSealedError(f"batch {batch!r} is sealed and never changes: leave the key out, or choose another")
    progress = _load_progress(zone, folder)
    if progress is None:
        return None
    if progress.fingerprint != fingerprint:
        raise LandingError(
            f"batch {batch!r} was begun by a harvest with other arguments (or its source changed since): "
            "repeat that harvest, or choose another batch key"
        )
    progress.writer = uuid.uuid4().hex
    zone.store.put(f"{folder}/{PROGRESS}", _progress_json(progress))
    return BatchWriter(zone, batch, progress)


def _begin_named(zone: LandingZone, dataset: str, batch: str, fingerprint: str, now: datetime) -> BatchWriter:
    begun = _begin(zone, dataset, batch, fingerprint, now)
    if begun is None:
        raise LandingError(f"batch key {batch!r} is taken: keys are unique across datasets; choose another")
    return begun


def _begin(zone: LandingZone, dataset: str, batch: str, fingerprint: str, now: datetime) -> BatchWriter | None:
    """Claim a batch key; None when it is taken."""
    progress = Progress(fingerprint=fingerprint, dataset=dataset, started_at=now, writer=uuid.uuid4().hex)
    claim = f"{zone.folder(dataset, batch)}/{PROGRESS}"
    if _taken(zone, batch) or not zone.store.put(claim, _progress_json(progress), if_absent=True):
        return None
    # Look again after claiming: another dataset may have claimed the same key in between.
    if _taken(zone, batch, but=claim):
        zone.store.delete(claim)
        return None
    return BatchWriter(zone, batch, progress)


def _taken(zone: LandingZone, batch: str, but: str | None = None) -> bool:
    claims = (info.key for info in zone.store.list(zone.prefix) if info.key.endswith((f"/{MANIFEST}", f"/{PROGRESS}")))
    return any(key.split("/")[-2] == batch and key != but for key in claims)


def _load_progress(zone: LandingZone, folder: str) -> Progress | None:
    key = f"{folder}/{PROGRESS}"
    try:
        return Progress.model_validate_json(zone.store.get(key))
    except KeyError:
        return None
    except ValidationError as error:
        where = zone.store.uri(key)
        raise LandingError(f"{where} can't be read ({problems(error)}): delete its folder to start again") from None


def _progress_json(progress: Progress) -> bytes:
    return orjson.dumps(progress.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
