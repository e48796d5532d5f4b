"""After a decision only what it touches is put together anew; the result is that of putting everything together."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).parent))

from page_proposals import groups_table, propose_documents

from heritage_assets.curation.decision_log import UNDO
from heritage_assets.curation.pages.decisions import CONFIRM, CUT, JOIN
from heritage_assets.curation.pages.documents import assemble
from heritage_assets.curation.pages.redecided import proposed_members, redecide
from heritage_assets.curation.pages.schemas import PAGE_DECISIONS
from heritage_assets.curation.pages.verdicts import group_id
from heritage_assets.stores.lake import Lake
from heritage_assets.stores.page_decisions import WantedPages, append_page_decisions, open_desk, refreshed

GUIDS = [f"s{number:02d}" for number in range(14)]
PROPOSAL = [GUIDS[:3], GUIDS[3:5], GUIDS[5:6], GUIDS[6:10], GUIDS[10:]]
GROUPS = groups_table(PROPOSAL, {"s03": 0.55, "s07": 0.7, "s10": 0.6})
NAMES = ["letter-1", "letter-2", group_id("s00"), group_id("s06"), group_id("s04")]
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)

pages = st.lists(st.sampled_from([*GUIDS, "gone"]), min_size=1, max_size=4, unique=True)
decision = st.tuples(
    st.sampled_from([CONFIRM, CONFIRM, CUT, JOIN, UNDO]),
    pages,
    st.sampled_from(NAMES),
    st.sampled_from([None, "A title"]),
    st.integers(0, 20),
)


def rows_of(drawn):
    rows = []
    for number, (kind, guids, name, title, which) in enumerate(drawn):
        about = rows[which % len(rows)] if rows else None
        if kind == UNDO and about is None:
            continue
        undo = kind == UNDO
        rows.append(
            {
                "decision_id": f"d{number:02d}",
                "dataset": "x",
                "decision": kind,
                "document": about["document"] if undo else name if kind == CONFIRM else None,
                "guids": about["guids"] if undo else guids,
                "title": title if kind == CONFIRM else None,
                "undoes": about["decision_id"] if undo else None,
                "decided_at": BEGIN + timedelta(seconds=number),
            }
        )
    return rows


def everything(rows):
    return assemble("x", "run", GROUPS, pa.Table.from_pylist(rows, schema=PAGE_DECISIONS.schema))


@settings(max_examples=150, deadline=None)
@given(st.lists(decision, min_size=1, max_size=10), st.integers(0, 9))
def test_the_part_is_told_from_the_whole(drawn, known):
    rows = rows_of(drawn)
    known = min(known, len(rows))
    before = everything(rows[:known])
    untouched = everything(rows[:known])
    after = redecide(before, proposed_members(before), rows, known)
    assert after is None or after == everything(rows)
    assert before == untouched


def test_ordinary_decisions_need_no_second_look_at_everything():
    rows = rows_of([(CUT, ["s07", "s08"], "", None, 0), (CONFIRM, ["s00", "s01"], group_id("s00"), "T", 0)])
    rows += [{**rows[0], "decision_id": "d90", "decision": UNDO, "undoes": rows[0]["decision_id"]}]
    documents = everything([])
    for known in range(len(rows)):
        documents = redecide(documents, proposed_members(documents), rows[: known + 1], known)
        assert documents == everything(rows[: known + 1])


def test_a_desk_is_refreshed_with_what_others_decided(tmp_path):
    lake = Lake(tmp_path.as_uri())
    propose_documents(lake, "letters", PROPOSAL)
    desk = open_desk(lake, "letters")
    proposed = proposed_members(desk.documents)
    assert refreshed(lake, desk, proposed) == desk
    append_page_decisions(lake, desk, [WantedPages(JOIN, "Anna", ("s02", "s03"))])
    append_page_decisions(lake, open_desk(lake, "letters"), [WantedPages(CONFIRM, "Ben", tuple(GUIDS[10:]))])
    found = refreshed(lake, desk, proposed)
    assert found == open_desk(lake, "letters")
    assert [len(one.guids) for one in found.documents.ordered()] == [5, 1, 4, 4]
