"""The step that lets scans into the store leaves what was there as it was."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from pytest_llmlearn.adapters import migrations
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from tests.builders import a_held, a_run, an_entry


def test_rows_and_what_refers_to_them_survive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older store with a failure of each kind: sources, private texts and counts are what they were."""
    before = tuple(step for step in migrations.STEPS if step.__name__ != "m010_scans")
    with monkeypatch.context() as older:
        older.setattr(migrations, "STEPS", before)
        store = SqliteStore(tmp_path, hold_days=3650)
        store.record(a_run(), [an_entry(held=(a_held(),)), an_entry(nodeid="t::w", source="warning")])
        rows = store.occurrences()
        held = store.statistics().held
        store.close()
    store = SqliteStore(tmp_path, hold_days=3650)
    store.record(a_run("run-2"), [an_entry(nodeid="scan:a.py::f[security.x]", source="security_scan")])
    found = store.occurrences()
    assert found[:2] == rows
    assert [row["source"] for row in found] == ["test", "warning", "security_scan"]
    assert store.statistics().held == held > 0
    store.close()


def test_only_known_sources_are_let_in(tmp_path: Path) -> None:
    """The column's own check went with the old column; the new one has one too."""
    database = Database(tmp_path / "x.db")
    migrations.migrate(database)
    with pytest.raises(sqlite3.IntegrityError, match="source"):
        database.execute(
            """INSERT INTO occurrences (
               run, pattern, code, nodeid, phase, source, time, exception, message_id,
               snippet_id, rule_id, severity, findings_id, model, provenance, confidence, scope, chosen_by, flaky)
               VALUES (1, 1, 1, 'n', 'call', 'gossip', 't', 'e', 1, 1, 'r', 'minor', 1, 'm', 'ai', 1, 'other',
               'x', 0)"""
        )
