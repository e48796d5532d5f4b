"""One way to take decisions: checked, appended once, taken back by a decision of their own."""

import datetime as dt

import pyarrow as pa
import pytest

from heritage_assets.curation.schemas import CANONICAL_RECORDS, REVIEW_DECISIONS
from heritage_assets.stores import decisions
from heritage_assets.stores.decisions import DecisionRefusedError, Wanted, decisions_made, read_decided, take_decision
from heritage_assets.stores.lake import Lake


@pytest.fixture(scope="module")
def stocked(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("decisions").as_uri())
    rows = [
        {"guid": guid, "canonical_id": guid, "withdrawn": guid == "gone", "is_representative": True, "group_size": 1}
        for guid in ("a", "b", "c", "gone")
    ]
    names = set(CANONICAL_RECORDS.schema.names)
    full = [{**dict.fromkeys(names), **row, "aliases": []} for row in rows]
    lake.merge(CANONICAL_RECORDS, pa.Table.from_pylist(full, schema=CANONICAL_RECORDS.schema))
    return lake


def about(decision="same", a="a", b="b", **more):
    return Wanted(decision, "Anna", a, b, **more)


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (about("maybe"), "unknown_kind"),
        (about(b="a"), "same_record"),
        (about(b="nobody"), "unknown_record"),
        (about(b="gone"), "unknown_record"),
        (about(note="x" * (decisions.MOST_NOTE + 1)), "note_too_long"),
        (Wanted("undo", "Anna", undoes="nothing"), "unknown_decision"),
    ],
)
def test_what_can_not_be_taken_is_refused_and_not_stored(stocked, wanted, code):
    before = stocked.count(REVIEW_DECISIONS)
    with pytest.raises(DecisionRefusedError) as refused:
        take_decision(stocked, wanted)
    assert refused.value.code == code
    assert stocked.count(REVIEW_DECISIONS) == before


def test_taken_once_and_taken_back(stocked):
    row, new = take_decision(stocked, about(a="b", b="a", decision_id="first-one"))
    assert new and (row["guid_a"], row["guid_b"]) == ("a", "b")
    again, new = take_decision(stocked, about(decision_id="first-one"))
    assert not new and again["decided_at"] == row["decided_at"]
    with pytest.raises(DecisionRefusedError, match="another decision"):
        take_decision(stocked, about("different", decision_id="first-one"))
    back, _ = take_decision(stocked, Wanted("undo", "Bea", undoes="first-one"))
    assert back["undoes"] == "first-one" and read_decided(stocked).latest.get(("a", "b")) is None
    with pytest.raises(DecisionRefusedError) as refused:
        take_decision(stocked, Wanted("undo", "Bea", undoes="first-one"))
    assert refused.value.code == "undone_already"
    take_decision(stocked, Wanted("undo", "Anna", undoes=back["decision_id"]))
    assert [one["in_force"] for one in decisions_made(stocked) if one["decision_id"] == "first-one"] == [True]


def test_the_latest_wins_whatever_the_clock_says(stocked, monkeypatch):
    first, _ = take_decision(stocked, about("different", "b", "c"))

    class Backwards(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return first["decided_at"] - dt.timedelta(hours=1)

    monkeypatch.setattr(decisions, "datetime", Backwards)
    later, _ = take_decision(stocked, about("variant", "b", "c"))
    assert later["decided_at"] > first["decided_at"]
    assert read_decided(stocked).latest["b", "c"]["decision"] == "variant"
