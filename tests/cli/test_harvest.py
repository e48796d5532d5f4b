"""``heritage harvest`` as a user runs it."""

import json
from types import SimpleNamespace

import pytest
from PIL import Image


@pytest.fixture
def heritage(tmp_path, monkeypatch, capsys):
    """Run the command in this process, from its argument vector to its exit status."""
    from heritage_assets.cli import main

    monkeypatch.setenv("HERITAGE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HERITAGE_EUROPEANA_KEY", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["heritage", "harvest", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = ended.code or 0
        printed = capsys.readouterr()
        return SimpleNamespace(status=status, stdout=printed.out, stderr=printed.err)

    return run


def test_a_table_becomes_a_sealed_batch(heritage, tmp_path):
    (tmp_path / "a.csv").write_text("id,title,file\n1,Sea,1.png\n2,Sky\n")
    done = heritage(
        *("csv", tmp_path / "a.csv", "--dataset", "Mine", "--id", "id", "--title", "title", "--image", "file"),
        *("--batch", "first", "--json"),
    )
    assert done.status == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["batch"], summary["dataset"], summary["records"]) == ("first", "Mine", 2)
    assert summary["warnings"] == ["1 row with fewer cells than the header"]
    assert (tmp_path / "home" / "lake" / "landing" / "mine" / "first" / "manifest.json").is_file()
    again = heritage("csv", tmp_path / "a.csv", "--dataset", "Mine", "--id", "id", "--batch", "first")
    assert again.status == 1
    assert again.stderr.count("\n") == 1
    assert "sealed" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("directory", "nowhere", "--dataset", "x"), "No such file"),
        (("csv", "{a}", "--dataset", "x", "--id", "inv"), "it has id, title"),
        (("csv", "{a}", "--dataset", "x", "--column", "creator"), "field=column"),
        (("jsonl", "{a}", "--dataset", "x", "--mapping", "nope"), "one of tate"),
        (("csv", "{a}", "--dataset", "x", "--batch", "Not a slug"), "batch key"),
        (("europeana", "--query", "*", "--dataset", "x"), "HERITAGE_EUROPEANA_KEY"),
        (("oai-pmh", "https://example.org/oai", "--dataset", "x", "--prefix", "marc21"), "neither Dublin Core nor EDM"),
        (("oai-pmh", "https://example.org/oai", "--dataset", "x", "--since", "soon"), "since 'soon' must be 'last'"),
        (("iiif", "example.org/manifest", "--dataset", "x"), "http or https"),
        (("iiif", "https://example.org/m", "--dataset", "x", "--by", "page"), "one of canvas, manifest"),
    ],
)
def test_errors_are_one_clear_line(heritage, tmp_path, arguments, message):
    table = tmp_path / "a.csv"
    table.write_text("id,title\n1,x\n")
    done = heritage(*(argument.format(a=table) for argument in arguments))
    assert done.status == 1
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_help_shows_an_example(heritage):
    for command in ("directory", "csv", "jsonl", "edm", "europeana", "oai-pmh", "iiif"):
        assert "Example: heritage harvest" in heritage(command, "--help").stdout


def test_since_last_lists_what_changed_since_the_batch_before(heritage, tmp_path):
    scans = tmp_path / "scans"
    scans.mkdir()
    Image.new("RGB", (4, 4)).save(scans / "a.png")
    command = ("directory", scans, "--dataset", "scans", "--since", "last", "--json")
    first = json.loads(heritage(*command).stdout)
    Image.new("RGB", (4, 4)).save(scans / "b.png")
    second = json.loads(heritage(*command).stdout)
    assert (first["since"], first["records"]) == (None, 1)
    assert (second["since"], second["records"]) == (first["harvested_at"], 1)
    assert "changed since" in heritage(*command[:-1]).stdout
