"""Every figure of a grouping against values computed by hand, and what must hold for any grouping."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation.pages.metrics import compare

GROUPINGS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=14)


def test_one_scan_in_the_wrong_group_by_hand() -> None:
    # proposed {1,2,3} {4,5}; true {1,2} {3,4,5}
    found = compare("AAABB", "11222")
    assert found.boundary_f1 == 0.0
    # pairs in common: 12, 45; proposed 12 13 23 45; true 12 34 35 45
    assert (found.pair_precision, found.pair_recall, found.pair_f1) == (0.5, 0.5, 0.5)
    # precision: 2/3, 2/3, 1/3, 1, 1; recall: 1, 1, 1/3, 2/3, 2/3
    assert found.bcubed_precision == pytest.approx(11 / 15)
    assert found.bcubed_recall == pytest.approx(11 / 15)
    assert found.bcubed_f1 == pytest.approx(11 / 15)
    # both matches have an intersection over union of 2/3
    assert found.panoptic_quality == pytest.approx(2 / 3)
    # 2 pairs in common, 4 · 4 / 10 expected, (4 + 4) / 2 at most
    assert found.adjusted_rand == pytest.approx((2 - 1.6) / (4 - 1.6))
    assert found.drags == 1
    assert (found.scans, found.groups, found.true_groups) == (5, 2, 2)


def test_half_of_the_cuts_are_right() -> None:
    # cuts before scans 3 and 6 proposed, before 3 and 5 true
    found = compare("aabbbc", "112233")
    assert (found.boundary_precision, found.boundary_recall, found.boundary_f1) == (0.5, 0.5, 0.5)
    # IoU: {1,2} 1; {3,4} in {3,4,5} 2/3; {6} in {5,6} 1/2 is no match
    assert found.panoptic_quality == pytest.approx(((2 * 1 + 2 * 2 / 3) / 6 + (2 * 1 + 3 * 2 / 3) / 6) / 2)
    assert found.drags == 1


def test_a_group_that_comes_back_is_two_cuts_and_one_group() -> None:
    found = compare("aba", "aba")
    assert (found.boundary_f1, found.groups, found.drags) == (1.0, 2, 0)


def test_everything_in_one_group_against_single_scans() -> None:
    found = compare("xxxx", "1234")
    assert (found.boundary_precision, found.boundary_recall, found.boundary_f1) == (0.0, 0.0, 0.0)
    assert (found.pair_recall, found.pair_f1) == (0.0, 0.0)
    assert (found.bcubed_precision, found.bcubed_recall) == (0.25, 1.0)
    assert (found.panoptic_quality, found.adjusted_rand, found.drags) == (0.0, 0.0, 3)


def test_each_group_serves_one_true_group_at_most() -> None:
    # {1,2,3,4} and {5,6} proposed; {1,2,5,6} and {3,4} true: keep {3,4} and {5,6}, drag 1 and 2
    assert compare("aaaabb", "112211").drags == 2


@settings(deadline=None)
@given(GROUPINGS)
def test_names_of_groups_do_not_matter(pairs: list[tuple[int, int]]) -> None:
    mine, true = [a for a, _ in pairs], [b for _, b in pairs]
    assert compare(mine, true) == compare([f"doc-{7 - a}" for a in mine], [b * 3 + 1 for b in true])


@settings(deadline=None)
@given(GROUPINGS)
def test_figures_lie_in_their_range_and_the_truth_is_perfect(pairs: list[tuple[int, int]]) -> None:
    mine, true = [a for a, _ in pairs], [b for _, b in pairs]
    found, perfect = compare(mine, true), compare(true, true)
    for name, value in found.as_dict().items():
        if name not in ("scans", "groups", "true_groups", "drags"):
            assert -0.5 <= value <= 1 + 1e-9, name
    assert 0 <= found.drags < len(true)
    assert (perfect.boundary_f1, perfect.pair_f1, perfect.bcubed_f1, perfect.drags) == (1.0, 1.0, 1.0, 0)
    assert perfect.panoptic_quality == pytest.approx(1.0)
    assert perfect.adjusted_rand == pytest.approx(1.0)


def test_different_scans_are_refused() -> None:
    with pytest.raises(ValueError, match="the same scans"):
        compare("ab", "a")
    with pytest.raises(ValueError, match="no scans"):
        compare("", "")
