"""``heritage retry``: asks providers again for images that failed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heritage_assets.cli.output import console, counts_line, print_json, progress_bars
from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from heritage_assets.stores.lake import Lake


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("retry")(retry_command)


def failed_by_batch(
    lake: Lake, reasons: list[str], hosts: list[str], batches: list[str] | None
) -> dict[str, dict[str, str]]:
    """Return the reason of each failed image, by batch and guid, of the given reasons, hosts and batches (none: any).

    Without images of records that a newer batch has or withdraws: nobody is asked for those again.

    Raises:
        ValueError: an unknown reason, or a batch without images.
    """
    from heritage_assets.curation.images.health import check_reasons, failed_images, selected
    from heritage_assets.curation.schemas import SOURCE_IMAGES
    from heritage_assets.stores.lake import text
    from heritage_assets.stores.views import newest_batches

    unknown = sorted(set(batches or ()) - set(lake.batches(SOURCE_IMAGES)))
    if unknown:
        raise ValueError(f"no images of batch {', '.join(unknown)}; `heritage status` lists the batches")
    wanted = check_reasons(reasons)
    found: dict[str, dict[str, str]] = {}
    for rows in failed_images(lake.scan(SOURCE_IMAGES, batches=batches, where=text("status") == "FAILED")):
        chosen = rows.filter(selected(rows, wanted, hosts))
        for row in chosen.select(["batch", "guid", "reason"]).to_pylist():
            found.setdefault(row["batch"], {})[row["guid"]] = row["reason"]
    if not found:
        return {}
    newest = newest_batches(lake, sorted({guid for failed in found.values() for guid in failed}))
    current = {
        batch: {guid: why for guid, why in failed.items() if newest.get(guid, batch) == batch}
        for batch, failed in sorted(found.items())
    }
    return {batch: failed for batch, failed in current.items() if failed}


def retry_images(
    settings: Settings, reasons: list[str], hosts: list[str], batches: list[str] | None, *, show: bool
) -> list[dict[str, Any]]:
    """Run the retry of each batch that has such images; return what became of each.

    Raises:
        ValueError: see :func:`failed_by_batch`.
    """
    from heritage_assets import execution
    from heritage_assets.definitions import build_definitions
    from heritage_assets.stores.connect import Platform

    platform = Platform(settings)
    before = failed_by_batch(platform.lake, reasons, hosts, batches)
    if not before:
        return []
    definitions = build_definitions(settings)
    results = []
    with execution.dagster_instance(settings) as instance:
        execution.register_batches(instance, platform.landing)
        for batch, asked in before.items():
            reasons_before = Counter(asked.values())
            if show:
                console.print(
                    f"{batch}  asks again for {len(asked):,} images: {counts_line(reasons_before)}", markup=False
                )
            with progress_bars(show):
                run = execution.run_image_retry(definitions, instance, batch, reasons, hosts)
            failed_now = failed_by_batch(platform.lake, [], [], [batch]).get(batch, {})
            still = Counter(failed_now[guid] for guid in asked if guid in failed_now)
            results.append(
                {
                    "batch": batch,
                    "run_id": run.run_id,
                    "success": run.success,
                    "asked": reasons_before,
                    "recovered": len(asked) - still.total(),
                    "still_failed": still,
                    "failures": run.failures,
                }
            )
    return results


def retry_command(
    reason: Annotated[
        list[str] | None, typer.Option("--reason", help="Only failures for this reason (repeatable).")
    ] = None,
    host: Annotated[
        list[str] | None, typer.Option("--host", help="Only images of this host and its subdomains (repeatable).")
    ] = None,
    batch: Annotated[list[str] | None, typer.Option("--batch", help="Only this batch (repeatable).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask again, now, for images that failed, also for those whose failure is final, and carry them through to points.

    Without options: every failed image. `heritage status` counts the reasons.

    Examples:

      heritage retry --reason not_found --host images.example.org

      heritage retry --reason given_up --batch mine-20260101t020000 --json
    """
    results = retry_images(Settings(), reason or [], host or [], batch or None, show=not as_json)
    if as_json:
        print_json({"images": sum(result["asked"].total() for result in results), "runs": results})
    else:
        _print_results(results)
    if not all(result["success"] for result in results):
        raise typer.Exit(1)


def _print_results(results: list[dict[str, Any]]) -> None:
    if not results:
        console.print("no failed image matches")
    for result in results:
        for line in result["failures"]:
            console.print(f"  failed  {line}", markup=False, style="red")
        console.print(
            f"  {'done' if result['success'] else 'FAILED'}  {result['batch']}  recovered {result['recovered']:,}; "
            f"still failed: {counts_line(result['still_failed'])}",
            markup=False,
        )
