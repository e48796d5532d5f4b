"""Figures against hand-worked examples and their own laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.curation.evaluation import adjusted_rand, cluster_metrics

GUIDS = [f"g{at}" for at in range(12)]
CLASSES = st.lists(st.sampled_from("abc"), min_size=12, max_size=12)


def test_a_perfect_clustering_scores_one_under_any_names():
    truth = dict(zip(GUIDS, "aaaabbbbcccc", strict=True))
    renamed = {guid: {"a": "c-9", "b": "c-1", "c": "c-5"}[name] for guid, name in truth.items()}
    found = cluster_metrics(renamed, truth)
    assert found["adjusted_rand"] == found["v_measure"] == found["normalized_mutual_information"] == 1.0
    assert (found["clusters"], found["classes"], found["coverage"]) == (3, 3, 1.0)


def test_known_value():
    # the contingency table [[2, 0], [1, 1], [0, 2]]: index 2, expected 3 * 6 / 15, maximum 4.5
    predicted = dict(zip(GUIDS, "xxxyyy", strict=False))
    truth = dict(zip(GUIDS, "aabbcc", strict=False))
    assert adjusted_rand(predicted, truth)["adjusted_rand"] == pytest.approx((2 - 1.2) / (4.5 - 1.2))


def test_only_guids_in_both_count_and_coverage_tells():
    truth = {"a": "1", "b": "1", "c": "2", "d": "2"}
    assert adjusted_rand({"a": "x", "b": "x", "c": "y", "z": "x"}, truth) == {
        "adjusted_rand": 1.0,
        "evaluated": 3,
        "coverage": 0.75,
    }
    with pytest.raises(ValueError, match="none of the 4 guids"):
        adjusted_rand({"z": "x"}, truth)
    with pytest.raises(ValueError, match="none of the 0 guids"):
        adjusted_rand({"z": "x"}, {})


@given(classes=CLASSES, clusters=CLASSES, left_out=st.sets(st.sampled_from(GUIDS)))
def test_noise_counts_as_singletons(classes, clusters, left_out):
    truth = dict(zip(GUIDS, classes, strict=True))
    noisy = {guid: None if guid in left_out else name for guid, name in zip(GUIDS, clusters, strict=True)}
    single = {guid: name or f"only {guid}" for guid, name in noisy.items()}
    assert adjusted_rand(noisy, truth) == adjusted_rand(single, truth)
    assert cluster_metrics(noisy, truth)["unclustered"] == len(left_out)
