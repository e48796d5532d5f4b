"""The things of the demo museum: their visible attributes, drawn by seed, and their captions in five languages."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import ne

import numpy as np

from heritage_assets.embedded.museum.kind import COLOURS, Kind, Value
from heritage_assets.embedded.museum.kinds import KINDS
from heritage_assets.embedded.museum.people import MAKERS, PLACES
from heritage_assets.embedded.museum.vocabulary import counted, has_word, sentence, word

MUSEUM_SEED = 90210
"""Seed of the demo museum itself. The demo encoder is trained on other seeds, so the museum is held out."""

APART = 3
"""Visible attributes in which two things of a class differ at least."""
TRIES = 60


@dataclass(frozen=True)
class MuseumObject:
    """One thing of the museum.

    Attributes:
        object_id: unique for a seed, such as ``90210-00042``.
        klass: its true class, a key of ``KINDS``.
        attributes: visible attributes, axis of the kind -> value (a key of the vocabulary, a place, a letter, or a count).
        seed: seed of everything in the picture that the attributes leave open.
        year: year of making (AD).
        maker: name of its maker.
        size: width and height of the picture in pixels.
        variant: 0 for the thing itself; others are its look-alikes (another coin of the mould, the next page, a later state).
        variant_kind: what makes the look-alike: coin, page, verso, state, or "".
    """

    object_id: str
    klass: str
    attributes: Mapping[str, Value]
    seed: int
    year: int
    maker: str
    size: tuple[int, int]
    variant: int = 0
    variant_kind: str = ""

    @property
    def kind(self) -> Kind:
        """The kind that the class names."""
        return KINDS[self.klass]

    @property
    def family(self) -> str:
        """The id that a thing and its look-alikes share."""
        return self.object_id.rstrip("abcdefgh")

    def look_alike(self, variant: int, variant_kind: str) -> MuseumObject:
        """Return another thing that looks very much like this one."""
        return replace(
            self, object_id=f"{self.object_id}{'abcdefgh'[variant]}", variant=variant, variant_kind=variant_kind
        )


def generate_objects(count: int, seed: int, classes: Sequence[str] | None = None) -> list[MuseumObject]:
    """Draw ``count`` things, classes in equal shares. Pure: the same arguments give the same things.

    Two things of a class differ in at least :data:`APART` of their visible attributes: what resembles another thing by chance
    would be a look-alike that no truth names. One that comes too near an earlier one is drawn again, up to :data:`TRIES` times;
    then the one that came least near stands (classes of many thousands fill up).

    Raises:
        ValueError: a class is unknown.
    """
    names = tuple(classes or KINDS)
    if unknown := sorted(set(names) - set(KINDS)):
        raise ValueError(f"unknown classes {unknown} of the demo museum; there are {sorted(KINDS)}")
    rng = np.random.default_rng(seed)
    order = rng.permutation(np.arange(count) % len(names))
    seen: dict[str, list[tuple[Value, ...]]] = {name: [] for name in names}
    things = []
    for index, chosen in enumerate(order):
        name = names[chosen]
        thing = _draw(f"{seed}-{index:05d}", KINDS[name], rng)
        attributes = _unlike(thing.attributes, KINDS[name], seen[name], np.random.default_rng([seed, index]))
        seen[name].append(tuple(attributes.values()))
        things.append(replace(thing, attributes=attributes, maker=_maker(name, attributes)))
    return things


def _unlike(
    attributes: Mapping[str, Value], kind: Kind, seen: list[tuple[Value, ...]], rng: np.random.Generator
) -> Mapping[str, Value]:
    """Return the attributes, or others of the kind that differ enough from all that were seen."""

    def nearest(values: Mapping[str, Value]) -> int:
        drawn = tuple(values.values())
        return min((sum(map(ne, drawn, other)) for other in seen), default=APART)

    best, distance = attributes, nearest(attributes)
    for _ in range(TRIES):
        if distance >= APART:
            break
        again = _attributes(kind, rng)
        if (found := nearest(again)) > distance:
            best, distance = again, found
    return best


def _attributes(kind: Kind, rng: np.random.Generator) -> dict[str, Value]:
    attributes: dict[str, Value] = {}
    taken: set[Value] = set()
    for axis, values in kind.axes.items():
        choices: Sequence[Value] = values or PLACES
        if set(choices) <= set(COLOURS):
            choices = [value for value in choices if value not in taken]
        attributes[axis] = choices[int(rng.integers(len(choices)))]
        if set(choices) <= set(COLOURS):
            taken.add(attributes[axis])
    return attributes


def _draw(object_id: str, kind: Kind, rng: np.random.Generator) -> MuseumObject:
    attributes = _attributes(kind, rng)
    ratio, tall = kind.shapes[int(rng.integers(len(kind.shapes)))]
    long_side = int(rng.integers(520, 641)) // 2 * 2
    short_side = int(long_side / ratio) // 2 * 2
    first, last = kind.years
    return MuseumObject(
        object_id,
        kind.name,
        attributes,
        int(rng.integers(2**62)),
        int(rng.integers(first, last + 1)),
        _maker(kind.name, attributes),
        (short_side, long_side) if tall else (long_side, short_side),
    )


def _maker(klass: str, attributes: Mapping[str, Value]) -> str:
    school = next(
        (str(attributes[axis]) for axis in ("style", "technique", "process", "ware", "layout") if axis in attributes),
        "",
    )
    motif = str(next(iter(attributes.values())))
    return MAKERS[zlib.crc32(f"{klass}/{school}/{motif}".encode()) % len(MAKERS)]


_LABELS = {"hair_label": "hair"}


class _Phrases(dict[str, str]):
    """Resolves a name in a pattern: an attribute of the thing first, else a word of the vocabulary."""

    def __init__(self, obj: MuseumObject, language: str) -> None:
        super().__init__()
        self._object, self._language = obj, language

    def __missing__(self, name: str) -> str:
        attributes, counts = self._object.attributes, self._object.kind.counts
        if name in _LABELS:
            return word(_LABELS[name], self._language)
        if name not in attributes:
            return word(name, self._language)
        value = attributes[name]
        if name in counts:
            noun = counts[name]
            return counted(int(value), str(attributes.get(noun, noun)), self._language)
        return word(value, self._language) if isinstance(value, str) and has_word(value) else str(value)


def caption(obj: MuseumObject, language: str) -> dict[str, str | list[str]]:
    """Describe a thing in one language (en, de, fr, it or es).

    Returns:
        title, creator, type, description (strings) and subject (list of strings).
    """
    kind, phrases = obj.kind, _Phrases(obj, language)
    type_word = kind.type_word or kind.name
    description = ". ".join(sentence(part) for part in kind.description.format_map(phrases).split(". "))
    return {
        "title": sentence(kind.title.format_map(phrases)),
        "subject": list(dict.fromkeys([word(kind.name, language), *(phrases[axis] for axis in kind.subject)])),
        "creator": obj.maker,
        "type": word(type_word, language),
        "description": description,
    }
