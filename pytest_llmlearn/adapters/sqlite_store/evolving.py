"""The states of patterns, worked out anew from the rows that decide them.

What comes out depends on the rows alone, never on the order in which they were written: two runs at once that are
recorded one before or after the other leave the same store. All here is called inside a write transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store import promoting
from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.families import any_merged
from pytest_llmlearn.domain import evolution
from pytest_llmlearn.domain.evolution import Record

if TYPE_CHECKING:
    from sqlite_utils import Database

_SURE = ", ".join(f"'{way}'" for way in sorted(evolution.SURE))
_Row = dict[str, Any]


def evolve(db: Database, pattern_ids: Iterable[int], now: datetime) -> None:
    """Write the state of these patterns, and the counts of recurrences and fixes that it follows from.

    A merged pattern stands for the one that it was merged into. `now` dates states that change. The revision of the
    store is the caller's to move.
    """
    families = _families(db, sorted(set(pattern_ids)))
    if not families:
        return
    fixes = _fixes(db, [row["id"] for rows in families for row in rows])
    recurred = promoting.recurrences(db, [[row["id"] for row in rows] for rows in families])
    moved, counted = [], []
    for rows, recurrences in zip(families, recurred, strict=True):
        own = rows[0]
        verified = sum(fixes.get(row["id"], 0) for row in rows)
        state = evolution.state(_record(own, rows, fixes=verified, recurrences=recurrences))
        if state != own["state"]:
            moved.append((state, timestamp(now), own["id"]))
        if (recurrences, verified) != (own["recurrences"], own["verified_fixes"]):
            counted.append((recurrences, verified, own["id"]))
    # Apart, for an index on the state would be written anew even where the state stays.
    db.conn.executemany("UPDATE patterns SET state = ?, state_since = ? WHERE id = ?", moved)
    db.conn.executemany("UPDATE patterns SET recurrences = ?, verified_fixes = ? WHERE id = ?", counted)


def greened(db: Database, nodeids: Iterable[str], time: datetime, now: datetime) -> None:
    """These tests were green at `time`, where a run began later that is written down already.

    Its failures of these tests may promote after all. To be called after the tests' rows were written; where all runs
    are older, which is the rule, it asks one question and does nothing.
    """
    moment = timestamp(time)
    if not db.execute("SELECT 1 FROM runs WHERE started > ? LIMIT 1", (moment,)).fetchone():
        return
    found = list(
        in_chunks(
            db.conn,
            f"""SELECT o.id, o.pattern FROM occurrences AS o
                JOIN runs AS r ON r.id = o.run
                JOIN tests AS t ON t.nodeid = o.nodeid
                WHERE o.promotes = 0 AND o.stub = 0 AND o.flaky = 0 AND o.chosen_by IN ({_SURE})
                    AND o.scope IN ('generated', 'other') AND t.green < r.started AND o.nodeid IN ({{}})""",
            [storable(nodeid) for nodeid in dict.fromkeys(nodeids)],
        )
    )
    db.conn.executemany("UPDATE occurrences SET promotes = 1 WHERE id = ?", [(row[0],) for row in found])
    patterns = sorted({row[1] for row in found})
    promoting.afresh(db, patterns)
    evolve(db, patterns, now)


def green_before(db: Database, nodeids: Iterable[str], started: str) -> frozenset[str]:
    """Which of these tests, named as the store keeps them, had been green before a run that started then."""
    asked = list(dict.fromkeys(nodeids))
    rows = in_chunks(db.conn, "SELECT nodeid, green FROM tests WHERE green IS NOT NULL AND nodeid IN ({})", asked)
    return frozenset(nodeid for nodeid, green in rows if green < started)


_NAMES = (
    "id", "frequency", "severity", "state", "state_since", "recurrences", "verified_fixes", "word", "imported", "stub",
    "retired", "retired_because", "renewed", "last_seen", "committed", "committed_seen",
)  # fmt: skip
_READ = f"SELECT {', '.join(_NAMES)} FROM patterns WHERE "


def _families(db: Database, asked: Sequence[int]) -> list[list[_Row]]:
    """The patterns that these stand for, each with those merged into it behind it."""
    merged = any_merged(db.conn)
    if merged:
        statement = "SELECT DISTINCT coalesce(merged_into, id) FROM patterns WHERE id IN ({})"
        asked = sorted({row[0] for row in in_chunks(db.conn, statement, asked)})
    found = [dict(zip(_NAMES, row, strict=True)) for row in in_chunks(db.conn, f"{_READ} id IN ({{}})", asked)]
    families = {row["id"]: [row] for row in found}
    if merged:
        statement = f"SELECT merged_into, {', '.join(_NAMES)} FROM patterns WHERE merged_into IS NOT NULL "
        for root, *row in in_chunks(db.conn, f"{statement} AND merged_into IN ({{}}) ORDER BY id", asked):
            families[root].append(dict(zip(_NAMES, row, strict=True)))
    return list(families.values())


def _record(own: _Row, rows: Sequence[_Row], *, fixes: int, recurrences: int) -> Record:
    signs = [row["last_seen"] for row in rows if row["frequency"]]
    signs += [own["renewed"]] if own["renewed"] is not None else []
    counted = [row["stub"] for row in rows if row["frequency"]]
    return Record(
        frequency=_frequency(rows),
        severity=own["severity"],
        fixes=fixes,
        recurrences=recurrences,
        word=own["word"],
        imported=bool(own["imported"]),
        stub=all(counted) if counted else bool(own["stub"]),
        retired_because=own["retired_because"],
        renewed=own["retired"] is not None and any(sign > own["retired"] for sign in signs),
        committed=own["committed"],
    )


def _frequency(rows: Iterable[_Row]) -> int:
    return sum(row["frequency"] for row in rows)


def _fixes(db: Database, patterns: Sequence[int]) -> dict[int, int]:
    if not db.execute("SELECT 1 FROM fixes LIMIT 1").fetchone():
        return {}
    return dict(
        in_chunks(
            db.conn,
            """SELECT pattern, count(DISTINCT fix) FROM healings
               WHERE verdict = 'fix' AND fix IS NOT NULL AND pattern IN ({}) GROUP BY pattern""",
            patterns,
        )
    )
