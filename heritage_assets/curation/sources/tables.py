"""CSV: one record a row, with the delimiter and the encoding found. (Not called ``csv``, so as not to hide the standard one.)"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from heritage_assets.curation.landing_lines import MAX_RECORD_BYTES, LandedRecord, oversized_marker
from heritage_assets.curation.mapping import MappingError, RecordMapping
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

DELIMITERS = (",", ";", "\t", "|")
EXTRA = "_extra"
"""Where the cells beyond the header go."""
_SAMPLE_BYTES = 1 << 18
_SAMPLE_ROWS = 200
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

# What table programs write. Without a list, a few bytes are as likely taken for a mainframe's EBCDIC.
_ENCODINGS = (
    *("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "iso8859_1", "iso8859_2", "iso8859_15", "mac_roman"),
    *("koi8_r", "cp850", "cp437", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr"),
)

_GUESSES: dict[str, tuple[str, ...]] = {
    "guid": ("guid", "id", "identifier", "objectid", "object_id", "object id", "record_id"),
    "title": ("title", "name", "label", "titel", "titre", "titolo"),
    "creator": ("creator", "artist", "author", "maker", "photographer"),
    "subject": ("subject", "subjects", "keywords", "tags"),
    "type": ("type", "object_type", "classification", "medium"),
    "description": ("description", "caption", "abstract"),
    "language": ("language", "lang"),
    "provider": ("provider",),
    "data_provider": ("data_provider", "dataprovider", "institution", "museum"),
    "country": ("country",),
    "rights": ("rights", "license", "licence", "rights_statement"),
    "date": ("date", "year", "dating"),
    "identifiers": ("identifiers", "inventory_number", "accession_number", "shelfmark"),
    "is_shown_by": ("is_shown_by", "image", "image_url", "image_path", "image_file", "filename", "file", "thumbnail"),
    "is_shown_at": ("is_shown_at", "url", "link", "landing_page"),
    "iiif_service": ("iiif_service",),
}


class CsvSource:
    """Records from a CSV file. Image columns may hold URLs or paths relative to the file.

    Args:
        path: the file.
        mapping: which column is which field; without it and without ``columns`` it is guessed from common column names.
        columns: target field to column name, over ``mapping``.
        delimiter: found when None.
        encoding: found when None.

    Memory: one page (8 MiB, or one row of at most 10 MiB more).

    Raises:
        HarvestError: no such file, empty, unknown encoding, or the header lacks mapped columns.
    """

    kind = "csv"
    format: Format = "mapped"
    detects_withdrawals = False

    def __init__(
        self,
        path: Path | str,
        *,
        mapping: RecordMapping | None = None,
        columns: Mapping[str, str] | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
    ) -> None:
        self.path = existing_file(path, "CSV file")
        self.encoding = encoding or find_encoding(self.path)
        sample = self._sample()
        self.delimiter = delimiter or find_delimiter(sample)
        if len(self.delimiter) != 1:
            raise HarvestError(f"delimiter {self.delimiter!r} must be one character")
        self.header = self._read_header(sample)
        self._guessed = mapping is None and not columns
        self.mapping: RecordMapping = self._complete_mapping(mapping, columns or {})
        self.image_root: str | None = str(self.path.parent)
        self._state: dict[str, int] = {"row": 0, "long": 0, "short": 0, "oversized": 0, "replaced": 0}
        self._ended = False

    @property
    def reported_total(self) -> int | None:
        """None: a file does not say how many rows it has."""
        return None

    @property
    def complete(self) -> bool:
        """True after the last row."""
        return self._ended

    @property
    def warnings(self) -> Sequence[str]:
        """Ragged rows, guessed columns and characters that could not be decoded."""
        found = []
        if self._guessed:
            fields = (f"{target} = {rule['path']}" for target, rule in self._mapped().items())
            found.append(f"columns were guessed by their names: {', '.join(fields)}")
        for key, what in (
            ("long", f"with more cells than the header (kept under {EXTRA})"),
            ("short", "with fewer cells than the header"),
            ("oversized", f"above {MAX_RECORD_BYTES:,} bytes"),
            ("replaced", f"with characters that are not {self.encoding}"),
        ):
            if self._state[key]:
                found.append(f"{plural(self._state[key], 'row')} {what}")
        return found

    def fingerprint(self) -> str:
        """See :class:`Source`; includes the file's size and time of last change."""
        options = [self.delimiter, self.encoding, self.mapping.model_dump(mode="json")]
        return digest(self.kind, file_identity(self.path), options)

    def scope(self) -> str:
        """See :class:`Source`."""
        return digest(self.kind, str(self.path))

    def origin(self) -> dict[str, Any]:
        """See :class:`Source`."""
        return {"path": str(self.path), "delimiter": self.delimiter, "encoding": self.encoding}

    def pages(self, state: Any) -> Iterator[Page]:
        """See :class:`Source`."""
        if state is not None:
            self._state = dict(state)
        with self._open() as file:
            yield from paginate(self._items(file, self._state["row"]), lambda: dict(self._state))
        self._ended = True

    def _items(self, file: IO[str], done: int) -> Iterator[Item]:
        # The limit belongs to the whole process; it is only ever raised, to what a record may hold.
        csv.field_size_limit(max(csv.field_size_limit(), MAX_RECORD_BYTES))
        reader = csv.reader(file, delimiter=self.delimiter)
        number = -1  # the header is row 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                cells = None
                reason = f"row {number + 1}, line {reader.line_num}: {error}"
            if cells == []:
                continue
            number += 1
            if number == 0 or number <= done:
                continue
            self._state["row"] = number
            if cells is None:
                self._state["oversized"] += 1
                yield Item(oversized_marker(None, None, detail=reason), 2_000)
            else:
                yield self._item(cells)

    def _item(self, cells: list[str]) -> Item:
        raw: dict[str, Any] = dict(zip(self.header, cells, strict=False))
        if len(cells) > len(self.header):
            self._state["long"] += 1
            raw[EXTRA] = cells[len(self.header) :]
        elif len(cells) < len(self.header):
            self._state["short"] += 1
        if any("\ufffd" in cell for cell in cells):
            self._state["replaced"] += 1
        return Item(LandedRecord(self.mapping.guid_of(raw), raw), sum(map(len, cells)) + 50 * len(cells))

    def _open(self) -> IO[str]:
        return self.path.open(encoding=self.encoding, errors="replace", newline="")

    def _sample(self) -> str:
        try:
            with self._open() as file:
                sample = file.read(_SAMPLE_BYTES)
        except LookupError:
            raise HarvestError(f"unknown encoding {self.encoding!r}") from None
        if not sample.strip():
            raise HarvestError(f"{self.path} is empty")
        return sample

    def _read_header(self, sample: str) -> list[str]:
        try:
            cells = next(row for row in csv.reader(io.StringIO(sample, newline=""), delimiter=self.delimiter) if row)
        except csv.Error as error:
            raise HarvestError(f"{self.path} has no header that can be read: {error}") from None
        header: list[str] = []
        for number, cell in enumerate(cells, 1):
            name = cell.strip().strip("\ufeff") or f"column {number}"
            header.append(name if name not in header else f"{name} ({number})")
        return header

    def _complete_mapping(self, mapping: RecordMapping | None, columns: Mapping[str, str]) -> RecordMapping:
        data = {} if mapping is None else mapping.model_dump(exclude_none=True)
        chosen = dict(columns) if mapping is not None or columns else self._guess()
        try:
            data |= RecordMapping.from_columns({"guid": "guid"} | chosen).model_dump(include=set(chosen))
            complete = RecordMapping.parse({"image_base": self.path.parent.as_uri()} | data, "mapping")
        except MappingError as error:
            raise HarvestError(f"{error}; {self.path} has the columns {', '.join(self.header)}") from None
        missing = complete.missing_columns(self.header)
        if missing:
            named = ", ".join(f"{name!r} (for {target})" for target, names in missing.items() for name in names)
            raise HarvestError(f"{self.path} has no column {named}; it has {', '.join(self.header)}")
        return complete

    def _guess(self) -> dict[str, str]:
        folded = {name.strip().casefold(): name for name in reversed(self.header)}
        found = {
            target: next((folded[name] for name in names if name in folded), None) for target, names in _GUESSES.items()
        }
        return {target: name for target, name in found.items() if name is not None}

    def _mapped(self) -> dict[str, Any]:
        rules = self.mapping.model_dump(include=set(_GUESSES), exclude_none=True)
        return {target: rule for target, rule in rules.items() if isinstance(rule, dict) and "path" in rule}


