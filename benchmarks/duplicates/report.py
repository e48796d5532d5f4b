"""What the benchmark writes: tables in Markdown, and a plot."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmarks.duplicates.contestants import Outcome
from benchmarks.duplicates.pictures import Found

Scaling = list[tuple[int, float, float, float]]
"""Rows, seconds, CPU seconds, peak memory in GiB."""


def vectors_table(outcomes: list[Outcome], rows: int, threshold: float) -> str:
    """Return the contestants on vectors; the first is what the others are measured by."""
    lines = [
        f"{rows:,} vectors, cosine ≥ {threshold}, {os.cpu_count()} cores, numpy {np.__version__}",
        "",
        "| | seconds | times this join | pairs | |",
        "|---|---:|---:|---:|---|",
    ]
    for o in outcomes:
        pairs = "" if o.pairs is None else f"{o.pairs:,}"
        lines.append(f"| {o.name} | {o.seconds:,.2f} | {o.seconds / outcomes[0].seconds:,.0f} | {pairs} | {o.note} |")
    return "\n".join(lines) + "\n"


def pictures_table(found: list[Found], pictures: int) -> str:
    """Return the contestants on pictures."""
    lines = [f"{pictures} pictures", "", "| | seconds | precision | recall | |", "|---|---:|---:|---:|---|"]
    lines += [f"| {f.name} | {f.seconds:.1f} | {f.precision:.3f} | {f.recall:.3f} | {f.note} |" for f in found]
    return "\n".join(lines) + "\n"


def scaling_table(scaling: Scaling) -> str:
    """Return the cost by rows, and the exponents fitted to its ends."""
    lines = ["| rows | seconds | CPU seconds | peak memory (GiB) |", "|---:|---:|---:|---:|"]
    lines += [f"| {n:,} | {seconds:.2f} | {cpu:.2f} | {memory:.1f} |" for n, seconds, cpu, memory in scaling]
    first, last = scaling[0], scaling[-1]
    wall, cpu = (np.log(last[k] / first[k]) / np.log(last[0] / first[0]) for k in (1, 2))
    return "\n".join([*lines, "", f"Grows with rows to the power of {wall:.2f} (wall) and {cpu:.2f} (CPU)."]) + "\n"


def plot(outcomes: list[Outcome], rows: int, found: list[Found], file: Path) -> None:
    """Draw seconds as bars, vectors beside pictures."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    panels = [([o.name for o in outcomes], [o.seconds for o in outcomes], f"all similar pairs of {rows:,} vectors")]
    if found:
        names = [f"{f.name}\nprecision {f.precision:.2f}, recall {f.recall:.2f}" for f in found]
        panels.append((names, [f.seconds for f in found], "labelled pictures, from file to pairs"))
    size = (6.5 * len(panels), 0.55 * max(len(names) for names, _, _ in panels) + 1.2)
    figure, axes = plt.subplots(1, len(panels), figsize=size, squeeze=False)
    for axis, (names, seconds, title) in zip(axes[0], panels, strict=True):
        colours = ["#dd8452" if name.startswith("this") else "#4c72b0" for name in names]
        bars = axis.barh(names[::-1], seconds[::-1], color=colours[::-1])
        axis.bar_label(
            bars, labels=[f"{one:,.0f} s" if one >= 10 else f"{one:.1f} s" for one in seconds[::-1]], padding=3
        )
        axis.set_xscale("log")
        axis.set_xlim(min(seconds) / 2, max(seconds) * 8)  # room for the labels
        axis.set_xlabel(f"seconds (logarithmic): {title}")
    figure.tight_layout()
    figure.savefig(file, dpi=100)
    plt.close(figure)
