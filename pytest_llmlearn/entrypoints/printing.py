"""How values are printed: as JSON-ready builtins with stable keys, and as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from pytest_llmlearn.domain.confidence import Confidence
from pytest_llmlearn.domain.guidance import Guidance, Match
from pytest_llmlearn.domain.lesson import times
from pytest_llmlearn.domain.pattern import Pattern


def strong(text: str) -> str:
    """Text in bold on a terminal."""
    return click.style(text, bold=True)  # click drops it again where the output is no terminal


def moment(time: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


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


def sureness(found: Confidence) -> dict[str, Any]:
    """How well a lesson is founded: the number, its parts, and what it is called."""
    return {
        "value": round(found.value, 4),
        "observed": round(found.observed, 4),
        "success": round(found.success, 4),
        "recency": round(found.recency, 4),
        "steadiness": round(found.steadiness, 4),
        "wording": found.wording,
    }


def match(found: Match) -> dict[str, Any]:
    """A match as `llmlearn recall --format json` prints it. Keys may be added, never changed."""
    known, lesson = found.pattern, found.lesson
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
        "lesson": lesson.sentence,
        "bad": lesson.bad,
        "good": lesson.good,
        "path": known.path,
        "line": known.line,
        "state": known.state,
        "standing": lesson.standing,
        "confidence": sureness(found.confidence),
        "when": lesson.when,
        "because": lesson.because,
        "signature": lesson.signature,
        "imports": list(lesson.imports),
        "contexts": list(found.contexts),
        "always": found.always,
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
        known, lesson = found.pattern, found.lesson
        lines.append(strong(lesson.sentence))
        lines.append(
            f"    {known.rule_id}, {place(known.path, known.line)}, score {found.score:.2f}: {'; '.join(found.reasons)}"
        )
        for mark, code in (("|", lesson.bad), ("+", "\n".join((*lesson.imports, lesson.good)) if lesson.good else "")):
            lines += [f"    {mark} {line}" for line in code.splitlines()]
    return lines


def pattern_line(found: Pattern) -> str:
    standing: list[str] = [] if found.state == "candidate" else [found.state]
    standing += ["archived"] if found.archived else []
    state = f" ({', '.join(standing)})" if standing else ""
    often = f"seen {times(found.frequency)}" if found.frequency else "told apart"
    return f"{found.fingerprint[:10]}  {often}{state}  {place(found.path, found.line)} [{found.rule_id}] {found.lesson}"


def occurrence_line(row: Mapping[str, Any]) -> str:
    where = place(row["path"], row["line"])
    return f"{row['fingerprint'][:10]}  {where} [{row['rule_id']}] {row['nodeid']} ({row['when']}, {row['model']})"


def place(path: str | None, line: int | None) -> str:
    """Where it was, as an editor takes it."""
    return "?" if not path else path if line is None else f"{path}:{line}"
