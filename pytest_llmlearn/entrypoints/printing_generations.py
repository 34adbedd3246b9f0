"""How generations are printed: as JSON-ready builtins with stable keys, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from pytest_llmlearn.domain.generation import Generation

SHORT = 11
"""Characters of an id that are enough to name a generation."""


def values(found: Generation) -> dict[str, Any]:
    """A generation as `llmlearn generations --format json` prints it. Keys may be added, never changed."""
    told = found.outcome
    return {
        "id": found.id,
        "time": found.time.isoformat(timespec="microseconds"),
        "path": found.path,
        "function": found.qualname,
        "session": found.session,
        "task": found.task,
        "attempt": found.attempt,
        "operation": found.operation,
        "complexity": found.complexity,
        "measured": found.measured,
        "prompt": found.prompt,
        "plan": found.plan,
        "reasoning": found.reasoning,
        "before_hash": found.before,
        "after_hash": found.after,
        "unit_hash": found.unit_after,
        "hunks": found.hunks,
        "before": found.before_text,
        "after": found.after_text,
        "changes": list(found.changes),
        "preserved": list(found.preserved),
        "model": found.model,
        "tool": found.tool,
        "temperature": found.temperature,
        "tokens_in": found.tokens_in,
        "tokens_out": found.tokens_out,
        "duration_ms": found.duration_ms,
        "guidance": list(found.guidance),
        "way": found.way,
        "commit": found.commit,
        "passed": told.passed,
        "failed": told.failed,
        "first_pass": told.first_pass,
        "run": told.run,
        "edited_again": told.edited_again,
        "rating": told.rating,
        "reverted": told.reverted,
        "reopened": told.reopened,
    }


def line(found: Generation) -> str:
    """One generation in one line."""
    place = f"{found.path}:{found.qualname}" if found.qualname else found.path
    parts = [
        click.style(found.id[:SHORT] if found.id.startswith("b2:") else found.id, bold=True),
        found.time.strftime("%Y-%m-%d %H:%M"),
        found.operation or "touch",
        place,
        f"by {found.model or found.tool or 'unknown'}",
        *outcome(found),
    ]
    return "  ".join(parts)


def outcome(found: Generation) -> Iterator[str]:
    """What came of it, in words."""
    told = found.outcome
    if told.first_pass is None:
        yield "no test yet"
    else:
        yield f"first run: {told.passed} passed, {told.failed} failed"
    if told.edited_again:
        yield "edited again"
    if told.rating is not None:
        yield f"rated {told.rating}"
    if told.reverted:
        yield "reverted"
    if told.reopened is not None:
        yield "reopened"


def whole(found: Generation) -> Iterator[str]:
    """Everything that is known of one, line by line; what is not known is left out."""
    yield line(found)
    told = values(found)
    for key in ("session", "task", "attempt", "tool", "temperature", "tokens_in", "tokens_out", "duration_ms"):
        if told[key] is not None:
            yield f"{key}: {told[key]}"
    if found.complexity or found.measured:
        said = f"declared {found.complexity}" if found.complexity else ""
        seen = f"measured {found.measured}" if found.measured else ""
        yield f"complexity: {', '.join(part for part in (said, seen) if part)}"
    for key in ("prompt", "plan", "reasoning", "reopened", "hunks"):
        if told[key]:
            yield f"{key}:"
            yield from (f"    {text}" for text in str(told[key]).split("\n"))
    for key in ("changes", "preserved", "guidance"):
        if told[key]:
            yield f"{key}:"
            yield from (f"    {text}" for text in told[key])
