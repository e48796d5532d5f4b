"""Cleansing as a whole: every landed record becomes a row, a repeat, or a reject with its reason."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation.records import (
    CLEANSING_OUTCOMES,
    MAX_RAW_BYTES,
    CleansingContext,
    cleanse,
    cleansed_rows,
    mark_repeats,
    outcome_counts,
    reason_counts,
    rejected_rows,
)
from heritage_assets.curation.schemas import CLEANSED_RECORDS, RAW_RECORDS, REJECTED_RECORDS

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MAPPING = {
    "guid": "id",
    "title": "title",
    "subject": "tags",
    "date": "date",
    "is_shown_by": "image",
    "rights": "rights",
}
MAPPED = CleansingContext("museum", "museum-1", "mapped", MAPPING, NOW, image_root="/data/images")
EUROPEANA = CleansingContext("europeana", "europeana-1", "europeana", None, NOW)

ITEM = {
    "id": "/2021601/mona_lisa",
    "guid": "https://www.europeana.eu/item/2021601/mona_lisa?utm_source=api",
    "type": "IMAGE",
    "title": ["Mona Lisa", "La Joconde"],
    "dcTitleLangAware": {"def": ["Portrait &amp; landscape"], "fr": ["La <i>Joconde</i>"], "en": ["Mona Lisa"]},
    "dcCreator": ["http://data.europeana.eu/agent/146741", "Leonardo da Vinci"],
    "dcCreatorLangAware": {"def": ["http://data.europeana.eu/agent/146741", "Leonardo da Vinci"]},
    "dcSubjectLangAware": {"def": ["http://vocab.getty.edu/aat/300015637"], "fr": ["portrait"]},
    "edmConceptPrefLabelLangAware": {"fr": ["peinture"], "en": ["painting"]},
    "dcTypeLangAware": {"fr": ["Image", "Peinture à l'huile"]},
    "dcDescriptionLangAware": {"fr": ["Sur panneau", "Restauré en 1952."]},
    "dcLanguage": ["fre"],
    "language": ["en"],
    "dataProvider": ["Musée du Louvre"],
    "provider": ["Europeana Fashion"],
    "country": ["France"],
    "rights": ["http://creativecommons.org/publicdomain/mark/1.0/"],
    "year": ["1503"],
    "edmTimespanLabel": [{"def": "16th century"}],
    "dcIdentifier": ["INV. 779", "http://example.org/779", "INV. 779"],
    "edmIsShownBy": [" https://example.org/iiif/779/full/full/0/default.jpg "],
    "edmIsShownAt": ["https://example.org/779"],
    "edmPreview": ["https://api.europeana.eu/thumbnail/v2/url.json?uri=x"],
}


def landed(raws: Iterable[Any], guid: str | None = None, deleted: bool = False, first: int = 1) -> pa.RecordBatch:
    rows = [
        {"line": line, "guid": guid, "deleted": deleted, "raw": raw if isinstance(raw, str | None) else json.dumps(raw)}
        for line, raw in enumerate(raws, start=first)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=RAW_RECORDS)


def outcomes(batch: pa.RecordBatch, context: CleansingContext) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pa.Table.from_batches(
        mark_repeats(cleanse([batch], context)), CLEANSING_OUTCOMES
    ).to_pylist()
    return rows


def one(raw: Any, context: CleansingContext = MAPPED, **others: Any) -> dict[str, Any]:
    return outcomes(landed([raw], **others), context)[0]


def test_europeana_item_becomes_a_row() -> None:
    row = one(ITEM, EUROPEANA)
    assert row.pop("content_hash")
    assert {name: value for name, value in row.items() if value is not None} == {
        "guid": "/2021601/mona_lisa",
        "batch": "europeana-1",
        "dataset": "europeana",
        "line": 1,
        "title": "La Joconde",
        "title_by_language": [("und", ["Portrait & landscape"]), ("fr", ["La Joconde"]), ("en", ["Mona Lisa"])],
        "creator": "Leonardo da Vinci",
        "subject": ["portrait", "peinture"],
        "type": "Peinture à l'huile",
        "description": "Sur panneau. Restauré en 1952.",
        "language": "fr",
        "provider": "Europeana Fashion",
        "data_provider": "Musée du Louvre",
        "country": "France",
        "rights": "http://creativecommons.org/publicdomain/mark/1.0/",
        "rights_category": "public_domain",
        "date": "1503",
        "year_from": 1503,
        "year_to": 1503,
        "identifiers": ["INV. 779"],
        "is_shown_by": "https://example.org/iiif/779/full/full/0/default.jpg",
        "is_shown_at": "https://example.org/779",
        "iiif_service": "https://example.org/iiif/779",
        "withdrawn": False,
        "harvested_at": NOW,
        "outcome": "cleansed",
    }


def test_plain_europeana_item_without_language_maps() -> None:
    row = one(
        {"id": "/1/2", "title": ["Untitled"], "dcCreator": "Anon", "language": ["de"], "type": "IMAGE"}, EUROPEANA
    )
    assert (row["title"], row["creator"], row["language"], row["type"]) == (None, "Anon", "de", "IMAGE")
    assert (row["rights"], row["rights_category"], row["subject"]) == (None, "unknown", [])


def test_mapped_record_becomes_a_row() -> None:
    row = one({"id": 7, "title": "<b>Vase</b>", "tags": ["clay", "clay", "?"], "date": "c. 1850", "image": "a/b.jpg"})
    assert row["guid"] == "7"
    assert row["title"] == "Vase"
    assert row["subject"] == ["clay"]
    assert (row["date"], row["year_from"], row["year_to"]) == ("c. 1850", 1850, 1850)
    assert row["is_shown_by"] == "file:///data/images/a/b.jpg"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"title": "no identifier"}, "no_guid"),
        ({"id": "   "}, "no_guid"),
        ({"id": "x" * 3_000}, "guid_too_long"),
        ("{broken", "malformed_json"),
        ("<xml/>", "malformed_json"),
        ("[" * 100_000, "malformed_json"),
        ("[]", "not_a_record"),
        ("null", "not_a_record"),
        ('"text"', "not_a_record"),
        ("", "empty"),
        (None, "empty"),
        ({"oversized": True, "guid": "big", "size_bytes": 11_000_000}, "too_large"),
        ({"unreadable": True, "guid": None, "detail": "bad zip member"}, "unreadable"),
    ],
)
def test_reject_has_reason_detail_and_raw(raw: Any, reason: str) -> None:
    row = one(raw)
    assert row["outcome"] == "rejected"
    assert row["reason"] == reason
    assert row["detail"]
    text = raw if isinstance(raw, str) else "" if raw is None else json.dumps(raw)
    assert row["raw"] == text[:MAX_RAW_BYTES]


def test_reject_of_a_marker_keeps_its_guid() -> None:
    assert one({"oversized": True, "guid": "big"})["guid"] == "big"
    assert one({"oversized": True, "guid": "big"}, replace(MAPPED, format="edm"))["reason"] == "too_large"


def test_raw_text_of_a_reject_is_cut_between_characters() -> None:
    row = one("é" * 100_000)
    assert row["raw"] == "é" * (MAX_RAW_BYTES // 2)


def test_json_that_only_lenient_readers_take() -> None:
    assert one('{"id": "a", "title": "line\nbreak", "date": NaN}')["title"] == "line break"
    assert one('\ufeff{"id": "a"}')["guid"] == "a"
    assert one('{"id": "a", "title": "lone \\ud800 half"}')["title"] == "lone \ufffd half"


def test_ten_megabyte_title_is_cut() -> None:
    row = one({"id": "a", "title": "word " * 2_000_000})
    assert row["outcome"] == "cleansed"
    assert 700 < len(row["title"]) <= 1_000


def test_declared_guid_comes_before_the_one_inside() -> None:
    assert one({"id": "inside"}, guid="declared")["guid"] == "declared"
    assert one({"title": "none inside"}, guid=" declared\n")["guid"] == "declared"


def test_withdrawn_record_becomes_a_tombstone() -> None:
    row = one("", deleted=True, guid="gone")
    kept = {name for name, value in row.items() if value is not None}
    assert kept == {"guid", "batch", "dataset", "line", "withdrawn", "harvested_at", "outcome"}
    assert row["withdrawn"] is True
    assert one({"id": "gone"}, deleted=True)["guid"] == "gone"
    assert one({}, deleted=True)["reason"] == "no_guid"


def test_hash_changes_with_the_content_and_with_nothing_else() -> None:
    record = {"id": "a", "title": "Vase", "tags": ["clay"]}
    first = one(record)["content_hash"]
    later = replace(MAPPED, batch="museum-2", harvested_at=datetime(2027, 1, 1, tzinfo=UTC))
    assert outcomes(landed([record], first=9), later)[0]["content_hash"] == first
    assert one(record | {"title": "<p>Vase</p>"})["content_hash"] == first
    assert one(record | {"title": "Vases"})["content_hash"] != first
    assert one(record | {"tags": []})["content_hash"] != first
    assert one(record | {"date": "1850"})["content_hash"] != first


def test_first_of_several_stays_also_across_batches() -> None:
    context = MAPPED
    batches = [landed([{"id": "a"}, {"id": "b"}]), landed([{"id": "a"}, {"bad": 1}, {"id": "a"}], first=3)]
    marked = list(mark_repeats(cleanse(batches, context)))
    found = [outcome for batch in marked for outcome in batch.column("outcome").to_pylist()]
    assert found == ["cleansed", "cleansed", "repeated", "rejected", "repeated"]
    assert [outcome_counts(batch) for batch in marked] == [
        {"cleansed": 2, "repeated": 0, "rejected": 0},
        {"cleansed": 0, "repeated": 2, "rejected": 1},
    ]
    assert reason_counts(marked[1]) == {"no_guid": 1}


def test_rows_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="sort"):
        list(mark_repeats(cleanse([landed([{"id": "a"}], first=2), landed([{"id": "a"}], first=1)], MAPPED)))


def test_context_is_checked_and_can_be_shipped() -> None:
    assert pickle.loads(pickle.dumps(MAPPED)) == MAPPED
    with pytest.raises(ValueError, match="unknown record format 'marc'"):
        replace(MAPPED, format="marc")
    with pytest.raises(ValueError, match="no mapping"):
        replace(MAPPED, mapping=None)
    with pytest.raises(ValueError, match="time zone"):
        replace(MAPPED, harvested_at=NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="guid"):
        list(cleanse([landed([{}])], replace(MAPPED, mapping={"title": "x"})))


NAMES = st.sampled_from([*MAPPING.values(), "en", "def", "@value", "begin", "label"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | NAMES, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(sorted({*ITEM, *MAPPING.values(), "edmAgentLabel", "dcDate", "svcsHasService"}))
RECORDS = st.dictionaries(KEYS, JSON, max_size=8) | st.fixed_dictionaries(
    {"id": st.sampled_from("abc")}, optional={"title": JSON}
)
RAWS = st.none() | st.text(max_size=40) | JSON.map(json.dumps) | RECORDS.map(json.dumps)
ROWS = st.lists(st.tuples(st.none() | st.text(max_size=5), st.booleans(), RAWS), max_size=8)


@pytest.mark.parametrize(
    "context", [MAPPED, EUROPEANA, replace(MAPPED, format="edm")], ids=["mapped", "europeana", "edm"]
)
@given(rows=ROWS, split=st.integers(1, 4))
@settings(deadline=None)
def test_landed_is_cleansed_plus_repeated_plus_rejected(
    context: CleansingContext, rows: list[tuple[str | None, bool, str | None]], split: int
) -> None:
    table = [
        {"line": line, "guid": guid, "deleted": deleted, "raw": raw}
        for line, (guid, deleted, raw) in enumerate(rows, 1)
    ]
    batches = [
        pa.RecordBatch.from_pylist(table[at : at + split], schema=RAW_RECORDS) for at in range(0, len(table), split)
    ]
    marked = list(mark_repeats(cleanse(batches, context)))
    counted: Counter[str] = Counter()
    for batch in marked:
        assert batch.schema == CLEANSING_OUTCOMES
        counted.update(outcome_counts(batch))
    assert counted.total() == len(rows)
    assert [line for batch in marked for line in batch.column("line").to_pylist()] == list(range(1, len(rows) + 1))
    kept = pa.Table.from_batches([cleansed_rows(batch) for batch in marked], CLEANSED_RECORDS.schema).to_pylist()
    refused = pa.Table.from_batches([rejected_rows(batch) for batch in marked], REJECTED_RECORDS.schema).to_pylist()
    assert (len(kept), len(refused)) == (counted["cleansed"], counted["rejected"])
    assert len({row["guid"] for row in kept}) == len(kept)
    assert all(row["guid"] and row["harvested_at"] == NOW for row in kept)
    assert all(row["reason"] and row["detail"] for row in refused)
    assert not any(row["reason"] == "unexpected" for row in refused), refused
