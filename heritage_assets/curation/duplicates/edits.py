"""The harmless edits that archives make of a picture they got from each other: still the same picture.

Each takes and returns an upright RGB image and is deterministic. Used to calibrate and to test, never on stored images.
"""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from PIL import Image, ImageDraw, ImageEnhance, ImageFont

Edit = Callable[[Image.Image], Image.Image]

CROP = 0.03
MARK = "© digital collections"


def reencoded(image: Image.Image) -> Image.Image:
    """JPEG at quality 60."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=60)
    return Image.open(buffer).convert("RGB")


def halved(image: Image.Image) -> Image.Image:
    """Half the width and height."""
    return image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.LANCZOS)


def cropped(image: Image.Image) -> Image.Image:
    """3 % of width and height cut off, evenly."""
    left, top = round(image.width * CROP / 2), round(image.height * CROP / 2)
    return image.crop((left, top, max(left + 1, image.width - left), max(top + 1, image.height - top)))


def brightened(image: Image.Image) -> Image.Image:
    """15 % brighter."""
    return ImageEnhance.Brightness(image).enhance(1.15)


def marked(image: Image.Image) -> Image.Image:
    """A half-transparent line of text near the lower edge, a twentieth of the height."""
    result = image.convert("RGBA")
    layer = Image.new("RGBA", result.size, (255, 255, 255, 0))
    size = max(8, image.height // 20)
    draw = ImageDraw.Draw(layer)
    draw.text((image.width * 0.04, image.height - 2 * size), MARK, (255, 255, 255, 150), ImageFont.load_default(size))
    return Image.alpha_composite(result, layer).convert("RGB")


def greyscale(image: Image.Image) -> Image.Image:
    """Without colour."""
    return image.convert("L").convert("RGB")


EDITS: dict[str, Edit] = {edit.__name__: edit for edit in (reencoded, halved, cropped, brightened, marked, greyscale)}
"""By name."""
