"""What README and docs tell people to type works: the chain on one's own data is run, every other command is checked."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from heritage_assets.embedded.vector_endpoint import stop_endpoint

from .conftest import CommandLine

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")])
SETTING = re.compile(r"\bHERITAGE_[A-Z0-9_]+")
EXAMPLES_ONLY = re.compile(r"HERITAGE_(TEST_\w+|TOOLS)")


def shell_lines(document: Path) -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```", document.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.split("  #")[0].strip() for line in lines if line.strip() and not line.startswith("#")]


COMMANDS = [(document.name, line) for document in DOCUMENTS for line in shell_lines(document)]


@pytest.fixture(scope="module")
def own_data(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    home = tmp_path_factory.mktemp("readme")
    yield CommandLine(collection, home)
    stop_endpoint(home)


def test_the_readme_runs_on_ones_own_data(own_data: CommandLine) -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    section = text.split("## Your own data")[1].split("## ")[0]
    lines = re.findall(r"^```sh\n(.*?)^```", section, re.DOTALL | re.MULTILINE)[0].splitlines()
    assert lines[0].startswith("heritage harvest csv")
    for line in lines:
        command, *arguments = shlex.split(line)
        assert command == "heritage"
        own_data.run(*arguments)
    assert own_data.json("status")["points"]["validated"] > 0
    assert (own_data.folder / "canonical.csv").stat().st_size > 0


@pytest.mark.parametrize(("document", "line"), [item for item in COMMANDS if item[1].startswith("make ")])
def test_make_targets_exist(document: str, line: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert line.split()[1] in targets


@pytest.mark.parametrize(("document", "line"), [item for item in COMMANDS if " heritage " in f" {item[1]}"])
def test_commands_and_their_options_exist(document: str, line: str, own_data: CommandLine) -> None:
    words = shlex.split(line)
    words = words[words.index("heritage") + 1 :]
    path: list[str] = []
    for word in words:
        if word.startswith("-") or own_data.run(*path, word, "--help", ok=False).returncode != 0:
            break
        path.append(word)
        if "COMMAND" not in own_data.run(*path, "--help").stdout.split("\n\n")[0]:
            break
    assert path, f"{document}: no command in {line!r}"
    known = own_data.run(*path, "--help").stdout
    for option in (word.split("=")[0] for word in words if word.startswith("--")):
        assert option in known, f"{document}: {' '.join(path)} has no {option}"


def test_settings_that_documents_name_exist(own_data: CommandLine) -> None:
    known = set(own_data.json("settings")) | {"HERITAGE_ALERT_WEBHOOK", "HERITAGE_EUROPEANA_KEY"}
    for document in DOCUMENTS:
        named = set(SETTING.findall(document.read_text(encoding="utf-8")))
        named = {name for name in named if not EXAMPLES_ONLY.fullmatch(name)}
        unknown = {name for name in named if name not in known and not any(one.startswith(name) for one in known)}
        assert not unknown, f"{document.name} names settings that do not exist: {sorted(unknown)}"


def test_pictures_that_documents_show_are_there() -> None:
    for document in DOCUMENTS:
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).is_file(), f"{document.name} shows {target}"
