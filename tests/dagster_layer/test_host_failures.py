"""What Dagster shows of hosts: the table of their health, the warning when one gets worse, and the retry that its page offers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from heritage_assets.assets.source_images import HEALTH_COLUMNS, hosts_table, steadiness
from heritage_assets.curation.images import host_health
from heritage_assets.curation.schemas import SOURCE_IMAGES
from heritage_assets.definitions import build_definitions
from heritage_assets.settings import Settings
from heritage_assets.stores.lake import Lake


def images(batch: str, host: str, good: int, bad: int) -> list[dict[str, Any]]:
    """Rows of source_images of one host."""
    common = {"batch": batch, "dataset": "d", "attempts": 1, "fetched_at": datetime(2026, 1, 1, tzinfo=UTC)}
    state = {True: {"status": "OK", "size_bytes": 10, "permanent": False}}
    state[False] = {"status": "FAILED", "reason": "not_found", "detail": "answered 404", "permanent": True}
    return [
        common | state[number < good] | {"guid": f"{batch}-{host}-{number}", "url": f"https://{host}/{number}.jpg"}
        for number in range(good + bad)
    ]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path.as_uri())
    batches = {
        "old": [*images("old", "steady.org", 90, 10), *images("old", "jumps.org", 99, 1)],
        "new": [*images("new", "steady.org", 88, 12), *images("new", "jumps.org", 40, 60)],
    }
    for batch, rows in batches.items():
        made.replace_batch(SOURCE_IMAGES, batch, pa.Table.from_pylist(rows, SOURCE_IMAGES.schema).to_batches())
    return made


def test_a_host_that_fails_much_more_often_is_warned_of(lake: Lake) -> None:
    now = host_health(lake.read(SOURCE_IMAGES, columns=list(HEALTH_COLUMNS), batches=["new"]))
    result = steadiness(now, lake, ["new"])
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.metadata["hosts_judged"].value == 2
    assert result.metadata["risen"].value == {"jumps.org": "1.0% → 60.0% of 100 images"}
    assert steadiness(host_health(lake.read(SOURCE_IMAGES, batches=["old"])), lake, ["old"]).passed


def test_hosts_are_listed_with_their_last_error_those_that_fail_most_first(lake: Lake) -> None:
    shown = hosts_table(host_health(lake.read(SOURCE_IMAGES)))
    rows = [record.data for record in shown.records]
    assert [row["host"] for row in rows] == ["jumps.org", "steady.org"]
    assert rows[0] == {
        "host": "jumps.org", "images": 200, "ok": 139, "failed": 61, "waiting": 0,
        "failure_rate": 61 / 200, "bytes": 1_390, "last_error": "not_found: answered 404",
    }  # fmt: skip


def test_the_page_of_the_job_takes_a_retry_of_final_failures(tmp_path: Path) -> None:
    job = build_definitions(Settings(_env_file=None, home=tmp_path)).resolve_job_def("image_retry")
    wanted = {"again": True, "reasons": ["not_found"], "hosts": ["a.org"]}
    given = dg.validate_run_config(job, {"ops": {"source_images": {"config": wanted}}})
    assert given["ops"]["source_images"]["config"] == {"only_due": False, **wanted}
    with pytest.raises(dg.DagsterInvalidConfigError):
        dg.validate_run_config(job, {"ops": {"source_images": {"config": {"reason": "not_found"}}}})
