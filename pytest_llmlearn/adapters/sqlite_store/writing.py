"""How a run and its entries become rows.

Everything happens inside one write transaction of the caller's. A pattern's row is read once, changed in memory while
its entries come, and written once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store import evolving, lessons, promoting, rows
from pytest_llmlearn.adapters.sqlite_store.asking import line_number, optional, storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.attempts import Attempts
from pytest_llmlearn.adapters.sqlite_store.erasing import moved
from pytest_llmlearn.adapters.sqlite_store.texts import Texts
from pytest_llmlearn.domain import evolution
from pytest_llmlearn.domain.entry import Counted, Entry, Held, Run
from pytest_llmlearn.domain.occurrence import SCANS, SOURCES

if TYPE_CHECKING:
    from sqlite_utils import Database

COUNTED_SCOPES = frozenset({"generated", "other"})
"""The other scopes are told apart: kept, but no lesson comes of them."""
WORD_LIMIT = 400
"""Words of a pattern's searchable text; it grows with what each occurrence brings until then."""
WATCHED = frozenset(SOURCES) - {"handed-in"}
"""Sources that say that a test is red: it failed, or something was found of it although it passed. What was handed in
names a test as whoever handed it in does, and no later run need."""

_FIXED = ("fingerprint", "symbol_key", "rule_id", "category", "exception")
_MOVING = (
    "severity",
    "message_id",
    "lesson",
    "frequency",
    "raw_count",
    "archived",
    "first_seen",
    "last_seen",
    "fix_applied",
    "test_failures",
    "security_findings",
    "symbols",
    "path",
    "line",
    "unit",
    "bad_id",
    "words",
    "stub",
    "kin",
)
_INSERT = (
    f"INSERT INTO patterns ({', '.join((*_FIXED, *_MOVING))}) VALUES ({', '.join('?' * len((*_FIXED, *_MOVING)))})"
)
_KNOWN = ("id", "merged_into", "committed", *_FIXED, *_MOVING)
_SELECT = f"SELECT {', '.join(_KNOWN)} FROM patterns WHERE fingerprint = ?"
_UPDATE = f"UPDATE patterns SET {', '.join(f'{name} = ?' for name in _MOVING)} WHERE id = ?"


