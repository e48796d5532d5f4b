"""Groups and canonical ids after pairs, decisions or records changed; only what can have been touched is computed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.archive import Archive
from heritage_assets.curation.duplicates.attributes import evidence_table
from heritage_assets.curation.duplicates.decisions import Constraints, Contradiction
from heritage_assets.curation.duplicates.groups import Partition, declared_order, partition
from heritage_assets.curation.duplicates.identity import Changes, Holding, assign
from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.duplicates.stored import Stored
from heritage_assets.curation.progress import Stage
from heritage_assets.curation.schemas import CANONICAL_RECORDS

Index = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class GroupChanges:
    """Rows of ``canonical_records`` to insert or update, and what happened.

    ``merges``: (id kept, id that became its alias); ``splits``: (id, id of the part that left); ``changed_groups``: canonical ids
    of groups of two or more whose rows change.
    """

    merge: pa.Table
    records: int
    groups: int
    duplicates: int
    merges: list[tuple[str, str]] = field(default_factory=list)
    splits: list[tuple[str, str]] = field(default_factory=list)
    chains_split: int = 0
    contradictions: tuple[Contradiction, ...] = ()
    changed_groups: list[str] = field(default_factory=list)


def regroup(
    archive: Archive, settings: DuplicateSettings, encoder: str, *, affected: Sequence[str], gone: Sequence[str] = ()
) -> GroupChanges:
    """Recompute the groups of ``affected`` and of all that hang together with them.

    Args:
        archive: its pairs, canonical rows and decisions, as they are now; evidence of current records.
        settings: the declared order of representatives.
        encoder: written into the rows.
        affected: guids that are new, changed, or in pairs that changed. Records that decisions name, and groups whose stored
            rows do not fit together (another run was killed half-way), are added.
        gone: guids that were withdrawn.

    Memory: canonical rows and pairs of the whole archive (about 200 bytes a record), evidence of what is recomputed.
    """
    state = Stored.read(archive, affected, gone)
    table = evidence_table(archive.evidence(state.recomputed))
    order = table["guid"].combine_chunks()
    guids: list[str] = order.to_pylist()
    stage = Stage("groups", len(guids))
    at = pc.fill_null(pc.index_in(pa.array(state.recomputed, pa.string()), value_set=order), -1)
    local = np.asarray(at.to_numpy(zero_copy_only=False), np.int64)
    a, b = local[state.pair_a], local[state.pair_b]
    here = (a >= 0) & (b >= 0)
    joins, parts = here & state.is_duplicate, here & state.is_distinct
    result = partition(
        declared_order(table, settings.rights_order),
        a[joins],
        b[joins],
        strength=state.cosine[joins].astype(np.float64),
        classes=_local_classes(state.rules, guids),
        apart=[*_local_apart(state.rules, guids), *_told_apart(state.rules, guids, a[parts], b[parts])],
    )
    changes = _identities(result, guids, state, table)
    weakest = _weakest(result, a[here], b[here], state.cosine[here], len(guids))
    rows = pa.concat_tables(
        [_rows(result, changes, weakest, table, state, encoder), _tombstones(state, [*state.recomputed, *gone], order)]
    )
    stage.advance(len(guids))
    merge = _changed(rows, state.canonical)
    sizes = [len(group.members) for group in result.groups]
    return GroupChanges(
        merge,
        len(guids),
        sum(size > 1 for size in sizes),
        sum(size - 1 for size in sizes),
        changes.merges,
        changes.splits,
        result.split_components,
        state.rules.contradictions,
        sorted(set(merge.filter(pc.greater(merge["group_size"], 1))["canonical_id"].to_pylist())),
    )


def _local_classes(rules: Constraints, guids: list[str]) -> list[tuple[int, ...]]:
    """Return the classes of "same" decisions among ``guids``; members that left still connect the others."""
    members: dict[str, list[int]] = {}
    for row, guid in enumerate(guids):
        if guid in rules.classes:
            members.setdefault(rules.classes[guid], []).append(row)
    return [tuple(rows) for rows in members.values() if len(rows) > 1]


def _local_apart(rules: Constraints, guids: list[str]) -> list[tuple[int, int]]:
    """Return the pairs of rows that must not share a group; a record that left speaks through its class."""
    row = {guid: number for number, guid in enumerate(guids)}
    of_class: dict[str, int] = {}
    for guid, number in row.items():
        of_class.setdefault(rules.classes.get(guid, guid), number)

    def stand_in(guid: str) -> int | None:
        return row.get(guid, of_class.get(rules.classes.get(guid, guid)))

    ends = ((stand_in(a), stand_in(b)) for a, b in rules.apart)
    return [(a, b) for a, b in ends if a is not None and b is not None]


def _told_apart(rules: Constraints, guids: list[str], a: Index, b: Index) -> list[tuple[int, int]]:
    """Return the pairs whose metadata say that they are two things: no third record that looks like both may join them.

    What people decided to be the same is left out: decisions stand above rules.
    """
    pairs = zip(a.tolist(), b.tolist(), strict=True)
    return [(x, y) for x, y in pairs if not _decided_same(rules, guids[x], guids[y])]


def _decided_same(rules: Constraints, one: str, other: str) -> bool:
    return one in rules.classes and rules.classes[one] == rules.classes.get(other)


def _identities(result: Partition, guids: list[str], state: Stored, table: pa.Table) -> Changes:
    canonical = state.canonical
    # All holders of an id are in one component: who else lives under it is among these rows.
    alive = set(canonical.filter(pc.invert(pc.fill_null(canonical["withdrawn"], False)))["canonical_id"].to_pylist())
    mine = canonical.filter(pc.is_in(canonical["guid"], value_set=pa.array(guids, pa.string())))
    columns = (mine[name].to_pylist() for name in ("guid", "canonical_id", "aliases", "withdrawn"))
    held = {
        guid: Holding(identity, tuple(aliases or ()))
        for guid, identity, aliases, withdrawn in zip(*columns, strict=True)
        # A record that comes back takes its id again, unless others still hold it.
        if not withdrawn or identity not in alive
    }
    taken = state.ids_founded_by(guids)
    harvested = pc.cast(pc.floor_temporal(table["harvested_at"], unit="millisecond").cast(pa.int64()), pa.int64())
    times = dict(zip(guids, (0 if t is None else t // 1000 for t in harvested.to_pylist()), strict=True))
    return assign([[guids[row] for row in group.members] for group in result.groups], held, times, taken)


def _weakest(
    result: Partition, a: Index, b: Index, cosine: npt.NDArray[np.float64], rows: int
) -> npt.NDArray[np.float64]:
    """Return each group's smallest image cosine of a stored pair inside it; NaN where there is none."""
    label = np.zeros(rows, np.int64)
    for number, group in enumerate(result.groups):
        label[list(group.members)] = number
    weakest = np.full(len(result.groups), np.nan)
    inside = label[a] == label[b]
    np.fmin.at(weakest, label[a[inside]], cosine[inside])
    return weakest


