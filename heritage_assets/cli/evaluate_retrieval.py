"""``heritage evaluate retrieval``: how well the encoder finds what people know to be relevant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from heritage_assets.cli.output import console, print_json, print_table
from heritage_assets.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command to ``heritage evaluate``."""
    app.command("retrieval")(retrieval_command)


def retrieval_command(
    truth: Annotated[
        Path,
        typer.Option(
            "--truth",
            help="CSV: query (a text) or guid, relevant (a guid), perhaps grade; or guid and group (one object).",
        ),
    ],
    k: Annotated[str, typer.Option("--k", help="Lengths of result lists.")] = "1,5,10",
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="Another encoder than the one in use, whose vectors are there.")
    ] = None,
    track: Annotated[bool, typer.Option("--track/--no-track", help="Keep the figures in MLflow.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Search the archive by text and by image, and measure recall@k, mean average precision and nDCG@k.

    All pictures are ranked by the encoder's stored vectors, exactly. Kept in MLflow for each encoder.

    Example: heritage evaluate retrieval --truth queries.csv --k 1,5,10
    """
    from heritage_assets.registry.evaluations import track_retrieval
    from heritage_assets.registry.tracking import Tracking
    from heritage_assets.search.retrieval import evaluate_file
    from heritage_assets.stores.connect import Platform

    platform = Platform(Settings())
    model = platform.encoder(encoder)
    figures = evaluate_file(platform.lake, model, truth, _lengths(k))
    if track:
        track_retrieval(Tracking.of(platform.settings), model.id, truth, figures)
    if as_json:
        print_json(figures)
    else:
        _show(figures)


def _lengths(text: str) -> list[int]:
    try:
        found = sorted({int(part) for part in text.split(",")})
    except ValueError:
        found = []
    if not found or found[0] < 1:
        raise ValueError(f"--k {text!r}: give whole numbers from 1, such as 1,5,10")
    return found


def _show(figures: dict[str, Any]) -> None:
    console.print(f"encoder   {figures['encoder']}", markup=False, soft_wrap=True)
    console.print(f"pictures  {figures['pictures']:,}")
    text, image = (figures[name] or {} for name in ("text_to_image", "image_to_image"))
    print_table(("", "text→image", "image→image"), [(name, text.get(name), image.get(name)) for name in text | image])
    if figures["unmatched"]:
        console.print(f"{figures['unmatched']:,} records that the truth names are not in the archive")
