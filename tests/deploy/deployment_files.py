"""The files of the deployment: where they are, and how an .env file is read."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
NATIVE = PROJECT / "deploy" / "native"
if str(NATIVE) not in sys.path:
    sys.path.insert(0, str(NATIVE))


def read_env(path: Path) -> dict[str, str]:
    """Read the lines of an .env file."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {name: shlex.split(value)[0] for name, value in (line.split("=", 1) for line in lines)}
