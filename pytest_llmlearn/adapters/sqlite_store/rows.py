"""What the store answers: questions to an open connection, and rows as values.

Nothing here writes, and nothing needs more than the standard library: a question must be cheap from a cold start.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from pytest_llmlearn.adapters.sqlite_store import families
from pytest_llmlearn.adapters.sqlite_store.asking import CHUNK, in_chunks, in_order, storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.counting import kept
from pytest_llmlearn.domain import evolution
from pytest_llmlearn.domain.effect import NOTHING, Effect
from pytest_llmlearn.domain.evolution import Record
from pytest_llmlearn.domain.pattern import HIDDEN, Pattern
from pytest_llmlearn.domain.rates import Rate

__all__ = ["CHUNK", "in_chunks", "storable", "timestamp"]

MATCHING_LIMIT = 10

_COLUMNS = (
    "id, fingerprint, symbol_key, rule_id, category, severity, exception, message, lesson, frequency, raw_count, "
    "state, first_seen, last_seen, symbols, path, line, unit, bad, good, archived, stub, word, recurrences, "
    "verified_fixes, imported, kin, committed, committed_seen"
)
_HIDDEN = ", ".join(f"'{state}'" for state in sorted(HIDDEN))
SHOWN = f"""p.archived = 0 AND p.state NOT IN ({_HIDDEN}) AND p.merged_into IS NULL AND (
    (p.frequency > 0 AND p.stub = 0) OR p.word IN ('right', 'enforce') OR p.committed IS NOT NULL OR EXISTS (
        SELECT 1 FROM patterns AS c WHERE c.merged_into = p.id AND c.frequency > 0 AND c.stub = 0))"""
"""What may be shown unasked: see `evolution.showable`. A merged pattern speaks through the one it was merged into."""
_HIDDEN_ONES = f"""
    SELECT c.fingerprint FROM patterns AS c JOIN patterns AS p ON p.id = coalesce(c.merged_into, c.id)
    WHERE ({SHOWN}) IS NOT 1 AND c.fingerprint IN ({{}})"""
_OCCURRENCE = (
    'id, nodeid, "when", run, path, line, function, rule_id, category, severity, fingerprint, exception, message, '
    "model, scope, chosen_by, flaky, statement, unit, time, confidence, provenance, tool, source, snippet, findings, "
    "task"
)

_FINDING = ("rule_id", "severity", "line", "confidence", "detail")


def hidden(connection: sqlite3.Connection, fingerprints: Sequence[str]) -> frozenset[str]:
    """Which of these patterns may not be shown, or were merged into one that may not."""
    asked = {storable(fingerprint): fingerprint for fingerprint in fingerprints}
    return frozenset(asked[row[0]] for row in in_chunks(connection, _HIDDEN_ONES, list(asked)))


def patterns(
    connection: sqlite3.Connection,
    category: str | None,
    limit: int | None,
    *,
    shown: bool = False,
    path: str | None = None,
) -> list[Pattern]:
    """Most frequent and then latest first; with `shown` only those that may be, with `path` those last seen there."""
    wanted = [
        "merged_into IS NULL",
        *(["category = ?"] if category is not None else []),
        *(["path = ?"] if path is not None else []),
        *([SHOWN] if shown else []),
    ]
    values = [storable(value) for value in (category, path) if value is not None]
    return _most_frequent(connection, wanted, values, limit)


def frequent(connection: sqlite3.Connection, frequency: int, limit: int) -> list[Pattern]:
    """Shown ones that are active or enforced and were seen so often; most frequent and then latest first."""
    often = "max(frequency, committed_seen) >= ?"
    if families.any_merged(connection):
        often = f"max(frequency + {families.MERGED_FREQUENCY}, committed_seen) >= ?"
    known = kept(connection, "frequent patterns")
    if (frequency, limit) not in known:
        wanted = [SHOWN, "state IN ('active', 'enforced')", often]
        known[frequency, limit] = _most_frequent(connection, wanted, [frequency], limit)
    return list(known[frequency, limit])


def _most_frequent(
    connection: sqlite3.Connection, wanted: Sequence[str], values: Sequence[str | int], limit: int | None
) -> list[Pattern]:
    """Most frequent and then latest first, in the order of an index where no pattern was merged."""
    merged = families.any_merged(connection)
    rows = connection.execute(
        f"""SELECT {_COLUMNS} FROM pattern_rows AS p WHERE {" AND ".join(wanted)}
            ORDER BY frequency DESC, last_seen DESC, id LIMIT ?""",
        [*values, -1 if limit is None or merged else limit],
    ).fetchall()
    found = [pattern for pattern, _ in _whole(connection, rows)]
    if merged:
        found.sort(key=lambda pattern: pattern.last_seen, reverse=True)
        found.sort(key=lambda pattern: -pattern.frequency)
    return found[:limit]


def matching(connection: sqlite3.Connection, prefix: str) -> list[Pattern]:
    """Those whose fingerprint begins so, with or without its version; at most `MATCHING_LIMIT`.

    For a merged one, that which it was merged into.
    """
    wanted = storable(prefix)
    rows = connection.execute(
        f"""SELECT {_COLUMNS} FROM pattern_rows WHERE id IN (
                SELECT coalesce(merged_into, id) FROM patterns WHERE substr(fingerprint, 1, :n) = :prefix
                    OR substr(fingerprint, instr(fingerprint, ':') + 1, :n) = :prefix)
            ORDER BY frequency DESC, last_seen DESC, id LIMIT {MATCHING_LIMIT}""",
        {"prefix": wanted, "n": len(wanted)},
    ).fetchall()
    return [pattern for pattern, _ in _whole(connection, rows)]


def occurrences(
    connection: sqlite3.Connection, fingerprint: str | None, run: str | None, limit: int | None
) -> list[dict[str, Any]]:
    """The latest `limit` of them, oldest first. What was merged into the pattern of that fingerprint is its own."""
    asked: dict[str, list[str]] = {}
    if fingerprint is not None:
        asked["fingerprint"] = families.fingerprints(connection, storable(fingerprint))
    if run is not None:
        asked["run"] = [storable(run)]
    conditions = [f"{column} IN ({', '.join('?' * len(values))})" for column, values in asked.items()]
    where = f"WHERE {' AND '.join(conditions)}" if asked else ""
    rows = connection.execute(
        f"SELECT {_OCCURRENCE} FROM occurrence_rows {where} ORDER BY time DESC, id DESC LIMIT ?",
        [*(value for values in asked.values() for value in values), -1 if limit is None else limit],
    )
    names = [column[0] for column in rows.description]
    found = [dict(zip(names[1:], row[1:], strict=True)) for row in rows]
    for row in found:
        row["flaky"] = bool(row["flaky"])
        row["findings"] = [dict(zip(_FINDING, values, strict=True)) for values in json.loads(row["findings"])]
    return found[::-1]


def failed_before(connection: sqlite3.Connection, nodeids: Sequence[str]) -> frozenset[str]:
    """Those of these tests with an occurrence for which a red unit is still held."""
    asked = {storable(nodeid): nodeid for nodeid in nodeids}
    statement = """
        SELECT DISTINCT o.nodeid FROM occurrences AS o
        JOIN held_by_occurrence AS l ON l.occurrence = o.id
        JOIN held AS h ON h.id = l.held
        WHERE h.kind = 'unit' AND o.nodeid IN ({})"""
    return frozenset(asked[nodeid] for (nodeid,) in in_chunks(connection, statement, list(asked)))


def counts(connection: sqlite3.Connection) -> tuple[int, int, int, int, int]:
    """Patterns, occurrences, runs, held texts and generations."""
    row = connection.execute(
        """SELECT (SELECT count(*) FROM patterns), (SELECT count(*) FROM occurrences),
                  (SELECT count(*) FROM runs), (SELECT count(*) FROM held), (SELECT count(*) FROM generations)"""
    ).fetchone()
    return row[0], row[1], row[2], row[3], row[4]


def by_id(connection: sqlite3.Connection, identifiers: Sequence[int]) -> Iterator[tuple[int, Pattern, str]]:
    """These patterns with their rows and their words."""
    known = kept(connection, "patterns")
    _read(connection, [identifier for identifier in identifiers if identifier not in known], known)
    for identifier in in_order(identifiers):
        if identifier in known:
            yield identifier, *known[identifier]


def _read(connection: sqlite3.Connection, identifiers: Sequence[int], known: dict[int, tuple[Pattern, str]]) -> None:
    statement = f"SELECT {_COLUMNS}, words FROM pattern_rows WHERE id IN ({{}})"
    rows = list(in_chunks(connection, statement, identifiers))
    merged = families.merged(connection, identifiers)
    for pattern, row in _whole(connection, rows):
        words = " ".join([row[-1], *(child.words for child in merged.get(row[0], ()))])
        known[row[0]] = pattern, " ".join(dict.fromkeys(words.split())) if row[0] in merged else words


def _whole(
    connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[Pattern, tuple[Any, ...]]]:
    """The patterns of these rows, with all that was merged into them, and what came of showing them."""
    known = [row[0] for row in rows]
    merged = families.merged(connection, known)
    roots = {child.id: root for root, children in merged.items() for child in children}
    statement = "SELECT pattern, model, count FROM pattern_models WHERE pattern IN ({})"
    models: dict[int, dict[str, int]] = {}
    for pattern, model, count in in_chunks(connection, statement, [*known, *roots]):
        of_pattern = models.setdefault(roots.get(pattern, pattern), {})
        of_pattern[model] = of_pattern.get(model, 0) + count
    often = {row[0] for row in rows if row[11] in ("active", "enforced")}
    successes, effects = families.outcomes(connection, known, often, roots)
    for row in rows:
        counted = models.get(row[0], {})
        order = tuple(sorted(counted, key=lambda model: (-counted[model], model)))
        success, effect = successes.get(row[0], Rate(count=0, of=0)), effects.get(row[0], NOTHING)
        yield _pattern(row, order, merged.get(row[0], ()), success, effect), row


def _pattern(
    row: tuple[Any, ...], models: tuple[str, ...], merged: Sequence[families.Child], success: Rate, effect: Effect
) -> Pattern:
    own = families.Child(
        id=row[0], frequency=row[9], raw_count=row[10], first_seen=row[12], last_seen=row[13], stub=row[21],
        symbols=row[14],
    )  # fmt: skip
    family = families.summed([own, *merged])
    record = Record(
        frequency=max(family.frequency, row[28]),
        severity=row[5],
        fixes=row[24],
        recurrences=row[23],
        word=row[22],
        imported=bool(row[25]),
        stub=bool(family.stub),
        retired_because="" if row[11] == "retired" else None,
        committed=row[27],
    )
    return Pattern(
        fingerprint=row[1],
        symbol_key=row[2],
        rule_id=row[3],
        category=row[4],
        severity=evolution.severity(record),
        exception=row[6],
        message=row[7],
        lesson=row[8],
        frequency=family.frequency,
        raw_count=family.raw_count,
        state=row[11],
        first_seen=datetime.fromisoformat(family.first_seen),
        last_seen=datetime.fromisoformat(family.last_seen),
        symbols=tuple(json.loads(family.symbols)),
        models=models,
        path=row[15],
        line=row[16],
        unit=row[17],
        bad=row[18],
        good=row[19],
        tier=evolution.tier(record.frequency),
        always_inject=not row[20] and evolution.always_inject(record, effect),
        archived=bool(row[20]),
        stub=bool(family.stub),
        word=row[22],
        recurrences=row[23],
        fixes=row[24],
        success=success,
        kin=row[26],
        committed=row[27],
        elsewhere=row[28],
    )
