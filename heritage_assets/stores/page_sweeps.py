"""Sweeps over settings of grouping: trials in parallel processes, each kept in MLflow, the test part looked at for the winner."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import pyarrow as pa
from threadpoolctl import threadpool_limits

from heritage_assets.curation.pages.evidence import Model
from heritage_assets.curation.pages.methods import PageStream, TablePages, group_pages
from heritage_assets.curation.pages.metrics import Figures
from heritage_assets.curation.pages.schemas import PAGE_FEATURES, PAGE_GROUP_EVALUATION
from heritage_assets.curation.pages.settings import GroupingSettings, Metric
from heritage_assets.curation.pages.stream import usual
from heritage_assets.curation.pages.sweep import Interval, figures_of, interval, split
from heritage_assets.curation.pages.truth import Truth, match
from heritage_assets.curation.progress import Stage
from heritage_assets.registry.tracking import Tracking
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.lake import Lake, text
from heritage_assets.stores.page_models import current_weights
from heritage_assets.stores.page_neighbours import finding_neighbours
from heritage_assets.stores.pages import LakePages

EXPERIMENT = "heritage-pages-sweep"
MOST_HELD = 20_000
"""Scans whose features a process holds (11 kB each); those of larger collections are read anew for every trial."""


@dataclass(frozen=True)
class Trial:
    """Settings and their figures on the tuning part."""

    settings: GroupingSettings
    tune: Figures


@dataclass(frozen=True)
class Sweep:
    """Trials, the best first; the winner's figures on the test part with the interval of the metric.

    ``looks``: how many settings were held against the test part of this truth before; each makes it less of a test.
    """

    metric: Metric
    trials: list[Trial]
    test: Figures
    interval: Interval
    looks: int


def sweep(
    platform: Platform,
    encoder: str,
    dataset: str,
    settings: Sequence[GroupingSettings],
    truth: Truth,
    *,
    metric: Metric,
    share: float,
    processes: int | None = None,
) -> Sweep:
    """Try settings on a dataset. Confirmed documents are left aside: they would answer what is asked.

    Memory: in each process the features of at most :data:`MOST_HELD` scans, beside what grouping takes.

    Raises:
        ValueError: no features, or a truth that names too few documents.
    """
    pages = LakePages(platform.lake, dataset, encoder)
    index = pages.index()
    guids, scans = index["guid"].to_pylist(), index["scan"].to_pylist()
    found = match(truth, guids, scans, guids)
    parts = split(found.true, share)
    job = _Job(platform.settings, dataset, encoder, tuple(found.proposed))
    labels = list(_tried(job, settings, processes or min(os.cpu_count() or 1, len(settings))))
    made = [Trial(one, figures_of(parts.tune, mine, found.true)) for one, mine in zip(settings, labels, strict=True)]
    order = sorted(range(len(made)), key=lambda k: (-getattr(made[k].tune, metric), *_plainness(made[k])))
    best = [labels[order[0]][row] for row in parts.test], [found.true[row] for row in parts.test]
    return Sweep(
        metric,
        [made[k] for k in order],
        figures_of(range(len(best[0])), *best),
        interval(metric, *best),
        looks_at(platform.lake, truth),
    )


def _plainness(trial: Trial) -> tuple[int, int, str]:
    """Order trials that are equally good: fewer drags, then nearer to the defaults, then by their settings."""
    usual = GroupingSettings().model_dump()
    changed = sum(value != usual[name] for name, value in trial.settings.model_dump().items())
    return trial.tune.drags, changed, trial.settings.identity()


def looks_at(lake: Lake, truth: Truth) -> int:
    """Count the settings that won a sweep and were held against the test part of a truth; the same ones again count once."""
    where = (text("truth") == truth.digest) & (text("part") == "test")
    return lake.count(PAGE_GROUP_EVALUATION, where=where)


def track_sweep(tracking: Tracking, dataset: str, truth: Truth, found: Sweep) -> None:
    """Keep every trial as a run of MLflow, the winner with its test figures. Raises RegistryError."""
    for place, trial in enumerate(found.trials):
        params = {**trial.settings.model_dump(mode="json"), "dataset": dataset, "truth_sha256": truth.digest}
        tags = {"heritage.best": str(place == 0).lower()}
        with tracking.run(EXPERIMENT, trial.settings.run(dataset), params, tags) as run:
            run.figures({"tune": trial.tune.as_dict()})
            if place == 0:
                run.figures({"test": found.test.as_dict(), f"test_{found.metric}": vars(found.interval)})


@dataclass(frozen=True)
class _Job:
    """What a process needs to try settings; picklable. ``guids``: of the scans that the truth knows."""

    settings: Settings
    dataset: str
    encoder: str
    guids: tuple[str, ...]


class _Bench:
    """A job in one process, with the scans that it is tried on."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._platform = Platform(job.settings)
        self._pages: PageStream = _held(LakePages(self._platform.lake, job.dataset, job.encoder))

    def labels(self, settings: GroupingSettings) -> list[str]:
        """Group with these settings; return the documents of the guids that the truth knows."""
        model = None
        if settings.method == "learned":
            model = Model(current_weights(self._platform.objects), usual(self._pages, settings.window))
        mine = f"{self._job.dataset}\x1fsweep-{os.getpid()}"  # processes side by side each have their collection
        with finding_neighbours(lambda: self._platform.vectors, mine) as nearest:
            groups = group_pages(self._pages, settings, model=model, nearest=nearest).groups
        of_guid = dict(zip(groups["guid"].to_pylist(), groups["group"].to_pylist(), strict=True))
        return [of_guid[guid] for guid in self._job.guids]


def _held(pages: LakePages) -> PageStream:
    """Hold the features of a collection of moderate size in memory: every trial reads them."""
    index = pages.index()
    if index.num_rows > MOST_HELD:
        return pages
    rows = pa.Table.from_batches(list(pages.rows()))
    return TablePages(rows.append_column(PAGE_FEATURES.schema.field("scan"), index["scan"]))


def _tried(job: _Job, settings: Sequence[GroupingSettings], processes: int) -> Iterator[list[str]]:
    stage = Stage("trials", len(settings))
    if processes <= 1 or len(settings) < 2 * processes:  # a process takes seconds to start
        bench = _Bench(job)
        for one in settings:
            yield bench.labels(one)
            stage.advance()
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _start, (job,)) as pool:
        for labels in pool.map(_try, settings):
            yield labels
            stage.advance()


_here: list[_Bench] = []
"""Where this process tries settings."""


def _start(job: _Job) -> None:
    threadpool_limits(1)  # the processes share the cores
    _here.append(_Bench(job))


def _try(settings: GroupingSettings) -> list[str]:
    return _here[0].labels(settings)
