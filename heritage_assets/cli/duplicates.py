"""Commands about duplicates: why two records are one object, what people decide, which threshold fits."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heritage_assets.cli.output import console, print_json, print_table, progress_bars
from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from heritage_assets.stores.archive import LakeArchive
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.decisions import Wanted

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reviewer = Annotated[str | None, typer.Option("--reviewer", help="Who decides; default: the user's login name.")]
Note = Annotated[str, typer.Option("--note", help="Why.")]

review_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("explain")(explain_command)
    app.command("calibrate")(calibrate_command)
    app.add_typer(review_app, name="review", help="Look at borderline pairs and decide about them.")


def explain_command(
    guid_a: Annotated[str, typer.Argument(help="One record.")],
    guid_b: Annotated[str, typer.Argument(help="The other.")],
    as_json: Json = False,
) -> None:
    """Say why two records are, or are not, one object: scores, rule, path, decisions.

    Example: heritage explain /90210/a_1 /90210/b_7
    """
    from heritage_assets.curation.duplicates.explain import explain
    from heritage_assets.stores.archive import LakeArchive
    from heritage_assets.stores.calibrations import settings_in_force
    from heritage_assets.stores.connect import Platform

    platform = Platform(Settings())
    encoder = platform.encoder().id
    explicit = platform.settings.duplicates.model_dump(exclude_unset=True)
    archive = LakeArchive(platform.lake, encoder)
    rules = settings_in_force(platform.objects, encoder, explicit)
    cosine = _image_cosine(archive, guid_a, guid_b)
    found = explain(guid_a, guid_b, archive, rules, encoder, image_cosine=cosine)
    if as_json:
        print_json(found.to_dict())
        return
    for line in found.answer:
        console.print(line, markup=False, soft_wrap=True)
    for name in ("image_cosine", "text_cosine", "hash_distance", "conflict"):
        value = getattr(found, name)
        console.print(f"  {name:<14}{'-' if value is None else value}", markup=False)
    console.print(f"  {'verdict':<14}{found.verdict} by rule {found.rule}", markup=False)
    console.print(f"  {'encoder':<14}{found.encoder}", markup=False)


def _image_cosine(archive: LakeArchive, guid_a: str, guid_b: str) -> float | None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found: dict[str, Any] = {}
    for rows in archive.vectors():
        mine = rows.filter(pc.is_in(rows["guid"], value_set=pa.array([guid_a, guid_b], pa.string())))
        found.update(zip(mine["guid"].to_pylist(), mine["embedding_image"].to_pylist(), strict=True))
    if len(found) < 2:
        return None
    return float(np.dot(np.asarray(found[guid_a], np.float64), np.asarray(found[guid_b], np.float64)))


def calibrate_command(
    precision: Annotated[
        float, typer.Option("--precision", min=0.5, max=0.99999, help="Wanted share of right pairs.")
    ] = 0.999,
    sample: Annotated[int, typer.Option("--sample", min=20, help="Pictures to edit and encode.")] = 500,
    report: Annotated[Path | None, typer.Option("--report", help="Write both histograms to this PNG file.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Measure only; leave the rules as they are.")] = False,
    as_json: Json = False,
) -> None:
    """Find the duplicate threshold of the encoder for this collection, without labels.

    A sample of the archive's own pictures is edited in the harmless ways that archives do and compared with the nearest different
    pictures. What is found holds from the next canonicalization on; `heritage materialize --rebuild` applies it to everything. A
    threshold that is set (HERITAGE_DUPLICATES__THRESHOLD) stays above it.

    Example: heritage calibrate --precision 0.999 --report calibration.png
    """
    from heritage_assets.stores.calibrations import calibrate_archive, save_calibration
    from heritage_assets.stores.connect import Platform

    platform = Platform(Settings())
    with progress_bars(not as_json):
        found = calibrate_archive(
            platform.lake,
            platform.objects,
            platform.encoder(),
            platform.settings.duplicates,
            precision=precision,
            sample=sample,
        )
    if not dry_run:
        save_calibration(platform.objects, found)
    if report is not None:
        report.write_bytes(_histograms(found))
    if as_json:
        print_json(found.to_dict())
        return
    console.print(f"encoder    {found.encoder}", markup=False)
    console.print(
        f"threshold  {found.threshold:.4f} for precision {found.precision:g}; with a near-equal hash {found.hash_floor:.4f}"
    )
    console.print(
        f"recall     {found.recall:.3f} of {found.sampled} edited copies by score, {found.recall_with_hash:.3f} with hashes"
    )
    console.print(f"crowding   {found.crowding:.3f} (median cosine of the nearest different picture)")
    print_table(("edit", "recall"), list(found.recall_by_edit.items()))
    for warning in found.warnings:
        console.print(f"warning: {warning}", markup=False, style="yellow")
    console.print(
        "measured only" if dry_run else "kept; `heritage materialize --rebuild` applies it to the whole archive"
    )


def _histograms(found: Any) -> bytes:
    """Draw the scores of edited copies and of the nearest different pictures, one above the other."""
    import io

    from PIL import Image

    from heritage_assets.curation.pictures import histogram

    drawn = [
        Image.open(io.BytesIO(histogram(counts, found.threshold, title, edges=found.edges)))
        for counts, title in ((found.same, "edited copies"), (found.different, "nearest different pictures"))
    ]
    sheet = Image.new("RGB", (max(one.width for one in drawn), sum(one.height for one in drawn)), "white")
    for number, one in enumerate(drawn):
        sheet.paste(one, (0, number * drawn[0].height))
    written = io.BytesIO()
    sheet.save(written, "PNG")
    return written.getvalue()


def _open() -> Platform:
    from heritage_assets.stores.connect import Platform

    return Platform(Settings())


@review_app.command("list")
def list_command(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 20,
    decided: Annotated[bool, typer.Option("--decided", help="Show what was decided instead of what waits.")] = False,
    as_json: Json = False,
) -> None:
    """List the pairs that wait for a person, the most alike first.

    Example: heritage review list --limit 50
    """
    from heritage_assets.stores.decisions import decisions_made, review_queue

    lake = _open().lake
    rows = decisions_made(lake)[:limit] if decided else review_queue(lake, limit)
    columns = ("decision_id", "guid_a", "guid_b", "decision", "reviewer", "in_force")
    if not decided:
        columns = ("guid_a", "guid_b", "image_cosine", "text_cosine", "hash_distance", "rule")
    if as_json:
        print_json(rows)
    elif not rows:
        console.print("nothing was decided yet" if decided else "no pair waits for a decision")
    else:
        print_table(columns, [[row[name] for name in columns] for row in rows])


@review_app.command("decide")
def decide_command(
    guid_a: Annotated[str, typer.Argument(help="One record.")],
    guid_b: Annotated[str, typer.Argument(help="The other.")],
    decision: Annotated[str, typer.Argument(help="same, variant, page_of or different.")],
    reviewer: Reviewer = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Decide about two records; it takes effect in the next canonicalization and outlives every recompute.

    Example: heritage review decide /90210/a_1 /90210/b_7 same --note "same inventory number"
    """
    from heritage_assets.stores.decisions import Wanted

    _take(Wanted(decision, reviewer or getpass.getuser(), guid_a, guid_b, note), as_json)


@review_app.command("undo")
def undo_command(
    decision_id: Annotated[str, typer.Argument(help="Id of the decision; `heritage review list --decided` shows it.")],
    reviewer: Reviewer = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Take a decision back; the history stays.

    Example: heritage review undo 3f2a…
    """
    from heritage_assets.curation.decision_log import UNDO
    from heritage_assets.stores.decisions import Wanted

    _take(Wanted(UNDO, reviewer or getpass.getuser(), note=note, undoes=decision_id), as_json)


def _take(wanted: Wanted, as_json: bool) -> None:
    from heritage_assets.stores.decisions import take_decision

    row, _ = take_decision(_open().lake, wanted)
    if as_json:
        print_json(row)
    else:
        console.print(f"{row['decision']}: {row['guid_a']} and {row['guid_b']}  ({row['decision_id']})", markup=False)
        console.print("takes effect when the review_decisions sensor sees it, or with `heritage materialize --rebuild`")
