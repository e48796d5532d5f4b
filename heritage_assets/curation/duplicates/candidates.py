"""Which pairs of records are worth judging: similar vectors, or almost equal hashes.

New records are compared with each other and with a stream of everything else. Memory: the records at hand, about 120 bytes for
each record of the archive (its guid and hashes), and one block of its vectors.

A file that too many records share is a placeholder and not compared. When withdrawals make it rare again, its records are
compared when they come again, or on a rebuild.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.duplicates.archive import IMAGES, Archive
from heritage_assets.curation.duplicates.attributes import vector_rows
from heritage_assets.curation.duplicates.hashes import near_hashes, near_hashes_between, parse_hashes
from heritage_assets.curation.duplicates.join import JoinReport, cosines, similar_pairs, similar_pairs_between
from heritage_assets.curation.duplicates.settings import DuplicateSettings
from heritage_assets.curation.duplicates.tiles import Rows

Doubles = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """Pairs of guids with ``guid_a < guid_b`` and their image cosine (NaN: unknown), without repetition."""

    guid_a: pa.Array
    guid_b: pa.Array
    cosine: Doubles
    placeholders: list[str]
    """Files (sha256) that stand for too many records to be compared."""
    excluded: list[str]
    """Guids of the records that show a placeholder."""
    reports: list[JoinReport]


def find_candidates(
    records: pa.Table, archive: Archive, settings: DuplicateSettings, gone: Sequence[str] = ()
) -> Candidates:
    """Return the pairs that hold at least one of ``records``.

    Args:
        records: :data:`~.archive.RECORDS` of the records at hand.
        archive: everything else (rows of the records at hand in it are ignored).
        settings: thresholds and bounds.
        gone: guids that were withdrawn: they are not compared.
    """
    mine = pa.concat_arrays([records["guid"].combine_chunks(), pa.array(gone, pa.string())])
    images = _images(archive, mine)
    placeholders, excluded = _placeholders(records, images, settings.max_same_image)
    compared = records
    if len(excluded):
        compared = records.filter(pc.invert(pc.is_in(records["guid"], value_set=excluded)))
    images = images.filter(pc.invert(pc.is_in(images["guid"], value_set=excluded)))
    hash_a, hash_b = _hash_candidates(compared, images, settings)
    visual = compared.select(["guid", "embedding_image"])
    if visual["embedding_image"].null_count:
        visual = visual.filter(pc.is_valid(visual["embedding_image"]))
    vectors = vector_rows(visual["embedding_image"])
    found = _VectorJoin(visual["guid"].combine_chunks(), vectors, settings)
    found.within()
    outside = pa.array(
        np.unique(np.asarray(hash_b.filter(pc.invert(pc.is_in(hash_b, value_set=mine))).to_pylist(), object)),
        pa.string(),
    )
    others, other_vectors = found.against(archive, pa.concat_arrays([mine, excluded]), outside)
    a = pa.concat_arrays([found.guid_a, hash_a])
    b = pa.concat_arrays([found.guid_b, hash_b])
    known = _Lookup(
        pa.concat_arrays([found.guids, others]),
        np.concatenate([vectors.reshape(len(found.guids), -1), other_vectors]) if len(others) else vectors,
    )
    cosine = np.concatenate([found.cosine, known.cosines(hash_a, hash_b)])
    a, b, cosine = _distinct(a, b, cosine)
    return Candidates(a, b, cosine, placeholders, excluded.to_pylist(), found.reports)


class _VectorJoin:
    """Gathers similar pairs of guids."""

    def __init__(self, guids: pa.Array, vectors: Floats, settings: DuplicateSettings) -> None:
        self.guids = guids
        self.vectors = vectors
        self.settings = settings
        self.reports: list[JoinReport] = []
        self.guid_a = self.guid_b = pa.array([], pa.string())
        self.cosine: Doubles = np.empty(0)

    def within(self) -> None:
        """Join the records at hand with each other."""
        if not len(self.vectors):
            return
        pairs = similar_pairs(
            self.vectors,
            self.settings.lowest_cosine,
            exact_rows=self.settings.exact_rows,
            margin=self.settings.join_margin,
            most_pairs=self.settings.most_pairs,
        )
        self._add(self.guids.take(pa.array(pairs.i)), self.guids.take(pa.array(pairs.j)), pairs.cosine)
        self.reports.append(pairs.report)

    def against(self, archive: Archive, left_out: pa.Array, wanted: pa.Array) -> tuple[pa.Array, Floats]:
        """Join with the archive's stream; also return the guids and vectors of the ``wanted`` records met in it."""
        if not len(self.vectors):
            return pa.array([], pa.string()), np.empty((0, 0), np.float32)
        names: list[pa.Array] = []
        kept: list[pa.Array] = []
        kept_vectors: list[Floats] = []
        prepared = archive.prepared(self.settings.lowest_cosine)

        def blocks() -> Iterator[tuple[int, Floats | Rows]]:
            offset = 0
            for names_here, rows_here in prepared.blocks if prepared else _unprepared(archive):
                guids, block = _without(names_here, rows_here, left_out)
                if not len(guids):
                    continue
                here = np.flatnonzero(pc.is_in(guids, value_set=wanted).to_numpy(zero_copy_only=False))
                if len(here):
                    kept.append(guids.take(pa.array(here)))
                    kept_vectors.append(block.whole(here)[0])
                names.append(guids)
                yield offset, block if prepared else block.short
                offset += len(guids)

        pairs = similar_pairs_between(
            self.vectors,
            blocks(),
            self.settings.lowest_cosine,
            reduction=prepared.reduction if prepared else None,
            most_pairs=self.settings.most_pairs,
        )
        if len(pairs):
            theirs = pa.chunked_array(names).take(pa.array(pairs.j)).combine_chunks()
            self._add(self.guids.take(pa.array(pairs.i)), theirs, pairs.cosine)
        self.reports.append(pairs.report)
        if not kept:
            return pa.array([], pa.string()), np.empty((0, self.vectors.shape[1]), np.float32)
        return pa.concat_arrays(kept), np.concatenate(kept_vectors)

    def _add(self, a: pa.Array, b: pa.Array, cosine: Floats) -> None:
        self.guid_a = pa.concat_arrays([self.guid_a, a])
        self.guid_b = pa.concat_arrays([self.guid_b, b])
        self.cosine = np.concatenate([self.cosine, cosine.astype(np.float64)])


