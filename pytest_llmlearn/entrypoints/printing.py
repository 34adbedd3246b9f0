"""How values are printed: as JSON-ready builtins with stable keys, and as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from pytest_llmlearn.domain.confidence import Confidence
from pytest_llmlearn.domain.lesson import times
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.plain_guidance import moment as moment
from pytest_llmlearn.domain.plain_guidance import sureness as sureness


def strong(text: str) -> str:
    """Text in bold on a terminal."""
    return click.style(text, bold=True)  # click drops it again where the output is no terminal


def pattern(found: Pattern, sure: Confidence) -> dict[str, Any]:
    """A pattern as `llmlearn patterns --format json` prints it. Keys may be added, never changed."""
    return {
        "fingerprint": found.fingerprint,
        "rule_id": found.rule_id,
        "category": found.category,
        "severity": found.severity,
        "frequency": found.frequency,
        "raw_count": found.raw_count,
        "state": found.state,
        "first_seen": moment(found.first_seen),
        "last_seen": moment(found.last_seen),
        "models": list(found.models),
        "lesson": found.lesson,
        "path": found.path,
        "line": found.line,
        "tier": found.tier,
        "always_inject": found.always_inject,
        "shown": found.shown,
        "archived": found.archived,
        "stub": found.stub,
        "word": found.word,
        "recurrences": found.recurrences,
        "fixes": found.fixes,
        "confidence": sureness(sure),
    }


def pattern_line(found: Pattern) -> str:
    standing: list[str] = [] if found.state == "candidate" else [found.state]
    standing += ["archived"] if found.archived else []
    state = f" ({', '.join(standing)})" if standing else ""
    often = f"seen {times(found.seen)}" if found.seen else "told apart"
    return f"{found.fingerprint[:10]}  {often}{state}  {place(found.path, found.line)} [{found.rule_id}] {found.lesson}"


def occurrence_line(row: Mapping[str, Any]) -> str:
    where = place(row["path"], row["line"])
    return f"{row['fingerprint'][:10]}  {where} [{row['rule_id']}] {row['nodeid']} ({row['when']}, {row['model']})"


def place(path: str | None, line: int | None) -> str:
    """Where it was, as an editor takes it."""
    return "?" if not path else path if line is None else f"{path}:{line}"
