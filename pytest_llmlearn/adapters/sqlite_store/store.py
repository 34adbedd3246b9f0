"""The port's words over the database file.

What only writes is imported where it is first needed: a question starts cold, and is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters import migrations
from pytest_llmlearn.adapters.sqlite_store import finding, rows
from pytest_llmlearn.adapters.sqlite_store.counting import state_of
from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile
from pytest_llmlearn.adapters.sqlite_store.exposures import SqliteExposures
from pytest_llmlearn.adapters.sqlite_store.ledger import SqliteLedger
from pytest_llmlearn.adapters.sqlite_store.lessons import SqliteLessons
from pytest_llmlearn.adapters.sqlite_store.requests import SqliteRequests
from pytest_llmlearn.app.ports import Clock, Glimpse, Hit, Statistics
from pytest_llmlearn.domain.entry import Counted, Entry, Run
from pytest_llmlearn.domain.pattern import Pattern, Word
from pytest_llmlearn.errors import UnknownPattern

if TYPE_CHECKING:
    from sqlite_utils import Database

    from pytest_llmlearn.adapters.sqlite_store.chronicle import SqliteChronicle
    from pytest_llmlearn.adapters.sqlite_store.committing import SqliteCommitted
    from pytest_llmlearn.adapters.sqlite_store.fixes import SqliteFixes
    from pytest_llmlearn.adapters.sqlite_store.folding import SqliteFolded
    from pytest_llmlearn.adapters.sqlite_store.matchers import SqliteMatchers
    from pytest_llmlearn.adapters.sqlite_store.upkeep import SqliteUpkeep
    from pytest_llmlearn.adapters.sqlite_store.vectors import SqliteVectors


class SqliteStore:
    """`ports.Store` for the project at `root`; safe to share between threads, and between processes by the file.

    `hold_days` is how long private texts are kept after they were last seen red; with 0 none is written. Another
    writer is waited for, up to `busy_seconds`. `clock` dates the private texts. `matcher_hits` is in how many pieces of
    passing code a matcher may fire before it is held back.
    """

    def __init__(
        self,
        root: Path,
        *,
        hold_days: int = 30,
        busy_seconds: float = 10.0,
        clock: Clock = lambda: datetime.now(UTC),
        matcher_hits: int = 0,
    ) -> None:
        self._matcher_hits = matcher_hits
        self._project = root.absolute().name
        self._hold_days = hold_days
        self._clock = clock
        self._file = DatabaseFile(root, busy_seconds=busy_seconds, clock=clock)

    def ledger(self, *, edited_again_seconds: float = 300.0) -> SqliteLedger:
        """The ledger in the same file, over the same connections."""
        return SqliteLedger(self._file, edited_again_seconds=edited_again_seconds)

    def requests(self) -> SqliteRequests:
        """What was asked before, in the same file, over the same connections."""
        return SqliteRequests(self._file, self._clock)

    def lessons(self) -> SqliteLessons:
        """What lessons are made of, in the same file, over the same connections."""
        return SqliteLessons(self._file)

    def fixes(self) -> SqliteFixes:
        """What became of red tests, in the same file, over the same connections."""
        from pytest_llmlearn.adapters.sqlite_store.fixes import SqliteFixes

        return SqliteFixes(self._file, clock=self._clock)

    def exposures(self) -> SqliteExposures:
        """What was shown, in the same file, over the same connections."""
        return SqliteExposures(self._file)

    def committed(self) -> SqliteCommitted:
        """The committed lessons in the same file, over the same connections."""
        from pytest_llmlearn.adapters.sqlite_store.committing import SqliteCommitted

        return SqliteCommitted(self._file, self._clock)

    def chronicle(self) -> SqliteChronicle:
        """What happened in a period, from the same file, over the same connections."""
        from pytest_llmlearn.adapters.sqlite_store.chronicle import SqliteChronicle

        return SqliteChronicle(self._file)

    def matchers(self) -> SqliteMatchers:
        """What recognises mistakes in texts, in the same file, over the same connections."""
        from pytest_llmlearn.adapters.sqlite_store.matchers import SqliteMatchers

        return SqliteMatchers(self._file, hits=self._matcher_hits)

    def folded(self) -> SqliteFolded:
        """What folding needs, in the same file, over the same connections."""
        from pytest_llmlearn.adapters.sqlite_store.folding import SqliteFolded

        return SqliteFolded(self._file, self._clock)

    def upkeep(self) -> SqliteUpkeep:
        """What keeps it in order, in the same file, over the same connections."""
        from pytest_llmlearn.adapters.sqlite_store.upkeep import SqliteUpkeep

        return SqliteUpkeep(self._file, self._clock)

    def vectors(self) -> SqliteVectors:
        """The vectors in the same file, over the same connections."""
        from pytest_llmlearn.adapters.sqlite_store.vectors import SqliteVectors

        return SqliteVectors(self._file)

    @property
    def notices(self) -> Sequence[str]:
        """Sentences that a person should read."""
        return tuple(self._file.notices)

    def state(self) -> int | None:
        """A number for the state of all that answers are made of: another one once anybody has changed it, whoever it
        was; None where there is nothing to be read. What was shown is no part of it."""
        return self._file.ask(state_of, None)

    def record(self, run: Run, entries: Sequence[Entry]) -> list[Counted]:
        """Write a run and its entries in one transaction; one answer for each entry, in order.

        A run whose `run_id` is there already is ignored as a whole, and the answers tell how its patterns stand.

        Raises:
            BadOccurrence: an entry has a value that the store does not know; nothing was written.
            StoreError: the store cannot be written; nothing was.
        """
        from pytest_llmlearn.adapters.sqlite_store import checking, erasing, writing

        checking.check(entries)
        now = self._clock()

        def change(db: Database) -> list[Counted]:
            writer = writing.Writer(db, now=now, hold=self._hold_days > 0)
            counted = writer.write(run, entries, self._project)
            erasing.purge(db, now, self._hold_days)
            return counted

        return self._file.write(change)

    def patterns(
        self, *, category: str | None = None, limit: int | None = None, shown: bool = False, path: str | None = None
    ) -> list[Pattern]:
        """Patterns, most frequent and then latest first; with `shown` only those that may be shown unasked, with `path`
        only those that were seen last in that file."""
        return self._file.ask(lambda connection: rows.patterns(connection, category, limit, shown=shown, path=path), [])

    def matching(self, prefix: str) -> list[Pattern]:
        """Patterns whose fingerprint begins so, with or without its version; at most ten."""
        return self._file.ask(lambda connection: rows.matching(connection, prefix), [])

    def occurrences(
        self, *, fingerprint: str | None = None, run: str | None = None, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Occurrences of this fingerprint and this run, oldest first; with a limit, the latest so many of them."""
        return self._file.ask(lambda connection: rows.occurrences(connection, fingerprint, run, limit), [])

    def search(self, terms: Sequence[str], symbols: Sequence[str], limit: int) -> list[Hit]:
        """Shown patterns with any of the stemmed words or exact symbols, best rank (the lowest) first."""
        return self._file.ask(lambda connection: finding.search(connection, terms, symbols, limit), [])

    def glimpses(
        self,
        terms: Sequence[str],
        symbols: Sequence[str],
        also: Sequence[str],
        limit: int,
        *,
        model: str | None = None,
    ) -> list[Glimpse]:
        """What `search` would find, and those of the fingerprints `also` that are shown, in any order."""
        nothing: list[Glimpse] = []
        return self._file.ask(
            lambda connection: finding.glimpses(connection, terms, symbols, also, limit, model), nothing
        )

    def named(self, fingerprints: Sequence[str]) -> list[Hit]:
        """Those of these patterns that are shown, with a rank of 0."""
        nothing: list[tuple[Pattern, str]] = []
        found = self._file.ask(lambda connection: finding.named(connection, fingerprints), nothing)
        return [Hit(pattern=pattern, words=words, rank=0.0) for pattern, words in found]

    def rarity(self, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """How many patterns there are, and in how many of them each word stands."""
        nothing: tuple[int, Mapping[str, int]] = (0, dict.fromkeys(terms, 0))
        return self._file.ask(lambda connection: finding.rarity(connection, terms), nothing)

    def failed_before(self, nodeids: Sequence[str]) -> frozenset[str]:
        """Which of these tests failed in an earlier run, and for which a red unit is still held."""
        return self._file.ask(lambda connection: rows.failed_before(connection, nodeids), frozenset())

    def statistics(self) -> Statistics:
        """How much the store holds, private texts and the files beside the database included."""
        patterns, occurrences, runs, held, generations = self._file.ask(rows.counts, (0, 0, 0, 0, 0))
        return Statistics(
            patterns=patterns,
            occurrences=occurrences,
            runs=runs,
            held=held,
            generations=generations,
            bytes=self._file.size,
            schema=str(migrations.known()),
        )

    def say(self, fingerprint: str, word: Word | None) -> None:
        """Write down what a person said of this pattern; None takes it back. Of a merged one it is said of the whole.

        Raises:
            UnknownPattern: there is none with exactly this fingerprint.
        """
        from pytest_llmlearn.adapters.sqlite_store import merging

        self._change([fingerprint], lambda db: merging.say(db, fingerprint, word, self._clock()))

    def merge(self, parent: str, child: str) -> None:
        """From now on `child` counts for `parent`, and is shown no more; what was merged into it goes along.

        Merging what is one already changes nothing.

        Raises:
            UnknownPattern: there is none with exactly one of these fingerprints.
        """
        from pytest_llmlearn.adapters.sqlite_store import merging

        self._change([parent, child], lambda db: merging.merge(db, parent, child, self._clock()))

    def split(self, child: str) -> None:
        """Take the merging of this one back: it stands for itself again, with what was counted for it meanwhile.

        Of one that is not merged, nothing changes.

        Raises:
            UnknownPattern: there is none with exactly this fingerprint.
        """
        from pytest_llmlearn.adapters.sqlite_store import merging

        self._change([child], lambda db: merging.split(db, child, self._clock()))

    def _change(self, fingerprints: Sequence[str], change: Callable[[Database], None]) -> None:
        if not self._file.exists:
            raise UnknownPattern(fingerprints[0])
        self._file.write(change)

    def clear(self) -> None:
        """Erase everything for good: rows, free pages, the log of writes, and damaged files moved aside before.

        Raises:
            StoreUnavailable: another process still reads what was erased; its bytes remain until it is done.
        """
        from pytest_llmlearn.adapters.sqlite_store import erasing

        if self._file.exists:
            self._file.write(erasing.erase)
            self._file.compact()
        self._file.remove_damaged()

    def close(self) -> None:
        """Let go of the file; the store can be used again afterwards."""
        self._file.close()
