"""Learning from confirmed documents: it finds what tells documents apart here, and says what that gains."""

from __future__ import annotations

import numpy as np
import pytest
from page_factory import labels, page_rows, table

from heritage_assets.curation.pages.decisions import Standing
from heritage_assets.curation.pages.evidence import Model, starting_weights
from heritage_assets.curation.pages.learned import train, weights_from_json
from heritage_assets.curation.pages.methods import TablePages, group_pages
from heritage_assets.curation.pages.metrics import compare
from heritage_assets.curation.pages.settings import GroupingSettings
from heritage_assets.curation.pages.signals import SIGNALS
from heritage_assets.curation.pages.stream import usual

LENGTHS = (4, 6, 3, 5, 7, 4, 6, 5, 3, 8, 4, 5)


def uniform_archive(seed: int) -> list[dict[str, object]]:
    """Return pages all on one paper in one layout: only the pictures (embeddings) tell their documents apart."""
    rows = page_rows(LENGTHS, seed=seed)
    plain = page_rows((len(rows),), seed=99)
    for row, same in zip(rows, plain, strict=True):
        row |= {name: same[name] for name in ("layout", "colour", "measures")}
    return rows


def confirmed(rows: list[dict[str, object]], upto: int) -> Standing:
    documents: dict[str, list[str]] = {}
    for row, label in zip(rows, labels(LENGTHS), strict=True):
        if label < upto:
            documents.setdefault(f"d{label}", []).append(str(row["guid"]))
    return Standing(documents, {guid: name for name, guids in documents.items() for guid in guids})


def test_what_was_learned_here_helps_elsewhere() -> None:
    rows = uniform_archive(1)
    found = train([(TablePages(table(rows)), confirmed(rows, len(LENGTHS)))], window=12)
    assert found.better
    assert found.after["auc"] > found.before["auc"]
    by_name = dict(zip(SIGNALS, found.weights - starting_weights(), strict=False))
    assert max(by_name, key=lambda name: by_name[name]) in ("page", "detail")
    other = TablePages(table(uniform_archive(2)))
    settings = GroupingSettings(method="learned")

    def quality(weights: np.ndarray) -> float:
        model = Model(weights, usual(other, settings.window))
        groups = group_pages(other, settings, model=model).groups["group"].to_pylist()
        return compare(groups, labels(LENGTHS)).boundary_f1

    assert quality(found.weights) > quality(starting_weights())
    assert weights_from_json(found.to_json()) == pytest.approx(found.weights)


def test_a_few_documents_move_the_weights_little() -> None:
    rows = uniform_archive(1)
    pages = TablePages(table(rows))
    few = train([(pages, confirmed(rows, 2))], window=12).weights - starting_weights()
    many = train([(pages, confirmed(rows, len(LENGTHS)))], window=12).weights - starting_weights()
    assert np.linalg.norm(few) < np.linalg.norm(many)


def test_too_little_is_said() -> None:
    rows = uniform_archive(1)
    with pytest.raises(ValueError, match="1 confirmed documents are too few"):
        train([(TablePages(table(rows)), confirmed(rows, 1))], window=12)
    with pytest.raises(ValueError, match="0 confirmed documents"):
        train([], window=12)
    with pytest.raises(ValueError, match="pages train"):
        weights_from_json('{"weights": {"page": 1}}')
