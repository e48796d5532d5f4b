"""Grouping pages as commands and assets do it: features brought up to date, documents proposed, runs evaluated."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from heritage_assets.curation.pages.evidence import Model
from heritage_assets.curation.pages.methods import group_pages
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.curation.pages.stream import usual
from heritage_assets.curation.pages.truth import Matched, Truth, match, parse_truth
from heritage_assets.engines.local import LocalEngine
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.objects import ObjectStore
from heritage_assets.stores.page_models import current_weights
from heritage_assets.stores.page_neighbours import finding_neighbours
from heritage_assets.stores.page_runs import Run, features_fingerprint, load_run, run_rows, save_evaluation, save_run
from heritage_assets.stores.pages import BY_FILE, LakePages, batches_of, page_decisions, page_reader, update_features
from heritage_assets.stores.vectors import VectorStore


def group_dataset(platform: Platform, dataset: str, settings: GroupingSettings, *, order: str = BY_FILE) -> Run:
    """Propose documents for a dataset; features that are missing or of another make are computed first.

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
    return propose(platform.lake, platform.objects, lambda: platform.vectors, encoder.id, dataset, settings)


def propose(
    lake: Lake,
    store: ObjectStore,
    vectors: Callable[[], VectorStore],
    encoder: str,
    dataset: str,
    settings: GroupingSettings,
) -> Run:
    """Propose documents for a dataset from its features, and store them as the run of these settings.

    Args:
        lake: the tables.
        store: holds what was learned.
        vectors: opens the vector store; asked only for unordered scans too many to compare all.
        encoder: id of the encoder of the features.
        dataset: whose scans.
        settings: method and parameters.

    Raises:
        ValueError: no features of this dataset by this encoder, or nothing was learned yet where the method needs it.
    """
    started = time.perf_counter()
    pages = LakePages(lake, dataset, encoder)
    with finding_neighbours(vectors, dataset) as nearest:
        model = Model(current_weights(store), usual(pages, settings.window)) if settings.method == "learned" else None
        found = group_pages(pages, settings, page_decisions(lake, dataset), model=model, nearest=nearest)
    run = save_run(
        lake,
        dataset,
        settings,
        found,
        encoder=encoder,
        features=features_fingerprint(lake, pages.batches()),
        seconds=time.perf_counter() - started,
    )
    return load_run(lake, run, dataset)


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
    chosen, pairs = _run_for(platform, truth, run, dataset)
    if not pairs.rows:
        raise ValueError(f"none of the {len(truth.groups)} lines of {path} names a scan of run {chosen.name}")
    row = save_evaluation(platform.lake, chosen, truth.digest, pairs.figures())
    return {**row, "method": chosen.row["method"], "unmatched": pairs.unmatched}


def _run_for(platform: Platform, truth: Truth, run: str | None, dataset: str | None) -> tuple[Run, Matched]:
    datasets = [dataset] if run or dataset else sorted({row["dataset"] for row in run_rows(platform.lake)})
    runs = [load_run(platform.lake, run, one) for one in datasets or [None]]
    found = [(one, matched(one, truth)) for one in runs]
    return max(found, key=lambda pair: (len(pair[1].rows), pair[0].row["grouped_at"]))
