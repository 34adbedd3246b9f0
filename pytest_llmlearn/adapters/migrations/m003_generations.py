"""Step 3: the ledger of generations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m003_generations(db: Database) -> None:
    # One row for each operation of a model on a file. Prompt, plan and reasoning stand once each among the texts: one
    # request writes many files. `id` is the order in which they came, which decides between equal times.
    # awaiting is the question of every test run, and most rows have their answer: hence the partial index.
    # Files that tests have loaded are kept apart from the generations, for a later generation of one is exposed too.
    execute(
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
