"""Records of the demo museum: copies, look-alikes and faults are planted as the truth says."""

from __future__ import annotations

import csv
import io
import warnings
from collections import Counter, defaultdict

import pytest
from PIL import Image

from heritage_assets.embedded.museum import build_museum, generate_objects
from heritage_assets.embedded.museum.items import PLACEHOLDERS, item
from heritage_assets.embedded.museum.people import PROVIDERS
from heritage_assets.embedded.museum.records import IMAGE_FAULTS, METADATA_FAULTS
from heritage_assets.embedded.museum.scans import EDITS, Scan, bomb, encode


@pytest.fixture(scope="module")
def museum():
    return build_museum()


def test_building_is_deterministic() -> None:
    assert build_museum(200) == build_museum(200)
    assert build_museum(200) != build_museum(200, seed=1)


def test_too_few_records_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 60"):
        build_museum(59)


def test_smallest_museum_has_every_fault() -> None:
    names = {name for _, name, _, _ in build_museum(60).truth_faults()}
    assert names == {*IMAGE_FAULTS, *METADATA_FAULTS, "withdrawn"}


def test_providers_countries_and_languages(museum) -> None:
    assert len({r.provider.slug for r in museum.records}) == len(PROVIDERS) >= 8
    assert len({r.provider.country for r in museum.records}) >= 5
    assert {r.language for r in museum.records} == {"en", "de", "fr", "it", "es"}


def test_guids_are_unique_and_shaped(museum) -> None:
    guids = [record.guid for record in museum.records]
    assert len(set(guids)) == len(guids) == 1800
    for record in museum.records:
        dataset, local = record.guid.strip("/").split("/")
        assert dataset == record.collection
        assert local.startswith(record.provider.slug + "_")


def test_counts_are_as_planted(museum) -> None:
    counts = museum.counts()
    assert counts["current"] >= 1_500
    groups = Counter(group for _, group in museum.truth_duplicates())
    things = len(groups)
    assert 0.05 <= counts["duplicate_groups"] / things <= 0.1
    assert 0.03 <= counts["look_alikes"] / things <= 0.08
    for name, (_, share) in {**IMAGE_FAULTS, **METADATA_FAULTS}.items():
        assert counts[name] == max(1, round(share * 1800))
    assert counts["withdrawn"] > 0 and counts["new"] > 0
    assert counts["revised_metadata"] > 0 and counts["revised_image"] > 0


def test_copies_have_other_providers_and_edited_images(museum) -> None:
    groups = defaultdict(list)
    for record in museum.records:
        groups[record.thing.object_id].append(record)
    seen = set()
    for records in groups.values():
        if len(records) > 1:
            assert len({r.provider.slug for r in records}) == len(records)
            assert all(r.scan is not None and not r.image_fault for r in records)
            seen |= {edit for record in records for edit in record.scan.edits}
    assert seen == set(EDITS)


def test_look_alikes_are_other_groups_and_say_what_differs(museum) -> None:
    families = defaultdict(list)
    for record in museum.records:
        families[record.thing.family].append(record)
    alike = [records for records in families.values() if len({r.thing.object_id for r in records}) > 1]
    kinds = Counter(record.thing.variant_kind for records in alike for record in records if record.thing.variant)
    assert set(kinds) == {"coin", "page", "verso", "state"}
    for records in alike:
        assert len({r.provider.slug for r in records}) == 1
        assert len({r.inventory for r in records}) == len(records)
        if records[0].thing.klass != "coin":
            assert len({r.suffix for r in records}) == len(records)


def test_rounds_differ_in_collection_a_alone(museum) -> None:
    a1, b1, a2 = museum.harvests
    assert (a1.query, a1.dataset) == (a2.query, a2.dataset) != (b1.query, b1.dataset)
    for record in museum.records:
        if record.rounds != {1, 2} or record.revised:
            assert record.collection == "90210"


def test_truth_files(museum, tmp_path) -> None:
    museum.write_truth(tmp_path)
    headers = {}
    for file in tmp_path.iterdir():
        with file.open(encoding="utf-8", newline="") as text:
            headers[file.name] = next(csv.reader(text))
    assert headers == {
        "duplicates.csv": ["guid", "group"],
        "classes.csv": ["guid", "class"],
        "faults.csv": ["guid", "fault", "status", "reason"],
    }
    guids = {guid for guid, _ in museum.truth_duplicates()}
    assert guids == {guid for guid, _ in museum.truth_classes()}
    withdrawn = {guid for guid, name, _, _ in museum.truth_faults() if name == "withdrawn"}
    assert withdrawn and not withdrawn & guids


def test_dirty_metadata_is_dirty(museum) -> None:
    by_fault = defaultdict(list)
    for record in museum.records:
        if record.metadata_fault:
            by_fault[record.metadata_fault].append(
                (record, item(record, 1, "http://x/1.jpg", "http://x/p", "http://x/o"))
            )
    assert all("id" not in built for _, built in by_fault["missing_guid"])
    assert all(built["title"][0] in PLACEHOLDERS[record.language] for record, built in by_fault["placeholder_title"])
    assert all(
        "<b>" in built["title"][0] and "&amp;lt;" not in built["title"][0] for _, built in by_fault["html_and_entities"]
    )
    assert all(
        "Ã" in text or "â" in text for _, b in by_fault["mojibake"] for text in [b["title"][0] + b["dcDescription"][0]]
    )
    assert all(
        "\x07" in built["title"][0] or "\x0b" in built["title"][0] for _, built in by_fault["control_characters"]
    )
    assert all(
        isinstance(built["title"], str) and isinstance(built["rights"], str) for _, built in by_fault["plain_strings"]
    )
    assert all("dcTitleLangAware" not in built for _, built in by_fault["untyped_lists"])
    assert all(
        isinstance(v, str) for _, built in by_fault["string_language_map"] for v in built["dcTitleLangAware"].values()
    )


@pytest.mark.parametrize("edit", EDITS)
def test_edits_are_slight(edit: str) -> None:
    thing = generate_objects(1, 4, ["vase"])[0]
    plain = Image.open(io.BytesIO(encode(Scan(thing))))
    copy = Image.open(io.BytesIO(encode(Scan(thing, (edit,), 1.0, 70, mark="© Demo"))))
    assert copy.format == "JPEG"
    if edit in ("reencoded", "greyscale", "watermarked"):
        assert copy.size == plain.size
    elif edit == "cropped":
        assert 0.96 < copy.width / plain.width < 1
    else:
        assert 0.5 < copy.width / plain.width < 0.9


def test_scan_keys_tell_scans_apart() -> None:
    thing = generate_objects(1, 4)[0]
    assert Scan(thing).key == Scan(thing).key
    assert (
        len({Scan(thing).key, Scan(thing, quality=60).key, Scan(thing, ("cropped",)).key, Scan(thing, mark="x").key})
        == 4
    )


def test_bomb_declares_far_more_than_it_holds() -> None:
    data = bomb()
    assert len(data) < 2_000
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with pytest.raises(Image.DecompressionBombError):
            Image.open(io.BytesIO(data))
