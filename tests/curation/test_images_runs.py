"""Runs after runs: what is kept, what is tried again, what is shared, and how hosts are spared."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hostile_provider as hp
import pyarrow as pa
import pytest
import sample_images as samples
from image_runs import QUICK, run, tasks

from heritage_assets.curation.images import FetchSettings, PreviousImage, Reason, fetch_images, previous_images
from heritage_assets.curation.progress import listening
from heritage_assets.curation.schemas import SOURCE_IMAGES
from heritage_assets.stores.objects import FolderStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def known(rows) -> dict[str, PreviousImage]:
    return previous_images([pa.RecordBatch.from_pylist(list(rows.values()), schema=SOURCE_IMAGES.schema)])


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_a_second_run_keeps_every_row_and_asks_for_nothing(store) -> None:
    routes = {f"image-{n}": hp.image(samples.jpeg(n)) for n in range(30)} | {"gone": hp.status(410)}
    with hp.Provider(routes) as provider:
        urls = {name: provider.url(name) for name in routes} | {"none": None}
        first = run(urls, store)
        asked, stored = len(provider.log), list(store.list())
        assert run(urls, store, previous=known(first)) == first
        assert len(provider.log) == asked == len(routes)
        assert list(store.list()) == stored
    assert {row["status"] for name, row in first.items() if name.startswith("image")} == {"OK"}


class CountingStore(FolderStore):
    """Counts what is asked of it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked = 0

    def exists(self, key: str) -> bool:
        self.asked += 1
        return super().exists(key)


def test_a_run_for_what_is_due_trusts_the_rows_that_are_good(tmp_path: Path) -> None:
    store = CountingStore(tmp_path)
    with hp.Provider({f"image-{n}": hp.image(samples.jpeg(n)) for n in range(5)}) as provider:
        first = run({f"image-{n}": provider.url(f"image-{n}") for n in range(5)}, store)
        store.asked = 0
        assert (
            run({name: row["url"] for name, row in first.items()}, store, previous=known(first), only_due=True) == first
        )
        assert store.asked == 0
        run({name: row["url"] for name, row in first.items()}, store, previous=known(first))
        assert store.asked == 15, "a whole run looks for all objects of each image"


def test_a_changed_address_is_fetched(store) -> None:
    with hp.Provider({"a": hp.status(404), "b": hp.image(samples.jpeg())}) as provider:
        first = run({"g": provider.url("a")}, store)
        second = run({"g": provider.url("b")}, store, previous=known(first))
    assert (first["g"]["reason"], second["g"]["status"], second["g"]["attempts"]) == ("not_found", "OK", 1)


def test_lost_objects_are_fetched_again_and_lost_derivatives_made_again(store) -> None:
    with hp.Provider({"a": hp.image(samples.jpeg())}) as provider:
        first = run({"g": provider.url("a")}, store)
        store.delete(first["g"]["thumbnail"])
        assert run({"g": provider.url("a")}, store, previous=known(first)) == first
        assert store.exists(first["g"]["thumbnail"]) and len(provider.log) == 1
        store.delete(first["g"]["original"])
        again = run({"g": provider.url("a")}, store, previous=known(first))
        assert store.exists(first["g"]["original"]) and len(provider.log) == 2
    assert again["g"]["sha256"] == first["g"]["sha256"]


def test_a_new_derivative_size_asks_no_provider(store) -> None:
    with hp.Provider({"a": hp.image(samples.jpeg())}) as provider:
        first = run({"g": provider.url("a")}, store)
        smaller = FetchSettings(**QUICK, derivative_side=100, thumbnail_side=50)
        second = run({"g": provider.url("a")}, store, smaller, previous=known(first))
        assert len(provider.log) == 1
    assert second["g"]["derivative"] != first["g"]["derivative"] and store.exists(second["g"]["derivative"])
    assert second["g"]["fetched_at"] == first["g"]["fetched_at"]


def test_a_transient_failure_comes_back_with_growing_waits_until_it_is_given_up(store) -> None:
    settings = FetchSettings(**{**QUICK, "attempts": 1}, retry_age=timedelta(hours=2))
    now, waits, row = NOW, [], None
    with hp.Provider({"a": hp.status(500)}) as provider:
        for attempt in range(1, 20):
            row = run({"g": provider.url("a")}, store, settings, previous=known({"g": row}) if row else None, now=now)[
                "g"
            ]
            assert row["attempts"] == attempt
            if row["permanent"]:
                break
            waits.append(row["next_attempt_at"] - now)
            now = row["next_attempt_at"]
        asked = len(provider.log)
        assert run({"g": provider.url("a")}, store, settings, previous=known({"g": row})) == {"g": row}
        assert len(provider.log) == asked
    minutes = [10 * 2**n for n in range(len(waits))]
    assert all(m / 2 <= wait / timedelta(minutes=1) <= m for wait, m in zip(waits, minutes, strict=True))
    assert (
        row["reason"] == Reason.GIVEN_UP
        and "in 2 hours, last: server_error" in row["detail"]
        and row["next_attempt_at"] is None
    )


