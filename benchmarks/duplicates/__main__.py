"""Compare ways to find all similar pairs, in one run, on the same vectors.

    python -m benchmarks.duplicates --rows 100000 --faiss-python .faiss/bin/python --qdrant-url http://localhost:6333

Writes a table (Markdown and JSON) and a plot to ``--output``. The first contestant runs on a small set first, so that none pays
for loading libraries. ``--scaling`` adds this join on 2 and 5 and 10 times as many rows and fits the exponent of its cost.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.duplicates.contestants import Outcome, brute_force, faiss_range_search, point_by_point, this_join
from benchmarks.duplicates.vectors import embedding_like


def main() -> None:
    """Run the comparison."""
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    this_join(embedding_like(5_000), options.threshold)
    vectors = embedding_like(options.rows)
    outcomes = [this_join(vectors, options.threshold), brute_force(vectors, options.threshold)]
    if options.faiss_python:
        outcomes.append(faiss_range_search(vectors, options.threshold, options.faiss_python))
    if options.qdrant_url:
        outcomes.append(point_by_point(vectors, options.threshold, options.qdrant_url, options.points))
    del vectors
    scaling = [_scaled(options.rows * factor, options.threshold) for factor in (1, 2, 5, 10)] if options.scaling else []
    table = _table(outcomes, options.rows, options.threshold, scaling)
    (options.output / "duplicates.md").write_text(table, encoding="utf-8")
    results = {"rows": options.rows, "outcomes": [asdict(o) for o in outcomes], "scaling": scaling}
    (options.output / "duplicates.json").write_text(json.dumps(results, indent=1), encoding="utf-8")
    _plot(outcomes, options.rows, options.output / "duplicates.png")
    print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--threshold", type=float, default=0.98)
    parser.add_argument("--faiss-python", type=Path, help="a Python with faiss-cpu and numpy")
    parser.add_argument("--qdrant-url", help="a Qdrant server, or this project's embedded endpoint")
    parser.add_argument("--points", type=int, default=500, help="points that the loop on Qdrant is measured on")
    parser.add_argument("--scaling", action="store_true", help="also measure this join on up to 10 times as many rows")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results"))
    return parser.parse_args()


def _scaled(rows: int, threshold: float) -> tuple[int, float, float]:
    outcome = this_join(embedding_like(rows), threshold)
    # Peak memory of this process so far, vectors included (KiB on Linux).
    return rows, outcome.seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _table(outcomes: list[Outcome], rows: int, threshold: float, scaling: list[tuple[int, float, float]]) -> str:
    fastest = outcomes[0].seconds
    lines = [
        f"{rows:,} vectors, cosine ≥ {threshold}, {os.cpu_count()} cores, numpy {np.__version__}",
        "",
        "| | seconds | times this join | pairs | |",
        "|---|---:|---:|---:|---|",
    ]
    for o in outcomes:
        pairs = "" if o.pairs is None else f"{o.pairs:,}"
        lines.append(f"| {o.name} | {o.seconds:,.2f} | {o.seconds / fastest:,.1f} | {pairs} | {o.note} |")
    if scaling:
        lines += ["", "| rows | seconds | peak memory (GiB) |", "|---:|---:|---:|"]
        lines += [f"| {n:,} | {seconds:.2f} | {memory:.1f} |" for n, seconds, memory in scaling]
        first, last = scaling[0], scaling[-1]
        exponent = np.log(last[1] / first[1]) / np.log(last[0] / first[0])
        lines += ["", f"Cost grows with rows to the power of {exponent:.2f}."]
    return "\n".join(lines) + "\n"


def _plot(outcomes: list[Outcome], rows: int, file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 0.6 * len(outcomes) + 1.2))
    names = [o.name for o in outcomes][::-1]
    bars = axes.barh(names, [o.seconds for o in outcomes][::-1], color="#4c72b0")
    axes.bar_label(bars, fmt="%.3g s", padding=3)
    axes.set_xscale("log")
    axes.margins(x=0.2)
    axes.set_xlabel(f"seconds for all similar pairs of {rows:,} vectors (logarithmic)")
    figure.tight_layout()
    figure.savefig(file, dpi=120)


if __name__ == "__main__":
    main()
