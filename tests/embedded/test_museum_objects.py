"""Things of the demo museum: drawn by seed, described truly in five languages, painted the same each time."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heritage_assets.embedded.museum import MUSEUM_SEED, caption, generate_objects, render
from heritage_assets.embedded.museum.kind import COLOURS
from heritage_assets.embedded.museum.kinds import KINDS
from heritage_assets.embedded.museum.people import PLACES
from heritage_assets.embedded.museum.vocabulary import LANGUAGES, counted, has_word, word


def test_same_seed_same_things() -> None:
    assert generate_objects(120, 7) == generate_objects(120, 7)
    assert generate_objects(120, 7) != generate_objects(120, 8)


def test_classes_come_in_equal_shares() -> None:
    shares = Counter(thing.klass for thing in generate_objects(len(KINDS) * 10, 3))
    assert set(shares) == set(KINDS)
    assert set(shares.values()) == {10}
    assert len(KINDS) >= 12


def test_only_the_classes_asked_for() -> None:
    assert {thing.klass for thing in generate_objects(20, 1, ["coin", "map"])} == {"coin", "map"}
    with pytest.raises(ValueError, match="unknown classes \\['spaceship'\\]"):
        generate_objects(1, 1, ["spaceship"])


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_each_kind_has_a_rich_space_and_all_its_words(kind) -> None:
    assert math.prod(len(values or PLACES) for values in kind.axes.values()) > 25_000
    for values in kind.axes.values():
        for value in values:
            assert isinstance(value, int) or len(value) == 1 or has_word(value), value


def test_every_word_is_there_in_every_language() -> None:
    from heritage_assets.embedded.museum.vocabulary import _table

    for key, row in _table().items():
        assert set(row) == set(LANGUAGES), key
        assert all(row.values()), key


@given(st.integers(0, 2**32), st.sampled_from(LANGUAGES))
@settings(max_examples=60, deadline=None)
def test_captions_name_every_visible_attribute(seed: int, language: str) -> None:
    for thing in generate_objects(len(KINDS), seed):
        words = caption(thing, language)
        text = f"{words['title']} {words['description']} {' '.join(words['subject'])}".casefold()
        counts = thing.kind.counts
        for axis, value in thing.attributes.items():
            if axis in counts:
                noun = counts[axis]
                phrase = counted(int(value), str(thing.attributes.get(noun, noun)), language)
            else:
                phrase = word(value, language) if isinstance(value, str) and has_word(value) else str(value)
            assert phrase.casefold() in text, (axis, value, text)


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_colours_of_one_thing_differ(seed: int) -> None:
    for thing in generate_objects(len(KINDS), seed):
        shared = [thing.attributes[axis] for axis, values in thing.kind.axes.items() if values == COLOURS]
        assert len(shared) == len(set(shared))


@pytest.mark.parametrize("name", KINDS)
def test_pictures_are_deterministic_and_not_empty(name: str) -> None:
    for thing in generate_objects(3, 11, [name]):
        picture = render(thing)
        assert picture.mode == "RGB"
        assert picture.size == thing.size
        assert 400 < max(picture.size) <= 640
        assert picture.tobytes() == render(thing).tobytes()
        assert np.asarray(picture).std() > 8


def test_different_things_look_different() -> None:
    small = [
        np.asarray(render(thing).resize((24, 24)).convert("L"), float).ravel() for thing in generate_objects(34, 5)
    ]
    vectors = np.stack([v - v.mean() for v in small])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    close = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    assert np.quantile(close, 0.99) < 0.9


@pytest.mark.parametrize(
    ("klass", "kind"), [("coin", "coin"), ("manuscript", "page"), ("manuscript", "verso"), ("print", "state")]
)
def test_look_alikes_are_alike_but_not_equal(klass: str, kind: str) -> None:
    thing = generate_objects(1, MUSEUM_SEED, [klass])[0]
    other = thing.look_alike(1, kind)
    assert other.object_id != thing.object_id
    assert other.family == thing.family == thing.object_id
    a, b = (np.asarray(render(one).resize((32, 32)).convert("L"), float).ravel() for one in (thing, other))
    assert np.corrcoef(a, b)[0, 1] > 0.6
    assert render(thing).tobytes() != render(other).tobytes()


def test_without_numeral_for_a_count_is_an_error() -> None:
    with pytest.raises(ValueError, match="no numeral for 7"):
        counted(7, "apple", "en")
