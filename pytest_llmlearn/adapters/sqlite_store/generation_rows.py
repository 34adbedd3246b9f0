"""Generations as rows, and rows as generations.

Questions to an open connection; nothing here writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pytest_llmlearn.adapters.sqlite_store.rows import storable, timestamp
from pytest_llmlearn.adapters.sqlite_store.texts import Texts
from pytest_llmlearn.app.ports import Coverage
from pytest_llmlearn.domain.generation import Generation, Outcome

MATCHING_LIMIT = 10

_OUTCOME = ("passed", "failed", "run", "edited_again", "rating", "reverted", "reopened")
_COLUMNS = (
    "generation_id", "time", "path", "qualname", "session", "task", "attempt", "operation", "complexity", "measured",
    "prompt", "plan", "reasoning", "before", "after", "unit_after", "hunks", "before_text", "after_text", "changes",
    "preserved", "model", "tool", "temperature", "tokens_in", "tokens_out", "duration_ms", "guidance", "way",
    "commit_id", *_OUTCOME,
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM generation_rows"
_LISTS = ("changes", "preserved", "guidance")


def values(generation: Generation, texts: Texts) -> dict[str, str | int | float | None]:
    """The row of a generation, by column; its long texts must have been added to `texts`."""
    told = generation.outcome
    row: dict[str, str | int | float | None] = {
        "generation_id": generation.id,
        "time": timestamp(generation.time),
        "path": generation.path,
        "qualname": generation.qualname,
        "session": generation.session,
        "task": generation.task,
        "attempt": generation.attempt,
        "operation": generation.operation,
        "complexity": generation.complexity,
        "measured": generation.measured,
        "prompt_id": None if generation.prompt is None else texts[generation.prompt],
        "plan_id": None if generation.plan is None else texts[generation.plan],
        "reasoning_id": None if generation.reasoning is None else texts[generation.reasoning],
        "before": generation.before,
        "after": generation.after,
        "unit_after": generation.unit_after,
        "hunks": generation.hunks,
        "before_text": generation.before_text,
        "after_text": generation.after_text,
        "changes": _list(generation.changes),
        "preserved": _list(generation.preserved),
        "model": generation.model,
        "tool": generation.tool,
        "temperature": generation.temperature,
        "tokens_in": generation.tokens_in,
        "tokens_out": generation.tokens_out,
        "duration_ms": generation.duration_ms,
        "guidance": _list(generation.guidance),
        "way": generation.way,
        "commit_id": generation.commit,
        "passed": told.passed,
        "failed": told.failed,
        "run": told.run,
        "edited_again": int(told.edited_again),
        "rating": told.rating,
        "reverted": int(told.reverted),
        "reopened": told.reopened,
    }
    return {name: storable(value) if isinstance(value, str) else value for name, value in row.items()}


def generations(
    connection: sqlite3.Connection, model: str | None, path: str | None, awaiting: bool, limit: int | None
) -> list[Generation]:
    """The latest `limit` of them, oldest first."""
    chosen = {"model": model, "path": path}
    asked = {column: storable(value) for column, value in chosen.items() if value is not None}
    wanted = [f"{column} = ?" for column in asked] + (["(passed IS NULL OR failed IS NULL)"] if awaiting else [])
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    found = connection.execute(
        f"{_SELECT} {where} ORDER BY time DESC, id DESC LIMIT ?", [*asked.values(), -1 if limit is None else limit]
    ).fetchall()
    return [_generation(row) for row in reversed(found)]


def matching(connection: sqlite3.Connection, prefix: str) -> list[Generation]:
    """Those whose id begins so, with or without the tag of its algorithm; the exact one alone where there is one."""
    wanted = storable(prefix)
    found = connection.execute(f"{_SELECT} WHERE generation_id = ?", (wanted,)).fetchall()
    if not found:
        found = connection.execute(
            f"""{_SELECT}
                WHERE substr(generation_id, 1, :n) = :prefix OR substr(generation_id, 1, :n + 3) = 'b2:' || :prefix
                ORDER BY time, id LIMIT {MATCHING_LIMIT}""",
            {"prefix": wanted, "n": len(wanted)},
        ).fetchall()
    return [_generation(row) for row in found]


def coverage(connection: sqlite3.Connection) -> Coverage:
    """How many generations there are, and of how many something is known."""
    row = connection.execute(
        """SELECT count(*), count(prompt_id), count(coalesce(reasoning_id, plan_id)), count(model), count(passed)
           FROM generations"""
    ).fetchone()
    return Coverage(generations=row[0], prompt=row[1], reasoning=row[2], model=row[3], tested=row[4])


def exposed(connection: sqlite3.Connection) -> Mapping[str, datetime]:
    """When each file was last loaded by a test."""
    return {
        path: datetime.fromisoformat(time) for path, time in connection.execute("SELECT path, time FROM exposed_files")
    }


def failed_units(connection: sqlite3.Connection) -> Sequence[tuple[str, str, str, str]]:
    """Model, path, unit and code state of every failure laid on generated code, flaky ones left out."""
    return connection.execute(
        """SELECT DISTINCT o.model, coalesce(o.path, ''), c.unit, c.unit_hash
           FROM occurrences AS o JOIN occurrence_codes AS c ON c.id = o.code
           WHERE o.scope = 'generated' AND o.flaky = 0
           ORDER BY 1, 2, 3, 4"""
    ).fetchall()


def remembered(connection: sqlite3.Connection, key: str) -> str | None:
    """The word kept under that key."""
    row = connection.execute("SELECT value FROM remembered_words WHERE key = ?", (storable(key),)).fetchone()
    return None if row is None else str(row[0])


def _list(texts: Sequence[str]) -> str:
    return json.dumps([storable(text) for text in texts], ensure_ascii=False, separators=(",", ":"))


def _generation(row: Sequence[Any]) -> Generation:
    known: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    told = {name: known.pop(name) for name in _OUTCOME}
    known.update({name: tuple(json.loads(known[name])) for name in _LISTS})
    return Generation(
        id=known.pop("generation_id"),
        time=datetime.fromisoformat(known.pop("time")),
        commit=known.pop("commit_id"),
        outcome=Outcome(**{**told, "edited_again": bool(told["edited_again"]), "reverted": bool(told["reverted"])}),
        **known,
    )
