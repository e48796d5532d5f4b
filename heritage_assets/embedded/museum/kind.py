"""What a kind of museum object is: what may vary in it, and how a catalogue describes it.

Every axis is visible in the picture and named in the text. Patterns hold names of axes and words of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | int

COLOURS = (
    "red",
    "orange",
    "yellow",
    "green",
    "turquoise",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "white",
    "grey",
    "beige",
)
SIDES = ("left", "right", "centre")
FACING = ("facing_left", "facing_right")
TIMES = ("dawn", "midday", "sunset", "moonlight", "storm", "mist")
PAINTING_STYLES = ("oil", "watercolour", "pointillism", "fauvism", "romanticism")
CORNERS = ("upper_left", "upper_right", "lower_left", "lower_right")


@dataclass(frozen=True)
class Kind:
    """One class of museum objects.

    Attributes:
        axes: attribute -> possible values (keys of the vocabulary, or counts). Attributes whose values are ``COLOURS`` or
            another shared tuple of colours never coincide in one object.
        title, description: patterns of an object's title and description.
        subject: attributes that become subject terms (after the kind's own word).
        counts: counting attribute -> the attribute, or the word, that names what is counted.
        shapes: (long side over short side, portrait?) to choose from.
        years: first and last year of making.
    """

    name: str
    axes: Mapping[str, tuple[Value, ...]]
    title: str
    description: str
    subject: tuple[str, ...]
    years: tuple[int, int]
    shapes: tuple[tuple[float, bool], ...]
    counts: Mapping[str, str] = field(default_factory=dict)
    type_word: str = ""


WIDE = ((1.25, False), (1.33, False), (1.5, False), (1.6, False))
TALL = ((1.25, True), (1.33, True), (1.45, True))
BOTH = (*WIDE[:2], *TALL[:2])
SQUARE = ((1.0, False), (1.08, False), (1.08, True))
"""Shapes of pictures: (long side over short side, portrait?)."""
