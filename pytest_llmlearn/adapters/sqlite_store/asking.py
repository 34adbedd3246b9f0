"""How values go to SQLite: text that it can keep, times that sort, and many values in one question."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

CHUNK = 400
"""Values bound to one statement; old builds of SQLite allow 999."""
LARGEST = 2**63 - 1


def storable(text: str) -> str:
    """`text` as SQLite can keep it: lone surrogates and NUL written as escapes."""
    if text.isascii():
        return text.replace("\0", "\\x00") if "\0" in text else text
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def optional(text: str | None) -> str | None:
    """The same of text that may be missing."""
    return None if text is None else storable(text)


def line_number(line: int | None) -> int | None:
    """A line that SQLite can keep; a handed-in number may be any."""
    return line if line is None or abs(line) <= LARGEST else None


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds: as text they sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def in_order(values: Sequence[Any]) -> Iterator[Any]:
    """The values in the order in which `in_chunks` gives the rows of a table asked by its key."""
    for start in range(0, len(values), CHUNK):
        yield from sorted(set(values[start : start + CHUNK]))


def in_chunks(
    connection: sqlite3.Connection, statement: str, values: Sequence[str] | Sequence[int] | Sequence[bytes], *first: str
) -> Iterable[tuple[Any, ...]]:
    """The rows of `statement`, whose `{}` takes the question marks, for all the values; `first` are bound before."""
    if len(values) > CHUNK:
        chunks = (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
        return (row for chunk in chunks for row in in_chunks(connection, statement, chunk, *first))
    if not values:
        return ()
    # All at once: handing on one after another takes as long as reading them.
    return connection.execute(statement.format(", ".join("?" * len(values))), (*first, *values)).fetchall()
