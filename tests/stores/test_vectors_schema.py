"""Point ids, collection names and the translation of filters."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.stores.vector_schema import FilterError, build_filter, collection_for, point_id


def test_point_id_never_changes():
    assert point_id("/2021/abc") == "de111fa5-50c7-5ddd-b073-b66c8e8254dc"


@given(st.text(), st.text())
def test_point_ids_are_uuids_and_differ(one, other):
    assert uuid.UUID(point_id(one)).version == 5
    assert (point_id(one) == point_id(other)) == (one == other)


@given(st.text(min_size=1, max_size=300), st.text(min_size=1, max_size=300))
def test_collection_names_are_safe_and_tell_encoders_apart(one, other):
    name = collection_for(one)
    assert len(name) < 100
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")
    assert name.startswith("heritage__")
    assert (collection_for(other) == name) == (one == other)


def test_friendly_filters_become_conditions():
    assert build_filter(None) is None
    assert build_filter({}) is None
    assert build_filter({"provider": "X", "language": ["de", "fr"], "year": {"gte": 1800, "lte": 1900}}) == {
        "must": [
            {"key": "provider", "match": {"value": "X"}},
            {"key": "language", "match": {"any": ["de", "fr"]}},
            {"key": "year", "range": {"gte": 1800, "lte": 1900}},
        ]
    }
    assert build_filter({"status": {"not": "pending"}, "canonical_id": None}) == {
        "must": [{"is_empty": {"key": "canonical_id"}}],
        "must_not": [{"key": "status", "match": {"value": "pending"}}],
    }


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"colour": "red"}, "unknown field 'colour': filter by one of id_object"),
        ({"year": "1800"}, "field 'year' holds integer values, got '1800'"),
        ({"year": True}, "holds integer values, got True"),
        ({"provider": ["a", 1]}, "holds keyword values, got 1"),
        ({"is_representative": 1}, "holds bool values"),
        ({"provider": {"gte": 1}}, "a range needs a number"),
        ({"year": {"from": 1800}}, "takes gt, gte, lt, lte"),
        ({"year": {"gt": 1, "gte": 2}}, "one lower and one upper bound"),
        ({"year": {}}, "takes gt, gte, lt, lte"),
        ({"year": {"gte": "1800"}}, "takes numbers, got '1800'"),
    ],
)
def test_a_filter_that_makes_no_sense_says_why(filters, message):
    with pytest.raises(FilterError) as caught:
        build_filter(filters)
    assert message in str(caught.value)
