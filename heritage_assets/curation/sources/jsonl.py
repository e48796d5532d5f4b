"""JSON Lines: one record a line, compressed with gzip or not."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import orjson

from heritage_assets.curation.landing_lines import MAX_RECORD_BYTES, LandedRecord, oversized_marker
from heritage_assets.curation.mapping import RecordMapping
from heritage_assets.curation.sources.base import (
    Format,
    HarvestError,
    Item,
    Page,
    digest,
    existing_file,
    file_identity,
    paginate,
    plural,
)

_GZIP_MAGIC = b"\x1f\x8b"


class JsonlSource:
    """Records from a JSON Lines file; relative image paths are below the file's folder.

    A line that is no JSON object lands as text, so that it is rejected with a reason. Memory: one page (8 MiB, or one line of
    at most 10 MiB more).
    """

    kind = "jsonl"
    format: Format = "mapped"
    detects_withdrawals = False

    def __init__(self, path: Path | str, mapping: RecordMapping) -> None:
        self.path = existing_file(path, "JSONL file")
        folder = self.path.parent
        self.mapping: RecordMapping = mapping.model_copy(update={"image_base": mapping.image_base or folder.as_uri()})
        self.image_root: str | None = str(folder)
        self._state = {"line": 0, "not_json": 0, "oversized": 0}
        self._ended = False

    @property
    def reported_total(self) -> int | None:
        """None: a file does not say how many lines it has."""
        return None

    @property
    def complete(self) -> bool:
        """True after the last line."""
        return self._ended

    @property
    def warnings(self) -> Sequence[str]:
        """Lines that are not records, and oversized ones."""
        found = []
        if self._state["not_json"]:
            found.append(f"{plural(self._state['not_json'], 'line')} hold no JSON object")
        if self._state["oversized"]:
            found.append(f"{plural(self._state['oversized'], 'line')} above {MAX_RECORD_BYTES:,} bytes")
        return found

    def fingerprint(self) -> str:
        """See :class:`Source`; includes the file's size and time of last change."""
        return digest(self.kind, file_identity(self.path), self.mapping.model_dump(mode="json"))

    def scope(self) -> str:
        """See :class:`Source`."""
        return digest(self.kind, str(self.path))

    def origin(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"path": str(self.path), "mapping": self.mapping.name}

    def pages(self, state: Any) -> Iterator[Page]:
        """See :class:`Source`."""
        if state is not None:
            self._state = dict(state)
        yield from paginate(self._items(self._state["line"]), lambda: dict(self._state))
        self._ended = True

    def _items(self, done: int) -> Iterator[Item]:
        try:
            with open_maybe_gzip(self.path) as file:
                for number, (line, size) in enumerate(bounded_lines(file, MAX_RECORD_BYTES), 1):
                    if number <= done:
                        continue
                    if number == 1 and line.lstrip().startswith(b"["):
                        raise HarvestError(
                            f"{self.path} holds a JSON array, not one record a line: convert it with jq -c '.[]'"
                        )
                    self._state["line"] = number
                    if line.strip():
                        yield self._item(line, size)
        except (EOFError, zlib.error, OSError) as error:
            raise HarvestError(f"{self.path} can't be read after line {self._state['line']}: {error}") from None

    def _item(self, line: bytes, size: int) -> Item:
        text = line.decode("utf-8", "replace").strip("\r\n")
        if size > MAX_RECORD_BYTES:
            self._state["oversized"] += 1
            return Item(oversized_marker(None, size, text[:1_000], f"line {self._state['line']}"), 2_000)
        raw = parse_object(line)
        if raw is None:
            self._state["not_json"] += 1
            return Item(LandedRecord(None, text), size)
        return Item(LandedRecord(self.mapping.guid_of(raw), raw), size)


def parse_object(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object, or None. ``NaN`` and ``Infinity``, which common tools write, are null."""
    try:
        raw = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            raw = json.loads(line, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            return None
    return raw if isinstance(raw, dict) else None


def open_maybe_gzip(path: Path) -> IO[bytes]:
    """Open a file for reading, through gzip when it starts like one; a UTF-8 byte order mark is skipped."""
    with path.open("rb") as probe:
        compressed = probe.read(2) == _GZIP_MAGIC
    file: IO[bytes] = gzip.open(path, "rb") if compressed else path.open("rb")  # type: ignore[assignment]  # noqa: SIM115
    if file.read(3) != b"\xef\xbb\xbf":
        file.seek(0, io.SEEK_SET)
    return file


def bounded_lines(file: IO[bytes], limit: int) -> Iterator[tuple[bytes, int]]:
    """Yield each line with its size in bytes; of a line above ``limit`` only the start is kept."""
    while line := file.readline(limit + 1):
        size = len(line)
        if size > limit and not line.endswith(b"\n"):
            while rest := file.readline(limit):
                size += len(rest)
                if rest.endswith(b"\n"):
                    break
        yield line, size
