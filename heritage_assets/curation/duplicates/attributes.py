"""What is known about records, unpacked into columns that pairs of them are measured by."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.declared import declared_parts
from heritage_assets.curation.duplicates.hashes import parse_hashes
from heritage_assets.curation.schemas import STRINGS, TIMESTAMP, VECTOR

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

EVIDENCE = pa.schema(
    [
        ("guid", pa.string()),
        ("batch", pa.string()),
        ("dataset", pa.string()),
        ("embedding_text", VECTOR),
        ("perceptual_hash", pa.string()),
        ("image_sha256", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("title", pa.string()),
        ("creator", pa.string()),
        ("description", pa.string()),
        ("identifiers", STRINGS),
        ("date", pa.string()),
        ("year_from", pa.int32()),
        ("year_to", pa.int32()),
        ("provider", pa.string()),
        ("data_provider", pa.string()),
        ("rights_category", pa.string()),
        ("harvested_at", TIMESTAMP),
    ]
)
"""The attributes of current records that verdicts and representatives depend on; any but ``guid`` may be null."""

NO_MAKER = frozenset(
    (
        *(
            "unknown",
            "anonymous",
            "anon",
            "unidentified",
            "various",
            "unbekannt",
            "unbekannter",
            "anonym",
            "verschiedene",
        ),
        *(
            "inconnu",
            "anonyme",
            "ignoto",
            "anonimo",
            "sconosciuto",
            "desconocido",
            "onbekend",
            "unbekannte",
            "workshop",
        ),
        *("school", "circle", "follower", "after", "attributed"),
    )
)
"""Words of entries that name no maker, or only where one belongs."""


def evidence_table(columns: pa.Table) -> pa.Table:
    """Bring a table to :data:`EVIDENCE`: missing columns become null, others are cast, extra ones dropped.

    Raises:
        ValueError: no ``guid`` column, null guids, or a guid that occurs twice.
    """
    if "guid" not in columns.column_names:
        raise ValueError("evidence has no column 'guid'")
    guids = columns["guid"]
    if guids.null_count or pc.count_distinct(guids).as_py() != len(guids):
        raise ValueError("evidence must have one row for each guid, and no null guid: pass current records only")
    arrays = [
        columns[field.name].cast(field.type)
        if field.name in columns.column_names
        else pa.nulls(len(columns), field.type)
        for field in EVIDENCE
    ]
    return pa.Table.from_arrays(arrays, schema=EVIDENCE)


class Attributes:
    """The evidence rows of some records, unpacked once: each property is an array or list in row order."""

    def __init__(self, evidence: pa.Table) -> None:
        self.table = evidence
        self.guids: list[str] = evidence["guid"].to_pylist()

    def __len__(self) -> int:
        return len(self.guids)

    @cached_property
    def parts(self) -> list[dict[str, frozenset[str]]]:
        """Which part of a thing each record declares."""
        columns = [self.table[name].to_pylist() for name in ("title", "identifiers", "description")]
        return [dict(declared_parts(*row)) for row in zip(*columns, strict=True)]

    @cached_property
    def inventory(self) -> list[frozenset[str]]:
        """Inventory numbers, folded; addresses are not inventory numbers."""
        return [frozenset(_numbers(values)) for values in self.table["identifiers"].to_pylist()]

    @cached_property
    def titles(self) -> Index:
        """One number for each distinct folded title; -1 where there is none."""
        return _codes(self.table["title"], _folded_words)

    @cached_property
    def holders(self) -> Index:
        """One number for each distinct data provider (the provider where none is named); -1 where neither is."""
        named = pc.coalesce(self.table["data_provider"], self.table["provider"])
        return _codes(named, _folded_words)

    @cached_property
    def makers(self) -> Index:
        """One number for each distinct maker, whatever the order of the names; -1 where none is known."""
        return _codes(self.table["creator"], _folded_maker)

    @cached_property
    def files(self) -> Index:
        """One number for each distinct file; -1 where there is none."""
        return _codes(self.table["image_sha256"], str)

    @cached_property
    def dates(self) -> Index:
        """One number for each distinct date that names a day; -1 for all others."""
        return _codes(self.table["date"], _exact_date)

    @cached_property
    def years(self) -> tuple[Doubles, Doubles]:
        """First and last year, NaN where nothing is dated; one known side stands for both."""
        first, last = (_floats(self.table[name]) for name in ("year_from", "year_to"))
        return np.where(np.isnan(first), last, first), np.where(np.isnan(last), first, last)

    @cached_property
    def hashes(self) -> tuple[npt.NDArray[np.uint64], Bools]:
        """Perceptual hashes and whether there is one."""
        return parse_hashes(self.table["perceptual_hash"])

    @cached_property
    def log_aspect(self) -> Doubles:
        """Natural logarithm of width/height; NaN where unknown."""
        width, height = _floats(self.table["width"]), _floats(self.table["height"])
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where((width > 0) & (height > 0), np.log(width / height), np.nan)

    @cached_property
    def described(self) -> Bools:
        """Whether a record says anything that could tell two things apart."""
        numbers = np.array([bool(values) for values in self.inventory], bool)
        return np.asarray((self.titles >= 0) | numbers, bool)

    @cached_property
    def text_rows(self) -> Bools:
        """Whether there is a text vector."""
        return np.asarray(pc.is_valid(self.table["embedding_text"]).to_numpy(zero_copy_only=False), bool)

    def text_vectors(self, rows: Index) -> npt.NDArray[np.float32]:
        """Return (n, d) float32 text vectors of rows that have one."""
        return vector_rows(self.table["embedding_text"].take(pa.array(rows)))


def vector_rows(column: pa.ChunkedArray | pa.Array) -> npt.NDArray[np.float32]:
    """Return a list column without nulls as (n, d) float32.

    Raises:
        ValueError: rows of different length.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if not len(array):
        return np.empty((0, 0), np.float32)
    flat = np.asarray(array.flatten().to_numpy(zero_copy_only=False), np.float32)
    lengths = np.unique(np.asarray(pc.list_value_length(array).to_numpy(zero_copy_only=False)))
    if len(lengths) != 1:
        raise ValueError(f"vectors of different length {lengths[:5].tolist()}: more than one encoder in one table?")
    return np.ascontiguousarray(flat.reshape(len(array), -1))


