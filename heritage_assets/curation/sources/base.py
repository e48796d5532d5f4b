"""What a source of records is, and what the sources share.

A source yields raw records in pages, in an order that does not change between runs, and can go on after any page. It cleans
nothing: that is the work of :mod:`heritage_assets.curation.records`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, Self, runtime_checkable

import orjson

from heritage_assets.curation.landing_lines import LandedRecord
from heritage_assets.curation.mapping import RecordMapping

PAGE_RECORDS = 200
PAGE_BYTES = 8 * 2**20

Format = Literal["europeana", "edm", "oai_dc", "iiif", "mapped"]


class HarvestError(RuntimeError):
    """A harvest can't begin or go on; the message says what, where and what to do."""


class StaleStateError(HarvestError):
    """The source can't go on from a saved state (an expired cursor); from the start it could."""


@dataclass(frozen=True)
class Page:
    """Some records, and the JSON state from which the source goes on after them."""

    records: Sequence[LandedRecord]
    state: Any


class Source(Protocol):
    """A place where records come from."""

    kind: str
    format: Format
    detects_withdrawals: bool
    """Whether a record that is no longer listed was withdrawn, unless the caller says otherwise."""

    @property
    def mapping(self) -> RecordMapping | None:
        """How cleansing finds the fields; None where the format says it."""
        ...

    @property
    def image_root(self) -> str | None:
        """Folder below which the records' file URLs may lie; None when they have none."""
        ...

    @property
    def reported_total(self) -> int | None:
        """How many records the source says it has; may change while reading."""
        ...

    @property
    def complete(self) -> bool:
        """After reading: whether everything was listed."""
        ...

    @property
    def warnings(self) -> Sequence[str]:
        """After reading: what a person should know."""
        ...

    def fingerprint(self) -> str:
        """Return the identity of this source with all its arguments, without secrets: what may be resumed by what."""
        ...

    def scope(self) -> str:
        """Return the identity of what is listed, without limits and addresses: what may be compared with what."""
        ...

    def origin(self) -> dict[str, Any]:
        """Return where the records come from, for the manifest. No secrets."""
        ...

    def pages(self, state: Any) -> Iterator[Page]:
        """Yield pages from the start (``state`` None) or from after the page that had this state.

        Raises:
            HarvestError: the source can't be read.
            StaleStateError: it can be read, but not from ``state``.
        """
        ...


@runtime_checkable
class IncrementalSource(Source, Protocol):
    """A source that can list only what has changed since a moment."""

    since: datetime | None
    """From when on changes are listed (UTC); None: everything is."""

    def changed_since(self, moment: datetime) -> Self:
        """Return this source, restricted to what changed at or after ``moment``, or somewhat before (never later)."""
        ...


class Item(NamedTuple):
    """One record on its way into a page, with its approximate size in bytes."""

    record: LandedRecord
    size: int


def paginate(items: Iterable[Item], state: Callable[[], Any]) -> Iterator[Page]:
    """Group items into pages of at most 200 records and about 8 MiB.

    ``state`` is asked after the last item of each page, before the next one is drawn. Pages depend only on where they start,
    so a resumed harvest cuts them like an undisturbed one.
    """
    page: list[LandedRecord] = []
    size = 0
    for item in items:
        page.append(item.record)
        size += item.size
        if len(page) >= PAGE_RECORDS or size >= PAGE_BYTES:
            yield Page(page, state())
            page, size = [], 0
    if page:
        yield Page(page, state())


def digest(*parts: Any) -> str:
    """Return a short stable hash of JSON-able parts."""
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def existing(path: Path | str, what: str) -> Path:
    """Return the absolute path. Raises HarvestError when nothing is there."""
    try:
        return Path(path).expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise HarvestError(f"{what} {path} can't be read: {getattr(error, 'strerror', None) or error}") from None


def existing_file(path: Path | str, what: str) -> Path:
    """Return the absolute path of a file. Raises HarvestError when there is none."""
    found = existing(path, what)
    if not found.is_file():
        raise HarvestError(f"{what} {path} is no file")
    return found


def file_identity(path: Path) -> list[Any]:
    """Return what changes when a file changes: its path, size and time of last change."""
    status = path.stat()
    return [str(path), status.st_size, status.st_mtime_ns]


def printable(name: str) -> str:
    """Return a file name as valid Unicode: bytes that are not UTF-8 become ``\\xNN``."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def plural(count: int, noun: str) -> str:
    """Return ``1 row`` or ``2 rows``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
