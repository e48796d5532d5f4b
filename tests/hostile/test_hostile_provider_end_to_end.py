"""Thousands of addresses of a hostile provider, through the real asset and the real retry sensor, with and without kills."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest

HERE = Path(__file__).resolve().parent
for folder in ("curation", "dagster_layer", "hostile"):
    sys.path.append(str(HERE.parent / folder))

import behaviours  # noqa: E402
from runner import BATCH, FETCH, FINAL  # noqa: E402
from watched_provider import Watched  # noqa: E402

from heritage_assets.curation.schemas import SOURCE_IMAGES  # noqa: E402
from heritage_assets.stores.lake import Lake  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
KILLS = 10
REQUESTS_BETWEEN_KILLS = 350
MOST_TICKS = 60
MOST_SECONDS_TO_A_KILL = 120


@dataclass
class Runner:
    """The process that runs steps."""

    home: Path
    process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Runner:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HERITAGE_")}
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "runner.py"), str(self.home)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait(30)

    def start(self, command: str) -> int:
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def ended(self) -> int:
        return int(self.process.stdout.readline())

    def run(self, command: str) -> int:
        self.start(command)
        return self.ended()


@dataclass
class Outcome:
    """What one whole course left: rows by guid, and the server's log."""

    rows: dict[str, dict]
    watched: Watched
    ticks: int
    objects: dict[str, str]
    """sha256 of each stored object by key."""
    table: str
    """sha256 of what source_images says, but for times, attempts and the provider's port."""
    seconds: float


def course(home: Path, kills: int) -> Outcome:
    """Land, fetch (killed so many times) and tick until nothing waits any more."""
    watched, started = Watched(), time.monotonic()
    with watched.provider() as provider, Runner(home) as runner:
        records = [
            {"id": path, "title": path, "image": provider.url(path, host)}
            for path, (host, _) in behaviours.addresses().items()
        ]
        rows = home / "rows.json"
        rows.write_text(json.dumps(records), encoding="utf-8")
        assert runner.run(f"land {rows}") == 0
        for _ in range(kills):
            watched.run += 1
            seen, child = watched.requests, runner.start("fetch")
            stuck = time.monotonic() + MOST_SECONDS_TO_A_KILL
            while watched.requests < seen + REQUESTS_BETWEEN_KILLS:
                assert time.monotonic() < stuck, f"only {watched.requests - seen} requests came"
                time.sleep(0.002)
            os.kill(child, signal.SIGKILL)
            assert runner.ended() == -signal.SIGKILL
        watched.run += 1
        assert runner.run("fetch") == 0
        ticks, state = 0, 0
        while state != FINAL:
            watched.run += 1
            ticks, state = ticks + 1, runner.run("tick")
            assert state in (0, 3, FINAL) and ticks < MOST_TICKS
    table = Lake((home / "lake" / "tables").as_uri()).read(SOURCE_IMAGES, batches=[BATCH])
    found = {row["guid"]: row for row in table.to_pylist()}
    assert table.num_rows == len(found) == len(records), "none lost, none twice"
    assert not list((home / "lake" / "checkpoints").rglob("*.arrow"))
    objects = {
        path.relative_to(home / "lake").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("images", "derivatives", "thumbnails")
        for path in (home / "lake" / folder).rglob("*")
        if path.is_file() and not path.name.startswith(".writing-")  # which a kill may leave behind, and nobody reads
    }
    return Outcome(found, watched, ticks, objects, table_digest(table, provider.port), time.monotonic() - started)


def table_digest(table: pa.Table, port: int) -> str:
    """Return the sha256 of the rows, by guid, without what another course can't repeat."""
    lasting = [
        name for name in table.schema.names if name not in ("fetched_at", "next_attempt_at", "attempts", "detail")
    ]
    rows = table.select(lasting).sort_by("guid").to_pylist()
    return hashlib.sha256(json.dumps(rows).replace(f":{port}/", ":PORT/").encode()).hexdigest()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return course(tmp_path_factory.mktemp("undisturbed"), kills=0)


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return course(tmp_path_factory.mktemp("killed"), kills=KILLS)


def test_the_provider_is_large_and_hostile_enough() -> None:
    assert len(behaviours.KINDS) >= 25 and len(behaviours.addresses()) >= 5_000


def test_every_image_ends_as_it_must(undisturbed: Outcome) -> None:
    expected = {path: kind.reason for path, (_, kind) in behaviours.addresses().items()}
    wrong = Counter(
        (path.rpartition("-")[0], str(row["reason"]), row["detail"])
        for path, row in undisturbed.rows.items()
        if row["reason"] != expected[path] or (row["status"] == "OK") != (expected[path] is None)
    )
    assert not wrong
    assert all(
        row["permanent"] and row["next_attempt_at"] is None for row in undisturbed.rows.values() if row["reason"]
    )


def test_no_image_is_served_twice(undisturbed: Outcome) -> None:
    assert set(undisturbed.watched.served.values()) == {1}


def test_no_host_was_asked_more_than_agreed(undisturbed: Outcome, killed: Outcome) -> None:
    for outcome in (undisturbed, killed):
        assert max(outcome.watched.most_under_way.values()) <= FETCH["host_concurrency"]
        for times in outcome.watched.times.values():
            # The server's stamps may come late, never early: over many requests the lateness of one hardly counts.
            for first, last in zip(times, times[200:], strict=False):
                assert last - first >= 200 * FETCH["host_interval"] * 0.7


def test_kills_change_nothing_and_cost_a_chunk_each_at_most(undisturbed: Outcome, killed: Outcome) -> None:
    assert killed.objects == undisturbed.objects and len(killed.objects) > 20
    different = [guid for guid, row in killed.rows.items() if row["sha256"] != undisturbed.rows[guid]["sha256"]]
    assert not different and killed.table == undisturbed.table
    served = killed.watched.served
    assert set(served) == set(undisturbed.watched.served)
    again = sum(served.values()) - len(served)
    print(
        f"fetched again after {KILLS} kills: {again} of {len(served)}; "
        f"ticks {undisturbed.ticks} and {killed.ticks}; {undisturbed.seconds:.0f} s and {killed.seconds:.0f} s"
    )
    assert again <= KILLS * 256
