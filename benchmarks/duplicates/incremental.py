"""What adding records to an archive costs beside canonicalizing all of it again: the whole step, without Dagster around it.

A lake of generated records with its tables, its points in a vector endpoint (with short vectors: the step reads and writes
payloads only), and the step itself: open the working set, judge pairs, write them, regroup, write groups, tell the points.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.duplicates.collection import ENCODER, fill, hashes_like
from benchmarks.duplicates.vectors import embedding_like
from heritage_assets.assets.canonical_points import Canonicalized, canonicalize_batches, decide
from heritage_assets.curation.duplicates import DuplicateSettings
from heritage_assets.embedded.vector_endpoint import stop_endpoint
from heritage_assets.stores.journal import Journal
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import ObjectStore, open_object_store
from heritage_assets.stores.vectors import VectorStore
from heritage_assets.stores.working_archive import WorkingArchive
from heritage_assets.stores.working_set import WorkingSet

BATCH = 10_000
ROUNDS = 5
SHORT = 8
POINTS = 2_000
SETTINGS = DuplicateSettings()


@dataclass(frozen=True)
class Growth:
    """Medians in seconds; ``tables``: the step without the points; ``laid_out``: on the working set of earlier runs, which a real
    rebuild does not believe.

    ``changed_by_rebuild``: rows that canonicalizing everything again changed after the last addition (0: it left the identical
    result).
    """

    rows: int
    added: int
    addition: float
    rebuild: float
    rebuild_laid_out: float
    addition_tables: float
    rebuild_tables_laid_out: float
    changed_by_rebuild: int

    def table(self) -> str:
        """Return it as Markdown."""
        lines = [
            f"Adding {self.added:,} records to {self.rows:,} beside a rebuild (medians of {ROUNDS} and 3; the rebuild changed "
            f"{self.changed_by_rebuild} rows)",
            "",
            "| | addition (s) | rebuild (s) | share |",
            "|---|---:|---:|---:|",
        ]
        for name, one, all_ in (
            ("whole step, points told", self.addition, self.rebuild),
            ("whole step, were the files of earlier runs believed", self.addition, self.rebuild_laid_out),
            ("pairs and groups alone, likewise", self.addition_tables, self.rebuild_tables_laid_out),
        ):
            lines.append(f"| {name} | {one:.2f} | {all_:.2f} | {one / all_:.1%} |")
        return "\n".join(lines) + "\n"


def measure(rows: int, added: int) -> Growth:
    """Fill an archive of ``rows``, add ``added`` several times over, and rebuild."""
    # One more round for each way, and one that nobody measures.
    vectors = embedding_like(rows + (2 * ROUNDS + 1) * added)
    hashes = hashes_like(vectors)
    with tempfile.TemporaryDirectory(prefix="heritage-benchmark-") as folder:
        archive = _Archive(Path(folder))
        try:
            for number, start in enumerate(range(0, rows, BATCH), 1):
                end = min(start + BATCH, rows)
                archive.add(number, start, vectors[start:end], hashes[start:end])
            archive.step([f"{n:03d}" for n in range(1, number + 1)])
            whole, tables = [], []
            for turn in range(2 * ROUNDS + 1):
                start, batch = rows + turn * added, 900 + turn
                archive.add(batch, start, vectors[start : start + added], hashes[start : start + added])
                if turn % 2 == 0:
                    whole.append(archive.step([str(batch)])[0])
                else:
                    tables.append(archive.step_of_tables([str(batch)]))
                    archive.step([str(batch)])
            again = [archive.step(None) for _ in range(3)]
            tables_again = [archive.step_of_tables(None) for _ in range(3)]
            rebuilt = [archive.rebuild() for _ in range(3)]
        finally:
            archive.close()
    changed = max(len(d.pairs.merge) + len(d.pairs.delete) + len(d.groups.merge) for _, d in [*again, *rebuilt])
    return Growth(
        rows,
        added,
        statistics.median(whole[1:]),
        statistics.median(seconds for seconds, _ in rebuilt),
        statistics.median(seconds for seconds, _ in again),
        statistics.median(tables),
        statistics.median(tables_again),
        changed,
    )


class _Archive:
    """A lake, its objects and its points."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.lake = Lake((folder / "lake").as_uri())
        self.objects: ObjectStore = open_object_store((folder / "objects").as_uri())
        store = VectorStore.embedded(folder)
        self.store = store.on(store.ensure_collection(ENCODER, {"embedding_image": SHORT}))

    def add(self, batch: int, first: int, vectors: np.ndarray, hashes: np.ndarray) -> None:
        """Write a batch's slices and its pending points."""
        fill(self.lake, f"{batch:03d}", first, vectors, hashes)
        guids = [f"/bench/{first + row:08d}" for row in range(len(vectors))]
        for start in range(0, len(guids), POINTS):
            names = guids[start : start + POINTS]
            short = np.ascontiguousarray(vectors[start : start + POINTS, :SHORT])
            self.store.upsert(names, {"embedding_image": short}, payloads=[{"status": "pending"}] * len(names))

    def step(self, batches: list[str] | None, *, anew: bool = False) -> tuple[float, Canonicalized]:
        """Run the step; return seconds and what it did."""
        start = time.perf_counter()
        done = canonicalize_batches(self._open(anew=anew), self.objects, self.store, SETTINGS, batches)
        return time.perf_counter() - start, done

    def rebuild(self) -> tuple[float, Canonicalized]:
        """Canonicalize everything as ``--rebuild`` does."""
        return self.step(None, anew=True)

    def step_of_tables(self, batches: list[str] | None) -> float:
        """Run the part of the step that reads and writes tables; return seconds."""
        start = time.perf_counter()
        journal = Journal(self.objects, "canonical_points")
        *_, entry = decide(self._open(), batches, [], SETTINGS, journal)
        journal.finish([entry])
        return time.perf_counter() - start

    def close(self) -> None:
        """Stop the endpoint."""
        self.store.close()
        stop_endpoint(self.home)

    def _open(self, *, anew: bool = False) -> WorkingArchive:
        return WorkingArchive(self.lake, ENCODER, WorkingSet.open(self.lake, ENCODER, self.home / "cache", anew=anew))
