"""What tests need to start servers of their own: where programs are, and which ports are free."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path


def program(name: str) -> str | None:
    """Return where a program is, if it is anywhere: among the tools that ``scripts/services.sh`` keeps, or on the path."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    tools = Path(os.environ.get("HERITAGE_TOOLS", cache / "heritage_assets" / "tools"))
    return shutil.which(name, path=str(tools)) or shutil.which(name)


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody uses, each another."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def free_port() -> int:
    """Return a port of loopback that nobody uses."""
    (port,) = free_ports(1)
    return port
