"""``heritage encoder``: which encoder the archive is searched with, its registry, replacing it and going back."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heritage_assets.cli.output import console, print_json, print_table, progress_bars
from heritage_assets.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.encoder_in_use import EncoderInUse
    from heritage_assets.switching.comparison import Comparison

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
encoder_app = typer.Typer(no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(encoder_app, name="encoder", help="Register encoders, compare them, switch and roll back.")


@encoder_app.command("list")
def list_command(as_json: Json = False) -> None:
    """Show the encoder in use, those before it, and what the registry holds.

    Example: heritage encoder list
    """
    from dataclasses import asdict

    from heritage_assets.registry.encoders import list_encoders
    from heritage_assets.registry.tracking import Tracking
    from heritage_assets.stores.connect import Platform
    from heritage_assets.stores.encoder_in_use import read_in_use

    platform = Platform(Settings())
    state = read_in_use(platform.objects)
    registered = list_encoders(Tracking.of(platform.settings))
    if as_json:
        print_json(
            {
                "in_use": platform.encoder_name(),
                "switched": asdict(state) if state else None,
                "registered": [asdict(one) for one in registered],
            }
        )
        return
    why = " (HERITAGE_ENCODER)" if platform.settings.encoder_is_set else ""
    console.print(f"in use     {platform.encoder_name()}{why}", markup=False)
    for one in state.before if state else ():
        console.print(f"before it  {one.name}  {one.encoder}", markup=False)
    if registered:
        rows = [
            (one.version, one.encoder, ", ".join(one.aliases), one.image_dim, one.text_dim or 0, one.uri)
            for one in registered
        ]
        print_table(("version", "encoder", "aliases", "image", "text", "HERITAGE_ENCODER"), rows)
    else:
        console.print("nothing is registered: `heritage encoder register`")


@encoder_app.command("register")
def register_command(
    name: Annotated[
        str | None, typer.Argument(help="'demo', a folder or a model name. Default: the encoder in use.")
    ] = None,
    alias: Annotated[str | None, typer.Option("--alias", help="Name to point at this version.")] = None,
    as_json: Json = False,
) -> None:
    """Put an encoder into the MLflow registry: its files, how it is called, an example, pinned requirements.

    An encoder that is registered already keeps its version; the alias moves.

    Example: heritage encoder register demo --alias production
    """
    from dataclasses import asdict

    from heritage_assets.registry.encoders import register_encoder
    from heritage_assets.registry.tracking import Tracking
    from heritage_assets.stores.connect import Platform

    platform = Platform(Settings())
    chosen = name or platform.encoder_name()
    done = register_encoder(Tracking.of(platform.settings), chosen, platform.encoder(chosen), alias=alias)
    if as_json:
        print_json(asdict(done))
        return
    console.print(f"{done.encoder} is version {done.version}", markup=False)
    console.print(f"use it with HERITAGE_ENCODER={done.uri}", markup=False, soft_wrap=True)


@encoder_app.command("switch")
def switch_command(
    name: Annotated[str, typer.Argument(help="'demo', a folder, a model name, or models:/NAME@alias.")],
    truth: Annotated[
        Path | None, typer.Option("--truth", help="CSV truth file of search (see `heritage evaluate retrieval`).")
    ] = None,
    report: Annotated[Path, typer.Option("--report", help="Where the comparison goes.")] = Path(
        "encoder-comparison.html"
    ),
    yes: Annotated[bool, typer.Option("--yes", help="Switch without asking.")] = False,
    compare_only: Annotated[bool, typer.Option("--compare-only", help="Fill and compare; don't switch.")] = False,
    as_json: Json = False,
) -> None:
    """Replace the encoder without a gap: fill a collection beside the old one, compare, ask, then switch in one step.

    The archive is searched as before until the switch. Stopped half-way, the same command goes on where it was.

    Example: heritage encoder switch openai/clip-vit-base-patch32 --truth truth.csv
    """
    from heritage_assets.search.retrieval_truth import read_retrieval_truth
    from heritage_assets.switching.comparison import compare
    from heritage_assets.switching.filling import fill
    from heritage_assets.switching.moving import move, pinned_name, state_or_first
    from heritage_assets.switching.report import comparison_page

    known = read_retrieval_truth(truth) if truth is not None else None
    with _open(show=not as_json) as (platform, defs, instance, tell):
        name = pinned_name(platform, name)
        state = state_or_first(platform)
        new = platform.encoder(name)
        if new.id == state.current.encoder:
            tell(f"{new.id} is in use already; what is missing is filled in")
        fill(platform, defs, instance, name, new, tell)
        figures: dict[str, Any] | None = None
        if new.id != state.current.encoder:
            found = compare(platform, platform.encoder(state.current.name), new, known)
            report.write_text(comparison_page(found, platform), encoding="utf-8")
            figures = found.to_dict()
            if not as_json:
                _show(found, report)
        going = not compare_only and (yes or (not as_json and typer.confirm(f"Search with {new.id} from now on?")))
        if going:
            move(platform, defs, instance, state.switched_to(name, new.id), new, tell)
        if as_json:
            print_json({"switched": going, "encoder": new.id, "report": str(report), "comparison": figures})
        elif not going:
            console.print(f"not switched; `heritage encoder switch {name}` goes on from here", markup=False)
        _warn_of_setting(platform, name, going)


@encoder_app.command("rollback")
def rollback_command(as_json: Json = False) -> None:
    """Search with the encoder before this one again; what was harvested meanwhile is filled in first.

    Example: heritage encoder rollback
    """
    from heritage_assets.stores.encoder_in_use import read_in_use
    from heritage_assets.switching.filling import SwitchError, fill
    from heritage_assets.switching.moving import move

    with _open(show=not as_json) as (platform, defs, instance, tell):
        state = read_in_use(platform.objects)
        if state is None:
            raise SwitchError("nothing to go back to: the encoder was never switched")
        back: EncoderInUse = state.rolled_back()
        old = platform.encoder(back.current.name)
        if old.id != back.current.encoder:
            raise SwitchError(
                f"the files of {back.current.name!r} are no longer those that were in use "
                f"({back.current.encoder}, now {old.id}): put them back, or switch to it as to a new encoder"
            )
        fill(platform, defs, instance, back.current.name, old, tell)
        move(platform, defs, instance, back, old, tell)
        if as_json:
            print_json({"encoder": old.id})
        _warn_of_setting(platform, back.current.name, True)


@encoder_app.command("fine-tune")
def fine_tune_command(
    base: Annotated[str | None, typer.Option("--base", help="Encoder to start from. Default: the one in use.")] = None,
    method: Annotated[str, typer.Option("--method", help="auto, full (all weights learn) or lora.")] = "auto",
    epochs: Annotated[int | None, typer.Option("--epochs", help="Times that every pair is shown.")] = None,
    batch_size: Annotated[int | None, typer.Option("--batch-size", help="Pairs told apart at a time.")] = None,
    learning_rate: Annotated[float | None, typer.Option("--learning-rate", help="Peak; default by method.")] = None,
    held_out: Annotated[float | None, typer.Option("--held-out", help="Share of the objects that judge.")] = None,
    alias: Annotated[str | None, typer.Option("--alias", help="Name to point at it where it is better.")] = None,
    as_json: Json = False,
) -> None:
    """Adapt an encoder to the archive's own pictures and words; it is registered only if it is better on records held out.

    The archive goes on with the encoder in use: switch to the new one with `heritage encoder switch`.

    Example: heritage encoder fine-tune --method lora --epochs 3
    """
    import dagster as dg

    from heritage_assets import execution

    asked = {
        "base": base,
        "method": method,
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": learning_rate,
        "held_out": held_out,
        "alias": alias,
    }
    with _open(show=not as_json) as (_, defs, instance, _tell):
        config = {name: value for name, value in asked.items() if value is not None}
        outcome = execution.run_fine_tuning(defs, instance, config)
        event = (
            instance.get_latest_materialization_event(dg.AssetKey("fine_tuned_encoder")) if outcome.success else None
        )
    if event is None or event.asset_materialization is None:
        raise ValueError(f"fine-tuning failed (run {outcome.run_id}): {'; '.join(outcome.failures)}")
    metadata = event.asset_materialization.metadata
    if as_json:
        print_json(
            {
                **{name: value.value for name, value in metadata.items() if name != "held_out"},
                "held_out": [dict(row.data) for row in metadata["held_out"].records],
            }
        )
        return
    print_table(("held out", "before", "after"), [tuple(row.data.values()) for row in metadata["held_out"].records])
    gain, error = metadata["gain_in_mean_reciprocal_rank"].value, metadata["standard_error"].value
    console.print(f"mean reciprocal rank {gain:+.4f}, standard error {error:.4f}", markup=False)
    console.print(f"registered  {metadata['registered'].value}", markup=False, soft_wrap=True)


@contextmanager
def _open(*, show: bool) -> Iterator[tuple[Platform, Any, Any, Any]]:
    """Open the archive, its code location and its Dagster instance; yields also what shows a line."""
    from heritage_assets import execution
    from heritage_assets.definitions import build_definitions
    from heritage_assets.stores.connect import Platform

    platform = Platform(Settings())

    def tell(line: str) -> None:
        if show:
            console.print(line, markup=False, soft_wrap=True)

    with execution.dagster_instance(platform.settings) as instance, progress_bars(show):
        execution.register_batches(instance, platform.landing)
        yield platform, build_definitions(platform.settings), instance, tell


def _show(found: Comparison, report: Path) -> None:
    figures = found.to_dict()
    rows: list[tuple[str, Any, Any]] = [
        ("duplicate threshold", found.old.threshold, found.new.threshold),
        ("pairs of duplicates", found.groups.pairs_before, found.groups.pairs_after),
    ]
    for direction in ("text_to_image", "image_to_image"):
        old, new = (((side.retrieval or {}).get(direction) or {}) for side in (found.old, found.new))
        rows += [
            (f"{direction} {key}", old.get(key), new.get(key)) for key in ("recall@10", "map", "ndcg@10") if key in new
        ]
    print_table(("", "in use", "new"), rows)
    groups = figures["duplicates"]
    console.print(
        f"neighbours shared {found.overlap_mean:.0%}; duplicate groups gained {groups['groups_gained']:,}, "
        f"lost {groups['groups_lost']:,}",
        markup=False,
    )
    for note in found.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    console.print(f"report  {report}", markup=False, soft_wrap=True)


def _warn_of_setting(platform: Platform, name: str, switched: bool) -> None:
    if switched and platform.settings.encoder_is_set and platform.settings.encoder != name:
        typer.echo(
            f"HERITAGE_ENCODER={platform.settings.encoder} wins over the switch: remove it, and restart what runs, to search "
            f"with {name}",
            err=True,
        )
