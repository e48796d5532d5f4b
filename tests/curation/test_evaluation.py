"""Figures against hand-worked examples and their own laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.curation.evaluation import adjusted_rand, cluster_metrics, rank, retrieval_metrics

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


def test_retrieval_by_hand():
    found = retrieval_metrics(
        {"q1": ["a", "x", "b"], "q2": ["x", "y"], "q4": ["x"]},
        {"q1": {"a", "b"}, "q2": {"y"}, "q3": {"a"}, "q4": set()},
        ks=(1, 3),
    )
    assert (found["queries"], found["skipped"]) == (3, 1)
    assert found["recall@1"] == pytest.approx((0.5 + 0 + 0) / 3)
    assert found["recall@3"] == pytest.approx((1 + 1 + 0) / 3)
    assert found["hit@1"] == pytest.approx(1 / 3)
    assert found["mrr"] == pytest.approx((1 + 0.5 + 0) / 3)
    assert found["map"] == pytest.approx(((1 + 2 / 3) / 2 + 0.5 + 0) / 3)


@given(
    ranking=st.permutations(GUIDS),
    wanted=st.sets(st.sampled_from(GUIDS), min_size=1),
)
def test_retrieval_laws(ranking, wanted):
    found = retrieval_metrics({"q": ranking}, {"q": wanted}, ks=(1, 5, 12))
    assert found["recall@1"] <= found["recall@5"] <= found["recall@12"] == 1.0
    assert 0 < found["map"] <= 1
    ideal = sorted(ranking, key=lambda guid: guid not in wanted)
    assert retrieval_metrics({"q": ideal}, {"q": wanted})["map"] == pytest.approx(1.0)


def test_retrieval_refuses_nonsense():
    with pytest.raises(ValueError, match="more than once"):
        retrieval_metrics({"q": ["a", "a"]}, {"q": {"a"}})
    with pytest.raises(ValueError, match="positive"):
        retrieval_metrics({}, {"q": {"a"}}, ks=(0,))
    with pytest.raises(ValueError, match="nothing to measure"):
        retrieval_metrics({}, {"q": set()})


def test_rank_breaks_ties_by_guid_and_puts_nan_last():
    scores = np.array([[0.5, 0.9, 0.5, np.nan]])
    assert rank(scores, ["d", "c", "b", "a"]) == [["c", "b", "d", "a"]]
    assert rank(scores, ["d", "c", "b", "a"], limit=2) == [["c", "b"]]
    with pytest.raises(ValueError, match="do not fit"):
        rank(scores, ["a"])
