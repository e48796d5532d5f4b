"""What the painters share: colours, noise, gradients, antialiased shapes, lighting, papers and the finish of each medium.

Pictures are float32 arrays (height, width, 3), 0 to 1, sRGB values. Shapes are drawn at twice the size and reduced, so that
edges are smooth.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

Pixels = NDArray[np.float32]
Rgb = tuple[float, float, float]
Point = tuple[float, float]
Box = tuple[slice, slice]

_SRGB: dict[str, tuple[int, int, int]] = {
    "red": (172, 38, 36),
    "orange": (219, 122, 40),
    "yellow": (228, 186, 70),
    "green": (70, 116, 62),
    "turquoise": (54, 150, 148),
    "blue": (38, 76, 148),
    "purple": (108, 60, 128),
    "pink": (222, 148, 160),
    "brown": (108, 68, 40),
    "black": (32, 30, 33),
    "white": (240, 236, 226),
    "grey": (132, 133, 136),
    "beige": (212, 192, 156),
}


def rgb(name: str) -> Rgb:
    """Return the museum's tone of a named colour, 0 to 1."""
    red, green, blue = _SRGB[name]
    return red / 255, green / 255, blue / 255


def mix(a: Rgb, b: Rgb, share: float) -> Rgb:
    """Return the colour that is ``share`` of the way from ``a`` to ``b``."""
    return tuple(x + (y - x) * share for x, y in zip(a, b, strict=True))  # type: ignore[return-value]


def times(a: Rgb, b: Rgb) -> Rgb:
    """Return a colour as it looks in coloured light."""
    return a[0] * b[0], a[1] * b[1], a[2] * b[2]


def jitter(colour: Rgb, rng: np.random.Generator, amount: float = 0.05) -> Rgb:
    """Return the colour moved a little at random."""
    return tuple(float(np.clip(x + d, 0, 1)) for x, d in zip(colour, rng.normal(0, amount, 3), strict=True))  # type: ignore[return-value]


def noise(rng: np.random.Generator, height: int, width: int, cell: float, octaves: int = 3) -> Pixels:
    """Return smooth fractal noise (height, width), about -1 to 1; the coarsest features are ``cell`` pixels wide."""
    rows, columns = max(2, int(height / cell) + 2), max(2, int(width / cell) + 2)
    total = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    weight = np.float32(1.0)
    for _ in range(octaves - 1):
        rows, columns, weight = min(rows * 2, height), min(columns * 2, width), weight / 2
        total = _enlarged(total, rows, columns)
        total = total + weight * rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    return _enlarged(total, height, width) / np.float32(1.5)


def _enlarged(values: Pixels, height: int, width: int) -> Pixels:
    return np.asarray(Image.fromarray(values).resize((width, height), Image.Resampling.BICUBIC))


def fill(height: int, width: int, colour: Rgb) -> Pixels:
    """Return a plain picture."""
    return np.broadcast_to(np.asarray(colour, np.float32), (height, width, 3)).copy()


def vertical(height: int, width: int, stops: Sequence[tuple[float, Rgb]]) -> Pixels:
    """Return a vertical gradient; ``stops`` are (place from 0 at the top to 1, colour)."""
    places = [place for place, _ in stops]
    rows = np.linspace(0, 1, height)
    column = np.stack([np.interp(rows, places, [colour[c] for _, colour in stops]) for c in range(3)], axis=-1)
    return np.broadcast_to(column[:, None, :], (height, width, 3)).astype(np.float32)


def grid(height: int, width: int) -> tuple[Pixels, Pixels]:
    """Return x and y of each pixel, both divided by the shorter side, the centre being (0, 0)."""
    short = min(height, width)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    return (x - width / 2) / short, (y - height / 2) / short


