"""What is known about the two records of a pair, side by side, as columns: the input of the rules.

Belongs here: measuring. Does not belong here: deciding (``verdicts.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.duplicates.attributes import Attributes
from heritage_assets.curation.duplicates.declared import differing_parts
from heritage_assets.curation.duplicates.join import cosines
from heritage_assets.curation.duplicates.settings import DuplicateSettings

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

PART, INVENTORY, DATE = "part", "inventory", "date"


@dataclass(frozen=True)
class PairEvidence:
    """Columns over pairs. ``cosine`` and ``text_cosine`` are NaN and ``hash_distance`` is -1 where one side has none."""

    cosine: Doubles
    text_cosine: Doubles
    hash_distance: Index
    same_file: Bools
    same_holder: Bools
    other_holder: Bools
    """Both houses are known, and they differ."""
    same_title: Bools
    shared_number: Bools
    same_maker: Bools
    same_year: Bools
    """Both date the thing to a year, and to the same."""
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
        other_holder=(records.holders[a] >= 0) & (records.holders[b] >= 0) & ~same_holder,
        same_title=_same(records.titles, a, b),
        shared_number=shared,
        same_maker=_same(records.makers, a, b),
        same_year=_same_year(records, a, b),
        undescribed=~records.described[a] & ~records.described[b],
        aspect_differs=np.abs(records.log_aspect[a] - records.log_aspect[b]) > np.log1p(settings.aspect_tolerance),
        part_differs=part_differs,
        inventory_differs=inventory_differs,
        date_differs=date_differs,
        conflicts=_conflict_names(part_names, inventory_differs, date_differs),
    )


def _same(codes: Index, a: Index, b: Index) -> Bools:
    return np.asarray((codes[a] >= 0) & (codes[a] == codes[b]), bool)


def _dates_differ(records: Attributes, a: Index, b: Index, tolerance: int) -> Bools:
    first, last = records.years
    gap = np.fmax(first[a] - last[b], first[b] - last[a])
    days = (records.dates[a] >= 0) & (records.dates[b] >= 0) & (records.dates[a] != records.dates[b])
    return np.asarray((np.nan_to_num(gap, nan=-1.0) > tolerance) | days, bool)


def _same_year(records: Attributes, a: Index, b: Index) -> Bools:
    """Return whether both are dated to the year ("1898/99" counts as one), and to the same."""
    first, last = records.years
    exact = last - first <= 1
    return np.asarray(exact[a] & exact[b] & (first[a] <= last[b]) & (first[b] <= last[a]), bool)


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
