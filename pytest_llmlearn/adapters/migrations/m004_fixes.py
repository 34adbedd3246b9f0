"""Step 4: tests that were green or are red, and the fixes mined when a red one turns green."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m004_fixes(db: Database) -> None:
    # A test is told by its id; green is when it was first seen green, red whether it failed when last seen. A test that
    # was never green cannot have broken. healings are what became of a red occurrence, once for each code that made its
    # test green; a fix is what several healings share, and is verified as often as distinct code was healed by it.
    # fix_rows groups nothing, or a question for one pattern's fixes would read those of all.
    # Codes of occurrences keep the session: two recurrences count only if they are of different units or sessions.
    execute(
        db,
        """
        CREATE TABLE tests (
            nodeid TEXT PRIMARY KEY,
            green TEXT,
            red TEXT
        ) WITHOUT ROWID;
        CREATE INDEX tests_red ON tests (nodeid) WHERE red IS NOT NULL;

        CREATE TABLE fixes (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            digest TEXT NOT NULL,
            bad_id INTEGER NOT NULL REFERENCES occurrence_texts(id),
            good_id INTEGER NOT NULL REFERENCES occurrence_texts(id),
            signature TEXT NOT NULL,
            imports TEXT NOT NULL,
            difference TEXT NOT NULL,
            UNIQUE (pattern, digest)
        );

        CREATE TABLE healings (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            pattern INTEGER NOT NULL REFERENCES patterns(id) ON DELETE CASCADE,
            occurrence INTEGER REFERENCES occurrences(id) ON DELETE CASCADE,
            fix INTEGER REFERENCES fixes(id) ON DELETE CASCADE,
            verdict TEXT NOT NULL CHECK (verdict IN ('fix', 'test-changed', 'rewritten', 'elsewhere')),
            reason TEXT NOT NULL,
            nodeid TEXT NOT NULL,
            unit TEXT NOT NULL,
            red_hash TEXT NOT NULL,
            green_hash TEXT NOT NULL,
            red_commit TEXT,
            green_commit TEXT,
            way TEXT NOT NULL CHECK (way IN ('watched', 'between', 'handed-in')),
            time TEXT NOT NULL,
            UNIQUE (pattern, nodeid, unit, red_hash, green_hash)
        );
        CREATE INDEX healings_by_fix ON healings (fix);
        CREATE INDEX healings_by_occurrence ON healings (occurrence);

        CREATE VIEW fix_rows AS
            SELECT f.id, f.pattern, p.fingerprint, f.digest, b.text AS bad, g.text AS good, f.signature, f.imports,
                f.difference,
                (SELECT count(DISTINCT h.unit || char(0) || h.green_hash) FROM healings AS h WHERE h.fix = f.id)
                    AS verified,
                (SELECT min(h.time) FROM healings AS h WHERE h.fix = f.id) AS first_seen,
                (SELECT max(h.time) FROM healings AS h WHERE h.fix = f.id) AS last_seen
            FROM fixes AS f
            JOIN patterns AS p ON p.id = f.pattern
            JOIN occurrence_texts AS b ON b.id = f.bad_id
            JOIN occurrence_texts AS g ON g.id = f.good_id;
        """,
    )
