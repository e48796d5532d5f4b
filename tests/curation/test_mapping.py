"""Mappings: paths, templates, constants and alternatives, and how wrong ones are reported."""

import gzip
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.curation.mapping import TARGETS, MappingError, RecordMapping, load_mapping
from heritage_assets.curation.mapping_rules import parse_path, parse_rule

RECORD = {
    "acno": "T01745",
    "title": "  ",
    "groupTitle": "Inferno",
    "contributors": [{"fc": "Ann"}, {"fc": "Bob"}, {"role": "printer"}],
    "dateRange": {"text": "1850", "startYear": 1850, "precise": 1850.0},
    "title_by_language": {"en": ["Sea"], "de": "Meer"},
    "subjects": {
        "id": 1,
        "name": "subject",
        "children": [
            {"name": "nature", "children": [{"name": "sea"}, {"name": "beach"}]},
            {"name": "places", "children": [{"name": "Zandvoort"}]},
        ],
    },
    "a.b": "dotted",
    "empty": [None, "", []],
}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("acno", "T01745"),
        ("title", None),
        ("missing.deeper", None),
        ("dateRange.text", "1850"),
        ("dateRange.startYear", "1850"),
        ("dateRange.precise", "1850"),
        ("contributors[*].fc", ["Ann", "Bob"]),
        ("contributors.fc", ["Ann", "Bob"]),
        ("contributors[0].fc", "Ann"),
        ("contributors[-1].role", ["printer"]),
        ("contributors[9].fc", None),
        ("acno[0]", "T01745"),
        ("title_by_language", {"en": ["Sea"], "de": "Meer"}),
        ('"a.b"', "dotted"),
        ("subjects.**.name", ["subject", "nature", "sea", "beach", "places", "Zandvoort"]),
        ({"path": "subjects.**.name", "leaves": True}, ["sea", "beach", "Zandvoort"]),
        (["title", "groupTitle"], "Inferno"),
        ({"all": ["acno", "title", "contributors[*].fc"]}, ["T01745", "Ann", "Bob"]),
        ({"value": "Tate"}, "Tate"),
        ("tate:{acno}", "tate:T01745"),
        ("{acno}/{contributors[*].fc}", "T01745/Ann"),
        ("tate:{missing}", None),
        ("tate:{title_by_language}", None),
        ("empty", None),
    ],
)
def test_rules_find_values_as_they_are(rule, expected):
    found = RecordMapping.parse({"guid": "acno", "title": rule}).apply(RECORD).get("title")
    assert found == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"title": "x"}, "'guid' is missing"),
        ({"guid": "a", "titel": "b"}, "'titel' is no target field"),
        ({"guid": "a..b"}, "can't be read at character 2"),
        ({"guid": "a."}, "can't be read"),
        ({"guid": ".a"}, "can't be read"),
        ({"guid": "a[x]"}, "can't be read"),
        ({"guid": '"open'}, "can't be read"),
        ({"guid": ""}, "can't be empty"),
        ({"guid": []}, "is no rule"),
        ({"guid": {"foo": "bar"}}, "is no rule"),
        ({"guid": 3}, "is no rule"),
        (["guid"], "expected target fields"),
    ],
)
def test_wrong_mappings_say_what_is_wrong(data, message):
    with pytest.raises(MappingError) as caught:
        RecordMapping.parse(data, "my.yaml")
    assert message in str(caught.value)
    assert "my.yaml" in str(caught.value)


def test_yaml_files_are_read_and_bad_ones_named(tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text("guid: id\nsubject: {path: 's.**.name', leaves: true}\n")
    assert load_mapping(good).apply({"id": 7, "s": {"name": "x"}}) == {"guid": "7", "subject": ["x"]}
    bad = tmp_path / "bad.yaml"
    bad.write_text("guid: [a[*].b]\n")
    with pytest.raises(MappingError, match=r"bad\.yaml is not YAML"):
        load_mapping(bad)
    with pytest.raises(MappingError, match="one of tate"):
        load_mapping("no-such-mapping")


def test_mapping_survives_json_and_pickle():
    mapping = load_mapping("tate")
    stored = json.loads(json.dumps(mapping.model_dump(mode="json", exclude_none=True)))
    assert RecordMapping.model_validate(stored) == mapping
    assert pickle.loads(pickle.dumps(mapping)).apply(RECORD) == mapping.apply(RECORD)


def test_relative_image_paths_get_the_base():
    mapping = RecordMapping.parse({"guid": "id", "is_shown_by": "image", "image_base": "file:///data/x"})
    shown = {
        value: mapping.apply({"id": "1", "image": value})["is_shown_by"]
        for value in ("images/a b.png", "sub\\c#1.png", "https://example.org/é.png", "//cdn/x.png", "/abs/y.png")
    }
    assert shown == {
        "images/a b.png": "file:///data/x/images/a%20b.png",
        "sub\\c#1.png": "file:///data/x/sub/c%231.png",
        "https://example.org/é.png": "https://example.org/é.png",
        "//cdn/x.png": "//cdn/x.png",
        "/abs/y.png": "file:///abs/y.png",
    }


def test_missing_columns_accept_one_alternative():
    mapping = RecordMapping.parse({"guid": "x:{id}", "title": ["name", "label"], "creator": {"all": ["a", "b"]}})
    assert mapping.missing_columns({"id", "label", "a", "b"}) == {}
    assert mapping.missing_columns({"name", "a"}) == {"guid": ["id"], "creator": ["b"]}


@given(st.text(min_size=1).filter(lambda name: '"' not in name), st.text(min_size=1).filter(str.strip))
def test_any_column_name_can_be_mapped(name, value):
    mapping = RecordMapping.from_columns({"guid": name})
    assert mapping.apply({name: value}) == {"guid": value}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=20,
)
rules = st.sampled_from(["a", "a.b", "a[*].b", "a[0]", "**.a", "a.**.b", "x:{a}", ["a", "b"], {"all": ["a", "b.c"]}])


@given(st.dictionaries(st.sampled_from("abc"), json_values), rules)
def test_no_record_breaks_a_rule_and_nothing_empty_is_found(raw, rule):
    found = RecordMapping.parse({"guid": rule}).apply(raw)
    assert set(found) <= {"guid"}
    assert all(value not in (None, "", [], {}) for value in found.values())


def test_records_deeper_than_the_stack_are_no_problem():
    deep: dict = {"name": "leaf"}
    for _ in range(20_000):
        deep = {"children": [deep]}
    assert parse_rule({"path": "**.name", "leaves": True}).find(deep) == ["leaf"]


def test_a_path_keeps_its_spelling():
    assert parse_path("a[*].b").text == "a[*].b"


def test_every_tate_record_is_mapped(shared_data):
    mapping = load_mapping("tate")
    with gzip.open(shared_data / "tate" / "artworks-sample.jsonl.gz") as file:
        mapped = [mapping.apply(json.loads(line)) for line in file]
    assert len(mapped) == len({record["guid"] for record in mapped}) == 5_000
    filled = {target: sum(target in record for record in mapped) for target in TARGETS}
    assert filled["subject"] == 4_251
    assert filled["is_shown_by"] == 4_225
    assert filled["title"] == filled["is_shown_at"] == 5_000
    assert not any("subject" in record.get("subject", ()) for record in mapped), "inner terms only"