def test_a_recovered_image_becomes_ok(store) -> None:
    with hp.Provider({"a": hp.after(1, hp.status(500), hp.image(samples.jpeg()))}) as provider:
        settings = FetchSettings(**{**QUICK, "attempts": 1})
        first = run({"g": provider.url("a")}, store, settings)
        second = run({"g": provider.url("a")}, store, settings, previous=known(first))
    assert (first["g"]["status"], second["g"]["status"], second["g"]["attempts"]) == ("FAILED", "OK", 2)
    assert second["g"]["reason"] is None and second["g"]["next_attempt_at"] is None


def test_only_due_failures_are_tried_when_asked(store) -> None:
    with hp.Provider({"a": hp.status(500)}) as provider:
        settings = FetchSettings(**{**QUICK, "attempts": 1})
        first = run({"g": provider.url("a")}, store, settings, now=NOW)
        early = run({"g": provider.url("a")}, store, settings, previous=known(first), only_due=True, now=NOW)
        assert early == first and len(provider.log) == 1
        later = NOW + timedelta(hours=1)
        due = run({"g": provider.url("a")}, store, settings, previous=known(first), only_due=True, now=later)
    assert due["g"]["attempts"] == 2


def test_revalidation_asks_whether_the_image_changed(store) -> None:
    with hp.Provider({"a": hp.conditional}) as provider:
        first = run({"g": provider.url("a")}, store)
        assert first["g"]["etag"] == '"v1"'
        assert run({"g": provider.url("a")}, store, previous=known(first), revalidate=True) == first
        assert provider.log[-1].headers["if-none-match"] == '"v1"'
        provider.routes["a"] = hp.image(samples.jpeg(8))
        changed = run({"g": provider.url("a")}, store, previous=known(first), revalidate=True)
        assert changed["g"]["status"] == "OK" and changed["g"]["sha256"] != first["g"]["sha256"]
        provider.routes["a"] = hp.status(500)
        assert run({"g": provider.url("a")}, store, previous=known(changed), revalidate=True) == changed


def test_records_that_share_an_image_share_one_request_and_one_copy(store) -> None:
    routes = {"a": hp.image(samples.jpeg()), "same-bytes": hp.image(samples.jpeg()), "bad": hp.status(404)}
    with hp.Provider(routes) as provider:
        urls = {f"{path}-{n}": provider.url(path) for n in range(300) for path in routes}
        rows = run(urls, store)
        assert Counter(request.path for request in provider.log) == Counter(list(routes))
    assert len({row["sha256"] for row in rows.values() if row["status"] == "OK"}) == 1
    assert sum(1 for item in store.list("images")) == 1


def test_a_host_sees_no_more_requests_at_a_time_than_agreed(store) -> None:
    routes = {f"i{n}": hp.slow_first_byte for n in range(24)}
    with hp.Provider(routes) as provider:
        run({name: provider.url(name) for name in routes}, store, FetchSettings(**QUICK, host_concurrency=6))
        assert max(request.under_way for request in provider.log) == 6


def test_requests_to_a_host_keep_their_distance(store) -> None:
    routes = {f"i{n}": hp.status(404) for n in range(12)}
    with hp.Provider(routes) as provider:
        run({name: provider.url(name) for name in routes}, store, FetchSettings(**QUICK, host_interval=0.05))
        times = [request.at for request in provider.log]
    # Stamped by the server, so a late stamp can shorten the next gap; the whole can't shrink.
    assert times[-1] - times[0] >= 11 * 0.05 - 0.02


def test_a_complaint_is_obeyed(store) -> None:
    routes = {f"i{n}": hp.image(samples.jpeg()) for n in range(10)}
    routes["i0"] = hp.after(1, hp.status(429, Retry_After="1"), hp.image(samples.jpeg()))
    with hp.Provider(routes) as provider:
        settings = FetchSettings(**{**QUICK, "longest_pause": 5.0}, host_concurrency=1)
        rows = run({name: provider.url(name) for name in routes}, store, settings)
        complaint = next(n for n, request in enumerate(provider.log) if request.path == "i0")
        assert provider.log[complaint + 1].at - provider.log[complaint].at >= 0.95
    assert {row["status"] for row in rows.values()} == {"OK"}


def test_a_long_pause_leaves_the_rest_for_later_without_asking(store) -> None:
    routes = {f"i{n}": hp.status(429, Retry_After="7200") for n in range(40)}
    with hp.Provider(routes) as provider:
        urls = {name: provider.url(name) for name in routes}
        urls["other"] = provider.url("other", "127.0.0.2")
        rows = run(urls, store, FetchSettings(**QUICK, host_concurrency=2))
        asked = sum(request.path != "other" for request in provider.log)
    assert asked <= 2 and rows["other"]["reason"] == Reason.NOT_FOUND
    limited = [row for name, row in rows.items() if name != "other"]
    assert {row["reason"] for row in limited} == {Reason.RATE_LIMITED}
    assert sum(row["attempts"] for row in limited) == asked, "an image that was not asked for has used no attempt"
    assert all(row["next_attempt_at"] - row["fetched_at"] > timedelta(minutes=110) for row in limited)


