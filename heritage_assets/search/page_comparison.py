"""Two runs of grouping side by side, against the truth: what each scan is in all three.

Belongs here: the comparison as data. Does not belong here: how it is drawn (:mod:`.page_comparison_html`,
:mod:`.page_comparison_sheet`). Memory: the thumbnails of the scans that are shown, about 10 kB each.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from heritage_assets.curation.pages.metrics import Figures, compare
from heritage_assets.curation.pages.truth import Truth, match
from heritage_assets.curation.partitions import numbered
from heritage_assets.curation.schemas import SOURCE_IMAGES
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import text
from heritage_assets.stores.page_grouping import read_truth_file
from heritage_assets.stores.page_runs import Run, load_run

FALSE_CUT, MISSED_CUT = "false cut", "missed cut"
AROUND = 3
"""Scans shown on each side of an error where not all can be shown."""


@dataclass(frozen=True)
class Cell:
    """One scan in one run: number of its document by first page, whether it starts there, confidence, and the error if any."""

    document: int
    starts: bool
    confidence: float
    error: str


@dataclass(frozen=True)
class ComparedScan:
    """One scan: place, name, thumbnail (JPEG), real group (number, name, whether it starts here), and a cell for each run."""

    place: int
    scan: str
    thumbnail: bytes | None
    group: int
    group_name: str
    group_starts: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Comparison:
    """Runs against one truth: ids, settings (JSON) and figures of the runs, the scans shown, and how many there are."""

    runs: tuple[str, ...]
    settings: tuple[str, ...]
    figures: tuple[Figures, ...]
    shown: list[ComparedScan]
    scans: int
    unmatched: int


def compare_runs(platform: Platform, names: Sequence[str], truth_file: Path, most: int) -> Comparison:
    """Compare runs of one dataset.

    Args:
        platform: the archive.
        names: ids of the runs.
        truth_file: CSV (``scan,group[,position]``).
        most: most scans to show; where there are more, those around errors are shown, in their order.

    Raises:
        ValueError: no such run or truth, runs of different datasets, or a truth that names none of their scans.
    """
    runs = [load_run(platform.lake, name) for name in names]
    if len({run.row["dataset"] for run in runs}) > 1:
        raise ValueError(f"the runs are of different datasets: {', '.join(str(run.row['dataset']) for run in runs)}")
    truth = read_truth_file(truth_file)
    guids, true, proposed, unmatched = _common(runs, truth)
    if not guids:
        raise ValueError(f"none of the {len(truth.groups)} lines of {truth_file} names a scan of {names[0]}")
    cells = [_cells(run, guids, labels, true) for run, labels in zip(runs, proposed, strict=True)]
    wrong = np.array([any(column[row].error for column in cells) for row in range(len(guids))], bool)
    rows = _chosen(wrong, most)
    scan_of = dict(zip(runs[0].groups["guid"].to_pylist(), runs[0].groups["scan"].to_pylist(), strict=True))
    pictures = thumbnails(platform, [guids[row] for row in rows])
    numbers, starts = _from_one(true), _starts(true)
    shown = [
        ComparedScan(
            row + 1,
            scan_of[guids[row]],
            pictures.get(guids[row]),
            numbers[row],
            true[row],
            starts[row],
            tuple(column[row] for column in cells),
        )
        for row in rows
    ]
    return Comparison(
        tuple(run.name for run in runs),
        tuple(str(run.row["settings"]) for run in runs),
        tuple(compare(labels, true) for labels in proposed),
        shown,
        len(guids),
        unmatched,
    )


def thumbnails(platform: Platform, guids: Sequence[str]) -> dict[str, bytes]:
    """Return the thumbnails of some records; those that have none, or whose file is lost, are left out."""
    where = text("guid").isin(pa.array(guids, pa.string())) & (text("status") == "OK")
    rows = platform.lake.read(SOURCE_IMAGES, columns=["guid", "thumbnail"], where=where)
    found: dict[str, bytes] = {}
    for guid, key in zip(rows["guid"].to_pylist(), rows["thumbnail"].to_pylist(), strict=True):
        if key is not None and guid not in found and platform.objects.exists(key):
            found[guid] = platform.objects.get(key)
    return found


def _common(runs: Sequence[Run], truth: Truth) -> tuple[list[str], list[str], list[list[str]], int]:
    """Return what all runs and the truth know, in the order of the first run: guids, true groups, groups of each run."""
    first = runs[0].groups
    guids, scans = first["guid"].to_pylist(), first["scan"].to_pylist()
    found = match(truth, guids, scans, guids)
    true = dict(zip(found.proposed, found.true, strict=True))
    groups = [dict(zip(run.groups["guid"].to_pylist(), run.groups["group"].to_pylist(), strict=True)) for run in runs]
    kept = [guid for guid in found.proposed if all(guid in group for group in groups)]
    return kept, [true[guid] for guid in kept], [[group[guid] for guid in kept] for group in groups], found.unmatched


def _cells(run: Run, guids: Sequence[str], labels: Sequence[str], true: Sequence[str]) -> list[Cell]:
    sure = dict(zip(run.groups["guid"].to_pylist(), run.groups["confidence"].to_pylist(), strict=True))
    cells = []
    for guid, document, cut, real in zip(guids, _from_one(labels), _starts(labels), _starts(true), strict=True):
        error = "" if cut == real else (FALSE_CUT if cut else MISSED_CUT)
        cells.append(Cell(document, cut, float(sure[guid]), error))
    return cells


def _chosen(wrong: np.ndarray, most: int) -> list[int]:
    """Return the rows to show: all, or those nearest to errors; without errors the first."""
    if len(wrong) <= most:
        return list(range(len(wrong)))
    kept: dict[int, None] = {}
    for row in np.flatnonzero(wrong).tolist():
        around = range(max(row - AROUND, 0), min(row + AROUND + 1, len(wrong)))
        if len(kept) + len(around) > most:
            break
        kept.update(dict.fromkeys(around))
    return sorted(kept) or list(range(most))


def _from_one(labels: Sequence[Hashable]) -> list[int]:
    numbers: list[int] = (numbered(labels) + 1).tolist()
    return numbers


def _starts(labels: Sequence[Hashable]) -> list[bool]:
    return [row == 0 or labels[row - 1] != label for row, label in enumerate(labels)]
