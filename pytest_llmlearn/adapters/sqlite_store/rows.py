"""What the store answers: questions to an open connection, and rows as values.

Nothing here writes, and nothing needs more than the standard library: a question must be cheap from a cold start.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pytest_llmlearn.app.ports import Hit
from pytest_llmlearn.domain.pattern import HIDDEN, Pattern

WORDS_ASKED = 16
"""Words of a question that take part in full-text search: its rarest ones."""
POSTINGS_ASKED = 3_000
"""Documents that these words may bring up together. Ranking costs about two microseconds for each, and a word that
stands in a good part of all patterns tells none from another."""
MATCHING_LIMIT = 10
CHUNK = 400
"""Values bound to one statement; old builds of SQLite allow 999."""

_COLUMNS = (
    "id, fingerprint, symbol_key, rule_id, category, severity, exception, message, lesson, frequency, raw_count, "
    "state, first_seen, last_seen, symbols, path, line, unit, bad, good"
)
_HIDDEN = ", ".join(f"'{state}'" for state in sorted(HIDDEN))
_SHOWN = f"""p.frequency > 0 AND p.archived = 0 AND p.state NOT IN ({_HIDDEN}) AND p.merged_into IS NULL
    AND (p.stub = 0 OR p.word IN ('right', 'enforce'))"""
"""What may be shown unasked: see `evolution.showable`. A merged pattern speaks through the one it was merged into."""
_OCCURRENCE = (
    'id, nodeid, "when", run, path, line, function, rule_id, category, severity, fingerprint, exception, message, '
    "model, scope, chosen_by, flaky, statement, unit, time, confidence, provenance, tool, source, snippet, findings, "
    "task"
)

_FINDING = ("rule_id", "severity", "line", "confidence", "detail")


def storable(text: str) -> str:
    """`text` as SQLite can keep it: lone surrogates and NUL written as escapes."""
    if text.isascii():
        return text.replace("\0", "\\x00") if "\0" in text else text
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with microseconds: as text they sort by time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def patterns(
    connection: sqlite3.Connection, category: str | None, limit: int | None, *, shown: bool = False
) -> list[Pattern]:
    """Most frequent and then latest first; with `shown` only those that may be."""
    wanted = (["category = ?"] if category is not None else []) + ([_SHOWN] if shown else [])
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    order = "ORDER BY frequency DESC, last_seen DESC, id LIMIT ?"
    values = ([storable(category)] if category is not None else []) + [-1 if limit is None else limit]
    rows = connection.execute(f"SELECT {_COLUMNS} FROM pattern_rows AS p {where} {order}", values).fetchall()
    return [pattern for pattern, _ in _with_models(connection, rows)]


def frequent(connection: sqlite3.Connection, frequency: int, limit: int) -> list[Pattern]:
    """Shown ones that are active or enforced and were seen so often; most frequent and then latest first."""
    rows = connection.execute(
        f"""SELECT {_COLUMNS} FROM pattern_rows AS p
            WHERE {_SHOWN} AND state IN ('active', 'enforced') AND frequency >= ?
            ORDER BY frequency DESC, last_seen DESC, id LIMIT ?""",
        (frequency, limit),
    ).fetchall()
    return [pattern for pattern, _ in _with_models(connection, rows)]


def matching(connection: sqlite3.Connection, prefix: str) -> list[Pattern]:
    """Those whose fingerprint begins so, with or without its version; at most `MATCHING_LIMIT`."""
    wanted = storable(prefix)
    rows = connection.execute(
        f"""SELECT {_COLUMNS} FROM pattern_rows
            WHERE substr(fingerprint, 1, :n) = :prefix OR substr(fingerprint, instr(fingerprint, ':') + 1, :n) = :prefix
            ORDER BY frequency DESC, last_seen DESC, id LIMIT {MATCHING_LIMIT}""",
        {"prefix": wanted, "n": len(wanted)},
    ).fetchall()
    return [pattern for pattern, _ in _with_models(connection, rows)]


def occurrences(
    connection: sqlite3.Connection, fingerprint: str | None, run: str | None, limit: int | None
) -> list[dict[str, Any]]:
    """The latest `limit` of them, oldest first."""
    chosen = {"fingerprint": fingerprint, "run": run}
    asked = {column: storable(value) for column, value in chosen.items() if value is not None}
    where = "WHERE " + " AND ".join(f"{column} = ?" for column in asked) if asked else ""
    rows = connection.execute(
        f"SELECT {_OCCURRENCE} FROM occurrence_rows {where} ORDER BY time DESC, id DESC LIMIT ?",
        [*asked.values(), -1 if limit is None else limit],
    )
    names = [column[0] for column in rows.description]
    found = [dict(zip(names[1:], row[1:], strict=True)) for row in rows]
    for row in found:
        row["flaky"] = bool(row["flaky"])
        row["findings"] = [dict(zip(_FINDING, values, strict=True)) for values in json.loads(row["findings"])]
    return found[::-1]


def search(connection: sqlite3.Connection, terms: Sequence[str], symbols: Sequence[str], limit: int) -> list[Hit]:
    """Shown patterns, best first. `rank` is FTS5's bm25: the lower the better, 0 where only a symbol matched.

    Patterns with one of the symbols are there before the words fill up the limit.
    """
    named = _named(connection, symbols, limit)
    ranks = dict.fromkeys(named, 0.0)
    asked = _rarest(connection, terms)
    if asked:
        match = " OR ".join(f'"{term.replace(chr(34), chr(34) * 2)}"' for term in asked)
        ranked = connection.execute(
            f"""SELECT p.id, bm25(pattern_words) AS rank FROM pattern_words
                CROSS JOIN patterns AS p ON p.id = pattern_words.rowid
                WHERE pattern_words MATCH ? AND {_SHOWN} ORDER BY rank LIMIT ?""",
            (match, limit),
        )
        for identifier, rank in ranked:
            if identifier in ranks or len(ranks) < limit:
                ranks[identifier] = rank
    hits = [
        Hit(pattern=pattern, words=words, rank=ranks[identifier])
        for identifier, pattern, words in _by_id(connection, list(ranks))
    ]
    return sorted(hits, key=lambda hit: (hit.rank, -hit.pattern.frequency, hit.pattern.fingerprint))


def rarity(connection: sqlite3.Connection, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
    """How many patterns there are, and in how many of them each word stands (0 for a word in none)."""
    total: int = connection.execute("SELECT count(*) FROM patterns").fetchone()[0]
    return total, {**dict.fromkeys(terms, 0), **_documents(connection, terms)}


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


def _rarest(connection: sqlite3.Connection, terms: Sequence[str]) -> list[str]:
    known = _documents(connection, list(dict.fromkeys(terms)))
    chosen: list[str] = []
    postings = 0
    for term, documents in sorted(known.items(), key=lambda item: item[1])[:WORDS_ASKED]:
        if chosen and postings + documents > POSTINGS_ASKED:
            break
        chosen.append(term)
        postings += documents
    return chosen


def _documents(connection: sqlite3.Connection, terms: Sequence[str]) -> dict[str, int]:
    asked = {storable(term): term for term in terms}
    statement = "SELECT term, doc FROM pattern_vocabulary WHERE term IN ({})"
    return {asked[term]: documents for term, documents in in_chunks(connection, statement, list(asked))}


def _named(connection: sqlite3.Connection, symbols: Sequence[str], limit: int) -> list[int]:
    statement = f"""
        SELECT p.id, p.frequency, p.last_seen FROM pattern_symbols AS s
        CROSS JOIN patterns AS p ON p.id = s.pattern
        WHERE {_SHOWN} AND s.symbol IN ({{}})"""
    found = set(in_chunks(connection, statement, [storable(symbol) for symbol in symbols]))
    return [row[0] for row in sorted(found, key=lambda row: (row[1], row[2]), reverse=True)[:limit]]


def _by_id(connection: sqlite3.Connection, identifiers: Sequence[int]) -> Iterator[tuple[int, Pattern, str]]:
    statement = f"SELECT {_COLUMNS}, words FROM pattern_rows WHERE id IN ({{}})"
    rows = list(in_chunks(connection, statement, identifiers))
    for pattern, row in _with_models(connection, rows):
        yield row[0], pattern, row[-1]


def _with_models(
    connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]
) -> Iterator[tuple[Pattern, tuple[Any, ...]]]:
    statement = "SELECT pattern, model, count FROM pattern_models WHERE pattern IN ({})"
    models: dict[int, list[tuple[int, str]]] = {}
    for pattern, model, count in in_chunks(connection, statement, [row[0] for row in rows]):
        models.setdefault(pattern, []).append((-count, model))
    for row in rows:
        yield _pattern(row, tuple(model for _, model in sorted(models.get(row[0], ())))), row


def _pattern(row: tuple[Any, ...], models: tuple[str, ...]) -> Pattern:
    return Pattern(
        fingerprint=row[1],
        symbol_key=row[2],
        rule_id=row[3],
        category=row[4],
        severity=row[5],
        exception=row[6],
        message=row[7],
        lesson=row[8],
        frequency=row[9],
        raw_count=row[10],
        state=row[11],
        first_seen=datetime.fromisoformat(row[12]),
        last_seen=datetime.fromisoformat(row[13]),
        symbols=tuple(json.loads(row[14])),
        models=models,
        path=row[15],
        line=row[16],
        unit=row[17],
        bad=row[18],
        good=row[19],
    )


def in_chunks(
    connection: sqlite3.Connection, statement: str, values: Sequence[str] | Sequence[int]
) -> Iterable[tuple[Any, ...]]:
    """The rows of `statement`, whose `{}` takes the question marks, for all the values."""
    for start in range(0, len(values), CHUNK):
        chunk = values[start : start + CHUNK]
        yield from connection.execute(statement.format(", ".join("?" * len(chunk))), chunk)
