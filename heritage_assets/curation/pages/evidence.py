"""From signals to the logarithm of the odds that two scans belong to one document.

A logistic model over surprises (see :mod:`.signals`). It starts from weights found on public scans of manuscripts, prints and
letters that are in no test of this project (docs/pages.md); documents that people confirmed move them (:mod:`.learned`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.scale import OF_WRITING, Scale
from heritage_assets.curation.pages.signals import SIGNALS, Floats, Index, Pages, distances

Doubles = npt.NDArray[np.float64]

DEFAULT_WEIGHTS: dict[str, float] = {
    "page": 0.02,
    "detail": 0.02,
    "rows": 0.02,
    "columns": 0.069,
    "runs": 0.326,
    "directions": 0.309,
    "grid": 0.02,
    "colour": 0.185,
    "paper": 0.393,
    "ground": 0.744,
    "size": 0.067,
    "pitch": 0.02,
    "block": 0.182,
    "ink_share": 0.02,
    "ink_l": 0.215,
    "contrast": 0.144,
}
DEFAULT_INTERCEPT = -4.974
FAITH = 1.0
"""How firmly the starting weights hold: precision of the normal prior around them, against a likelihood of weight 1."""
MOST = 4.0
"""Largest logarithm of odds that one pair can bring."""
_STEPS = 25


@dataclass(frozen=True)
class Model:
    """Weights and scale of one collection. ``weights``: (signals + 1,) float64, the intercept last."""

    weights: Doubles
    scale: Scale

    def log_odds(self, pages: Pages, left: Index, right: Index) -> Floats:
        """Return the evidence of pairs of rows: (pairs,) float32 within ±4.

        Signals of writing count as far as both pages are written on; where nothing counts, the evidence is nil.
        """
        surprises = self.scale.surprise(distances(pages, left, right))
        nothing = -self.weights[-1] / max(float(self.weights[:-1].sum()), 1e-9)
        written = self.scale.written(pages, left, right)[:, None]
        surprises[:, OF_WRITING] = nothing + (surprises[:, OF_WRITING] - nothing) * written
        odds: Floats = np.clip(surprises @ self.weights[:-1] + self.weights[-1], -MOST, MOST).astype(np.float32)
        return odds

    def to_json(self) -> str:
        """Write the model so that a later run can use it."""
        kept = {
            "signals": list(SIGNALS),
            "weights": [round(float(weight), 6) for weight in self.weights],
            "ink": round(self.scale.ink, 6),
            "quantiles": [[float(f"{value:.6g}") for value in row] for row in self.scale.quantiles],
        }
        return json.dumps(kept, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Model:
        """Read a model that :meth:`to_json` wrote.

        Raises:
            ValueError: it is of another version of the signals.
        """
        try:
            kept = json.loads(text)
            if tuple(kept["signals"]) != SIGNALS:
                raise ValueError("it was made with other signals")
            return cls(
                np.array(kept["weights"], np.float64), Scale(np.array(kept["quantiles"], np.float64), kept["ink"])
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not a model of page evidence: {error}") from error


def starting_weights() -> Doubles:
    """Return the weights that every collection starts from."""
    return np.array([*(DEFAULT_WEIGHTS[name] for name in SIGNALS), DEFAULT_INTERCEPT])


def fit(together: Floats, apart: Floats, start: Doubles, faith: float = FAITH) -> Doubles:
    """Return maximum-a-posteriori weights of a logistic model, by Newton's method.

    Args:
        together: (n, signals) surprises of pairs taken to be of one document.
        apart: (m, signals) of pairs taken not to be. Both sides weigh the same.
        start: mean of the normal prior.
        faith: its precision; the two sides together have weight 1.
    """
    if not len(together) or not len(apart):
        return start
    rows = np.concatenate([together, apart]).astype(np.float64)
    rows = np.concatenate([rows, np.ones((len(rows), 1))], axis=1)
    target = np.concatenate([np.ones(len(together)), np.zeros(len(apart))])
    weight = np.concatenate([np.full(len(together), 0.5 / len(together)), np.full(len(apart), 0.5 / len(apart))])
    found = start.copy()
    for _ in range(_STEPS):
        likely = _logistic(rows @ found)
        gradient = rows.T @ (weight * (likely - target)) + faith * (found - start)
        curvature = (rows * (weight * likely * (1 - likely))[:, None]).T @ rows + faith * np.eye(len(found))
        step = np.linalg.solve(curvature, gradient)
        found = found - step
        if float(np.abs(step).max()) < 1e-6:
            break
    found[:-1] = np.maximum(found[:-1], 0.0)  # closeness never speaks against
    return found


def _logistic(values: Doubles) -> Doubles:
    return 0.5 * (1 + np.tanh(0.5 * values))
