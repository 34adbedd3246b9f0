"""What the use cases ask of the world, in their own words.

Adapters do not inherit from these; `bootstrap` puts them together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmlearn.domain.entry import Counted, Entry, Run
from pytest_llmlearn.domain.generation import Generation, Outcome
from pytest_llmlearn.domain.marks import Mark
from pytest_llmlearn.domain.pattern import Pattern, State
from pytest_llmlearn.domain.provenance import FileProvenance
from pytest_llmlearn.domain.tally import FileTally

if TYPE_CHECKING:
    from pytest_llmlearn.domain.agent_trace import TraceRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A pattern found by words: its searchable text (stemmed words, blank-separated), and full text's own rank."""

    pattern: Pattern
    words: str
    rank: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How much the store holds. `bytes` is of the database's files; `held` of the private texts within them."""

    patterns: int
    occurrences: int
    runs: int
    bytes: int
    held: int
    schema: str
    generations: int = 0


class Store(Protocol):
    """The truth: runs, patterns and occurrences. One writer at a time; readers never wait for it.

    Every method may raise `errors.StoreError`; reading a store that does not exist yet is reading an empty one.
    """

    @property
    def notices(self) -> Sequence[str]:
        """Sentences that a person should read: a damaged file moved aside, a fallback taken."""
        ...

    def record(self, run: Run, entries: Sequence[Entry]) -> list[Counted]:
        """Write a run and its entries in one transaction; one answer for each entry, in order."""
        ...

    def patterns(self, *, category: str | None = None, limit: int | None = None) -> list[Pattern]:
        """Patterns, most frequent and then latest first."""
        ...

    def matching(self, prefix: str) -> list[Pattern]:
        """Patterns whose fingerprint begins so, with or without its version; at most ten."""
        ...

    def occurrences(
        self, *, fingerprint: str | None = None, run: str | None = None, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Occurrences, oldest first, with the keys that `llmlearn occurrences --format json` prints."""
        ...

    def search(self, terms: Sequence[str], symbols: Sequence[str], limit: int) -> list[Hit]:
        """Shown patterns with any of the stemmed words or exact symbols, best rank first."""
        ...

    def rarity(self, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """How many patterns there are, and in how many of them each word stands."""
        ...

    def set_state(self, fingerprint: str, state: State) -> None: ...

    def failed_before(self, nodeids: Sequence[str]) -> frozenset[str]:
        """Which of these tests failed in an earlier run, and for which a red unit is still held."""
        ...

    def statistics(self) -> Statistics: ...

    def clear(self) -> None:
        """Erase everything for good, free pages too."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """The provenance of one file as it was found before, and what it was found from.

    `digest` is that of the file's text, `commit` the one its repository was at (empty outside one), `standing` that of
    all else that decided: a file may be remembered at several, for an assistant's session begins and ends many times a
    day. `tally` are its counts, where they were taken.
    """

    digest: str
    commit: str
    standing: str
    provenance: FileProvenance
    tally: FileTally | None = None


class ProvenanceCache(Protocol):
    """What was found before. A cache: whatever is damaged or cannot be written is forgotten, and that is all."""

    def get(self, standings: Mapping[str, str]) -> Mapping[str, Remembered]:
        """What is remembered of those of the files, by path, that are known to have been found at these standings."""
        ...

    def put(self, found: Mapping[str, Remembered], *, make: bool = False) -> None:
        """Remember these from now on. Without `make` nothing is created in a project where nothing was recorded yet;
        they are written at the end, if something was by then."""
        ...

    def clear(self) -> None:
        """Erase all that is remembered, for good.

        Raises:
            StoreUnavailable: it cannot be erased.
        """
        ...

    def close(self) -> None: ...


class Marks(Protocol):
    """What people said of who wrote some lines; every word is kept."""

    def of(self, path: str) -> Sequence[Mark]:
        """The marks on this file, in the order they were written."""
        ...

    def add(self, mark: Mark) -> None:
        """Write one more.

        Raises:
            OSError: it cannot be written.
        """
        ...


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


class SecretScanner(Protocol):
    """A second opinion on what must not be written down."""

    def find(self, text: str) -> list[str]:
        """The secret values in `text`, literally."""
        ...


class Clock(Protocol):
    def __call__(self) -> datetime:
        """Now, aware, UTC."""
        ...
