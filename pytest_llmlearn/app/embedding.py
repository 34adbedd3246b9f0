"""Give texts their vectors: what was learned since, in small steps that anyone may interrupt, and questions.

Invariant: vectors of one embedder alone are made and asked for; those of another are dropped once all is made anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmlearn.app.ports.upkeep import Alone
from pytest_llmlearn.app.ports.vectors import Embeddable, Embedder, VectorStore
from pytest_llmlearn.domain import facets

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Vector

BATCH = 32
"""Texts that are embedded and kept together: what is lost where it is interrupted."""
PAGE = 8 * BATCH
"""Texts that the store is asked for at once."""
QUESTIONS = 256
"""Questions whose vectors are remembered by a process: 400 kB."""

Progress = Callable[[int, int], object]
"""Is told how many texts have a vector now, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What was done: texts that got a vector, vectors of other embedders that were dropped, and whether all is done.

    `alone` is False where another process is at it, and nothing was done here.
    """

    made: int = 0
    dropped: int = 0
    complete: bool = True
    alone: bool = True


class Embedding:
    """The use case, safe to use from several threads.

    `digest_of` is that of a request's normal form, by which the store knows it; without it only this process's own
    questions are known again. `alone` lets one process at a time catch up; without it two do the same work twice.
    """

    def __init__(
        self,
        vectors: VectorStore,
        embedder: Embedder,
        *,
        digest_of: Callable[[str], bytes] | None = None,
        alone: Alone | None = None,
    ) -> None:
        self._vectors = vectors
        self._embedder = embedder
        self._digest_of = digest_of
        self._alone = alone
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, Vector] = OrderedDict()

    @property
    def name(self) -> str:
        """The embedder's."""
        return self._embedder.name

    def catch_up(self, limit: int | None = None, progress: Progress | None = None) -> Embedded:
        """Embed what waits, at most `limit` texts.

        Each batch is kept before the next one is begun: an interruption loses one batch, and a writer who waits gets
        its turn between two.

        Raises:
            EmbedderUnavailable: vectors cannot be made; those made before are kept.
            StoreError: the store cannot be written; batches kept before stay.
        """
        name = self._embedder.name
        if not self._vectors.waiting(name, 1) and not self._others(name):
            return Embedded()
        with self._alone.held() if self._alone is not None else nullcontext(True) as alone:
            return self._catch_up(name, limit, progress) if alone else Embedded(alone=False, complete=False)

    def _catch_up(self, name: str, limit: int | None, progress: Progress | None) -> Embedded:
        made = 0
        before, total = self._vectors.covered(name) if progress is not None else (0, 0)
        tried: set[tuple[str, str]] = set()
        while limit is None or made < limit:
            room = PAGE if limit is None else min(PAGE, limit - made)
            # A text that changes while it is embedded waits again, as another one. What waits again unchanged could not
            # be kept, and would do so for ever.
            page = [one for one in self._vectors.waiting(name, room) if (one.key, one.digest) not in tried]
            if not page:
                break
            tried.update((one.key, one.digest) for one in page)
            for start in range(0, len(page), BATCH):
                batch = page[start : start + BATCH]
                self._vectors.put(name, self._embedder.dimension, self._made(batch))
                made += len(batch)
                if progress is not None:
                    # More may have been learned meanwhile; counting all again would take longer than embedding.
                    progress(before + made, max(total, before + made))
        complete = not self._vectors.waiting(name, 1)
        return Embedded(made=made, dropped=self._drop_others(name) if complete else 0, complete=complete)

    def _made(self, batch: Sequence[Embeddable]) -> list[tuple[Embeddable, Vector]]:
        texts = list(dict.fromkeys(one.text for one in batch))  # several patterns may say the same
        vectors = dict(zip(texts, self._embedder.embed(texts), strict=True))
        return [(one, vectors[one.text]) for one in batch]

    def _drop_others(self, name: str) -> int:
        # With no vector of its own there is nothing that could stand in for the others.
        return sum(map(self._vectors.drop, self._others(name))) if self._vectors.revision(name) else 0

    def _others(self, name: str) -> list[str]:
        return [other for other in self._vectors.embedders() if other != name]

    def of_question(self, text: str) -> Vector:
        """The vector of a question: remembered, or kept with a request that was the same, or made.

        Raises:
            EmbedderUnavailable: it cannot be made.
            StoreError: the store cannot be read.
        """
        asked = facets.asked(text)
        with self._lock:
            known = self._asked.get(asked)
            if known is not None:
                self._asked.move_to_end(asked)
                return known
        if self._digest_of is not None:
            known = self._vectors.of_prompt(self._embedder.name, self._digest_of(text))
        if known is None:
            known = self._embedder.embed([asked])[0]
        with self._lock:
            self._asked[asked] = known
            if len(self._asked) > QUESTIONS:
                self._asked.popitem(last=False)
        return known
