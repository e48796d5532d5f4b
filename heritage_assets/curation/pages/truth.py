"""Truth files: which scans belong together, as CSV (``scan,group[,position]``), matched with the scans of a run."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from heritage_assets.curation.pages.metrics import Figures, compare

_LONGEST_NAME = 4_096
_MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Truth:
    """Lines of a truth file: ``groups`` by scan as written; ``digest``: 16 digits of the file's sha256."""

    groups: dict[str, str]
    digest: str


@dataclass(frozen=True)
class Matched:
    """Scans that both a run and the truth know, in the order of the run: their rows, proposed and true groups.

    ``unmatched``: lines of the truth that name no scan of the run.
    """

    rows: list[int]
    proposed: list[str]
    true: list[str]
    unmatched: int

    def figures(self) -> Figures:
        """Compare the two. Raises ValueError when no scan matched."""
        return compare(self.proposed, self.true)


def parse_truth(data: bytes, name: str) -> Truth:
    """Read a truth file; ``name`` is for messages. ``position`` and further columns are passed over.

    Raises:
        ValueError: no CSV in UTF-8 with the columns scan and group, no lines, or one scan in two groups.
    """
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{name} is larger than {_MOST_BYTES >> 20} MiB: that is no truth file")
    try:
        lines = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        columns = lines.fieldnames or []
        if "scan" not in columns or "group" not in columns:
            raise ValueError(f"{name} must have the columns scan and group; it has {', '.join(columns) or 'none'}")
        groups: dict[str, str] = {}
        for number, line in enumerate(lines, start=2):
            scan, group = (line["scan"] or "").strip(), (line["group"] or "").strip()
            if not scan or not group:
                raise ValueError(f"line {number} of {name} lacks its scan or its group")
            if (
                max(len(scan), len(group)) > _LONGEST_NAME
            ):  # an open quotation mark: the reader's own limit is everybody's
                raise ValueError(f"{name} is no CSV: line {number} has a field of more than {_LONGEST_NAME} characters")
            if groups.setdefault(scan, group) != group:
                raise ValueError(
                    f"line {number} of {name} puts {scan} in group {group}; before it was in {groups[scan]}"
                )
    except UnicodeDecodeError as error:
        raise ValueError(f"{name} is no UTF-8 text: {error}") from None
    except csv.Error as error:
        raise ValueError(f"{name} is no CSV: {error}") from None
    if not groups:
        raise ValueError(f"{name} holds no lines")
    return Truth(groups, hashlib.sha256(data).hexdigest()[:16])


def match(truth: Truth, guids: Sequence[str], scans: Sequence[str], groups: Sequence[str]) -> Matched:
    """Match the scans of a run with a truth file: by guid, else by name as the run has it, else by file name alone.

    A name that several scans share names none of them.
    """
    rows = _rows_by_name(guids, scans)
    true: dict[int, str] = {}
    unmatched = 0
    for scan, group in truth.groups.items():
        row = rows.get(scan)
        if row is None:
            row = rows.get(PurePosixPath(scan).name)
        if row is None:
            unmatched += 1
        else:
            true[row] = group
    order = sorted(true)
    return Matched(order, [groups[row] for row in order], [true[row] for row in order], unmatched)


def _rows_by_name(guids: Sequence[str], scans: Sequence[str]) -> dict[str, int]:
    """Number the scans by guid, name and file name; the earlier kind wins; within a kind, shared names are left out."""
    found: dict[str, int] = {}
    for names in (guids, scans, [PurePosixPath(scan).name for scan in scans]):
        found = _unique(names) | found
    return found


def _unique(names: Iterable[str]) -> dict[str, int]:
    rows: dict[str, int] = {}
    shared: set[str] = set()
    for row, name in enumerate(names):
        if rows.setdefault(name, row) != row:
            shared.add(name)
    return {name: row for name, row in rows.items() if name not in shared}
