"""``heritage pages demo``: the generated archive of scans, grouped into documents, held against the truth."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from heritage_assets.cli.output import console, print_json, print_table, progress_bars
from heritage_assets.settings import Settings

DATASET = "loose-scans"
SHOWN = ("boundary_f1", "pair_f1", "bcubed_f1", "panoptic_quality", "adjusted_rand", "drags")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("demo")(demo_command)


def demo_command(
    share: Annotated[
        float, typer.Option("--share", min=0.02, max=1.0, help="Part of the archive: 1 is 144 documents, ~800 scans.")
    ] = 1.0,
    only_draw: Annotated[bool, typer.Option("--only-draw", help="Draw scans and truth, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Draw an archive of loose scans, harvest it, propose its documents, and compare them with the truth.

    Flyers, letters, reports with covers and foldouts, blank versos, mis-ordered pages, bad scans. The data lie in the home under
    demo/scan_archive; a second run draws and harvests nothing anew.

    Example: heritage pages demo
    """
    from heritage_assets.embedded.scan_archive import plan_archive, write_archive

    settings = Settings()
    folder = settings.home / "demo" / "scan_archive"
    archive = plan_archive(share)
    with progress_bars(not as_json):
        write_archive(archive, folder, drawn=_stage())
    drawn = {"documents": len(archive.documents), "scans": len(archive.shots), "folder": str(folder)}
    figures = {} if only_draw else _grouped(settings, show=not as_json)
    if as_json:
        print_json({**drawn, **figures})
        return
    console.print(f"{drawn['documents']} documents, {drawn['scans']} scans: {folder}", markup=False, soft_wrap=True)
    if figures:
        print_table(("metric", "value"), [(name, figures[name]) for name in SHOWN])
        console.print("next:  heritage serve  (Documents: finish them by keyboard)    heritage pages export --help")


def _stage() -> Any:
    from heritage_assets.curation.progress import Stage

    stage = Stage("drawing the scans")

    def drawn(done: int, total: int) -> None:
        stage.total = total
        stage.advance(done - stage.done)

    return drawn


def _grouped(settings: Settings, *, show: bool) -> dict[str, Any]:
    """Harvest what is not harvested yet, run its chain, group it; return the figures against the truth."""
    from heritage_assets.cli.chain import run_chain
    from heritage_assets.curation.sources import harvest
    from heritage_assets.curation.sources.directory import DirectorySource
    from heritage_assets.embedded.scan_archive.archive import SCANS, TRUTH
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.page_grouping import evaluate_run, group_dataset

    folder = settings.home / "demo" / "scan_archive"
    platform = Platform(settings)
    source = DirectorySource(folder / SCANS)
    batch = f"demo-scans-{source.fingerprint()[:12]}"
    with progress_bars(show):
        if batch not in platform.landing.batches():
            harvest(source, platform.landing, dataset=DATASET, batch=batch, detect_withdrawals=True)
    if not all(outcome.success for outcome in run_chain(settings, [batch], "clip_embeddings", show=show)):
        raise RuntimeError(f"the chain failed for batch {batch}: see the lines above")
    with progress_bars(show):
        run = group_dataset(platform, DATASET, settings.pages.grouping(), order=settings.pages.order)
    return evaluate_run(platform, folder / TRUTH, run=run.name)