class Writer:
    """Writes one run. `hold` says whether private texts are kept; `now` dates them."""

    def __init__(self, db: Database, *, now: datetime, hold: bool) -> None:
        self._db = db
        self._moment = now
        self._now = timestamp(now)
        self._hold = hold
        self._texts = Texts(db)
        self._patterns: dict[str, dict[str, Any]] = {}
        self._codes: dict[tuple[int, str, str], list[int]] = {}
        self._held: dict[str, int] = {}
        self._session: str | None = None
        self._green: frozenset[str] = frozenset()
        self._promoting: dict[int, list[promoting.Row]] = {}
        self._attempts = Attempts(db, self._now)
        self._back: set[int] = set()
        """Patterns that others were merged into which were seen again."""

    def write(self, run: Run, entries: Sequence[Entry], project: str) -> list[Counted]:
        """The run's row, its entries, and one answer for each. A run that is there already changes nothing."""
        if self._db.execute("SELECT 1 FROM runs WHERE run_id = ?", (storable(run.run_id),)).fetchone():
            return [self._standing(entry) for entry in entries]
        identifier = self._add_run(run, project)
        self._session = optional(run.session)
        self._green = evolving.green_before(
            self._db, (storable(entry.nodeid) for entry in entries), timestamp(run.started)
        )
        findings = [_findings(entry) for entry in entries]
        self._texts.add(text for entry in entries for text in (entry.message, entry.snippet, entry.statement or ""))
        self._texts.add(findings)
        counted = [self._add(identifier, entry, found) for entry, found in zip(entries, findings, strict=True)]
        self._db.conn.executemany(
            _UPDATE, [[*(row[name] for name in _MOVING), row["id"]] for row in self._patterns.values()]
        )
        self._db.conn.executemany("UPDATE patterns SET archived = 0 WHERE id = ?", [(row,) for row in self._back])
        self._attempts.write()
        self._redden(entries)
        promoting.promote(self._db, self._promoting)
        evolving.evolve(self._db, (row["id"] for row in self._patterns.values()), self._moment)
        moved(self._db)
        hidden = rows.hidden(self._db.conn, [one.fingerprint for one in counted])
        return [replace(one, hidden=one.fingerprint in hidden) for one in counted] if hidden else counted

    def _redden(self, entries: Sequence[Entry]) -> None:
        """These tests failed, or something was found of them, and did not pass when they were run again."""
        failed = [
            (storable(entry.nodeid), timestamp(entry.time))
            for entry in entries
            if entry.source in WATCHED and not entry.flaky
        ]
        self._db.conn.executemany(
            """INSERT INTO tests (nodeid, red) VALUES (?, ?) ON CONFLICT (nodeid) DO UPDATE
               SET red = excluded.red WHERE red IS NULL OR red < excluded.red""",
            dict(failed).items(),
        )

    def _standing(self, entry: Entry) -> Counted:
        row = self._db.execute(_SELECT, (storable(entry.fingerprint.exact),)).fetchone()
        nothing: dict[str, Any] = {"frequency": 0, "raw_count": 0, "committed": None}
        known = dict(zip(_KNOWN, row, strict=True)) if row else nothing
        return Counted(
            fingerprint=entry.fingerprint.exact,
            before=known["frequency"],
            after=known["frequency"],
            raw_count=known["raw_count"],
            committed=known["committed"] is not None,
        )

    def _add_run(self, run: Run, project: str) -> int:
        cursor = self._db.execute(
            """INSERT INTO runs (run_id, project, started, finished, command, exit_status, passed, failed,
                                 commit_id, python, session, state)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                storable(run.run_id),
                storable(project),
                timestamp(run.started),
                timestamp(run.finished),
                storable(run.command),
                run.exit_status,
                run.passed,
                run.failed,
                optional(run.commit),
                storable(run.python),
                optional(run.session),
                optional(run.state),
            ),
        )
        return _row(cursor.lastrowid)

    def _add(self, run: int, entry: Entry, findings: str) -> Counted:
        time = timestamp(entry.time)
        counts = entry.scope in COUNTED_SCOPES and not entry.flaky
        pattern = self._pattern(entry, time)
        before = pattern["frequency"]
        code, newly = self._code(pattern["id"], entry, counts)
        promotes = self._promotes(entry)
        occurrence = self._add_occurrence(run, pattern["id"], code, entry, findings, time, promotes)
        if promotes:
            row = (storable(entry.unit), storable(entry.unit_hash), self._session, time)
            self._promoting.setdefault(pattern["id"], []).append(row)
        pattern["raw_count"] += 1
        if entry.category == "security":
            pattern["security_findings"] += 1
        elif entry.source not in SCANS:
            pattern["test_failures"] += 1
        _grow_words(pattern, storable(entry.words))
        if counts:
            pattern["frequency"] += newly
            pattern["stub"] = int(entry.stub and (pattern["stub"] or not before))
            if not before or time >= pattern["last_seen"]:
                pattern["fix_applied"] = pattern["archived"] = 0  # it is back
                if pattern["merged_into"] is not None:
                    self._back.add(pattern["merged_into"])
                pattern.update(self._latest(entry))
            pattern["first_seen"] = min(time, pattern["first_seen"]) if before else time
            pattern["last_seen"] = max(time, pattern["last_seen"]) if before else time
            self._add_model(pattern["id"], entry, newly)
            self._attempts.add(entry, pattern["id"], newly=bool(newly))
            if newly:
                lessons.grow(self._db, pattern["id"], entry.contexts)
        elif not before:
            if time >= pattern["last_seen"]:
                pattern.update(self._latest(entry))
            pattern["first_seen"] = min(time, pattern["first_seen"])
            pattern["last_seen"] = max(time, pattern["last_seen"])
        self._add_symbols(pattern["id"], entry)
        if self._hold:
            self._keep(occurrence, entry.held)
        return Counted(
            fingerprint=entry.fingerprint.exact,
            before=before,
            after=pattern["frequency"],
            raw_count=pattern["raw_count"],
            committed=pattern["committed"] is not None,
        )

    def _pattern(self, entry: Entry, time: str) -> dict[str, Any]:
        """The pattern's row as it stands in this transaction, made if there was none."""
        fingerprint = storable(entry.fingerprint.exact)
        known = self._patterns.get(fingerprint)
        if known is not None:
            return known
        row = self._db.execute(_SELECT, (fingerprint,)).fetchone()
        if row is not None:
            known = dict(zip(_KNOWN, row, strict=True))
        else:
            known = {
                "fingerprint": fingerprint,
                "symbol_key": storable(entry.fingerprint.symbol),
                "rule_id": storable(entry.rule_id),
                "category": entry.category,
                "exception": storable(entry.exception),
                "frequency": 0,
                "raw_count": 0,
                "archived": 0,
                "first_seen": time,
                "last_seen": time,
                "fix_applied": 0,
                "test_failures": 0,
                "security_findings": 0,
                "words": "",
                "merged_into": None,
                "committed": None,
                "stub": int(entry.stub),
                **self._latest(entry),
            }
            _grow_words(known, storable(entry.words))
            known["id"] = _row(self._db.execute(_INSERT, [known[name] for name in (*_FIXED, *_MOVING)]).lastrowid)
        self._patterns[fingerprint] = known
        return known

    def _latest(self, entry: Entry) -> dict[str, Any]:
        """What a pattern shows of its newest counted occurrence, of its newest at all while none is counted."""
        return {
            "severity": entry.severity,
            "message_id": self._texts[entry.message],
            "lesson": storable(entry.lesson),
            "path": optional(entry.path),
            "line": line_number(entry.line),
            "unit": storable(entry.unit),
            "bad_id": self._texts[entry.snippet],
            "symbols": json.dumps([storable(symbol) for symbol in entry.symbols], separators=(",", ":")),
            "kin": storable(entry.kin),
        }

    def _code(self, pattern: int, entry: Entry, counts: bool) -> tuple[int, int]:
        """The row of this pattern in this code, and 1 if it is counted from now on, else 0."""
        key = (pattern, storable(entry.unit), storable(entry.unit_hash))
        known = self._codes.get(key)
        if known is None:
            row = self._db.execute(
                "SELECT id, counted FROM occurrence_codes WHERE pattern = ? AND unit = ? AND unit_hash = ?", key
            ).fetchone()
            if row is None:
                inserted = self._db.execute(
                    "INSERT INTO occurrence_codes (pattern, unit, unit_hash, counted) VALUES (?, ?, ?, 0)", key
                )
                row = (_row(inserted.lastrowid), 0)
            known = self._codes[key] = list(row)
        newly = int(counts and not known[1])
        if newly:
            known[1] = 1
            self._db.execute("UPDATE occurrence_codes SET counted = 1 WHERE id = ?", (known[0],))
        return known[0], newly

    def _add_occurrence(
        self, run: int, pattern: int, code: int, entry: Entry, findings: str, time: str, promotes: bool
    ) -> int:
        values = {
            "run": run,
            "pattern": pattern,
            "code": code,
            "nodeid": storable(entry.nodeid),
            "phase": entry.when,
            "source": entry.source,
            "time": time,
            "exception": storable(entry.exception),
            "message_id": self._texts[entry.message],
            "path": optional(entry.path),
            "line": line_number(entry.line),
            "function": optional(entry.function),
            "statement_id": self._texts[entry.statement] if entry.statement is not None else None,
            "snippet_id": self._texts[entry.snippet],
            "rule_id": storable(entry.rule_id),
            "severity": entry.severity,
            "findings_id": self._texts[findings],
            "model": storable(entry.model),
            "tool": optional(entry.tool),
            "provenance": storable(entry.provenance),
            "confidence": entry.confidence,
            "scope": entry.scope,
            "chosen_by": entry.chosen_by,
            "flaky": int(entry.flaky),
            "stub": int(entry.stub),
            "promotes": int(promotes),
            "task": optional(entry.task),
        }
        marks = ", ".join("?" * len(values))
        cursor = self._db.execute(f"INSERT INTO occurrences ({', '.join(values)}) VALUES ({marks})", [*values.values()])
        return _row(cursor.lastrowid)

    def _promotes(self, entry: Entry) -> bool:
        # A test that was never green is work under way; what a rule finds is wrong whatever was there before.
        was_green = entry.source in SCANS or storable(entry.nodeid) in self._green
        return entry.scope in COUNTED_SCOPES and evolution.promotes(
            entry.chosen_by, was_green=was_green, stub=entry.stub, flaky=entry.flaky
        )

    def _add_model(self, pattern: int, entry: Entry, newly: int) -> None:
        # Counted as the pattern is: a model's one broken function that fails fifteen tests is one mistake of it.
        key = (pattern, storable(entry.model))
        self._db.execute(
            """INSERT INTO pattern_models (pattern, model, category, count) VALUES (?, ?, ?, ?)
               ON CONFLICT (pattern, model) DO UPDATE SET count = count + excluded.count""",
            (*key, entry.category, newly),
        )

    def _add_symbols(self, pattern: int, entry: Entry) -> None:
        # The last part of a dotted name stands beside the whole: a question says `np.asscalar` or only `asscalar`.
        names = {
            name for symbol in map(storable, entry.symbols) for name in (symbol, symbol.rpartition(".")[2]) if name
        }
        self._db.conn.executemany(
            "INSERT OR IGNORE INTO pattern_symbols (symbol, pattern) VALUES (?, ?)",
            [(name, pattern) for name in sorted(names)],
        )

    def _keep(self, occurrence: int, texts: Sequence[Held]) -> None:
        """Private texts, once for each content; one that is seen red again is kept from now on."""
        for held in texts:
            digest = storable(held.digest)
            if digest not in self._held:
                self._db.execute(
                    """INSERT INTO held (digest, kind, path, qualname, text, added) VALUES (?, ?, ?, ?, ?, ?)
                       ON CONFLICT (digest) DO UPDATE SET added = excluded.added""",
                    (digest, held.kind, *map(storable, (held.path, held.qualname, held.text)), self._now),
                )
                found = self._db.execute("SELECT id FROM held WHERE digest = ?", (digest,)).fetchone()
                self._held[digest] = found[0]
            self._db.execute("INSERT OR IGNORE INTO held_by_occurrence VALUES (?, ?)", (occurrence, self._held[digest]))


def _findings(entry: Entry) -> str:
    """All findings in one text: lists, for the names of their parts are always the same."""
    rows = [
        [storable(row.rule_id), row.severity, row.line, round(row.confidence, 3), storable(row.detail)]
        for row in entry.findings
    ]
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False)


def _grow_words(pattern: dict[str, Any], words: str) -> None:
    if pattern["words"] != words:
        known = dict.fromkeys(f"{pattern['words']} {words}".split())
        pattern["words"] = " ".join(list(known)[:WORD_LIMIT])


def _row(identifier: int | None) -> int:
    if identifier is None:
        raise AssertionError("an INSERT without a row")
    return identifier
