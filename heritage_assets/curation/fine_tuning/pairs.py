"""Image–text pairs of a collection, and which of them judge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from heritage_assets.curation.fine_tuning.settings import FineTuning

LEAST_OBJECTS = 10


@dataclass(frozen=True)
class Pair:
    """One record with a picture and words. ``thing`` is the object that it shows: copies of one object share it."""

    guid: str
    thing: str
    prompt: str
    title: str | None
    derivative: str


@dataclass(frozen=True)
class Split:
    """The pairs that train, and those that judge; no object is in both."""

    train: list[Pair]
    held_out: list[Pair]


def split(pairs: Sequence[Pair], plan: FineTuning) -> Split:
    """Divide pairs by object, by a hash: the same object falls on the same side whatever the archive grows by.

    Of more than ``most_records`` pairs, a part drawn in the same way is taken.

    Raises:
        ValueError: fewer than ten objects on a side; there is nothing to learn from, or to judge by.
    """
    chosen = sorted(pairs, key=lambda pair: (_share(f"take/{pair.thing}"), pair.guid))[: plan.most_records]
    judging = [pair for pair in chosen if _share(pair.thing) < plan.held_out]
    training = [pair for pair in chosen if _share(pair.thing) >= plan.held_out]
    for side, what in ((training, "train on"), (judging, "judge by")):
        things = {pair.thing for pair in side}
        if len(things) < LEAST_OBJECTS:
            raise ValueError(
                f"{len(things)} objects with picture and words to {what}, {LEAST_OBJECTS} are the least: harvest more, or change "
                "held_out"
            )
    return Split(training, judging)


def batches(pairs: Sequence[Pair], size: int, random: np.random.Generator) -> Iterator[list[int]]:
    """Yield the row numbers of one epoch's batches, shuffled.

    No batch has an object or a prompt twice: each would be told that the other is wrong. What does not fit waits for the
    batches behind.
    """
    waiting = random.permutation(len(pairs)).tolist()
    while waiting:
        batch: list[int] = []
        things: set[str] = set()
        prompts: set[str] = set()
        later: list[int] = []
        for at, row in enumerate(waiting):
            if len(batch) == size:
                later += waiting[at:]
                break
            pair = pairs[row]
            if pair.thing in things or pair.prompt in prompts:
                later.append(row)
            else:
                batch.append(row)
                things.add(pair.thing)
                prompts.add(pair.prompt)
        if len(batch) > 1:  # one pair alone has nothing to be told from
            yield batch
        waiting = later


def _share(text: str) -> float:
    """Return a number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
