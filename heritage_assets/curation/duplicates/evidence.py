"""What is known about the two records of a pair, side by side, as columns: the input of the rules.

Belongs here: measuring. Does not belong here: deciding (``verdicts.py``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.declared import declared_parts, differing_parts
from heritage_assets.curation.duplicates.hashes import parse_hashes
from heritage_assets.curation.duplicates.join import cosines
from heritage_assets.curation.duplicates.settings import DuplicateSettings
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

PART, INVENTORY, DATE = "part", "inventory", "date"


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


@dataclass(frozen=True)
class PairEvidence:
    """Columns over pairs. ``cosine`` and ``text_cosine`` are NaN and ``hash_distance`` is -1 where one side has none."""

    cosine: Doubles
    text_cosine: Doubles
    hash_distance: Index
    same_file: Bools
    same_holder: Bools
    same_title: Bools
    shared_number: Bools
    undescribed: Bools
    """Neither record says anything: the picture alone can decide."""
    aspect_differs: Bools
    part_differs: Bools
    inventory_differs: Bools
    date_differs: Bools
    conflicts: list[str | None]
    """Names of what speaks against, such as ``part:page+side;inventory``."""

    def __len__(self) -> int:
        return len(self.cosine)


def pair_evidence(
    records: Attributes, a: Index, b: Index, cosine: Doubles, settings: DuplicateSettings
) -> PairEvidence:
    """Measure pairs of rows of ``records``.

    Args:
        records: the records.
        a: (n,) row of the first of each pair.
        b: (n,) row of the second.
        cosine: (n,) image cosine, NaN where one has no image vector.
        settings: tolerances.
    """
    values, valid = records.hashes
    hashed = valid[a] & valid[b]
    distance = np.where(hashed, np.bitwise_count(values[a] ^ values[b]).astype(np.int64), -1)
    same_holder = _same(records.holders, a, b)
    shared, disjoint = _numbers_of_pairs(records.inventory, a, b)
    part_names = _part_conflicts(records.parts, a, b)
    part_differs = np.array([name is not None for name in part_names], bool)
    inventory_differs = disjoint & same_holder
    date_differs = _dates_differ(records, a, b, settings.year_tolerance)
    return PairEvidence(
        cosine=np.asarray(cosine, np.float64),
        text_cosine=_text_cosines(records, a, b),
        hash_distance=distance,
        same_file=_same(records.files, a, b),
        same_holder=same_holder,
        same_title=_same(records.titles, a, b),
        shared_number=shared,
        undescribed=~records.described[a] & ~records.described[b],
        aspect_differs=np.abs(records.log_aspect[a] - records.log_aspect[b]) > np.log1p(settings.aspect_tolerance),
        part_differs=part_differs,
        inventory_differs=inventory_differs,
        date_differs=date_differs,
        conflicts=_conflict_names(part_names, inventory_differs, date_differs),
    )


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


def _same(codes: Index, a: Index, b: Index) -> Bools:
    return np.asarray((codes[a] >= 0) & (codes[a] == codes[b]), bool)


def _dates_differ(records: Attributes, a: Index, b: Index, tolerance: int) -> Bools:
    first, last = records.years
    gap = np.fmax(first[a] - last[b], first[b] - last[a])
    days = (records.dates[a] >= 0) & (records.dates[b] >= 0) & (records.dates[a] != records.dates[b])
    return np.asarray((np.nan_to_num(gap, nan=-1.0) > tolerance) | days, bool)


def _numbers_of_pairs(numbers: list[frozenset[str]], a: Index, b: Index) -> tuple[Bools, Bools]:
    """Return whether two records share an inventory number, and whether both have some but share none."""
    have = np.array([bool(values) for values in numbers], bool)
    both = np.flatnonzero(have[a] & have[b])
    shared = np.zeros(len(a), bool)
    shared[both] = [not numbers[i].isdisjoint(numbers[j]) for i, j in zip(a[both], b[both], strict=True)]
    disjoint = np.zeros(len(a), bool)
    disjoint[both] = ~shared[both]
    return shared, disjoint


def _part_conflicts(parts: list[dict[str, frozenset[str]]], a: Index, b: Index) -> list[str | None]:
    declares = np.array([bool(part) for part in parts], bool)
    names: list[str | None] = [None] * len(a)
    for pair in np.flatnonzero(declares[a] & declares[b]).tolist():
        kinds = differing_parts(parts[a[pair]], parts[b[pair]])
        if kinds:
            names[pair] = "+".join(kinds)
    return names


def _conflict_names(parts: list[str | None], inventory: Bools, date: Bools) -> list[str | None]:
    names: list[str | None] = [None if part is None else f"{PART}:{part}" for part in parts]
    for name, mask in ((INVENTORY, inventory), (DATE, date)):
        for pair in np.flatnonzero(mask).tolist():
            names[pair] = name if names[pair] is None else f"{names[pair]};{name}"
    return names


def _text_cosines(records: Attributes, a: Index, b: Index) -> Doubles:
    result = np.full(len(a), np.nan)
    both = np.flatnonzero(records.text_rows[a] & records.text_rows[b])
    if len(both):
        needed = np.unique(np.concatenate([a[both], b[both]]))
        vectors = records.text_vectors(needed)
        step = 65_536
        for start in range(0, len(both), step):
            part = both[start : start + step]
            left, right = np.searchsorted(needed, a[part]), np.searchsorted(needed, b[part])
            result[part] = cosines(vectors[left], vectors[right])
    return result


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
