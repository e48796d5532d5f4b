"""Pictures: which show the same, by this project's own parts and by imagededup, with precision and recall beside the time."""

from __future__ import annotations

import csv
import json
import subprocess
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from PIL import Image

from heritage_assets.curation.duplicates import DuplicateSettings, MemoryArchive, canonicalize
from heritage_assets.curation.duplicates.archive import RECORDS
from heritage_assets.curation.duplicates.calibration import Calibration, calibrate
from heritage_assets.curation.duplicates.hashes import parse_hashes
from heritage_assets.curation.images.hashing import perceptual_hash

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder

TOGETHER = 32
HERE = Path(__file__).parent
Pair = tuple[str, str]


@dataclass(frozen=True)
class Found:
    """A contestant's result on labelled pictures."""

    name: str
    seconds: float
    precision: float
    recall: float
    note: str = ""


@dataclass(frozen=True)
class Described:
    """Pictures as the rules see them: names, (n, d) float32 unit vectors, hexadecimal hashes, (width, height)."""

    names: list[str]
    vectors: np.ndarray
    hashes: list[str]
    sizes: list[tuple[int, int]]

    @classmethod
    def of(cls, pictures: Iterable[tuple[str, Image.Image]], encoder: Encoder) -> Described:
        """Encode and hash pictures, a few at a time."""
        names: list[str] = []
        hashes: list[str] = []
        sizes: list[tuple[int, int]] = []
        vectors: list[np.ndarray] = []
        waiting: list[Image.Image] = []
        for name, picture in pictures:
            names.append(name)
            hashes.append(perceptual_hash(picture))
            sizes.append(picture.size)
            waiting.append(picture)
            if len(waiting) == TOGETHER:
                vectors.append(encoder.encode_images(waiting))
                waiting = []
        if waiting:
            vectors.append(encoder.encode_images(waiting))
        return cls(names, np.concatenate(vectors), hashes, sizes)

    def only(self, names: Collection[str]) -> Described:
        """Return some of the pictures."""
        rows = [row for row, name in enumerate(self.names) if name in names]
        return Described(
            [self.names[row] for row in rows],
            self.vectors[rows],
            [self.hashes[row] for row in rows],
            [self.sizes[row] for row in rows],
        )

    def joined(self, other: Described) -> Described:
        """Return these pictures and others."""
        vectors = np.concatenate([self.vectors, other.vectors])
        return Described(self.names + other.names, vectors, self.hashes + other.hashes, self.sizes + other.sizes)

    def pairs(self, settings: DuplicateSettings) -> set[Pair]:
        """Return the pairs that end in one group, by pixels alone: no record says anything."""
        rows = [
            dict.fromkeys(RECORDS.names)
            | {"guid": name, "batch": "1", "dataset": "1", "image_sha256": name, "perceptual_hash": hash_text}
            | {"width": width, "height": height, "embedding_image": vector}
            for name, hash_text, (width, height), vector in zip(
                self.names, self.hashes, self.sizes, list(self.vectors), strict=True
            )
        ]
        done = canonicalize(pa.Table.from_pylist(rows, schema=RECORDS), MemoryArchive(), settings, "benchmark")
        table = done.groups.merge
        return pairs_of(dict(zip(table["guid"].to_pylist(), table["canonical_id"].to_pylist(), strict=True)))

    def calibrated(self, encoder: Encoder, files: dict[str, Path], sample: int) -> Calibration:
        """Find the encoder's threshold on these pictures, as ``heritage calibrate`` does."""
        values, known = parse_hashes(pa.array(self.hashes))
        return calibrate(
            encoder.id,
            self.names,
            self.vectors,
            np.where(known, values, 0).astype(np.uint64),
            load_image=lambda name: opened(files[name]),
            encode_images=encoder.encode_images,
            hash_image=perceptual_hash,
            settings=DuplicateSettings(),
            sample=sample,
        )


def opened(file: Path) -> Image.Image:
    """Open a picture as RGB."""
    with Image.open(file) as image:
        return image.convert("RGB")


def pairs_of(groups: dict[str, str]) -> set[Pair]:
    """Return the ordered pairs of names with one group."""
    members: dict[str, list[str]] = {}
    for name, group in groups.items():
        members.setdefault(group, []).append(name)
    return {pair for names in members.values() for pair in combinations(sorted(names), 2)}


def score(found: set[Pair], truth: set[Pair]) -> tuple[float, float]:
    """Return precision and recall; 1 where nothing was found, or nothing was to find."""
    right = len(found & truth)
    return right / len(found) if found else 1.0, right / len(truth) if truth else 1.0


def compare(folder: Path, encoder: Encoder, model: Path, python: Path | None) -> list[Found]:
    """Compare the ways on ``folder`` (images/ and truth.csv: image, group); ``python``: that of the peers."""
    with (folder / "truth.csv").open(encoding="utf-8") as lines:
        groups = {row["image"]: row["group"] for row in csv.DictReader(lines)}
    truth = pairs_of(groups)
    files = {name: folder / "images" / name for name in groups}
    encoder.encode_images([opened(files[name]) for name in list(files)[:2]])  # so that nobody pays for loading
    start = time.perf_counter()
    described = Described.of(((name, opened(file)) for name, file in files.items()), encoder)
    found = described.pairs(DuplicateSettings())
    seconds = time.perf_counter() - start
    results = [Found("this project, default 0.98", seconds, *score(found, truth), "MobileNetV2, hashes, rules")]
    calibration = described.calibrated(encoder, files, len(files))
    again = described.pairs(calibration.settings_for(DuplicateSettings()))
    note = f"threshold {calibration.threshold:.2f}; calibrating once took {time.perf_counter() - start - seconds:.0f} s"
    results.append(Found("this project, calibrated", seconds, *score(again, truth), note))
    if python is not None:
        images = str(folder / "images")
        for name, arguments in (
            ("imagededup PHash", ["phash", images]),
            ("imagededup CNN", ["cnn", images, str(model)]),
        ):
            seconds, pairs = _imagededup(python, arguments)
            note = "distance 10" if "phash" in arguments else "the same MobileNetV2, cosine 0.9"
            results.append(Found(name, seconds, *score(pairs, truth), note))
    return results


def _imagededup(python: Path, arguments: Sequence[str]) -> tuple[float, set[Pair]]:
    command = [str(python), str(HERE / "imagededup_run.py"), *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result = json.loads(done.stdout.strip().splitlines()[-1])
    return float(result["seconds"]), {(a, b) for a, b in result["pairs"]}
