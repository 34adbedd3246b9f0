"""What `Memory` says of lessons: asked for before code is written, worded, reworded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmlearn.app import lessons
from pytest_llmlearn.app.recall import Recall

if TYPE_CHECKING:
    from pytest_llmlearn.app.committed import CommittedLessons
    from pytest_llmlearn.app.exposures import Delivery
    from pytest_llmlearn.app.ports import Clock, Lessons, Version
    from pytest_llmlearn.domain.finding import Rule
    from pytest_llmlearn.domain.guidance import Guidance, Query
    from pytest_llmlearn.domain.lesson import Lesson
    from pytest_llmlearn.domain.pattern import Pattern


class LessonsOfMemory:
    """The part of `Memory` around lessons."""

    _lessons: Lessons
    _recall: Recall
    _delivery: Delivery
    _committed: CommittedLessons
    _redact: Callable[[str], str]
    _clock: Clock

    if TYPE_CHECKING:

        def pattern(self, fingerprint: str) -> Pattern: ...
        def rule(self, rule_id: str) -> Rule | None: ...
        def _relative(self, path: str) -> str: ...

    def recall(self, query: Query) -> Guidance:
        """The lessons that matter for what is about to be written, or none. What is shown is logged, if it can be.

        `query.path` may be absolute or use backslashes, where it lies below the root.
        """
        if query.path is not None:
            query = replace(query, path=self._relative(query.path))
        self._committed.catch_up()
        return self._delivery.deliver(self._recall.recall(query, self._clock()))

    def lesson(self, fingerprint: str) -> Lesson:
        """What is to be learned from the pattern whose fingerprint is, or begins with, this one.

        Raises:
            UnknownPattern: none or several do.
        """
        pattern = self.pattern(fingerprint)
        return lessons.lesson_of(pattern, self._lessons, self.rule(pattern.rule_id))

    def reword(
        self,
        fingerprint: str,
        *,
        when: str | None = None,
        instead: str | None = None,
        because: str | None = None,
        bad: str | None = None,
        good: str | None = None,
    ) -> Lesson:
        """Put one's own words in place of the template's; the lesson as it reads then.

        None leaves a part as it is, an empty text leaves it out. What is written is redacted, cleaned and cut like all
        else; what was written before is kept as an older version.

        Raises:
            UnknownPattern: no pattern is named so, or several are.
            StoreError: the store cannot be written; nothing was.
        """
        given = {"when": when, "instead": instead, "because": because, "bad": bad, "good": good}
        return self.replace_words(fingerprint, {part: text for part, text in given.items() if text is not None})

    def replace_words(self, fingerprint: str, parts: Mapping[str, str | None], *, afresh: bool = False) -> Lesson:
        """The same by parts of which None is the template's; with `afresh` all others are the template's again.

        Raises:
            BadInput: a part is none that a lesson has.
            UnknownPattern: no pattern is named so, or several are.
            StoreError: the store cannot be written; nothing was.
        """
        pattern = self.pattern(fingerprint)
        lessons.reword(pattern, self._lessons, parts, redact=self._redact, now=self._clock(), afresh=afresh)
        return self.lesson(pattern.fingerprint)

    def lesson_versions(self, fingerprint: str) -> Sequence[Version]:
        """All that people wrote of a lesson, the oldest first. A version without any part took the words back.

        Raises:
            UnknownPattern: no pattern is named so, or several are.
        """
        return self._lessons.versions(self.pattern(fingerprint).fingerprint)

    def contexts(self, fingerprint: str) -> Mapping[str, int]:
        """In what surroundings the mistake was made, and in how many functions; most frequent first.

        Raises:
            UnknownPattern: no pattern is named so, or several are.
        """
        return self._lessons.contexts(self.pattern(fingerprint).fingerprint)