class Shape:
    """A mask drawn at twice the size; coordinates are pixels of the picture."""

    def __init__(self, height: int, width: int) -> None:
        self._image = Image.new("L", (width * 2, height * 2), 0)
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, points: Sequence[Point], value: int = 255) -> Shape:
        """Fill a polygon."""
        self._draw.polygon([(x * 2, y * 2) for x, y in points], fill=value)
        return self

    def ellipse(self, x: float, y: float, rx: float, ry: float, value: int = 255) -> Shape:
        """Fill an ellipse around (x, y)."""
        self._draw.ellipse((2 * (x - rx), 2 * (y - ry), 2 * (x + rx), 2 * (y + ry)), fill=value)
        return self

    def rectangle(self, left: float, top: float, right: float, bottom: float, value: int = 255) -> Shape:
        """Fill a rectangle; nothing where it is empty."""
        if right > left and bottom > top:
            self._draw.rectangle((2 * left, 2 * top, 2 * right, 2 * bottom), fill=value)
        return self

    def line(self, points: Sequence[Point], width: float, value: int = 255) -> Shape:
        """Draw a line of ``width`` pixels with rounded joints."""
        doubled = [(x * 2, y * 2) for x, y in points]
        self._draw.line(doubled, fill=value, width=max(1, round(width * 2)), joint="curve")
        return self

    def arc(self, x: float, y: float, rx: float, ry: float, start: float, end: float, width: float) -> Shape:
        """Draw part of an ellipse's outline, angles in degrees, clockwise from three o'clock."""
        box = (2 * (x - rx), 2 * (y - ry), 2 * (x + rx), 2 * (y + ry))
        self._draw.arc(box, start, end, fill=255, width=max(1, round(width * 2)))
        return self

    def text(self, x: float, y: float, text: str, size: float, anchor: str = "mm") -> Shape:
        """Write text at (x, y) in letters of ``size`` pixels."""
        self._draw.text((2 * x, 2 * y), text, fill=255, font=font(round(size * 2)), anchor=anchor)
        return self

    def mask(self) -> Pixels:
        """Return the coverage (height, width), 0 to 1."""
        mask = np.zeros((self._image.height // 2, self._image.width // 2), np.float32)
        part, box = self.local()
        mask[box] = part
        return mask

    def local(self) -> tuple[Pixels, Box]:
        """Return the coverage inside the box that holds all of the shape, and that box."""
        bounds = self._image.getbbox()
        if bounds is None:
            return np.zeros((0, 0), np.float32), np.s_[0:0, 0:0]
        left, top, right, bottom = bounds[0] & ~1, bounds[1] & ~1, bounds[2] + 1 & ~1, bounds[3] + 1 & ~1
        part = self._image.crop((left, top, right, bottom)).reduce(2)
        return np.asarray(part, np.float32) / np.float32(255), np.s_[top // 2 : bottom // 2, left // 2 : right // 2]


@cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font that Pillow carries, the same on every machine."""
    return ImageFont.load_default(max(6, size))


def box_of(mask: Pixels, margin: int = 0) -> Box:
    """Return the smallest box, widened by ``margin`` pixels, outside which the mask is zero."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return np.s_[0:0, 0:0]
    top, left = max(0, int(rows[0]) - margin), max(0, int(columns[0]) - margin)
    return np.s_[top : int(rows[-1]) + 1 + margin, left : int(columns[-1]) + 1 + margin]


def paint(picture: Pixels, where: Pixels | Shape, colour: Rgb | Pixels, opacity: float = 1.0) -> None:
    """Lay a colour, or another picture, over ``picture`` where the mask or the shape is; in place, and only inside its box."""
    if isinstance(where, Shape):
        mask, box = where.local()
    else:
        box = box_of(where)
        mask = where[box]
    source = np.asarray(colour, np.float32)
    cover = mask * np.float32(opacity)
    target = picture[box]
    # Channel by channel: numpy's loops over three values at a time are several times slower.
    for channel in range(3):
        part = source[box][..., channel] if source.ndim == 3 else source[channel]
        plane = target[..., channel]
        plane += (part - plane) * cover


def darken(picture: Pixels, mask: Pixels, amount: float) -> None:
    """Multiply by ``1 - amount`` where the mask is; in place. A negative amount lightens."""
    box = box_of(mask)
    shade(picture[box], 1 - np.float32(amount) * mask[box])


def shade(picture: Pixels, factor: Pixels) -> None:
    """Multiply each pixel by a factor (height, width); in place."""
    for channel in range(3):
        picture[..., channel] *= factor


def soft(mask: Pixels, radius: float) -> Pixels:
    """Return the mask blurred with a Gaussian of ``radius`` pixels; wide blurs are made on a smaller copy."""
    box = box_of(mask, int(3 * radius) + 2)
    if mask[box].size < 0.8 * mask.size:
        blurred = np.zeros_like(mask)
        blurred[box] = _blurred(mask[box], radius)
        return blurred
    return _blurred(mask, radius)


def _blurred(mask: Pixels, radius: float) -> Pixels:
    step = max(1, int(radius / 1.6))
    height, width = mask.shape
    if step == 1 or min(height, width) < 4 * step:
        return ndimage.gaussian_filter(mask, radius, mode="nearest", truncate=3)
    small = Image.fromarray(mask).resize((max(2, width // step), max(2, height // step)), Image.Resampling.BOX)
    blurred = Image.fromarray(ndimage.gaussian_filter(np.asarray(small), radius / step, mode="nearest", truncate=3))
    return np.asarray(blurred.resize((width, height), Image.Resampling.BICUBIC))


def relief(heights: Pixels, strength: float, angle: float = 225.0) -> Pixels:
    """Return the light that a surface sends back, about -1 to 1, lit from ``angle`` degrees (225: from the upper left)."""
    dy, dx = np.gradient(heights)
    radians = np.deg2rad(angle)
    return np.clip((dx * np.cos(radians) + dy * np.sin(radians)) * -np.float32(strength), -1, 1).astype(np.float32)


def vignette(picture: Pixels, amount: float) -> None:
    """Darken towards the corners; in place."""
    height, width = picture.shape[:2]
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    distance = np.clip((x * x + y * y) / 2, 0, 1).astype(np.float32)
    shade(picture, 1 - np.float32(amount) * np.power(distance, np.float32(1.5)))


def paper(rng: np.random.Generator, height: int, width: int, tone: Rgb, age: float = 0.5) -> Pixels:
    """Return a sheet of old paper: fibres, clouds, darker edges, some foxing; ``age`` from 0 to 1."""
    sheet = fill(height, width, tone)
    clouds = noise(rng, height, width, min(height, width) / 3)
    grain = rng.standard_normal((height, width), dtype=np.float32)
    texture = np.float32(0.035 * age) * clouds
    texture += np.float32(0.012) * grain
    shade(sheet, 1 + texture)
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    edge = np.maximum(np.square(np.square(np.square(x))), np.square(np.square(np.square(y)))) * np.float32(0.14 * age)
    for channel, share in enumerate((0.6, 1.0, 1.5)):
        sheet[..., channel] *= 1 - np.float32(share) * edge
    spots = Shape(height, width)
    for _ in range(int(rng.integers(0, 5 + int(10 * age)))):
        radius = float(rng.uniform(0.6, 2.6))
        spots.ellipse(
            float(rng.uniform(0, width)), float(rng.uniform(0, height)), radius, radius, int(rng.integers(40, 150))
        )
    paint(sheet, spots, (0.55, 0.38, 0.2), 0.5)
    return sheet


def wall(rng: np.random.Generator, height: int, width: int, colour: Rgb, floor: float = 0.74) -> Pixels:
    """Return a studio backdrop of one colour: light falls from above, a soft floor begins at ``floor`` of the height."""
    black, white = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
    stops = [
        (0.0, mix(colour, black, 0.18)),
        (floor - 0.1, mix(colour, white, 0.12)),
        (floor + 0.08, mix(colour, white, 0.02)),
        (1.0, mix(colour, black, 0.22)),
    ]
    picture = vertical(height, width, stops)
    shade(picture, 1 + 0.03 * noise(rng, height, width, min(height, width) / 2))
    vignette(picture, 0.3)
    return picture


def smear(rng: np.random.Generator, picture: Pixels, reach: float, cell: float) -> Pixels:
    """Return the picture with every pixel taken from a neighbour up to ``reach`` pixels away, in strokes ``cell`` pixels wide."""
    height, width = picture.shape[:2]
    dx = (noise(rng, height, width, cell, 2) * reach).astype(np.int32)
    dy = (noise(rng, height, width, cell, 2) * reach).astype(np.int32)
    rows = np.clip(np.arange(height, dtype=np.int32)[:, None] + dy, 0, height - 1)
    columns = np.clip(np.arange(width, dtype=np.int32)[None, :] + dx, 0, width - 1)
    return np.take(picture.reshape(-1, 3), rows * width + columns, axis=0)


def luminance(picture: Pixels) -> Pixels:
    """Return the lightness (height, width), 0 to 1, with the weights of ITU-R BT.601."""
    return (
        np.float32(0.299) * picture[..., 0] + np.float32(0.587) * picture[..., 1] + np.float32(0.114) * picture[..., 2]
    )


def saturate(picture: Pixels, factor: float) -> Pixels:
    """Return the picture with its distance from grey multiplied by ``factor``."""
    grey = luminance(picture)
    result = np.empty_like(picture)
    for channel in range(3):
        result[..., channel] = grey + (picture[..., channel] - grey) * np.float32(factor)
    return result


def ramp(values: Pixels, places: Sequence[float], colours: Sequence[Rgb]) -> Pixels:
    """Return values (height, width) as colours, read from a table of 1,024 steps; ``places`` from 0 to 1, rising."""
    steps = np.linspace(0, 1, 1024)
    table = np.stack([np.interp(steps, places, [colour[c] for colour in colours]) for c in range(3)], axis=-1)
    return np.take(table.astype(np.float32), np.clip(values * 1023, 0, 1023).astype(np.int32), axis=0)


def hatch(height: int, width: int, angle: float, spacing: float, wobble: Pixels) -> Pixels:
    """Return parallel waves (height, width), -1 to 1, ``spacing`` pixels apart, bent by ``wobble``: the burin's lines."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    radians = np.deg2rad(angle)
    phase = (x * np.cos(radians) + y * np.sin(radians)) / np.float32(spacing) + wobble
    return np.sin(phase * np.float32(2 * np.pi)).astype(np.float32)
