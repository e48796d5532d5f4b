"""What became of one image, and its row in ``source_images``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from heritage_assets.curation.images.policy import REASONS, FetchSettings, Reason, Status, failure_age, next_attempt
from heritage_assets.curation.schemas import SOURCE_IMAGES

if TYPE_CHECKING:
    from heritage_assets.curation.images.wanted import Wanted

DETAIL_LENGTH = 500
"""Details quote what hosts and decoders say; a row keeps that many characters."""


class ImageError(Exception):
    """An image can't be had: the reason, what was seen, and how long the host wants to be left alone."""

    def __init__(
        self,
        reason: Reason,
        detail: str,
        *,
        http_status: int | None = None,
        retry_after: timedelta | None = None,
        tried: bool = True,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.http_status = http_status
        self.retry_after = retry_after
        self.tried = tried
        """False: the host was not asked, so the attempt doesn't count."""


@dataclass(frozen=True)
class StoredImage:
    """One image in the object store: its content hash, its properties and the keys of its three objects."""

    sha256: str
    media_type: str
    width: int
    height: int
    size_bytes: int
    perceptual_hash: str
    original: str
    derivative: str
    thumbnail: str
    note: str | None = None
    """What a reader should know of an accepted image, such as "first of 3 pages"."""


@dataclass(frozen=True)
class Fetched:
    """An image that was fetched, checked and stored."""

    image: StoredImage
    http_status: int | None
    etag: str | None
    last_modified: str | None
    note: str | None

    def with_note(self, note: str) -> Fetched:
        """Return it with one more note."""
        return replace(self, note=f"{self.note}; {note}" if self.note else note)


@dataclass(frozen=True)
class PreviousImage:
    """A row of ``source_images`` from an earlier run, without guid, batch and dataset. Columns as in the table."""

    url: str | None
    status: str
    reason: str | None = None
    detail: str | None = None
    permanent: bool = False
    http_status: int | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    fetched_at: datetime | None = None
    sha256: str | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    size_bytes: int | None = None
    perceptual_hash: str | None = None
    original: str | None = None
    derivative: str | None = None
    thumbnail: str | None = None
    etag: str | None = None
    last_modified: str | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> PreviousImage:
        """Return the previous image of a table row (a mapping of column to value)."""
        return cls(**{name: row[name] for name in PREVIOUS_COLUMNS})


PREVIOUS_COLUMNS = tuple(field.name for field in fields(PreviousImage))


def previous_images(batches: Iterable[pa.RecordBatch]) -> dict[str, PreviousImage]:
    """Return rows of ``source_images`` by guid; the newest attempt wins where several batches know the guid.

    Memory: about 1 kB a row.
    """
    found: dict[str, PreviousImage] = {}
    for batch in batches:
        for row in batch.to_pylist():
            known, new = found.get(row["guid"]), PreviousImage.from_row(row)
            if known is None or _moment(known) <= _moment(new):
                found[row["guid"]] = new
    return found


def _moment(image: PreviousImage) -> tuple[float, int]:
    return (image.fetched_at.timestamp() if image.fetched_at else 0.0, image.attempts)


Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """One record whose image is wanted: a row of IMAGE_TASKS, with what earlier runs know."""

    guid: str
    batch: str | None
    dataset: str | None
    wanted: Wanted | None
    previous: PreviousImage | None

    @property
    def url(self) -> str | None:
        """The address that is asked first."""
        return self.wanted.url if self.wanted else None

    def row(self, **values: Any) -> Row:
        """Return a row of ``source_images`` for this record; columns not given are null."""
        row = dict.fromkeys(SOURCE_IMAGES.schema.names)
        row.update(guid=self.guid, batch=self.batch, dataset=self.dataset, url=self.url, **values)
        return row

    @property
    def attempts(self) -> int:
        """Attempts of earlier runs at the same address."""
        return self.previous.attempts if self.previous and self.previous.url == self.url else 0


def row_without_image(task: Task) -> Row:
    """Return the row of a record that names no image."""
    return task.row(status=Status.NO_IMAGE, reason=Reason.NO_IMAGE_URL, permanent=True, attempts=0)


def row_kept(task: Task) -> Row:
    """Return the row of the earlier run, unchanged."""
    assert task.previous is not None
    return task.row(**{name: getattr(task.previous, name) for name in PREVIOUS_COLUMNS if name != "url"})


def row_restored(task: Task, image: StoredImage) -> Row:
    """Return the row of the earlier run with the derivatives that were made again."""
    return row_kept(task) | {
        "perceptual_hash": image.perceptual_hash,
        "derivative": image.derivative,
        "thumbnail": image.thumbnail,
    }


def row_fetched(task: Task, fetched: Fetched, now: datetime) -> Row:
    """Return the row of a stored image."""
    image = fetched.image
    return task.row(
        status=Status.OK,
        detail=_clip("; ".join(note for note in (fetched.note, image.note) if note)) or None,
        permanent=False,
        http_status=fetched.http_status,
        attempts=task.attempts + 1,
        fetched_at=now,
        sha256=image.sha256,
        media_type=image.media_type,
        width=image.width,
        height=image.height,
        size_bytes=image.size_bytes,
        perceptual_hash=image.perceptual_hash,
        original=image.original,
        derivative=image.derivative,
        thumbnail=image.thumbnail,
        etag=fetched.etag,
        last_modified=fetched.last_modified,
    )


def row_failed(task: Task, error: ImageError, settings: FetchSettings, now: datetime) -> Row:
    """Return the row of an image that could not be had: final, or with the time of its next attempt."""
    attempts = task.attempts + (1 if error.tried else 0)
    reason, detail = error.reason, error.detail
    permanent, due = REASONS[reason].permanent, None
    if not permanent:
        due = next_attempt(settings, attempts, now, error.retry_after)
        if due is None:
            age = failure_age(settings, attempts)
            permanent, detail = True, f"given up after {attempts} attempts in {_span(age)}, last: {reason}: {detail}"
            reason = Reason.GIVEN_UP
    return task.row(
        status=Status.FAILED,
        reason=reason,
        detail=_clip(detail),
        permanent=permanent,
        http_status=error.http_status,
        attempts=attempts,
        next_attempt_at=due,
        fetched_at=now,
    )


def _span(age: timedelta) -> str:
    return f"{age.days} days" if age.days > 1 else f"{age / timedelta(hours=1):.0f} hours"


def _clip(text: str) -> str:
    """Return printable text of bounded length; lone surrogates and control characters can't be stored or shown."""
    clean = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return clean if len(clean) <= DETAIL_LENGTH else clean[: DETAIL_LENGTH - 1] + "…"


def to_batch(rows: list[Row]) -> pa.RecordBatch:
    """Return rows as a record batch of SOURCE_IMAGES."""
    return pa.RecordBatch.from_pylist(rows, schema=SOURCE_IMAGES.schema)
