"""A view of the archive in memory: one row for each living record, as cards, filters, facets and the map need it.

It is built from the tables when their Delta versions have changed, never per request. Memory: about 1.5 kB for each record, with
the word index (150 MB for 100,000 records); while a new one is built, both are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.search.lexicon import Lexicon
from heritage_assets.stores.vector_schema import FilterError

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

FILTERABLE = (
    *(
        "dataset",
        "provider",
        "data_provider",
        "type",
        "language",
        "country",
        "rights_category",
        "year",
        "cluster_id",
        "embedding_status",
    ),
    *("status", "batch", "creator", "subject", "canonical_id", "guid"),
)
"""What people can filter by, in the order in which it is offered."""


@dataclass(frozen=True)
class Snapshot:
    """The living records at one moment; ``table`` is sorted by guid.

    ``withdrawn``: guids whose provider withdrew them. ``review``: the pairs that are put to people (columns of
    ``duplicate_pairs``). ``clusters``: rows of the table of clusters, largest first. ``aliases``: canonical ids that were merged
    into others, with the one that lives. ``canonicalized_at``: when pairs or groups were last written. ``paged``: datasets with
    documents of scanned pages.
    """

    table: pa.Table
    withdrawn: frozenset[str]
    clusters: list[dict[str, Any]]
    review: pa.Table
    aliases: Mapping[str, str]
    canonicalized_at: datetime | None
    versions: Mapping[str, int | None]
    lexicon: Lexicon
    paged: tuple[str, ...] = ()
    built_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def size(self) -> int:
        """Number of living records."""
        return int(self.table.num_rows)

    @cached_property
    def tag(self) -> str:
        """A word that changes whenever the tables do (for ETags)."""
        return "-".join("x" if version is None else str(version) for version in self.versions.values())

    @cached_property
    def guids(self) -> list[str]:
        """Guid of each row."""
        guids: list[str] = self.table["guid"].to_pylist()
        return guids

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Row of each guid."""
        return {guid: row for row, guid in enumerate(self.guids)}

    @cached_property
    def members(self) -> dict[str, list[int]]:
        """Rows of each group of at least two records, by canonical id; the representative first, then by guid."""
        several = pc.greater(pc.fill_null(self.table["group_size"], 0), 1).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(several)
        part = self.table.select(["canonical_id", "is_representative"]).take(rows)
        found: dict[str, list[int]] = {}
        for row, canonical, leads in zip(
            rows.tolist(), part["canonical_id"].to_pylist(), part["is_representative"].to_pylist(), strict=True
        ):
            group = found.setdefault(canonical, [])
            group.insert(0, row) if leads else group.append(row)
        return {canonical: group for canonical, group in found.items() if len(group) > 1}

    @cached_property
    def groups(self) -> list[str]:
        """Canonical ids of the groups of at least two records, largest first."""
        return sorted(self.members, key=lambda canonical: (-len(self.members[canonical]), canonical))

    def warm_up(self) -> None:
        """Compute what the first requests would have to wait for."""
        _ = self.row_of, self.groups, self.representative_rows, self.tag
        self.total(None, collapse=True)

    def rows_of_object(self, canonical_id: str) -> list[int]:
        """Return the rows of an object, by its canonical id or one of its aliases; the representative first."""
        canonical_id = self.aliases.get(canonical_id, canonical_id)
        rows: list[int] = np.flatnonzero(self.mask({"canonical_id": [canonical_id]})).tolist()
        return self.members.get(canonical_id, rows)

    @cached_property
    def canonical_codes(self) -> Rows:
        """One number for each object: rows of the same object share it (a record without canonical id is its own)."""
        ids = pc.coalesce(self.table["canonical_id"], self.table["guid"]).combine_chunks().dictionary_encode()
        codes: Rows = ids.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        return codes

    @cached_property
    def representative_rows(self) -> Rows:
        """By canonical code: the row that speaks for the object (the first row where none is marked)."""
        codes = self.canonical_codes
        leads = pc.fill_null(self.table["is_representative"], False).to_numpy(zero_copy_only=False)
        rows = np.full(int(codes.max(initial=-1)) + 1, -1, np.int64)
        rows[codes[::-1]] = np.arange(len(codes))[::-1]
        rows[codes[leads]] = np.flatnonzero(leads)
        return rows

    def cards(self, rows: Sequence[int] | Rows) -> list[dict[str, Any]]:
        """Return rows as dicts, in the order asked for."""
        cards: list[dict[str, Any]] = self.table.take(pa.array(rows, pa.int64())).to_pylist()
        return cards

    def card(self, guid: str) -> dict[str, Any] | None:
        """Return one record's row, or None."""
        row = self.row_of.get(guid)
        return None if row is None else self.cards([row])[0]

    def mask(self, filters: Mapping[str, Any] | None) -> Mask:
        """Tell which rows meet the filters (the language of the vector store's filters, over :data:`FILTERABLE`)."""
        mask: Mask = self._remembered(self._mask, _key(filters))
        return mask

    def ordered(self, filters: Mapping[str, Any] | None, sort: str, *, collapse: bool) -> Rows:
        """Return the rows that meet the filters in order of ``sort`` (year, -year, title, else guid), what lacks it last.

        With ``collapse`` one row for each object: its representative where that meets the filters, else the first that does.
        """
        rows: Rows = self._remembered(self._ordered, _key(filters), sort, collapse)
        return rows

    def total(self, filters: Mapping[str, Any] | None, *, collapse: bool) -> int:
        """Count the objects (records, without ``collapse``) that meet the filters."""
        return len(self.ordered(filters, "guid", collapse=collapse))

    @cached_property
    def _remembered(self) -> Any:
        """Remembers the latest selections (8 bytes a row each): paging asks for the same one again and again."""
        return lru_cache(maxsize=48)(lambda compute, *key: compute(*key))

    def _mask(self, key: tuple[tuple[str, Any], ...]) -> Mask:
        mask = np.ones(self.size, np.bool_)
        for name, wanted in key:
            if name not in FILTERABLE and name != "id_object":
                raise FilterError(f"unknown field {name!r}: filter by one of {', '.join(FILTERABLE)}")
            column = self.table["guid" if name == "id_object" else name]
            mask &= _meets(column, wanted)
        return mask

    def _ordered(self, key: tuple[tuple[str, Any], ...], sort: str, collapse: bool) -> Rows:
        rows: Rows = np.flatnonzero(self._remembered(self._mask, key))
        if collapse and len(rows):
            codes = self.canonical_codes[rows]
            leads = self.representative_rows[codes] == rows
            order = np.lexsort((rows, ~leads, codes))
            first = np.ones(len(order), np.bool_)
            first[1:] = codes[order][1:] != codes[order][:-1]
            rows = np.sort(rows[order][first])
        name = sort.removeprefix("-")
        if name not in ("year", "title") or not len(rows):
            return rows
        direction = "descending" if sort.startswith("-") else "ascending"
        part = self.table.select([name]).take(rows)
        order = pc.sort_indices(part, sort_keys=[(name, direction, "at_end")]).to_numpy()
        return rows[order]


