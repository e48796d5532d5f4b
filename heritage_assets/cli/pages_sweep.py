"""``heritage pages sweep``: which settings fit a collection, told honestly."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heritage_assets.cli.output import console, print_json, print_table, progress_bars
from heritage_assets.curation.pages.settings import Metric
from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from heritage_assets.stores.page_sweeps import Sweep

SHOWN = 10
METRICS: tuple[Metric, ...] = ("boundary_f1", "bcubed_f1")


def register(app: typer.Typer) -> None:
    """Add the command to ``heritage pages``."""
    app.command("sweep")(sweep_command)


def sweep_command(
    grid: Annotated[Path, typer.Option("--grid", help="YAML: settings by name, each a value or a list of values.")],
    truth: Annotated[
        Path | None, typer.Option("--truth", help="CSV file: scan,group[,position]. Default: HERITAGE_PAGES__TRUTH.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option("--dataset", help="Default: the grouped one that the truth knows most scans of.")
    ] = None,
    metric: Annotated[str, typer.Option("--metric", help=f"{' or '.join(METRICS)}.")] = METRICS[0],
    share: Annotated[
        float, typer.Option("--tune", min=0.1, max=0.9, help="Share of the truth for tuning; the rest is the test.")
    ] = 0.5,
    best: Annotated[Path | None, typer.Option("--best", help="Write the best settings to this file.")] = None,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="Default: one a core.")] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Keep every trial in MLflow.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Try every combination of a grid of settings on a dataset whose truth is known.

    Settings are chosen on the first documents of the truth; the others are looked at for the winner alone, and winners are
    counted: what was tuned on is no test. The interval holds for other documents of such a collection.

    Example: heritage pages sweep --grid grid.yaml --truth truth.csv --best best.yaml
    """
    from heritage_assets.cli.pages import read_mapping
    from heritage_assets.curation.pages.sweep import trials
    from heritage_assets.registry.tracking import Tracking
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.page_grouping import read_truth_file, run_for
    from heritage_assets.stores.page_runs import save_figures
    from heritage_assets.stores.page_sweeps import sweep, track_sweep

    chosen = next((one for one in METRICS if one == metric), None)
    if chosen is None:
        raise ValueError(f"can't choose by {metric!r}: use {' or '.join(METRICS)}")
    platform = Platform(Settings())
    policy = platform.settings.pages
    file = truth or (None if policy.truth is None else Path(policy.truth))
    if file is None:
        raise ValueError("nothing to choose by: name a file of truth with --truth (or HERITAGE_PAGES__TRUTH)")
    known, choices = read_truth_file(file), read_mapping(grid)
    tried = trials(choices, policy.grouping())
    of = dataset or str(run_for(platform.lake, known)[0].row["dataset"])
    with progress_bars(not as_json):
        found = sweep(
            platform, platform.encoder().id, of, tried, known, metric=chosen, share=share, processes=processes
        )
    winner = found.trials[0].settings
    save_figures(platform.lake, winner.run(of), of, known.digest, found.test, "test")
    if track:
        track_sweep(Tracking.of(platform.settings), of, known, found)
    if best is not None:
        best.write_text(_yaml(winner.model_dump(mode="json")), encoding="utf-8")
    if as_json:
        print_json(_plain(of, found))
    else:
        _show(found, list(choices))


def _yaml(values: dict[str, Any]) -> str:
    import yaml

    text: str = yaml.safe_dump(values, sort_keys=False)
    return text


def _plain(dataset: str, found: Sweep) -> dict[str, Any]:
    rows = [{"settings": one.settings.model_dump(mode="json"), "tune": one.tune.as_dict()} for one in found.trials]
    interval = vars(found.interval)
    return {
        "dataset": dataset,
        "metric": found.metric,
        "test": found.test.as_dict(),
        "interval": interval,
        "looks": found.looks,
        "trials": rows,
    }


def _show(found: Sweep, names: list[str]) -> None:
    rows = [
        [*(getattr(one.settings, name) for name in names), getattr(one.tune, found.metric), one.tune.drags]
        for one in found.trials[:SHOWN]
    ]
    print_table((*names, f"{found.metric} (tuning)", "drags"), rows)
    one = found.interval
    console.print(
        f"best on the test part: {found.metric} {one.value:.4f} (95 % interval {one.low:.4f} to {one.high:.4f})"
    )
    if found.looks:
        console.print(
            f"warning: winners held against the test part of this truth before: {found.looks}; each makes it less of a test",
            style="yellow",
        )
