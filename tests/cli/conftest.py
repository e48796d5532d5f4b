"""A small collection on disk, and the archive that the ``heritage`` command makes of it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from command_in_process import Done, run_heritage

from heritage_assets.embedded.museum import caption, generate_objects, render
from heritage_assets.embedded.vector_endpoint import stop_endpoint

OBJECTS = 12


@dataclass(frozen=True)
class CommandLine:
    """Runs ``heritage`` in a folder, on a home of its own, in this process: the encoder is loaded once."""

    folder: Path
    home: Path

    def run(self, *arguments: str, ok: bool = True) -> Done:
        done = run_heritage(*arguments, folder=self.folder, environment={"HERITAGE_HOME": str(self.home)})
        if ok:
            assert done.returncode == 0, f"heritage {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)


def make_collection(folder: Path) -> None:
    """Write objects.csv with pictures: each object once, the first two once more as a smaller copy; and truth.csv."""
    (folder / "photos").mkdir(parents=True)
    objects = generate_objects(OBJECTS, seed=5)
    lines, truth = [], []
    for number, thing in enumerate(objects, start=1):
        text = caption(thing, "en")
        picture = render(thing)
        picture.save(folder / "photos" / f"{number}.png")
        line = {
            "inv_no": f"obj-{number}",
            "title": text["title"],
            "photo": f"photos/{number}.png",
            "artist": text["creator"],
        }
        lines.append(line)
        truth.append({"guid": f"obj-{number}", "group": number, "class": thing.klass})
        if number <= 2:
            smaller = picture.resize((picture.width * 3 // 4, picture.height * 3 // 4))
            smaller.save(folder / "photos" / f"{number}-copy.jpg", quality=88)
            lines.append({**line, "inv_no": f"obj-{number}-copy", "photo": f"photos/{number}-copy.jpg"})
            truth.append({"guid": f"obj-{number}-copy", "group": number, "class": thing.klass})
    lines.append({"inv_no": "obj-lost", "title": "A lost picture", "photo": "photos/none.png", "artist": ""})
    for name, rows in (("objects.csv", lines), ("truth.csv", truth)):
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("collection")
    make_collection(folder)
    return folder


@pytest.fixture(scope="session")
def heritage(collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command on an archive that holds the small collection."""
    home = tmp_path_factory.mktemp("home")
    command = CommandLine(collection, home)
    command.run(
        "harvest", "csv", "objects.csv", "--dataset", "small", "--batch", "small-1",
        "--id", "inv_no", "--title", "title", "--image", "photo", "--column", "creator=artist",
    )  # fmt: skip
    command.run("materialize")
    yield command
    stop_endpoint(home)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[CommandLine]:
    """The command on a home in which nothing happened yet."""
    yield CommandLine(tmp_path, tmp_path / "home")
    stop_endpoint(tmp_path / "home")
