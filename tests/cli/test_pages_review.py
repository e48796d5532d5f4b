"""Documents finished in a spreadsheet: exported, edited, confirmed; what changed meanwhile is not overrun."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

sys.path.append(str(Path(__file__).resolve().parent.parent / "stores"))

from page_proposals import propose_documents

from heritage_assets.cli.app import app
from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform
from heritage_assets.stores.page_decisions import WantedPages, append_page_decisions, open_desk

PROPOSAL = [["a", "b", "=c"], ["d", "e"], ["f"]]


@pytest.fixture
def lake(tmp_path, monkeypatch):
    monkeypatch.setenv("HERITAGE_HOME", str(tmp_path / "home"))
    lake = Platform(Settings()).lake
    propose_documents(lake, "letters", PROPOSAL)
    return lake


def heritage(*arguments):
    result = CliRunner().invoke(app, ["pages", *map(str, arguments)])
    return result


def exported(path):
    answer = heritage("export", "--dataset", "letters", "--output", path, "--json")
    assert answer.exit_code == 0, answer.output
    with path.open(newline="") as file:
        return json.loads(answer.output), list(csv.DictReader(file))


def written(path, rows):
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def confirm(path, *more):
    return heritage("confirm", path, "--dataset", "letters", "--json", *more)


def parts(lake):
    return [list(one.guids) for one in open_desk(lake, "letters").documents.ordered()]


def test_there_and_back(lake, tmp_path):
    figures, rows = exported(tmp_path / "x.csv")
    assert (figures["scans"], figures["documents"], figures["confirmed"]) == (6, 3, 0)
    assert [row["scan"] for row in rows] == ["a.jpg", "b.jpg", "'=c.jpg", "d.jpg", "e.jpg", "f.jpg"]
    rows[2]["document"] = rows[3]["document"]  # =c moves to the second document, as its last page
    rows[2]["position"] = "9"
    rows[0]["title"] = "A letter"
    path = written(tmp_path / "x.csv", rows)
    answer = confirm(path, "--reviewer", "Anna")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output) == {"documents": 3, "confirmed": 3, "unchanged": 0}
    assert parts(lake) == [["a", "b"], ["d", "e", "=c"], ["f"]]
    desk = open_desk(lake, "letters")
    assert all(one.confirmed for one in desk.documents.by_id.values())
    assert desk.documents.of(["a"])[0].title == "A letter"
    assert {row["reviewer"] for row in desk.decisions} == {"Anna"}
    assert {one.id for one in desk.documents.by_id.values()} == {row["document"] for row in rows}
    _, rows = exported(tmp_path / "y.csv")
    assert json.loads(confirm(written(tmp_path / "y.csv", rows)).output)["confirmed"] == 0


def test_a_file_of_truth_is_taken_as_it_is(lake, tmp_path):
    path = tmp_path / "truth.csv"
    path.write_text("scan,group,position\nb.jpg,1,1\na.jpg,1,2\nd.jpg,2,1\n")
    assert json.loads(confirm(path).output)["confirmed"] == 2
    assert parts(lake) == [["b", "a"], ["=c"], ["d"], ["e"], ["f"]]


def test_what_others_decided_since_is_not_overrun(lake, tmp_path):
    _, rows = exported(tmp_path / "x.csv")
    append_page_decisions(lake, open_desk(lake, "letters"), [WantedPages("cut", "Ben", ("a", "b"))])
    answer = confirm(written(tmp_path / "x.csv", rows[:2]))
    assert answer.exit_code == 1
    assert "Ben" in str(answer.exception)
    assert confirm(written(tmp_path / "x.csv", rows[3:])).exit_code == 0, "nobody decided about these"
    assert confirm(written(tmp_path / "x.csv", rows[:2]), "--force").exit_code == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("guid,position\na,1\n", "columns"),
        ("guid,document\n", "no lines"),
        ("guid,document\nnowhere,1\n", "line 2"),
        ("guid,document\na,1\na,2\n", "line 3"),
        ("guid,document\na,\n", "no document"),
        ("guid,document,position\na,1,first\n", "whole number"),
    ],
)
def test_a_wrong_file_changes_nothing(lake, tmp_path, text, told):
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    answer = confirm(path)
    assert answer.exit_code == 1
    assert told in str(answer.exception)
    assert parts(lake) == PROPOSAL


def test_only_drawing_the_generated_archive(tmp_path, monkeypatch):
    monkeypatch.setenv("HERITAGE_HOME", str(tmp_path))
    answer = heritage("demo", "--only-draw", "--share", "0.02", "--json")
    assert answer.exit_code == 0, answer.output
    drawn = json.loads(answer.output)
    scans = list((Path(drawn["folder"]) / "scans").glob("*.jpg"))
    assert len(scans) == drawn["scans"] > drawn["documents"]
