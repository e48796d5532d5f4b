"""Truth files from outside, and the names by which scans are known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.curation.pages.order import natural_key
from heritage_assets.curation.pages.truth import match, parse_truth

GUIDS = ["box/scan_1.jpg", "box/scan_2.jpg", "other/scan_2.jpg", "x:4"]
SCANS = ["box/scan_1.jpg", "box/scan_2.jpg", "other/scan_2.jpg", "name 4"]
GROUPS = ["a", "a", "b", "b"]


def test_scans_are_matched_by_guid_name_and_file_name() -> None:
    truth = parse_truth(
        b"scan,group,position\nscan_1.jpg,1,1\nother/scan_2.jpg,2,1\nname 4,2,2\nnone.jpg,3,1\n", "t.csv"
    )
    found = match(truth, GUIDS, SCANS, GROUPS)
    assert (found.rows, found.proposed, found.true, found.unmatched) == ([0, 2, 3], ["a", "b", "b"], ["1", "2", "2"], 1)


def test_a_file_name_that_two_scans_share_names_neither() -> None:
    assert match(parse_truth(b"scan,group\nscan_2.jpg,1\n", "t.csv"), GUIDS, SCANS, GROUPS).unmatched == 1


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "columns scan and group; it has none"),
        (b"image,group\na,1\n", "it has image, group"),
        (b"scan,group\n", "holds no lines"),
        (b"scan,group\na,\n", "line 2 of t.csv lacks"),
        (b"scan,group\na,1\na,2\n", "line 3 of t.csv puts a in group 2"),
        (b"scan,group\n\xff,1\n", "no UTF-8"),
        (b'scan,group\n"' + b"x" * 200_000 + b'",1\n', "no CSV"),
    ],
)
def test_a_bad_file_is_named_with_its_fault(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_truth(data, "t.csv")


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), max_size=8))
def test_the_scanning_order_is_total_and_stable(names: list[str]) -> None:
    ordered = sorted(names, key=natural_key)
    assert sorted(reversed(ordered), key=natural_key) == ordered


def test_numbers_count_by_value() -> None:
    names = ["p10.jpg", "p9.jpg", "P1.jpg", "p007.jpg", "q1.jpg"]
    assert sorted(names, key=natural_key) == ["P1.jpg", "p007.jpg", "p9.jpg", "p10.jpg", "q1.jpg"]
