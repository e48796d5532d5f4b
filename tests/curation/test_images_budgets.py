"""What bounds memory: never exceeded, never stuck, nothing leaked."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from heritage_assets.curation.images import FetchSettings
from heritage_assets.curation.images.budgets import Lease, MemoryBudget
from heritage_assets.curation.images.policy import ENTRY_BYTES

MEBIBYTE = 1 << 20


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4 * MEBIBYTE), st.booleans()), min_size=1, max_size=60), st.integers(1, 8))
def test_bodies_never_exceed_the_budget_and_every_body_gets_its_turn(bodies, slots) -> None:
    limit = 4 * MEBIBYTE + slots * ENTRY_BYTES

    async def scenario() -> None:
        budget, held = MemoryBudget(slots, limit), {}

        async def download(name: int, size: int, cancelled: bool) -> None:
            await budget.slots.acquire()
            lease = Lease(budget)
            try:
                await lease.cover(4 * MEBIBYTE)  # the length is not known yet
                held[name] = max(ENTRY_BYTES, size)
                assert sum(held.values()) <= limit and len(held) <= slots
                lease.shrink(size)
                await asyncio.sleep(random.random() / 1000)
                if cancelled:
                    raise asyncio.CancelledError
            finally:
                held.pop(name, None)
                lease.release()
                lease.release()

        jobs = [asyncio.create_task(download(name, *body)) for name, body in enumerate(bodies)]
        await asyncio.sleep(0)
        for job, (_, cancelled) in zip(jobs, bodies, strict=True):
            if cancelled and random.random() < 0.5:
                job.cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(*jobs, return_exceptions=True)
        assert budget._free == limit - slots * ENTRY_BYTES and not budget._waiting
        assert not any(isinstance(job.exception(), AssertionError) for job in jobs if not job.cancelled())

    asyncio.run(scenario())


def test_settings_that_could_not_hold_one_body_are_refused() -> None:
    with pytest.raises(ValidationError, match="can't hold one body of max_bytes"):
        FetchSettings(max_bytes=300 * MEBIBYTE)
    with pytest.raises(ValidationError, match="exceeds derivative_side"):
        FetchSettings(derivative_side=64, thumbnail_side=128)
    with pytest.raises(ValidationError):
        FetchSettings(allowed_networks=("not a network",))
    with pytest.raises(ValidationError):
        FetchSettings(user_agent="two\r\nlines: injected")
