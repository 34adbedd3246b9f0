"""A question by its meaning: which remembered requests and which mistakes are near it.

Without vectors, or where they cannot be had, there is nothing to say, and one sentence tells why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmlearn.domain.similarity import Calibration
from pytest_llmlearn.errors import EmbedderUnavailable, IndexUnavailable, MissingExtra, StoreError

if TYPE_CHECKING:
    from pytest_llmlearn.app.embedding import Embedding
    from pytest_llmlearn.app.ports.vectors import VectorIndex

NEAREST_REQUESTS = 48
NEAREST_MISTAKES = 48
NEAREST_FIXES = 12
AT_ONCE = 8
"""Texts that still want a vector which a question waits for; more of them are left to `llmlearn index`, which is begun
in the background where that is possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What is near: cosines of requests by their key, and similarities of patterns, 0 to 1, by fingerprint."""

    requests: Mapping[str, float] = field(default_factory=dict)
    patterns: Mapping[str, float] = field(default_factory=dict)


class Meaning:
    """The use case. `parts` gives what makes vectors, what finds the nearest and how similar is similar, or None where
    nothing is searched by meaning; it is asked once. `fresh` says that a question first embeds a little of what waits.
    """

    def __init__(
        self, parts: Callable[[], tuple[Embedding, VectorIndex, Calibration] | None], *, fresh: bool = True
    ) -> None:
        self._make = parts
        self._parts: tuple[Embedding, VectorIndex, Calibration] | None = None
        self._asked = False
        self._fresh = fresh
        self.notices: list[str] = []
        self.behind = False
        """Whether texts were seen to be without a vector after a question."""

    def of(self, text: str, model: str | None = None) -> Meant | None:
        """What is near `text`, of mistakes only those of `model` where it is named; None where nothing can be found by
        meaning."""
        if not text.strip():
            return None
        try:
            if not self._asked:
                self._asked = True
                self._parts = self._make()
            return self._near(text, model, *self._parts) if self._parts is not None else None
        except (EmbedderUnavailable, IndexUnavailable, MissingExtra, StoreError, OSError) as error:
            self.close()
            self.notices.append(f"lessons are found by words and names alone: {error}")
            return None

    def _near(
        self, text: str, model: str | None, embedding: Embedding, index: VectorIndex, calibration: Calibration
    ) -> Meant:
        if self._fresh:
            # Who cannot write, or would have to wait for a writer, still asks.
            with suppress(StoreError, OSError):
                self.behind = not embedding.catch_up(AT_ONCE).complete
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
        )

    def close(self) -> None:
        """Let go of the index; nothing is found by meaning any more."""
        if self._parts is not None:
            self._parts[1].close()
            self._parts = None
