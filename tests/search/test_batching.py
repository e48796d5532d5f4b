"""Micro-batches: everybody gets an answer of their own, in few calls, and no more wait than may."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.search.api.guard import TokenBuckets
from heritage_assets.search.batching import Batcher, OverloadedError
from heritage_assets.search.lexicon import plain, quoted_phrase
from heritage_assets.search.queries import VectorQuery, merged, plan


def run_all(items, *, batch=4, lanes=1, most_waiting=1_000, fail=()):
    calls = []

    async def work(asked):
        calls.append(list(asked))
        await asyncio.sleep(0.001)
        return [ValueError(item) if item in fail else item * 10 for item in asked]

    async def everybody():
        batcher = Batcher(work, name="work", batch=batch, most_waiting=most_waiting, lanes=lanes)
        return await asyncio.gather(*(batcher.ask(item) for item in items), return_exceptions=True), batcher

    answers, batcher = asyncio.run(everybody())
    return answers, calls, batcher


@given(
    st.lists(st.integers(0, 50), max_size=40),
    st.integers(1, 8),
    st.integers(1, 3),
    st.sets(st.integers(0, 50), max_size=3),
)
def test_everybody_gets_their_own_answer(items, batch, lanes, fail):
    answers, calls, _ = run_all(items, batch=batch, lanes=lanes, fail=fail)
    for item, answer in zip(items, answers, strict=True):
        assert isinstance(answer, ValueError) if item in fail else answer == item * 10
    assert sorted(one for call in calls for one in call) == sorted(items)
    assert max(map(len, calls), default=0) <= batch


def test_what_is_asked_at_once_is_done_in_few_calls():
    _, calls, _ = run_all(list(range(20)), batch=32)
    assert len(calls) == 1


def test_no_more_wait_than_may():
    answers, _, batcher = run_all(list(range(20)), batch=2, most_waiting=5)
    refused = [answer for answer in answers if isinstance(answer, OverloadedError)]
    assert len(refused) == batcher.shed == 15
    assert sorted(answer for answer in answers if not isinstance(answer, Exception)) == [0, 10, 20, 30, 40]


def test_who_has_gone_away_costs_nothing():
    calls = []

    async def work(asked):
        calls.append(list(asked))
        await asyncio.sleep(0.01)
        return asked

    async def scene():
        batcher = Batcher(work, name="work", batch=1, most_waiting=10)
        first = asyncio.ensure_future(batcher.ask(1))
        gone = asyncio.ensure_future(batcher.ask(2))
        last = asyncio.ensure_future(batcher.ask(3))
        await asyncio.sleep(0.002)
        gone.cancel()
        return await first, await last

    assert asyncio.run(scene()) == (1, 3)
    assert calls == [[1], [3]]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 5)), max_size=60), st.floats(0.5, 5), st.integers(1, 5))
def test_buckets_never_let_more_through_than_rate_and_burst(steps, rate, burst):
    buckets, now, let_in = TokenBuckets(rate, burst), 0.0, {}
    for client, pause in steps:
        now += pause
        if buckets.wait(client, 1.0, now) == 0:
            let_in.setdefault(client, []).append(now)
    for times in let_in.values():
        for first in range(len(times)):
            for last in range(first, len(times)):
                assert last - first + 1 <= burst + rate * (times[last] - times[first]) + 1e-6


@given(st.text(max_size=30))
def test_identifiers_are_compared_without_case_space_and_punctuation(text):
    assert plain(text) == plain(f"  {text} ") == plain(plain(text))


def test_phrases_stand_in_quotation_marks():
    assert quoted_phrase(' "a red vase" ') == "a red vase"
    assert quoted_phrase("„eine rote Vase“") == "eine rote Vase"
    assert quoted_phrase('a "red" vase') is None


@given(st.floats(0, 1))
def test_text_and_image_together_weigh_what_they_are_told(weight):
    words, picture = np.array([0, 1], np.float32), np.array([1, 0], np.float32)
    (query,) = plan(words, picture, weight=weight)
    assert query.using == "combined"
    assert query.vector == pytest.approx([weight, 0, 0, 1 - weight])


def test_filters_that_exclude_each_other_ask_nothing():
    query = VectorQuery("embedding_text", only={"embedding_status": ["NO_IMAGE", "FAILED"]})
    assert query.narrowed({"embedding_status": ["OK"]}) is None
    assert query.narrowed({"embedding_status": ["OK", "FAILED"]}) == {"embedding_status": ["FAILED"]}
    assert merged([[("a", 0.5), ("b", 0.4)], [("b", 0.6)]]) == [("b", 0.6), ("a", 0.5)]
