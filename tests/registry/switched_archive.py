"""A small archive of two batches, made with one tiny CLIP, and a second tiny CLIP to switch to."""

from __future__ import annotations

import csv
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.append(str(Path(__file__).resolve().parent.parent / "curation"))  # small pictures and small encoders

import encoder_models
import sample_images
from command_in_process import Done, run_heritage

from heritage_assets.settings import Settings
from heritage_assets.stores.connect import Platform

OBJECTS = 24
COPIES = {1: "copy-1", 2: "copy-2"}


@dataclass(frozen=True)
class TwoEncoders:
    """A home whose archive was made with ``first``; ``second`` may follow it."""

    home: Path
    first: Path
    second: Path

    @property
    def settings(self) -> Settings:
        """The settings of a user who names no encoder."""
        with mock.patch.dict(os.environ, self.environment()):
            return Settings(_env_file=None)

    def platform(self) -> Platform:
        """The archive."""
        return Platform(self.settings)

    def environment(self, **more: str) -> dict[str, str]:
        # scores of random weights crowd near 1
        rules = {"HERITAGE_DUPLICATES__THRESHOLD": "0.999", "HERITAGE_DUPLICATES__REVIEW_BAND": "0.0009"}
        return {
            "HERITAGE_HOME": str(self.home),
            "HERITAGE_CLUSTERS__MAP_ITERATIONS": "50",
            **rules,
            **more,
        }

    def run(self, *arguments: str, status: int = 0, **more: str) -> str:
        """Run ``heritage`` in this process; return what it prints on both streams."""
        done = self._done(*arguments, status=status, **more)
        return done.stderr + done.stdout

    def json(self, *arguments: str, **more: str) -> Any:
        """Run ``heritage`` with ``--json``."""
        return json.loads(self._done(*arguments, "--json", status=0, **more).stdout)

    def _done(self, *arguments: str, status: int, **more: str) -> Done:
        done = run_heritage(*arguments, folder=self.home, environment=self.environment(**more))
        assert done.returncode == status, done.stderr + done.stdout
        return done


def write_rows(folder: Path, name: str, rows: list[dict[str, str]]) -> Path:
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "title", "creator", "type", "image"])
        writer.writeheader()
        writer.writerows(rows)
    return path


def row(number: int, guid: str = "") -> dict[str, str]:
    guid = guid or f"obj-{number}"
    kind = ("painting", "coin", "map")[number % 3]
    return {
        "id": guid,
        "title": f"{kind} number {number}",
        "creator": f"Master {number % 4}",
        "type": kind,
        "image": f"{guid}.jpg",
    }


def harvest_rows(platform: Platform, table: Path, batch: str) -> None:
    from heritage_assets.curation.sources import harvest
    from heritage_assets.curation.sources.tables import CsvSource

    columns = {"guid": "id", "is_shown_by": "image", "title": "title", "creator": "creator", "type": "type"}
    harvest(CsvSource(table, columns=columns), platform.landing, dataset="museum", batch=batch)


def prepare(folder: Path) -> tuple[TwoEncoders, Path]:
    """Make two encoders, an empty home, and a folder with a picture of each object."""
    first = encoder_models.save_clip(folder / "first", seed=1)
    second = encoder_models.save_clip(folder / "second", seed=2)
    archive = TwoEncoders(folder / "home", first, second)
    archive.home.mkdir()
    pictures = folder / "pictures"
    pictures.mkdir()
    for number in range(OBJECTS):
        (pictures / f"obj-{number}.jpg").write_bytes(sample_images.jpeg(number))
    return archive, pictures


def build(folder: Path) -> TwoEncoders:
    """Harvest two batches and run the chain with the first encoder."""
    from heritage_assets.stores.encoder_in_use import first_in_use, write_in_use

    archive, pictures = prepare(folder)
    first = archive.first
    for number, name in COPIES.items():
        copy = sample_images.encoded(sample_images.picture(number), "JPEG", quality=72)
        (pictures / f"{name}.jpg").write_bytes(copy)
    platform = archive.platform()
    half = OBJECTS // 2
    harvest_rows(platform, write_rows(pictures, "1.csv", [row(number) for number in range(half)]), "museum-1")
    rest = [row(number) for number in range(half, OBJECTS)] + [row(number, name) for number, name in COPIES.items()]
    harvest_rows(platform, write_rows(pictures, "2.csv", rest), "museum-2")
    write_in_use(platform.objects, first_in_use(str(first), platform.encoder(str(first)).id))
    archive.run("materialize")
    return archive
