"""In how many documents each word stands, remembered while nothing is added.

Full-text search knows it only by reading all the places where a word stands, and a process that answers many questions
is asked for the same frequent words again and again. A pattern that is seen again in other words, or erased, moves the
counts of a few words by one: they decide how much a word tells, and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Literal

from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, storable

Table = Literal["patterns", "prompts"]
Words = Literal["pattern", "prompt"]
WORDS = 50_000
"""Words that are remembered at most: some 6 MB."""


class Reader(sqlite3.Connection):
    """A connection that remembers counts."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._standing: tuple[Any, ...] = ()
        self._totals: dict[Table, int] = {}
        self._words: dict[Words, dict[str, int]] = {"pattern": {}, "prompt": {}}

    def remembered(self) -> tuple[dict[Table, int], dict[Words, dict[str, int]]]:
        """What is known, without what is out of date."""
        standing = self.execute("SELECT (SELECT max(id) FROM patterns), (SELECT max(id) FROM prompts)").fetchone()
        if standing != self._standing or sum(map(len, self._words.values())) > WORDS:
            self._standing, self._totals, self._words = standing, {}, {"pattern": {}, "prompt": {}}
        return self._totals, self._words


def total(connection: sqlite3.Connection, table: Table) -> int:
    """How many rows there are."""
    totals = connection.remembered()[0] if isinstance(connection, Reader) else {}
    if table not in totals:
        totals[table] = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return totals[table]


def counted(connection: sqlite3.Connection, words: Words, terms: Sequence[str]) -> dict[str, int]:
    """In how many patterns, or requests, each of these stands; 0 for a word in none."""
    known = connection.remembered()[1][words] if isinstance(connection, Reader) else {}
    asked = {storable(term): term for term in terms if term not in known}
    if asked:
        known.update(dict.fromkeys(asked.values(), 0))
        statement = f"SELECT term, doc FROM {words}_vocabulary WHERE term IN ({{}})"
        known.update({asked[term]: documents for term, documents in in_chunks(connection, statement, list(asked))})
    return {term: known[term] for term in terms}
