"""The ways to find all pairs of similar vectors that are compared; each returns how many pairs it found."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.duplicates import similar_pairs

Floats = npt.NDArray[np.float32]
BLOCK = 4_096


@dataclass(frozen=True)
class Outcome:
    """One contestant's result: ``seconds`` is extrapolated from ``measured_rows`` when that is less than all."""

    name: str
    seconds: float
    pairs: int | None
    measured_rows: int
    note: str = ""


def this_join(vectors: Floats, threshold: float) -> Outcome:
    """The project's exact join."""
    start = time.perf_counter()
    pairs = similar_pairs(vectors, threshold)
    seconds = time.perf_counter() - start
    report = pairs.report
    share = report.multiplied / max(1, len(vectors) * (len(vectors) - 1) // 2)
    note = (
        f"{report.reduced} of {report.dimensions} dimensions, {report.cells} cells, {share:.1%} of the pairs multiplied"
    )
    return Outcome("this join", seconds, len(pairs), len(vectors), note)


def brute_force(vectors: Floats, threshold: float) -> Outcome:
    """Blocked matrix products of the upper triangle, all cores in BLAS."""
    start = time.perf_counter()
    found = 0
    for i in range(0, len(vectors), BLOCK):
        for j in range(i, len(vectors), BLOCK):
            product = vectors[i : i + BLOCK] @ vectors[j : j + BLOCK].T
            near = np.argwhere(product >= threshold)
            found += int(np.count_nonzero(near[:, 0] + i < near[:, 1] + j))
    return Outcome("brute force", time.perf_counter() - start, found, len(vectors), "float32, upper triangle")


FAISS = """
import sys, time, numpy as np, faiss
vectors = np.load(sys.argv[1]); threshold = float(sys.argv[2])
start = time.perf_counter()
index = faiss.IndexFlatIP(vectors.shape[1]); index.add(vectors)
found = 0
for at in range(0, len(vectors), 4096):
    limits, _, labels = index.range_search(vectors[at:at + 4096], threshold)
    rows = np.repeat(np.arange(at, at + len(limits) - 1), np.diff(limits.astype(np.int64)))
    found += int((rows < labels).sum())
print(time.perf_counter() - start, found)
"""


def faiss_range_search(vectors: Floats, threshold: float, python: Path) -> Outcome:
    """FAISS's exact range search (IndexFlatIP), by a Python that has faiss-cpu."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "vectors.npy"
        np.save(file, vectors)
        command: Sequence[str] = (str(python), "-c", FAISS, str(file), str(threshold))
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, pairs = done.stdout.split()
    return Outcome("FAISS range search", float(seconds), int(pairs), len(vectors), "IndexFlatIP")
