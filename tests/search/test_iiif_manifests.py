"""Manifests keep the rules of IIIF Presentation 3, whatever the metadata hold.

With ``HERITAGE_TEST_IIIF_SCHEMA`` (the official ``iiif_3_0.json`` of IIIF/presentation-validator) they are held against that too.
"""

import copy
import json
import os
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from iiif_rules import broken_rules
from scans_home import scans_home
from small_archive import open_client

from heritage_assets.search.iiif import manifest
from heritage_assets.search.snapshot_building import OF_IMAGES, OF_RECORDS

SCHEMA = os.environ.get("HERITAGE_TEST_IIIF_SCHEMA")
BASE = "https://archive.example"
words = st.text(max_size=30)
maybe = st.none() | words
rows = st.fixed_dictionaries(
    {
        **{name: maybe for name in (*OF_RECORDS, *OF_IMAGES)},
        "guid": words.filter(bool),
        "subject": st.none() | st.lists(words, max_size=3),
        "identifiers": st.none() | st.lists(words, max_size=3),
        "rights": st.sampled_from([None, "", "In copyright", "https://creativecommons.org/publicdomain/mark/1.0/"]),
        "is_shown_at": st.sampled_from([None, "javascript:alert(1)", "https://museum.example/object/1?a=b"]),
        "iiif_service": st.sampled_from([None, "", "ftp://x", "https://iiif.example/image/1/"]),
        "image_status": st.sampled_from([None, "OK", "FAILED", "NO_IMAGE"]),
        "width": st.none() | st.integers(1, 20_000),
        "height": st.none() | st.integers(1, 20_000),
    }
)


@given(
    st.lists(rows, min_size=1, max_size=4, unique_by=lambda row: row["guid"]),
    st.sampled_from(["record", "group", "cluster", "document"]),
)
def test_no_metadata_break_the_rules(several, kind):
    made = manifest(BASE, kind, "x/ü?#%", "Label", several, derivative_side=768)
    assert broken_rules(json.loads(json.dumps(made))) == []


@pytest.fixture(scope="module")
def document_manifests(tmp_path_factory):
    with open_client(scans_home(tmp_path_factory.mktemp("scans"))) as scans:
        listed = scans.get("/api/v1/documents").json()["documents"]
        return [scans.get(f"/iiif/document/{one['document']}/manifest.json").json() for one in listed]


@pytest.fixture
def manifests(client, get, document_manifests):
    group = get("/api/v1/duplicates")["groups"][0]["canonical_id"]
    cluster = get("/api/v1/clusters")["clusters"][0]["cluster_id"]
    asked = ("record/obj-1", "record/text-only", "record/hostile", f"group/{group}", f"cluster/{cluster}")
    return [client.get(f"/iiif/{one}/manifest.json").json() for one in asked] + document_manifests


def test_the_application_serves_manifests_that_keep_the_rules(manifests):
    assert [broken_rules(one) for one in manifests] == [[]] * len(manifests)


@pytest.mark.skipif(not SCHEMA, reason="HERITAGE_TEST_IIIF_SCHEMA does not name the official schema")
def test_manifests_are_valid_by_the_official_schema(manifests):
    validator = jsonschema.Draft7Validator(json.loads(Path(SCHEMA).read_text(encoding="utf-8")))
    assert [[error.message for error in validator.iter_errors(one)] for one in manifests] == [[]] * len(manifests)


def _set(path, value):
    def change(made):
        *way, last = path
        for step in way:
            made = made[step]
        if value is None:
            del made[last]
        else:
            made[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set(["label"], None),
        _set(["label"], "plain text"),
        _set(["items"], []),
        _set(["items", 0, "width"], None),
        _set(["items", 0, "id"], "/relative"),
        _set(["items", 0, "rights"], "https://creativecommons.org/publicdomain/mark/1.0/"),
        _set(["items", 0, "items", 0, "items", 0, "target"], "https://archive.example/other"),
        _set(["items", 0, "items", 0, "items", 0, "body", "width"], 4_000),
        _set(["metadata"], [{"label": {"en": ["a"]}}]),
        _set(["viewingHint"], "paged"),
    ],
)
def test_the_rules_notice_what_is_broken(manifests, change):
    made = copy.deepcopy(manifests[0])
    change(made)
    assert broken_rules(made)
