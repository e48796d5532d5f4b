"""The rules inside the clustering: neighbours, separation, small clusters, ids, terms and names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation.clusters import neighbours as neighbours_module
from heritage_assets.curation.clusters.identity import keep_ids
from heritage_assets.curation.clusters.labels import clean_text, distinctive_terms, name_clusters
from heritage_assets.curation.clusters.neighbours import Neighbours, nearest, unit, vote
from heritage_assets.curation.clusters.partition import absorb_small, dense, separation


@given(seed=st.integers(0, 999), count=st.integers(2, 40), k=st.integers(1, 12))
@settings(max_examples=40, deadline=None)
def test_neighbours_equal_brute_force_whatever_the_block(seed, count, k):
    vectors = unit(np.random.default_rng(seed).normal(size=(count, 6)).round(1))
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    k = min(k, count - 1)
    expected = np.sort(scores, axis=1)[:, ::-1][:, :k]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours_module, "_BLOCK_BYTES", 4 * count * 3)
        found = nearest(vectors, vectors, k, exclude_self=True, stage="test")
    np.testing.assert_allclose(found.cosine, np.clip(expected, -1, 1), atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(scores, found.index, axis=1), expected, atol=1e-6)
    assert not np.any(found.index == np.arange(count)[:, None])


def test_vote_follows_the_closer_neighbours():
    found = Neighbours(np.array([[0, 1, 2]]), np.array([[0.9, 0.2, 0.2]], dtype=np.float32))
    winner, share = vote(found, np.array([1, 0, 0]))
    assert winner.tolist() == [1]
    assert 0.5 < share[0] < 1


def test_separation_prefers_the_true_parts():
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(3), 20)
    vectors = unit(np.eye(3, 8)[truth] + 0.1 * rng.normal(size=(60, 8)))
    halves = truth * 2 + np.arange(60) % 2
    assert separation(vectors, truth) > 0.8
    assert separation(vectors, truth) > separation(vectors, dense(halves))
    assert separation(vectors, np.minimum(truth, 1)) < separation(vectors, truth)
    assert separation(vectors, np.zeros(60, dtype=np.int64)) == 0.0


def test_small_clusters_join_the_nearest_and_numbers_stay_dense():
    vectors = unit(np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], [0.9, 0.2]], dtype=np.float32))
    assert absorb_small(vectors, np.array([5, 5, 2, 2, 0]), 2).tolist() == [0, 0, 1, 1, 0]
    assert absorb_small(vectors, np.array([0, 1, 2, 3, 4]), 2).tolist() == [0] * 5
    assert dense(np.array([7, -1, 3, 7])).tolist() == [0, -1, 1, 0]


def test_ids_follow_the_members():
    old = ["c-a"] * 6 + ["c-b"] * 4
    # c-a split 4:2 and its smaller part joined by new records; c-b unchanged
    labels = np.array([0, 0, 0, 0, 2, 2, 1, 1, 1, 1, 2, 2])
    ids = keep_ids(labels, [*old, None, None], ["e0", "e1", "e2"])
    assert ids[:2] == ["c-a", "c-b"]
    assert ids[2] not in {"c-a", "c-b"}
    assert ids == keep_ids(labels, [*old, None, None], ["e0", "e1", "e2"])


def test_growth_alone_never_renames():
    labels = np.zeros(100, dtype=np.int64)
    assert keep_ids(labels, ["c-a"] * 3 + [None] * 97, ["e"]) == ["c-a"]


def test_a_new_id_never_reuses_a_previous_one():
    (first,) = keep_ids(np.array([0, 0]), [None, None], ["exemplar"])
    ids = keep_ids(np.array([0, 0, 1, 1]), [first, first, None, None], ["other", "exemplar"])
    assert ids[0] == first
    assert ids[1] != first


@given(
    labels=st.lists(st.integers(-1, 4), min_size=1, max_size=40),
    seed=st.integers(0, 99),
)
def test_ids_are_unique_and_unchanged_clusters_keep_theirs(labels, seed):
    numbers = dense(np.array(labels))
    count = int(numbers.max(initial=-1)) + 1
    names = [f"c-{name}" for name in np.random.default_rng(seed).permutation(count)]
    previous = [None if number < 0 else names[number] for number in numbers]
    assert keep_ids(numbers, previous, [f"e{at}" for at in range(count)]) == names


def test_terms_are_distinctive_without_stop_words_numbers_or_inflections():
    texts = [
        "Silver coin of the emperor 1850",
        "Coins, silver, with an emperor",
        "Münze des Kaisers, silver coin",
        "A silver coin <b>x</b> https://example.org/coin",
        "Map of the river in silver ink",
        "Carte du fleuve, map",
        "map of a river",
        "old map",
    ]
    weighed = distinctive_terms([clean_text(text) for text in texts], np.array([0] * 4 + [1] * 4), 2)
    terms = [[term for term, _ in own] for own in weighed]
    assert terms[0][0] in {"coin", "silver"}
    assert terms[1][0] == "map"
    assert "coins" not in terms[0] or "coin" not in terms[0]
    assert not {"of", "the", "des", "du", "1850", "https", "example"} & {term for own in terms for term in own}


def test_terms_of_wordless_records_are_none():
    assert distinctive_terms(["", "1 2 3", "the of"], np.array([0, 0, 1]), 2) == [[], []]


def test_names_are_unique():
    pair = [("coin", 1.0), ("silver", 0.9)]
    names = name_clusters([pair, pair, [*pair, ("gold", 0.1)], [("map", 1.0), ("year", 0.3)], [], []], list("abcdef"))
    assert names == ["coin · silver", "coin · silver (2)", "coin · silver · gold", "map", "unnamed (e)", "unnamed (f)"]
