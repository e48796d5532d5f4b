"""The ``heritage`` command as people and programs use it: output, exit status, errors in one line."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from heritage_assets.cli.look import parse_filters

from .conftest import OBJECTS, CommandLine

RECORDS = OBJECTS + 3


def test_status_has_the_documented_keys(heritage: CommandLine) -> None:
    found = heritage.json("status")
    assert {key: found[key] for key in ("batches", "landed", "cleansed", "repeated", "rejected")} == {
        "batches": 1,
        "landed": RECORDS,
        "cleansed": RECORDS,
        "repeated": 0,
        "rejected": 0,
    }
    assert found["images"] == {"OK": OBJECTS + 2, "NO_IMAGE": 0, "FAILED": 1}
    assert found["points"] == {"pending": 0, "validated": RECORDS}
    assert found["duplicate_groups"] == 2
    assert found["clusters"] >= 1


def test_status_for_people_names_the_batch(heritage: CommandLine) -> None:
    text = heritage.run("status").stdout
    assert "small-1" in text
    assert f"{RECORDS} cleansed of {RECORDS} landed" in text


def test_search_returns_the_documented_list(heritage: CommandLine) -> None:
    found = heritage.json("search", "a picture", "--limit", "5")
    assert len(found) == 5
    assert all(set(item) == {"guid", "score", "title", "canonical_id"} for item in found)
    assert [item["score"] for item in found] == sorted((item["score"] for item in found), reverse=True)


def test_searching_by_an_image_of_the_archive_finds_it_first(heritage: CommandLine) -> None:
    found = heritage.json("search", "--image", "photos/3.png", "--limit", "3")
    assert found[0]["guid"] == "obj-3"
    assert found[0]["score"] == pytest.approx(1.0, abs=0.02)


def test_a_filter_holds(heritage: CommandLine) -> None:
    assert heritage.json("search", "a picture", "--filter", "dataset=small", "--limit", "3")
    assert heritage.json("search", "a picture", "--filter", "dataset=other") == []


def test_similar_finds_the_copy_first_and_not_the_record_itself(heritage: CommandLine) -> None:
    found = heritage.json("similar", "obj-1", "--by", "image", "--limit", "3")
    assert found[0]["guid"] == "obj-1-copy"
    assert "obj-1" not in {item["guid"] for item in found}
    assert heritage.json("similar", "obj-1", "--by", "combined")


def test_the_copies_share_a_canonical_id(heritage: CommandLine) -> None:
    metrics = heritage.json("evaluate", "duplicates", "--truth", "truth.csv")
    assert (metrics["precision"], metrics["recall"], metrics["f1"]) == (1.0, 1.0, 1.0)


def test_clusters_are_held_against_the_truth(heritage: CommandLine) -> None:
    assert -0.5 <= heritage.json("evaluate", "clusters", "--truth", "truth.csv")["adjusted_rand"] <= 1


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_exports_hold_every_row(heritage: CommandLine, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / f"records.{suffix}"
    heritage.run("export", "cleansed_records", "--output", str(output))
    if suffix == "parquet":
        guids = pq.read_table(output)["guid"].to_pylist()
    elif suffix == "csv":
        with output.open(encoding="utf-8", newline="") as file:
            guids = [row["guid"] for row in csv.DictReader(file)]
    else:
        guids = [json.loads(line)["guid"] for line in output.read_text().splitlines()]
    assert len(guids) == RECORDS
    assert {"obj-1", "obj-1-copy", "obj-lost"} <= set(guids)


def test_materializing_again_has_nothing_to_do(heritage: CommandLine) -> None:
    assert "nothing to do" in heritage.run("materialize").stdout


def test_running_a_batch_again_leaves_the_same_state(heritage: CommandLine) -> None:
    before = heritage.json("status")
    runs = heritage.json("materialize", "--batch", "small-1")
    assert all(run["success"] for run in runs)
    assert heritage.json("status") == before


def test_settings_name_their_variables_and_hide_secrets(heritage: CommandLine) -> None:
    found = heritage.json("settings")
    assert found["HERITAGE_DUPLICATES__THRESHOLD"] == "0.98"
    assert found["HERITAGE_ENCODER"] == "demo"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["search"], "nothing to search for"),
        (["similar", "no-such-guid"], "no-such-guid"),
        (["similar", "obj-1", "--by", "smell"], "smell"),
        (["search", "--image", "missing.png"], "missing.png"),
        (["search", "x", "--filter", "provider"], "field=value"),
        (["search", "x", "--filter", "taste=sweet"], "taste"),
        (["export", "nothing", "--output", "x.csv"], "no table 'nothing'"),
        (["export", "clusters", "--output", "x.docx"], "x.docx"),
        (["materialize", "--batch", "never-harvested"], "never-harvested"),
        (["materialize", "--until", "the-end"], "the-end"),
        (["evaluate", "duplicates", "--truth", "nowhere.csv"], "nowhere.csv"),
        (["evaluate", "duplicates", "--truth", "objects.csv"], "must have the columns"),
    ],
)
def test_an_error_is_one_clear_line_and_a_status(heritage: CommandLine, arguments: list[str], says: str) -> None:
    done = heritage.run(*arguments, ok=False)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_installed_command_runs_as_a_process(tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("heritage"), "status", "--json"]
    environment = {**os.environ, "HERITAGE_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout)["batches"] == 0


def test_debug_shows_the_traceback(heritage: CommandLine) -> None:
    assert "Traceback" in heritage.run("--debug", "similar", "no-such-guid", ok=False).stderr


def test_before_anything_is_harvested_it_says_what_to_do(empty: CommandLine) -> None:
    assert "nothing harvested yet" in empty.run("status").stdout
    assert empty.json("status")["landed"] == 0
    done = empty.run("search", "anything", ok=False)
    assert done.returncode == 1
    assert "heritage materialize" in done.stderr


def test_an_unknown_encoder_says_what_to_name(empty: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERITAGE_ENCODER", "/no/such/folder")
    done = empty.run("search", "anything", ok=False)
    assert done.returncode == 1
    assert "/no/such/folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_filters_of_the_command_line() -> None:
    assert parse_filters(["provider=A", "provider=B", "year=1800..1900", "type=map"]) == {
        "provider": ["A", "B"],
        "year": {"gte": 1800, "lte": 1900},
        "type": "map",
    }
    assert parse_filters(["year=1850", "year=..1900"]) == {"year": {"lte": 1900}}
    with pytest.raises(ValueError, match="soon"):
        parse_filters(["year=soon"])
