"""A question by its meaning: which remembered requests and which mistakes are near it.

Without vectors, or where they cannot be had, there is nothing to say, and one sentence tells why. Invariant: whatever
goes wrong here, the question is answered all the same, by words and names.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmlearn.domain.similarity import Calibration
from pytest_llmlearn.errors import EmbedderUnavailable, LlmlearnError, StoreError

if TYPE_CHECKING:
    from pytest_llmlearn.app.embedding import Embedding
    from pytest_llmlearn.app.ports.vectors import VectorIndex

    Parts = tuple[Embedding, VectorIndex, Calibration]

NEAREST_REQUESTS = 48
NEAREST_MISTAKES = 48
NEAREST_FIXES = 12
AT_ONCE = 8
"""Texts that still want a vector which a question waits for; more of them are left to `llmlearn index`, which is begun
in the background where that is possible."""
REST_SECONDS = 60.0
"""After something went wrong in a process that lives on: it is tried again then, and not with every question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What is near: cosines of requests by their key, and similarities of patterns, 0 to 1, by fingerprint.

    `whole` says that no text that could be near was without its vector.
    """

    requests: Mapping[str, float] = field(default_factory=dict)
    patterns: Mapping[str, float] = field(default_factory=dict)
    whole: bool = True


class Meaning:
    """The use case. `parts` gives what makes vectors, what finds the nearest and how similar is similar, or None where
    nothing is searched by meaning; it is asked once. `fresh` says that a question first embeds a little of what waits.

    `in_background` is for a process that lives on: a thread loads what is needed from the first question on, and until
    it is there, as for a minute after anything went wrong, nothing is found by meaning. Without it the first question
    waits, and what went wrong once is not tried again unless it `lives_on`. Safe to use from several threads.
    """

    def __init__(
        self,
        parts: Callable[[], Parts | None],
        *,
        fresh: bool = True,
        in_background: bool = False,
        lives_on: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = parts
        self._parts: Parts | None = None
        self._asked = False
        self._absent = False
        self._fresh = fresh
        self._in_background = in_background
        self._lives_on = lives_on or in_background
        self._clock = clock
        self._rests_until = 0.0
        self._loading: threading.Thread | None = None
        self._lock = threading.Lock()
        self.notices: list[str] = []
        self.behind = False
        """Whether texts were seen to be without a vector after a question."""

    def of(self, text: str, model: str | None = None) -> Meant | None:
        """What is near `text`, of mistakes only those of `model` where it is named; None where nothing can be found by
        meaning."""
        if not text.strip():
            return None
        try:
            parts = self._begun(text) if self._in_background else self._made()
            if parts is None:
                return None
            meant = self._near(text, model, *parts)
        except Exception as error:  # a fault of whatever kind must not cost the answer: it is said, and words answer
            self._failed(error)
            return None
        self.notices.clear()  # what was wrong is so no more
        return meant

    @property
    def ready(self) -> bool:
        """Whether a question is answered by meaning too where that can be done at all: nothing is being loaded."""
        return not self._in_background or self._absent or self._parts is not None or self._resting

    def catch_up(self, limit: int) -> bool:
        """Load what questions need, and give at most `limit` texts that wait their vectors; whether none waits then.

        What goes wrong is noted as after a question.
        """
        try:
            parts = self._begun("a first text") if self._in_background else self._made()
            if parts is None:
                return True
            embedding, index, _ = parts
            complete = embedding.catch_up(limit).complete
            index.catch_up()
            embedding.of_question("a first text")  # loads the model, where nothing waited
        except Exception as error:  # nobody waits who could be told otherwise
            self._failed(error)
            return True
        return complete

    def _made(self) -> Parts | None:
        with self._lock:
            if self._resting:
                return None
            if not self._asked:
                self._asked = True
                self._parts = self._make()
                self._absent = self._parts is None
            return self._parts

    @property
    def absent(self) -> bool:
        """Whether it is known that nothing is ever found by meaning here, without anything having gone wrong."""
        return self._absent

    @property
    def _resting(self) -> bool:
        return bool(self._rests_until) and self._clock() < self._rests_until

    def _begun(self, text: str) -> Parts | None:
        with self._lock:
            if self._resting:
                return None
            if not self._asked:
                self._asked = True
                self._loading = threading.Thread(target=self._load, args=(text,), name="llmlearn-meaning", daemon=True)
                self._loading.start()
            return self._parts

    def _load(self, text: str) -> None:
        try:
            parts = self._make()
            if parts is None:
                self._absent = True
                return
            embedding, index, _ = parts
            try:
                embedding.of_question(text)  # loads the model
                index.catch_up()
            except BaseException:  # whatever it was, its files are let go
                index.close()
                raise
            with self._lock:
                self._parts = parts
        except Exception as error:  # nobody waits for this thread who could be told otherwise
            self._failed(error)

    def _near(
        self, text: str, model: str | None, embedding: Embedding, index: VectorIndex, calibration: Calibration
    ) -> Meant:
        whole = not self._fresh
        if self._fresh:
            # Who cannot write, or would have to wait for a writer, still asks.
            with suppress(StoreError, OSError):
                whole = embedding.catch_up(AT_ONCE).complete
                self.behind = not whole
        index.catch_up()
        vector = embedding.of_question(text)
        requests = {near.key: near.similarity for near in index.nearest("prompts", vector, NEAREST_REQUESTS)}
        where = None
        if model is not None:
            from pytest_llmlearn.app.ports.vectors import Filter

            where = Filter(model=model)
        patterns: dict[str, float] = {}
        for near in (
            *index.nearest("mistakes", vector, NEAREST_MISTAKES, where),
            *index.nearest("fixes", vector, NEAREST_FIXES, where),
        ):
            patterns[near.owner] = max(patterns.get(near.owner, -1.0), near.similarity)  # the best facet counts
        return Meant(
            requests=requests,
            patterns={owner: calibration.similarity(cosine) for owner, cosine in patterns.items()},
            whole=whole,
        )

    def _failed(self, error: Exception) -> None:
        told = f"{error}" if isinstance(error, LlmlearnError | OSError) else f"{type(error).__name__}: {error}"
        sentence = f"lessons are found by words and names alone: {told}"
        with self._lock:
            if sentence not in self.notices:
                self.notices[:] = [sentence]
            gone = None
            # The index is not at fault where a text got no vector: loading it anew would take long.
            if not (self._lives_on and isinstance(error, EmbedderUnavailable)):
                gone, self._parts = self._parts, None
            if self._lives_on:
                self._rests_until = self._clock() + REST_SECONDS
                self._asked = self._parts is not None
        if gone is not None:
            with suppress(Exception):  # it is broken already, and what broke it is said
                gone[1].close()

    def close(self) -> None:
        """Let go of the index; nothing is found by meaning any more. What is being loaded is waited for."""
        if self._loading is not None:
            self._loading.join()
        with self._lock:
            gone, self._parts = self._parts, None
            self._asked = self._asked or self._loading is not None
        if gone is not None:
            gone[1].close()
