"""How fast one host is asked: slower after each complaint, faster again after good answers, in order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from heritage_assets.curation.images import FetchSettings, ImageError, Reason
from heritage_assets.curation.images.hosts import CALM_ANSWERS, HostGate


def gate(**settings: float) -> HostGate:
    return HostGate("a.org", FetchSettings(longest_pause=0.0, **settings))


def test_requests_at_a_time_halve_with_every_complaint_and_come_back_one_by_one() -> None:
    one = gate(host_concurrency=8)
    limits = []
    for _ in range(5):
        one.complained(None)
        limits.append(one.limit)
    assert limits == [4, 2, 1, 1, 1]
    for calm in range(1, 10 * CALM_ANSWERS):
        one.answered()
        assert one.limit == min(8, 1 + calm // CALM_ANSWERS)


def test_a_complaint_breaks_the_calm() -> None:
    one = gate(host_concurrency=4)
    one.complained(None)
    for _ in range(5):
        for _ in range(CALM_ANSWERS - 1):
            one.answered()
        one.complained(timedelta(0))
    assert one.limit == 1


def test_no_more_than_the_limit_are_in_at_a_time_and_waiting_ones_enter_as_it_grows() -> None:
    async def course() -> list[int]:
        one, inside, seen = gate(host_concurrency=4), 0, []
        one.complained(timedelta(0))

        async def visit() -> None:
            nonlocal inside
            async with one.entered():
                inside += 1
                seen.append(inside)
                await asyncio.sleep(0.002)
                assert inside <= 4
                inside -= 1
                one.answered()

        await asyncio.wait_for(asyncio.gather(*(visit() for _ in range(4 * CALM_ANSWERS))), 30)
        return seen

    seen = asyncio.run(course())
    assert max(seen[:CALM_ANSWERS]) == 2 and max(seen) == 4


def test_a_pause_that_is_too_long_closes_the_gate() -> None:
    one = gate()
    one.complained(timedelta(hours=2))

    async def enter() -> None:
        async with one.entered():
            raise AssertionError("the host asked to be left alone")

    with pytest.raises(ImageError) as caught:
        asyncio.run(enter())
    assert caught.value.reason is Reason.RATE_LIMITED and not caught.value.tried
    assert caught.value.retry_after > timedelta(minutes=119)
