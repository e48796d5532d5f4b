"""The Dagster daemon, but looking after backfills every 3 seconds, for which Dagster has no setting.

With the word ``sensors`` before its own arguments it looks after sensors as often, and not every half minute.
"""

import sys

from dagster._core.remote_representation.external import RemoteSensor
from dagster._daemon import controller
from dagster._daemon.cli import cli

if __name__ == "__main__":
    controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 3
    if sys.argv[1] == "sensors":
        del sys.argv[1]
        RemoteSensor.min_interval_seconds = 3
    cli(prog_name="dagster-daemon")
