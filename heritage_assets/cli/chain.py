"""``heritage materialize``: runs the chain for the batches that need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from heritage_assets.cli.output import console, print_json, progress_bars
from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from heritage_assets.execution import RunOutcome

UNTIL = ("cleansed_records", "source_images", "clip_embeddings", "pending_points", "canonical_points", "clusters")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(materialize)


def run_chain(settings: Settings, batches: Sequence[str] | None, until: str, *, show: bool) -> list[RunOutcome]:
    """Run the chain for ``batches`` (default: all that are not complete), then cluster where that is due.

    Raises:
        ValueError: a batch that is not sealed, or an unknown asset.
    """
    from heritage_assets import execution
    from heritage_assets.definitions import build_definitions
    from heritage_assets.stores.connect import Platform

    if until not in UNTIL:
        raise ValueError(f"can't materialize until {until!r}: use one of {', '.join(UNTIL)}")
    steps = execution.STEPS["canonical_points" if until == "clusters" else until]
    definitions = build_definitions(settings)
    outcomes = []
    with execution.dagster_instance(settings) as instance:
        sealed = execution.register_batches(instance, Platform(settings).landing)
        unknown = sorted(set(batches or ()) - set(sealed))
        if unknown:
            raise ValueError(f"no sealed batch {', '.join(unknown)}; `heritage status` lists them")
        chosen = list(batches) if batches is not None else execution.incomplete_batches(instance, sealed, until)
        for batch in chosen:
            if show:
                console.print(f"[bold]{batch}[/bold]")
            with progress_bars(show):
                outcomes.append(execution.run_batch(definitions, instance, batch, steps))
            _report(outcomes[-1], show)
        if until == "clusters" and not execution.clusters_are_current(instance):
            with progress_bars(show):
                outcomes.append(execution.run_clusters(definitions, instance))
            _report(outcomes[-1], show)
    return outcomes


def rebuild_duplicates(settings: Settings, *, show: bool) -> list[RunOutcome]:
    """Canonicalize the whole archive again.

    Raises:
        ValueError: nothing was canonicalized yet.
    """
    from heritage_assets import execution
    from heritage_assets.definitions import build_definitions

    with execution.dagster_instance(settings) as instance:
        done = sorted(instance.get_materialized_partitions(execution.LAST_STEP))
        if not done:
            raise ValueError("nothing is canonicalized yet: run `heritage materialize` without --rebuild first")
        with progress_bars(show):
            outcome = execution.run_rebuild(build_definitions(settings), instance, done[-1])
    _report(outcome, show)
    return [outcome]


def _say_what_is_missing(settings: Settings) -> None:
    from heritage_assets.stores.calibrations import calibration_missing
    from heritage_assets.stores.connect import Platform

    missing = calibration_missing(Platform(settings))
    if missing:
        console.print(missing, markup=False, style="yellow", soft_wrap=True)


def _report(outcome: RunOutcome, show: bool) -> None:
    if not show:
        return
    for line in outcome.failures:
        console.print(f"  failed  {line}", markup=False, style="red")
    state = "done" if outcome.success else "FAILED"
    console.print(f"  {state}  {outcome.job}  run {outcome.run_id}", markup=False)


def materialize(
    batch: Annotated[
        list[str] | None, typer.Option("--batch", help="Only this batch (repeatable). Default: all not yet complete.")
    ] = None,
    until: Annotated[str, typer.Option("--until", help=f"Last asset to materialize: {', '.join(UNTIL)}.")] = "clusters",
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Judge every pair of the archive again; canonical ids and decisions stay.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the runs as JSON.")] = False,
) -> None:
    """Run the chain through Dagster: from landed records to validated points and clusters.

    Examples:

      heritage materialize

      heritage materialize --batch mine-20260101t020000 --until clip_embeddings

      heritage materialize --rebuild
    """
    settings = Settings()
    outcomes = rebuild_duplicates(settings, show=not as_json) if rebuild else []
    outcomes += run_chain(settings, batch or None, until, show=not as_json)
    if as_json:
        print_json(
            [
                {
                    "run_id": run.run_id,
                    "job": run.job,
                    "batch": run.batch,
                    "success": run.success,
                    "failures": run.failures,
                }
                for run in outcomes
            ]
        )
    elif not outcomes:
        console.print("nothing to do: every sealed batch is complete (name one with --batch to run it again)")
    elif until in ("canonical_points", "clusters"):
        _say_what_is_missing(settings)
    if not all(outcome.success for outcome in outcomes):
        raise typer.Exit(1)
