"""Which of some matchers fire in a text: what their trials are made of. Here matchers are asked one by one, those
too that are held back; nothing is told to anybody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING

from pytest_llmlearn.domain.matchers.pieces import words_of
from pytest_llmlearn.domain.tree import Span

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.matchers import Matchers
    from pytest_llmlearn.app.watch import Watch
    from pytest_llmlearn.domain.matcher import Matcher, Trials

Fired = Mapping[str, Sequence[Span]]
"""Where matchers fired, by their keys; those that did not are left out."""


class Trying:
    """Asks matchers of texts, by what `watch` makes of a set of matchers. Safe to share between threads."""

    def __init__(self, watch: Callable[[Matchers], Watch]) -> None:
        self._these = _These()
        self._watch = watch(self._these)
        self._lock = Lock()

    def fired(self, matchers: Sequence[Matcher], path: str, text: str) -> Fired:
        """Where each of these matchers fires in the text of that file."""
        return self.each(matchers, [(path, text)])[0]

    def each(self, matchers: Sequence[Matcher], texts: Iterable[tuple[str, str]]) -> list[Fired]:
        """The same of several texts, each with its path."""
        with self._lock:
            return self._each(matchers, texts)

    def forget(self) -> None:
        """What exists may be another by now: ask anew."""
        with self._lock:
            self._watch.forget()

    def _each(self, matchers: Sequence[Matcher], texts: Iterable[tuple[str, str]]) -> list[Fired]:
        self._these.become(matchers)
        words = [matcher.names for matcher in matchers]
        found: list[Fired] = []
        for path, text in texts:
            there = words_of(text)
            if not any(atoms <= there for atoms in words):
                found.append({})
                continue
            fired: dict[str, list[Span]] = {}
            for sighting in self._watch.look(path, text, candidates=True, settled=True).sightings:
                fired.setdefault(sighting.matcher.fingerprint, []).append(sighting.span)
            found.append(fired)
        return found


class _These:
    """`ports.Matchers` of just those that are asked now; each goes by its key, or one would hide the other."""

    def __init__(self) -> None:
        self._now: list[Matcher] = []
        self._keys: list[str] = []
        self._revision = 0

    def become(self, matchers: Sequence[Matcher]) -> None:
        keys = [matcher.key for matcher in matchers]
        if keys != self._keys:
            self._keys = keys
            self._now = [replace(one, fingerprint=key) for one, key in zip(matchers, keys, strict=True)]
            self._revision += 1

    def kept(self, *, candidates: bool = False) -> Sequence[Matcher]:
        return self._now

    def every(self, fingerprint: str | None = None) -> Sequence[Matcher]:
        return self._now

    def shapes_among(self, words: Collection[str]) -> Sequence[Matcher]:
        return [one for one in self._now if one.kind == "shape" and one.names <= frozenset(words)]

    def put(self, matchers: Collection[Matcher]) -> Sequence[Matcher]:
        raise NotImplementedError("what is only tried is not kept")

    def tried(self, trials: Mapping[str, Trials], code: str) -> None:
        raise NotImplementedError("what is only tried is not kept")

    def proved(self, hits: Mapping[str, int]) -> None:
        raise NotImplementedError("what is only tried is not kept")

    def revision(self) -> int:
        return self._revision
