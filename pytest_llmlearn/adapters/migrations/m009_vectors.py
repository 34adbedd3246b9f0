"""Step 9: the texts that want a vector, their vectors, and what tells an index how it is out of date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database

_MEANT = ("lesson", "message_id", "symbols", "path", "unit", "bad_id")
"""What a pattern's texts are made of."""
_FILTERED = ("severity", "frequency", "state", "archived", "stub", "word", "merged_into")
"""What decides whether a pattern may be found, and by what filter."""


def _differ(columns: tuple[str, ...]) -> str:
    old, new = (", ".join(f"{row}.{name}" for name in columns) for row in ("old", "new"))
    return f"({old}) IS NOT ({new})"


def _due(pattern: str) -> str:
    # Not OR IGNORE: in a trigger the conflict clause of the statement that fired it would be taken instead.
    return f"INSERT INTO facets_due SELECT {pattern} WHERE {pattern} NOT IN (SELECT pattern FROM facets_due)"


def _moved(which: str) -> str:
    return f"""UPDATE store SET vector_revision = vector_revision + 1;
            UPDATE facets SET revision = (SELECT vector_revision FROM store) WHERE {which}"""


def m009_vectors(db: Database) -> None:
    # A facet is one text that is made anew from its rows whenever it is wanted; only its digest is kept (empty: there
    # is nothing to say), and the row stays, so that an index learns that its vector has gone. Which patterns are to be
    # looked at again is noted by triggers, for many statements write what the texts are made of. `embedder` is that of
    # the last vector made, so that what waits is found by an index.
    # A revision grows with every change; the epoch is another one whenever rows went for good, or the file is another:
    # then what was made from them is made anew, which is also how erased texts leave a copy of them.
    # Vectors lie apart from all that changes often: their rows are long. UNIQUE has the facet first, or erasing a
    # pattern would read all vectors.
    family = "(new.id, new.merged_into, old.merged_into)"
    execute(
        db,
        f"""
        ALTER TABLE store ADD COLUMN vector_revision INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE store ADD COLUMN vector_epoch TEXT NOT NULL DEFAULT '';
        UPDATE store SET vector_epoch = hex(randomblob(8));

        CREATE TABLE embedders (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            dimension INTEGER NOT NULL CHECK (dimension > 0)
        );

        CREATE TABLE facets (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('mistake', 'context', 'code', 'fix', 'prompt')),
            pattern INTEGER REFERENCES patterns(id) ON DELETE CASCADE,
            fix INTEGER REFERENCES fixes(id) ON DELETE CASCADE,
            prompt INTEGER REFERENCES prompts(id) ON DELETE CASCADE,
            digest BLOB,
            revision INTEGER NOT NULL,
            embedder INTEGER,
            CHECK ((pattern IS NULL) = (kind = 'prompt') AND (prompt IS NULL) <> (kind = 'prompt')
                AND (fix IS NULL) <> (kind = 'fix'))
        );
        CREATE INDEX facets_by_pattern ON facets (pattern) WHERE pattern IS NOT NULL;
        CREATE UNIQUE INDEX facets_by_fix ON facets (fix) WHERE fix IS NOT NULL;
        CREATE UNIQUE INDEX facets_by_prompt ON facets (prompt) WHERE prompt IS NOT NULL;
        CREATE INDEX facets_by_revision ON facets (revision);
        CREATE INDEX facets_by_embedder ON facets (embedder, kind) WHERE digest IS NOT NULL;

        CREATE TABLE facets_due (
            pattern INTEGER PRIMARY KEY REFERENCES patterns(id) ON DELETE CASCADE
        );
        INSERT INTO facets_due SELECT id FROM patterns;

        CREATE TABLE vectors (
            id INTEGER PRIMARY KEY,
            facet INTEGER NOT NULL REFERENCES facets(id) ON DELETE CASCADE,
            embedder INTEGER NOT NULL REFERENCES embedders(id) ON DELETE CASCADE,
            digest BLOB NOT NULL,
            vector BLOB NOT NULL,
            UNIQUE (facet, embedder)
        );
        CREATE INDEX vectors_by_embedder ON vectors (embedder);

        CREATE TRIGGER facets_of_new_pattern AFTER INSERT ON patterns BEGIN
            INSERT INTO facets_due VALUES (new.id);
        END;
        CREATE TRIGGER facets_of_pattern AFTER UPDATE OF {", ".join(_MEANT)} ON patterns WHEN {_differ(_MEANT)} BEGIN
            {_due("new.id")};
        END;
        CREATE TRIGGER facets_of_context AFTER INSERT ON pattern_contexts BEGIN
            {_due("new.pattern")};
        END;
        CREATE TRIGGER facets_of_counted_context AFTER UPDATE OF count ON pattern_contexts BEGIN
            {_due("new.pattern")};
        END;
        CREATE TRIGGER facets_of_lesson AFTER INSERT ON lesson_versions BEGIN
            {_due("new.pattern")};
        END;
        CREATE TRIGGER facets_of_healing AFTER INSERT ON healings WHEN new.fix IS NOT NULL BEGIN
            {_due("new.pattern")};
        END;
        CREATE TRIGGER facets_of_other_healing AFTER UPDATE OF fix ON healings WHEN old.fix IS NOT new.fix BEGIN
            {_due("new.pattern")};
        END;

        CREATE TRIGGER vectors_of_pattern AFTER UPDATE OF {", ".join(_FILTERED)} ON patterns
        WHEN {_differ(_FILTERED)} AND EXISTS (SELECT 1 FROM facets) BEGIN
            {
            _moved(f'''pattern IN (SELECT id FROM patterns WHERE id IN {family}
                UNION SELECT id FROM patterns WHERE merged_into IN {family})''')
        };
        END;
        CREATE TRIGGER vectors_of_model AFTER INSERT ON pattern_models WHEN EXISTS (SELECT 1 FROM facets) BEGIN
            {
            _moved('''pattern = new.pattern OR pattern IN (
                SELECT merged_into FROM patterns WHERE id = new.pattern)''')
        };
        END;
        CREATE TRIGGER vectors_of_prompt AFTER INSERT ON pattern_prompts WHEN EXISTS (SELECT 1 FROM facets) BEGIN
            {_moved("prompt = new.prompt")};
        END;
        CREATE TRIGGER vectors_gone AFTER DELETE ON facets WHEN old.embedder IS NOT NULL BEGIN
            UPDATE store SET vector_epoch = hex(randomblob(8));
        END;
        """,
    )
