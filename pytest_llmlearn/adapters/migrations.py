"""The schema of the store, as the steps that led to it.

Steps are numbered, named, only ever appended, and explain themselves. What a step allows (`CHECK`) is written out in
it: a later change of the domain's words is a later step, never another meaning of an old one. Tables are the truth;
the full-text index is its shadow. People and reading code look at the views `pattern_rows`, `occurrence_rows` and
`generation_rows`.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

SET = "pytest-llmlearn"
"""The name under which sqlite-utils writes down which steps were taken."""


def _execute(db: Database, script: str) -> None:
    """Run statements that end at line ends. sqlite-utils looks for their ends letter by letter, which takes longer
    than making the tables."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""


def m001_truth(db: Database) -> None:
    # Long texts stand once each in occurrence_texts: a test that fails every day repeats them all.
    # A pair of unit and code that was seen only flaky, or told apart, is known but not counted in the frequency.
    # first_seen and last_seen are of counted occurrences, of others only as long as there is none.
    # Times are ISO 8601 in UTC with microseconds, so that they sort as text.
    _execute(
        db,
        """
        CREATE TABLE store (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            revision INTEGER NOT NULL
        );
        INSERT INTO store VALUES (1, 0);

        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run_id TEXT NOT NULL UNIQUE,
            project TEXT NOT NULL,
            started TEXT NOT NULL,
            finished TEXT NOT NULL,
            command TEXT NOT NULL,
            exit_status INTEGER,
            passed INTEGER NOT NULL,
            failed INTEGER NOT NULL,
            commit_id TEXT,
            python TEXT NOT NULL
        );

        CREATE TABLE occurrence_texts (
            id INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE,
            text TEXT NOT NULL
        );

        CREATE TABLE patterns (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            fingerprint TEXT NOT NULL UNIQUE,
            symbol_key TEXT NOT NULL,
            rule_id TEXT NOT NULL,
            category TEXT NOT NULL
                CHECK (category IN ('async', 'type', 'import', 'security', 'syntax', 'logic', 'runtime')),
            severity TEXT NOT NULL CHECK (severity IN ('critical', 'major', 'minor')),
            exception TEXT NOT NULL,
            message_id INTEGER NOT NULL REFERENCES occurrence_texts(id),
            lesson TEXT NOT NULL,
            frequency INTEGER NOT NULL DEFAULT 0 CHECK (frequency >= 0),
            raw_count INTEGER NOT NULL DEFAULT 0 CHECK (raw_count >= frequency),
            state TEXT NOT NULL DEFAULT 'candidate'
                CHECK (state IN ('candidate', 'active', 'enforced', 'retired', 'quarantined', 'muted')),
            archived INTEGER NOT NULL DEFAULT 0 CHECK (archived IN (0, 1)),
            first_seen TEXT NOT NULL,
            last_seen TEXT NOT NULL,
            fix_applied INTEGER NOT NULL DEFAULT 0 CHECK (fix_applied IN (0, 1)),
            user_corrections INTEGER NOT NULL DEFAULT 0,
            test_failures INTEGER NOT NULL DEFAULT 0,
            security_findings INTEGER NOT NULL DEFAULT 0,
            symbols TEXT NOT NULL,
            path TEXT,
            line INTEGER,
            unit TEXT NOT NULL,
            bad_id INTEGER NOT NULL REFERENCES occurrence_texts(id),
            good TEXT NOT NULL DEFAULT '',
            words TEXT NOT NULL
        );
        CREATE INDEX patterns_by_frequency ON patterns (frequency DESC, last_seen DESC);
        CREATE INDEX patterns_by_category ON patterns (category, frequency DESC, last_seen DESC);

        CREATE TABLE pattern_models (
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            model TEXT NOT NULL,
            category TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (pattern, model)
        ) WITHOUT ROWID;
        CREATE INDEX pattern_models_by_model ON pattern_models (model, category);

        CREATE TABLE occurrence_codes (
            id INTEGER PRIMARY KEY,
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            unit TEXT NOT NULL,
            unit_hash TEXT NOT NULL,
            counted INTEGER NOT NULL CHECK (counted IN (0, 1)),
            UNIQUE (pattern, unit, unit_hash)
        );

        CREATE TABLE occurrences (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run INTEGER NOT NULL REFERENCES runs(id) ON DELETE CASCADE,
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            code INTEGER NOT NULL REFERENCES occurrence_codes(id) ON DELETE CASCADE,
            nodeid TEXT NOT NULL,
            phase TEXT NOT NULL CHECK (phase IN ('collect', 'setup', 'call', 'teardown')),
            source TEXT NOT NULL CHECK (source IN (
                'test', 'collection', 'warning', 'thread', 'unraisable', 'log', 'crash', 'handed-in')),
            time TEXT NOT NULL,
            exception TEXT NOT NULL,
            message_id INTEGER NOT NULL REFERENCES occurrence_texts(id),
            path TEXT,
            line INTEGER,
            function TEXT,
            statement_id INTEGER REFERENCES occurrence_texts(id),
            snippet_id INTEGER NOT NULL REFERENCES occurrence_texts(id),
            rule_id TEXT NOT NULL,
            severity TEXT NOT NULL CHECK (severity IN ('critical', 'major', 'minor')),
            findings_id INTEGER NOT NULL REFERENCES occurrence_texts(id),
            model TEXT NOT NULL,
            tool TEXT,
            provenance TEXT NOT NULL,
            confidence REAL NOT NULL,
            scope TEXT NOT NULL CHECK (scope IN ('generated', 'other', 'environment', 'test')),
            chosen_by TEXT NOT NULL,
            flaky INTEGER NOT NULL CHECK (flaky IN (0, 1)),
            task TEXT
        );
        CREATE INDEX occurrences_by_run ON occurrences (run);
        CREATE INDEX occurrences_by_pattern ON occurrences (pattern, time);
        CREATE INDEX occurrences_by_code ON occurrences (code);
        CREATE INDEX occurrences_by_test ON occurrences (nodeid);

        CREATE TABLE held (
            id INTEGER PRIMARY KEY,
            digest TEXT NOT NULL UNIQUE,
            kind TEXT NOT NULL CHECK (kind IN ('unit', 'test')),
            path TEXT NOT NULL,
            qualname TEXT NOT NULL,
            text TEXT NOT NULL,
            added TEXT NOT NULL
        );
        CREATE TABLE held_by_occurrence (
            occurrence INTEGER NOT NULL REFERENCES occurrences(id) ON DELETE CASCADE,
            held INTEGER NOT NULL REFERENCES held(id) ON DELETE CASCADE,
            PRIMARY KEY (occurrence, held)
        ) WITHOUT ROWID;
        CREATE INDEX held_links ON held_by_occurrence (held);

        CREATE VIEW pattern_rows AS
            SELECT p.*, m.text AS message, b.text AS bad
            FROM patterns AS p
            JOIN occurrence_texts AS m ON m.id = p.message_id
            JOIN occurrence_texts AS b ON b.id = p.bad_id;

        CREATE VIEW occurrence_rows AS
            SELECT o.id, o.nodeid, o.phase AS "when", r.run_id AS run, r.project, o.path, o.line, o.function,
                s.text AS statement, o.rule_id, p.category, o.severity, p.fingerprint, o.exception, m.text AS message,
                o.model, o.tool, o.provenance, o.confidence, o.scope, o.chosen_by, o.flaky, o.source, o.time, c.unit,
                n.text AS snippet, f.text AS findings, o.task
            FROM occurrences AS o
            JOIN runs AS r ON r.id = o.run
            JOIN patterns AS p ON p.id = o.pattern
            JOIN occurrence_codes AS c ON c.id = o.code
            JOIN occurrence_texts AS m ON m.id = o.message_id
            JOIN occurrence_texts AS n ON n.id = o.snippet_id
            JOIN occurrence_texts AS f ON f.id = o.findings_id
            LEFT JOIN occurrence_texts AS s ON s.id = o.statement_id;
        """,
    )


