"""What people say to `Memory` of its patterns: right, wrong, to be kept to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.domain.confidence import Confidence, measured

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports import Clock, Store
    from pytest_llmlearn.domain.pattern import Pattern, Word


class WordsOfMemory:
    """The part of `Memory` around what a person said of a pattern. The last word counts; outcomes do not change it."""

    _store: Store
    _clock: Clock

    if TYPE_CHECKING:

        def pattern(self, fingerprint: str) -> Pattern: ...

    def approve(self, fingerprint: str) -> Pattern:
        """This lesson is right: it is active, though no fix has proven it yet. One that is retired is back.

        Raises:
            UnknownPattern: none or several are named so.
        """
        return self._say(fingerprint, "right")

    def enforce(self, fingerprint: str) -> Pattern:
        """This lesson is to be kept to: more than a hint.

        Raises:
            UnknownPattern: none or several are named so.
        """
        return self._say(fingerprint, "enforce")

    def mute(self, fingerprint: str) -> Pattern:
        """Never show this pattern again: it is wrong or of no use.

        Raises:
            UnknownPattern: none or several are named so.
        """
        return self._say(fingerprint, "wrong")

    def unmute(self, fingerprint: str) -> Pattern:
        """Show this pattern again, in the state that it has earned; nothing changes where nobody muted it.

        Raises:
            UnknownPattern: none or several are named so.
        """
        return self.take_back(fingerprint, "wrong")

    def take_back(self, fingerprint: str, word: Word) -> Pattern:
        """Nobody said this word of the pattern; nothing changes where another one, or none, is said of it.

        Raises:
            UnknownPattern: none or several are named so.
        """
        pattern = self.pattern(fingerprint)
        return self._say(pattern.fingerprint, None) if pattern.word == word else pattern

    def confidence_of(self, pattern: Pattern) -> Confidence:
        """How well the lesson of this pattern is founded today."""
        return measured(pattern.seen, pattern.success, pattern.last_seen, self._clock())

    def _say(self, fingerprint: str, word: Word | None) -> Pattern:
        exact = self.pattern(fingerprint).fingerprint
        self._store.say(exact, word)
        return self.pattern(exact)
