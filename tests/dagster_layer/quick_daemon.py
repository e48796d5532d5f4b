"""The Dagster daemon, but looking after backfills every 3 seconds, for which Dagster has no setting, and after sensors as often.

Tests would wait half a minute for each tick of the platform's own intervals.
"""

from dagster._core.remote_representation.external import RemoteSensor
from dagster._daemon import controller
from dagster._daemon.cli import cli

if __name__ == "__main__":
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 3
    RemoteSensor.min_interval_seconds = 3
    cli(prog_name="dagster-daemon")
