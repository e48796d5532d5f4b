"""Runs steps of a home in processes that may be killed: reads commands, forks a child for each, tells its id and how it ended.

Forking from a process that has imported everything and done nothing saves some seconds a run.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in ("curation", "dagster_layer", "hostile"):
    sys.path.append(str(HERE.parent / folder))

import dagster as dg  # noqa: E402
import deltalake  # noqa: E402, F401
import PIL.JpegImagePlugin  # noqa: E402, F401
import protego  # noqa: E402, F401
import pyarrow.dataset  # noqa: E402, F401
from archive_site import Site  # noqa: E402

from heritage_assets.curation.schemas import SOURCE_IMAGES  # noqa: E402
from heritage_assets.sensors.retry_failed_images import retry_failed_images  # noqa: E402

FETCH = {
    "host_concurrency": 6,
    "host_interval": 0.002,
    "attempts": 1,
    "read_timeout": 0.8,
    "total_timeout": 1.6,
    "longest_pause": 0.02,
    "host_failures": 1000,
    "max_bytes": 2_000_000,
    # Six attempts; what failed in one run is due at the next tick.
    "retry_base": "PT0.05S",
    "retry_cap": "PT0.1S",
    "retry_age": "PT0.45S",
}
BATCH = "hostile-1"
WAITING, FINAL = 3, 4
"""Exit statuses of a tick that found nothing due: some images wait, or none does."""


def land(site: Site, rows: Path) -> int:
    """Harvest and cleanse the records."""
    site.land(BATCH, json.loads(rows.read_text(encoding="utf-8")))
    with site.instance() as instance:
        return 0 if site.materialize(instance, BATCH, "cleansed_records", "rejected_records").success else 1


def fetch(site: Site, run_config: dict | None = None) -> int:
    """Materialize source_images."""
    definitions = site.definitions()
    with site.instance() as instance:
        done = dg.materialize(
            [asset for asset in definitions.assets or () if isinstance(asset, dg.AssetsDefinition)],
            selection=["source_images"],
            partition_key=BATCH,
            instance=instance,
            resources=dict(definitions.resources or {}),
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}, **(run_config or {})},
        )
        return 0 if done.success else 1


def tick(site: Site) -> int:
    """Evaluate the retry sensor and do what it asks for."""
    definitions = site.definitions()
    with dg.DagsterInstance.local_temp() as instance:  # only from disk a tick reads its partitions
        site.add_partitions(instance)
        context = dg.build_sensor_context(
            instance=instance,
            instance_ref=instance.get_ref(),
            resources=definitions.resources,
            repository_def=definitions.get_repository_def(),
            sensor_name=retry_failed_images.name,
        )
        with context:
            requests = retry_failed_images.evaluate_tick(context).run_requests
    if requests:
        return fetch(site, dict(requests[0].run_config))
    rows = site.platform.lake.read(SOURCE_IMAGES, columns=["next_attempt_at"])
    return WAITING if rows["next_attempt_at"].null_count < rows.num_rows else FINAL


def done(home: Path, command: str, argument: str) -> int:
    """Do a command in this process and return its exit status."""
    try:
        site = Site.create(home, home, "", fetch=FETCH)
        if command == "land":
            return land(site, Path(argument))
        return fetch(site) if command == "fetch" else tick(site)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stderr.flush()


def main(home: Path) -> None:
    """Serve commands until the input ends."""
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        child = os.fork()
        if child == 0:
            os._exit(done(home, command, argument))
        print(child, flush=True)
        _, ended = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(ended), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
