"""Runs of grouping in the lake: the proposed documents, what they were made with, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from heritage_assets.curation.pages.methods import Grouping
from heritage_assets.curation.pages.metrics import Figures
from heritage_assets.curation.pages.schemas import PAGE_GROUP_EVALUATION, PAGE_GROUPS, PAGE_RUNS
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.stores.lake import Lake, text


@dataclass(frozen=True)
class Run:
    """A stored run: its row of PAGE_RUNS, and its rows of PAGE_GROUPS by place."""

    row: dict[str, Any]
    groups: pa.Table

    @property
    def name(self) -> str:
        """The run's id."""
        return str(self.row["run"])


def save_run(
    lake: Lake,
    dataset: str,
    settings: GroupingSettings,
    found: Grouping,
    *,
    encoder: str,
    features: str,
    seconds: float,
    grouped_at: datetime,
) -> str:
    """Store a grouping in place of an earlier one with the same settings; return the run's id.

    The groups are written before the row of the run that makes them the newest.

    Args:
        lake: the tables.
        dataset: whose scans.
        settings: name the run.
        found: the documents, and the model that found them.
        encoder: id of the encoder of the features.
        features: what was read (:class:`~.page_changes.State`).
        seconds: how long it took.
        grouped_at: when reading began (UTC): what was decided later is not in it.
    """
    run = settings.run(dataset)
    groups = found.groups
    shared = {"dataset": dataset, "run": run}
    rows = pa.table(
        [pa.array([value] * groups.num_rows, pa.string()) for value in shared.values()] + groups.columns,
        names=[*shared, *groups.column_names],
    )
    gone = lake.read(PAGE_GROUPS, columns=list(PAGE_GROUPS.key), where=_of_run(dataset, run))
    gone = gone.filter(pc.invert(pc.is_in(gone["guid"], value_set=groups["guid"].combine_chunks())))
    lake.merge(PAGE_GROUPS, rows.cast(PAGE_GROUPS.schema))
    lake.delete(PAGE_GROUPS, gone)
    row = {
        **shared,
        "method": settings.method,
        "settings": settings.identity(),
        "encoder": encoder,
        "features": features,
        "model": found.model.to_json(),
        "scans": groups.num_rows,
        "groups": pc.count_distinct(groups["group"]).as_py(),
        "confirmed": pc.count_distinct(groups["group"].filter(groups["confirmed"])).as_py(),
        "seconds": round(seconds, 3),
        "grouped_at": grouped_at,
    }
    lake.merge(PAGE_RUNS, pa.Table.from_pylist([row], schema=PAGE_RUNS.schema))
    return run


def run_rows(lake: Lake, dataset: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of PAGE_RUNS (of one dataset), the newest first."""
    where = None if dataset is None else text("dataset") == dataset
    rows: list[dict[str, Any]] = lake.read(PAGE_RUNS, where=where).to_pylist()
    return sorted(rows, key=lambda row: (row["grouped_at"], row["run"]), reverse=True)


def load_run(lake: Lake, run: str | None = None, dataset: str | None = None) -> Run:
    """Return a run by its id, or the newest (of a dataset).

    Raises:
        ValueError: there is none.
    """
    rows = [row for row in run_rows(lake, dataset) if run is None or row["run"] == run]
    if not rows:
        of = f" of dataset {dataset}" if dataset else ""
        wanted = f"no run {run}{of}" if run else f"no run{of} yet"
        raise ValueError(f"{wanted}: `heritage pages runs` lists them, `heritage pages group --dataset …` makes one")
    groups = lake.read(PAGE_GROUPS, where=_of_run(rows[0]["dataset"], rows[0]["run"]))
    return Run(rows[0], groups.sort_by("place"))


def save_evaluation(lake: Lake, run: Run, truth: str, figures: Figures) -> dict[str, Any]:
    """Store the figures of a run against a truth; return the row."""
    return save_figures(lake, run.name, str(run.row["dataset"]), truth, figures, "all")


def save_figures(lake: Lake, run: str, dataset: str, truth: str, figures: Figures, part: str) -> dict[str, Any]:
    """Store figures on one part of a truth (``all``, ``tune`` or ``test``) under the id of a run; return the row."""
    row = {
        **figures.as_dict(),
        "run": run,
        "dataset": dataset,
        "truth": truth,
        "part": part,
        "evaluated_at": datetime.now(UTC),
    }
    lake.merge(PAGE_GROUP_EVALUATION, pa.Table.from_pylist([row], schema=PAGE_GROUP_EVALUATION.schema))
    return row


def _of_run(dataset: str, run: str) -> pc.Expression:
    return (text("dataset") == dataset) & (text("run") == run)
