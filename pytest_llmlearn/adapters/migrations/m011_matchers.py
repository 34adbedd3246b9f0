"""Step 11: what recognises learned mistakes in source text, and how it did so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database

_ANSWERED = ("state", "archived", "merged_into")
"""What decides of which patterns matchers are answered."""


def m011_matchers(db: Database) -> None:
    # `key` is the hash of pattern, kind and body; `start` the confidence before any trial. Trials count distinct code,
    # whose digests stand in matcher_codes as long as they are few enough to matter. `hits` is another thing: in how
    # many files of the project, as they are now, it fires though their tests pass; each look at the project sets it.
    # The revision moves with all that changes what is answered, for it is kept in memory by whoever looks at texts.
    old, new = (", ".join(f"{row}.{name}" for name in _ANSWERED) for row in ("old", "new"))
    moved = "UPDATE store SET matcher_revision = matcher_revision + 1"
    execute(
        db,
        f"""
        ALTER TABLE store ADD COLUMN matcher_revision INTEGER NOT NULL DEFAULT 0;

        CREATE TABLE matchers (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            key TEXT NOT NULL UNIQUE,
            rule_id TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('shape', 'api', 'undefined', 'awaiting', 'text', 'scan')),
            body TEXT NOT NULL,
            atoms TEXT NOT NULL,
            origin TEXT NOT NULL CHECK (origin IN ('pattern', 'failure', 'fix')),
            start REAL NOT NULL CHECK (start >= 0 AND start <= 1),
            "right" INTEGER NOT NULL DEFAULT 0,
            wrong INTEGER NOT NULL DEFAULT 0,
            silent INTEGER NOT NULL DEFAULT 0,
            hits INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX matchers_by_pattern ON matchers (pattern);

        CREATE TABLE matcher_codes (
            matcher INTEGER NOT NULL REFERENCES matchers(id) ON DELETE CASCADE,
            code TEXT NOT NULL,
            PRIMARY KEY (matcher, code)
        ) WITHOUT ROWID;

        CREATE TRIGGER matchers_of_new AFTER INSERT ON matchers BEGIN
            {moved};
        END;
        CREATE TRIGGER matchers_of_changed AFTER UPDATE ON matchers BEGIN
            {moved};
        END;
        CREATE TRIGGER matchers_of_gone AFTER DELETE ON matchers BEGIN
            {moved};
        END;
        CREATE TRIGGER matchers_of_pattern AFTER UPDATE OF {", ".join(_ANSWERED)} ON patterns
        WHEN ({old}) IS NOT ({new}) AND EXISTS (SELECT 1 FROM matchers) BEGIN
            {moved};
        END;
        """,
    )
