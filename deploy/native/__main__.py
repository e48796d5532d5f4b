"""Runs the services of docker-compose.yml as processes of this machine, for where there is no Docker engine.

    python deploy/native up          start everything and keep it running until Ctrl-C
    python deploy/native course      start everything, take the platform through its course, compare the stores

Options: --engine local|spark (default: spark), --root FOLDER (default: a new one, removed at the end; all
users must be able to reach the folder that it is in, since PostgreSQL's own user is one of them).
"""

from __future__ import annotations

import argparse
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from compose import load_project
from translation import MissingError, require_programs

PROJECT = Path(__file__).resolve().parents[2]


def drawn_variables(folder: Path, engine: str) -> dict[str, str]:
    """Draw secrets as `make env` does, and size Spark for one small machine."""
    target = folder / ".env"
    subprocess.run([sys.executable, PROJECT / "scripts" / "make_env.py", target], check=True, stdout=subprocess.DEVNULL)
    lines = [line for line in target.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    drawn = {name: shlex.split(value)[0] for name, value in (line.split("=", 1) for line in lines)}
    small = {"SPARK_WORKERS": "1", "SPARK_WORKER_CORES": "2", "SPARK_EXECUTOR_MEMORY": "1g"}
    loopback = {"HERITAGE_FETCH__ALLOWED_NETWORKS": '["127.0.0.0/8"]'}
    often = {"HERITAGE_CLUSTERS_CRON": "* * * * *"}  # the course waits for one tick
    return {**drawn, **small, **loopback, **often, "HERITAGE_ENGINE": engine}


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["up", "course"])
    parser.add_argument("--engine", choices=["local", "spark"], default="spark")
    parser.add_argument("--root", type=Path)
    arguments = parser.parse_args()
    try:
        require_programs(spark=True)
    except MissingError as error:
        print(error, file=sys.stderr)
        return 2
    # The services must not outlive this process.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with _root(arguments.root) as root:
        _run(root, arguments.action, arguments.engine)
    return 0


@contextmanager
def _root(named: Path | None) -> Iterator[Path]:
    """Give the folder of all volumes and logs; one that was not named is removed at the end."""
    with ExitStack() as stack:
        if named is None:
            folder = tempfile.TemporaryDirectory(prefix="heritage-native-", ignore_cleanup_errors=True)
            named = Path(stack.enter_context(folder))
        named.mkdir(parents=True, exist_ok=True)
        named.chmod(0o711)  # PostgreSQL's own user must reach its volume
        yield named


def _run(root: Path, action: str, engine: str) -> None:
    """Start the services below ``root``, and do with them what is asked for."""
    from supervisor import running

    project = load_project(PROJECT / "docker-compose.yml", drawn_variables(root, engine))
    with running(project, root) as services:
        for name in ("webserver", "search"):
            print(f"{name}: http://{services.names.addresses[name]}:{ {'webserver': 3000, 'search': 8080}[name] }")
        if action == "course":
            from course import run_course

            # Each run starts a JVM on Spark, which is slow at first on a small machine.
            run_course(services, root, print, patience=3.0 if engine == "spark" else 1.0)
        else:
            _until_interrupted()


def _until_interrupted() -> None:
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    sys.exit(main())
