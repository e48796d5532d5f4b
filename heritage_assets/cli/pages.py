"""``heritage pages``: documents from single scans."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heritage_assets.cli import pages_sweep
from heritage_assets.cli.output import console, print_json, print_table, progress_bars
from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from heritage_assets.curation.pages.settings import GroupingSettings

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Dataset = Annotated[str, typer.Option("--dataset", help="Dataset whose images are scanned pages.")]
TruthFile = Annotated[Path, typer.Option("--truth", help="CSV file: scan,group[,position]; scan is a guid or a file.")]
SHOWN = ("boundary_f1", "pair_f1", "bcubed_f1", "panoptic_quality", "adjusted_rand", "drags")

LONG = ("model", "features")
"""Columns of a run that are for machines."""

pages_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    pages_sweep.register(pages_app)
    app.add_typer(pages_app, name="pages", help="Propose documents from single scans, and see how good they are.")


def read_settings(base: GroupingSettings, file: Path | None, **given: Any) -> GroupingSettings:
    """Return settings: ``base``, then those of a YAML or JSON file, then those given here that are not None.

    Raises:
        ValueError: no such file, no mapping in it, or a setting that does not exist or has a wrong value.
    """
    from heritage_assets.curation.pages.settings import GroupingSettings

    values = {} if file is None else read_mapping(file)
    chosen = {name: value for name, value in given.items() if value is not None}
    return GroupingSettings.model_validate({**base.model_dump(), **values, **chosen})


def read_mapping(file: Path) -> dict[str, Any]:
    """Return what a YAML or JSON file holds by name. Raises ValueError where there is none, or something else in it."""
    import yaml

    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        raise ValueError(f"no settings file at {file}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is neither YAML nor JSON: {' '.join(str(error).split())}") from None
    if isinstance(values, dict):
        return values
    raise ValueError(f"{file} must hold settings by name, such as `method: similarity`")


@pages_app.command("group")
def group_command(
    dataset: Dataset,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="YAML or JSON with method and parameters (docs/pages.md).")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", help="stream (ordered), similarity (unordered) or learned.")
    ] = None,
    order: Annotated[
        str | None,
        typer.Option("--order", help="Scanning order: file (name of the image), or a column of the records."),
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Group everything, not only what changed.")] = False,
    as_json: Json = False,
) -> None:
    """Propose documents for the scans of a dataset; features that are missing are computed first.

    The same settings give the same run, which is replaced: of ordered scans only what changed since, and its neighbourhood, is
    cut anew. Confirmed documents stay as they are.

    Example: heritage pages group --dataset letters
    """
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.page_grouping import group_dataset

    platform = Platform(Settings())
    pages = platform.settings.pages
    chosen = read_settings(pages.grouping(), settings_file, method=method)
    with progress_bars(not as_json):
        run = group_dataset(platform, dataset, chosen, order=order or pages.order, anew=anew)
    if as_json:
        print_json({name: value for name, value in run.row.items() if name not in LONG})
        return
    row = run.row
    console.print(f"run        {row['run']}", markup=False)
    console.print(f"documents  {row['groups']:,} from {row['scans']:,} scans, {row['confirmed']:,} confirmed")
    console.print(f"seconds    {row['seconds']}")


@pages_app.command("evaluate")
def evaluate_command(
    truth: TruthFile,
    run: Annotated[str | None, typer.Option("--run", help="Run to evaluate; default: the newest.")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Newest run of this dataset.")] = None,
    as_json: Json = False,
) -> None:
    """Compare a run with what people know to belong together.

    Example: heritage pages evaluate --truth truth.csv --json
    """
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.page_grouping import evaluate_run

    row = evaluate_run(Platform(Settings()), truth, run=run, dataset=dataset)
    if as_json:
        print_json(row)
        return
    console.print(
        f"run {row['run']}: {row['scans']:,} scans, {row['groups']:,} proposed and {row['true_groups']:,} true groups"
    )
    print_table(("metric", "value"), [(name, row[name]) for name in SHOWN])
    if row["unmatched"]:
        console.print(f"{row['unmatched']} lines of the truth name no scan of the run")


@pages_app.command("runs")
def runs_command(
    dataset: Annotated[str | None, typer.Option("--dataset", help="Only runs of this dataset.")] = None,
    as_json: Json = False,
) -> None:
    """List the runs of grouping, the newest first.

    Example: heritage pages runs
    """
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.page_runs import run_rows

    rows = run_rows(Platform(Settings()).lake, dataset)
    columns = ("run", "dataset", "method", "scans", "groups", "confirmed", "seconds", "grouped_at")
    if as_json:
        print_json([{name: value for name, value in row.items() if name not in LONG} for row in rows])
    elif not rows:
        console.print("nothing was grouped yet: `heritage pages group --dataset …`")
    else:
        print_table(columns, [[row[name] for name in columns] for row in rows])


@pages_app.command("compare")
def compare_command(
    first: Annotated[str, typer.Argument(help="A run; `heritage pages runs` lists them.")],
    second: Annotated[str, typer.Argument(help="Another run of the same dataset.")],
    truth: TruthFile,
    output: Annotated[
        Path, typer.Option("--output", help="Where to write; .html and .xlsx are both written beside each other.")
    ] = Path("pages-comparison.html"),
    most: Annotated[int, typer.Option("--most", min=1, max=20_000, help="Most scans to show.")] = 2_000,
    as_json: Json = False,
) -> None:
    """Show two runs side by side with the pictures, against the truth: as an HTML page and as a spreadsheet.

    Example: heritage pages compare stream-98d0b603f3 similarity-9846ff6685 --truth truth.csv
    """
    from heritage_assets.search.page_comparison import compare_runs
    from heritage_assets.search.page_comparison_html import comparison_html
    from heritage_assets.search.page_comparison_sheet import write_comparison
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.page_runs import load_run

    platform = Platform(Settings())
    found = compare_runs(platform, (first, second), truth, most)
    page, sheet = output.with_suffix(".html"), output.with_suffix(".xlsx")
    with page.open("w", encoding="utf-8") as file:
        file.writelines(comparison_html(found, str(load_run(platform.lake, first).row["dataset"])))
    write_comparison(found, sheet)
    figures = {run: one.as_dict() for run, one in zip(found.runs, found.figures, strict=True)}
    if as_json:
        print_json({"runs": figures, "html": str(page), "xlsx": str(sheet), "unmatched": found.unmatched})
        return
    print_table(("metric", *found.runs), [(name, *(one[name] for one in figures.values())) for name in SHOWN])
    console.print(f"written    {page} and {sheet}", markup=False, soft_wrap=True)


@pages_app.command("train")
def train_command(
    datasets: Annotated[
        list[str], typer.Option("--dataset", help="Dataset with confirmed documents; may be repeated.")
    ],
    keep: Annotated[
        bool, typer.Option("--keep", help="Use what was learned even where it is no better on documents left out.")
    ] = False,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Keep the training in MLflow.")] = True,
    as_json: Json = False,
) -> None:
    """Learn from confirmed documents which signals tell documents apart here; the method `learned` uses it.

    Quality is measured on documents left out of the fit. Weights that are no better than the starting ones are not kept.

    Example: heritage pages train --dataset letters
    """
    from heritage_assets.registry.tracking import Tracking
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.page_models import save_training, track_training, train_on

    platform = Platform(Settings())
    encoder = platform.encoder().id
    found = train_on(platform.lake, datasets, encoder, platform.settings.pages.window)
    kept = found.better or keep
    key = save_training(platform.objects, found) if kept else None
    run = track_training(Tracking.of(platform.settings), datasets, encoder, found) if track else None
    if as_json:
        print_json({**found.figures(), "kept": kept, "weights": key, "mlflow_run": run})
        return
    print_table(("figure", "value"), list(found.figures().items()))
    if kept:
        console.print("kept; `heritage pages group --method learned` uses it")
    else:
        console.print(
            "not kept: no better than the starting weights on documents left out (--keep uses it all the same)"
        )
