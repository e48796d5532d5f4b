"""The best cuts against every possible segmentation of a short stream, and the wishes that they must keep."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation.pages.segmentation import DECAY, SPREAD, segment

SETTINGS = {"weight": 5.0, "typical_length": 3.0, "longest": 4, "caution": 0.3}


def every_way(scans: int, longest: int) -> list[list[int]]:
    """Return the starts of all segmentations without a document longer than ``longest``."""
    ways = [
        [0, *(place for place, cut in enumerate(cuts, start=1) if cut)] for cuts in product((0, 1), repeat=scans - 1)
    ]
    return [way for way in ways if max(np.diff([*way, scans])) <= longest]


def score(evidence: np.ndarray, starts: list[int]) -> float:
    """Score a segmentation as the module's docstring says, pair by pair."""
    scans, window = evidence.shape
    share = DECAY ** np.arange(window)
    share = SETTINGS["weight"] * share / share.sum() / np.arange(1, window + 1)
    total = 0.0
    for first, end in zip(starts, [*starts[1:], scans], strict=True):
        total -= np.log((end - first) / SETTINGS["typical_length"]) ** 2 / (2 * SPREAD**2) + SETTINGS["caution"]
        for one in range(first, end):
            for other in range(one + 1, min(end, one + window + 1)):
                total += share[other - one - 1] * evidence[one, other - one - 1]
    return total


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8), st.integers(1, 5))
def test_the_best_of_all_segmentations_and_its_probabilities(seed: int, scans: int, window: int) -> None:
    evidence = np.random.default_rng(seed).normal(0, 2, (scans, window))
    ways = every_way(scans, int(SETTINGS["longest"]))
    scores = np.array([score(evidence, way) for way in ways])
    found = segment(evidence, **SETTINGS)
    assert score(evidence, found.starts.tolist()) == pytest.approx(scores.max())
    weights = np.exp(scores - scores.max())
    chance = [weights[[place in way for way in ways]].sum() / weights.sum() for place in range(scans)]
    assert found.cut_probability == pytest.approx(np.array(chance), abs=1e-9)


@settings(deadline=None)
@given(st.integers(0, 10_000), st.data())
def test_wishes_hold_and_the_rest_is_still_the_best(seed: int, data: st.DataObject) -> None:
    evidence = np.random.default_rng(seed).normal(0, 2, (7, 3))
    wishes = data.draw(st.lists(st.sampled_from(("free", "cut", "join")), min_size=7, max_size=7))
    must_cut, must_join = np.array([wish == "cut" for wish in wishes]), np.array([wish == "join" for wish in wishes])
    must_join[0] = False
    found = segment(evidence, **(SETTINGS | {"longest": 7}), must_cut=must_cut, must_join=must_join)
    starts = np.isin(np.arange(7), found.starts)
    assert starts[must_cut].all()
    assert not starts[must_join].any()
    allowed = [
        way
        for way in every_way(7, 7)
        if all((place in way) for place in np.flatnonzero(must_cut)) and not any(must_join[place] for place in way)
    ]
    assert score(evidence, found.starts.tolist()) == pytest.approx(max(score(evidence, way) for way in allowed))


def test_joined_scans_may_be_more_than_the_longest_document() -> None:
    found = segment(np.zeros((9, 3)), **SETTINGS, must_join=np.arange(9) > 1)
    assert found.starts.tolist() in ([0], [0, 1])


def test_nothing_and_contradictions() -> None:
    assert len(segment(np.zeros((0, 3)), **SETTINGS).starts) == 0
    with pytest.raises(ValueError, match="place 1 must be both"):
        segment(np.zeros((3, 2)), **SETTINGS, must_cut=np.arange(3) == 1, must_join=np.arange(3) == 1)
