"""What was read, remembered by a connection as long as nothing that answers are made of has changed.

A process that answers many questions reads the same rows again and again, and full-text search counts the documents of
a word only by reading all the places where it stands. Invariant: what is remembered is what reading it now would give;
`DatabaseFile` has it forgotten as soon as anybody else has written.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Sequence
from typing import Any, Literal

from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, storable

Table = Literal["patterns", "prompts"]
Words = Literal["pattern", "prompt"]
ENTRIES = 50_000
"""Of one kind that are remembered at most: of words some 3 MB, of patterns some 50."""
ANSWER = "answer: "
ANSWERS = 128
"""Of what begins so that are remembered at most: whole answers to questions, which are long."""
_states = itertools.count(1)


class Reader(sqlite3.Connection):
    """A connection that can remember: `version` is SQLite's number of the state that it remembers, None for none.
    `state` is ours of that state, which no other connection of this process has, nor will have.

    One that changes the file remembers nothing, for nobody would tell it of its own changes.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.version: int | None = None
        self.state: int | None = None
        self._remembered: dict[str, dict[Any, Any]] = {}

    def at(self, version: int) -> None:
        """The state that is read now: what was remembered of another one is forgotten, and of too much all."""
        if version != self.version:
            self.version, self.state, self._remembered = version, next(_states), {}
        for what in [what for what, known in self._remembered.items() if len(known) > _most(what)]:
            del self._remembered[what]

    def kept(self, what: str) -> dict[Any, Any]:
        return {} if self.version is None else self._remembered.setdefault(what, {})


def kept(connection: sqlite3.Connection, what: str) -> dict[Any, Any]:
    """What this connection remembers of that kind, to look into and to add to; empty where it remembers nothing."""
    return connection.kept(what) if isinstance(connection, Reader) else {}


def state_of(connection: sqlite3.Connection) -> int | None:
    """The number of the state that is read, None where that is not followed."""
    return connection.state if isinstance(connection, Reader) else None


def _most(what: str) -> int:
    return ANSWERS if what.startswith(ANSWER) else ENTRIES


def data_version(connection: sqlite3.Connection) -> int:
    """Another number whenever another connection has changed the file (https://www.sqlite.org/pragma.html)."""
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version


def total(connection: sqlite3.Connection, table: Table) -> int:
    """How many rows there are."""
    totals = kept(connection, "totals")
    if table not in totals:
        totals[table] = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    count: int = totals[table]
    return count


def counted(connection: sqlite3.Connection, words: Words, terms: Sequence[str]) -> dict[str, int]:
    """In how many patterns, or requests, each of these stands; 0 for a word in none."""
    known = kept(connection, f"words of {words}")
    asked = {storable(term): term for term in terms if term not in known}
    if asked:
        known.update(dict.fromkeys(asked.values(), 0))
        statement = f"SELECT term, doc FROM {words}_vocabulary WHERE term IN ({{}})"
        known.update({asked[term]: documents for term, documents in in_chunks(connection, statement, list(asked))})
    return {term: known[term] for term in terms}
