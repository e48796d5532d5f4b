"""What commands share: JSON for machines, tables for people, progress bars with rates."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from heritage_assets.curation.progress import listening

console = Console(highlight=False)


def print_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode())


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None) -> None:
    """Print rows as an aligned table; numbers are set to the right."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    data = [list(row) for row in rows]
    for index, name in enumerate(columns):
        numeric = all(isinstance(row[index], int | float) for row in data) and bool(data)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in data:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else _cell(cell) for cell in row))
    console.print(table)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "" if value is None else str(value).replace("[", r"\[")


def counts_line(counts: Mapping[str, int]) -> str:
    """Write counts as ``a 3, b 2``; ``none`` when there are none."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count) or "none"


@contextmanager
def progress_bars(enabled: bool) -> Iterator[None]:
    """Draw a bar with a rate for every stage that reports progress inside the block (on a terminal only)."""
    if not enabled or not sys.stderr.isatty():
        yield
        return
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<18}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    tasks: dict[str, TaskID] = {}

    def report(stage: str, done: int, total: int | None) -> None:
        if stage not in tasks or done == 0:
            if stage in tasks:
                bars.remove_task(tasks[stage])
            tasks[stage] = bars.add_task(stage, total=total, rate="")
        task = bars.tasks[[entry.id for entry in bars.tasks].index(tasks[stage])]
        rate = f"{done / task.elapsed:,.0f}/s" if task.elapsed and done else ""
        bars.update(tasks[stage], completed=done, total=total, rate=rate)

    with bars, listening(report):
        yield


def tell_of_retries() -> None:
    """Say on standard error, in one line, when something busy is waited for."""
    from stamina.instrumentation import RetryDetails, set_on_retry_hooks

    errors = Console(stderr=True, highlight=False)

    def tell(details: RetryDetails) -> None:
        reason = str(details.caused_by) or type(details.caused_by).__name__
        line = f"{reason}: trying again in {details.wait_for:.1f} s (attempt {details.retry_num + 1})"
        errors.print(line, markup=False, style="dim", soft_wrap=True)

    set_on_retry_hooks([tell])