def m002_search(db: Database) -> None:
    # The words are stemmed before they are stored, so the tokenizer must leave them as they are. The index follows
    # patterns.words by triggers, and only when the words change: a recurrence costs no re-indexing.
    _execute(
        db,
        """
        CREATE VIRTUAL TABLE pattern_words USING fts5(
            words, content='patterns', content_rowid='id', tokenize='unicode61 remove_diacritics 0');
        CREATE VIRTUAL TABLE pattern_vocabulary USING fts5vocab(pattern_words, row);
        INSERT INTO pattern_words (pattern_words) VALUES ('rebuild');

        CREATE TRIGGER pattern_words_added AFTER INSERT ON patterns BEGIN
            INSERT INTO pattern_words (rowid, words) VALUES (new.id, new.words);
        END;
        CREATE TRIGGER pattern_words_removed AFTER DELETE ON patterns BEGIN
            INSERT INTO pattern_words (pattern_words, rowid, words) VALUES ('delete', old.id, old.words);
        END;
        CREATE TRIGGER pattern_words_changed AFTER UPDATE OF words ON patterns WHEN old.words IS NOT new.words BEGIN
            INSERT INTO pattern_words (pattern_words, rowid, words) VALUES ('delete', old.id, old.words);
            INSERT INTO pattern_words (rowid, words) VALUES (new.id, new.words);
        END;

        CREATE TABLE pattern_symbols (
            symbol TEXT NOT NULL,
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            PRIMARY KEY (symbol, pattern)
        ) WITHOUT ROWID;
        CREATE INDEX pattern_symbols_by_pattern ON pattern_symbols (pattern);
        """,
    )
    # The last part of a dotted name stands beside the whole: a question says `np.asscalar` or only `asscalar`.
    names = [
        (name, pattern)
        for pattern, symbols in db.execute("SELECT id, symbols FROM patterns").fetchall()
        for symbol in json.loads(symbols)
        for name in {symbol, symbol.rpartition(".")[2]}
    ]
    db.conn.executemany("INSERT OR IGNORE INTO pattern_symbols (symbol, pattern) VALUES (?, ?)", names)


