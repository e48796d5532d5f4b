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
from heritage_assets.curation.duplicates.identity import FOUNDER_DIGITS, founder_mark
from heritage_assets.curation.duplicates.verdicts import DISTINCT, DUPLICATE

Index = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEW = 4
"""Below one in so many records the ids that these founded are looked for; else all ids are taken."""


@dataclass(frozen=True)
class Stored:
    """What has to be computed again, and what is stored about it.

    ``recomputed``: guids of the components (of pairs, decisions and former groups) that hold a touched record, without those
    that are gone. ``canonical``: the stored rows of these components, of those that are gone too. ``pair_a``, ``pair_b``,
    ``cosine``, ``is_duplicate``, ``is_distinct``: (m,) the pairs with both ends in ``recomputed``, as places in it.
    """

    recomputed: list[str]
    canonical: pa.Table
    pair_a: Index
    pair_b: Index
    cosine: npt.NDArray[np.float64]
    is_duplicate: Bools
    is_distinct: Bools
    rules: Constraints
    everything: pa.Table

    @classmethod
    def read(cls, archive: Archive, affected: Sequence[str], gone: Sequence[str]) -> Stored:
        """Read the tables, and find what hangs together with ``affected``, ``gone`` and what decisions name."""
        pairs, canonical, rules = archive.pairs(), archive.canonical(), constraints(archive.decisions())
        nodes = _Nodes(canonical, pairs, [*affected, *gone], list(rules.classes.items()), list(rules.guids))
        touched = np.zeros(nodes.count, bool)
        touched[nodes.named] = True
        touched[nodes.decided] = True
        # Known from a pair alone: its own run was killed before it wrote canonical rows, or has not come to it yet.
        touched[len(canonical) :] = True
        touched[_inconsistent(canonical, nodes.group)] = True
        is_duplicate = np.asarray(pc.equal(pairs["verdict"], DUPLICATE).to_numpy(), bool)
        hot = _reached(nodes, is_duplicate, touched)
        left = hot.copy()
        left[nodes.named[len(affected) :]] = False  # those that are gone
        places = np.full(nodes.count, -1, np.int64)
        places[left] = np.arange(np.count_nonzero(left))
        a, b = places[nodes.pair_a], places[nodes.pair_b]
        inside = np.flatnonzero((a >= 0) & (b >= 0))
        is_distinct = np.asarray(pc.equal(pairs["verdict"], DISTINCT).to_numpy(), bool)
        cosine = pc.cast(pairs["image_cosine"].take(pa.array(inside)), pa.float64())
        return cls(
            nodes.names(np.flatnonzero(left)),
            canonical.take(pa.array(np.flatnonzero(hot[: len(canonical)]))).combine_chunks(),
            a[inside],
            b[inside],
            cosine.to_numpy().astype(np.float64),
            is_duplicate[inside],
            is_distinct[inside],
            rules,
            canonical,
        )

    def ids_founded_by(self, guids: Sequence[str]) -> set[str]:
        """Return the ids and aliases in use anywhere that one of ``guids`` founded, and perhaps others."""
        used = [self.everything["canonical_id"].combine_chunks(), self.everything["aliases"].combine_chunks().flatten()]
        ids = pa.concat_arrays(used)
        if FEW * len(guids) < len(ids):
            ends = pc.utf8_slice_codeunits(ids, -FOUNDER_DIGITS)
            ids = ids.filter(pc.is_in(ends, value_set=pa.array([founder_mark(guid) for guid in guids], pa.string())))
        return set(ids.to_pylist())


class _Nodes:
    """Records as numbers: first the rows of ``canonical_records``, then guids that have no row there.

    ``group``: (rows,) number of each row's canonical id. ``named``, ``decided``: the nodes of the two lists of guids. The
    edges that join what belongs together: ``pair_a`` to ``pair_b``, ``same_a`` to ``same_b``.
    """

    def __init__(
        self, canonical: pa.Table, pairs: pa.Table, named: list[str], same: list[tuple[str, str]], decided: list[str]
    ) -> None:
        self.guids = canonical["guid"].combine_chunks()
        self.group = canonical["canonical_id"].combine_chunks().dictionary_encode().indices.to_numpy().astype(np.int64)
        lists = [
            pairs["guid_a"].combine_chunks(),
            pairs["guid_b"].combine_chunks(),
            *(
                pa.array(names, pa.string())
                for names in (named, [guid for guid, _ in same], [other for _, other in same], decided)
            ),
        ]
        # One look-up for all: the table of guids is what costs.
        everyone = pa.concat_arrays(lists)
        found = pc.index_in(everyone, value_set=self.guids)
        place = np.array(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int64)
        unknown = np.flatnonzero(place < 0)
        new = everyone.take(pa.array(unknown)).dictionary_encode()
        self.others = new.dictionary
        place[unknown] = len(self.guids) + new.indices.to_numpy()
        self.count = len(self.guids) + len(self.others)
        ends = np.cumsum([len(part) for part in lists])[:-1]
        self.pair_a, self.pair_b, self.named, self.same_a, self.same_b, self.decided = np.split(place, ends)

    def names(self, nodes: Index) -> list[str]:
        """Return the guids of sorted nodes."""
        known = nodes[nodes < len(self.guids)]
        others = nodes[len(known) :] - len(self.guids)
        return [*self.guids.take(pa.array(known)).to_pylist(), *self.others.take(pa.array(others)).to_pylist()]


def _reached(nodes: _Nodes, is_duplicate: Bools, touched: Bools) -> Bools:
    """Return which nodes hang together with one that is touched."""
    rows = np.arange(len(nodes.group))
    first = np.zeros(int(nodes.group.max()) + 1 if len(rows) else 0, np.int64)
    first[nodes.group[::-1]] = rows[::-1]
    head = first[nodes.group]
    member = np.flatnonzero(head != rows)
    component = components(
        nodes.count,
        np.concatenate([nodes.pair_a[is_duplicate], member, nodes.same_a]),
        np.concatenate([nodes.pair_b[is_duplicate], head[member], nodes.same_b]),
    )
    hot = np.zeros(nodes.count, bool)
    hot[component[touched]] = True
    return np.asarray(hot[component], bool)


def _inconsistent(canonical: pa.Table, group: Index) -> Index:
    """Return the rows of groups whose stored size or representatives do not fit their members."""
    if not len(canonical):
        return np.empty(0, np.int64)
    alive = ~np.asarray(pc.fill_null(canonical["withdrawn"], False).to_numpy(), bool)
    groups = int(group.max()) + 1
    size = np.bincount(group[alive], minlength=groups)
    heads = np.bincount(group[alive & np.asarray(canonical["is_representative"].to_numpy(), bool)], minlength=groups)
    stored = pc.fill_null(canonical["group_size"], 0).to_numpy()
    return np.flatnonzero(alive & ((stored != size[group]) | (heads[group] != 1)))
