"""Finding, starting and stopping the endpoint of a home, from any process.

Who holds the lock file serves the home: a lock ends with its process, however that ended, so a description left behind by
a killed process misleads nobody. Belongs here: standard library only, so that looking for a running endpoint costs nothing.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

IDLE_SECONDS = 15 * 60.0
"""An endpoint that nobody has asked for this long stops by itself."""
_START_SECONDS = 120.0
_POLL_SECONDS = 0.05
_PING_SECONDS = 5.0
_LOG_MAX_BYTES = 5_000_000
_started: list[subprocess.Popen[bytes]] = []


class EndpointStartError(RuntimeError):
    """The endpoint did not start, or did not become ready in time."""


class EndpointFiles:
    """Where an endpoint keeps its things: all below ``HOME/vectors``."""

    def __init__(self, home: Path) -> None:
        self.folder = home.expanduser().resolve() / "vectors"
        self.description = self.folder / "endpoint.json"
        self.lock = self.folder / "endpoint.lock"
        self.starting = self.folder / "starting.lock"
        self.port = self.folder / "endpoint.port"
        self.log = self.folder / "endpoint.log"


class HomeLock:
    """An advisory lock on a file, released by the operating system when its holder ends."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def held(self, *, wait: float) -> Iterator[None]:
        """Hold the lock; the file names the holder's process meanwhile.

        Raises:
            TimeoutError: somebody else holds it, for longer than ``wait`` seconds.
        """
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            deadline = time.monotonic() + wait
            while not _try_lock(handle, fcntl.LOCK_EX):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.path} is held by process {self.holder()}")
                time.sleep(_POLL_SECONDS)
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            yield
        finally:
            os.close(handle)

    def holder(self) -> int | None:
        """Return the process that holds the lock, or None when it is free."""
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            # Shared, so that two who look at once don't take each other for the holder.
            if _try_lock(handle, fcntl.LOCK_SH):
                return None
            text = os.pread(handle, 32, 0).decode()
            return int(text) if text.isdecimal() else -1
        finally:
            os.close(handle)


def _try_lock(handle: int, kind: int) -> bool:
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@dataclass(frozen=True)
class _Description:
    url: str
    instance: str


def _described(files: EndpointFiles) -> _Description | None:
    try:
        stored = json.loads(files.description.read_bytes())
        return _Description(stored["url"], stored["instance"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _answers(endpoint: _Description) -> bool:
    """Tell whether this very endpoint answers (another program may have taken over the port of a killed one)."""
    connection = http.client.HTTPConnection(urlsplit(endpoint.url).netloc, timeout=_PING_SECONDS)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status == 200 and response.getheader("x-heritage-endpoint") == endpoint.instance
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def running_endpoint(home: Path) -> str | None:
    """Return the URL of the endpoint that serves ``home`` now, or None. Starts nothing."""
    endpoint = _described(EndpointFiles(home))
    return endpoint.url if endpoint is not None and _answers(endpoint) else None


def ensure_endpoint(home: Path, *, idle_seconds: float = IDLE_SECONDS, timeout: float = _START_SECONDS) -> str:
    """Return the URL of the endpoint that serves ``home``; start it when there is none.

    Callers in any number of processes find the same one.

    Args:
        home: the platform's home; vectors lie in ``home/vectors``.
        idle_seconds: a newly started endpoint stops by itself when nobody has asked for this long.
        timeout: seconds to wait until it is ready.

    Raises:
        EndpointStartError: it did not become ready; the message quotes its log.
    """
    files = EndpointFiles(home)
    url = running_endpoint(home)
    if url is not None:
        return url
    files.folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    try:
        with HomeLock(files.starting).held(wait=timeout):
            return _start_or_join(home, files, idle_seconds, deadline)
    except TimeoutError as error:
        raise EndpointStartError(
            f"another process has been starting the vector endpoint for too long: {error}"
        ) from error


def _start_or_join(home: Path, files: EndpointFiles, idle_seconds: float, deadline: float) -> str:
    child: subprocess.Popen[bytes] | None = None
    while time.monotonic() < deadline:
        url = running_endpoint(home)
        if url is not None:
            return url
        if child is not None and child.poll() is not None:
            raise EndpointStartError(f"the vector endpoint ended with code {child.returncode}. {_last_words(files)}")
        if child is None and HomeLock(files.lock).holder() is None:
            child = _spawn(files, home, idle_seconds)
        time.sleep(_POLL_SECONDS)
    raise EndpointStartError(
        f"the vector endpoint of {files.folder} was not ready in time (process {HomeLock(files.lock).holder()}). "
        f"{_last_words(files)}"
    )


def _spawn(files: EndpointFiles, home: Path, idle_seconds: float) -> subprocess.Popen[bytes]:
    """Start the endpoint in a session of its own, so that it outlives its caller and gets none of its signals."""
    _started[:] = [child for child in _started if child.poll() is None]  # reaps those that have ended
    files.description.unlink(missing_ok=True)
    if files.log.exists() and files.log.stat().st_size > _LOG_MAX_BYTES:
        files.log.unlink()
    command = [sys.executable, "-m", "heritage_assets.embedded.vector_endpoint"]
    command += ["--home", str(home.expanduser().resolve()), "--idle-seconds", str(idle_seconds)]
    with files.log.open("ab") as log:
        child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    _started.append(child)
    return child


def _last_words(files: EndpointFiles) -> str:
    text = files.log.read_text(errors="replace") if files.log.exists() else ""
    tail = " | ".join(text.strip().splitlines()[-5:])
    return f"End of {files.log}: {tail or '(empty)'}"


def _is_endpoint(pid: int) -> bool:
    """Tell an endpoint from whatever else may have its number (a holder that has just begun has not written its own yet)."""
    import psutil

    with suppress(psutil.Error, ValueError):
        return any("vector_endpoint" in part for part in psutil.Process(pid).cmdline())
    return False


def stop_endpoint(home: Path, *, timeout: float = 30.0) -> bool:
    """Stop the endpoint of ``home``: everything is written to disk, then it ends. False when none was running.

    Raises:
        TimeoutError: it did not end in time.
    """
    lock = HomeLock(EndpointFiles(home).lock)
    holder = lock.holder()
    if holder is None:
        return False
    deadline = time.monotonic() + timeout
    if _is_endpoint(holder):
        with suppress(ProcessLookupError):
            os.kill(holder, signal.SIGTERM)
    while lock.holder() is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {holder} still serves {lock.path.parent} after {timeout:.0f} s")
        time.sleep(_POLL_SECONDS)
    for child in _started:
        child.poll()
    return True
