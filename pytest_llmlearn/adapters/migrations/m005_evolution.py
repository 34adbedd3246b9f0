"""Step 5: what moves a pattern from state to state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m005_evolution(db: Database) -> None:
    # An occurrence promotes if its culprit was chosen surely, its test had been green before its run began, and its
    # code was written (stub = 0). A pattern is a stub's while all its counted occurrences are. A merged pattern keeps
    # its row and its counts: the one that it was merged into shows the sum, and splitting is taking the pointer back.
    # `word` is what a person said of it; retired is when it was, renewed the last sign of life beside an occurrence.
    # promotions hold what the promoting occurrences of a pattern have in common: two of different code, and of another
    # unit or session, are independent. recurrences counts these up to two; it, verified_fixes and state follow from
    # the other rows, and are worked out anew when these change.
    execute(
        db,
        """
        ALTER TABLE runs ADD COLUMN session TEXT;
        CREATE INDEX runs_by_start ON runs (started);
        ALTER TABLE occurrences ADD COLUMN stub INTEGER NOT NULL DEFAULT 0 CHECK (stub IN (0, 1));
        ALTER TABLE occurrences ADD COLUMN promotes INTEGER NOT NULL DEFAULT 0 CHECK (promotes IN (0, 1));
        ALTER TABLE patterns ADD COLUMN word TEXT CHECK (word IN ('right', 'wrong', 'enforce'));
        ALTER TABLE patterns ADD COLUMN stub INTEGER NOT NULL DEFAULT 0 CHECK (stub IN (0, 1));
        ALTER TABLE patterns ADD COLUMN imported INTEGER NOT NULL DEFAULT 0 CHECK (imported IN (0, 1));
        ALTER TABLE patterns ADD COLUMN retired TEXT;
        ALTER TABLE patterns ADD COLUMN retired_because TEXT;
        ALTER TABLE patterns ADD COLUMN renewed TEXT;
        ALTER TABLE patterns ADD COLUMN merged_into INTEGER REFERENCES patterns(id) ON DELETE SET NULL;
        ALTER TABLE patterns ADD COLUMN recurrences INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE patterns ADD COLUMN verified_fixes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE patterns ADD COLUMN state_since TEXT;
        CREATE TABLE promotions (
            pattern INTEGER PRIMARY KEY REFERENCES patterns(id) ON DELETE CASCADE,
            unit_low TEXT NOT NULL,
            unit_high TEXT NOT NULL,
            code_low TEXT NOT NULL,
            code_high TEXT NOT NULL,
            session_low TEXT,
            session_high TEXT,
            earliest TEXT,
            latest TEXT,
            pause_from TEXT,
            pause_to TEXT
        );
        CREATE INDEX patterns_merged ON patterns (merged_into) WHERE merged_into IS NOT NULL;
        CREATE INDEX patterns_by_state ON patterns (state, archived);
        CREATE INDEX occurrences_promoting ON occurrences (pattern, time) WHERE promotes = 1;
        UPDATE patterns SET word = 'wrong' WHERE state = 'muted';
        """,
    )
