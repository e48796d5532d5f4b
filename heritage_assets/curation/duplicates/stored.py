"""What is stored about groups, as numbers, and which records hang together with those that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.archive import Archive
from heritage_assets.curation.duplicates.decisions import Constraints, constraints
from heritage_assets.curation.duplicates.groups import components
from heritage_assets.curation.duplicates.verdicts import DISTINCT, DUPLICATE

Index = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Stored:
    """Everything stored: a record is its row in ``guids``. ``touched``: records whose groups may have changed."""

    guids: pa.Array
    canonical: pa.Table
    canonical_rows: Index
    pair_a: Index
    pair_b: Index
    cosine: npt.NDArray[np.float64]
    is_duplicate: Bools
    is_distinct: Bools
    rules: Constraints
    gone: Bools
    touched: Bools

    @classmethod
    def read(cls, archive: Archive, affected: Sequence[str], gone: Sequence[str]) -> Stored:
        """Read the tables, and mark what has to be looked at again."""
        pairs, canonical, rules = archive.pairs(), archive.canonical(), constraints(archive.decisions())
        columns = [canonical["guid"], pairs["guid_a"], pairs["guid_b"]]
        named = pa.array([*affected, *gone, *rules.guids], pa.string())
        guids = pc.unique(
            pa.chunked_array([*(chunk for column in columns for chunk in column.chunks), named], pa.string())
        )
        gone_mask = _mask(guids, gone)
        canonical_rows = positions(canonical["guid"], guids)
        touched = _mask(guids, [*affected, *gone, *rules.guids])
        touched[canonical_rows[_inconsistent(canonical)]] = True
        pair_a, pair_b = positions(pairs["guid_a"], guids), positions(pairs["guid_b"], guids)
        # Known from a pair alone: its own run was killed before it wrote canonical rows, or has not come to it yet.
        without_row = np.ones(len(guids), bool)
        without_row[canonical_rows] = False
        touched |= without_row
        return cls(
            guids,
            canonical,
            canonical_rows,
            pair_a,
            pair_b,
            pc.cast(pairs["image_cosine"], pa.float64()).to_numpy().astype(np.float64),
            np.asarray(pc.equal(pairs["verdict"], DUPLICATE).to_numpy(), bool),
            np.asarray(pc.equal(pairs["verdict"], DISTINCT).to_numpy(), bool),
            rules,
            gone_mask,
            touched,
        )

    def recomputed(self) -> list[str]:
        """Return the guids of all components (of pairs, decisions and former groups) that hold a touched one."""
        former = self.canonical["canonical_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        _, first = np.unique(former, return_index=True)
        chain_a, chain_b = self.canonical_rows, self.canonical_rows[first[former]] if len(former) else former
        same = [(guid, label) for guid, label in self.rules.classes.items()]
        class_a = positions(pa.array([guid for guid, _ in same], pa.string()), self.guids)
        class_b = positions(pa.array([label for _, label in same], pa.string()), self.guids)
        component = components(
            len(self.guids),
            np.concatenate([self.pair_a[self.is_duplicate], chain_a, class_a]),
            np.concatenate([self.pair_b[self.is_duplicate], chain_b, class_b]),
        )
        hot = np.zeros(len(self.guids), bool)
        hot[component[self.touched]] = True
        left = np.flatnonzero(hot[component] & ~self.gone)
        names: list[str] = self.guids.take(pa.array(left)).to_pylist()
        return names


def _inconsistent(canonical: pa.Table) -> Bools:
    """Return the rows of groups whose stored size or representatives do not fit their members."""
    if not len(canonical):
        return np.zeros(0, bool)
    alive = ~np.asarray(pc.fill_null(canonical["withdrawn"], False).to_numpy(), bool)
    label = canonical["canonical_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
    groups = int(label.max()) + 1
    size = np.bincount(label[alive], minlength=groups)
    heads = np.bincount(label[alive & np.asarray(canonical["is_representative"].to_numpy(), bool)], minlength=groups)
    stored = pc.fill_null(canonical["group_size"], 0).to_numpy()
    return np.asarray(alive & ((stored != size[label]) | (heads[label] != 1)), bool)


def positions(values: pa.Array | pa.ChunkedArray, among: pa.Array) -> Index:
    """Return where each value is in ``among``; all must be there."""
    return np.asarray(
        pc.index_in(values, value_set=among).to_numpy(zero_copy_only=False)
        if isinstance(values, pa.Array)
        else pc.index_in(values, value_set=among).to_numpy(),
        np.int64,
    )


def _mask(guids: pa.Array, values: Sequence[str]) -> Bools:
    found = pc.is_in(guids, value_set=pa.array(values, pa.string()))
    return np.asarray(found.to_numpy(zero_copy_only=False), bool)
