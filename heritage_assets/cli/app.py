"""The ``heritage`` command: its commands, and how it reports errors.

Every command prints what a person wants to read; with ``--json`` what a program wants. Errors are one clear line on standard
error and exit status 1 (2 for wrong arguments); ``--debug`` shows the traceback.
"""

from __future__ import annotations

import sys
import warnings
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from heritage_assets import __version__
from heritage_assets.cli import (
    backup,
    chain,
    demo,
    duplicates,
    encode_folder,
    encoder,
    evaluate,
    evaluate_retrieval,
    look,
    maintain,
    pages,
    pages_demo,
    pages_review,
    plan,
    prepare,
    retry,
    servers,
)
from heritage_assets.cli.harvest import harvest_app
from heritage_assets.cli.output import tell_of_retries

HELP = """From harvested cultural-heritage records to one clean, searchable, de-duplicated image archive.

The way of a collection:

  heritage harvest csv objects.csv --dataset mine --id inv_no --title title --image photo

  heritage materialize

  heritage status

  heritage search "a ship in a storm"
"""

app = typer.Typer(
    name="heritage",
    help=HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(
    harvest_app, name="harvest", help="Harvest records from a provider, a file or a folder into the landing zone."
)
chain.register(app)
retry.register(app)
demo.register(app)
look.register(app)
maintain.register(app)
backup.register(app)
evaluate.register(app)
evaluate_retrieval.register(evaluate.evaluate_app)
encoder.register(app)
encode_folder.register(app)
duplicates.register(app)
pages.register(app)
pages_demo.register(pages.pages_app)
pages_review.register(pages.pages_app)
plan.register(app)
prepare.register(app)
servers.register(app)

_errors = Console(stderr=True, highlight=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"heritage {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
) -> None:
    """Take the options that hold for every command (``--debug`` is read in :func:`main`, before anything can fail)."""


def main() -> None:
    """Run the command line."""
    debug = "--debug" in sys.argv
    warnings.filterwarnings("ignore", message=".*is currently in (beta|preview)")  # Dagster's word to developers
    warnings.filterwarnings(
        "ignore", message="Asset job .* materializes assets with varying BackfillPolicies"
    )  # meant so
    tell_of_retries()
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(arguments, prog_name="heritage")
    except KeyboardInterrupt:
        _errors.print("stopped; run the same command again to go on")
        sys.exit(130)
    except Exception as error:  # the last stand between an error and a traceback
        if debug:
            raise
        _errors.print(f"error: {one_line(error)}", markup=False, soft_wrap=True)
        sys.exit(1)


def one_line(error: Exception) -> str:
    """Say in one line what went wrong."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    text = " ".join(str(error).split()) or type(error).__name__
    expected = isinstance(error, ValueError | RuntimeError | OSError | KeyError)
    return text if expected else f"{type(error).__name__}: {text} (see --debug)"