def find_encoding(path: Path) -> str:
    """Return the encoding of a text file: by its byte order mark or the zeros of UTF-16, UTF-8 where valid, else a guess."""
    with path.open("rb") as file:
        start = file.read(64)
        for mark, name in _BOMS:
            if start.startswith(mark):
                return name
        for name, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
            if zeros.count(0) > len(zeros) * 0.8:
                return name
        file.seek(0)
        suspicious = _not_utf8(file)
    if suspicious is None:
        return "utf-8"
    from charset_normalizer import from_bytes

    best = from_bytes(suspicious, cp_isolation=list(_ENCODINGS)).best()
    # Single-byte text too short to judge: Windows-1252 is what office programs of the West write.
    return best.encoding if best is not None and best.encoding != "ascii" else "cp1252"


def _not_utf8(file: IO[bytes]) -> bytes | None:
    """Return lines around the first bytes that are not UTF-8, or None; reads 256 KiB at a time."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := file.read(_SAMPLE_BYTES):
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError:
            lines = [line for line in chunk.splitlines() if not line.isascii()]
            return b"\n".join(lines)[:_SAMPLE_BYTES]
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return b"\xff"
    return None


def find_delimiter(sample: str) -> str:
    """Return the delimiter under which most rows of the sample have as many cells as the header, and more than one.

    (``csv.Sniffer`` is misled by commas and semicolons inside of quoted cells, which metadata are full of.)
    """

    def agreement(delimiter: str) -> tuple[float, int]:
        rows = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        widths: Counter[int] = Counter()
        header = 0
        try:
            for _, row in zip(range(_SAMPLE_ROWS), (row for row in rows if row), strict=False):
                header = header or len(row)
                widths[len(row)] += 1
        except csv.Error:
            return 0.0, 0
        return (widths[header] / widths.total(), header) if header > 1 else (0.0, 0)

    return max(DELIMITERS, key=agreement)
