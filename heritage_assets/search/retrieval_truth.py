"""Truth files of search: which records are relevant to a text, or to another record."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path

OBJECT_COLUMNS = ("group", "object", "canonical_id")
COLUMNS = (
    "the columns query (a text) or guid (a record), relevant (a guid) and perhaps grade; or guid and group "
    "(records of one object are relevant to each other)"
)

Wanted = dict[str, float]
"""Grade of each relevant guid."""


@dataclass
class RetrievalTruth:
    """What is relevant: by text, by record, and by object (the true object of each guid)."""

    texts: dict[str, Wanted] = field(default_factory=dict)
    records: dict[str, Wanted] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)

    def guids(self) -> set[str]:
        """All records that the truth names."""
        wanted = [*self.texts.values(), *self.records.values()]
        return {guid for one in wanted for guid in one} | self.records.keys() | self.objects.keys()


def read_retrieval_truth(path: Path) -> RetrievalTruth:
    """Read a truth file: CSV in UTF-8 with a header.

    Either one line for each query and relevant record (``query`` or ``guid``, ``relevant``, optional ``grade``, 1 by
    default; grade 0 says "looked at, not relevant"), or one line a record (``guid``, ``group``).

    Raises:
        ValueError: no such file, no such columns, an empty cell, or a grade that is no number of at least 0; names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            lines = list(reader)
            columns = set(reader.fieldnames or ())
    except FileNotFoundError:
        raise ValueError(f"no truth file at {path}") from None
    except (UnicodeDecodeError, csv.Error, IsADirectoryError) as error:
        raise ValueError(f"{path} is no CSV file in UTF-8: {error}") from None
    group = next((name for name in OBJECT_COLUMNS if name in columns), None)
    if not lines or not (("relevant" in columns and columns & {"query", "guid"}) or (group and "guid" in columns)):
        raise ValueError(f"{path} must hold lines with {COLUMNS}; it has {', '.join(sorted(columns)) or 'none'}")
    truth = RetrievalTruth()
    for number, line in enumerate(lines, start=2):
        cells = {name: value.strip() for name, value in line.items() if name and isinstance(value, str)}
        where = f"{path}, line {number}"
        if "relevant" in columns:
            _judge(truth, cells, where)
        else:
            assert group is not None
            if not cells.get("guid") or not cells.get(group):
                raise ValueError(f"{where}: guid and {group} must not be empty")
            truth.objects[cells["guid"]] = cells[group]
    return truth


def _judge(truth: RetrievalTruth, cells: dict[str, str], where: str) -> None:
    text, guid, relevant = (cells.get(name, "") for name in ("query", "guid", "relevant"))
    if bool(text) == bool(guid) or not relevant:
        raise ValueError(f"{where}: give either a query or a guid, and the relevant guid")
    try:
        grade = float(cells.get("grade") or 1)
    except ValueError:
        grade = math.nan
    if not 0 <= grade < math.inf:
        raise ValueError(f"{where}: the grade {cells['grade']!r} is no number of at least 0")
    wanted = truth.texts.setdefault(text, {}) if text else truth.records.setdefault(guid, {})
    if grade > 0 and relevant != guid:
        wanted[relevant] = max(grade, wanted.get(relevant, 0.0))
