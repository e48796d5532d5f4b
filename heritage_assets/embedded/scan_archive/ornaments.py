"""What is drawn on pages and not set: a printed landscape, a signature, a star."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from heritage_assets.embedded.scan_archive.typesetting import Sheet


def halftone(sheet: Sheet, top: float, high: float, rng: np.random.Generator) -> None:
    """Print a landscape: sky, hills, a building, in tones of the document's ink."""
    left, right = int(sheet.left), int(sheet.right)
    tall, wide = int(high), right - left
    tones = np.linspace(235, 190, tall)[:, None] + rng.normal(0, 7, (tall, wide))
    for level, base in ((150, 0.55), (110, 0.72), (70, 0.86)):
        steps = np.linspace(0, 6, wide) + rng.uniform(0, 6)
        edge = tall * (base + 0.07 * np.sin(steps) + 0.03 * np.sin(steps * 2.7))
        tones = np.where(np.arange(tall)[:, None] > edge[None, :], level + rng.normal(0, 9, (tall, wide)), tones)
    x, y = int(wide * rng.uniform(0.2, 0.6)), int(tall * 0.42)
    tones[y : y + int(tall * 0.35), x : x + wide // 6] = 55
    picture = ImageOps.colorize(
        Image.fromarray(np.clip(tones, 0, 255).astype(np.uint8)), black=sheet.style.ink, white=sheet.style.paper
    )
    sheet.image.paste(picture, (left, int(top)))
    ImageDraw.Draw(sheet.image).rectangle((left, top, right, top + tall), outline=sheet.style.ink, width=2)


def signature(sheet: Sheet, rng: np.random.Generator) -> None:
    """Sign at the right, in blue ink."""
    steps = np.arange(40)
    xs = sheet.right - 190 + steps * 4.2
    ys = sheet.y + 18 + 16 * np.sin(steps * 0.9 + rng.uniform(0, 3)) * np.linspace(1.3, 0.3, 40)
    sheet.draw.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), fill=(40, 46, 110), width=3, joint="curve")


def star(middle: tuple[float, float], radius: float, points: int) -> list[tuple[float, float]]:
    """Return the corners of a star."""
    angles = np.arange(points * 2) * np.pi / points - np.pi / 2
    reach = np.where(np.arange(points * 2) % 2 == 0, radius, radius * 0.45)
    return list(
        zip((middle[0] + reach * np.cos(angles)).tolist(), (middle[1] + reach * np.sin(angles)).tolist(), strict=True)
    )
