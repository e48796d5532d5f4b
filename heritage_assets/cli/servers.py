"""Commands that serve: the search application, and the Dagster web interface."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from heritage_assets.cli.output import console
from heritage_assets.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("serve")(serve_command)
    app.command("ui")(ui_command)


def serve_command(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port of the application; 0: any free one.")
    ] = 8080,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; beyond loopback, configure keys.")
    ] = "127.0.0.1",
) -> None:
    """Serve the search application: the page, and the API that it uses (see docs/api.md).

    Example: heritage serve --port 8080
    """
    from heritage_assets.search.api.server import serve

    settings = Settings()
    serve(settings, host, port, on_ready=lambda address: console.print(f"search on {address} (Ctrl-C stops it)"))


def ui_command(
    port: Annotated[int, typer.Option("--port", help="Port of the web interface.")] = 3000,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; Dagster's interface has no login.")
    ] = "127.0.0.1",
) -> None:
    """Open Dagster's web interface and daemon on the home: runs, lineage, backfills, schedules, sensors.

    Example: heritage ui --port 3001
    """
    from heritage_assets.execution import prepare_home

    settings = Settings()
    prepare_home(settings)
    environment = {**os.environ, "DAGSTER_HOME": str(settings.dagster_home), "HERITAGE_HOME": str(settings.home)}
    dagster = Path(sys.executable).with_name("dagster")
    console.print(f"Dagster on http://{host}:{port} (Ctrl-C stops it)")
    command = [str(dagster), "dev", "-m", "heritage_assets.definitions", "--host", host, "--port", str(port)]
    os.execvpe(command[0], command, environment)  # noqa: S606 - the interpreter's own dagster, no shell
