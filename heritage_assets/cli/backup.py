"""``heritage backup`` and ``heritage restore``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heritage_assets.cli.output import progress_bars
from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from heritage_assets.stores.backup import BackupSummary
    from heritage_assets.stores.vectors import VectorStore

_STOP_SECONDS = 30.0


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)


def backup_command(target: Annotated[Path, typer.Argument(help="A new folder for the backup.")]) -> None:
    """Copy lake, images, embedded vectors and Dagster's files to a folder; docs/operations.md says what servers need.

    An embedded vector endpoint rests meanwhile: searches and runs wait for it. A Qdrant server keeps a snapshot of
    each collection.

    Example: heritage backup /backups/monday
    """
    from heritage_assets.stores.backup import back_up
    from heritage_assets.stores.connect import Platform

    settings = Settings()
    platform = Platform(settings)
    objects = platform.objects
    with progress_bars(True):
        if settings.qdrant_url is not None:
            _keep_snapshots(platform.vectors)
            summary = back_up(objects, settings.home, target, with_vectors=False)
        else:
            with _vectors_at_rest(settings.home):
                summary = back_up(objects, settings.home, target, with_vectors=True)
    _say("backed up to", target, summary)


def restore_command(source: Annotated[Path, typer.Argument(help="Folder of a backup.")]) -> None:
    """Bring a backup back into an empty lake and home; every object is checked.

    Example: heritage restore /backups/monday
    """
    from heritage_assets.stores.backup import restore
    from heritage_assets.stores.connect import Platform

    settings = Settings()
    with progress_bars(True):
        summary = restore(source, Platform(settings).objects, settings.home)
    _say("restored from", source, summary)


@contextmanager
def _vectors_at_rest(home: Path) -> Iterator[None]:
    """Stop the home's endpoint, which writes all that it has, and let none start inside the block."""
    from heritage_assets.embedded.vector_endpoint.lifecycle import EndpointFiles, HomeLock, stop_endpoint

    files = EndpointFiles(home)
    files.folder.mkdir(parents=True, exist_ok=True)
    stop_endpoint(home, timeout=_STOP_SECONDS)
    with HomeLock(files.lock).held(wait=_STOP_SECONDS):
        yield


def _keep_snapshots(vectors: VectorStore) -> None:
    for name in vectors.collections():
        kept = vectors.on(name).snapshot()
        typer.echo(f"{name}: {f'the server keeps the snapshot {kept}' if kept else 'the server keeps no snapshots'}")


def _say(done: str, place: Path, summary: BackupSummary) -> None:
    typer.echo(
        f"{done} {place}: {summary.objects:,} objects, {summary.size / 2**20:,.1f} MiB, taken {summary.taken_at}"
    )
