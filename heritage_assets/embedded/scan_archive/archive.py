"""Writes the archive: scans as JPEG files, and the truth about them."""

from __future__ import annotations

import csv
import hashlib
import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from importlib.resources import files
from pathlib import Path

from heritage_assets.embedded.scan_archive.plan import Archive, Shot

SCANS = "scans"
TRUTH = "truth.csv"
PLANTED = "planted.csv"
NOTE = "drawn.txt"
_SHARE = 8
"""Scans that a process draws at a time."""


def write_archive(
    archive: Archive, folder: Path, *, processes: int | None = None, drawn: Callable[[int, int], None] | None = None
) -> Path:
    """Draw all scans below ``folder``; what the same code has drawn there already is left alone.

    Memory: about 150 MB for each process. A run that was broken off goes on where it stopped.

    Args:
        archive: the plan.
        folder: becomes ``scans/*.jpg``, ``truth.csv`` (scan, group, position) and ``planted.csv`` (scan, kind, page, defect).
        processes: how many draw at a time; default: one for each core, at most 8.
        drawn: told how many scans are done, and of how many.

    Returns:
        The folder of the scans.
    """
    scans = folder / SCANS
    scans.mkdir(parents=True, exist_ok=True)
    version, note = _version(archive), folder / NOTE
    if not note.exists() or note.read_text() != version:
        for old in scans.glob("*.jpg"):
            old.unlink()
        note.write_text(version)
    wanted = {shot.name for shot in archive.shots}
    for path in scans.glob("*.jpg"):
        if path.name not in wanted:
            path.unlink()
    left = [shot for shot in archive.shots if not (scans / shot.name).exists()]
    done = len(archive.shots) - len(left)
    _write_truth(archive, folder)
    for count in _drawn(left, scans, processes or min(8, os.cpu_count() or 1)):
        done += count
        if drawn is not None:
            drawn(done, len(archive.shots))
    return scans


def _drawn(left: list[Shot], scans: Path, processes: int) -> Iterable[int]:
    parts = [(left[start : start + _SHARE], scans) for start in range(0, len(left), _SHARE)]
    if processes == 1 or len(parts) < 6:  # starting a process costs as much as drawing a dozen scans
        yield from map(_draw, parts)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_draw, parts)


def _draw(part: tuple[list[Shot], Path]) -> int:
    from heritage_assets.embedded.scan_archive.scanner import scan

    shots, folder = part
    for shot in shots:
        unfinished = folder / f".{shot.name}.part"
        unfinished.write_bytes(scan(shot))
        unfinished.replace(folder / shot.name)
    return len(shots)


def _write_truth(archive: Archive, folder: Path) -> None:
    truth = [
        (shot.name, shot.document.name if shot.document else f"nothing-{shot.name}", shot.position)
        for shot in archive.shots
    ]
    _write_csv(folder / TRUTH, ("scan", "group", "position"), truth)
    planted = [
        (
            shot.name,
            shot.document.kind if shot.document else "",
            shot.document.pages[shot.position - 1].kind if shot.document else "",
            shot.defect or "",
        )
        for shot in archive.shots
    ]
    _write_csv(folder / PLANTED, ("scan", "kind", "page", "defect"), planted)


def _write_csv(path: Path, names: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(names)
        writer.writerows(rows)


def _version(archive: Archive) -> str:
    """Name the plan and the code that draws it: scans of another plan have the same names."""
    digest = hashlib.sha256(repr(archive.shots).encode())
    for file in sorted(files(__package__).iterdir(), key=lambda item: item.name):
        if file.name.endswith(".py"):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
