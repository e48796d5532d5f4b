"""Silhouettes in unit coordinates, drawn into a mask: heads, animals, signs. Coins, tiles, vases, maps and posters share them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from heritage_assets.embedded.museum.canvas import Point, Shape

_PROFILE: tuple[Point, ...] = (
    (-0.24, 0.98),
    (-0.2, 0.62),
    (-0.36, 0.56),
    (-0.48, 0.46),
    (-0.46, 0.33),
    (-0.42, 0.28),
    (-0.5, 0.22),
    (-0.46, 0.13),
    (-0.62, 0.08),
    (-0.47, -0.2),
    (-0.49, -0.3),
    (-0.42, -0.58),
    (-0.15, -0.82),
    (0.2, -0.84),
    (0.5, -0.55),
    (0.56, -0.18),
    (0.42, 0.2),
    (0.34, 0.5),
    (0.52, 0.98),
    (0.1, 0.88),
)


class Pen:
    """Draws unit coordinates (-1 to 1, y down) into a shape, scaled, moved, and mirrored."""

    def __init__(self, shape: Shape, x: float, y: float, s: float, mirrored: bool = False) -> None:
        self.shape, self.x, self.y, self.s, self.m = shape, x, y, s, -1 if mirrored else 1

    def _at(self, points: Sequence[Point]) -> list[Point]:
        return [(self.x + self.m * px * self.s, self.y + py * self.s) for px, py in points]

    def poly(self, *points: Point, value: int = 255) -> None:
        """Fill a polygon."""
        self.shape.polygon(self._at(points), value)

    def oval(self, x: float, y: float, rx: float, ry: float, value: int = 255) -> None:
        """Fill an ellipse."""
        ((cx, cy),) = self._at([(x, y)])
        self.shape.ellipse(cx, cy, rx * self.s, ry * self.s, value)

    def line(self, *points: Point, width: float, value: int = 255) -> None:
        """Draw a line; ``width`` in units."""
        self.shape.line(self._at(points), width * self.s, value)


def head(p: Pen) -> None:
    """A head in profile, facing left."""
    p.poly(*_PROFILE)


def hair(p: Pen) -> None:
    """Hair of the head: over the skull, short at the nape."""
    p.poly(
        (-0.4, -0.5),
        (-0.2, -0.84),
        (0.2, -0.88),
        (0.55, -0.58),
        (0.62, -0.1),
        (0.45, 0.26),
        (0.3, 0.2),
        (0.2, -0.12),
        (0.02, -0.2),
        (-0.1, -0.42),
    )


def laurel(p: Pen) -> None:
    """Leaves around the skull."""
    for k, t in enumerate(np.linspace(0, 1, 7)):
        x, y = -0.38 + 0.86 * t, -0.46 - 0.3 * np.sin(np.pi * t) + 0.3 * t
        p.poly((x - 0.08, y + 0.02), (x, y - 0.2 + 0.02 * k), (x + 0.09, y))
    p.line((0.5, -0.1), (0.74, 0.2), width=0.05)


def crown(p: Pen) -> None:
    """A crown with four points."""
    p.poly(
        (-0.44, -0.5),
        (-0.56, -0.98),
        (-0.3, -0.76),
        (-0.16, -1.1),
        (0.04, -0.8),
        (0.28, -1.1),
        (0.36, -0.76),
        (0.62, -0.9),
        (0.5, -0.4),
        (0.1, -0.56),
    )


def helmet(p: Pen) -> None:
    """A crested helmet."""
    p.poly(
        (-0.46, -0.34),
        (-0.4, -0.66),
        (-0.1, -0.94),
        (0.26, -0.94),
        (0.6, -0.6),
        (0.62, -0.05),
        (0.5, 0.2),
        (0.3, 0.1),
        (0.16, -0.2),
    )
    p.poly(
        (-0.3, -0.94),
        (0.0, -1.12),
        (0.4, -1.1),
        (0.74, -0.8),
        (0.9, -0.2),
        (0.78, 0.1),
        (0.7, -0.4),
        (0.5, -0.78),
        (0.2, -0.98),
        (-0.1, -0.96),
    )


def beard(p: Pen) -> None:
    """A full beard."""
    p.poly(
        (-0.44, 0.26),
        (-0.56, 0.5),
        (-0.46, 0.82),
        (-0.3, 0.95),
        (-0.08, 0.66),
        (0.06, 0.3),
        (0.12, 0.02),
        (-0.06, 0.2),
        (-0.3, 0.26),
    )


def eagle(p: Pen) -> None:
    """An eagle with spread wings, looking left."""
    p.oval(0, 0.05, 0.2, 0.42)
    p.oval(-0.05, -0.46, 0.13, 0.14)
    p.poly((-0.15, -0.5), (-0.32, -0.42), (-0.14, -0.38))
    for side in (-1, 1):
        p.poly((side * 0.1, -0.24), (side * 0.42, -0.62), (side * 0.8, -0.74), (side * 0.62, -0.3), (side * 0.2, 0.26))
        for k in range(5):
            x = side * (0.9 - 0.13 * k)
            p.poly(
                (side * (0.72 - 0.13 * k), -0.62 + 0.08 * k),
                (x, -0.16 + 0.13 * k),
                (x - side * 0.12, -0.14 + 0.13 * k),
                (side * (0.5 - 0.09 * k), -0.3),
            )
        p.line((side * 0.1, 0.4), (side * 0.26, 0.7), width=0.07)
    p.poly((-0.1, 0.36), (-0.26, 0.86), (0, 0.94), (0.26, 0.86), (0.1, 0.36))


def lion(p: Pen) -> None:
    """A lion walking to the left."""
    p.oval(0.12, 0.05, 0.5, 0.25)
    p.oval(-0.42, -0.2, 0.32, 0.36)
    p.oval(-0.56, -0.22, 0.2, 0.2, 205)
    p.poly((-0.7, -0.26), (-0.86, -0.12), (-0.68, -0.04))
    for x, lean in ((-0.42, -0.14), (-0.2, 0.05), (0.36, -0.06), (0.54, 0.08)):
        p.poly((x - 0.1, 0.1), (x + 0.1, 0.1), (x + 0.07 + lean, 0.68), (x - 0.1 + lean, 0.68))
    p.line((0.58, -0.02), (0.82, -0.2), (0.76, -0.52), (0.9, -0.66), width=0.07)
    p.oval(0.9, -0.68, 0.1, 0.08)


def horse(p: Pen) -> None:
    """A trotting horse, facing left."""
    p.oval(0.1, 0.02, 0.46, 0.23)
    p.poly((-0.34, 0.02), (-0.58, -0.58), (-0.38, -0.66), (-0.02, -0.18), (0, 0.1))
    p.poly((-0.44, -0.74), (-0.86, -0.38), (-0.78, -0.26), (-0.44, -0.44))
    p.poly((-0.48, -0.62), (-0.46, -0.82), (-0.38, -0.64))
    for x, knee, foot in ((-0.26, -0.42, -0.3), (-0.1, -0.08, 0.04), (0.42, 0.5, 0.34), (0.5, 0.66, 0.72)):
        p.line((x, 0.12), (knee, 0.42), (foot, 0.78), width=0.09)
    p.poly((0.5, -0.1), (0.78, 0.0), (0.82, 0.4), (0.68, 0.34), (0.6, 0.1))


def fish(p: Pen) -> None:
    """A fish swimming to the left."""
    p.poly((-0.86, 0.02), (-0.5, -0.26), (0, -0.36), (0.44, -0.14), (0.62, 0), (0.44, 0.14), (0, 0.34), (-0.5, 0.26))
    p.poly((0.5, 0), (0.9, -0.36), (0.78, 0), (0.9, 0.36))
    p.poly((-0.16, -0.3), (0.1, -0.56), (0.3, -0.2))
    p.oval(-0.58, -0.06, 0.06, 0.06, 0)
    p.line((-0.36, -0.24), (-0.28, 0), (-0.36, 0.24), width=0.04, value=0)


def owl(p: Pen) -> None:
    """An owl, its eyes open."""
    p.oval(0, 0.2, 0.36, 0.56)
    p.oval(0, -0.4, 0.38, 0.34)
    p.poly((-0.36, -0.46), (-0.36, -0.84), (-0.08, -0.66))
    p.poly((0.36, -0.46), (0.36, -0.84), (0.08, -0.66))
    for side in (-1, 1):
        p.oval(side * 0.16, -0.42, 0.12, 0.12, 0)
        p.oval(side * 0.16, -0.42, 0.05, 0.05)
        p.line((side * 0.12, 0.7), (side * 0.16, 0.86), width=0.09)


def bird(p: Pen) -> None:
    """A perched bird, facing left."""
    p.poly((-0.4, -0.3), (-0.1, -0.3), (0.3, -0.1), (0.9, 0.32), (0.3, 0.3), (0.02, 0.36), (-0.3, 0.22), (-0.46, -0.04))
    p.oval(-0.36, -0.32, 0.19, 0.18)
    p.poly((-0.5, -0.36), (-0.76, -0.28), (-0.5, -0.24))
    p.line((-0.06, 0.3), (-0.1, 0.66), width=0.04)
    p.line((0.08, 0.3), (0.06, 0.66), width=0.04)
    p.oval(-0.4, -0.36, 0.04, 0.04, 0)
    p.line((-0.1, -0.1), (0.2, 0.1), (0.5, 0.2), width=0.05, value=0)


def star(p: Pen, points: int = 8, inner: float = 0.45) -> None:
    """A star."""
    outline = []
    for k in range(points * 2):
        a, r = np.pi * k / points - np.pi / 2, 0.9 if k % 2 == 0 else 0.9 * inner
        outline.append((r * float(np.cos(a)), r * float(np.sin(a))))
    p.poly(*outline)


def cross(p: Pen) -> None:
    """A cross with widening arms."""
    for a in range(4):
        c, s = (1, 0, -1, 0)[a], (0, 1, 0, -1)[a]
        p.poly(*[(c * x - s * y, s * x + c * y) for x, y in ((0.05, -0.08), (0.85, -0.3), (0.85, 0.3), (0.05, 0.08))])
    p.oval(0, 0, 0.18, 0.18)


def oak_tree(p: Pen) -> None:
    """A tree with roots."""
    p.poly((-0.1, 0.6), (-0.06, -0.1), (0.06, -0.1), (0.1, 0.6), (0.36, 0.84), (-0.36, 0.84))
    for x, y, r in (
        (0, -0.5, 0.34),
        (-0.36, -0.28, 0.28),
        (0.36, -0.28, 0.28),
        (-0.18, -0.06, 0.22),
        (0.2, -0.06, 0.22),
    ):
        p.oval(x, y, r, r)


def galleon(p: Pen) -> None:
    """A ship under full sail, going left."""
    p.poly((-0.9, 0.22), (-0.5, 0.36), (0.4, 0.36), (0.8, 0.1), (0.66, 0.66), (-0.6, 0.66))
    for x, top in ((-0.44, -0.5), (0.02, -0.8), (0.46, -0.46)):
        p.line((x, 0.4), (x, top - 0.08), width=0.05)
        for k in range(2):
            y = top + k * 0.46
            p.poly(
                (x - 0.16 - 0.03 * k, y),
                (x + 0.16 + 0.03 * k, y),
                (x + 0.12 + 0.04 * k, y + 0.36),
                (x - 0.24 - 0.05 * k, y + 0.36),
            )


def warrior(p: Pen) -> None:
    """A warrior with spear and round shield, striding left."""
    p.oval(0, -0.66, 0.14, 0.16)
    p.poly((-0.08, -0.82), (0.2, -0.92), (0.3, -0.6), (0.12, -0.7))
    p.poly((-0.2, -0.48), (0.2, -0.48), (0.16, 0.1), (-0.16, 0.1))
    p.oval(-0.18, -0.16, 0.28, 0.28)
    p.oval(-0.18, -0.16, 0.12, 0.12, 0)
    for hip, knee, foot in ((-0.08, -0.24, -0.34), (0.08, 0.22, 0.4)):
        p.line((hip, 0.05), (knee, 0.46), (foot, 0.9), width=0.13)
    p.line((0.42, -0.98), (0.3, 0.9), width=0.045)


def cat(p: Pen) -> None:
    """A sitting cat."""
    p.poly((-0.3, 0.9), (-0.34, 0.3), (-0.16, -0.2), (0.16, -0.2), (0.36, 0.3), (0.4, 0.9))
    p.oval(0, -0.42, 0.32, 0.28)
    p.poly((-0.31, -0.46), (-0.34, -0.9), (-0.06, -0.66))
    p.poly((0.31, -0.46), (0.34, -0.9), (0.06, -0.66))
    p.line((0.34, 0.84), (0.7, 0.76), (0.76, 0.4), (0.62, 0.16), width=0.12)


def lily_cross(p: Pen) -> None:
    """A fleur-de-lis."""
    p.poly((0, -0.92), (0.22, -0.4), (0.12, 0.16), (-0.12, 0.16), (-0.22, -0.4))
    for side in (-1, 1):
        p.poly(
            (side * 0.1, 0.16),
            (side * 0.3, -0.36),
            (side * 0.64, -0.42),
            (side * 0.8, -0.1),
            (side * 0.6, 0.14),
            (side * 0.58, -0.12),
            (side * 0.42, -0.12),
            (side * 0.26, 0.2),
        )
        p.poly((side * 0.06, 0.3), (side * 0.4, 0.62), (side * 0.14, 0.6), (0, 0.92))
    p.poly((-0.42, 0.16), (0.42, 0.16), (0.42, 0.3), (-0.42, 0.3))


FIGURES: dict[str, Callable[[Pen], None]] = {
    "eagle": eagle,
    "lion": lion,
    "horse": horse,
    "horses": horse,
    "fish": fish,
    "owl": owl,
    "bird": bird,
    "birds": bird,
    "star": star,
    "cross": cross,
    "tree": oak_tree,
    "ship": galleon,
    "warriors": warrior,
    "cat": cat,
    "lily_cross": lily_cross,
}
"""Name -> silhouette; those that look somewhere look left."""


def figure(name: str, shape: Shape, x: float, y: float, s: float, mirrored: bool = False) -> None:
    """Draw a silhouette of half-height ``s`` around (x, y)."""
    FIGURES[name](Pen(shape, x, y, s, mirrored))
