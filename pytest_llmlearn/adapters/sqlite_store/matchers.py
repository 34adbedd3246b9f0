"""Matchers in the database file: what recognises the mistakes that patterns are of, and how it did so far.

How often a matcher was right and wrong is counted in distinct code; in how much of the project's passing code it fires
now is set anew by each look at the project.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store.asking import in_chunks, storable
from pytest_llmlearn.domain import proof
from pytest_llmlearn.domain.matcher import Matcher, Trials

if TYPE_CHECKING:
    from sqlite_utils import Database

    from pytest_llmlearn.adapters.sqlite_store.database import DatabaseFile

A_PATTERN = 64
"""Matchers kept of one pattern that never fired on passing code, the surest; and as many that did, the latest: one that
was forgotten would be made anew, and had to be wrong once more."""
CODES = 64
"""Pieces of code that count for a matcher; what further ones say changes nothing."""
_COLUMNS = 'm.rule_id, m.kind, m.body, m.atoms, m.origin, m.start, m."right", m.wrong + m.hits, m.silent'
_ATOMS = 4
"""Where the atoms stand in a row of a fingerprint and these columns."""
_ROOT = "JOIN patterns AS c ON c.id = m.pattern JOIN patterns AS p ON p.id = coalesce(c.merged_into, c.id)"
_SHOWN = "p.archived = 0 AND p.state IN ({})"
_BY_KEY = "SELECT key, id FROM matchers WHERE key IN ({})"


class SqliteMatchers:
    """`ports.Matchers` in the store's file. Made by `SqliteStore.matchers`, whose `close` lets go of the file.

    `hits` is in how many pieces of passing code a matcher may fire before it is held back.
    """

    def __init__(self, file: DatabaseFile, *, hits: int = 0) -> None:
        self._file = file
        self._hits = hits
        # What was merged is answered under another fingerprint, and so under another key than it was put down with.
        self._merged: dict[str, str] = {}

    def kept(self, *, candidates: bool = False) -> Sequence[Matcher]:
        """The matchers that may be used, surest first."""
        states = ("active", "enforced", *(("candidate",) if candidates else ()))
        return [one for one in self._read(states) if proof.held_back(one, hits=self._hits) is None]

    def every(self, fingerprint: str | None = None) -> Sequence[Matcher]:
        """All of them, those that are held back too; of one pattern, or of all that may be shown."""
        found = self._read(("active", "enforced", "candidate"), fingerprint)
        return found if fingerprint is None else [one for one in found if one.fingerprint == fingerprint]

    def shapes_among(self, words: Collection[str]) -> Sequence[Matcher]:
        """Of all of them the shapes whose names are all among these words: no other stands in code of these."""
        return self._read(("active", "enforced", "candidate"), shapes_among=frozenset(words))

    def put(self, matchers: Collection[Matcher]) -> Sequence[Matcher]:
        """Write matchers down; one that is known already only gains what its trials add. Those of patterns that are
        not there are left out.

        Returns:
            Those that were not known.

        Raises:
            StoreError: they cannot be written; none was.
        """
        return self._file.write(lambda db: _put(db, matchers)) if matchers else ()

    def tried(self, trials: Mapping[str, Trials], code: str) -> None:
        """Add what a piece of code (by its digest) said of matchers, by their keys; the same code counts once.

        Raises:
            StoreError: it cannot be written; nothing was.
        """
        told = {self._merged.get(key, key): said for key, said in trials.items()}
        if told:
            self._file.write(lambda db: _tried(db, told, code))

    def proved(self, hits: Mapping[str, int]) -> None:
        """Set in how many of the project's passing files each of these matchers fires now, by their keys.

        Raises:
            StoreError: it cannot be written; nothing was.
        """

        def change(db: Database) -> None:
            changed = [(count, storable(self._merged.get(key, key)), count) for key, count in hits.items()]
            db.conn.executemany("UPDATE matchers SET hits = ? WHERE key = ? AND hits <> ?", changed)

        if hits:
            self._file.write(change)

    def revision(self) -> int:
        """A number that moves whenever `kept` may answer otherwise."""

        def asked(connection: sqlite3.Connection) -> int:
            row = connection.execute("SELECT matcher_revision FROM store").fetchone()
            return row[0] if row is not None else 0

        return self._file.ask(asked, 0)

    def _read(
        self, states: Sequence[str], fingerprint: str | None = None, *, shapes_among: frozenset[str] | None = None
    ) -> list[Matcher]:
        shown = _SHOWN.format(", ".join("?" * len(states)))
        family = " AND p.fingerprint = ?" if fingerprint is not None else ""
        kind = " AND m.kind = 'shape'" if shapes_among is not None else ""
        values = [*states, *((storable(fingerprint),) if fingerprint is not None else ())]

        def asked(connection: sqlite3.Connection) -> list[Matcher]:
            of = f"matchers AS m {_ROOT} WHERE {shown}{family}{kind}"
            rows = connection.execute(f"SELECT m.key, p.fingerprint, {_COLUMNS} FROM {of} ORDER BY m.id", values)
            # Those of a pattern that was merged into another may be that one's own as well.
            found: dict[str, Matcher] = {}
            for key, *row in rows:
                atoms = frozenset(json.loads(row[_ATOMS]))
                if shapes_among is not None and any(one.isidentifier() and one not in shapes_among for one in atoms):
                    continue
                matcher = _matcher(row, atoms)
                if matcher.key != key:
                    self._merged[matcher.key] = key
                known = found.get(matcher.key)
                if known is None or known.confidence < matcher.confidence:
                    found[matcher.key] = matcher
            return sorted(found.values(), key=lambda matcher: -matcher.confidence)

        nothing: list[Matcher] = []
        return self._file.ask(asked, nothing)


def _matcher(row: Sequence[Any], atoms: frozenset[str]) -> Matcher:
    fingerprint, rule_id, kind, body, _, origin, start, right, wrong, silent = row
    return proof.tried(
        Matcher(
            fingerprint=fingerprint,
            rule_id=rule_id,
            kind=kind,
            body=json.loads(body),
            atoms=atoms,
            origin=origin,
            confidence=start,
            trials=Trials(right=right, wrong=wrong, silent=silent),
        )
    )


def _put(db: Database, matchers: Iterable[Matcher]) -> list[Matcher]:
    wanted = sorted({storable(matcher.fingerprint) for matcher in matchers})
    statement = "SELECT fingerprint, id FROM patterns WHERE fingerprint IN ({})"
    patterns: dict[str, int] = dict(in_chunks(db.conn, statement, wanted))
    grown: set[int] = set()
    new: list[Matcher] = []
    for matcher in matchers:
        pattern = patterns.get(storable(matcher.fingerprint))
        if pattern is None:
            continue
        trials = matcher.trials
        known = db.execute("SELECT id FROM matchers WHERE key = ?", (matcher.key,)).fetchone()
        if known is not None:
            if trials != Trials():
                _add(db, known[0], trials)
            continue
        db.execute(
            """INSERT INTO matchers (pattern, key, rule_id, kind, body, atoms, origin, start, "right", wrong, silent)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                pattern,
                matcher.key,
                storable(matcher.rule_id),
                matcher.kind,
                _json(matcher.body),
                _json(sorted(matcher.atoms)),
                matcher.origin,
                matcher.confidence,
                trials.right,
                trials.wrong,
                trials.silent,
            ),
        )
        grown.add(pattern)
        new.append(matcher)
    for pattern in grown:
        for wrong, order in (("=", '"right" DESC, start DESC, id'), (">", "id DESC")):
            of = f"pattern = ?1 AND wrong + hits {wrong} 0"
            kept = f"SELECT id FROM matchers WHERE {of} ORDER BY {order} LIMIT ?2"
            db.execute(f"DELETE FROM matchers WHERE {of} AND id NOT IN ({kept})", (pattern, A_PATTERN))
    return new


def _tried(db: Database, trials: Mapping[str, Trials], code: str) -> None:
    digest = storable(code)
    for key, matcher in list(in_chunks(db.conn, _BY_KEY, sorted(map(storable, trials)))):
        (known,) = db.execute("SELECT count(*) FROM matcher_codes WHERE matcher = ?", (matcher,)).fetchone()
        # What it did wrong counts however much is known: it decides alone.
        if known >= CODES and not trials[key].wrong:
            continue
        statement = "INSERT OR IGNORE INTO matcher_codes (matcher, code) VALUES (?, ?)"
        if db.execute(statement, (matcher, digest)).rowcount:
            _add(db, matcher, trials[key])


def _add(db: Database, matcher: int, trials: Trials) -> None:
    db.execute(
        'UPDATE matchers SET "right" = "right" + ?, wrong = wrong + ?, silent = silent + ? WHERE id = ?',
        (trials.right, trials.wrong, trials.silent, matcher),
    )


def _json(value: object) -> str:
    return storable(json.dumps(value, sort_keys=True, ensure_ascii=False))