def _codes(column: pa.ChunkedArray, fold: Callable[[str], str]) -> Index:
    """Number the distinct folded values; null and empty ones are -1."""
    known: dict[str, int] = {}
    codes = np.full(len(column), -1, np.int64)
    for row, value in enumerate(column.to_pylist()):
        folded = fold(value) if value else ""
        if folded:
            codes[row] = known.setdefault(folded, len(known))
    return codes


def _floats(column: pa.ChunkedArray) -> Doubles:
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(), np.float64)


def _folded_words(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = (c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def _folded_maker(text: str) -> str:
    """Return the names in a fixed order, without the years of life: "Rijn, Rembrandt van (1606-1669)"; nothing for "unknown"."""
    names = {word for word in _folded_words(text).split() if not any(c.isdigit() for c in word)}
    return "" if names & NO_MAKER else " ".join(sorted(names))


def _numbers(values: list[str | None] | None) -> set[str]:
    """Fold inventory numbers: case, blanks and leading zeros do not tell things apart."""
    folded = set()
    for value in values or ():
        if value and "://" not in value:
            words = _folded_words(value).split()
            folded.add(" ".join(word.lstrip("0") or "0" for word in words))
    return folded - {""}


def _exact_date(text: str) -> str:
    """Return a date that names a day (2020-01-31), else nothing."""
    digits = text.strip()[:10]
    return digits if len(digits) == 10 and digits[4] == digits[7] == "-" and digits.replace("-", "").isdigit() else ""
