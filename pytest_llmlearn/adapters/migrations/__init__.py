"""The schema of the store, as the steps that led to it.

Steps are numbered, named, only ever appended, and explain themselves. What a step allows (`CHECK`) is written out in
it: a later change of the domain's words is a later step, never another meaning of an old one. Tables are the truth;
the full-text index is its shadow. People and reading code look at the views `pattern_rows`, `occurrence_rows` and
`generation_rows`.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.migrations.m001_truth import m001_truth
from pytest_llmlearn.adapters.migrations.m002_search import m002_search
from pytest_llmlearn.adapters.migrations.m003_generations import m003_generations
from pytest_llmlearn.adapters.migrations.m004_fixes import m004_fixes
from pytest_llmlearn.adapters.migrations.m005_evolution import m005_evolution
from pytest_llmlearn.adapters.migrations.m006_lessons import m006_lessons
from pytest_llmlearn.adapters.migrations.m007_exposures import m007_exposures
from pytest_llmlearn.adapters.migrations.m008_prompts import m008_prompts
from pytest_llmlearn.adapters.migrations.m009_vectors import m009_vectors
from pytest_llmlearn.adapters.migrations.m010_scans import m010_scans
from pytest_llmlearn.adapters.migrations.m011_matchers import m011_matchers
from pytest_llmlearn.adapters.migrations.m012_committed import m012_committed

if TYPE_CHECKING:
    from sqlite_utils import Database

SET = "pytest-llmlearn"
"""The name under which sqlite-utils writes down which steps were taken."""

STEPS = (
    m001_truth,
    m002_search,
    m003_generations,
    m004_fixes,
    m005_evolution,
    m006_lessons,
    m007_exposures,
    m008_prompts,
    m009_vectors,
    m010_scans,
    m011_matchers,
    m012_committed,
)


def known() -> int:
    """The number of the schema that this code writes."""
    return len(STEPS)


def found(connection: sqlite3.Connection) -> tuple[int, list[str]]:
    """The number of the schema that `connection` holds (0: none yet), and the steps in it that this code lacks."""
    number: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone():
        return number, []
    taken = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", (SET,))
    names = {step.__name__ for step in STEPS}
    return number, [name for (name,) in taken if name not in names]


def migrate(db: Database) -> None:
    """Take the steps that are missing. To be called inside a write transaction: two processes may begin at once."""
    from sqlite_utils.migrations import Migrations

    steps = Migrations(SET)
    for step in STEPS:
        steps()(step)
    steps.apply(db)
    db.execute(f"PRAGMA user_version = {known()}")
