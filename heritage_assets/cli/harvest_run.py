"""What the commands of ``heritage harvest`` share: options, the run itself, and what is printed of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import typer

from heritage_assets.cli.output import print_json, progress_bars
from heritage_assets.curation.landing import LandingZone, Manifest
from heritage_assets.curation.sources import Source, harvest, parse_since
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform

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
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="List only what changed since a date (2026-03-01) or since the last complete harvest ('last').",
    ),
]


def run(
    make_source: Callable[[Settings], Source],
    dataset: str,
    *,
    batch: str | None,
    withdrawals: bool | None,
    as_json: bool,
    since: str | None = None,
) -> None:
    """Harvest what ``make_source`` makes of the settings, and say what came."""
    settings = Settings()
    zone = Platform(settings).landing
    source = make_source(settings)
    with progress_bars(not as_json):
        manifest = harvest(
            source, zone, dataset=dataset, batch=batch, detect_withdrawals=withdrawals, since=parse_since(since)
        )
    if as_json:
        print_json(_summary(manifest, zone))
        return
    withdrawn = f" ({manifest.withdrawn:,} of them withdrawn)" if manifest.withdrawn else ""
    since_when = f", changed since {manifest.since:%Y-%m-%d %H:%M} UTC" if manifest.since else ""
    typer.echo(f"batch {manifest.batch}: {manifest.records:,} records{withdrawn}{since_when}")
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
        "since": manifest.since.isoformat() if manifest.since else None,
        "warnings": list(manifest.warnings),
        "uri": zone.store.uri(zone.folder(manifest.dataset, manifest.batch)),
    }
