"""The course: what a night and a bad day do to the platform, and whether its stores come out of it as they should.

A batch is dropped, the sensor sees it, its run goes through; it is backfilled over GraphQL; the schedule comes round; a second
batch's run is killed in the middle together with the Spark worker, and is run again. In the end the stores must equal those of
an embedded home that took the same two batches without trouble.
"""

from __future__ import annotations

import csv
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from contents import copy_batches, differences, points_of, tables_of
from dagster_client import DagsterClient
from supervisor import Supervisor

T = TypeVar("T")

LAST_STEP = ("canonical_points", "duplicate_pairs", "canonical_records")
OBJECTS = 8
ENDED = ("SUCCESS", "FAILURE", "CANCELED")


class CourseError(AssertionError):
    """Something did not go as it must."""


def draw_collection(folder: Path, first: int) -> Path:
    """Write a CSV file of objects with their pictures; the first one is there twice, the second time smaller."""
    from heritage_assets.embedded.museum import caption, generate_objects, render

    (folder / "photos").mkdir(parents=True)
    rows = []
    for number, thing in enumerate(generate_objects(OBJECTS, seed=first), start=first):
        text, picture = caption(thing, "en"), render(thing)
        picture.save(folder / "photos" / f"{number}.png")
        rows.append({"inv_no": f"obj-{number}", "title": text["title"], "photo": f"photos/{number}.png"})
        if number == first:
            picture.resize((picture.width * 3 // 4, picture.height * 3 // 4)).save(folder / "photos" / "copy.jpg")
            rows.append({"inv_no": f"obj-{number}-copy", "title": text["title"], "photo": "photos/copy.jpg"})
    with (folder / "objects.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder / "objects.csv"


class Course:
    """One passage over running services; ``patience`` multiplies the seconds in which each station must be reached."""

    def __init__(self, services: Supervisor, root: Path, say: Callable[[str], None], patience: float) -> None:
        self.services = services
        self.root = root
        self._say = say
        self._patience = patience
        self._began = time.monotonic()
        self.dagster = DagsterClient(f"http://{services.names.addresses['webserver']}:3000")
        self.cluster = services.names.environment(services.project.services["search"])
        self.embedded = {
            **services.names.base("127.0.0.1"),
            "HERITAGE_HOME": str(root / "embedded"),
            "HERITAGE_FETCH__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        }

    def say(self, text: str) -> None:
        """Tell what happened, and when."""
        self._say(f"{time.monotonic() - self._began:6.1f} s  {text}")

    def heritage(self, environment: Mapping[str, str], *words: str) -> None:
        """Run the command line in an environment.

        Raises:
            CourseError: it failed.
        """
        done = subprocess.run(
            ["heritage", *words], check=False, env=dict(environment), cwd=self.root, capture_output=True, text=True,
            timeout=180,
        )  # fmt: skip
        if done.returncode != 0:
            raise CourseError(f"heritage {' '.join(words)}: {done.stdout[-500:]} {done.stderr[-1500:]}")

    def drop(self, file: Path, batch: str) -> None:
        """Seal a batch in the landing zone of the services."""
        columns = ["--id", "inv_no", "--title", "title", "--image", "photo"]
        self.heritage(self.cluster, "harvest", "csv", str(file), "--dataset", "course", "--batch", batch, *columns)

    def wait(self, what: str, look: Callable[[], T], seconds: float) -> T:
        """Wait until ``look`` returns something true, and return it.

        Raises:
            CourseError: it took too long.
        """
        seconds *= self._patience
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.5)
        runs = sorted(path.stem for path in self.services.logs.glob("run-*.log"))[-2:]
        raise CourseError(
            f"waited {seconds:.0f} s in vain: {what}\n{self.services.tails(['daemon', 'code-cpu', *runs])}"
        )

    def run_of(self, batch: str, attempt: int) -> dict[str, Any] | None:
        """Return the run of an attempt of a batch, if there is one."""
        found = self.dagster.runs(heritage__batch=batch, heritage__attempt=str(attempt))
        return found[0] if found else None

    def ended(self, batch: str, attempt: int, seconds: float = 150) -> str:
        """Wait for the end of a run; return how it ended."""

        def look() -> str:
            run = self.run_of(batch, attempt)
            return run["status"] if run is not None and run["status"] in ENDED else ""

        return self.wait(f"run {attempt} of {batch} ends", look, seconds)

    # -- stations -------------------------------------------------------------------------------------------------------

    def first_batch(self, file: Path) -> None:
        """Drop a batch; the sensor asks for its run, the coordinator queues it, the launcher starts its container."""
        self.drop(file, "course-1")
        self.say("batch course-1 is sealed")
        self.require(self.ended("course-1", 1) == "SUCCESS", "the run of course-1 succeeds")
        run = self.run_of("course-1", 1)
        assert run is not None
        containers = list(self.services.engine.of_run(run["runId"]))
        self.require(len(containers) == 1, "one container ran it")
        self.say("the sensor's run of course-1 went through, in a container of its own")

    def backfill(self) -> None:
        """Materialize the last step of the batch again over GraphQL; nothing may change."""
        before = tables_of(self.cluster)
        number = self.dagster.backfill(LAST_STEP, ["course-1"])
        self.say(f"backfill {number} is asked for")
        status = self.wait(
            "the backfill ends",
            lambda: next(
                (found for found in [self.dagster.backfill_status(number)] if "COMPLETED" in found or "FAIL" in found),
                "",
            ),
            150,
        )
        self.require(status == "COMPLETED_SUCCESS", f"the backfill is {status}")
        self.same(before, tables_of(self.cluster), "the tables after the backfill")
        self.say("the backfill went through and changed nothing")

    def schedule(self) -> None:
        """Let the schedule come round once, and its run cluster the archive."""
        known = {run["runId"] for run in self.dagster.runs(dagster__schedule_name="nightly_clusters")}
        self.dagster.start_schedule("nightly_clusters")

        def new() -> list[dict[str, Any]]:
            runs = self.dagster.runs(dagster__schedule_name="nightly_clusters")
            return [run for run in runs if run["runId"] not in known]

        self.wait("the schedule asks for a run", new, 90)
        self.say("the schedule came round")
        # Every further minute would cost a run; but a tick that is not over writes the schedule's state back as it was.
        self.wait("its run starts", lambda: any(run["status"] in ("STARTED", *ENDED) for run in new()), 120)
        self.dagster.stop_schedule("nightly_clusters")
        self.wait("the schedule's run succeeds", lambda: any(run["status"] == "SUCCESS" for run in new()), 200)
        self.say("the schedule's run clustered the archive")

    def killed_batch(self, file: Path) -> None:
        """Kill the run of a second batch while it works, and the Spark worker with it."""
        self.drop(file, "course-2")
        run = self.wait("the run of course-2 is there", lambda: self.run_of("course-2", 1), 90)
        assert run is not None
        name = run["runId"]
        self.wait("it is in the middle", lambda: self.dagster.steps(name).get("source_images") == "SUCCESS", 120)
        for container in self.services.engine.of_run(name):
            self.services.engine.kill(container)
        self.services.kill("spark-worker")
        self.say("killed: the run of course-2 and the Spark worker")

    def rerun_batch(self) -> None:
        """Wait until the death is noticed, slots are given back and the sensor's next attempt has finished the batch."""
        self.require(self.ended("course-2", 1) == "FAILURE", "monitoring finds the killed run")
        self.say("monitoring found the run dead")
        self.require(self.ended("course-2", 2, 240) == "SUCCESS", "the second attempt succeeds")
        self.say("the sensor's second attempt finished the batch")

    def take_without_trouble(self) -> None:
        """Let an embedded home take the same batches, as they were sealed: ids of groups hold the moment of the harvest."""
        self.require(copy_batches(self.cluster, self.embedded) > 0, "there are batches to copy")
        self.heritage(self.embedded, "materialize", "--until", "canonical_points")
        self.say("an embedded home took the same batches")

    def compare(self) -> None:
        """Hold the stores against those of the embedded home."""
        self.same(tables_of(self.embedded), tables_of(self.cluster), "tables")
        self.same(points_of(self.embedded), points_of(self.cluster), "points")
        self.say("tables and points equal those of an embedded home")

    # -- judgement --------------------------------------------------------------------------------------------------------

    def require(self, holds: bool, what: str) -> None:
        """Insist on something."""
        if not holds:
            runs = sorted(path.stem for path in self.services.logs.glob("run-*.log"))[-2:]
            raise CourseError(f"not so: {what}\n{self.services.tails([*runs, 'daemon'], 3_000)}")

    def same(self, left: Any, right: Any, what: str) -> None:
        """Insist on two snapshots being equal."""
        found = differences(left, right)
        self.require(not found, f"{what} are equal, but {len(found)} places differ: {found[:5]}")


def run_course(services: Supervisor, root: Path, say: Callable[[str], None] = print, *, patience: float = 1.0) -> None:
    """Take the platform through all stations.

    Raises:
        CourseError: something did not go as it must.
    """
    from heritage_assets.embedded.vector_endpoint import stop_endpoint

    course = Course(services, root, say, patience)
    try:
        _all_stations(course, root)
    finally:
        stop_endpoint(root / "embedded")


def _all_stations(course: Course, root: Path) -> None:
    course.dagster.stop_schedule("nightly_clusters")
    files = [draw_collection(root / f"collection-{first}", first) for first in (1, 101)]
    course.first_batch(files[0])
    course.backfill()
    with ThreadPoolExecutor(2) as meanwhile:
        scheduled = meanwhile.submit(course.schedule)
        course.killed_batch(files[1])
        embedded = meanwhile.submit(course.take_without_trouble)
        course.rerun_batch()
        scheduled.result()
        embedded.result()
    course.compare()


assert os.name == "posix", "process groups and Unix sockets are needed"
