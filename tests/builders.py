"""Whole values with sensible parts, of which a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pytest_llmlearn.domain.entry import Entry, FindingRow, Held, Run
from pytest_llmlearn.domain.fingerprint import Fingerprint
from pytest_llmlearn.domain.generation import Generation
from pytest_llmlearn.domain.occurrence import Occurrence

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(minutes: float = 0, *, days: float = 0) -> datetime:
    """A moment after noon of the first day."""
    return NOON + timedelta(minutes=minutes, days=days)


def an_occurrence(**changes: Any) -> Occurrence:
    """A failed call of a test of the module `app/users.py`."""
    values: dict[str, Any] = {
        "nodeid": "tests/test_users.py::test_load",
        "when": "call",
        "exception": "TypeError",
        "mro": ("TypeError", "Exception", "BaseException"),
        "message": "'NoneType' object is not iterable",
        "path": "app/users.py",
        "line": 12,
        "function": "load_user",
        "statement": "for row in rows:",
    }
    return Occurrence(**{**values, **changes})


def a_run(run_id: str = "run-1", **changes: Any) -> Run:
    """A run of one minute with one failure."""
    values: dict[str, Any] = {
        "started": at(0),
        "finished": at(1),
        "command": "pytest --llm-learn",
        "exit_status": 1,
        "passed": 3,
        "failed": 1,
        "commit": "0123abc",
        "python": "3.11.7",
    }
    return Run(run_id=run_id, **{**values, **changes})


def a_fingerprint(exact: str = "1:aaaa", symbol: str | None = None, rule: str = "type.none-value") -> Fingerprint:
    """An identity by its exact level; the symbol level follows from it."""
    return Fingerprint(exact=exact, symbol=symbol or f"{exact}-symbol", rule=rule, category=rule.partition(".")[0])


def a_held(digest: str = "b2:1", **changes: Any) -> Held:
    """A private text: the failing function as it was."""
    values: dict[str, Any] = {
        "kind": "unit",
        "path": "app/users.py",
        "qualname": "load_user",
        "text": "def load_user():\n    for row in rows:\n        pass\n",
    }
    return Held(digest=digest, **{**values, **changes})


def an_entry(fingerprint: str | Fingerprint = "1:aaaa", **changes: Any) -> Entry:
    """A None that was iterated in generated code. A fingerprint is given whole or by its exact level."""
    identity = a_fingerprint(fingerprint) if isinstance(fingerprint, str) else fingerprint
    rule_id = changes.get("rule_id", identity.rule)
    values: dict[str, Any] = {
        "nodeid": "tests/test_users.py::test_load",
        "when": "call",
        "source": "test",
        "time": at(0),
        "exception": "TypeError",
        "message": "'NoneType' object is not iterable",
        "path": "app/users.py",
        "line": 12,
        "function": "load_user",
        "statement": "for row in rows:",
        "unit": "app.users:load_user",
        "unit_hash": "h1",
        "model": "model-a",
        "tool": None,
        "provenance": "ai",
        "confidence": 0.9,
        "scope": "generated",
        "chosen_by": "frame",
        "flaky": False,
        "fingerprint": identity,
        "rule_id": rule_id,
        "category": rule_id.partition(".")[0],
        "severity": "major",
        "symbols": ("sqlite3.fetchall",),
        "lesson": "Check for None before iterating.",
        "snippet": "def load_user():\n    for row in rows:",
        "words": "check none iterat load user row",
        "findings": (
            FindingRow(rule_id=rule_id, severity="major", line=12, confidence=0.8, detail="rows may be None"),
        ),
    }
    return Entry(**{**values, **changes})


def a_generation(identifier: str = "g-1", **changes: Any) -> Generation:
    """A model's edit of one function, of which nothing came yet."""
    values: dict[str, Any] = {
        "time": at(0),
        "path": "app/users.py",
        "qualname": "load_user",
        "operation": "edit",
        "prompt": "load a user by id",
        "model": "model-a",
    }
    return Generation(id=identifier, **{**values, **changes})
