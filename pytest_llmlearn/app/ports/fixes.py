"""What became of red tests: the tests' last word, the repairs mined when they turned green."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_llmlearn.domain.fix import Fix, Healing, Red


class Fixes(Protocol):
    """Which tests were green or are red, and the fixes. In the same file as the store, and as safe.

    Tests are told by their ids as the store keeps them: redacted.
    """

    def red_tests(self) -> Sequence[str]:
        """The tests that failed when they were last seen."""
        ...

    def red_scans(self) -> Sequence[str]:
        """What scans found, by the ids of `domain.flaw`, and no later one found mended. None of them is a test."""
        ...

    def never_green(self, nodeids: Collection[str]) -> Sequence[str]:
        """Those of these tests that are not known to have been green, in their order."""
        ...

    def reds(self, nodeids: Collection[str]) -> Sequence[Red]:
        """What the last failing run of each of these tests was laid on; flaky failures are none."""
        ...

    def note(
        self, *, time: datetime, green: Collection[str] = (), healed: Collection[str] = (), healings: Sequence[Healing]
    ) -> Sequence[Fix]:
        """Write in one transaction that tests were green at `time`, and what became of red occurrences.

        `healed` tests are red no more, unless they failed later than that. A healing that is known already changes
        nothing, but a fix wins over any other verdict on the same code. Patterns that are not known are left out.

        Returns:
            The fixes among the healings as they stand now, each once, in their order.
        """
        ...

    def fixes(self, fingerprint: str | None = None) -> Sequence[Fix]:
        """Fixes, of one pattern or all, most often verified and then latest first."""
        ...

    def healings(self, fingerprint: str | None = None) -> Sequence[Healing]:
        """What became of red occurrences, oldest first."""
        ...


class Tested(Protocol):
    """What the last runs said of the tests: whether the next one can heal anything. A shadow: it may be lost."""

    @property
    def watched(self) -> bool:
        """Whether there is a memory in which anything could have been red."""
        ...

    def saw(self, passed: Iterable[str], red: Callable[[], Sequence[str]]) -> None:
        """Remember that these tests are known to be green, and which are red; that is asked until it stays the same.

        Raises:
            OSError: it cannot be written.
        """
        ...

    def forget(self) -> None:
        """Tests failed: the next run is to be looked at, whatever it is like.

        Raises:
            OSError: that cannot be noted.
        """
        ...
