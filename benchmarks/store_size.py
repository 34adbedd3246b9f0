"""Bytes of a store, table by table, indexes included.

A table's bytes are what a compacted copy of the database shrinks by when the table is dropped: that counts its
indexes and its share of half-empty pages, and needs no extension of SQLite. The original is only read.
"""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

# Shadow tables of full-text search belong to their virtual table and go with it.
SHADOW = ("_data", "_idx", "_content", "_docsize", "_config")
GROUPS = (
    ("held units", re.compile(r"held|private|red_unit", re.I)),
    ("vectors", re.compile(r"vector|embedding", re.I)),
    ("occurrences", re.compile(r"occurrence|frame|run", re.I)),
    ("patterns", re.compile(r"pattern|lesson", re.I)),
)


def sizes(database: Path, scratch: Path) -> dict[str, int]:
    """Return bytes by table of `database`, with `(file)` as it stands and `(compact)` after VACUUM."""
    copy = scratch / "store-size.db"
    log = database.with_name(database.name + "-wal")
    found = {"(file)": database.stat().st_size + (log.stat().st_size if log.exists() else 0)}
    whole = _copied(database, copy, None)
    found["(compact)"] = whole
    for table in _tables(copy):
        found[table] = whole - _copied(database, copy, table)
        # The next table is dropped from a fresh copy.
    copy.unlink()
    return found


def grouped(bytes_by_table: dict[str, int]) -> dict[str, int]:
    """Return bytes by group: held units, vectors, occurrences, patterns, and everything else.

    The first group whose words a table's name holds takes it; what tables do not account for is "other".
    """
    totals = dict.fromkeys([name for name, _ in GROUPS], 0)
    for table, size in bytes_by_table.items():
        if table.startswith("("):
            continue
        for name, words in GROUPS:
            if words.search(table):
                totals[name] += size
                break
    totals["other"] = bytes_by_table["(compact)"] - sum(totals.values())
    return totals


def _tables(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("select name, sql from sqlite_master where type = 'table'").fetchall()
    virtual = [name for name, sql in rows if sql and sql.lower().startswith("create virtual")]
    shadows = {name + end for name in virtual for end in SHADOW}
    return sorted(name for name, _ in rows if name not in shadows and not name.startswith("sqlite_"))


def _copied(source: Path, copy: Path, without: str | None) -> int:
    """Write a compacted copy of `source`, lacking one table if asked, and return its size."""
    copy.unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(copy)) as target,
    ):
        original.backup(target)
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("pragma journal_mode = delete")
        connection.execute("pragma foreign_keys = off")
        if without is not None:
            # A view or trigger that names the table would make the schema unreadable: they hold no bytes.
            for kind, name in connection.execute(
                "select type, name from sqlite_master where type in ('view', 'trigger')"
            ).fetchall():
                connection.execute(f'drop {kind} if exists "{name}"')
            connection.execute(f'drop table "{without}"')
        connection.execute("vacuum")
    return copy.stat().st_size
