"""Which patterns a question is about: by words, by symbols, by fingerprint and by kin.

Nothing here writes. A question brings up hundreds of patterns and shows five: of most of them a few columns are read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from pytest_llmlearn.adapters.sqlite_store import families, rows
from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, in_order, storable
from pytest_llmlearn.adapters.sqlite_store.counting import ANSWER, counted, kept, total
from pytest_llmlearn.app.ports import Glimpse, Hit
from pytest_llmlearn.app.ports.requests import Kindred
from pytest_llmlearn.domain.pattern import Pattern

WORDS_ASKED = 16
"""Words of a question that take part in full-text search: its rarest ones."""
POSTINGS_ASKED = 3_000
"""Documents that these words may bring up together. Ranking costs about a microsecond for each, and a word that
stands in a good part of all patterns tells none from another."""
MORE = 50
"""How many more are ranked than are wanted, before it is known which of them may be shown."""

_VISIBLE = f"""
    SELECT m.id, p.id FROM patterns AS m CROSS JOIN patterns AS p ON p.id = coalesce(m.merged_into, m.id)
    WHERE {rows.SHOWN} AND m.id IN ({{}})"""
_RANKED = f"""
    SELECT p.id, bm25(pattern_words) AS rank FROM pattern_words
    CROSS JOIN patterns AS m ON m.id = pattern_words.rowid
    CROSS JOIN patterns AS p ON p.id = coalesce(m.merged_into, m.id)
    WHERE {{}}pattern_words MATCH ? AND {rows.SHOWN} ORDER BY rank LIMIT ?"""
_OF_MODEL = """p.id IN (
    SELECT coalesce(o.merged_into, o.id) FROM pattern_models AS w CROSS JOIN patterns AS o ON o.id = w.pattern
    WHERE w.model = ?) AND """
_GLIMPSE = "SELECT id, fingerprint, kin, rule_id, exception, symbols, path, words FROM patterns WHERE id IN ({})"
_KINDRED = f"""
    SELECT p.id, p.fingerprint, p.kin, p.frequency, p.symbols,
           EXISTS (SELECT 1 FROM pattern_models AS o WHERE o.pattern = p.id AND o.model = ?)
    FROM patterns AS p WHERE {rows.SHOWN} AND p.id IN ({{}})"""


def search(connection: sqlite3.Connection, terms: Sequence[str], symbols: Sequence[str], limit: int) -> list[Hit]:
    """Shown patterns, best first. `rank` is FTS5's bm25: the lower the better, 0 where only a symbol matched.

    Patterns with one of the symbols are there before the words fill up the limit.
    """
    ranks = _ranks(connection, terms, symbols, limit)
    hits = [
        Hit(pattern=pattern, words=words, rank=ranks[identifier])
        for identifier, pattern, words in rows.by_id(connection, list(ranks))
    ]
    return sorted(hits, key=lambda hit: (hit.rank, -hit.pattern.frequency, hit.pattern.fingerprint))


def glimpses(
    connection: sqlite3.Connection,
    terms: Sequence[str],
    symbols: Sequence[str],
    also: Sequence[str],
    limit: int,
    model: str | None = None,
) -> list[Glimpse]:
    """What `search` would find, and those of the fingerprints `also` that are shown, in any order.

    With `model` that of what this model was seen doing alone: others take no place.
    """
    answers = kept(connection, ANSWER + "glimpses")
    asked = (*terms, None, *symbols, None, *also, None, limit, model)
    if asked in answers:
        return list(answers[asked])
    ranks = _ranks(connection, terms, symbols, limit, model)
    for identifier in _identifiers(connection, also):
        ranks.setdefault(identifier, 0.0)
    known = kept(connection, "glimpses")
    _read_glimpses(connection, [identifier for identifier in ranks if identifier not in known], known)
    answers[asked] = [known[identifier].ranked(ranks[identifier]) for identifier in in_order(list(ranks))]
    return list(answers[asked])


def _read_glimpses(connection: sqlite3.Connection, identifiers: Sequence[int], known: dict[int, Glimpse]) -> None:
    merged = families.merged(connection, identifiers)
    for identifier, fingerprint, kin, rule_id, exception, own, path, words in in_chunks(
        connection, _GLIMPSE, identifiers
    ):
        known[identifier] = Glimpse(
            fingerprint=fingerprint,
            kin=kin,
            rule_id=rule_id,
            exception=exception,
            symbols=_symbols(own, merged.get(identifier, ())),
            path=path,
            words=" ".join([words, *(child.words for child in merged.get(identifier, ()))]),
            rank=0.0,
        )


def named(connection: sqlite3.Connection, fingerprints: Sequence[str]) -> list[tuple[Pattern, str]]:
    """Those of these fingerprints that may be shown, each with its words."""
    return [(pattern, words) for _, pattern, words in rows.by_id(connection, _identifiers(connection, fingerprints))]


def rarity(connection: sqlite3.Connection, terms: Sequence[str]) -> tuple[int, Mapping[str, int]]:
    """How many patterns there are, and in how many of them each word stands (0 for a word in none)."""
    return total(connection, "patterns"), {**dict.fromkeys(terms, 0), **counted(connection, "pattern", terms)}


def rarest(known: Mapping[str, int], postings: int) -> list[str]:
    """The rarest of these words, by how many documents hold each, that bring up at most so many together; at least one.

    Words that nothing holds are left out.
    """
    chosen: list[str] = []
    found = 0
    there = sorted((documents, term) for term, documents in known.items() if documents)
    for documents, term in there[:WORDS_ASKED]:
        if chosen and found + documents > postings:
            break
        chosen.append(term)
        found += documents
    return chosen


def any_of(terms: Sequence[str]) -> str:
    """FTS5's question for documents that hold any of these."""
    return " OR ".join(f'"{term.replace(chr(34), chr(34) * 2)}"' for term in map(storable, terms))


