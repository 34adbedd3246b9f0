"""One thread that does one thing after another, asked from the event loop.

What is asked for and not wanted any more before its turn is never begun. The thread does not keep the process alive.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Worker:
    """A queue and its thread, which is started with the first job. `urgent` jobs come before the others."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn = threading.Condition()
        self._urgent: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._other: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._thread: threading.Thread | None = None
        self._ended = False

    @property
    def waiting(self) -> int:
        """Jobs whose turn has not come."""
        with self._turn:
            return len(self._urgent) + len(self._other)

    def submit(self, job: Callable[[], T], *, urgent: bool = False) -> Future[T]:
        """What becomes of the job.

        Raises:
            RuntimeError: the worker has ended.
        """
        future: Future[T] = Future()
        with self._turn:
            if self._ended:
                raise RuntimeError(f"{self._name} has ended")
            (self._urgent if urgent else self._other).append((future, job))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._turn.notify()
        future.add_done_callback(self._drop)
        return future

    async def run(self, job: Callable[[], T], *, urgent: bool = False) -> T:
        """The job's answer; cancelled before its turn, it is not begun."""
        return await asyncio.wrap_future(self.submit(job, urgent=urgent))

    def end(self, last: Callable[[], object], seconds: float) -> None:
        """Give up what waits, do this last, and wait for it at most so long."""
        with self._turn:
            if self._ended:
                return
            self._ended = True
            given_up = [future for future, _ in (*self._urgent, *self._other)]
            thread = self._thread
            if thread is not None:
                self._other.append((Future(), last))
                self._turn.notify()
        for future in given_up:
            future.cancel()
        if thread is not None:
            thread.join(seconds)

    def _drop(self, future: Future[Any]) -> None:
        if not future.cancelled():
            return
        with self._turn:
            for queue in (self._urgent, self._other):
                for entry in queue:
                    if entry[0] is future:
                        queue.remove(entry)
                        return

    def _work(self) -> None:
        while True:
            with self._turn:
                while not (self._urgent or self._other):
                    if self._ended:
                        return
                    self._turn.wait()
                future, job = (self._urgent or self._other).popleft()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(job())
            except BaseException as error:  # whoever asked hears of it, whatever it is; the thread goes on
                future.set_exception(error)
            del future, job
