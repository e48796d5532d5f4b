"""Musical instruments with a ribbon, before a backdrop, upright or leaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from heritage_assets.embedded.museum.canvas import Pixels, Point, Rgb, Shape, darken, mix, noise, paint, rgb, soft, wall
from heritage_assets.embedded.museum.kind import Value


class _Turned:
    """Draws coordinates of an upright instrument (-1 to 1, y down) turned by an angle into shapes."""

    def __init__(self, height: int, width: int, x: float, y: float, s: float, angle: float) -> None:
        self.size, self.x, self.y, self.s = (height, width), x, y, s
        self.c, self.n = float(np.cos(angle)), float(np.sin(angle))

    def at(self, px: float, py: float) -> tuple[float, float]:
        """Return the pixel of an instrument coordinate."""
        return self.x + (px * self.c - py * self.n) * self.s, self.y + (px * self.n + py * self.c) * self.s

    def shape(self) -> Shape:
        return Shape(*self.size)

    def poly(self, shape: Shape, points: list[tuple[float, float]], value: int = 255) -> None:
        shape.polygon([self.at(*p) for p in points], value)

    def oval(self, shape: Shape, px: float, py: float, rx: float, ry: float, value: int = 255) -> None:
        shape.polygon(
            [self.at(px + rx * float(np.cos(t)), py + ry * float(np.sin(t))) for t in np.linspace(0, 2 * np.pi, 48)],
            value,
        )

    def line(self, shape: Shape, points: list[tuple[float, float]], width: float) -> None:
        shape.line([self.at(*p) for p in points], width * self.s)


def _waisted(top: float, waist: float, bottom: float) -> list[tuple[float, float]]:
    ts = np.linspace(0, 1, 40)
    half = np.interp(ts, (0, 0.04, 0.2, 0.45, 0.75, 0.95, 1), (0, top * 0.7, top, waist, bottom, bottom * 0.65, 0))
    half = np.convolve(np.pad(half, 2, mode="edge"), np.ones(5) / 5, "valid")
    ys = -0.12 + 1.0 * ts
    return [*zip((-half).tolist(), ys.tolist(), strict=True), *zip(half[::-1].tolist(), ys[::-1].tolist(), strict=True)]


@dataclass
class _Made:
    """The shapes of an instrument: its body, its dark and pale parts, its strings."""

    body: Shape
    dark: Shape
    pale: Shape
    strings: Shape


def _plucked(t: _Turned, made: _Made, form: str) -> None:
    """A lute, a violin or a guitar."""
    if form == "lute":
        ts = np.linspace(0, 1, 30)
        half = 0.46 * np.sin(np.pi * ts**1.35) ** 0.75
        ys = -0.15 + 1.05 * ts
        t.poly(
            made.body,
            [
                *zip((-half).tolist(), ys.tolist(), strict=True),
                *zip(half[::-1].tolist(), ys[::-1].tolist(), strict=True),
            ],
        )
        t.poly(made.dark, [(-0.08, -0.92), (0.08, -0.92), (0.36, -1.08), (0.32, -1.16), (-0.06, -1.0)])
    else:
        t.poly(made.body, _waisted(*((0.34, 0.22, 0.42) if form == "violin" else (0.36, 0.26, 0.48))))
        t.poly(made.dark, [(-0.09, -0.92), (0.09, -0.92), (0.11, -1.16), (-0.11, -1.16)])
    t.poly(made.dark, [(-0.055, 0.1), (0.055, 0.1), (0.045, -0.96), (-0.045, -0.96)])
    if form == "violin":
        for side in (-1, 1):
            t.line(
                made.dark, [(side * 0.17, 0.28), (side * 0.14, 0.36), (side * 0.18, 0.46), (side * 0.15, 0.54)], 0.025
            )
        t.poly(made.pale, [(-0.12, 0.44), (0.12, 0.44), (0.1, 0.48), (-0.1, 0.48)])
        t.poly(made.dark, [(-0.05, 0.5), (0.05, 0.5), (0.07, 0.78), (-0.07, 0.78)])
    else:
        t.oval(made.dark, 0, 0.2 if form == "guitar" else 0.26, 0.13, 0.13)
        t.line(made.dark, [(-0.2, 0.62), (0.2, 0.62)], 0.05)
    for k in range(6):
        for side in (-1, 1):
            if k < 3:
                t.oval(made.pale, side * 0.14, -0.98 - 0.07 * k, 0.03, 0.02)
        px = -0.035 + 0.014 * k
        t.line(made.strings, [(px, -0.96), (px * 1.8, 0.62)], 0.006)


def _harp(t: _Turned, made: _Made, form: str) -> None:
    """A harp."""
    t.line(made.body, [(-0.5, 0.9), (0.34, 0.92)], 0.12)
    t.line(made.body, [(0.36, 0.94), (0.52, -0.86)], 0.09)
    t.line(made.body, [(-0.48, 0.92), (-0.42, -0.3)], 0.15)
    t.line(made.body, [(-0.44, -0.3), (-0.2, -0.62), (0.1, -0.58), (0.5, -0.9)], 0.12)
    t.oval(made.body, 0.55, -0.94, 0.1, 0.08)
    for k in range(15):
        px = -0.34 + 0.056 * k
        t.line(made.strings, [(px, 0.88), (px + 0.02, -0.5 - 0.12 * (k / 15))], 0.008)


def _drum(t: _Turned, made: _Made, form: str) -> None:
    """A drum with two sticks."""
    t.poly(made.body, [(-0.56, -0.36), (0.56, -0.36), (0.56, 0.52), (-0.56, 0.52)])
    t.oval(made.body, 0, 0.52, 0.56, 0.17)
    t.oval(made.pale, 0, -0.36, 0.56, 0.17)
    for k in range(7):
        px = -0.56 + 0.16 * k
        t.line(made.strings, [(px, -0.28), (px + 0.08, 0.58), (px + 0.16, -0.28)], 0.014)
    t.line(made.dark, [(-0.5, -0.72), (0.14, -0.4)], 0.045)
    t.line(made.dark, [(0.56, -0.8), (-0.04, -0.4)], 0.045)


def _trumpet(t: _Turned, made: _Made, form: str) -> None:
    """A trumpet, its bell below."""
    t.line(made.body, [(0.0, -0.95), (0.0, 0.4)], 0.07)
    t.line(made.body, [(0.0, -0.5), (0.26, -0.44), (0.28, 0.26), (0.02, 0.34)], 0.06)
    t.poly(made.body, [(-0.035, 0.36), (0.035, 0.36), (0.12, 0.72), (0.36, 0.96), (-0.36, 0.96), (-0.12, 0.72)])
    t.oval(made.dark, 0, 0.96, 0.36, 0.06)
    for k in range(3):
        t.oval(made.pale, 0.13, -0.3 + 0.18 * k, 0.045, 0.045)
    t.oval(made.body, 0, -0.97, 0.07, 0.04)


_FORMS: dict[str, tuple[Callable[[_Turned, _Made, str], None], Point, Point]] = {
    "lute": (_plucked, (0.0, 0.4), (0, -0.78)),
    "violin": (_plucked, (0.0, 0.4), (0, -0.8)),
    "guitar": (_plucked, (0.0, 0.4), (0, -0.8)),
    "harp": (_harp, (-0.44, 0.35), (0.5, -0.5)),
    "drum": (_drum, (0.0, 0.18), (-0.5, -0.1)),
    "trumpet": (_trumpet, (0.0, 0.62), (0, -0.05)),
}
"""Form -> draw it, the middle of its decoration, where its ribbon is tied."""


def instrument(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Photograph an instrument."""
    form, colour = str(a["form"]), rgb(str(a["body_colour"]))
    picture = wall(rng, height, width, mix(rgb(str(a["backdrop_colour"])), (0.45, 0.45, 0.45), 0.1), 0.82)
    angle = {"upright": 0.0, "leaning_left": -0.36, "leaning_right": 0.36}[str(a["pose"])]
    place = 0.57 if form in ("lute", "violin", "guitar") else 0.52
    t = _Turned(height, width, width / 2, height * place, min(height * 0.405, width * 0.5), angle)
    made = _Made(*(t.shape() for _ in range(4)))
    draw, face, knot = _FORMS[form]
    draw(t, made, form)
    mask = made.body.mask()
    every = np.maximum(mask, np.maximum(made.dark.mask(), made.pale.mask()))
    darken(picture, np.roll(soft(every, 9), (8, 12), axis=(0, 1)), 0.5)
    _polish(picture, mask, colour, form == "trumpet", rng)
    if a["decoration"] != "undecorated":
        _decorate(picture, t, mask, form, face, a["decoration"] == "inlaid", a["body_colour"] == "red")
    paint(picture, made.dark, (0.15, 0.1, 0.08))
    paint(picture, made.pale, (0.93, 0.88, 0.76))
    paint(picture, made.strings, (0.93, 0.9, 0.82), 0.85)
    _ribbon(picture, t, knot, rgb(str(a["ribbon_colour"])))
    return picture


