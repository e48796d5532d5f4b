"""``heritage maintain``: compacts and vacuums the tables."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from heritage_assets.cli.output import print_json, print_table
from heritage_assets.settings import Settings

DAYS = 7.0


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("maintain")(maintain_command)


def maintain_command(
    retention_days: Annotated[
        float, typer.Option("--retention-days", help="Delete files that left the tables so long ago.", min=0)
    ] = DAYS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compact the tables' small files, and delete files that are no part of them.

    The weekly job does the same. May run beside other work, with a retention longer than any write takes.
    """
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.maintenance import maintain

    done = maintain(Platform(Settings()).lake, retention_hours=retention_days * 24)
    if as_json:
        print_json([asdict(one) for one in done])
    else:
        columns = ("table", "files before", "files after", "compacted", "deleted")
        print_table(columns, [tuple(asdict(one).values()) for one in done])
