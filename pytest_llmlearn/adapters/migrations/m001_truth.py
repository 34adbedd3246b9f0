"""Step 1: runs, patterns, occurrences, and the texts kept for healing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m001_truth(db: Database) -> None:
    # Long texts stand once each in occurrence_texts: a test that fails every day repeats them all.
    # A pair of unit and code that was seen only flaky, or told apart, is known but not counted in the frequency.
    # first_seen and last_seen are of counted occurrences, of others only as long as there is none.
    # Times are ISO 8601 in UTC with microseconds, so that they sort as text.
    execute(
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
