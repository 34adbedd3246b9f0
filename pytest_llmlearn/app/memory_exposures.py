"""What `Memory` says of what was shown: judged by runs of the tests, and whether it helps."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.occurrence import Occurrence

if TYPE_CHECKING:
    from pytest_llmlearn.app.judging import Judged, Judging
    from pytest_llmlearn.app.outcomes import Watched
    from pytest_llmlearn.app.ports import Clock
    from pytest_llmlearn.app.ports.exposures import Exposures
    from pytest_llmlearn.app.record import Recording
    from pytest_llmlearn.domain.effect import Effect
    from pytest_llmlearn.domain.pattern import Pattern


class ExposuresOfMemory:
    """The part of `Memory` around exposures."""

    _exposures: Exposures
    _judging: Judging
    _clock: Clock

    if TYPE_CHECKING:

        def pattern(self, fingerprint: str) -> Pattern: ...

    def judge(
        self,
        run: Run,
        *,
        passed: Collection[str],
        occurrences: Sequence[Occurrence],
        recording: Recording | None,
        loaded: Collection[str],
        watched: Watched,
    ) -> Judged:
        """Join a run of the tests with what was shown before it; arguments as for `watched`, whose answer is the last.

        Raises:
            StoreError: what came of it cannot be written.
            OSError: what the run was like cannot be noted.
        """
        return self._judging.judge(
            run, passed=passed, occurrences=occurrences, recording=recording, loaded=loaded, watched=watched
        )

    def expire_exposures(self) -> int:
        """Call off the waiting of what was shown too long ago: there was no opportunity; how many these were.

        Raises:
            StoreError: it cannot be written.
        """
        return self._judging.expire(self._clock())

    def effect(self, fingerprint: str | None = None) -> Effect:
        """What came of showing the lesson of one pattern, or all lessons.

        Raises:
            UnknownPattern: no pattern is named so, or several are.
        """
        return self._exposures.effect(None if fingerprint is None else self.pattern(fingerprint).fingerprint)

    def effects(self, fingerprints: Collection[str]) -> Mapping[str, Effect]:
        """The same for several patterns, by whole fingerprints; those that were never shown are left out."""
        return self._exposures.effects(fingerprints)
