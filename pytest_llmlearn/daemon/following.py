"""The thread that follows what is learned, so that a question finds all loaded.

Vectors are made for what is new; nothing is removed here.
"""

from __future__ import annotations

import logging
import threading

from pytest_llmlearn.daemon.answers import Answers, Refused
from pytest_llmlearn.errors import LlmlearnError

log = logging.getLogger("pytest_llmlearn.daemon")

AT_ONCE = 16
"""Texts that are embedded before others have their turn."""
PAUSE_SECONDS = 0.05
REST_SECONDS = 5.0
"""Between two looks whether anything waits, as long as somebody asks; with nobody asking it rests."""


class Following:
    """Follows the memory of `answers` from `start` to `stop`."""

    def __init__(self, answers: Answers) -> None:
        self.complete = False
        """Whether every text had its vector when it was looked last."""
        self._answers = answers
        self._asked = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="llmlearn-following", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Somebody asks: it is looked again whether anything waits."""
        self._asked.set()

    def stop(self) -> None:
        self._ending.set()
        self._asked.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._asked.clear()
            try:
                with self._answers.opened() as memory:
                    self.complete = memory.make_vectors(AT_ONCE)
            except (LlmlearnError, OSError, Refused) as error:
                log.info("vectors are not made: %s", error)
                self.complete = True
            except Exception:  # the thread goes on, for a later try may find what was missing
                log.exception("vectors are not made")
                self.complete = True
            if not self.complete:
                self._ending.wait(PAUSE_SECONDS)
                continue
            self._ending.wait(REST_SECONDS)
            self._asked.wait()
