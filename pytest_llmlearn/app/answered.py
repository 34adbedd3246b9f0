"""Answers that were given, kept for whoever asks the same again.

Editors ask as often as something is typed, hooks once for each file of a request. Invariant: an answer is given again
only while the store, the files that were looked at, and what is gone are as they were, and for `AGE` at most.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

from pytest_llmlearn.domain.guidance import Guidance, Query

KEPT = 512
"""Answers at most: some ten megabytes. An editor asks the same few again, a benchmark two hundred."""
LONGEST = 20_000
"""Characters of a question beyond which its answer is not kept."""
AGE = timedelta(minutes=5)
"""Recency moves by days: within this no score moves by as much as it is rounded to."""

_Text = tuple[int, bytes] | None


class Outside:
    """What one question looks at outside the store, and what it found there.

    `text_of` reads a file, `siblings` lists the files beside one, `gone` tells which of a few fingerprints speak of
    what is gone, at a moment.
    """

    def __init__(
        self,
        text_of: Callable[[str], str | None],
        siblings: Callable[[str], Sequence[str]],
        gone: Callable[[datetime, Sequence[str]], Collection[str]],
    ) -> None:
        self._text_of = text_of
        self._siblings = siblings
        self._gone = gone
        self._texts: dict[str, _Text] = {}
        self._beside: dict[str, tuple[str, ...]] = {}
        self._voided: dict[tuple[str, ...], frozenset[str]] = {}

    def text_of(self, path: str) -> str | None:
        found = self._text_of(path)
        self._texts[path] = _digest(found)
        return found

    def siblings(self, path: str) -> Sequence[str]:
        found = self._siblings(path)
        self._beside[path] = tuple(found)
        return found

    def gone(self, now: datetime, fingerprints: Sequence[str]) -> Collection[str]:
        found = self._gone(now, fingerprints)
        self._voided[tuple(fingerprints)] = frozenset(found)
        return found

    def unchanged(self, now: datetime) -> bool:
        """Whether looking again finds the same."""
        return (
            all(_digest(self._text_of(path)) == known for path, known in self._texts.items())
            and all(tuple(self._siblings(path)) == known for path, known in self._beside.items())
            and all(frozenset(self._gone(now, names)) == known for names, known in self._voided.items())
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Given:
    state: object
    time: datetime
    outside: Outside
    answer: Guidance


class Answered:
    """The answers. `state` names the state of all that the store holds, another one after each change of it, whoever
    made it; None where it cannot tell, and then nothing is kept. Safe to use from several threads."""

    def __init__(self, state: Callable[[], object | None] = lambda: None) -> None:
        self._state = state
        self._given: OrderedDict[Query, _Given] = OrderedDict()
        self._lock = threading.Lock()

    def state(self) -> object | None:
        """The store's now."""
        return self._state()

    def again(self, query: Query, state: object | None, now: datetime) -> Guidance | None:
        """What was answered to that, if it would be answered now; `state` is the store's now."""
        if state is None:
            return None
        with self._lock:
            given = self._given.get(query)
            if given is None:
                return None
            self._given.move_to_end(query)
        if given.state != state or not timedelta(0) <= now - given.time <= AGE or not given.outside.unchanged(now):
            return None
        return given.answer

    def keep(self, answer: Guidance, state: object | None, now: datetime, outside: Outside) -> None:
        """Keep what was made of the store as it was in that state, if nobody changed it meanwhile."""
        if state is None or len(answer.query.text) > LONGEST or self._state() != state:
            return
        with self._lock:
            if any(one.state != state for one in self._newest()):
                self._given.clear()  # none of another state is given any more
            self._given[answer.query] = _Given(state=state, time=now, outside=outside, answer=answer)
            self._given.move_to_end(answer.query)
            if len(self._given) > KEPT:
                self._given.popitem(last=False)

    def _newest(self) -> Sequence[_Given]:
        return [self._given[next(reversed(self._given))]] if self._given else []


def _digest(text: str | None) -> _Text:
    if text is None:
        return None
    return len(text), blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
