"""``heritage harvest``: land records as one sealed batch. Here: from folders and files; see :mod:`.harvest_providers`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heritage_assets.cli import harvest_providers
from heritage_assets.cli.harvest_run import AsJson, Batch, Dataset, Since, Withdrawals, run
from heritage_assets.curation.mapping import RecordMapping, load_mapping
from heritage_assets.curation.sources import CsvSource, DirectorySource, EdmSource, HarvestError, JsonlSource, Source
from heritage_assets.settings import Settings

harvest_app = typer.Typer(
    name="harvest",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Land records as one sealed batch. A harvest that was stopped goes on where it was when you run it again.",
)
harvest_providers.register(harvest_app)

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
    since: Since = None,
    withdrawals: Withdrawals = None,
    as_json: AsJson = False,
) -> None:
    """Land the images below a folder; the guid is the path relative to it."""
    run(
        lambda _: DirectorySource(path, _mapping(mapping)),
        dataset,
        batch=batch,
        withdrawals=withdrawals,
        as_json=as_json,
        since=since,
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

    def source(_: Settings) -> Source:
        named = {"guid": guid, "title": title, "is_shown_by": image}
        columns = {target: name for target, name in named.items() if name is not None} | _pairs(column or [])
        return CsvSource(
            path,
            mapping=_mapping(mapping),
            columns=columns,
            delimiter="\t" if delimiter in ("tab", "\\t") else delimiter,
            encoding=encoding,
        )

    run(source, dataset, batch=batch, withdrawals=withdrawals, as_json=as_json)


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
    run(
        lambda _: JsonlSource(path, load_mapping(mapping)),
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
    run(lambda _: EdmSource(path), dataset, batch=batch, withdrawals=withdrawals, as_json=as_json)


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
