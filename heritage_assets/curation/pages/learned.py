"""Weights of the signals learned from documents that people confirmed.

A logistic model over the surprises of :mod:`.signals`, fitted by maximum a posteriori: the starting weights are the mean of its
prior, which holds the more firmly the fewer documents there are. What it gains is measured on documents left out of the fit.
Memory: the features of at most :data:`MOST_SCANS` confirmed scans of a dataset (11 kB each), and 70 bytes a pair.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heritage_assets.curation.pages.decisions import Standing
from heritage_assets.curation.pages.evidence import Doubles, fit, starting_weights
from heritage_assets.curation.pages.methods import PageStream
from heritage_assets.curation.pages.signals import SIGNALS, Floats, Index, distances, pages_of
from heritage_assets.curation.pages.stream import usual

MOST_SCANS = 4_000
FAR_PAIRS = 4_000
"""Pairs of different documents drawn at random beside those of neighbours, for each dataset."""
FOLDS = 5
FIRM = 5.0
"""Precision of the prior times documents: with five documents it weighs as much as all pairs together."""


@dataclass(frozen=True)
class Training:
    """Learned weights (the intercept last) and what they were learned from.

    ``before``, ``after``: mean logarithmic loss and area under the ROC curve on pairs of documents that were left out of the fit,
    with the starting weights and with learned ones.
    """

    weights: Doubles
    documents: int
    scans: int
    together: int
    apart: int
    before: dict[str, float]
    after: dict[str, float]

    @property
    def better(self) -> bool:
        """Tell whether what was learned tells unseen documents apart better than the starting weights."""
        return self.after["log_loss"] < self.before["log_loss"]

    def figures(self) -> dict[str, float]:
        """Return all figures by name."""
        measured = {
            f"{name}_{when}": value for when in ("before", "after") for name, value in getattr(self, when).items()
        }
        counts = {name: float(getattr(self, name)) for name in ("documents", "scans", "together", "apart")}
        return counts | measured

    def to_json(self) -> str:
        """Write weights and figures."""
        weights = dict(zip((*SIGNALS, "intercept"), self.weights.tolist(), strict=True))
        return json.dumps({"weights": weights, "figures": self.figures()}, indent=1)


def weights_from_json(text: str) -> Doubles:
    """Return the weights that :meth:`Training.to_json` wrote.

    Raises:
        ValueError: they are of other signals.
    """
    try:
        kept = json.loads(text)["weights"]
        return np.array([float(kept[name]) for name in (*SIGNALS, "intercept")])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not weights of page evidence: {error!r}; run `heritage pages train` again") from error


@dataclass(frozen=True)
class _Pairs:
    """Pairs of confirmed scans: surprises (n, signals), whether of one document, and the documents of both sides."""

    surprises: Floats
    same: npt.NDArray[np.bool_]
    documents: Index


def train(collections: Iterable[tuple[PageStream, Standing]], window: int) -> Training:
    """Learn weights from the confirmed documents of some collections.

    Raises:
        ValueError: fewer than two confirmed documents, or none with two pages that say something.
    """
    parts: list[_Pairs] = []
    documents = scans = 0
    for pages, decided in collections:
        pairs, taken = _pairs(pages, decided, window, documents)
        documents += len(decided.documents)
        scans += taken
        parts.append(pairs)
    if documents < 2 or not any(part.same.any() for part in parts) or all(part.same.all() for part in parts):
        raise ValueError(
            f"{documents} confirmed documents are too few to learn from: confirm at least two, one of them with two pages"
        )
    surprises = np.concatenate([part.surprises for part in parts])
    same = np.concatenate([part.same for part in parts])
    sides = np.concatenate([part.documents for part in parts])
    before, after = _held_out(surprises, same, sides, documents)
    weights = _fitted(surprises, same, documents)
    return Training(weights, documents, scans, int(same.sum()), int((~same).sum()), before, after)


def _pairs(pages: PageStream, decided: Standing, window: int, first: int) -> tuple[_Pairs, int]:
    """Compare the confirmed scans of a collection; documents are numbered from ``first``."""
    number = {document: first + k for k, document in enumerate(decided.documents)}
    guids = pages.index()["guid"].to_pylist()
    places = np.array([place for place, guid in enumerate(guids) if guid in decided.document_of], np.int64)[:MOST_SCANS]
    if len(places) < 2:
        return _Pairs(np.zeros((0, len(SIGNALS)), np.float32), np.zeros(0, bool), np.zeros((0, 2), np.int64)), 0
    described = pages_of(pages.take(places))
    document = np.array([number[decided.document_of[guids[place]]] for place in places.tolist()])
    left, right = _neighbours_and_others(places, document, window)
    heard = described.speaks[left] & described.speaks[right]
    left, right = left[heard], right[heard]
    scale = usual(pages, window)
    surprises = scale.surprise(distances(described, left, right))
    sides = np.stack([document[left], document[right]], axis=1)
    return _Pairs(surprises, sides[:, 0] == sides[:, 1], sides), len(places)


def _neighbours_and_others(places: Index, document: Index, window: int) -> tuple[Index, Index]:
    """Return the pairs of rows within the window, and some of different documents farther apart."""
    lags = range(1, min(window, len(places) - 1) + 1)
    near = [(np.arange(len(places) - lag), np.arange(lag, len(places))) for lag in lags]
    chance = np.random.default_rng(0)
    one, other = chance.integers(0, len(places), (2, FAR_PAIRS))
    apart = document[one] != document[other]
    one, other = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
    left = np.concatenate([*(pair[0] for pair in near), one])
    right = np.concatenate([*(pair[1] for pair in near), other])
    codes = np.unique(left * len(places) + right)
    left, right = codes // len(places), codes % len(places)
    kept = (places[right] - places[left] <= window) | (document[left] != document[right])
    return left[kept], right[kept]


def _fitted(surprises: Floats, same: npt.NDArray[np.bool_], documents: int) -> Doubles:
    return fit(surprises[same], surprises[~same], starting_weights(), faith=FIRM / max(documents, 1))


def _held_out(
    surprises: Floats, same: npt.NDArray[np.bool_], sides: Index, documents: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Measure starting and learned weights on documents that the fit did not see, in folds over documents."""
    folds = min(FOLDS, documents)
    start = starting_weights()
    old, new, truth = [], [], []
    for fold in range(folds):
        inside = (sides % folds == fold).any(axis=1)
        weights = _fitted(surprises[~inside], same[~inside], documents - documents // folds)
        old.append(_odds(surprises[inside], start))
        new.append(_odds(surprises[inside], weights))
        truth.append(same[inside])
    tested = np.concatenate(truth)
    return _quality(np.concatenate(old), tested), _quality(np.concatenate(new), tested)


def _odds(surprises: Floats, weights: Doubles) -> Doubles:
    odds: Doubles = surprises @ weights[:-1] + weights[-1]
    return odds


def _quality(odds: Doubles, same: npt.NDArray[np.bool_]) -> dict[str, float]:
    """Return the logarithmic loss, both sides weighing the same, and the area under the ROC curve."""
    from sklearn.metrics import roc_auc_score

    losses = np.logaddexp(0, np.where(same, -odds, odds))
    sides = [losses[side].mean() for side in (same, ~same) if side.any()]
    auc = float(roc_auc_score(same, odds)) if same.any() and not same.all() else float("nan")
    return {"log_loss": float(np.mean(sides)), "auc": auc}
