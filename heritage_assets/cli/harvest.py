"""``heritage harvest``: land records from a folder, a table, a file or an API as one sealed batch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from heritage_assets.cli.output import print_json, progress_bars
from heritage_assets.curation.landing import LandingZone, Manifest
from heritage_assets.curation.mapping import RecordMapping, load_mapping
from heritage_assets.curation.sources import (
    CsvSource,
    DirectorySource,
    EdmSource,
    EuropeanaSource,
    HarvestError,
    JsonlSource,
    Source,
    harvest,
)
from heritage_assets.curation.sources.europeana import ENDPOINT, KEY_VARIABLE
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform

harvest_app = typer.Typer(
    name="harvest",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Land records as one sealed batch. A harvest that was stopped goes on where it was when you run it again.",
)

Dataset = Annotated[str, typer.Option("--dataset", help="Name of the dataset that the records belong to.")]
Batch = Annotated[
    str | None, typer.Option("--batch", help="Key of the batch (a-z, 0-9, _ and -); default: DATASET-DATEtTIME.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Withdrawals = Annotated[
    bool | None,
    typer.Option(
        "--withdrawals/--no-withdrawals",
        help="Take records that the last complete harvest listed and this one does not as withdrawn by their provider.",
    ),
]
MappingOption = Annotated[
    str | None, typer.Option("--mapping", help="YAML file that says which part of a record is which field, or 'tate'.")
]


@harvest_app.command("directory", epilog="Example: heritage harvest directory ~/scans --dataset scans")
def harvest_directory(
    path: Annotated[Path, typer.Argument(help="Folder; searched through for images.")],
    *,
    dataset: Dataset,
    mapping: MappingOption = None,
    batch: Batch = None,
    withdrawals: Withdrawals = None,
    as_json: AsJson = False,
) -> None:
    """Land the images below a folder; the guid is the path relative to it."""
    _run(
        lambda: DirectorySource(path, _mapping(mapping)), dataset, batch=batch, withdrawals=withdrawals, as_json=as_json
    )


@harvest_app.command(
    "csv",
    epilog="Example: heritage harvest csv records.csv --dataset coins --id inv_no --title title --image file",
)
def harvest_csv(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file; delimiter and encoding are found.")],
    *,
    dataset: Dataset,
    mapping: MappingOption = None,
    guid: Annotated[str | None, typer.Option("--id", help="Column of the guid.")] = None,
    title: Annotated[str | None, typer.Option(help="Column of the title.")] = None,
    image: Annotated[str | None, typer.Option(help="Column of the image: URL, or path relative to the file.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="Any other field, as field=column (repeat), such as creator=Artist.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Found when left out; 'tab' for a tabulator.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Found when left out.")] = None,
    batch: Batch = None,
    withdrawals: Withdrawals = None,
    as_json: AsJson = False,
) -> None:
    """Land the rows of a CSV file."""

    def source() -> Source:
        named = {"guid": guid, "title": title, "is_shown_by": image}
        columns = {target: name for target, name in named.items() if name is not None} | _pairs(column or [])
        return CsvSource(
            path,
            mapping=_mapping(mapping),
            columns=columns,
            delimiter="\t" if delimiter in ("tab", "\\t") else delimiter,
            encoding=encoding,
        )

    _run(source, dataset, batch=batch, withdrawals=withdrawals, as_json=as_json)


@harvest_app.command("jsonl", epilog="Example: heritage harvest jsonl artworks.jsonl.gz --dataset tate --mapping tate")
def harvest_jsonl(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="JSON Lines file, compressed with gzip or not.")],
    *,
    dataset: Dataset,
    mapping: Annotated[str, typer.Option("--mapping", help="YAML file with the paths of the fields, or 'tate'.")],
    batch: Batch = None,
    withdrawals: Withdrawals = None,
    as_json: AsJson = False,
) -> None:
    """Land the lines of a JSON Lines file."""
    _run(
        lambda: JsonlSource(path, load_mapping(mapping)),
        dataset,
        batch=batch,
        withdrawals=withdrawals,
        as_json=as_json,
    )


@harvest_app.command("edm", epilog="Example: heritage harvest edm dump.zip --dataset maps")
def harvest_edm(
    path: Annotated[Path, typer.Argument(help="RDF/XML file, folder or zip archive.")],
    *,
    dataset: Dataset,
    batch: Batch = None,
    withdrawals: Withdrawals = None,
    as_json: AsJson = False,
) -> None:
    """Land EDM records (RDF/XML)."""
    _run(lambda: EdmSource(path), dataset, batch=batch, withdrawals=withdrawals, as_json=as_json)


@harvest_app.command(
    "europeana",
    epilog='Example: heritage harvest europeana --query "europeana_collectionName:90402*" --dataset rijksmuseum '
    "--reusability open",
)
def harvest_europeana(
    *,
    query: Annotated[str, typer.Option(help="Query in the Search API's syntax.")],
    dataset: Dataset,
    endpoint: Annotated[str, typer.Option(help="Address of the Search API.")] = ENDPOINT,
    max_records: Annotated[int | None, typer.Option(min=1, help="Stop after so many records.")] = None,
    qf: Annotated[list[str] | None, typer.Option(help="Query refinement, such as TYPE:IMAGE (repeat).")] = None,
    reusability: Annotated[str | None, typer.Option(help="open, restricted or permission.")] = None,
    key: Annotated[str | None, typer.Option(envvar=KEY_VARIABLE, help="API key.")] = None,
    batch: Batch = None,
    withdrawals: Withdrawals = None,
    as_json: AsJson = False,
) -> None:
    """Land all records that match a query at Europeana, or at any endpoint that speaks its Search API."""

    def source() -> Source:
        return EuropeanaSource(
            query, key=key, endpoint=endpoint, qf=qf or (), reusability=reusability, max_records=max_records
        )

    _run(source, dataset, batch=batch, withdrawals=withdrawals, as_json=as_json)


def _mapping(name: str | None) -> RecordMapping | None:
    return None if name is None else load_mapping(name)


def _pairs(options: list[str]) -> dict[str, str]:
    pairs = {}
    for option in options:
        target, equals, column = option.partition("=")
        if not equals or not column:
            raise HarvestError(f"--column {option!r} must be field=column, such as creator=Artist")
        pairs[target.strip()] = column
    return pairs


def _run(
    make_source: Callable[[], Source], dataset: str, *, batch: str | None, withdrawals: bool | None, as_json: bool
) -> None:
    zone = Platform(Settings()).landing
    source = make_source()
    with progress_bars(not as_json):
        manifest = harvest(source, zone, dataset=dataset, batch=batch, detect_withdrawals=withdrawals)
    if as_json:
        print_json(_summary(manifest, zone))
        return
    withdrawn = f" ({manifest.withdrawn:,} of them withdrawn)" if manifest.withdrawn else ""
    typer.echo(f"batch {manifest.batch}: {manifest.records:,} records{withdrawn}")
    for warning in manifest.warnings:
        typer.echo(f"  note: {warning}")
    typer.echo(f"next: heritage materialize --batch {manifest.batch}")


def _summary(manifest: Manifest, zone: LandingZone) -> dict[str, Any]:
    """Return what ``--json`` prints; these names are stable."""
    return {
        "batch": manifest.batch,
        "dataset": manifest.dataset,
        "source": manifest.source,
        "records": manifest.records,
        "withdrawn": manifest.withdrawn,
        "reported_total": manifest.reported_total,
        "complete": manifest.complete,
        "harvested_at": manifest.harvested_at.isoformat(),
        "warnings": list(manifest.warnings),
        "uri": zone.store.uri(zone.folder(manifest.dataset, manifest.batch)),
    }