def _unprepared(archive: Archive) -> Iterator[tuple[pa.Array, Rows]]:
    """Stream the archive's vectors as rows that have no short forms yet."""
    for batch in archive.vectors():
        block = vector_rows(batch["embedding_image"])
        yield batch["guid"], Rows(block, np.ones(len(block)), block)


def _without(guids: pa.Array, block: Rows, left_out: pa.Array) -> tuple[pa.Array, Rows]:
    out = np.asarray(pc.is_in(guids, value_set=left_out).to_numpy(zero_copy_only=False), bool)
    if not out.any():
        return guids, block
    return guids.filter(pa.array(~out)), block.only(np.flatnonzero(~out))


class _Lookup:
    """Image vectors by guid."""

    def __init__(self, guids: pa.Array, vectors: Floats) -> None:
        self.guids = guids
        self.vectors = vectors

    def cosines(self, a: pa.Array, b: pa.Array) -> Doubles:
        """Return the cosine of each pair of guids; NaN where one has no vector."""
        result = np.full(len(a), np.nan)
        rows = [
            pc.fill_null(pc.index_in(side, value_set=self.guids), -1).to_numpy(zero_copy_only=False) for side in (a, b)
        ]
        both = np.flatnonzero((rows[0] >= 0) & (rows[1] >= 0))
        step = 65_536
        for start in range(0, len(both), step):
            part = both[start : start + step]
            exact = cosines(self.vectors[rows[0][part]], self.vectors[rows[1][part]])
            # As the join does, so that both ways to find a pair give the same number.
            result[part] = exact.astype(np.float32)
        return result


def _images(archive: Archive, mine: pa.Array) -> pa.Table:
    batches = [batch.filter(pc.invert(pc.is_in(batch["guid"], value_set=mine))) for batch in archive.images()]
    return pa.Table.from_batches([batch.cast(IMAGES) for batch in batches], schema=IMAGES)


def _placeholders(records: pa.Table, images: pa.Table, most: int) -> tuple[list[str], pa.Array]:
    """Return files that more than ``most`` records share, and the guids of those records."""
    both = pa.concat_tables([records.select(["guid", "image_sha256"]), images.select(["guid", "image_sha256"])])
    both = both.filter(pc.is_valid(both["image_sha256"]))
    if not _any_crowd(both["image_sha256"].combine_chunks(), most):
        return [], pa.array([], pa.string())
    counts = both["image_sha256"].value_counts()
    crowd = counts.field("values").filter(pc.greater(counts.field("counts"), most))
    guids = both["guid"].filter(pc.is_in(both["image_sha256"], value_set=crowd))
    return sorted(crowd.to_pylist()), pa.array(guids.to_pylist(), pa.string())


def _any_crowd(names: pa.Array, most: int) -> bool:
    """Say, without comparing whole names, whether more than ``most`` of them may be equal; wrong on the safe side only."""
    fixed = pc.binary_slice(names.cast(pa.binary()), 0, 8)
    if not len(fixed) or pc.min(pc.binary_length(fixed)).as_py() < 8:
        return len(fixed) > 0
    starts = fixed.cast(pa.binary(8))
    keys = np.sort(np.frombuffer(starts.buffers()[1], np.uint64, len(starts), starts.offset * 8))
    return bool((keys[most:] == keys[: max(len(keys) - most, 0)]).any())


def _hash_candidates(records: pa.Table, images: pa.Table, settings: DuplicateSettings) -> tuple[pa.Array, pa.Array]:
    """Return pairs of guids whose hashes differ in at most ``hash_same`` bits; the first is always one of ``records``."""
    mine, my_guids = _hashes(records)
    theirs, their_guids = _hashes(images)
    limit = settings.most_pairs
    i, j = near_hashes(mine, settings.hash_same, most_pairs=limit)
    k, m = near_hashes_between(mine, theirs, settings.hash_same, most_pairs=limit)
    a = pa.concat_arrays([my_guids.take(pa.array(i)), my_guids.take(pa.array(k))])
    b = pa.concat_arrays([my_guids.take(pa.array(j)), their_guids.take(pa.array(m))])
    return a, b


def _hashes(table: pa.Table) -> tuple[npt.NDArray[np.uint64], pa.Array]:
    values, valid = parse_hashes(table["perceptual_hash"])
    return values[valid], table["guid"].combine_chunks().filter(pa.array(valid))


def _distinct(a: pa.Array, b: pa.Array, cosine: Doubles) -> tuple[pa.Array, pa.Array, Doubles]:
    """Order each pair, and drop repetitions (found by vectors and by hashes, or from both sides)."""
    swap = pc.greater(a, b)
    a, b = pc.if_else(swap, b, a), pc.if_else(swap, a, b)
    keys = (
        np.unique(np.asarray(pc.binary_join_element_wise(a, b, "\x1f").to_pylist(), object), return_index=True)[1]
        if len(a)
        else np.empty(0, np.int64)
    )
    rows = pa.array(np.sort(keys), pa.int64())
    return a.take(rows), b.take(rows), cosine[np.sort(keys)]
