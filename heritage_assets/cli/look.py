"""Commands that read the archive: status, search, similar, export, settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from heritage_assets.cli.output import console, counts_line, print_json, print_table
from heritage_assets.settings import Settings, describe_settings

Filters = Annotated[
    list[str] | None, typer.Option("--filter", help="field=value; repeat for more; year=1800..1900 for a range.")
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many answers.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

SHOWN_HOSTS = 10
"""Hosts with failures that ``heritage status`` shows; ``--json`` has them all."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("status")(status_command)
    app.command("search")(search_command)
    app.command("similar")(similar_command)
    app.command("export")(export_command)
    app.command("settings")(settings_command)


def parse_filters(given: list[str] | None) -> dict[str, Any]:
    """Read ``field=value`` pairs; the same field twice means either value, ``a..b`` a range of years.

    Raises:
        ValueError: a pair without ``=``, or a range that is not made of numbers.
    """
    filters: dict[str, Any] = {}
    for pair in given or ():
        field, sign, value = pair.partition("=")
        if not sign or not field or not value:
            raise ValueError(f"filter {pair!r} must be field=value, such as provider=Museum or year=1800..1900")
        if field == "year":
            filters[field] = _years(value)
        elif field in filters:
            filters[field] = [*(filters[field] if isinstance(filters[field], list) else [filters[field]]), value]
        else:
            filters[field] = value
    return filters


def _years(value: str) -> Any:
    first, dots, last = value.partition("..")
    try:
        if not dots:
            return int(value)
        return {name: int(year) for name, year in (("gte", first), ("lte", last)) if year}
    except ValueError:
        raise ValueError(f"years {value!r} must be a year or a range such as 1800..1900") from None


def status_command(as_json: Json = False) -> None:
    """Show what the archive holds: records, images, points, groups, clusters.

    Example: heritage status --json
    """
    from heritage_assets.search.status import status
    from heritage_assets.stores.calibrations import calibration_missing
    from heritage_assets.stores.connect import Platform

    platform = Platform(Settings())
    found = status(platform)
    if as_json:
        print_json(found)
        return
    if not found["batches"]:
        console.print(f"nothing harvested yet under {found['lake']}: try `heritage harvest --help` or `heritage demo`")
        return
    names = ("batch", "dataset", "landed", "cleansed", "repeated", "rejected")
    print_table(names, [[row[name] for name in names] for row in found["by_batch"]])
    console.print()
    rejected = counts_line(found["rejected_by_reason"])
    console.print(f"records   {found['cleansed']:,} cleansed of {found['landed']:,} landed; rejected: {rejected}")
    console.print(f"images    {counts_line(found['images'])}; failed: {counts_line(found['failed_by_reason'])}")
    failing = [host for host in found["hosts"] if host["failed"]][:SHOWN_HOSTS]
    for host in failing:
        console.print(
            f"  {host['host']}: {host['failed']:,} of {host['images']:,} failed, {host['waiting']:,} wait for another attempt; "
            f"last: {host['last_error']}",
            markup=False,
        )
    console.print(f"points    {counts_line(found['points'])}")
    console.print(f"groups    {found['duplicate_groups']:,} of duplicates, {found['clusters']:,} clusters")
    console.print(f"lake      {found['lake']}  (encoder {found['encoder']})")
    missing = calibration_missing(platform) if found["cleansed"] else None
    if missing:
        console.print(missing, markup=False, style="yellow", soft_wrap=True)


def _print_found(found: list[Any], as_json: bool) -> None:
    if as_json:
        print_json([item.to_dict() for item in found])
    elif not found:
        console.print("nothing found")
    else:
        print_table(("score", "guid", "title"), [(item.score, item.guid, item.title) for item in found])


def search_command(
    text: Annotated[str | None, typer.Argument(help="What to look for, in words.")] = None,
    image: Annotated[
        Path | None, typer.Option("--image", help="A picture to look for, alone or with the text.")
    ] = None,
    filters: Filters = None,
    limit: Limit = 10,
    as_json: Json = False,
) -> None:
    """Search the archive by text, by image, or by both.

    Examples:

      heritage search "a red vase with a horse"

      heritage search --image photo.jpg --filter provider="City Museum" --filter year=1800..1900 --json
    """
    from heritage_assets.search.service import SearchService
    from heritage_assets.stores.connect import Platform

    service = SearchService(Platform(Settings()))
    _print_found(service.search(text, image, filters=parse_filters(filters), limit=limit), as_json)


def similar_command(
    guid: Annotated[str, typer.Argument(help="The record to start from.")],
    by: Annotated[str, typer.Option("--by", help="image, text or combined.")] = "image",
    filters: Filters = None,
    limit: Limit = 10,
    as_json: Json = False,
) -> None:
    """Find records like a given one.

    Example: heritage similar /90210/museum_0042 --by combined
    """
    from heritage_assets.search.service import SearchService
    from heritage_assets.stores.connect import Platform

    service = SearchService(Platform(Settings()))
    _print_found(service.similar(guid, by, filters=parse_filters(filters), limit=limit), as_json)


def export_command(
    table: Annotated[str, typer.Argument(help="Name of a table, such as canonical_records, or failed_images.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File ending in .parquet, .csv or .jsonl.")],
    batch: Annotated[list[str] | None, typer.Option("--batch", help="Only this batch (repeatable).")] = None,
) -> None:
    """Write a table of the lake to a file, as a stream.

    Examples:

      heritage export canonical_records --output canonical.csv

      heritage export failed_images --output failed.csv
    """
    from heritage_assets.search.export import export_table
    from heritage_assets.stores.connect import Platform

    rows = export_table(Platform(Settings()).lake, table, output, batches=batch)
    console.print(f"{rows:,} rows of {table} in {output}", markup=False)


def settings_command(as_json: Json = False) -> None:
    """Print every setting: its environment variable, its value here, what it means.

    Example: HERITAGE_ENCODER=openai/clip-vit-base-patch32 heritage settings
    """
    rows = describe_settings(Settings())
    if as_json:
        print_json({row.variable: row.value for row in rows})
    else:
        print_table(("variable", "value", "meaning"), [(row.variable, row.value, row.meaning) for row in rows])
