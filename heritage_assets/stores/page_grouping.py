"""Grouping pages as commands and assets do it: features brought up to date, documents proposed, runs evaluated."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from heritage_assets.curation.pages.decisions import standing
from heritage_assets.curation.pages.evidence import Model, starting_weights
from heritage_assets.curation.pages.incremental import regroup_stream
from heritage_assets.curation.pages.methods import Grouping, group_pages
from heritage_assets.curation.pages.schemas import GROUPS
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.curation.pages.stream import usual
from heritage_assets.curation.pages.truth import Matched, Truth, match, parse_truth
from heritage_assets.engines.local import LocalEngine
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.page_changes import State, decided_since, feature_files, state_of
from heritage_assets.stores.page_models import current_weights
from heritage_assets.stores.page_neighbours import finding_neighbours
from heritage_assets.stores.page_runs import Run, load_run, run_rows, save_evaluation, save_run
from heritage_assets.stores.pages import BY_FILE, LakePages, batches_of, page_decisions, page_reader, update_features
from heritage_assets.stores.vectors import VectorStore

Weights = npt.NDArray[np.float64]


def group_dataset(
    platform: Platform, dataset: str, settings: GroupingSettings, *, order: str = BY_FILE, anew: bool = False
) -> Run:
    """Propose documents for a dataset; features that are missing or of another make are computed first.

    ``anew``: see :func:`propose`.

    Raises:
        ValueError: no such dataset, or none of its images was fetched yet.
    """
    batches = batches_of(platform.lake, dataset)
    if not batches:
        raise ValueError(f"no images of a dataset {dataset!r} yet: harvest it and run `heritage materialize` first")
    encoder = platform.encoder()
    reader = page_reader(platform.objects, platform.settings.pages.ocr)
    for batch in batches:
        update_features(platform.lake, platform.objects, LocalEngine(), encoder, batch, reader=reader, order=order)
    return propose(platform.lake, platform.objects, lambda: platform.vectors, encoder.id, dataset, settings, anew=anew)


def propose(
    lake: Lake,
    store: ObjectStore,
    vectors: Callable[[], VectorStore],
    encoder: str,
    dataset: str,
    settings: GroupingSettings,
    *,
    anew: bool = False,
) -> Run:
    """Propose documents for a dataset from its features, and store them as the run of these settings.

    Where the run is there already, only the neighbourhood of what changed since is read and cut again (ordered methods).

    Args:
        lake: the tables.
        store: holds what was learned.
        vectors: opens the vector store; asked only for unordered scans too many to compare all.
        encoder: id of the encoder of the features.
        dataset: whose scans.
        settings: method and parameters.
        anew: group everything, whatever there is.

    Raises:
        ValueError: no features of this dataset by this encoder, or nothing was learned yet where the method needs it.
    """
    started, read_at = time.perf_counter(), datetime.now(UTC)
    files = feature_files(lake)
    pages = LakePages(lake, dataset, encoder)
    state = state_of(files, pages.batches(), pages.index()["guid"].to_pylist())
    decisions = page_decisions(lake, dataset)
    weights = current_weights(store) if settings.method == "learned" else None
    again = None if anew else _regrouped(lake, pages, settings, decisions, encoder, state, weights)
    if again is not None:
        found, scans = again
        state = State(state.batches, scans)
    else:
        with finding_neighbours(vectors, dataset) as nearest:
            model = None if weights is None else Model(weights, usual(pages, settings.window))
            found = group_pages(pages, settings, decisions, model=model, nearest=nearest)
    run = save_run(
        lake,
        dataset,
        settings,
        found,
        encoder=encoder,
        features=state.to_json(),
        seconds=time.perf_counter() - started,
        grouped_at=read_at,
    )
    return load_run(lake, run, dataset)


def _regrouped(
    lake: Lake,
    pages: LakePages,
    settings: GroupingSettings,
    decisions: pa.Table,
    encoder: str,
    state: State,
    weights: Weights | None,
) -> tuple[Grouping, int] | None:
    """Group again what changed since the run of these settings, with the scans that its scale was taken from.

    None where there is no such run, or it can't be built upon: of an older version, of other weights, outgrown.
    """
    if settings.method == "similarity":
        return None
    name = settings.run(pages.dataset)
    rows = [row for row in run_rows(lake, pages.dataset) if row["run"] == name and row["encoder"] == encoder]
    before = State.from_json(rows[0]["features"]) if rows else None
    if before is None or before.outgrown(state):
        return None
    try:
        model = Model.from_json(rows[0]["model"])
    except ValueError:
        return None
    if not np.allclose(model.weights, starting_weights() if weights is None else weights, atol=1e-5):
        return None
    index = pages.index()["guid"].to_pylist()
    changed = before.changed(state, pages.batches(), index) | decided_since(decisions, rows[0]["grouped_at"])
    previous = load_run(lake, name, pages.dataset).groups.select(GROUPS.names)
    found = regroup_stream(pages, settings, standing(decisions), previous, model, changed)
    return None if found is None else (found, before.scale_scans)


def read_truth_file(path: Path) -> Truth:
    """Read a truth file. Raises ValueError where there is none, or it is not one."""
    try:
        return parse_truth(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise ValueError(f"no truth file at {path}") from None


def matched(run: Run, truth: Truth) -> Matched:
    """Match the scans of a run with a truth file."""
    names = ("guid", "scan", "group")
    guids, scans, groups = (run.groups[name].to_pylist() for name in names)
    return match(truth, guids, scans, groups)


def evaluate_run(
    platform: Platform, path: Path, *, run: str | None = None, dataset: str | None = None
) -> dict[str, Any]:
    """Compare a run (default: the newest, of the dataset that the truth knows most scans of) with a truth file; keep the figures.

    Raises:
        ValueError: no truth file, no run, or not one line of the truth names a scan of the run.
    """
    truth = read_truth_file(path)
    chosen, pairs = run_for(platform.lake, truth, run, dataset)
    if not pairs.rows:
        raise ValueError(f"none of the {len(truth.groups)} lines of {path} names a scan of run {chosen.name}")
    row = save_evaluation(platform.lake, chosen, truth.digest, pairs.figures())
    return {**row, "method": chosen.row["method"], "unmatched": pairs.unmatched}


def run_for(lake: Lake, truth: Truth, run: str | None = None, dataset: str | None = None) -> tuple[Run, Matched]:
    """Return the run of that name, or the newest of a dataset (default: the one that the truth knows most scans of), matched.

    Raises:
        ValueError: there is none.
    """
    datasets = [dataset] if run or dataset else sorted({row["dataset"] for row in run_rows(lake)})
    runs = [load_run(lake, run, one) for one in datasets or [None]]
    found = [(one, matched(one, truth)) for one in runs]
    return max(found, key=lambda pair: (len(pair[1].rows), pair[0].row["grouped_at"]))
