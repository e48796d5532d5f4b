"""Portraits: a bust modelled by soft light, headgear, collar and garment, before a wall, a curtain or a window."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from heritage_assets.embedded.museum.canvas import (
    Pixels,
    Rgb,
    Shape,
    darken,
    jitter,
    mix,
    noise,
    paint,
    rgb,
    soft,
    vertical,
)
from heritage_assets.embedded.museum.kind import Value
from heritage_assets.embedded.museum.painters.landscape import sky
from heritage_assets.embedded.museum.painters.media import finish
from heritage_assets.embedded.museum.painters.portrait_dress import Bust, collar, headgear
from heritage_assets.embedded.museum.painters.portrait_face import SHADOW, features, model

_SKIN: tuple[Rgb, ...] = ((0.93, 0.77, 0.65), (0.87, 0.68, 0.54), (0.72, 0.5, 0.36), (0.55, 0.36, 0.25))


def _backdrop(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int, light: float) -> Pixels:
    colour = rgb(str(a["backdrop_colour"]))
    colour = mix(colour, (0.1, 0.08, 0.07), 0.25)
    picture = vertical(
        height, width, [(0, mix(colour, (0, 0, 0), 0.25)), (0.5, colour), (1, mix(colour, (0, 0, 0), 0.45))]
    )
    glow = Shape(height, width).ellipse(width * (0.5 - 0.22 * light), height * 0.36, width * 0.3, height * 0.25).mask()
    darken(picture, soft(glow, width * 0.13), -0.28)
    picture = picture * (1 + 0.06 * noise(rng, height, width, 60, 3))[..., None]
    setting = str(a["setting"])
    side = light
    if setting == "curtain":
        columns = np.arange(width, dtype=np.float32)
        folds = np.sin(columns / width * 34 + 2.5 * np.sin(columns / width * 7))
        cloth = np.asarray(mix(colour, (1, 1, 1), 0.06), np.float32) * (1 + 0.38 * folds)[None, :, None]
        edge = width * (0.36 if side > 0 else 0.64)
        shape = Shape(height, width)
        swag = [(edge + width * 0.1 * np.sin(t * 3.1), t * height) for t in np.linspace(0, 1, 12)]
        far = 0 if side > 0 else width
        shape.polygon([*swag, (far, height), (far, 0)])
        mask = shape.mask()
        darken(picture, np.roll(soft(mask, 8), int(6 * side), axis=1), 0.3)
        paint(picture, mask, np.broadcast_to(cloth, picture.shape))
    elif setting == "window":
        left, right = (0.06, 0.34) if side > 0 else (0.66, 0.94)
        h, w = int(height * 0.4), max(8, int((right - left) * width) // 2 * 2)
        top, x0 = int(height * 0.08), int(left * width)
        scene = sky("midday", h, w, 0.7, rng)
        hill = Shape(h, w).polygon([(0, h), (0, h * 0.72), (w * 0.4, h * 0.58), (w, h * 0.7), (w, h)]).mask()
        paint(scene, hill, (0.34, 0.48, 0.34))
        frame = Shape(height, width).rectangle(x0 - 7, top - 7, x0 + w + 7, top + h + 7).mask()
        paint(picture, frame, (0.32, 0.22, 0.15))
        picture[top : top + h, x0 : x0 + w] = scene
        bars = (
            Shape(height, width)
            .rectangle(x0 + w / 2 - 2, top, x0 + w / 2 + 2, top + h)
            .rectangle(x0, top + h / 2 - 2, x0 + w, top + h / 2 + 2)
        )
        paint(picture, bars, (0.32, 0.22, 0.15))
    return picture


_HAIR: dict[str, Rgb] = {
    "black": (0.1, 0.08, 0.08),
    "brown": (0.32, 0.2, 0.12),
    "yellow": (0.82, 0.65, 0.34),
    "red": (0.62, 0.25, 0.1),
    "grey": (0.72, 0.71, 0.69),
}


def portrait(a: Mapping[str, Value], rng: np.random.Generator, height: int, width: int) -> Pixels:
    """Paint a portrait."""
    turn = {"facing_left": -1.0, "facing_right": 1.0, "frontal": 0.0}[str(a["facing"])]
    light = -1.0 if turn == 0 else turn
    picture = _backdrop(a, rng, height, width, -light)
    sitter = str(a["sitter"])
    s = height * float(rng.uniform(0.185, 0.2))
    x = width / 2 + float(rng.normal(0, 0.012)) * width
    bust = Bust(x, height * 0.41, s * 0.92 if sitter == "girl" else s, turn)
    soft_face = sitter in ("woman", "girl")
    skin = jitter(_SKIN[int(rng.choice(4, p=(0.4, 0.3, 0.2, 0.1)))], rng, 0.015)
    hair = _HAIR[str(a["hair"])]
    strands = _back_hair(picture, bust, hair, soft_face, rng)
    garment = rgb(str(a["garment_colour"]))
    _body(picture, bust, skin, garment, light, rng)
    collar(picture, str(a["collar"]), bust.x, bust.y + 1.08 * bust.s, bust.s)
    _face(picture, bust, skin, light)
    features(picture, bust.x, bust.y, bust.s, turn, light, skin, hair, soft_face)
    locks = _fringe(picture, bust, soft_face, sitter == "old_man")
    paint(
        picture, soft(locks.mask(), 1.2), np.clip(np.asarray(hair, np.float32) * (1 + 0.24 * strands)[..., None], 0, 1)
    )
    accent = mix(garment, (0.98, 0.9, 0.7), 0.25) if sum(garment) < 2.2 else (0.5, 0.16, 0.14)
    headgear(picture, str(a["headgear"]), bust, accent)
    picture = finish(str(a["style"]), picture, rng)
    if a["setting"] == "oval":
        frame = 1 - Shape(height, width).ellipse(width / 2, height / 2, width * 0.47, height * 0.475).mask()
        paint(picture, frame, mix(rgb(str(a["backdrop_colour"])), (0.16, 0.12, 0.09), 0.72))
        rim = (
            Shape(height, width).arc(width / 2, height / 2, width * 0.475, height * 0.48, 0, 360, width * 0.012).mask()
        )
        paint(picture, rim, (0.84, 0.66, 0.3))
    return picture


def _back_hair(picture: Pixels, bust: Bust, hair_tone: Rgb, soft_face: bool, rng: np.random.Generator) -> Pixels:
    """Paint the hair behind the head; return its strands (height, width), -1 to 1."""
    height, width = picture.shape[:2]
    x, y, s, turn = bust.x, bust.y, bust.s, bust.turn
    back = Shape(height, width).ellipse(x - turn * 0.1 * s, y - 0.16 * s, 0.76 * s, 0.82 * s)
    if soft_face:
        back.polygon(
            [
                (x - 0.76 * s, y - 0.1 * s),
                (x - 0.86 * s, y + 1.15 * s),
                (x + 0.86 * s, y + 1.15 * s),
                (x + 0.76 * s, y - 0.1 * s),
            ]
        )
    hair_mask = back.mask()
    strands = np.sin(np.arange(width, dtype=np.float32)[None, :] * 60 / width + 3 * noise(rng, height, width, 50, 2))
    paint(picture, hair_mask, np.clip(np.asarray(hair_tone, np.float32) * (0.9 + 0.22 * strands)[..., None], 0, 1))
    return strands


def _body(picture: Pixels, bust: Bust, skin: Rgb, garment: Rgb, light: float, rng: np.random.Generator) -> None:
    height, width = picture.shape[:2]
    x, y, s = bust.x, bust.y, bust.s
    body = Shape(height, width).polygon(
        [
            (x - 0.4 * s, y + 0.95 * s),
            (x - 1.3 * s, y + 1.3 * s),
            (x - 1.75 * s, y + 2.2 * s),
            (x - 1.8 * s, height + 4),
            (x + 1.8 * s, height + 4),
            (x + 1.75 * s, y + 2.2 * s),
            (x + 1.3 * s, y + 1.3 * s),
            (x + 0.4 * s, y + 0.95 * s),
            (x, y + 1.35 * s),
        ]
    )
    neck = Shape(height, width).polygon(
        [
            (x - 0.36 * s, y + 0.4 * s),
            (x + 0.36 * s, y + 0.4 * s),
            (x + 0.44 * s, y + 1.1 * s),
            (x + 0.62 * s, y + 1.35 * s),
            (x, y + 1.75 * s),
            (x - 0.62 * s, y + 1.35 * s),
            (x - 0.44 * s, y + 1.1 * s),
        ]
    )
    model(picture, neck.mask(), mix(skin, SHADOW, 0.12), x, y + 1.0 * s, 0.8 * s, 1.0 * s, light)
    body_mask = soft(body.mask(), 1.2)
    model(picture, body_mask, garment, x, y + 1.9 * s, 1.9 * s, 1.5 * s, light)
    folds = np.clip(noise(rng, height, width, s * 0.7, 3), -1, 1)
    darken(picture, body_mask * np.clip(folds, 0, 1), 0.42)
    darken(picture, body_mask * np.clip(-folds, 0, 1), -0.18)


def _face(picture: Pixels, bust: Bust, skin: Rgb, light: float) -> None:
    height, width = picture.shape[:2]
    x, y, s, turn = bust.x, bust.y, bust.s, bust.turn
    face = (
        Shape(height, width)
        .ellipse(x, y, 0.58 * s, 0.74 * s)
        .polygon(
            [
                (x - 0.5 * s, y + 0.3 * s),
                (x - 0.22 * s, y + 0.8 * s),
                (x + 0.22 * s, y + 0.8 * s),
                (x + 0.5 * s, y + 0.3 * s),
            ]
        )
    )
    face_mask = soft(face.mask(), 1)
    darken(picture, np.roll(soft(face_mask, 6), int(0.14 * s), axis=0) * (1 - face_mask), 0.4)
    model(picture, face_mask, skin, x + turn * 0.06 * s, y, 0.85 * s, 0.95 * s, light)


def _fringe(picture: Pixels, bust: Bust, soft_face: bool, bearded: bool) -> Shape:
    """Return the shape of the hair before the face, and of the beard."""
    height, width = picture.shape[:2]
    x, y, s, turn = bust.x, bust.y, bust.s, bust.turn
    fringe = Shape(height, width)
    if soft_face:
        fringe.polygon(
            [
                (x - 0.64 * s, y + 0.1 * s),
                (x - 0.6 * s, y - 0.6 * s),
                (x, y - 0.84 * s),
                (x + 0.6 * s, y - 0.6 * s),
                (x + 0.64 * s, y + 0.1 * s),
                (x + 0.46 * s, y - 0.34 * s),
                (x + turn * 0.1 * s, y - 0.52 * s),
                (x - 0.46 * s, y - 0.34 * s),
            ]
        )
    else:
        fringe.polygon(
            [
                (x - 0.62 * s, y - 0.05 * s),
                (x - 0.6 * s, y - 0.62 * s),
                (x, y - 0.86 * s),
                (x + 0.6 * s, y - 0.62 * s),
                (x + 0.62 * s, y - 0.05 * s),
                (x + 0.5 * s, y - 0.44 * s),
                (x - 0.5 * s, y - 0.44 * s),
            ]
        )
    if bearded:
        fringe.polygon(
            [
                (x - 0.56 * s, y + 0.16 * s),
                (x - 0.5 * s, y + 0.8 * s),
                (x + turn * 0.1 * s, y + 1.32 * s),
                (x + 0.5 * s, y + 0.8 * s),
                (x + 0.56 * s, y + 0.16 * s),
                (x + 0.24 * s, y + 0.36 * s),
                (x, y + 0.33 * s),
                (x - 0.24 * s, y + 0.36 * s),
            ]
        )
        fringe.ellipse(x + turn * 0.2 * s, y + 0.48 * s, 0.15 * s, 0.045 * s, 0)
    return fringe
