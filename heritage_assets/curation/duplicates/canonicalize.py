"""Canonicalization in two steps, each safe to repeat, to kill and to interleave.

1. :func:`find_pairs`: judge every pair that holds a record at hand; what to merge into and delete from ``duplicate_pairs``.
   The result for a pair depends on its two records only.
2. :func:`regroup`: read *all* stored pairs and decisions, recompute the groups that what is new can have touched, and return
   the rows of ``canonical_records`` that change.

Write step 1 before step 2 reads. When another run commits pairs or canonical rows between the reading and the writing of
step 2, read again: the groups depend on the tables alone, so the last one to read is right for all. :func:`canonicalize` does
both in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.archive import Archive, records_table
from heritage_assets.curation.duplicates.attributes import EVIDENCE, Attributes, evidence_table
from heritage_assets.curation.duplicates.candidates import Candidates, find_candidates
from heritage_assets.curation.duplicates.crowding import crowding
from heritage_assets.curation.duplicates.evidence import PairEvidence, pair_evidence
from heritage_assets.curation.duplicates.join import JoinReport
from heritage_assets.curation.duplicates.regroup import GroupChanges, regroup
from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.duplicates.verdicts import Verdicts, judge, worth_storing
from heritage_assets.curation.progress import Stage
from heritage_assets.curation.schemas import DUPLICATE_PAIRS

KEY = ["guid_a", "guid_b"]
HISTOGRAM_BINS = 60


@dataclass(frozen=True)
class PairStatistics:
    """What step 1 saw: counts by verdict and by rule of the judged pairs, scores, and how the joins went."""

    records: int
    candidates: int
    verdicts: dict[str, int]
    rules: dict[str, int]
    histogram: npt.NDArray[np.int64]
    """Counts of judged pairs by image cosine between ``edges``."""
    edges: npt.NDArray[np.float64]
    threshold: float
    placeholders: list[str]
    joins: list[JoinReport]
    crowding: float | None = None
    """See :func:`~.crowding.crowding`."""


@dataclass(frozen=True)
class PairChanges:
    """Rows for ``duplicate_pairs``: to insert or update, and keys (guid_a, guid_b) to delete."""

    merge: pa.Table
    delete: pa.Table
    statistics: PairStatistics
    affected: list[str]
    """Guids whose groups step 2 has to recompute."""


@dataclass(frozen=True)
class Canonicalized:
    """Both steps."""

    pairs: PairChanges
    groups: GroupChanges = field(repr=False)


def find_pairs(
    records: pa.Table, archive: Archive, settings: DuplicateSettings, encoder: str, *, gone: Sequence[str] = ()
) -> PairChanges:
    """Judge all pairs that hold one of ``records``.

    Args:
        records: :data:`~.archive.RECORDS`: the current records of the batches at hand (or of all, for a rebuild). Records whose
            picture or description changed belong here too: their old pairs are replaced.
        archive: everything else.
        settings: thresholds and rules.
        encoder: name of the encoder that made the vectors.
        gone: guids that were withdrawn; their pairs are deleted.

    Memory: see :mod:`.candidates`, plus the evidence of the records in candidate pairs (3 KiB each with text vectors).
    """
    records = records_table(records)
    found = find_candidates(records, archive, settings, gone)
    stage = Stage("verdicts", len(found.cosine))
    attributes, a, b = _attributes(records, archive, found)
    kept_rows = np.flatnonzero((a >= 0) & (b >= 0))
    a, b, cosine = a[kept_rows], b[kept_rows], found.cosine[kept_rows]
    evidence = pair_evidence(attributes, a, b, cosine, settings)
    verdicts = judge(evidence, settings)
    stored = np.flatnonzero(worth_storing(evidence, verdicts, settings))
    names = pa.array(attributes.guids, pa.string())
    ends = names.take(pa.array(a)), names.take(pa.array(b))
    rows = _pair_rows(ends, evidence, verdicts, encoder).take(pa.array(stored))
    stage.advance(len(found.cosine))
    existing = archive.pairs()
    mine = pa.array([*records["guid"].to_pylist(), *gone, *found.excluded], pa.string())
    touching = existing.filter(
        pc.or_(pc.is_in(existing["guid_a"], value_set=mine), pc.is_in(existing["guid_b"], value_set=mine))
    )
    delete = touching.filter(pc.invert(pc.is_in(_joined(touching, KEY), value_set=_joined(rows, KEY)))).select(KEY)
    merge = rows.filter(pc.invert(pc.is_in(_fingerprints(rows), value_set=_fingerprints(touching))))
    statistics = PairStatistics(
        len(records),
        len(found.cosine),
        dict(Counter(verdicts.verdict)),
        dict(Counter(verdicts.rule)),
        *_histogram(evidence.cosine, settings),
        settings.threshold,
        found.placeholders,
        found.reports,
        crowding(records, settings),
    )
    touched = {guid for table in (delete, merge) for name in KEY for guid in table[name].to_pylist()}
    return PairChanges(merge, delete, statistics, sorted(touched | set(mine.to_pylist())))


def canonicalize(
    records: pa.Table, archive: Archive, settings: DuplicateSettings, encoder: str, *, gone: Sequence[str] = ()
) -> Canonicalized:
    """Do both steps, the second on the archive as it will be when the first is written."""
    changes = find_pairs(records, archive, settings, encoder, gone=gone)
    after = _After(archive, records_table(records), changes, gone)
    groups = regroup(after, settings, encoder, affected=changes.affected, gone=gone)
    return Canonicalized(changes, groups)


class _After:
    """The archive with the changes of step 1 applied."""

    def __init__(self, before: Archive, records: pa.Table, changes: PairChanges, gone: Sequence[str]) -> None:
        self.before = before
        self.records = records
        self.gone = set(gone)
        existing = before.pairs()
        leaving = pa.concat_tables([changes.merge.select(KEY), changes.delete])
        kept = existing.filter(pc.invert(pc.is_in(_joined(existing, KEY), value_set=_joined(leaving, KEY))))
        self._pairs = pa.concat_tables([kept.cast(DUPLICATE_PAIRS.schema), changes.merge])
        self.images, self.vectors, self.prepared = before.images, before.vectors, before.prepared
        self.canonical, self.decisions = before.canonical, before.decisions

    def evidence(self, guids: Sequence[str]) -> pa.Table:
        """Return evidence, that of the records at hand first."""
        return known_evidence(self.records, self.before, [guid for guid in guids if guid not in self.gone])

    def pairs(self) -> pa.Table:
        """Return the pairs as they will be."""
        return self._pairs


def known_evidence(records: pa.Table, archive: Archive, guids: Sequence[str]) -> pa.Table:
    """Return evidence of ``guids``: from ``records`` where they are there, else from the archive."""
    wanted = pa.array(guids, pa.string())
    mine = records.select(EVIDENCE.names).filter(pc.is_in(records["guid"], value_set=wanted))
    rest = wanted.filter(pc.invert(pc.is_in(wanted, value_set=mine["guid"].combine_chunks())))
    tables = [evidence_table(mine)]
    if len(rest):
        tables.append(evidence_table(archive.evidence(rest.to_pylist())))
    return pa.concat_tables(tables)


def _attributes(
    records: pa.Table, archive: Archive, found: Candidates
) -> tuple[Attributes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the evidence of all records in candidate pairs, and the rows of each pair in it (-1: no longer current)."""
    guids = pc.unique(pa.concat_arrays([found.guid_a, found.guid_b]))
    table = known_evidence(records, archive, guids.to_pylist())
    order = table["guid"].combine_chunks()
    rows = [
        pc.fill_null(pc.index_in(side, value_set=order), -1).to_numpy(zero_copy_only=False).astype(np.int64)
        for side in (found.guid_a, found.guid_b)
    ]
    return Attributes(table), rows[0], rows[1]


