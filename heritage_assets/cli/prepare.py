"""``heritage prepare``: what must be there before the first run."""

from __future__ import annotations

import typer

from heritage_assets.settings import Settings
from heritage_assets.stores.s3 import ensure_bucket


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("prepare")(prepare_command)


def prepare_command() -> None:
    """Make the home, and on S3 the bucket of the lake; what is there stays as it is.

    Example: heritage prepare
    """
    settings = Settings()
    settings.home.mkdir(parents=True, exist_ok=True)
    typer.echo(f"home {settings.home}")
    if settings.lake_root.startswith("s3://"):
        made = ensure_bucket(settings.lake_root, settings.s3)
        typer.echo(f"bucket of {settings.lake_root} {'made' if made else 'was there'}")
