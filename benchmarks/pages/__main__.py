"""Measure what grouping ordered scans costs as a collection grows: time and memory, from stored features to stored documents.

    python -m benchmarks.pages --sizes 1000 10000 100000

Each size has a lake of its own, written by this process; another one groups it, so that its peak memory is that of grouping. It
groups everything, again without a change, and again after one batch of 2,000 scans changed (of 1,000 scans: all of them). Writes
a table (Markdown and JSON) to ``--output``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.pages.scans import BATCH, DATASET, ENCODER, write_batch, write_scans
from heritage_assets.curation.pages.metrics import compare
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import ObjectStore, open_object_store
from heritage_assets.stores.page_grouping import propose
from heritage_assets.stores.vectors import VectorStore

EXTRAPOLATED = 900_000


@dataclass(frozen=True)
class Measured:
    """One size. Seconds of wall and CPU time; ``memory``: peak MiB above that of the loaded program."""

    scans: int
    seconds: float
    cpu: float
    memory: float
    unchanged: float
    one_batch: float
    boundary_f1: float


def main() -> None:
    """Run the benchmark."""
    options = _options()
    if options.measure is not None:
        print(json.dumps(asdict(_measured(options.measure, options.dimensions))))
        return
    found = [_size(scans, options.dimensions) for scans in sorted(options.sizes)]
    table = _table(found, options.dimensions)
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / "pages.md").write_text(table, encoding="utf-8")
    (options.output / "pages.json").write_text(json.dumps([asdict(one) for one in found], indent=1), encoding="utf-8")
    print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="numbers of scans")
    parser.add_argument("--dimensions", type=int, default=1_280, help="of the embeddings (MobileNetV2 has 1,280)")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _size(scans: int, dimensions: int) -> Measured:
    with tempfile.TemporaryDirectory(prefix="pages-benchmark-") as folder:
        home = Path(folder)
        documents = write_scans(_lake(home), scans, dimensions)
        (home / "documents.json").write_text(json.dumps(documents), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.pages", "--measure", folder, "--dimensions", str(dimensions)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = Measured(**json.loads(done.stdout))
    print(f"{scans:,} scans: {found.seconds:.1f} s", file=sys.stderr)
    return found


def _lake(home: Path) -> Lake:
    return Lake((home / "lake").as_uri())


def _measured(home: Path, dimensions: int) -> Measured:
    documents = json.loads((home / "documents.json").read_text(encoding="utf-8"))
    store = open_object_store((home / "objects").as_uri())
    loaded = _peak()
    groups, seconds, cpu = _grouped(home, store)
    memory = _peak() - loaded
    again, unchanged, _ = _grouped(home, store)
    if again != groups:
        raise RuntimeError("grouping again without a change gave other documents")
    batches = -(-len(documents) // BATCH)
    changed = batches // 2
    first = changed * BATCH
    write_batch(_lake(home), changed, first, min(BATCH, len(documents) - first), dimensions, seed=1)
    _, one_batch, _ = _grouped(home, store)
    score = compare(groups, [str(one) for one in documents]).boundary_f1
    return Measured(len(documents), seconds, cpu, memory, unchanged, one_batch, score)


def _grouped(home: Path, store: ObjectStore) -> tuple[list[str], float, float]:
    started, busy = time.perf_counter(), time.process_time()
    run = propose(_lake(home), store, _no_vectors, ENCODER, DATASET, GroupingSettings())
    seconds, cpu = time.perf_counter() - started, time.process_time() - busy
    groups: list[str] = run.groups["group"].to_pylist()
    return groups, seconds, cpu


def _no_vectors() -> VectorStore:
    raise RuntimeError("ordered scans are grouped without the vector store")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _table(found: list[Measured], dimensions: int) -> str:
    lines = [
        f"Embeddings of {dimensions:,} numbers, {os.cpu_count()} cores.",
        "",
        "| scans | seconds | CPU ms a scan | peak MiB | nothing changed, s | one batch changed, s | boundary F1 |",
        "|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {one.scans:,} | {one.seconds:.1f} | {1000 * one.cpu / one.scans:.2f} | {one.memory:,.0f} | {one.unchanged:.1f} "
        f"| {one.one_batch:.1f} | {one.boundary_f1:.3f} |"
        for one in found
    ]
    if len(found) > 1:
        seconds, memory = (_extrapolated(found, name) for name in ("seconds", "memory"))
        reached = f"{EXTRAPOLATED:,} scans in {seconds / 60:.0f} minutes with {memory:,.0f} MiB"
        lines += ["", f"Along the line through the two largest: {reached}."]
    return "\n".join(lines) + "\n"


def _extrapolated(found: list[Measured], name: str) -> float:
    """Follow the line through the two largest sizes; what did not grow between them stays as it is."""
    (x, y), (further, larger) = ((one.scans, float(getattr(one, name))) for one in found[-2:])
    return larger + max(larger - y, 0.0) / (further - x) * (EXTRAPOLATED - further)


if __name__ == "__main__":
    main()
