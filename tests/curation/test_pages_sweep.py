"""Choosing settings: the grid, parts that share no document, and intervals that hold the figure."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation.pages.metrics import compare
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.curation.pages.sweep import interval, split, trials

GROUPINGS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=14)


def test_a_grid_is_every_combination() -> None:
    found = trials({"method": ["stream", "similarity"], "caution": [0, 1, 2], "window": 8}, GroupingSettings())
    assert len({one.identity() for one in found}) == 6
    assert {one.window for one in found} == {8}
    with pytest.raises(ValueError, match="1000 combinations"):
        trials({"caution": list(range(1000))}, GroupingSettings())
    with pytest.raises(ValueError, match="0 combinations"):
        trials({"caution": []}, GroupingSettings())
    with pytest.raises(ValueError, match="colour"):
        trials({"colour": ["red"]}, GroupingSettings())


def test_no_document_lies_in_both_parts() -> None:
    true = list("aaaabbccccddddeeffff")
    parts = split(true, 0.5)
    assert sorted(parts.tune + parts.test) == list(range(len(true)))
    assert not {true[row] for row in parts.tune} & {true[row] for row in parts.test}
    assert parts.tune == list(range(10))
    with pytest.raises(ValueError, match="at least four"):
        split(list("aabbcc"), 0.5)


@settings(deadline=None)
@given(GROUPINGS)
def test_resampling_starts_from_the_figure_itself(pairs: list[tuple[int, int]]) -> None:
    mine, true = [f"m{a}" for a, _ in pairs], [f"t{b}" for _, b in pairs]
    figures = compare(mine, true)
    for metric in ("boundary_f1", "bcubed_f1"):
        found = interval(metric, mine, true)
        assert found.value == pytest.approx(getattr(figures, metric))
        assert 0 <= found.low <= found.high <= 1 + 1e-9


def test_an_interval_by_hand() -> None:
    found = interval("boundary_f1", list("aabbccdd"), list("wwxxyyzz"))
    assert (found.value, found.low, found.high) == (1.0, 1.0, 1.0)
