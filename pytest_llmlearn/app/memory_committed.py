"""What `Memory` says of the committed lessons, of what others saw, and of what recurs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmlearn.app.committed import CommittedLessons, Exported
    from pytest_llmlearn.app.fold import Fold, Folded
    from pytest_llmlearn.domain.events import Event
    from pytest_llmlearn.domain.recurring import Standing


class CommittedOfMemory:
    """The part of `Memory` around the committed lessons."""

    _committed: CommittedLessons
    _fold: Callable[[], Fold]

    def standings(self, fingerprints: Collection[str], run: str | None = None) -> Mapping[str, Standing]:
        """Whether each of these mistakes recurs, how often and since when it was seen, by whom, and what repaired it.

        `run` is the id of the run for which that is asked: what it saw itself, and what later ones did, does not make
        a mistake recur. Fingerprints are whole ones; those that nothing is known of are left out.
        """
        return self._committed.standings(fingerprints, run)

    def fold(self, events: Iterable[Event]) -> Folded:
        """Learn what other runs learned, in whatever order their events come, and however often.

        Raises:
            BadOccurrence: an event has a value that the store does not know.
            StoreError: the store cannot be written.
        """
        self._committed.catch_up()
        return self._fold().fold(events)

    def lessons_to_commit(self) -> Exported:
        """The file of committed lessons as `llmlearn lessons export` would write it.

        Raises:
            StoreError, OSError: the store, or the file as it is, cannot be read.
        """
        self._committed.catch_up()
        return self._committed.exported()

    def commit_lessons(self, exported: Exported) -> None:
        """Write them into `.llmlearn/lessons.jsonl`.

        Raises:
            OSError: it cannot be written.
        """
        self._committed.write(exported)

    def check_lessons(self) -> Sequence[str]:
        """What is wrong with the file of committed lessons, in sentences; none where nothing is.

        Raises:
            StoreError, OSError: the store, or the file, cannot be read.
        """
        self._committed.catch_up()
        return self._committed.check()