def test_a_dead_host_is_left_alone_after_some_failures(store) -> None:
    urls = {f"i{n}": f"http://127.0.0.7:1/{n}" for n in range(200)}
    rows = run(
        urls,
        store,
        FetchSettings(**{**QUICK, "attempts": 1}, host_failures=10, host_concurrency=4, honour_robots=False),
    )
    reasons = Counter(row["reason"] for row in rows.values())
    assert set(reasons) == {Reason.CONNECTION_FAILED, Reason.HOST_UNAVAILABLE}
    assert 10 <= reasons[Reason.CONNECTION_FAILED] <= 14
    assert not any(row["permanent"] for row in rows.values())


def test_a_slow_host_does_not_hold_back_the_others(store) -> None:
    routes = {"slow": hp.silent} | {f"i{n}": hp.image(samples.jpeg()) for n in range(20)}
    with hp.Provider(routes) as provider:
        slow = {f"s{n}": provider.url("slow", "127.0.0.3") + f"?{n}" for n in range(40)}
        quick = {f"i{n}": provider.url(f"i{n}") for n in range(20)}
        settings = FetchSettings(**{**QUICK, "read_timeout": 0.3, "attempts": 1}, host_concurrency=2, host_failures=6)
        rows = run(slow | quick, store, settings)
        paths = [request.path for request in provider.log]
    assert max(n for n, path in enumerate(paths) if path != "slow") < max(
        n for n, path in enumerate(paths) if path == "slow"
    )
    assert all(rows[name]["status"] == "OK" for name in quick)


class FullStore(FolderStore):
    """A store without room."""

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        raise OSError(28, "No space left on device")


def test_a_store_without_room_stops_the_run_and_is_no_image_failure(tmp_path: Path) -> None:
    with hp.Provider({"a": hp.image(samples.jpeg())}) as provider, pytest.raises(OSError, match="No space left"):
        run({"g": provider.url("a")}, FullStore(tmp_path))


def test_a_run_that_is_dropped_midway_leaves_no_threads(store) -> None:
    routes = {f"i{n}": hp.image(samples.jpeg(n % 5)) for n in range(600)}
    before = set(threading.enumerate())
    with hp.Provider(routes) as provider:
        batches = fetch_images(
            iter(tasks({name: provider.url(name) for name in routes})), store, FetchSettings(**QUICK)
        )
        assert next(batches).num_rows == 128
        batches.close()
    assert set(threading.enumerate()) <= before


def test_progress_counts_every_record(store) -> None:
    reports: list[tuple[int, int | None]] = []
    with hp.Provider({}) as provider, listening(lambda name, done, total: reports.append((done, total))):
        run({f"g{n}": provider.url(str(n)) for n in range(40)} | {"none": None}, store, total=41)
    assert reports[0] == (0, 41) and reports[-1] == (41, 41) and reports == sorted(reports)


def test_no_tasks_give_no_rows(store) -> None:
    assert list(fetch_images(iter([]), store, FetchSettings())) == []


def test_after_enough_runs_every_recoverable_image_is_there_and_none_was_served_twice(store) -> None:
    bodies = [samples.jpeg(seed, (64, 48)) for seed in range(10)]
    served: Counter[str] = Counter()

    def serve(number: int) -> hp.Behaviour:
        async def behave(exchange: hp.Exchange) -> None:
            served[exchange.request.path] += 1
            await exchange.reply(200, bodies[number % 10], Content_Type="image/jpeg")

        return behave

    bad = [hp.status(500), hp.reset_midway, hp.closed_at_once, hp.status(429, Retry_After="0"), hp.short_body]
    routes = {f"flaps{n}": hp.after(n % 4, bad[n % 5], serve(n)) for n in range(160)}
    routes |= {f"never{n}": hp.status((404, 410, 403)[n % 3]) for n in range(40)}
    routes |= {f"down{n}": hp.status(500) for n in range(5)}
    settings = FetchSettings(**{**QUICK, "attempts": 1, "longest_pause": 0.0}, retry_age=timedelta(hours=2))
    now, rows, runs = NOW, None, 0
    with hp.Provider(routes) as provider:
        urls = {name: provider.url(name) for name in routes}
        while rows is None or any(row["next_attempt_at"] for row in rows.values()):
            rows = run(urls, store, settings, previous=known(rows) if rows else None, only_due=True, now=now)
            now, runs = now + timedelta(minutes=20), runs + 1
            assert runs < 100
        visits = provider.visits
    assert {row["status"] for name, row in rows.items() if name.startswith("flaps")} == {"OK"}
    assert set(served.values()) == {1} and len(served) == 160
    assert all(rows[name]["permanent"] and visits[name] == 1 for name in routes if name.startswith("never"))
    assert {row["reason"] for name, row in rows.items() if name.startswith("down")} == {Reason.GIVEN_UP}
    assert all(row["attempts"] == visits[name] for name, row in rows.items())