def _key(filters: Mapping[str, Any] | None) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((name, _hashable(wanted)) for name, wanted in (filters or {}).items()))


def _hashable(wanted: Any) -> Any:
    if isinstance(wanted, Mapping):
        return ("range", *(sorted((bound, value) for bound, value in wanted.items() if value is not None)))
    return tuple(wanted) if isinstance(wanted, list | set | tuple) else (wanted,)


def _meets(column: pa.ChunkedArray, wanted: tuple[Any, ...]) -> Mask:
    if wanted and wanted[0] == "range" and all(isinstance(one, tuple) for one in wanted[1:]):
        compare = {"gte": pc.greater_equal, "lte": pc.less_equal, "gt": pc.greater, "lt": pc.less}
        mask = np.ones(len(column), np.bool_)
        for bound, value in wanted[1:]:
            mask &= pc.fill_null(compare[bound](column, value), False).to_numpy(zero_copy_only=False)
        return mask
    if pa.types.is_list(column.type):
        lists = column.combine_chunks()
        hit = pc.is_in(lists.flatten(), value_set=pa.array(wanted, pa.string())).to_numpy(zero_copy_only=False)
        mask = np.zeros(len(lists), np.bool_)
        mask[pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)[hit]] = True
        return mask
    found: Mask = pc.is_in(column, value_set=pa.array(wanted, column.type)).to_numpy(zero_copy_only=False)
    return found
