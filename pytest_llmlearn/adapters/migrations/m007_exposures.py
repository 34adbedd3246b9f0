"""Step 7: lessons shown to somebody about to write code, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m007_exposures(db: Database) -> None:
    # An exposure that was held back (shown = 0) is what the shown ones are compared with; its propensity is the chance
    # it had of being shown. outcome is empty until a test has reached the code, or until there was no opportunity.
    # What a file was like at the time stands once for each text: digests of its pieces, and no code.
    execute(
        db,
        """
        CREATE TABLE exposures (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            time TEXT NOT NULL,
            session TEXT CHECK (length(session) <= 255),
            channel TEXT NOT NULL,
            path TEXT,
            unit TEXT,
            model TEXT,
            text_digest TEXT,
            shown INTEGER NOT NULL CHECK (shown IN (0, 1)),
            propensity REAL NOT NULL CHECK (propensity >= 0 AND propensity <= 1),
            outcome TEXT CHECK (outcome IN ('recurred', 'avoided', 'other-failure', 'no-opportunity')),
            judged TEXT,
            run TEXT
        );
        CREATE INDEX exposures_awaiting ON exposures (time) WHERE outcome IS NULL;
        CREATE INDEX exposures_by_pattern ON exposures (pattern, shown, outcome);
        CREATE INDEX exposures_by_session ON exposures (session, pattern) WHERE session IS NOT NULL;

        CREATE TABLE exposed_texts (
            digest TEXT PRIMARY KEY,
            pieces TEXT NOT NULL
        ) WITHOUT ROWID;
        """,
    )
