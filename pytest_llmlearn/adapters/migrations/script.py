"""Running a step's statements."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def execute(db: Database, script: str) -> None:
    """Run statements that end at line ends. sqlite-utils looks for their ends letter by letter, which takes longer
    than making the tables."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if line.rstrip().endswith(";") and sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
