"""Draws the secrets of docker-compose.yml into .env; never touches one that is there. Needs nothing but Python."""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path

DOCKER_SOCKET = Path("/var/run/docker.sock")


def lines(gpu: bool) -> list[str]:
    """Return the lines of .env."""
    keys = [
        {"name": name, "role": role, "key": secrets.token_urlsafe(24)}
        for name, role in (("reader", "reader"), ("reviewer", "reviewer"))
    ]
    group = DOCKER_SOCKET.stat().st_gid if DOCKER_SOCKET.exists() else 999
    found = [
        "# Secrets of docker-compose.yml, drawn at random. Keep this file to yourself, and in your backup.",
        f"POSTGRES_PASSWORD={secrets.token_urlsafe(24)}",
        f"S3_ACCESS_KEY={secrets.token_hex(10)}",
        f"S3_SECRET_KEY={secrets.token_urlsafe(30)}",
        f"QDRANT_API_KEY={secrets.token_urlsafe(24)}",
        "# Keys of the search application: one line of JSON.",
        f"SEARCH_API_KEYS='{json.dumps(keys)}'",
        f"# Group of {DOCKER_SOCKET}: Dagster's daemon starts the containers of runs.",
        f"DOCKER_GID={group}",
    ]
    if gpu:
        found += [
            "# The record chain runs in a code location of its own, with a GPU for each run.",
            "COMPOSE_PROFILES=gpu",
            "DAGSTER_WORKSPACE=workspace.yaml",
            "HERITAGE_LOCATION=archive",
        ]
    return found


def main(target: Path, gpu: bool) -> int:
    """Write the file, readable by its owner alone; 1 when there is one already."""
    try:
        number = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        print(f"{target} is there already and stays as it is; remove it for new secrets", file=sys.stderr)
        return 1
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write("\n".join(lines(gpu)) + "\n")
    print(f"wrote {target}: docker compose up --build --detach")
    return 0


if __name__ == "__main__":
    wanted = [argument for argument in sys.argv[1:] if argument != "--gpu"]
    sys.exit(main(Path(wanted[0] if wanted else ".env"), "--gpu" in sys.argv))
