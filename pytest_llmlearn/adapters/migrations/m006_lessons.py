"""Step 6: lessons as people reworded them, and the contexts in which a mistake happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m006_lessons(db: Database) -> None:
    # A lesson is made anew from its pattern whenever it is read; only what a person wrote is kept, every version.
    execute(
        db,
        """
        CREATE TABLE lesson_versions (
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            version INTEGER NOT NULL CHECK (version > 0),
            time TEXT NOT NULL,
            "when" TEXT,
            instead TEXT,
            because TEXT,
            bad TEXT,
            good TEXT,
            PRIMARY KEY (pattern, version)
        ) WITHOUT ROWID;

        CREATE TABLE pattern_contexts (
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            context TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (pattern, context)
        ) WITHOUT ROWID;
        """,
    )
