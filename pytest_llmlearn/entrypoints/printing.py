"""How values are printed: as JSON-ready builtins with stable keys, and as lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from pytest_llmlearn.domain.finding import Rule
from pytest_llmlearn.domain.guidance import Guidance, Match, times
from pytest_llmlearn.domain.pattern import Pattern


def _strong(text: str) -> str:
    return click.style(text, bold=True)  # click drops it again where the output is no terminal


def moment(time: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def pattern(found: Pattern) -> dict[str, Any]:
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
    }


def match(found: Match) -> dict[str, Any]:
    """A match as `llmlearn recall --format json` prints it. Keys may be added, never changed."""
    known = found.pattern
    return {
        "fingerprint": known.fingerprint,
        "rule_id": known.rule_id,
        "category": known.category,
        "severity": known.severity,
        "score": found.score,
        "reasons": list(found.reasons),
        "frequency": known.frequency,
        "last_seen": moment(known.last_seen),
        "models": list(known.models),
        "lesson": known.lesson,
        "bad": known.bad,
        "good": known.good,
        "path": known.path,
        "line": known.line,
    }


def guidance(answer: Guidance) -> dict[str, Any]:
    """An answer as `llmlearn recall --format json` prints it. Keys may be added, never changed."""
    return {
        "query": answer.query.text,
        "abstained": answer.abstained,
        "matches": [match(found) for found in answer.matches],
        "text": answer.text,
        "tokens": answer.tokens,
    }


def guidance_lines(answer: Guidance) -> list[str]:
    """The answer for people: each lesson with its place and the reasons it was chosen for."""
    if answer.abstained:
        return ["no lesson here matters for this"]
    lines = []
    for found in answer.matches:
        known = found.pattern
        lines.append(_strong(known.lesson))
        lines.append(
            f"    {known.rule_id}, {_place(known.path, known.line)}, score {found.score:.2f}: "
            f"{'; '.join(found.reasons)}"
        )
        lines += [f"    | {line}" for line in known.bad.splitlines()]
    return lines


def pattern_line(found: Pattern) -> str:
    state = "" if found.state == "candidate" else f" ({found.state})"
    often = f"seen {times(found.frequency)}" if found.frequency else "told apart"
    return (
        f"{found.fingerprint[:10]}  {often}{state}  {_place(found.path, found.line)} [{found.rule_id}] {found.lesson}"
    )


def occurrence_line(row: Mapping[str, Any]) -> str:
    place = _place(row["path"], row["line"])
    return f"{row['fingerprint'][:10]}  {place} [{row['rule_id']}] {row['nodeid']} ({row['when']}, {row['model']})"


def explanation(found: Pattern, rule: Rule | None, latest: Sequence[Mapping[str, Any]]) -> list[str]:
    """One pattern in full: what it is, how often, by whom, the code, and the last occurrences."""
    lines = [_strong(found.lesson), "", f"{found.rule_id} ({found.severity}, {found.state})"]
    if rule is not None:
        lines.append(rule.meaning)
    lines += [
        "",
        f"fingerprint  {found.fingerprint}",
        f"seen         {times(found.frequency)} in different code, {times(found.raw_count)} in all",
        f"first, last  {moment(found.first_seen)}, {moment(found.last_seen)}",
        f"models       {', '.join(found.models) or 'unknown'}",
        f"where        {_place(found.path, found.line)}{f' in {found.unit}' if found.unit else ''}",
        f"failure      {found.exception}: {found.message.splitlines()[0] if found.message else ''}",
    ]
    for label, code in (("failed", found.bad), ("fixed", found.good)):
        if code:
            lines += ["", f"{label}:", *(f"    {line}" for line in code.splitlines())]
    if latest:
        lines += ["", "last occurrences:"]
        lines += [
            f"    {_place(row['path'], row['line'])} {row['nodeid']} ({row['model']}, chosen by {row['chosen_by']})"
            for row in latest
        ]
    return lines


def _place(path: str | None, line: int | None) -> str:
    return "?" if not path else path if line is None else f"{path}:{line}"
