"""EDM RDF/XML from files, folders and zip archives: one raw record for each rdf:RDF or provided object.

A document with one ``edm:ProvidedCHO`` lands as it is. One with several (a dump, an OAI-PMH response) is split. What can't
be parsed lands as text too, so that cleansing rejects it with a reason.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heritage_assets.curation.landing_lines import MAX_RECORD_BYTES, LandedRecord, oversized_marker, unreadable_marker
from heritage_assets.curation.mapping import RecordMapping
from heritage_assets.curation.sources.base import (
    Format,
    HarvestError,
    Item,
    Page,
    digest,
    existing,
    file_identity,
    paginate,
    plural,
    printable,
)
from heritage_assets.curation.sources.edm_documents import split_document

SUFFIXES = (".xml", ".rdf", ".edm")
MAX_DOCUMENT_BYTES = 64 * 2**20
"""A document is parsed whole; its tree takes several times its size."""
MAX_RATIO = 200
"""XML compresses 10 to 50 times; above this an archive member of more than a mebibyte is taken for a bomb."""
MAX_ARCHIVE_BYTES = 64 * 2**30


@dataclass(frozen=True)
class Document:
    """One XML document to read: a file, or a member of an archive."""

    name: str
    file: Path
    member: zipfile.ZipInfo | None = None
    archive: zipfile.ZipFile | None = None


class EdmSource:
    """EDM records from a file, a folder (searched through) or a zip archive, sorted by name.

    Memory: one document of at most 64 MiB with its tree, the list of names, and one page.
    """

    kind = "edm"
    format: Format = "edm"
    mapping: RecordMapping | None = None
    image_root: str | None = None
    detects_withdrawals = False

    def __init__(self, path: Path | str) -> None:
        self.path = existing(path, "EDM path")
        self._files = self._find_files()
        self._refused: list[str] = []
        self._state = {"document": 0, "record": 0}
        self._ended = False

    @property
    def reported_total(self) -> int | None:
        """None: how many records a document holds is known when it was read."""
        return None

    @property
    def complete(self) -> bool:
        """True after the last document."""
        return self._ended

    @property
    def warnings(self) -> Sequence[str]:
        """Archive members that were refused."""
        shown = self._refused[:20]
        more = len(self._refused) - len(shown)
        return [*shown, *([f"{plural(more, 'more archive member')} refused"] if more else [])]

    def fingerprint(self) -> str:
        """See :class:`Source`; includes size and time of last change of every file."""
        return digest(self.kind, [[printable(str(part)) for part in file_identity(file)] for file in self._files])

    def scope(self) -> str:
        """See :class:`Source`."""
        return digest(self.kind, printable(str(self.path)))

    def origin(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"path": printable(str(self.path))}

    def pages(self, state: Any) -> Iterator[Page]:
        """See :class:`Source`."""
        if state is not None:
            self._state = dict(state)
        yield from paginate(self._items(**self._state), lambda: dict(self._state))
        self._ended = True

    def _find_files(self) -> list[Path]:
        if self.path.is_file():
            return [self.path]
        inside = (path for path in self.path.rglob("*") if path.suffix.lower() in (*SUFFIXES, ".zip"))
        files = sorted(
            path for path in inside if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
        )
        if not files:
            raise HarvestError(f"no EDM files below {self.path} (known by {', '.join(SUFFIXES)}, .zip)")
        return files

    def _items(self, document: int, record: int) -> Iterator[Item]:
        for number, source in enumerate(self._documents()):
            if number < document:
                continue
            done = record if number == document else 0
            for position, landed in enumerate(self._records(source)):
                if position >= done:
                    self._state = {"document": number, "record": position + 1}
                    yield Item(landed, len(landed.raw))

    def _documents(self) -> Iterator[Document]:
        self._refused.clear()  # listed again as a whole, also when the harvest goes on
        for file in self._files:
            name = printable(str(file.relative_to(self.path)) if file != self.path else file.name)
            if file.suffix.lower() == ".zip" or zipfile.is_zipfile(file):
                yield from self._members(name, file)
            else:
                yield Document(name, file)

    def _members(self, name: str, file: Path) -> Iterator[Document]:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise HarvestError(f"{file} is no zip archive that can be read: {error}") from None
        with archive:
            members = sorted(archive.infolist(), key=lambda member: member.filename)
            if sum(member.file_size for member in members) > MAX_ARCHIVE_BYTES:
                raise HarvestError(f"{file} says it unpacks to more than {MAX_ARCHIVE_BYTES:,} bytes: split it")
            for member in members:
                if member.is_dir() or not member.filename.lower().endswith(SUFFIXES) or "__MACOSX/" in member.filename:
                    continue
                where = f"{name}!{printable(member.filename)}"
                refusal = _refusal(member)
                if refusal:
                    self._refused.append(f"{where}: refused, {refusal}")
                else:
                    yield Document(where, file, member, archive)

    def _records(self, source: Document) -> Iterator[LandedRecord]:
        try:
            data = _read(source)
        except _TooLargeError as error:
            yield oversized_marker(None, error.size, detail=f"{source.name}: {error}")
            return
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            yield unreadable_marker(None, f"{source.name}: {error}")
            return
        for guid, text in split_document(data):
            if len(text.encode()) > MAX_RECORD_BYTES:
                yield oversized_marker(guid, len(text), text[:1_000], source.name)
            else:
                yield LandedRecord(guid, text)


class _TooLargeError(Exception):
    def __init__(self, size: int, why: str) -> None:
        super().__init__(why)
        self.size = size


def _refusal(member: zipfile.ZipInfo) -> str | None:
    """Say why an archive member is not opened at all."""
    segments = member.orig_filename.replace("\\", "/").split("/")
    if ".." in segments or segments[0] == "" or ":" in segments[0]:
        return "its path leads out of the archive"
    if member.flag_bits & 0x1:
        return "it is encrypted"
    if stat.S_ISLNK(member.external_attr >> 16):
        return "it is a link"
    return None


def _read(source: Document) -> bytes:
    """Read a document within the limits; what an archive says about sizes is not trusted."""
    member = source.member
    if member is None or source.archive is None:
        size = source.file.stat().st_size
        if size > MAX_DOCUMENT_BYTES:
            raise _TooLargeError(size, f"document above {MAX_DOCUMENT_BYTES:,} bytes: split it")
        return source.file.read_bytes()
    if member.file_size > 2**20 and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        raise _TooLargeError(member.file_size, f"compressed more than {MAX_RATIO} times: taken for a zip bomb")
    with source.archive.open(member) as file:
        data = file.read(MAX_DOCUMENT_BYTES + 1)
    if len(data) > MAX_DOCUMENT_BYTES:
        raise _TooLargeError(member.file_size, f"document above {MAX_DOCUMENT_BYTES:,} bytes: split it")
    return data
