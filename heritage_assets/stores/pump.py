"""A stream produced in a thread of its own, a little ahead of whoever reads it."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Generic, Self, TypeVar

T = TypeVar("T")

AHEAD = 2
"""Items produced before they are asked for."""

_END = object()


class Pump(Generic[T]):
    """Iterates ``source`` in a thread and hands its items over in order; an error of the source is raised by the reader.

    The Delta writer asks for rows from inside its own asynchronous runtime, in which no other table can be opened: a source that
    reads tables must run elsewhere. It also overlaps producing with writing. Memory: ``AHEAD`` items more than the source holds.

    Use as a context manager: leaving it stops the thread, also when not everything was read.
    """

    def __init__(self, source: Iterable[T]) -> None:
        self._source = source
        self._items: queue.Queue[object] = queue.Queue(maxsize=AHEAD)
        self._stopped = threading.Event()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._produce,), name="pump", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        while (item := self._items.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            yield item  # type: ignore[misc]

    def _produce(self) -> None:
        source = iter(self._source)
        try:
            for item in source:
                if not self._hand_over(item):
                    break
            self._hand_over(_END)
        except BaseException as error:  # handed to the reader, who raises it
            self._hand_over(_Failure(error))
        finally:
            close = getattr(source, "close", None)
            if close is not None:
                close()

    def _hand_over(self, item: object) -> bool:
        """Wait for room; False when nobody reads any more."""
        while not self._stopped.is_set():
            try:
                self._items.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False


class _Failure:
    """An error on its way from the thread to the reader."""

    def __init__(self, error: BaseException) -> None:
        self.error = error