def _polish(picture: Pixels, mask: Pixels, colour: Rgb, metal: bool, rng: np.random.Generator) -> None:
    """Paint the body as varnished wood, or as metal."""
    height, width = mask.shape
    gloss = 1.1 - 0.35 * np.clip((np.arange(width, dtype=np.float32) - width * 0.3) / (width * 0.5), 0, 1)
    grain = np.repeat(noise(rng, height, max(2, width // 5), 30, 3), 5, axis=1)
    grain = np.pad(grain, ((0, 0), (0, width - grain.shape[1])), mode="edge")
    paint(
        picture,
        mask,
        np.clip(
            np.asarray(mix(colour, (0.95, 0.8, 0.4), 0.12 if metal else 0.0), np.float32)
            * (gloss[None, :] * (1 + (0.02 if metal else 0.13) * grain))[..., None],
            0,
            1,
        ),
    )
    inner = np.clip(mask - soft(mask, 7), 0, 1)
    darken(picture, np.roll(inner, (-2, -2), axis=(0, 1)), -0.5 if metal else -0.28)
    darken(picture, np.clip(mask - np.roll(mask, (-4, -4), axis=(0, 1)), 0, 1), 0.45)


def _decorate(picture: Pixels, t: _Turned, mask: Pixels, form: str, face: Point, ivory: bool, red: bool) -> None:
    """Set ivory lozenges, or paint flowers, around the point ``face`` of the body."""
    deco = t.shape()
    blossoms = t.shape()
    for k in range(7):
        px, py = (
            face[0] + (0.2 if form != "harp" else 0.0) * float(np.cos(k * 2.4)) * (k / 7 + 0.4),
            face[1] + 0.25 * float(np.sin(k * 2.4)) * (k / 7 + 0.5),
        )
        if ivory:
            t.poly(deco, [(px - 0.05, py), (px, py - 0.075), (px + 0.05, py), (px, py + 0.075)])
        else:
            for j in range(5):
                t.oval(deco, px + 0.045 * float(np.cos(j * 1.257)), py + 0.045 * float(np.sin(j * 1.257)), 0.032, 0.032)
            t.oval(blossoms, px, py, 0.025, 0.025)
    tone: Rgb = (0.95, 0.91, 0.8) if ivory else ((0.9, 0.3, 0.36) if not red else (0.95, 0.85, 0.6))
    paint(picture, deco.mask() * mask, tone)
    paint(picture, blossoms.mask() * mask, (0.96, 0.8, 0.3))
    if ivory and form in ("lute", "violin", "guitar", "drum"):
        rim = np.clip(soft(mask, 3) * (1 - soft(mask, 3)) * 4, 0, 1) * mask
        paint(picture, rim, (0.95, 0.91, 0.8), 0.8)


def _ribbon(picture: Pixels, t: _Turned, knot: Point, ribbon: Rgb) -> None:
    band = t.shape()
    kx, ky = t.at(*knot)
    s = t.s
    for side in (-1, 1):
        band.ellipse(kx + side * 0.13 * s, ky, 0.12 * s, 0.07 * s)
        band.polygon(
            [
                (kx, ky),
                (kx + side * 0.1 * s, ky),
                (kx + side * 0.3 * s, ky + 0.5 * s),
                (kx + side * 0.17 * s, ky + 0.46 * s),
                (kx + side * 0.1 * s, ky + 0.54 * s),
            ]
        )
    band.ellipse(kx, ky, 0.055 * s, 0.06 * s)
    mask = band.mask()
    darken(picture, np.roll(mask, (4, 4), axis=(0, 1)), 0.4)
    paint(picture, mask, ribbon)
    darken(picture, np.clip(mask - np.roll(mask, (-3, -3), axis=(0, 1)), 0, 1), 0.3)
