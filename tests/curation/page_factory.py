"""Features of pages of made-up documents: each document has a paper, a hand and a layout of its own; pages vary a little."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from heritage_assets.curation.pages.colours import COLOUR_SIZE
from heritage_assets.curation.pages.ink_layout import LAYOUT_PARTS, LAYOUT_SIZE
from heritage_assets.curation.pages.schemas import MEASURES, PAGE_FEATURES

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DIM = 16
SPREAD = dict.fromkeys(MEASURES, 0.05) | {
    "ink_share": 0.01,
    "log_aspect": 0.2,
    "log_area": 0.5,
    **dict.fromkeys(("paper_l", "ground_l", "ink_l", "contrast"), 12.0),
    **dict.fromkeys(("paper_a", "paper_b", "ground_a", "ground_b"), 6.0),
    "columns": 0.5,
}
BASE = {"paper_l": 75.0, "ground_l": 30.0, "ink_l": 30.0, "line_pitch": 0.03, "ink_share": 0.1, "contrast": 20.0}


def _unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values)).astype(np.float32)


def page_rows(
    lengths: Sequence[int], seed: int = 0, batch: str = "b1", dataset: str = "letters"
) -> list[dict[str, Any]]:
    """Return rows of PAGE_FEATURES for documents of these lengths, in scanning order."""
    chance = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    spread = np.array([SPREAD[name] for name in MEASURES])
    base = np.array([BASE.get(name, 0.1) for name in MEASURES])
    for length in lengths:
        measures = base + spread * chance.normal(size=len(MEASURES))
        layout, colour = np.abs(chance.normal(size=LAYOUT_SIZE)), np.abs(chance.normal(size=COLOUR_SIZE))
        looks = chance.normal(size=DIM)
        for _ in range(length):
            mine = layout + 0.15 * np.abs(chance.normal(size=LAYOUT_SIZE))
            rows.append(
                {
                    "guid": f"scan_{len(rows) + 1}.jpg",
                    "scan": f"scan_{len(rows) + 1}.jpg",
                    "sequence": f"/scans/scan_{len(rows) + 1}.jpg",
                    "batch": batch,
                    "dataset": dataset,
                    "status": "OK",
                    "defects": [],
                    "encoder": "made-up",
                    "made_by": "made-up",
                    "embedding_page": _unit(looks + 0.3 * chance.normal(size=DIM)),
                    "embedding_detail": _unit(looks + 0.3 * chance.normal(size=DIM)),
                    "layout": np.concatenate([_unit(mine[part]) for part in LAYOUT_PARTS.values()]),
                    "colour": _unit(colour + 0.1 * np.abs(chance.normal(size=COLOUR_SIZE))),
                    "measures": (measures + 0.1 * spread * chance.normal(size=len(MEASURES))).astype(np.float32),
                    "computed_at": NOW,
                }
            )
    return rows


def table(rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows as PAGE_FEATURES."""
    return pa.Table.from_pylist(rows, schema=PAGE_FEATURES.schema)


def labels(lengths: Sequence[int]) -> list[int]:
    """Return the true document of each page."""
    return [document for document, length in enumerate(lengths) for _ in range(length)]
