"""What is usual in one collection, signal by signal.

Distances are compared with those between far-apart scans of the same collection, so that no signal needs a threshold of its own:
what counts is the share of unrelated pairs that are as alike. Small collections borrow from what is usual elsewhere.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.signals import AT, SIGNALS, Floats, Index, Pages

Doubles = npt.NDArray[np.float64]

OF_WRITING = np.array([name not in ("page", "detail", "colour", "paper", "ground", "size") for name in SIGNALS])
"""Which signals look at what is written: they say little about covers and title pages, which look unlike what follows."""
FULL = 0.75
QUANTILES = 513
ELSEWHERE = 50
"""Scans of a collection of which what is usual in it counts as much as what is usual elsewhere."""
_FLOOR = 0.004
"""Least share of far pairs that closeness can claim: the weight of one signal stays bounded."""


@dataclass(frozen=True)
class Scale:
    """What is usual in one collection: per signal, quantiles of the distances between far-apart scans.

    ``quantiles``: (signals, 513) float64, ascending. ``ink``: share of ink of its middlemost page.
    """

    quantiles: Doubles
    ink: float = 0.0

    @classmethod
    def of(cls, far: Floats, scans: int, ink: float = 0.0) -> Scale:
        """Take the scale from the distances of far pairs of a collection, (pairs, signals), at least one.

        What is usual elsewhere counts as :data:`ELSEWHERE` scans beside the collection's own: a handful of documents, which may
        all be alike, tells little about what is unusual.

        Args:
            far: distances.
            scans: of the collection.
            ink: share of ink of its middlemost page.
        """
        levels = np.linspace(0, 1, QUANTILES)
        own = np.quantile(far.astype(np.float64), levels, axis=0).T
        share = ELSEWHERE / (ELSEWHERE + scans)
        mixed = [_mixed(own[k], usual_elsewhere().get(name), share) for k, name in enumerate(SIGNALS)]
        return cls(np.stack(mixed), ink)

    def surprise(self, found: Floats) -> Floats:
        """Return -log of the share of far pairs that are as close, (pairs, signals): 0 for the farthest, 5.5 at most.

        Ties count half, so that a signal which is the same everywhere says little.
        """
        surprises = np.empty(found.shape, np.float32)
        for k, quantiles in enumerate(self.quantiles):
            below = np.searchsorted(quantiles, found[:, k], "left")
            upto = np.searchsorted(quantiles, found[:, k], "right")
            share = (below + upto) / (2 * len(quantiles))
            surprises[:, k] = -np.log((share + _FLOOR) / (1 + _FLOOR))
        return surprises

    def written(self, pages: Pages, left: Index, right: Index) -> Floats:
        """Return how much of both pages of each pair is written, (pairs,): 1 from :data:`FULL` of the usual share of ink on."""
        share = np.minimum(pages.measures[left, AT["ink_share"]], pages.measures[right, AT["ink_share"]])
        full: Floats = np.clip(share / max(FULL * self.ink, 1e-6), 0, 1).astype(np.float32)
        return full


@cache
def usual_elsewhere() -> dict[str, Doubles]:
    """Return quantiles of distances between far-apart scans of four public collections (docs/pages.md), by signal.

    The embeddings are not among them: their distances depend on the encoder.
    """
    kept = json.loads(files(__package__).joinpath("usual_distances.json").read_text(encoding="utf-8"))
    return {name: np.array(values, np.float64) for name, values in kept.items()}


def _mixed(own: Doubles, elsewhere: Doubles | None, share: float) -> Doubles:
    """Return as many quantiles of a mixture of two distributions as ``own`` has; ``share``: of the second one."""
    if elsewhere is None:
        return own
    values = np.concatenate([own, elsewhere])
    weights = np.repeat([(1 - share) / len(own), share / len(elsewhere)], [len(own), len(elsewhere)])
    order = np.argsort(values, kind="stable")
    middles = np.cumsum(weights[order]) - weights[order] / 2
    mixed: Doubles = np.interp(np.linspace(0, 1, len(own)), middles, values[order])
    return mixed
