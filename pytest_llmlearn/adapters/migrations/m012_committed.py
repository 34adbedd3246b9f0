"""Step 12: the state of the code in a run, the committed lessons, and the runs of others that were folded in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m012_committed(db: Database) -> None:
    # A run's state tells two runs of other code apart; where it is not known, the code of each culprit does.
    # A lesson that was committed has a row among the patterns, which counts nothing until it is seen here: `committed`
    # is the state that the file gives it, NULL for what stands in no file, and committed_seen how often the file says
    # that it was seen. Its whole line is kept beside it, for what no column holds.
    # What a folded run said of its tests is kept, so that runs that arrive late take their place in time: `said` is
    # compressed JSON.
    execute(
        db,
        """
        ALTER TABLE runs ADD COLUMN state TEXT;
        ALTER TABLE patterns ADD COLUMN committed TEXT CHECK (committed IN ('active', 'enforced'));
        ALTER TABLE patterns ADD COLUMN committed_seen INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX patterns_committed ON patterns (committed) WHERE committed IS NOT NULL;
        CREATE TABLE committed_lessons (
            pattern INTEGER PRIMARY KEY REFERENCES patterns(id) ON DELETE CASCADE,
            line TEXT NOT NULL
        );

        CREATE TABLE folded_runs (
            run_id TEXT PRIMARY KEY,
            finished TEXT NOT NULL,
            said BLOB NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX folded_in_order ON folded_runs (finished, run_id);
        """,
    )
