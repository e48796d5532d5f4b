"""Figures of search, kept for each encoder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from heritage_assets.registry.tracking import Tracking

EXPERIMENT = "heritage-retrieval"


def track_retrieval(tracking: Tracking, encoder: str, truth: Path, figures: Mapping[str, Any]) -> str:
    """Keep what a truth file said of an encoder as a run of its own; return the run's id.

    Raises:
        RegistryError: MLflow can't be reached.
    """
    params = {
        "encoder": encoder,
        "truth": truth.name,
        "truth_sha256": hashlib.sha256(truth.read_bytes()).hexdigest(),
        "pictures": figures["pictures"],
    }
    with tracking.run(EXPERIMENT, encoder, params, {"heritage.encoder": encoder}) as run:
        run.figures({name: figures[name] for name in ("text_to_image", "image_to_image") if figures[name]})
    return run.run_id
