"""What is unusual for a collection: shares of far pairs by hand, and what small collections borrow."""

from __future__ import annotations

import numpy as np
import pytest
from page_factory import page_rows, table

from heritage_assets.curation.pages.evidence import Model, starting_weights
from heritage_assets.curation.pages.scale import ELSEWHERE, Scale, usual_elsewhere
from heritage_assets.curation.pages.schemas import MEASURES
from heritage_assets.curation.pages.signals import SIGNALS, distances, pages_of

MANY = 10**9
PAPER, PAGE = SIGNALS.index("paper"), SIGNALS.index("page")


def far(values: np.ndarray) -> np.ndarray:
    return np.repeat(values[:, None], len(SIGNALS), axis=1).astype(np.float32)


def test_surprise_is_the_share_of_far_pairs_that_are_as_close() -> None:
    scale = Scale.of(far(np.arange(1.0, 101.0)), MANY)
    found = scale.surprise(far(np.array([0.0, 25.75, 200.0])))[:, PAPER]
    assert found[2] == pytest.approx(0, abs=1e-6)
    assert found[1] == pytest.approx(-np.log((0.25 + 0.004) / 1.004), abs=0.02)
    assert found[0] == pytest.approx(-np.log(0.004 / 1.004), abs=1e-4)


def test_what_is_the_same_everywhere_says_little() -> None:
    same = Scale.of(far(np.zeros(50)), MANY).surprise(far(np.zeros(1)))[0, PAPER]
    assert same == pytest.approx(np.log(2), abs=0.01)


def test_a_small_collection_borrows_what_is_usual_elsewhere() -> None:
    """Far pairs that are all alike, as in a folder of one document: its pages are near by what is usual elsewhere."""
    alike = far(np.full(100, 0.5))
    alone = Scale.of(alike, MANY).surprise(far(np.array([0.5])))[0]
    half = Scale.of(alike, ELSEWHERE).surprise(far(np.array([0.5])))[0]
    elsewhere = usual_elsewhere()["paper"]
    share = np.searchsorted(elsewhere, 0.5) / len(elsewhere)
    assert half[PAPER] == pytest.approx(-np.log((0.5 * 0.5 + 0.5 * share + 0.004) / 1.004), abs=0.03)
    assert half[PAPER] > alone[PAPER]
    assert half[PAGE] == pytest.approx(alone[PAGE]), "distances of embeddings depend on the encoder"


def test_what_is_usual_elsewhere_is_whole() -> None:
    found = usual_elsewhere()
    assert set(found) == set(SIGNALS) - {"page", "detail"}
    for values in found.values():
        assert (np.diff(values) >= 0).all()
        assert values[0] >= 0


def test_a_model_is_kept_and_read_again() -> None:
    pages = pages_of(table(page_rows((4, 4))))
    pairs = np.array([0, 1, 2]), np.array([1, 4, 7])
    model = Model(starting_weights(), Scale.of(distances(pages, *pairs), 8))
    again = Model.from_json(model.to_json())
    others = np.array([0, 2, 3]), np.array([3, 6, 5])
    assert np.allclose(model.log_odds(pages, *others), again.log_odds(pages, *others), atol=0.02)
    with pytest.raises(ValueError, match="other signals"):
        Model.from_json(model.to_json().replace('"paper"', '"smell"'))


def test_writing_says_nothing_about_a_page_that_has_hardly_any() -> None:
    """A title page on the paper of its report: the texture of its few words is no evidence against."""
    pages = pages_of(table(page_rows((12, 12))))
    pairs = np.arange(11), np.arange(1, 12)
    ink = MEASURES.index("ink_share")
    usual = float(np.median(pages.measures[:, ink]))
    model = Model(starting_weights(), Scale.of(distances(pages, np.arange(12), np.arange(12, 24)), 24, usual))
    full = model.scale.written(pages, *pairs)
    assert (full > 0.9).all()
    pages.layout[1] = pages.layout[1][::-1]
    before = model.log_odds(pages, *pairs)
    pages.measures[1, ink] = 0.0
    after = model.log_odds(pages, *pairs)
    assert model.scale.written(pages, *pairs)[:2].tolist() == [0, 0]
    assert (after[:2] > before[:2]).all()
    assert np.allclose(after[2:], before[2:])