def of_kins(connection: sqlite3.Connection, kins: Sequence[str], limit: int) -> list[int]:
    """Of each of these kins at most `limit` patterns that may be shown, the most frequent ones."""
    statement = f"""SELECT p.id FROM patterns AS p WHERE p.kin = ? AND {rows.SHOWN}
                    ORDER BY p.frequency DESC, p.last_seen DESC LIMIT ?"""
    known = kept(connection, "patterns of kins")
    for kin in kins:
        if (kin, limit) not in known:
            known[kin, limit] = [row[0] for row in connection.execute(statement, (kin, limit))]
    return [identifier for kin in kins for identifier in known[kin, limit]]


def kindred(connection: sqlite3.Connection, identifiers: Sequence[int], model: str | None) -> dict[int, Kindred]:
    """Those of these patterns that may be shown, by their rows."""
    known = kept(connection, f"kindred of {model}")
    asked = list(dict.fromkeys(identifiers))
    _read_kindred(connection, [identifier for identifier in asked if identifier not in known], model, known)
    found = ((identifier, known[identifier]) for identifier in asked)
    return {identifier: one for identifier, one in found if one is not None}


def _read_kindred(
    connection: sqlite3.Connection, identifiers: Sequence[int], model: str | None, known: dict[int, Kindred | None]
) -> None:
    by = "" if model is None else storable(model)
    known.update(dict.fromkeys(identifiers))
    found = list(in_chunks(connection, _KINDRED, identifiers, by))
    merged = families.merged(connection, [row[0] for row in found])
    children = {child.id: root for root, many in merged.items() for child in many}
    made = "SELECT pattern FROM pattern_models WHERE model = ? AND pattern IN ({})"
    also = {children[row[0]] for row in in_chunks(connection, made, list(children), by)} if children else set()
    for identifier, fingerprint, kin, frequency, symbols, same in found:
        known[identifier] = Kindred(
            fingerprint=fingerprint,
            kin=kin,
            frequency=frequency + sum(child.frequency for child in merged.get(identifier, ())),
            symbols=_symbols(symbols, merged.get(identifier, ())),
            same_model=model is not None and (bool(same) or identifier in also),
        )


def _ranks(
    connection: sqlite3.Connection, terms: Sequence[str], symbols: Sequence[str], limit: int, model: str | None = None
) -> dict[int, float]:
    ranks = dict.fromkeys(_with_symbols(connection, symbols, limit, model), 0.0)
    asked = rarest(counted(connection, "pattern", list(dict.fromkeys(terms))), POSTINGS_ASKED)
    for identifier, rank in _ranked(connection, any_of(asked), limit, model) if asked else ():
        if identifier in ranks or len(ranks) < limit:
            ranks[identifier] = min(rank, ranks.get(identifier, rank))
    return ranks


def _ranked(connection: sqlite3.Connection, match: str, limit: int, model: str | None) -> list[tuple[int, float]]:
    """Rows of patterns with their ranks, best first."""
    if model is not None:
        return connection.execute(_RANKED.format(_OF_MODEL), (storable(model), match, limit)).fetchall()
    # Nearly all may be shown: looking at the best alone takes half the time of looking at all that match.
    wanted = limit + MORE
    best = connection.execute(
        """SELECT rowid, bm25(pattern_words) AS rank FROM pattern_words
           WHERE pattern_words MATCH ? ORDER BY rank LIMIT ?""",
        (match, wanted),
    ).fetchall()
    visible = kept(connection, "visible patterns")
    new = [identifier for identifier, _ in best if identifier not in visible]
    visible.update(dict.fromkeys(new))
    visible.update(in_chunks(connection, _VISIBLE, new))
    found = [(visible[identifier], rank) for identifier, rank in best if visible[identifier] is not None]
    if len(found) < limit and len(best) == wanted:
        return connection.execute(_RANKED.format(""), (match, limit)).fetchall()
    return found[:limit]


def _with_symbols(connection: sqlite3.Connection, symbols: Sequence[str], limit: int, model: str | None) -> list[int]:
    statement = f"""
        SELECT p.id, p.frequency, p.last_seen FROM pattern_symbols AS s
        CROSS JOIN patterns AS m ON m.id = s.pattern
        CROSS JOIN patterns AS p ON p.id = coalesce(m.merged_into, m.id)
        WHERE {_OF_MODEL if model is not None else ""}{rows.SHOWN} AND s.symbol IN ({{}})"""
    first = () if model is None else (storable(model),)
    found = set(in_chunks(connection, statement, [storable(symbol) for symbol in symbols], *first))
    return [row[0] for row in sorted(found, key=lambda row: (row[1], row[2]), reverse=True)[:limit]]


def _identifiers(connection: sqlite3.Connection, fingerprints: Sequence[str]) -> list[int]:
    statement = f"SELECT p.fingerprint, p.id FROM patterns AS p WHERE {rows.SHOWN} AND p.fingerprint IN ({{}})"
    known = kept(connection, "shown fingerprints")
    asked = [storable(one) for one in fingerprints]
    new = [one for one in asked if one not in known]
    known.update(dict.fromkeys(new))
    known.update(in_chunks(connection, statement, new))
    return [known[one] for one in in_order(asked) if known[one] is not None]


def _symbols(own: str, children: Sequence[families.Child]) -> tuple[str, ...]:
    if own == "[]" and not children:  # most have none
        return ()
    texts = (own, *(child.symbols for child in children))
    return tuple(dict.fromkeys(symbol for text in texts for symbol in json.loads(text)))
