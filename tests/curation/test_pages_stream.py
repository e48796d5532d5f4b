"""Documents from made-up streams: what is found, what people decided, and scans that say nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pyarrow as pa
import pytest
from page_factory import NOW, labels, page_rows, table

from heritage_assets.curation.pages.decisions import standing
from heritage_assets.curation.pages.methods import Nearest, TablePages, group_pages
from heritage_assets.curation.pages.metrics import compare
from heritage_assets.curation.pages.schemas import GROUPS, PAGE_DECISIONS
from heritage_assets.curation.pages.settings import GroupingSettings

LENGTHS = (6, 3, 9, 1, 5, 12, 2, 8, 4, 7, 3, 10)
STREAM, SIMILARITY = GroupingSettings(), GroupingSettings(method="similarity")


def decided(*rows: dict[str, Any]) -> pa.Table:
    """Return rows of PAGE_DECISIONS, one second apart."""
    full = [
        {"decision_id": f"d{k}", "dataset": "letters", "decided_at": NOW.replace(second=k), **row}
        for k, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(full, schema=PAGE_DECISIONS.schema)


def groups_of(rows: list[dict[str, Any]], decisions: pa.Table | None = None, **settings: Any) -> list[dict[str, Any]]:
    found = group_pages(TablePages(table(rows)), GroupingSettings(**settings), decisions).groups
    assert found.schema == GROUPS
    assert found["place"].to_pylist() == list(range(len(rows)))
    return found.to_pylist()


def test_a_stream_of_documents_is_cut_where_they_end() -> None:
    found = groups_of(page_rows(LENGTHS))
    figures = compare([row["group"] for row in found], labels(LENGTHS))
    assert figures.boundary_f1 > 0.9
    assert figures.bcubed_f1 > 0.95
    assert found[0]["starts"]
    assert found[0]["confidence"] == 1.0
    for before, row in pairwise(found):
        assert row["starts"] == (row["group"] != before["group"])
        assert row["position"] == (1 if row["starts"] else before["position"] + 1)
        assert 0 <= row["confidence"] <= 1


def test_unordered_scans_are_grouped_by_likeness() -> None:
    rows = page_rows(LENGTHS, seed=3)
    shuffled = [rows[k * 31 % len(rows)] for k in range(len(rows))]
    true = dict(zip([row["guid"] for row in rows], labels(LENGTHS), strict=True))
    found = groups_of(shuffled, method="similarity")
    assert compare([row["group"] for row in found], [true[row["guid"]] for row in found]).bcubed_f1 > 0.9


def test_grouping_again_gives_the_same() -> None:
    assert groups_of(page_rows(LENGTHS)) == groups_of(page_rows(LENGTHS))


@pytest.mark.parametrize("defect", ["blank", "black", "truncated"])
def test_scans_that_say_nothing_never_glue_two_documents(defect: str) -> None:
    rows = page_rows((6, 14, 7), seed=5)
    for row in rows[6:20]:
        row["defects"] = [defect]
    found = groups_of(rows)
    first, last = {row["group"] for row in found[:6]}, {row["group"] for row in found[20:]}
    assert not first & last
    assert {row["group"] for row in found[6:20]} == {found[5]["group"]}
    assert all(row["defects"] == [defect] for row in found[6:20])
    likeness = groups_of(rows, method="similarity")
    assert not {row["group"] for row in likeness[:6]} & {row["group"] for row in likeness[20:]}


def test_a_blank_verso_inside_a_letter_does_not_cut_it() -> None:
    rows = page_rows((9, 8), seed=2)
    rows[4]["defects"] = ["blank"]
    rows[6] |= {"status": "FAILED", "reason": "timeout", "layout": None, "colour": None, "measures": None}
    rows[6] |= {"embedding_page": None, "embedding_detail": None}
    found = groups_of(rows)
    assert len({row["group"] for row in found[:9]}) == 1
    assert [row["position"] for row in found[:9]] == list(range(1, 10))


def test_nothing_but_silence_and_nothing_at_all() -> None:
    rows = page_rows((3,))
    for row in rows:
        row["defects"] = ["black"]
    assert {row["group"] for row in groups_of(rows)} == {groups_of(rows)[0]["group"]}
    assert groups_of([]) == []
    assert len(groups_of(page_rows((1,)))) == 1


def test_a_confirmed_document_stays_whatever_the_scans_look_like() -> None:
    rows = page_rows((6, 6, 6), seed=1)
    mine = [rows[k]["guid"] for k in (8, 4, 5)]
    confirm = {"decision": "confirm", "document": "the-letter", "guids": mine}
    for method in ("stream", "similarity"):
        found = {row["guid"]: row for row in groups_of(rows, decided(confirm), method=method)}
        assert {guid for guid, row in found.items() if row["group"] == "the-letter"} == set(mine)
        assert [found[guid]["position"] for guid in mine] == [1, 2, 3]
        assert all(found[guid]["confirmed"] and found[guid]["membership"] == 1 for guid in mine)
        assert not found[rows[7]["guid"]]["confirmed"]


def test_no_document_reaches_over_a_confirmed_one() -> None:
    rows = page_rows((12,), seed=4)
    confirm = {"decision": "confirm", "document": "inner", "guids": [rows[k]["guid"] for k in (5, 6)]}
    found = groups_of(rows, decided(confirm))
    assert not {row["group"] for row in found[:5]} & {row["group"] for row in found[7:]}


def test_a_page_moved_elsewhere_is_no_wall() -> None:
    rows = page_rows((9, 8), seed=2)
    confirm = {"decision": "confirm", "document": "second", "guids": [row["guid"] for row in [*rows[9:], rows[4]]]}
    found = groups_of(rows, decided(confirm))
    assert len({row["group"] for row in found[:9]} - {"second"}) == 1


def test_cuts_and_joins_hold_and_the_latest_wins() -> None:
    rows = page_rows((10, 8), seed=2)
    names = [row["guid"] for row in rows]
    cut = {"decision": "cut", "guids": [names[3], names[4]]}
    join = {"decision": "join", "guids": [names[9], names[10]]}
    found = groups_of(rows, decided(cut, join))
    assert found[4]["starts"]
    assert found[9]["group"] == found[10]["group"]
    again = groups_of(rows, decided(cut, {"decision": "join", "guids": names[3:5]}))
    assert again[3]["group"] == again[4]["group"]
    apart = groups_of(rows, decided({"decision": "cut", "guids": [names[1], names[7]]}))
    assert apart[1]["group"] != apart[7]["group"]
    undone = groups_of(rows, decided(cut, {"decision": "undo", "undoes": "d0"}))
    assert undone == groups_of(rows)


def test_a_cut_before_a_blank_scan_puts_it_with_what_follows() -> None:
    rows = page_rows((6, 6), seed=2)
    rows[6]["defects"] = ["blank"]
    found = groups_of(rows, decided({"decision": "cut", "guids": [rows[5]["guid"], rows[6]["guid"]]}))
    assert found[6]["starts"]
    assert found[6]["group"] == found[7]["group"]


def test_pages_move_between_confirmed_documents() -> None:
    held = standing(
        decided(
            {"decision": "confirm", "document": "a", "guids": ["1", "2", "3"]},
            {"decision": "confirm", "document": "b", "guids": ["3", "4"]},
            {"decision": "confirm", "document": "c", "guids": ["1"]},
            {"decision": "undo", "undoes": "d2"},
        )
    )
    assert held.documents == {"a": ["1", "2"], "b": ["3", "4"]}
    assert held.document_of == {"1": "a", "2": "a", "3": "b", "4": "b"}


def test_an_undone_undoing_counts_again() -> None:
    confirm = {"decision": "confirm", "document": "a", "guids": ["1"]}
    held = standing(decided(confirm, {"decision": "undo", "undoes": "d0"}, {"decision": "undo", "undoes": "d1"}))
    assert held.documents == {"a": ["1"]}


def test_a_proposal_never_takes_the_id_of_a_confirmed_document() -> None:
    rows = page_rows((4, 4), seed=2)
    first = groups_of(rows)[0]["group"]
    confirm = {"decision": "confirm", "document": first, "guids": [rows[2]["guid"]]}
    found = groups_of(rows, decided(confirm))
    assert [row["guid"] for row in found if row["group"] == first] == [rows[2]["guid"]]


def test_neighbours_from_a_store_give_what_all_pairs_give(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    from heritage_assets.curation.pages import similarity

    rows = page_rows(LENGTHS, seed=3)
    exact = groups_of(rows, method="similarity")
    names: list[str] = []
    stored: list[np.ndarray] = []

    def find(vectors: np.ndarray, limit: int) -> list[list[str]]:
        scores = vectors @ np.concatenate(stored).T
        return [[names[k] for k in np.argsort(-row, kind="stable")[:limit]] for row in scores]

    def add(guids: list[str], vectors: np.ndarray) -> None:
        names.extend(guids)
        stored.append(vectors)

    monkeypatch.setattr(similarity, "EXACT", 10)
    with pytest.raises(ValueError, match="needs a vector store"):
        groups_of(rows, method="similarity")
    found = group_pages(TablePages(table(rows)), SIMILARITY, nearest=Nearest(add, find)).groups.to_pylist()
    same = compare([row["group"] for row in found], [row["group"] for row in exact])
    assert same.bcubed_f1 > 0.95
    assert compare([row["group"] for row in found], labels(LENGTHS)).bcubed_f1 > 0.9


def test_the_more_scans_the_more_alike_they_must_be() -> None:
    from heritage_assets.curation.pages.similarity import AUTO_ODDS, least_odds

    found = [least_odds(SIMILARITY, scans) for scans in (0, 80, 400, 2_000, 10**6)]
    assert found == sorted(found)
    assert (found[0], found[1], found[-1]) == (AUTO_ODDS[0], AUTO_ODDS[0], AUTO_ODDS[1])
    assert least_odds(GroupingSettings(method="similarity", threshold=0.5), 10**6) == 0


def test_learned_needs_a_model() -> None:
    with pytest.raises(ValueError, match="pages train"):
        groups_of(page_rows((3, 3)), method="learned")


def test_features_of_two_encoders_are_refused() -> None:
    rows = page_rows((2, 2))
    rows[1]["embedding_page"] = rows[1]["embedding_page"][:5]
    with pytest.raises(ValueError, match="different lengths"):
        groups_of(rows)
