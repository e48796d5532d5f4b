"""Verdicts, declared parts, decisions, evaluation and explanations, against cases worked out by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pytest
from duplicates_factory import ENCODER, decision, record, records
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.curation.duplicates import DuplicateSettings, MemoryArchive, canonicalize
from heritage_assets.curation.duplicates.attributes import Attributes, evidence_table
from heritage_assets.curation.duplicates.decisions import constraints, in_force
from heritage_assets.curation.duplicates.declared import declared_parts, differing_parts
from heritage_assets.curation.duplicates.evaluation import evaluate_pairs
from heritage_assets.curation.duplicates.evidence import pair_evidence
from heritage_assets.curation.duplicates.explain import explain
from heritage_assets.curation.duplicates.groups import partition
from heritage_assets.curation.duplicates.identity import canonical_id, founded_by
from heritage_assets.curation.duplicates.verdicts import RULES, judge

NEAR, FAR = 0xFF, 0xFFFFFFFF  # 8 and 32 bits from 0


def verdict(cosine, a=None, b=None, settings=None):
    """Judge two records that differ from a plain pair as said; both have hash 0 unless said otherwise."""
    base = {"hash": 0, "data_provider": "A", "title": "A vase"}
    rows = records([record("a", [1.0, 0.0], **(base | (a or {}))), record("b", [1.0, 0.0], **(base | (b or {})))])
    settings = settings or DuplicateSettings()
    first, second = np.array([0]), np.array([1])
    found = pair_evidence(Attributes(evidence_table(rows)), first, second, np.array([cosine]), settings)
    judged = judge(found, settings)
    return judged.verdict[0], judged.rule[0], found.conflicts[0]


def text(angle):
    return [math.cos(angle), math.sin(angle)]


OURS = {"embedding_text": text(0), "title": "Vase with a bird"}
THEIRS = {"embedding_text": text(0.6), "title": "Vaso con uccello", "data_provider": "B", "hash": 0x3F}
"""Two houses, two languages: the text cosine is 0.83, six bits of the hashes differ."""
HOLL = {"creator": "Holl, Ada (1850-1921)", "year_from": 1898, "year_to": 1898}
HOLL_TOO = {"creator": "Ada Holl", "year_from": 1898, "year_to": 1899}
NOBODY = {"creator": "Unknown photographer", "year_from": 1898, "year_to": 1898}


@pytest.mark.parametrize(
    ("cosine", "a", "b", "expected"),
    [
        (0.99, {}, {}, ("duplicate", "same_picture", None)),
        (0.99, {}, {"hash": NEAR}, ("duplicate", "same_picture", None)),
        (0.99, {}, {"hash": FAR}, ("review", "pixels_disagree", None)),
        (0.99, {}, {"hash": NEAR, "width": 130}, ("review", "pixels_disagree", None)),
        (0.99, {}, {"hash": 0xFFFF}, ("duplicate", "same_picture_and_text", None)),
        (0.99, {}, {"hash": 0xFFFF, "title": "A jug"}, ("review", "alike", None)),
        (0.97, {}, {}, ("duplicate", "same_pixels", None)),
        (0.96, {}, {}, ("duplicate", "equal_pixels_unread", None)),
        (0.84, {}, {}, ("duplicate", "equal_pixels_unread", None)),
        (0.82, {}, {"title": "A jug"}, ("distinct", "unlike", None)),
        (0.96, {}, {"hash": 0b11}, ("review", "nearly_alike", None)),
        (0.955, {}, {"hash": 0xFFF}, ("review", "nearly_alike", None)),
        (0.96, {}, {"width": 130}, ("review", "nearly_alike", None)),
        (0.96, {"embedding_text": text(0)}, {"embedding_text": text(0.5)}, ("review", "nearly_alike", None)),
        (0.96, {}, {"title": "A jug", "hash": FAR}, ("distinct", "unlike", None)),
        (0.50, {}, {}, ("review", "same_hash", None)),
        (0.50, {}, {"data_provider": "B"}, ("duplicate", "same_hash_and_text", None)),
        (0.40, {}, {"data_provider": "B"}, ("review", "same_hash", None)),
        (0.50, {}, {"title": "A jug"}, ("distinct", "unlike", None)),
        (math.nan, {}, {}, ("review", "same_hash", None)),
        (0.99, {"title": None}, {"title": None}, ("duplicate", "same_picture", None)),
        (0.99, {"title": "Codex, fol. 3r"}, {"title": "Codex, fol. 3v"}, ("distinct", "parts_differ", "part:side")),
        (0.999, {"title": "Page 12"}, {"title": "Seite 13"}, ("distinct", "parts_differ", "part:page")),
        (
            0.99,
            {"title": "Denarius, obverse"},
            {"title": "Denar, Rückseite"},
            ("distinct", "parts_differ", "part:side"),
        ),
        (
            0.99,
            {"title": "Trees, state II"},
            {"title": "Bäume, 3. Zustand"},
            ("distinct", "parts_differ", "part:state"),
        ),
        (
            0.99,
            {"identifiers": ["1923.1"]},
            {"identifiers": ["1923.2"]},
            ("review", "inventory_differs_same_pixels", "inventory"),
        ),
        (
            0.97,
            {"identifiers": ["1923.1"]},
            {"identifiers": ["1923.2"]},
            ("distinct", "inventory_differs", "inventory"),
        ),
        (
            0.99,
            {"identifiers": ["1923.1"]},
            {"identifiers": ["1923.2"], "data_provider": "B"},
            ("duplicate", "same_picture", None),
        ),
        (0.99, {"identifiers": ["Inv. 007"]}, {"identifiers": ["inv 7"]}, ("duplicate", "same_picture", None)),
        (0.99, {"identifiers": ["https://a/1"]}, {"identifiers": ["https://a/2"]}, ("duplicate", "same_picture", None)),
        (0.99, {"year_from": 1800, "year_to": 1820}, {"year_from": 1815}, ("duplicate", "same_picture", None)),
        (0.99, {"year_from": 1800, "year_to": 1820}, {"year_from": 1821}, ("distinct", "dates_differ", "date")),
        (
            0.99,
            {"year_from": 1800},
            {"year_from": 1821, "data_provider": "B"},
            ("review", "dates_differ_same_pixels", "date"),
        ),
        (0.99, {"date": "1914-07-28"}, {"date": "1914-07-29"}, ("distinct", "dates_differ", "date")),
        (1.0, {"sha": "x"}, {"sha": "x"}, ("duplicate", "same_file", None)),
        (
            1.0,
            {"sha": "x", "title": "Page 1"},
            {"sha": "x", "title": "Page 2"},
            ("review", "same_file_other_part", "part:page"),
        ),
        (
            1.0,
            {"sha": "x", "identifiers": ["1"]},
            {"sha": "x", "identifiers": ["2"]},
            ("duplicate", "same_file", "inventory"),
        ),
        (
            1.0,
            {"sha": "x", "identifiers": ["1"], "title": "Cup"},
            {"sha": "x", "identifiers": ["2"], "title": "Saucer"},
            ("review", "same_file_other_entry", "inventory"),
        ),
        (0.985, OURS, THEIRS, ("review", "alike", None)),
        (0.985, OURS | {"creator": "Ada Holl"}, THEIRS | {"creator": "Ada Holl"}, ("review", "alike", None)),
        (0.985, OURS | HOLL, THEIRS | HOLL, ("duplicate", "same_picture", None)),
        (0.985, OURS, THEIRS | {"hash": 0xF}, ("duplicate", "same_picture", None)),
        (0.995, OURS, THEIRS, ("duplicate", "same_picture", None)),
        (0.985, OURS, THEIRS | {"embedding_text": text(0.4)}, ("duplicate", "same_picture", None)),
        (0.985, OURS, THEIRS | {"embedding_text": text(0.4), "hash": NEAR}, ("review", "alike", None)),
        (0.995, OURS, THEIRS | {"embedding_text": text(0.4), "hash": NEAR}, ("duplicate", "same_picture", None)),
        (0.985, OURS, THEIRS | {"embedding_text": text(0.4), "hash": 0xFFFF}, ("review", "alike", None)),
        (0.96, OURS | HOLL, THEIRS | HOLL_TOO, ("duplicate", "same_maker", None)),
        (0.96, OURS | HOLL, THEIRS | HOLL_TOO | {"data_provider": "A"}, ("review", "nearly_alike", None)),
        (0.96, OURS | HOLL, THEIRS | HOLL_TOO | {"year_from": 1801, "year_to": 1900}, ("review", "nearly_alike", None)),
        (0.96, OURS | NOBODY, THEIRS | NOBODY, ("review", "nearly_alike", None)),
        (0.6, OURS | HOLL, THEIRS | HOLL_TOO | {"hash": 0xF}, ("duplicate", "same_maker", None)),
        (0.6, OURS | HOLL, THEIRS | HOLL_TOO, ("distinct", "unlike", None)),
        (
            0.99,
            {"embedding_text": text(0), "title": "Harbour"},
            {"embedding_text": text(1.5), "title": "Portrait", "hash": NEAR},
            ("review", "texts_disagree", None),
        ),
    ],
)
def test_rules(cosine, a, b, expected):
    assert verdict(cosine, a, b) == expected
    assert verdict(cosine, b, a) == expected


@pytest.mark.parametrize("settings", [{"hash_floor": 0.97}, {"crowded": True}])
def test_hash_and_score_together_join_nothing_once_calibration_has_spoken(settings):
    assert verdict(0.96, settings=DuplicateSettings(**settings))[:2] == ("review", "nearly_alike")


def test_crowded_scores_do_not_merge_without_hashes():
    crowded = DuplicateSettings(crowded=True)
    others = {"hash": None, "title": "A jug"}
    assert verdict(0.99, {}, others)[0] == "duplicate"
    assert verdict(0.99, {}, others, crowded)[0] == "review"


def test_rules_can_be_switched_off():
    a, b = {"title": "Page 12"}, {"title": "Page 13"}
    assert verdict(0.99, a, b, DuplicateSettings(disabled_rules=("parts_differ",)))[1] == "same_picture"
    with pytest.raises(ValueError, match="unknown rules"):
        verdict(0.99, a, b, DuplicateSettings(disabled_rules=("typo",)))


def test_rules_are_named_once_and_explained():
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(rule.why.endswith(".") for rule in RULES)


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Stundenbuch, Seite xiv", {"page": {"14"}}),
        ("Livre d'heures, f. 12v", {"folio": {"12"}, "side": {"verso"}}),
        ("Carta d'Europa", {}),
        ("Table llama, page mmx", {"page": {"2010"}}),
        ("Mixed media on paper", {}),
        ("Page of a book", {}),
        ("MS_44_003r", {"folio": {"3"}, "side": {"recto"}}),
        ("Das Blatt 3, Bd. 2", {"sheet": {"3"}, "volume": {"2"}}),
        ("Les trois arbres, deuxième état", {"state": {"2"}}),
        ("Tavola IX", {"plate": {"9"}}),
        ("Moneda, anverso", {"side": {"recto"}}),
        ("Untitled No. 3", {"number": {"3"}}),
        ("Vase (Inv. No. 17)", {}),
    ],
)
def test_declared_parts(title, expected):
    assert declared_parts(title, None, None) == expected


def test_descriptions_may_cite_pages():
    assert declared_parts(None, None, "See Smith, p. 45") == {}
    assert declared_parts(None, ["Nr. 12"], "Inventory number 1923.4") == {}
    assert declared_parts(None, None, "Page 45 of the album") == {"page": {"45"}}


WORDS = st.lists(
    st.sampled_from(
        [
            "page",
            "Seite",
            "fol.",
            "tavola",
            "no.",
            "état",
            "12",
            "12v",
            "iv",
            "ll",
            "mm",
            "m",
            "d'",
            "x",
            "verso",
            "second",
            "2e",
            ",",
            ".",
        ]
    )
).map(" ".join)


@given(st.text(max_size=80) | WORDS, st.text(max_size=80) | WORDS)
def test_any_text_can_be_read(a, b):
    left, right = declared_parts(a, [b], b), declared_parts(b, [a], a)
    assert differing_parts(left, right) == differing_parts(right, left)
    assert differing_parts(left, left) == ()


def test_the_latest_decision_wins_and_undo_takes_it_back():
    table = pa.concat_tables([decision(1, "b", "a", "same"), decision(2, "a", "b", "different")])
    assert in_force(table)["a", "b"]["decision"] == "different"
    table = pa.concat_tables([table, decision(3, "a", "b", "undo", undoes="d002")])
    assert in_force(table)["a", "b"]["decision"] == "same"
    table = pa.concat_tables([table, decision(4, "a", "b", "undo", undoes="d003")])
    assert in_force(table)["a", "b"]["decision"] == "different"
    with pytest.raises(ValueError, match="unknown decision"):
        in_force(decision(1, "a", "b", "maybe"))
    with pytest.raises(ValueError, match="itself"):
        in_force(decision(1, "a", "a", "same"))


def test_contradictions_are_reported_and_the_older_same_gives_way():
    table = pa.concat_tables(
        [decision(1, "a", "b", "same"), decision(2, "b", "c", "same"), decision(3, "a", "c", "different")]
    )
    found = constraints(table)
    assert found.classes == {"b": "b", "c": "b"}
    assert [(c.decision_id, c.against) for c in found.contradictions] == [("d001", ("d003",))]
    assert "d003" in found.contradictions[0].message


def test_stars():
    edges = np.array([(0, 1), (1, 2), (2, 3), (3, 4), (2, 4)])
    result = partition(np.arange(5), edges[:, 0], edges[:, 1])
    assert [(g.members, g.representative) for g in result.groups] == [((0,), 0), ((1, 2, 3, 4), 2)]
    result = partition(np.arange(5), edges[:, 0], edges[:, 1], apart=[(1, 3)])
    assert [g.members for g in result.groups] == [(0, 1, 2), (3, 4)] or result.groups[0].members == (0,)
    result = partition(np.arange(5), edges[:, 0], edges[:, 1], classes=[(0, 4)])
    assert (0 in result.groups[0].members) and (4 in result.groups[0].members)


@given(st.permutations([1, 2, 3]))
def test_of_two_that_are_kept_apart_the_more_alike_is_taken(order):
    near, far, centre = order
    ends, strength = np.array([[centre, near], [centre, far]]), np.array([0.999, 0.984])
    found = partition(np.arange(4), ends[:, 0], ends[:, 1], strength=strength, apart=[(near, far)])
    assert {group.members for group in found.groups if len(group.members) > 1} == {tuple(sorted((centre, near)))}


def test_ids():
    identity = canonical_id("g", 1_700_000_000_000)
    assert founded_by(identity, "g") and not founded_by(identity, "h") and not founded_by("old-style", "g")
    assert canonical_id("g", 1_700_000_000_001) > identity
    assert canonical_id("g", 1_700_000_000_000, 1) != identity


def test_evaluation_by_hand():
    """Truth {a b c} {d e} {f}; predicted {a b} {c d e} {f}."""
    truth = {"a": "1", "b": "1", "c": "1", "d": "2", "e": "2", "f": "3"}
    predicted = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "y", "f": "z", "extra": "z"}
    found = evaluate_pairs(predicted, truth)
    assert (found.true_pairs, found.predicted_pairs, found.agreed_pairs) == (4, 4, 2)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert found.bcubed_precision == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3 + 1) / 6)
    assert found.bcubed_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1 + 1) / 6)
    assert found.exact_group_rate == 0
    assert found.exact_group_rate_all == pytest.approx(1 / 3)
    assert [(e.kind, e.guid_a, e.guid_b) for e in found.errors] == [("false_merge", "c", "d"), ("missed", "a", "c")]
    with pytest.raises(ValueError, match="none of the predicted"):
        evaluate_pairs({"q": "1"}, truth)


PARTITIONS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25)


@given(PARTITIONS)
def test_evaluation_equals_counting_all_pairs(rows):
    truth = {str(k): str(t) for k, (t, _) in enumerate(rows)}
    predicted = {str(k): str(p) for k, (_, p) in enumerate(rows)}
    pairs = [(i, j) for i in range(len(rows)) for j in range(i)]
    same = [(rows[i][0] == rows[j][0], rows[i][1] == rows[j][1]) for i, j in pairs]
    found = evaluate_pairs(predicted, truth)
    both, true, guessed = (
        sum(test) for test in ((t and p for t, p in same), (t for t, _ in same), (p for _, p in same))
    )
    assert (found.agreed_pairs, found.true_pairs, found.predicted_pairs) == (both, true, guessed)
    assert bool(found.errors) == (both < true or both < guessed)


def test_explanation():
    archive = MemoryArchive(decision(1, "a", "c", "same"))
    rows = records(
        [
            record("a", [1.0, 0.0], hash=0, title="Vase"),
            record("b", text(0.1), hash=0, title="Vase"),
            record("c", [0.0, 1.0], hash=FAR, title="Vase"),
            record("d", [0.0, -1.0], hash=FAR, title="Jug"),
        ]
    )
    archive.put(rows)
    result = canonicalize(rows, archive, DuplicateSettings(), ENCODER)
    archive.merge_pairs(result.pairs.merge, result.pairs.delete)
    archive.merge_canonical(result.groups.merge)
    found = explain("c", "b", archive, DuplicateSettings(), ENCODER, image_cosine=0.1)
    assert (found.guid_a, found.guid_b, found.same_object, found.stored) == ("b", "c", True, False)
    assert [(link.guid_a, link.guid_b, link.verdict) for link in found.path] == [
        ("a", "b", "duplicate"),
        ("a", "c", "same"),
    ]
    assert found.representative == "a"
    assert "one object" in found.answer[0]
    found = explain("a", "b", archive, DuplicateSettings(), ENCODER)
    assert found.stored and found.rule == "same_picture"
    assert found.image_cosine == pytest.approx(math.cos(0.1))
    found = explain("a", "c", archive, DuplicateSettings(), ENCODER)
    assert found.decisions[0]["decision_id"] == "d001"
    assert json.loads(json.dumps(found.to_dict()))["same_object"] is True
    found = explain("a", "d", archive, DuplicateSettings(), ENCODER)
    assert not found.same_object and found.path == ()
    with pytest.raises(KeyError, match="not a record"):
        explain("a", "nobody", archive, DuplicateSettings(), ENCODER)
    with pytest.raises(ValueError, match="one record"):
        explain("a", "a", archive, DuplicateSettings(), ENCODER)
