"""Progress of long work, told to whoever listens.

A step wraps its loop in :func:`track`; the command line installs a listener that draws bars with rates, Dagster installs one
that logs. Without a listener it costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int, int | None], None]
"""Called with (stage, items done so far, total or None)."""

_listener: ContextVar[Listener | None] = ContextVar("progress_listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Send every report made inside the block to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


class Stage:
    """A counter for one stage of work; :meth:`advance` reports to the current listener."""

    def __init__(self, name: str, total: int | None = None) -> None:
        self.name = name
        self.total = total
        self.done = 0
        self._listener = _listener.get()
        self.advance(0)

    def advance(self, items: int = 1) -> None:
        """Count ``items`` more as done."""
        self.done += items
        if self._listener is not None:
            self._listener(self.name, self.done, self.total)
