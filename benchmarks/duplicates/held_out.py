"""Calibration held against what it has not seen: other pictures, and edits of other kinds and strengths than its own.

Half of the originals calibrate the encoder, as ``heritage calibrate`` does. The other half is edited; then all originals and all
edited copies are canonicalized with what was found.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont

from benchmarks.duplicates.pictures import Described, Pair, opened, pairs_of, score
from heritage_assets.curation.duplicates import DuplicateSettings

if TYPE_CHECKING:
    from heritage_assets.curation.encoders import Encoder

SAMPLE = 150
Edit = Callable[[Image.Image], Image.Image]


def webp(image: Image.Image) -> Image.Image:
    """WebP at quality 50."""
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=50)
    return Image.open(buffer).convert("RGB")


def smaller(image: Image.Image) -> Image.Image:
    """60 % of the width and height."""
    return image.resize((max(1, image.width * 6 // 10), max(1, image.height * 6 // 10)), Image.Resampling.BICUBIC)


def trimmed(image: Image.Image) -> Image.Image:
    """2 % cut off on the left and at the top only."""
    return image.crop((round(image.width * 0.02), round(image.height * 0.02), image.width, image.height))


def darker(image: Image.Image) -> Image.Image:
    """10 % darker, with 10 % more contrast."""
    return ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(0.9)).enhance(1.1)


def stamped(image: Image.Image) -> Image.Image:
    """A stamp in the upper right corner, a fifteenth of the height."""
    result = image.convert("RGBA")
    layer = Image.new("RGBA", result.size, (0, 0, 0, 0))
    size = max(8, image.height // 15)
    place = (image.width * 0.7, image.height * 0.04)
    ImageDraw.Draw(layer).text(place, "MUSEUM", (20, 20, 20, 120), ImageFont.load_default(size))
    return Image.alpha_composite(result, layer).convert("RGB")


def softer(image: Image.Image) -> Image.Image:
    """Blurred by a four-hundredth of the width."""
    return image.filter(ImageFilter.GaussianBlur(image.width / 400))


FRESH: tuple[Edit, ...] = (webp, smaller, trimmed, darker, stamped, softer)


def originals(data: Path) -> dict[str, Path]:
    """Return the different pictures: all of captioned_images, and the first of each group of near_duplicates."""
    with (data / "captioned_images" / "records.csv").open(encoding="utf-8") as lines:
        files = {row["id"]: data / "captioned_images" / row["image"] for row in csv.DictReader(lines)}
    with (data / "near_duplicates" / "truth.csv").open(encoding="utf-8") as lines:
        first = {row["group"]: row["image"] for row in reversed(list(csv.DictReader(lines)))}
    return files | {name: data / "near_duplicates" / "images" / name for name in first.values()}


def prove(data: Path, encoder: Encoder) -> str:
    """Calibrate, edit, canonicalize; return the result as Markdown."""
    files = originals(data)
    unseen = {name for name in files if zlib.crc32(name.encode()) % 2}
    known = {name: file for name, file in files.items() if name not in unseen}
    described = Described.of(((name, opened(file)) for name, file in files.items()), encoder)
    calibration = described.only(known).calibrated(encoder, known, SAMPLE)
    copies = Described.of(
        ((f"{name}|{edit.__name__}", edit(opened(files[name]))) for name in sorted(unseen) for edit in FRESH), encoder
    )
    everything = described.joined(copies)
    truth = pairs_of({name: name.split("|")[0] for name in everything.names})
    found = everything.pairs(calibration.settings_for(DuplicateSettings()))
    plain = everything.pairs(DuplicateSettings())
    lines = [
        f"{encoder.id}: {len(files)} originals, {len(copies.names):,} edited copies of {len(unseen)} of them; calibrated on "
        f"{calibration.sampled} of the other {len(known)}: threshold {calibration.threshold:.2f} (0.98 before)",
        "",
        "| | precision | recall |",
        "|---|---:|---:|",
        _line("calibrated", score(found, truth)),
        _line("default 0.98", score(plain, truth)),
        *(_line(f"calibrated: {edit.__name__}", (None, _recall(found, edit, unseen))) for edit in FRESH),
    ]
    wrong = sorted(found - truth)[:10]
    return "\n".join([*lines, "", *(f"- wrong: {a} and {b}" for a, b in wrong)]) + "\n"


def _recall(found: set[Pair], edit: Edit, names: set[str]) -> float:
    """Return the share of the originals that were found with their copy by this edit."""
    return float(np.mean([(name, f"{name}|{edit.__name__}") in found for name in names]))


def _line(name: str, figures: tuple[float | None, float]) -> str:
    precision, recall = figures
    return f"| {name} | {'' if precision is None else f'{precision:.4f}'} | {recall:.4f} |"
