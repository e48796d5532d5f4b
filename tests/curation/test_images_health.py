"""Which hosts got worse beyond chance, and which never count."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heritage_assets.curation.images import HostHealth, risen
from heritage_assets.curation.images.health import LEAST_IMAGES, LEAST_RISE


def host(images: int, failed: int, name: str = "a.org") -> HostHealth:
    return HostHealth(name, images, images - failed, failed, 0, failed / images, 0, None, None)


@pytest.mark.parametrize(
    ("now", "before", "rises"),
    [
        ((1_000, 300), (10_000, 100), True),
        ((1_000, 1_000), (1_000, 0), True),
        ((50, 50), (50, 0), True),
        ((49, 49), (10_000, 0), False),  # too few images now
        ((10_000, 10_000), (49, 0), False),  # too few images before
        ((100_000, 9_000), (100_000, 0), False),  # beyond chance, but small
        ((60, 12), (60, 3), False),  # 15 points more, as chance does it
        ((1_000, 100), (1_000, 300), False),  # better than before
        ((1_000, 1_000), (1_000, 1_000), False),  # as bad as before
    ],
)
def test_a_rise_is_large_and_beyond_chance(now, before, rises) -> None:
    found = risen([host(*now)], [host(*before)])
    assert bool(found) is rises
    if rises:
        (rise,) = found
        assert (rise.host, rise.images, rise.images_before) == ("a.org", now[0], before[0])
        assert (rise.rate, rise.before) == (now[1] / now[0], before[1] / before[0])


def test_hosts_are_compared_with_themselves() -> None:
    now = [host(500, 400, "a.org"), host(500, 400, "new.org"), host(500, 10, "b.org")]
    before = [host(500, 400, "b.org"), host(500, 10, "a.org"), host(500, 0, "gone.org")]
    assert [rise.host for rise in risen(now, before)] == ["a.org"]
    assert risen(now, []) == risen([], before) == []


SIDE = st.integers(1, 5_000).flatmap(lambda images: st.tuples(st.just(images), st.integers(0, images)))


@given(SIDE, SIDE)
def test_no_small_or_downward_change_is_a_rise(now, before) -> None:
    for rise in risen([host(*now)], [host(*before)]):
        assert min(now[0], before[0]) >= LEAST_IMAGES
        assert rise.rate - rise.before >= LEAST_RISE
    assert not (risen([host(*now)], [host(*before)]) and risen([host(*before)], [host(*now)]))
