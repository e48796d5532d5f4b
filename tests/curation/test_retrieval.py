"""Figures of search, against hand-worked examples, scikit-learn and their own laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from heritage_assets.curation import retrieval
from heritage_assets.curation.retrieval import Judgements, measure, ranks_of, retrieval_metrics


def judged(*pairs: tuple[int, int, float]) -> Judgements:
    return Judgements.of(pairs)


def test_by_hand() -> None:
    # q0 finds its two relevant items at ranks 1 and 3, q1 its one at rank 2, q2 never finds its one, q3 asks for nothing
    truth = judged((0, 0, 1), (0, 1, 3), (1, 1, 1), (2, -1, 1))
    found = retrieval_metrics(truth, np.array([1.0, 3.0, 2.0, np.inf]), 4, ks=(1, 3))
    assert (found["queries"], found["skipped"]) == (3, 1)
    assert found["recall@1"] == pytest.approx((1 / 2 + 0 + 0) / 3)
    assert found["recall@3"] == pytest.approx((1 + 1 + 0) / 3)
    assert found["hit@1"] == pytest.approx(1 / 3)
    assert found["mrr"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert found["map"] == pytest.approx(((1 / 1 + 2 / 3) / 2 + 1 / 2 + 0) / 3)
    q0 = (1 / np.log2(2) + 3 / np.log2(4)) / (3 / np.log2(2) + 1 / np.log2(3))
    q1 = (1 / np.log2(3)) / (1 / np.log2(2))
    assert found["ndcg@3"] == pytest.approx((q0 + q1 + 0) / 3)
    assert found["ndcg@1"] == pytest.approx((1 / 3 + 0 + 0) / 3)


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(2, 12))
def test_agrees_with_scikit_learn(seed: int, queries: int, items: int) -> None:
    rng = np.random.default_rng(seed)
    asked, gallery = (rng.normal(size=(count, 6)).astype(np.float32) for count in (queries, items))
    grades = rng.integers(0, 4, (queries, items))
    grades[:, 0] = 1  # each query has something to find
    truth = judged(*[(q, i, float(grades[q, i])) for q, i in zip(*np.nonzero(grades), strict=True)])
    scores = asked @ gallery.T
    found = measure(asked, gallery, truth, ks=(1, 5))
    assert found["ndcg@5"] == pytest.approx(ndcg_score(grades, scores, k=5))
    expected = [average_precision_score(row > 0, score) for row, score in zip(grades, scores, strict=True)]
    assert found["map"] == pytest.approx(np.mean(expected))


def test_equal_scores_keep_the_order_of_the_gallery_and_the_query_itself_is_left_out() -> None:
    gallery = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    truth = judged((0, 1, 1), (1, 0, 1))
    assert ranks_of(gallery[:2], gallery, truth).tolist() == [2, 1]
    assert ranks_of(gallery[:2], gallery, truth, np.array([0, 1])).tolist() == [1, 1]
    assert ranks_of(gallery[:2], gallery, truth, np.array([0, -1])).tolist() == [1, 1]


def test_blocks_do_not_change_ranks(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    queries, gallery = rng.normal(size=(17, 4)).astype(np.float32), rng.normal(size=(9, 4)).astype(np.float32)
    truth = judged(*[(int(q), int(i), 1.0) for q, i in np.argwhere(rng.random((17, 9)) < 0.3)])
    exclude = np.arange(17) % 9
    whole = ranks_of(queries, gallery, truth, exclude)
    monkeypatch.setattr(retrieval, "_CELLS", 20)
    assert ranks_of(queries, gallery, truth, exclude).tolist() == whole.tolist()


@given(ranking=st.permutations(range(12)), wanted=st.sets(st.integers(0, 11), min_size=1))
def test_laws(ranking: list[int], wanted: set[int]) -> None:
    truth = judged(*[(0, item, 1.0) for item in sorted(wanted)])
    ranks = np.array([1.0 + ranking.index(item) for item in sorted(wanted)])
    found = retrieval_metrics(truth, ranks, 1, ks=(1, 5, 12))
    assert found["recall@1"] <= found["recall@5"] <= found["recall@12"] == 1.0
    assert 0 < found["map"] <= 1
    assert 0 < found["ndcg@12"] <= 1 + 1e-12
    ideal = retrieval_metrics(truth, np.arange(1.0, 1 + len(wanted)), 1)
    assert ideal["map"] == ideal["mrr"] == 1.0
    assert ideal["ndcg@10"] == pytest.approx(1.0)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="more than once"):
        judged((0, 1, 1), (0, 1, 2))
    with pytest.raises(ValueError, match="above 0"):
        judged((0, 1, 0))
    one, rows = judged((0, 0, 1)), np.eye(2, dtype=np.float32)
    with pytest.raises(ValueError, match="positive"):
        measure(rows, rows, one, ks=(0,))
    with pytest.raises(ValueError, match="nothing to measure"):
        measure(rows, rows, judged())
    with pytest.raises(ValueError, match="not among the 2"):
        measure(rows, rows, judged((0, 5, 1)))
    with pytest.raises(ValueError, match="held against"):
        measure(np.eye(3, dtype=np.float32), rows, one)
