"""The states of patterns, worked out anew from the rows that decide them.

What comes out depends on the rows alone, never on the order in which they were written: two runs at once that are
recorded one before or after the other leave the same store. All here is called inside a write transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, storable, timestamp
from pytest_llmlearn.domain import evolution
from pytest_llmlearn.domain.evolution import Record
from pytest_llmlearn.domain.recurrence import Seen, independent

if TYPE_CHECKING:
    from sqlite_utils import Database

ENDS = 50
"""Promoting occurrences that are read from either end of a pattern's history: to prove it takes two of them."""
_SURE = ", ".join(f"'{way}'" for way in sorted(evolution.SURE))
_Row = dict[str, Any]


def evolve(db: Database, pattern_ids: Iterable[int], now: datetime) -> None:
    """Write the state of these patterns, and the counts of recurrences and fixes that it follows from.

    A merged pattern stands for the one that it was merged into. `now` dates states that change. The revision of the
    store is the caller's to move.
    """
    asked = sorted(set(pattern_ids))
    if not asked:
        return
    statement = "SELECT coalesce(merged_into, id) FROM patterns WHERE id IN ({})"
    roots = {row[0] for row in in_chunks(db.conn, statement, asked)}
    families: dict[int, list[_Row]] = {root: [] for root in sorted(roots)}
    for row in _members(db, list(families)):
        families[row["root"]].append(row)
    members = [row["id"] for rows in families.values() for row in rows]
    fixes = _fixes(db, members)
    often = [row["id"] for rows in families.values() if _frequency(rows) > 1 for row in rows]
    seen = _promoting(db, {row["id"]: row["raw_count"] for rows in families.values() for row in rows}, often)
    once = _once(db, [row["id"] for rows in families.values() if _frequency(rows) <= 1 for row in rows])
    changed = []
    for root, rows in families.items():
        own = next(row for row in rows if row["id"] == root)
        occurrences = [entry for row in rows for entry in seen.get(row["id"], ())]
        # In one and the same code there is no second mistake, whenever it was seen.
        recurrences = independent(occurrences) if occurrences else int(any(row["id"] in once for row in rows))
        verified = sum(fixes.get(row["id"], 0) for row in rows)
        state = evolution.state(_record(own, rows, fixes=verified, recurrences=recurrences))
        if (state, recurrences, verified) != (own["state"], own["recurrences"], own["verified_fixes"]):
            since = own["state_since"] if state == own["state"] else timestamp(now)
            changed.append((state, since, recurrences, verified, root))
    db.conn.executemany(
        "UPDATE patterns SET state = ?, state_since = ?, recurrences = ?, verified_fixes = ? WHERE id = ?", changed
    )


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
    evolve(db, (row[1] for row in found), now)


def green_before(db: Database, nodeids: Iterable[str], started: str) -> frozenset[str]:
    """Which of these tests, named as the store keeps them, had been green before a run that started then."""
    asked = list(dict.fromkeys(nodeids))
    rows = in_chunks(db.conn, "SELECT nodeid, green FROM tests WHERE green IS NOT NULL AND nodeid IN ({})", asked)
    return frozenset(nodeid for nodeid, green in rows if green < started)


def _members(db: Database, roots: Sequence[int]) -> list[_Row]:
    names = (
        "id", "frequency", "raw_count", "severity", "state", "state_since", "recurrences", "verified_fixes", "word",
        "imported", "stub", "retired", "retired_because", "renewed", "last_seen",
    )  # fmt: skip
    columns = ", ".join(names)
    own = in_chunks(db.conn, f"SELECT id, {columns} FROM patterns WHERE id IN ({{}})", roots)
    merged = in_chunks(
        db.conn,
        f"SELECT merged_into, {columns} FROM patterns WHERE merged_into IS NOT NULL AND merged_into IN ({{}})",
        roots,
    )
    return [dict(zip(("root", *names), row, strict=True)) for rows in (own, merged) for row in rows]


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


_PROMOTING = """
    SELECT o.pattern, c.unit, c.unit_hash, o.time, r.session, r.id
    FROM occurrences AS o INDEXED BY occurrences_promoting
    JOIN runs AS r ON r.id = o.run
    JOIN occurrence_codes AS c ON c.id = o.code"""


def _promoting(db: Database, raw_counts: dict[int, int], patterns: Sequence[int]) -> dict[int, list[Seen]]:
    few = [pattern for pattern in patterns if raw_counts[pattern] <= 2 * ENDS]
    rows = list(in_chunks(db.conn, f"{_PROMOTING} WHERE o.promotes = 1 AND o.pattern IN ({{}})", few))
    for pattern in patterns:
        if raw_counts[pattern] > 2 * ENDS:
            # From both ends, so that neither a long first sitting nor a long last one hides the other.
            for order in ("ASC", "DESC"):
                ordered = f"ORDER BY o.time {order}, c.unit, c.unit_hash, r.run_id LIMIT {ENDS}"
                rows += db.execute(f"{_PROMOTING} WHERE o.promotes = 1 AND o.pattern = ? {ordered}", (pattern,))
    found: dict[int, list[Seen]] = {}
    for pattern, unit, code, time, session, run in rows:
        moment = datetime.fromisoformat(time)
        found.setdefault(pattern, []).append(Seen(unit=unit, code=code, time=moment, session=session, run=str(run)))
    return found


def _once(db: Database, patterns: Sequence[int]) -> frozenset[int]:
    """Those with a promoting occurrence."""
    statement = """
        SELECT p.id FROM patterns AS p WHERE p.id IN ({}) AND EXISTS (
            SELECT 1 FROM occurrences AS o WHERE o.pattern = p.id AND o.promotes = 1)"""
    return frozenset(row[0] for row in in_chunks(db.conn, statement, patterns))
