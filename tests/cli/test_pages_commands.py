"""``heritage pages`` on a small dataset of drawn pages: grouped, evaluated, compared, and errors in one line."""

from __future__ import annotations

import csv
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "curation"))  # the drawn pages

from page_archive import small_files

from heritage_assets.embedded.vector_endpoint import stop_endpoint

from .conftest import CommandLine

KEYS = ("boundary_f1", "pair_f1", "bcubed_f1", "panoptic_quality", "adjusted_rand", "drags")


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A folder of scans, harvested and fetched, grouped in both ways."""
    folder, home = tmp_path_factory.mktemp("scans"), tmp_path_factory.mktemp("pages-home")
    (folder / "scans").mkdir()
    for name, data in small_files():
        assert data is not None
        (folder / "scans" / name).write_bytes(data)
    with (folder / "truth.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([("scan", "group", "position"), *((f"p{k}.jpg", int(k > 7), k) for k in range(1, 15))])
    command = CommandLine(folder, home)
    command.run("harvest", "directory", "scans", "--dataset", "letters", "--batch", "letters-1")
    command.run("materialize", "--until", "source_images")
    yield command
    stop_endpoint(home)


def test_a_harvested_folder_is_grouped_evaluated_and_compared(scans: CommandLine) -> None:
    run = scans.json("pages", "group", "--dataset", "letters")
    assert (run["scans"], run["groups"], run["method"]) == (14, 2, "stream")
    figures = scans.json("pages", "evaluate", "--truth", "truth.csv")
    assert {name: figures[name] for name in KEYS} == dict.fromkeys(KEYS[:-1], 1.0) | {"drags": 0}

    (scans.folder / "loose.yaml").write_text("method: similarity\nthreshold: 0.9\n")
    loose = scans.json("pages", "group", "--dataset", "letters", "--settings", "loose.yaml")
    assert loose["method"] == "similarity"
    assert [row["run"] for row in scans.json("pages", "runs")] == [loose["run"], run["run"]]

    told = scans.json("pages", "compare", run["run"], loose["run"], "--truth", "truth.csv", "--output", "c.html")
    assert told["runs"][run["run"]]["boundary_f1"] == 1.0
    page = (scans.folder / "c.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 14
    assert page.count('class="odd') == page.count('class="even') == 7, "colours alternate with the real groups"
    assert "script" not in page.replace("script-src", "")
    assert ("false cut" in page) == (told["runs"][loose["run"]]["boundary_f1"] < 1)
    with zipfile.ZipFile(scans.folder / "c.xlsx") as book:
        assert sum(name.startswith("xl/media/") for name in book.namelist()) == 14
    assert "boundary_f1" in scans.run("pages", "compare", run["run"], loose["run"], "--truth", "truth.csv").stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("group", "--dataset", "none"), "no images of a dataset 'none'"),
        (("group", "--dataset", "letters", "--settings", "none.yaml"), "no settings file at none.yaml"),
        (("group", "--dataset", "letters", "--settings", "bad.yaml"), "colour: Extra inputs are not permitted"),
        (("group", "--dataset", "letters", "--method", "magic"), "method: Input should be"),
        (("evaluate", "--truth", "none.csv"), "no truth file at none.csv"),
        (("compare", "a", "b", "--truth", "truth.csv"), "no run a"),
    ],
)
def test_errors_are_one_line(scans: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    (scans.folder / "bad.yaml").write_text("colour: red\n")
    done = scans.run("pages", *arguments, ok=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_settings_are_chosen_on_one_part_and_tested_on_another(scans: CommandLine) -> None:
    with (scans.folder / "four.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([("scan", "group"), *((f"p{k}.jpg", k // 4) for k in range(1, 15))])
    (scans.folder / "grid.yaml").write_text("typical_length: [3, 8]\ncaution: [-1, 3]\n")
    scans.json("pages", "group", "--dataset", "letters")
    asked = ("--grid", "grid.yaml", "--truth", "four.csv", "--best", "best.yaml", "--no-track")
    first, again = scans.json("pages", "sweep", *asked), scans.json("pages", "sweep", *asked, "--processes", "2")
    assert [one["tune"]["boundary_f1"] for one in first["trials"]] == sorted(
        (one["tune"]["boundary_f1"] for one in first["trials"]), reverse=True
    )
    assert len(first["trials"]) == 4
    assert first["trials"] == again["trials"]
    assert first["interval"]["low"] <= first["interval"]["value"] <= first["interval"]["high"]
    assert (first["looks"], again["looks"]) == (0, 1), "winners that saw the test part are counted"
    run = scans.json("pages", "group", "--dataset", "letters", "--settings", "best.yaml")
    assert run["run"].startswith("stream-")
    assert "of this truth before: 1" in scans.run("pages", "sweep", *asked).stdout
