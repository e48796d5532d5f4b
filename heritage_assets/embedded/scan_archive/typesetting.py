"""Setting type on a page: lines, justified paragraphs, handwriting, rules and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from heritage_assets.embedded.scan_archive import faces
from heritage_assets.embedded.scan_archive.plan import Colour, Style

LEADING = 1.42
"""Pitch of lines, in sizes of letters."""


@dataclass
class Sheet:
    """A page that is being set. ``image``: RGB; ``y``: where the next line goes, in pixels."""

    image: Image.Image
    style: Style
    y: float = 0.0
    draw: ImageDraw.ImageDraw = field(init=False)

    def __post_init__(self) -> None:
        self.draw = ImageDraw.Draw(self.image)
        self.y = self.top

    @property
    def left(self) -> float:
        """Left edge of the type area."""
        return self.image.width * self.style.margin

    @property
    def right(self) -> float:
        """Right edge of the type area."""
        return self.image.width * (1 - self.style.margin)

    @property
    def top(self) -> float:
        """Upper edge of the type area."""
        return self.image.height * self.style.margin * 0.9

    @property
    def bottom(self) -> float:
        """Lower edge of the type area."""
        return self.image.height * (1 - self.style.margin)

    def line(
        self, text: str, size: int, *, cut: int = 0, align: str = "l", face: str | None = None, gap: float = LEADING
    ) -> None:
        """Set one line, made smaller where it is too wide; ``align``: l, m or r."""
        face = face or self.style.face
        wide = faces.width(face, size, cut, text)
        room = self.right - self.left
        if wide > room:
            size = max(8, int(size * room / wide))
        x = {"l": self.left, "m": (self.left + self.right) / 2, "r": self.right}[align]
        self.draw.text((x, self.y), text, fill=self.style.ink, font=faces.font(face, size, cut), anchor=f"{align}a")
        self.y += size * gap

    def wrapped(self, text: str, size: int, *, cut: int = 0, align: str = "m", face: str | None = None) -> None:
        """Set a title over as many lines as it needs."""
        for line in broken(text, face or self.style.face, size, cut, self.right - self.left):
            self.line(" ".join(line), size, cut=cut, align=align, face=face)

    def body(
        self, text: str, *, left: float | None = None, right: float | None = None, bottom: float | None = None
    ) -> None:
        """Set a justified paragraph; what does not fit is left out."""
        size, face = self.style.size, self.style.face
        left, right = self.left if left is None else left, self.right if right is None else right
        last = self.bottom if bottom is None else bottom
        indent = size * 1.6
        lines = broken(text, face, size, 0, right - left, indent)
        for number, words in enumerate(lines):
            if self.y + size > last:
                return
            start = left + (indent if number == 0 else 0)
            self._words(words, start, right, justified=number < len(lines) - 1)
            self.y += size * LEADING

    def _words(self, words: Sequence[str], left: float, right: float, *, justified: bool) -> None:
        size, face = self.style.size, self.style.face
        type_face = faces.font(face, size)
        ragged = face in ("typewriter", "telegraph")  # machines with one width of letter set no even edge
        if ragged or not justified or len(words) < 2:
            self.draw.text((left, self.y), " ".join(words), fill=self.style.ink, font=type_face)
            return
        widths = [faces.width(face, size, 0, word) for word in words]
        gap = min((right - left - sum(widths)) / (len(words) - 1), size * 1.3)
        for word, wide in zip(words, widths, strict=True):
            self.draw.text((left, self.y), word, fill=self.style.ink, font=type_face)
            left += wide + gap

    def columns(self, paragraphs: Sequence[str]) -> None:
        """Set paragraphs in the document's columns."""
        count = self.style.columns
        gutter = self.style.size * 1.5
        wide = (self.right - self.left - gutter * (count - 1)) / count
        start, share = self.y, max(1, -(-len(paragraphs) // count))
        for column in range(count):
            self.y = start
            left = self.left + column * (wide + gutter)
            for text in paragraphs[column * share : (column + 1) * share]:
                self.body(text, left=left, right=left + wide)

    def written(self, text: str, rng: np.random.Generator) -> None:
        """Write by hand: joined strokes, one word after the other, until the page is full."""
        x, size = self.left, self.style.size * 1.05
        for word in text.split():
            wide = len(word) * size * 0.42
            if x + wide > self.right:
                x = self.left + float(rng.uniform(0, 6))
                self.y += size * 1.75
            if self.y + size > self.bottom:
                return
            steps = np.arange(len(word) * 5)
            heights = np.repeat(rng.choice((0.35, 0.45, 0.95, 1.2), len(word), p=(0.4, 0.35, 0.15, 0.1)), 5)
            ys = self.y + size - size * heights * np.abs(np.sin(steps * 1.26 + rng.uniform(0, 3)))
            xs = x + steps * size * 0.084 + (self.y + size - ys) * 0.35
            points = list(zip(xs.tolist(), ys.tolist(), strict=True))
            self.draw.line(points, fill=self.style.ink, width=2, joint="curve")
            x += wide + size * 0.55

    def rule(self, *, weight: int = 1, inset: float = 0.0) -> None:
        """Draw a line across the type area."""
        room = (self.right - self.left) * inset
        self.draw.line((self.left + room, self.y, self.right - room, self.y), fill=self.style.ink, width=weight)
        self.y += self.style.size * 0.6

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Set a ruled table: the first column of words, the others of figures."""
        size, face, ink = self.style.size, self.style.face, self.style.ink
        wide = self.right - self.left
        first = wide * 0.4
        edges = [self.left, *(self.left + first + (wide - first) * k / (len(head) - 1) for k in range(len(head)))]
        pitch, start = size * 1.5, self.y
        for number, row in enumerate((head, *rows)):
            if self.y + pitch > self.bottom:
                break
            type_face = faces.font(face, size, 1 if number == 0 else 0)
            for k, cell in enumerate(row):
                x, anchor = (edges[0] + size * 0.4, "la") if k == 0 else (edges[k + 1] - size * 0.4, "ra")
                self.draw.text((x, self.y + size * 0.15), cell, fill=ink, font=type_face, anchor=anchor)
            self.y += pitch
            self.draw.line((self.left, self.y, self.right, self.y), fill=ink, width=2 if number == 0 else 1)
        for edge in (*edges[:1], *edges[1:]):
            self.draw.line((edge, start, edge, self.y), fill=ink, width=1)

    def foot(self, number: int | None) -> None:
        """Print the page's number."""
        if number is None:
            return
        face = faces.font(self.style.face, self.style.size)
        self.draw.text(
            (self.image.width / 2, (self.bottom + self.image.height) / 2), str(number),
            fill=self.style.ink, font=face, anchor="mm",
        )  # fmt: skip

    def head(self, text: str) -> None:
        """Print a running head, and go to the first line of the text."""
        size = max(9, self.style.size - 4)
        self.y = self.top - size * 1.2
        self.line(text, size, cut=2, align="m")
        self.y = self.top + size * 0.6


def broken(text: str, face: str, size: int, cut: int, room: float, indent: float = 0.0) -> list[list[str]]:
    """Break text into lines of at most ``room`` pixels; a longer word has a line of its own."""
    space = faces.width(face, size, cut, " ")
    lines: list[list[str]] = [[]]
    used = indent
    for word in text.split():
        wide = faces.width(face, size, cut, word)
        if lines[-1] and used + wide > room:
            lines.append([])
            used = 0.0
        lines[-1].append(word)
        used += wide + space
    return lines


def shade(colour: Colour, factor: float) -> Colour:
    """Return a colour made darker (below 1) or lighter."""
    red, green, blue = (min(255, int(value * factor)) for value in colour)
    return red, green, blue