def _rows(
    result: Partition, changes: Changes, weakest: npt.NDArray[np.float64], table: pa.Table, state: Stored, encoder: str
) -> pa.Table:
    members = np.array([row for group in result.groups for row in group.members], np.int64)
    sizes = np.array([len(group.members) for group in result.groups], np.int64)
    group = np.repeat(np.arange(len(sizes)), sizes)
    heads = np.array([group.representative for group in result.groups], np.int64)
    guids = table["guid"].combine_chunks().take(pa.array(members))
    # The batch that first brought a record stays, whatever brings it again.
    former = pc.index_in(guids, value_set=state.canonical["guid"].combine_chunks())
    first_batch = pc.coalesce(
        state.canonical["first_batch"].combine_chunks().take(former),
        table["batch"].combine_chunks().take(pa.array(members)),
    )
    per_group = {
        "canonical_id": pa.array([identity.canonical_id for identity in changes.identities], pa.string()),
        "aliases": pa.array(
            [list(identity.aliases) for identity in changes.identities], CANONICAL_RECORDS.schema.field("aliases").type
        ),
        "weakest_similarity": pa.array(weakest.astype(np.float32), mask=np.isnan(weakest)),
    }
    spread = {name: column.take(pa.array(group)) for name, column in per_group.items()}
    return (
        pa.table(
            {
                "guid": guids,
                **spread,
                "is_representative": pa.array(members == heads[group]) if len(group) else pa.array([], pa.bool_()),
                "group_size": pa.array(sizes[group].astype(np.int32)),
                "withdrawn": pa.array(np.zeros(len(members), bool)),
                "encoder": pa.array([encoder] * len(members), pa.string()),
                "first_batch": first_batch,
            }
        )
        .select(CANONICAL_RECORDS.schema.names)
        .cast(CANONICAL_RECORDS.schema)
    )


def _tombstones(state: Stored, looked_up: list[str], current: pa.Array) -> pa.Table:
    """Return the rows of records that are no longer current: out of their group, their last id kept for who looks them up."""
    stored = state.canonical["guid"]
    missing = pc.and_(
        pc.is_in(stored, value_set=pa.array(looked_up, pa.string())), pc.invert(pc.is_in(stored, value_set=current))
    )
    leaving = state.canonical.filter(missing)
    n = len(leaving)
    values = {
        "guid": leaving["guid"],
        "canonical_id": leaving["canonical_id"],
        "is_representative": pa.array([False] * n, pa.bool_()),
        "group_size": pa.array([0] * n, pa.int32()),
        "weakest_similarity": pa.nulls(n, pa.float32()),
        "aliases": leaving["aliases"],
        "withdrawn": pa.array([True] * n, pa.bool_()),
        "encoder": leaving["encoder"],
        "first_batch": leaving["first_batch"],
    }
    return pa.table(values, schema=CANONICAL_RECORDS.schema)


def _changed(rows: pa.Table, canonical: pa.Table) -> pa.Table:
    """Drop rows that are stored already."""
    if not len(canonical):
        return rows
    known = canonical.filter(pc.is_in(canonical["guid"], value_set=rows["guid"].combine_chunks()))
    stored = dict(zip(known["guid"].to_pylist(), known.cast(rows.schema).to_pylist(), strict=True))
    keep = [stored.get(row["guid"]) != row for row in rows.to_pylist()]
    return rows.filter(pa.array(keep, pa.bool_()))