def m003_generations(db: Database) -> None:
    # One row for each operation of a model on a file. Prompt, plan and reasoning stand once each among the texts: one
    # request writes many files. `id` is the order in which they came, which decides between equal times.
    # awaiting is the question of every test run, and most rows have their answer: hence the partial index.
    # Files that tests have loaded are kept apart from the generations, for a later generation of one is exposed too.
    _execute(
        db,
        """
        CREATE TABLE generations (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            generation_id TEXT NOT NULL UNIQUE,
            time TEXT NOT NULL,
            path TEXT NOT NULL,
            qualname TEXT,
            session TEXT CHECK (length(session) <= 255),
            task TEXT,
            attempt INTEGER,
            operation TEXT CHECK (operation IN ('create', 'edit', 'delete')),
            complexity TEXT CHECK (complexity IN ('surgical', 'creative', 'structural')),
            measured TEXT CHECK (measured IN ('surgical', 'creative', 'structural')),
            prompt_id INTEGER REFERENCES occurrence_texts(id),
            plan_id INTEGER REFERENCES occurrence_texts(id),
            reasoning_id INTEGER REFERENCES occurrence_texts(id),
            before TEXT,
            after TEXT,
            unit_after TEXT,
            hunks TEXT,
            before_text TEXT,
            after_text TEXT,
            changes TEXT NOT NULL,
            preserved TEXT NOT NULL,
            model TEXT,
            tool TEXT,
            temperature REAL CHECK (temperature BETWEEN 0 AND 9.99),
            tokens_in INTEGER CHECK (tokens_in >= 0),
            tokens_out INTEGER CHECK (tokens_out >= 0),
            duration_ms INTEGER CHECK (duration_ms >= 0),
            guidance TEXT NOT NULL,
            way TEXT NOT NULL CHECK (way IN ('event', 'library', 'trace', 'git')),
            commit_id TEXT,
            passed INTEGER CHECK (passed >= 0),
            failed INTEGER CHECK (failed >= 0),
            run TEXT,
            edited_again INTEGER NOT NULL DEFAULT 0 CHECK (edited_again IN (0, 1)),
            rating INTEGER CHECK (rating BETWEEN 1 AND 5),
            reverted INTEGER NOT NULL DEFAULT 0 CHECK (reverted IN (0, 1)),
            reopened TEXT
        );
        CREATE INDEX generations_by_time ON generations (time);
        CREATE INDEX generations_by_path ON generations (path, time);
        CREATE INDEX generations_by_model ON generations (model, time);
        CREATE INDEX generations_by_kind ON generations (operation, complexity);
        CREATE INDEX generations_by_fate ON generations (edited_again, time);
        CREATE INDEX generations_awaiting ON generations (time) WHERE passed IS NULL OR failed IS NULL;

        CREATE TABLE exposed_files (
            path TEXT PRIMARY KEY,
            time TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE TABLE remembered_words (
            key TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) WITHOUT ROWID;

        CREATE VIEW generation_rows AS
            SELECT g.id, g.generation_id, g.time, g.path, g.qualname, g.session, g.task, g.attempt, g.operation,
                g.complexity, g.measured, p.text AS prompt, l.text AS plan, r.text AS reasoning, g.before, g.after,
                g.unit_after, g.hunks, g.before_text, g.after_text, g.changes, g.preserved, g.model, g.tool,
                g.temperature, g.tokens_in, g.tokens_out, g.duration_ms, g.guidance, g.way, g.commit_id, g.passed,
                g.failed, g.run, g.edited_again, g.rating, g.reverted, g.reopened
            FROM generations AS g
            LEFT JOIN occurrence_texts AS p ON p.id = g.prompt_id
            LEFT JOIN occurrence_texts AS l ON l.id = g.plan_id
            LEFT JOIN occurrence_texts AS r ON r.id = g.reasoning_id;
        """,
    )


STEPS = (m001_truth, m002_search, m003_generations)


def known() -> int:
    """The number of the schema that this code writes."""
    return len(STEPS)


def found(connection: sqlite3.Connection) -> tuple[int, list[str]]:
    """The number of the schema that `connection` holds (0: none yet), and the steps in it that this code lacks."""
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone():
        return number, []
    taken = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", (SET,))
    names = {step.__name__ for step in STEPS}
    return number, [name for (name,) in taken if name not in names]


def migrate(db: Database) -> None:
    """Take the steps that are missing. To be called inside a write transaction: two processes may begin at once."""
    from sqlite_utils.migrations import Migrations

    steps = Migrations(SET)
    for step in STEPS:
        steps()(step)
    steps.apply(db)
    db.execute(f"PRAGMA user_version = {known()}")
