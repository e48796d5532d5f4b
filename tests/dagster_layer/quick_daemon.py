"""The Dagster daemon, but looking after backfills every 3 seconds; Dagster has no setting for its 30."""

from dagster._daemon import controller
from dagster._daemon.cli import cli

if __name__ == "__main__":
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 3
    cli(prog_name="dagster-daemon")
