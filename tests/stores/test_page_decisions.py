"""What people decide about documents: it holds at once, outlives every proposal, and can be taken back."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent))

from page_proposals import groups_table, propose_documents

from heritage_assets.curation.pages.decisions import standing
from heritage_assets.curation.pages.documents import assemble, identified, proposed_title
from heritage_assets.curation.pages.schemas import PAGE_DECISIONS
from heritage_assets.curation.pages.verdicts import group_id
from heritage_assets.stores.decisions import DecisionRefusedError
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.page_decisions import WantedPages, append_page_decisions, open_desk
from heritage_assets.stores.pages import page_decisions

PROPOSAL = [["a", "b", "c"], ["d", "e"], ["f"]]


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path.as_uri())
    propose_documents(lake, "letters", PROPOSAL, {"b": 0.9, "d": 0.55, "f": 0.8})
    return lake


def decide(lake, decision, *guids, **more):
    wanted = WantedPages(decision, "Anna", tuple(guids), **more)
    ((row, new),) = append_page_decisions(lake, open_desk(lake, "letters"), [wanted])
    return row["decision_id"], new


def parts(lake):
    return [list(one.guids) for one in open_desk(lake, "letters").documents.ordered()]


def refused(lake, *args, **more):
    with pytest.raises(DecisionRefusedError) as caught:
        decide(lake, *args, **more)
    return caught.value.code


def test_the_most_doubtful_boundary_comes_first(lake):
    documents = open_desk(lake, "letters").documents
    assert [(one.before, one.after, one.cut) for one in documents.boundaries][:2] == [
        ("c", "d", True),
        ("e", "f", True),
    ]
    assert documents.boundaries[0].doubt == pytest.approx(0.45)
    assert [one.guids[0] for one in documents.ordered(doubtful_first=True)] == ["a", "d", "f"]


def test_split_merge_confirm_and_undo(lake):
    cut, _ = decide(lake, "cut", "a", "b")
    assert parts(lake) == [["a"], ["b", "c"], ["d", "e"], ["f"]]
    decide(lake, "join", "c", "d")
    assert parts(lake) == [["a"], ["b", "c", "d", "e"], ["f"]]
    boundaries = open_desk(lake, "letters").documents.boundaries
    assert {(one.before, one.after) for one in boundaries} == {("b", "c"), ("d", "e"), ("e", "f")}
    confirmed, _ = decide(lake, "confirm", "b", "d", "c", "e", title=" Four pages ")
    document = open_desk(lake, "letters").documents.of(["b"])[0]
    assert (document.guids, document.confirmed, document.doubt) == (("b", "d", "c", "e"), True, 0.0)
    assert document.title == "Four pages"
    assert refused(lake, "cut", "b", "d") == "confirmed_already"
    undo, _ = decide(lake, "undo", undoes=confirmed)
    assert parts(lake) == [["a"], ["b", "c", "d", "e"], ["f"]]
    assert refused(lake, "undo", undoes=confirmed) == "undone_already"
    decide(lake, "undo", undoes=undo)
    assert open_desk(lake, "letters").documents.of(["b"])[0].confirmed
    decide(lake, "undo", undoes=cut)
    assert len(page_decisions(lake, "letters")) == 6, "nothing is ever changed or deleted"


def test_a_page_moves_to_the_document_that_names_it_last(lake):
    first, second = (group_id(guid) for guid in "ad")
    decide(lake, "confirm", "a", "b", "c")
    decide(lake, "confirm", "c", "d", "e", document=second)
    assert parts(lake) == [["a", "b"], ["c", "d", "e"], ["f"]]
    assert [one.id for one in open_desk(lake, "letters").documents.ordered()][:2] == [first, second]
    assert refused(lake, "confirm", "f", document=first) == "not_one_document"


def test_confirmed_documents_survive_a_worse_proposal(lake):
    decide(lake, "confirm", "a", "b", "c", title="Kept")
    propose_documents(lake, "letters", [["a"], ["b", "c", "d"], ["e", "f"]])
    documents = open_desk(lake, "letters").documents
    assert parts(lake) == [["a", "b", "c"], ["d"], ["e", "f"]]
    assert [one.title for one in documents.ordered()] == ["Kept", None, None]
    assert documents.ordered()[0].id == group_id("a")


def test_what_cannot_be_meant_is_refused(lake):
    assert refused(lake, "glue", "a", "b") == "unknown_kind"
    assert refused(lake, "cut", "a") == "too_few_pages"
    assert refused(lake, "cut", "c", "d") == "not_one_document"
    assert refused(lake, "join", "a", "b") == "not_one_document"
    assert refused(lake, "confirm", "a", "nowhere") == "unknown_scan"
    assert refused(lake, "undo", undoes="x") == "unknown_decision"
    assert refused(lake, "confirm", "a", note="x" * 2_001) == "note_too_long"
    assert refused(lake, "confirm", "a", title="x" * 201) == "title_too_long"
    assert parts(lake) == PROPOSAL


def test_two_people_at_once_do_no_harm(lake):
    seen = frozenset({open_desk(lake, "letters").documents.of(["a"])[0].tag})
    decide(lake, "cut", "a", "b", expects=seen)
    assert refused(lake, "confirm", "a", "b", "c", expects=seen) == "changed_meanwhile"
    again = decide(lake, "confirm", "d", "e", decision_id="the-same-one")
    assert decide(lake, "confirm", "d", "e", decision_id="the-same-one") == (again[0], False)
    assert refused(lake, "confirm", "f", decision_id="the-same-one") == "decision_id_taken"


def test_groups_of_a_spreadsheet_keep_the_ids_of_their_documents():
    documents = assemble("letters", "run", groups_table(PROPOSAL), None)
    names = identified([["a"], ["b", "c", "d"], ["e"], ["f"]], documents)
    assert names[1] == group_id("a"), "most of its pages were there"
    assert names[2] == group_id("d")
    assert names[3] == group_id("f")
    assert len(set(names)) == 4


def test_titles_come_from_the_first_lines_that_are_words():
    page = "  \n 12 | -- \nREPORT ON THE\nLIGHT RAILWAYS of Dunmere\n1931\nPrinted by order."
    assert proposed_title(page, "letters", "box/s_01.jpg") == "REPORT ON THE LIGHT RAILWAYS of Dunmere"
    assert proposed_title("7 7 7\n....", "letters", "box/s_01.jpg") == "letters: s_01"
    assert proposed_title(None, "letters", "s_01.jpg") == "letters: s_01"
    assert len(proposed_title("word " * 200, "d", "s")) <= 200


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["cut", "join", "confirm", "undo"]), st.sets(st.integers(0, 5), min_size=1))))
def test_whatever_is_decided_every_page_has_one_document(steps):
    rows, guids = [], [guid for document in PROPOSAL for guid in document]
    for number, (decision, chosen) in enumerate(steps):
        named = [guids[index] for index in sorted(chosen)]
        row = dict.fromkeys(PAGE_DECISIONS.schema.names)
        row |= {"decision_id": f"{number:04d}", "dataset": "letters", "decision": decision, "guids": named}
        row |= {"document": group_id(named[0]), "undoes": f"{number - 1:04d}", "decided_at": number}
        rows.append(row)
    decisions = pa.Table.from_pylist(rows, schema=PAGE_DECISIONS.schema)
    documents = assemble("letters", "run", groups_table(PROPOSAL), decisions)
    pages = sorted(guid for one in documents.by_id.values() for guid in one.guids)
    assert pages == guids
    assert all(documents.document_of[guid] == name for name, one in documents.by_id.items() for guid in one.guids)
    held = standing(decisions)
    for name, confirmed in held.documents.items():
        assert list(documents.by_id[name].guids) == confirmed
    assert not {one.after for one in documents.boundaries} & set(held.document_of)
