"""The pages as they lay on the scanner: paper with what stands on it, and what shines through."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from heritage_assets.embedded.scan_archive.page_kinds import DRAWN
from heritage_assets.embedded.scan_archive.plan import Colour, Document
from heritage_assets.embedded.scan_archive.typesetting import Sheet

HEIGHT = 930
"""Rows of a page; with what shows of the scanner's bed a scan has about 1,000."""
FOLDOUT = 2.1
"""Width of a foldout, in widths of a page."""
_TEXTURE = 1_200


def draw_page(document: Document, position: int) -> Image.Image:
    """Draw a page as it was when it lay on the scanner.

    Args:
        document: the document.
        position: 1-based page of it.

    Returns:
        RGB, ``HEIGHT`` rows.
    """
    page = document.pages[position - 1]
    rng = np.random.default_rng(page.seed)
    tone = document.style.cover if page.kind in ("cover", "back") else document.style.paper
    wide = round(HEIGHT * document.style.aspect * (FOLDOUT if page.kind == "foldout" else 1))
    sheet = Sheet(_paper(tone, wide, HEIGHT, document.style.age, rng), document.style)
    if page.kind == "blank":
        return _with_show_through(sheet.image, document, position, rng)
    DRAWN[page.kind](sheet, document, page, rng)
    return sheet.image


@lru_cache(maxsize=2)
def _texture(coarse: int) -> npt.NDArray[np.float32]:
    """Return clouds and fibres, about -1 to 1, of which every sheet shows a part."""
    rng = np.random.default_rng(coarse)
    clouds = Image.fromarray(rng.normal(0, 1, (coarse, coarse)).astype(np.float32))
    smooth = np.asarray(clouds.resize((_TEXTURE * 2, _TEXTURE), Image.Resampling.BICUBIC))
    return (0.6 * smooth + 0.4 * rng.normal(0, 1, smooth.shape)).astype(np.float32)


def _paper(tone: Colour, wide: int, high: int, age: float, rng: np.random.Generator) -> Image.Image:
    texture = _texture(int(rng.choice((9, 14))))
    x, y = int(rng.integers(texture.shape[1] - wide)), int(rng.integers(texture.shape[0] - high))
    part = texture[y : y + high, x : x + wide]
    rows = np.linspace(-1, 1, high, dtype=np.float32)[:, None] ** 8
    across = np.linspace(-1, 1, wide, dtype=np.float32)[None, :] ** 8
    light = 1 + np.float32(0.016 + 0.014 * age) * part - np.float32(0.1 * age) * np.maximum(rows, across)
    pixels = np.empty((high, wide, 3), np.uint8)
    for channel in range(3):
        np.clip(light * np.float32(tone[channel]), 0, 255, out=pixels[..., channel], casting="unsafe")
    return Image.fromarray(pixels)


def _with_show_through(blank: Image.Image, document: Document, position: int, rng: np.random.Generator) -> Image.Image:
    """Let the other side of the leaf shine through, faintly, where it is printed."""
    before = position - 1
    if before < 1 or document.pages[before - 1].kind in ("cover", "blank", "foldout") or rng.random() < 0.3:
        return blank
    other = ImageOps.mirror(draw_page(document, before)).filter(ImageFilter.GaussianBlur(2.5))
    return Image.blend(blank, other, float(rng.uniform(0.02, 0.05)))