def _pair_rows(ends: tuple[pa.Array, pa.Array], evidence: PairEvidence, verdicts: Verdicts, encoder: str) -> pa.Table:
    return pa.table(
        {
            "guid_a": ends[0],
            "guid_b": ends[1],
            "encoder": pa.array([encoder] * len(evidence), pa.string()),
            "image_cosine": pa.array(evidence.cosine.astype(np.float32), mask=np.isnan(evidence.cosine)),
            "text_cosine": pa.array(evidence.text_cosine.astype(np.float32), mask=np.isnan(evidence.text_cosine)),
            "hash_distance": pa.array(evidence.hash_distance.astype(np.int32), mask=evidence.hash_distance < 0),
            "conflict": pa.array(evidence.conflicts, pa.string()),
            "verdict": pa.array(verdicts.verdict, pa.string()),
            "rule": pa.array(verdicts.rule, pa.string()),
        },
        schema=DUPLICATE_PAIRS.schema,
    )


def _joined(table: pa.Table, columns: list[str]) -> pa.Array:
    texts = [pc.fill_null(table[name].cast(pa.string()), "") for name in columns]
    joined = pc.binary_join_element_wise(*texts, "\x1f")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _fingerprints(table: pa.Table) -> pa.Array:
    """Return one string for each row that is equal for equal rows."""
    return _joined(table.cast(DUPLICATE_PAIRS.schema), DUPLICATE_PAIRS.schema.names)


def _histogram(
    cosine: npt.NDArray[np.float64], settings: DuplicateSettings
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    edges = np.linspace(min(settings.floor_with_hash, settings.lowest_cosine) - 0.05, 1.0, HISTOGRAM_BINS + 1)
    counts, _ = np.histogram(cosine[~np.isnan(cosine)], edges)
    return counts.astype(np.int64), edges
