"""Step 10: what a scan of the code found stands among the occurrences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.script import execute

if TYPE_CHECKING:
    from sqlite_utils import Database


def m010_scans(db: Database) -> None:
    # A column goes with its own CHECK, so the sources are written into a new one. Rebuilding the whole table instead
    # would delete its rows first, and with them what refers to them.
    # What a scan finds has an id of its own among the tests, which begins with `scan:`.
    execute(
        db,
        """
        DROP VIEW occurrence_rows;
        ALTER TABLE occurrences RENAME COLUMN source TO source_before;
        ALTER TABLE occurrences ADD COLUMN source TEXT NOT NULL DEFAULT 'test' CHECK (source IN (
            'test', 'collection', 'warning', 'thread', 'unraisable', 'log', 'crash', 'handed-in', 'security_scan',
            'static'));
        UPDATE occurrences SET source = source_before WHERE source_before <> 'test';
        ALTER TABLE occurrences DROP COLUMN source_before;

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
