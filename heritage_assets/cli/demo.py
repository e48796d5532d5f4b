"""``heritage demo``: the whole chain on the demo museum, and what came out of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from heritage_assets.cli.chain import run_chain
from heritage_assets.cli.output import console, counts_line, print_json, print_table, progress_bars
from heritage_assets.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("demo")(demo_command)


def demo_command(
    records: Annotated[
        int, typer.Option("--records", min=200, help="Records of the museum, over all batches.")
    ] = 1_800,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Build the demo museum, harvest it, run the whole chain through Dagster, and compare with what was planted.

    A second run finds everything done and only prints the figures. Exit status 0: every blocking check passed.

    Example: heritage demo
    """
    from heritage_assets.embedded.demo import demo_figures, open_demo, run_demo

    show = not as_json
    demo = open_demo(Settings(), records)

    def chain(settings: Settings, batches: list[str]) -> bool:
        outcomes = run_chain(settings, batches, "clusters", show=show)
        return all(outcome.success for outcome in outcomes)

    with progress_bars(show):
        passed = run_demo(demo, chain)
    figures = demo_figures(demo)
    if as_json:
        print_json({**figures, "passed": passed})
    else:
        print_figures(figures, passed)
    if not passed:
        raise typer.Exit(1)


def print_figures(figures: dict[str, Any], passed: bool) -> None:
    """Print what came out of the demo."""
    status, duplicates = figures["status"], figures["duplicates"]
    names = ("batch", "landed", "cleansed", "repeated", "rejected")
    console.print()
    print_table(names, [[row[name] for name in names] for row in status["by_batch"]])
    console.print()
    lines = [
        ("rejected", counts_line(status["rejected_by_reason"])),
        ("images", counts_line(status["images"])),
        ("  failed", counts_line(status["failed_by_reason"])),
        ("points", counts_line(status["points"])),
        (
            "duplicates",
            f"{status['duplicate_groups']:,} groups; pairs found against planted: "
            f"precision {duplicates['precision']:.4f}, recall {duplicates['recall']:.4f}",
        ),
        (
            "clusters",
            f"{status['clusters']:,}; against the true classes: ARI {figures['clusters']['adjusted_rand']:.3f}",
        ),
        ("text→image", _retrieval_line(figures["retrieval"], figures["retrieval_all"])),
        (
            "seconds",
            ", ".join(f"{name} {seconds:g}" for name, seconds in figures["seconds"].items()) or "nothing to do",
        ),
        ("memory", f"{figures['peak_memory_mib']:,} MiB at most"),
        ("data", figures["home"]),
    ]
    for name, text in lines:
        console.print(f"{name:<12}{text}", markup=False, soft_wrap=True)
    console.print()
    console.print("every blocking check passed" if passed else "A BLOCKING CHECK FAILED: see the lines above")
    console.print("next:  heritage search 'a red vase'    heritage ui    heritage status", markup=False, soft_wrap=True)


def _retrieval_line(sample: dict[str, Any] | None, every: dict[str, Any] | None) -> str:
    if sample is None or every is None:
        return "the encoder has no text side"
    return (
        f"recall@10 {sample['recall@10']:.3f} among {sample['queries']:,} objects that the encoder never saw, "
        f"{every['recall@10']:.3f} among all {every['queries']:,}"
    )
