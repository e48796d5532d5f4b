"""The scanner: a page on its bed, a little askew, with uneven light; and what goes wrong there."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from heritage_assets.embedded.scan_archive.drawing import HEIGHT, draw_page
from heritage_assets.embedded.scan_archive.plan import Colour, Shot

BORDER = 35
"""Rows and columns of the bed that show around a page."""
CARD_WIDTH = 120
_PATCHES: tuple[Colour, ...] = (
    *((190, 60, 54), (224, 140, 40), (232, 210, 60), (70, 140, 70), (50, 120, 180), (120, 70, 140)),
    *((60, 170, 170), (200, 90, 150), (245, 245, 243), (128, 128, 127), (40, 40, 41)),
)
_QUALITY = 84


def scan(shot: Shot) -> bytes:
    """Return the JPEG file of one scan, about 1,000 rows high."""
    rng = np.random.default_rng(shot.seed)
    if shot.document is None or shot.defect == "black":
        wide = HEIGHT * (shot.document.style.aspect if shot.document else 0.72)
        dark = rng.normal(7, 2, (HEIGHT + 2 * BORDER, round(wide) + 2 * BORDER, 3))
        return _encoded(Image.fromarray(np.clip(dark, 0, 255).astype(np.uint8)))
    picture = _on_bed(draw_page(shot.document, shot.position), shot, rng)
    if shot.defect == "rotated":
        turn = Image.Transpose.ROTATE_90 if rng.random() < 0.5 else Image.Transpose.ROTATE_270
        picture = picture.transpose(turn)
    if shot.defect == "truncated":
        kept = int(picture.height * rng.uniform(0.35, 0.75))
        picture.paste((128, 128, 128), (0, kept, picture.width, picture.height))
    data = _encoded(picture)
    return data[: int(len(data) * rng.uniform(0.3, 0.7))] if shot.defect == "cut_file" else data


def _encoded(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _on_bed(page: Image.Image, shot: Shot, rng: np.random.Generator) -> Image.Image:
    assert shot.document is not None
    bed = shot.document.style.bed
    beside = CARD_WIDTH if shot.defect in ("colour_card", "ruler") else 0
    size = (page.width + 2 * BORDER + beside, page.height + 2 * BORDER)
    ground = Image.new("RGB", size, bed)
    shadow = Image.new("L", size, 0)
    corner = (BORDER + int(rng.integers(-14, 15)), BORDER + int(rng.integers(-14, 15)))
    ImageDraw.Draw(shadow).rectangle(
        (corner[0] + 4, corner[1] + 5, corner[0] + page.width + 4, corner[1] + page.height + 5), fill=110
    )
    ground.paste((8, 8, 9), mask=shadow.filter(ImageFilter.BoxBlur(4)))
    ground.paste(page, corner)
    angle = float(rng.normal(0, 0.5))
    turned = ground.rotate(angle, Image.Resampling.BILINEAR, fillcolor=bed)
    if shot.defect == "colour_card":
        _colour_card(turned, size[0] - CARD_WIDTH)
    elif shot.defect == "ruler":
        _ruler(turned, size[0] - CARD_WIDTH + 30)
    return _lit(turned, rng)


def _colour_card(picture: Image.Image, left: int) -> None:
    draw = ImageDraw.Draw(picture)
    top, step = picture.height // 8, picture.height * 3 // 4 // len(_PATCHES)
    draw.rectangle((left - 4, top - 8, left + 84, top + step * len(_PATCHES) + 4), fill=(22, 22, 23))
    for number, colour in enumerate(_PATCHES):
        draw.rectangle((left + 6, top + number * step, left + 74, top + (number + 1) * step - 8), fill=colour)


def _ruler(picture: Image.Image, left: int) -> None:
    draw = ImageDraw.Draw(picture)
    top, bottom = picture.height // 10, picture.height * 9 // 10
    draw.rectangle((left, top, left + 50, bottom), fill=(232, 230, 220))
    for number, y in enumerate(range(top + 6, bottom - 4, 8)):
        reach = 34 if number % 10 == 0 else 22 if number % 5 == 0 else 12
        draw.line((left, y, left + reach, y), fill=(20, 20, 20), width=2)


def _lit(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Give uneven light and the noise of a sensor."""
    pixels = np.asarray(picture, np.float32)
    light = np.linspace(1 + rng.normal(0, 0.02), 1 + rng.normal(0, 0.02), picture.width, dtype=np.float32)[None, :]
    fall = np.linspace(1 + rng.normal(0, 0.015), 1 + rng.normal(0, 0.015), picture.height, dtype=np.float32)[:, None]
    grain = rng.standard_normal(pixels.shape[:2], np.float32) * np.float32(2.2)
    exposed = pixels * (light * fall)[..., None] + grain[..., None]
    return Image.fromarray(np.clip(exposed, 0, 255).astype(np.uint8))
