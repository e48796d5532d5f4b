"""The training as a run of MLflow: parameters, the loss of every step, the figures, and the model as a registered encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from heritage_assets.curation.encoders import load_encoder
from heritage_assets.embedded.train_demo_encoder.training import Plan
from heritage_assets.registry.encoders import RegisteredEncoder, register_encoder
from heritage_assets.registry.tracking import Tracking

EXPERIMENT = "heritage-demo-encoder"


def track_training(
    tracking: Tracking,
    folder: Path,
    phases: Sequence[tuple[str, Plan, Sequence[float]]],
    params: Mapping[str, Any],
    figures: Mapping[str, Any],
) -> RegisteredEncoder:
    """Keep a finished training, and register its model as a version of its own run.

    Args:
        tracking: where.
        folder: the trained model.
        phases: name, plan and loss of every step, in order; each phase is a curve of its own.
        params: what else was chosen.
        figures: what was measured; nested mappings become joined names.

    Raises:
        RegistryError: MLflow can't be reached.
    """
    encoder = load_encoder(str(folder), "cpu")
    plans = {f"{name}/{key}": value for name, plan, _ in phases for key, value in asdict(plan).items()}
    tags = {"heritage.encoder": encoder.id}
    with tracking.run(EXPERIMENT, encoder.id, {**params, **plans}, tags) as run:
        for name, _, losses in phases:
            run.curve(f"{name}/loss", losses, first_step=1)
        run.figures(figures)
        card = folder / "CARD.md"
        if card.is_file():
            run.file(card)
        return register_encoder(tracking, str(folder), encoder, run_id=run.run_id)
