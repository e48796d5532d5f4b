"""``heritage evaluate``: holds the archive against what people know to be so."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from heritage_assets.cli.output import console, print_json, print_table
from heritage_assets.settings import Settings

TruthFile = Annotated[Path, typer.Option("--truth", help="CSV file with a header.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

MOST_ERRORS = 10

evaluate_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(evaluate_app, name="evaluate", help="Hold the archive against a truth file.")


def _show(metrics: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(metrics)
    else:
        print_table(("metric", "value"), list(metrics.items()))
        if metrics.get("unmatched"):
            console.print(f"{metrics['unmatched']} lines of the truth name no record of the archive")


@evaluate_app.command("duplicates")
def duplicates_command(
    truth: TruthFile,
    report: Annotated[
        Path | None,
        typer.Option("--report", help="Write scores and the worst errors, with pictures, to this HTML file."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare duplicate groups with known ones (columns: guid or image, group), over pairs of records.

    Example: heritage evaluate duplicates --truth truth.csv --report errors.html
    """
    from heritage_assets.search.evaluation import evaluate_duplicates
    from heritage_assets.stores.connect import Platform

    metrics = evaluate_duplicates(Platform(Settings()), truth, report)
    if as_json:
        print_json(metrics)
        return
    errors = metrics.pop("errors")
    _show(metrics, as_json)
    for error in errors[:MOST_ERRORS]:
        console.print(f"{error['kind']:<12}{error['guid_a']}  {error['guid_b']}", markup=False, soft_wrap=True)
    if len(errors) > MOST_ERRORS:
        console.print(f"and {len(errors) - MOST_ERRORS} more; --report shows them")
    if report is not None:
        console.print(f"report      {report}", markup=False, soft_wrap=True)


@evaluate_app.command("clusters")
def clusters_command(truth: TruthFile, as_json: Json = False) -> None:
    """Compare clusters with known classes (columns: guid or image, class), by the adjusted Rand index.

    Example: heritage evaluate clusters --truth classes.csv
    """
    from heritage_assets.search.evaluation import evaluate_clusters
    from heritage_assets.stores.connect import Platform

    _show(evaluate_clusters(Platform(Settings()), truth), as_json)
