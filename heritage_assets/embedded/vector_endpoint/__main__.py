"""Run the endpoint in this process: ``python -m heritage_assets.embedded.vector_endpoint --home HOME``."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from heritage_assets.embedded.vector_endpoint.lifecycle import IDLE_SECONDS


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description="Serve the vectors of one home on loopback, in Qdrant's REST API.")
    parser.add_argument("--home", type=Path, required=True, help="the platform's home; vectors lie in HOME/vectors")
    parser.add_argument("--port", type=int, default=None, help="loopback port (default: the last one, or a free one)")
    parser.add_argument(
        "--idle-seconds", type=float, default=IDLE_SECONDS, help="stop after this long without a request"
    )
    arguments = parser.parse_args()
    if arguments.idle_seconds <= 0:
        parser.error("--idle-seconds must be positive")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    from heritage_assets.embedded.vector_endpoint.server import serve

    serve(arguments.home, port=arguments.port, idle_seconds=arguments.idle_seconds)


if __name__ == "__main__":
    main()
