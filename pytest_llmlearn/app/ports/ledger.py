"""The generations, what the last watched run was like, and traces."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pytest_llmlearn.domain.generation import Generation, Outcome

if TYPE_CHECKING:
    from pytest_llmlearn.domain.agent_trace import TraceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Of how many generations something is known: prompt, reasoning (or plan), model, and what tests said."""

    generations: int = 0
    prompt: int = 0
    reasoning: int = 0
    model: int = 0
    tested: int = 0


class Ledger(Protocol):
    """The generations, and what came of them. In the same file as the store, and as safe."""

    def add(self, generations: Sequence[Generation]) -> list[bool]:
        """Write them in one transaction; for each, whether it was new. One whose id is known changes nothing.

        The earlier of two operations on one unit within the window is flagged as edited again, whichever is added
        first. Operations on one path are on one unit where they name the same one, or one of them names none. An
        operation is followed by such as came the same way, for a commit repeats what was told before: those handed in
        (`event`, `library`), those of traces, those of commits.
        """
        ...

    def generations(
        self,
        *,
        model: str | None = None,
        path: str | None = None,
        awaiting: bool = False,
        limit: int | None = None,
    ) -> list[Generation]:
        """Generations, oldest first; with a limit, the latest so many. `awaiting`: those no test has reached yet."""
        ...

    def generation(self, prefix: str) -> list[Generation]:
        """Those whose id begins so; at most ten."""
        ...

    def coverage(self) -> Coverage:
        """How much is known of the generations."""
        ...

    def tell(self, outcomes: Mapping[str, Outcome]) -> None:
        """Set what came of generations, by id; ids that are not known are left out.

        What an outcome does not know (None, False) stays as it was, so that two who tell do not undo one another.
        """
        ...

    def expose(self, files: Mapping[str, datetime]) -> None:
        """These files (relative paths) were loaded by tests at these times; the latest is kept."""
        ...

    def exposed(self) -> Mapping[str, datetime]:
        """Files that tests have loaded, and when they last did."""
        ...

    def failed_units(self) -> Sequence[tuple[str, str, str, str]]:
        """Distinct model, path, unit and code state of every counted failure laid on generated code."""
        ...

    def remember(self, key: str, value: str) -> None:
        """Keep a word of one's own, such as how far a history was read."""
        ...

    def remembered(self, key: str) -> str | None:
        """What was kept under that key."""
        ...


class Seen(Protocol):
    """What the last watched run saw: whether the next one can tell anything new. A shadow: it may be lost."""

    @property
    def watched(self) -> bool:
        """Whether there is a memory in which a run could be joined with anything."""
        ...

    def saw(self, loaded: Collection[str], ran: Iterable[str], *, awaiting: bool) -> None:
        """Remember a run: the own files that its tests loaded, the ids of its tests, whether a generation awaits one.

        Raises:
            OSError: it cannot be written.
        """
        ...

    def awaits(self) -> None:
        """The next run is to be looked at, whatever it is like.

        Raises:
            OSError: that cannot be noted.
        """
        ...


class Traces(Protocol):
    """What recorders of Agent Trace left, ours among them."""

    def records(self) -> Iterable[TraceRecord]:
        """All records, each with those of its files that lie in the project, by paths from its root."""
        ...

    def standing(self) -> str:
        """What changes whenever a record is added; empty where there are none. No file is opened."""
        ...


class TraceLog(Protocol):
    """The project's own record of which lines models wrote."""

    def append(self, line: str) -> None:
        """Write one more record, which is one line of JSON.

        Raises:
            OSError: it cannot be written.
        """
        ...
