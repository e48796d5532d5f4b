"""Dagster's runs, read from the home's instance: which run made what, and what is going on. Nothing is written.

Dagster is imported when it is first asked for, in the caller's thread; a home without an instance has no runs.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BATCH_TAG = "dagster/partition"
STEPS = ("cleansed_records", "source_images", "clip_embeddings", "pending_points", "canonical_points")
SHOWN = 12
_REMEMBER_SECONDS = 5.0
_log = logging.getLogger(__name__)


class DagsterRuns:
    """The runs of one home. Safe to use from several threads.

    Args:
        home: Dagster's folder.
        address: of Dagster's web interface, for links.
    """

    def __init__(self, home: Path, address: str | None) -> None:
        self._home = home
        self._address = address
        self._instance: Any = None
        self._lock = threading.Lock()
        self._latest: tuple[float, list[dict[str, Any]]] = (0.0, [])
        self._materialized: dict[str, tuple[float, datetime | None]] = {}

    def latest(self) -> list[dict[str, Any]]:
        """Return the latest runs, newest first: run_id, job, batch, state, started_at, ended_at, steps, url."""
        with self._lock:
            made, rows = self._latest
            if time.monotonic() - made < _REMEMBER_SECONDS and made:
                return rows
            rows = self._guarded(self._read_latest)
            self._latest = (time.monotonic(), rows)
            return rows

    def of_batch(self, batch: str) -> list[dict[str, Any]]:
        """Return the run that last materialized each step for a batch: asset, run_id, at, url."""
        with self._lock:
            return self._guarded(lambda: self._read_batch(batch))

    def last_materialized(self, asset: str) -> datetime | None:
        """Return when an asset was last materialized, for any batch."""

        def read() -> list[dict[str, Any]]:
            import dagster as dg

            events = self._instance.fetch_materializations(dg.AssetKey(asset), limit=1).records
            return [{"at": _moment(event.timestamp)} for event in events]

        with self._lock:
            made, known = self._materialized.get(asset, (0.0, None))
            if not made or time.monotonic() - made > _REMEMBER_SECONDS:
                known = next((row["at"] for row in self._guarded(read)), None)
                self._materialized[asset] = (time.monotonic(), known)
            return known

    def close(self) -> None:
        """Let go of the instance."""
        with self._lock:
            instance, self._instance = self._instance, None
            if instance is not None:
                instance.dispose()

    def _guarded(self, read: Any) -> list[dict[str, Any]]:
        """Read; where Dagster's storage can't be read (locked, of another version) there is nothing to show."""
        if not (self._home / "dagster.yaml").exists():
            return []
        try:
            if self._instance is None:
                import dagster as dg

                self._instance = dg.DagsterInstance.from_config(str(self._home))
            rows: list[dict[str, Any]] = read()
        except Exception as error:  # its storage raises many types
            _log.warning("can't read Dagster's runs in %s: %s", self._home, error)
            return []
        return rows

    def _read_latest(self) -> list[dict[str, Any]]:
        found = []
        for record in self._instance.get_run_records(limit=SHOWN):
            run = record.dagster_run
            running = run.status.value in ("STARTED", "STARTING")
            found.append(
                {
                    "run_id": run.run_id,
                    "job": run.job_name,
                    "batch": run.tags.get(BATCH_TAG),
                    "state": run.status.value,
                    "started_at": _moment(record.start_time),
                    "ended_at": _moment(record.end_time),
                    "steps": self._steps(run.run_id) if running else [],
                    "url": self._link(run.run_id),
                }
            )
        return found

    def _steps(self, run_id: str) -> list[dict[str, Any]]:
        stats = self._instance.get_run_step_stats(run_id)
        return [
            {
                "step": one.step_key,
                "state": one.status.value if one.status else "STARTED",
                "started_at": _moment(one.start_time),
            }
            for one in stats
        ]

    def _read_batch(self, batch: str) -> list[dict[str, Any]]:
        import dagster as dg

        found = []
        for step in STEPS:
            wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(step), asset_partitions=[batch])
            for record in self._instance.fetch_materializations(wanted, limit=1).records:
                link = self._link(record.run_id)
                found.append({"asset": step, "run_id": record.run_id, "at": _moment(record.timestamp), "url": link})
        return found

    def _link(self, run_id: str) -> str | None:
        return f"{self._address}/runs/{run_id}" if self._address else None


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None
