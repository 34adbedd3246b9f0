"""How an answer to a question is printed: as JSON-ready builtins with stable keys, and as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_llmlearn.domain.guidance import Candidate, Guidance, Match
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.score import Part, log_odds, probability
from pytest_llmlearn.entrypoints.printing import moment, place, strong, sureness

_COLUMNS = ("part", "value", "weight", "adds", "")


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
        "success_rate_after_injection": _success(known),
        **_why(found.parts),
    }


def candidate(found: Candidate) -> dict[str, Any]:
    """What stayed below the threshold, as `llmlearn recall --format json` prints it."""
    return {
        "fingerprint": found.pattern.fingerprint,
        "rule_id": found.pattern.rule_id,
        "lesson": found.pattern.lesson,
        "score": found.score,
        "reasons": list(found.reasons),
        **_why(found.parts),
    }


def guidance(answer: Guidance) -> dict[str, Any]:
    """An answer as `llmlearn recall --format json` prints it. Keys may be added, never changed."""
    return {
        "query": answer.query.text,
        "abstained": answer.abstained,
        "matches": [match(found) for found in answer.matches],
        "text": answer.text,
        "tokens": answer.tokens,
        "style": answer.query.style,
        "below": [candidate(found) for found in answer.below],
    }


def guidance_lines(answer: Guidance, *, compact: bool = False, explain: bool = False) -> list[str]:
    """The answer for people: each lesson with its place and the reasons it was chosen for.

    `compact` gives each one line. `explain` adds what every score is made of, and what stayed below the threshold.
    """
    lines = [] if answer.matches else ["no lesson here matters for this"]
    for found in answer.matches:
        lines += [_line(found)] if compact else _lines(found)
        lines += _table(found.parts) if explain else []
    if explain and answer.below:
        lines.append("below the threshold, and not shown:")
        for one in answer.below:
            lines.append(f"{one.pattern.fingerprint[:10]}  score {one.score:.2f}  {_named(one.pattern)}")
            lines += [f"    {'; '.join(one.reasons)}"] if one.reasons else []
            lines += _table(one.parts)
    return lines


def _line(found: Match) -> str:
    mark = ", always shown" if found.always else ""
    sentence = found.lesson.sentence or found.pattern.lesson
    return f"{found.pattern.fingerprint[:10]}  score {found.score:.2f}{mark}  [{found.pattern.rule_id}] {sentence}"


def _lines(found: Match) -> list[str]:
    known, lesson = found.pattern, found.lesson
    reasons = list(found.reasons)
    if found.always and "always shown" not in reasons:
        reasons.append("always shown")
    lines = [
        strong(lesson.sentence),
        f"    {known.rule_id}, {place(known.path, known.line)}, score {found.score:.2f}: {'; '.join(reasons)}",
    ]
    for mark, code in (("|", lesson.bad), ("+", "\n".join((*lesson.imports, lesson.good)) if lesson.good else "")):
        lines += [f"    {mark} {line}" for line in code.splitlines()]
    return lines


def _named(pattern: Pattern) -> str:
    return f"[{pattern.rule_id}] {pattern.lesson}"


def _why(parts: Mapping[str, Part]) -> dict[str, Any]:
    """The parts of a score by name, and the probability that they come to; null where it was not taken apart."""
    return {
        "probability": round(probability(parts.values()), 6) if parts else None,
        "parts": {
            name: {
                "value": round(part.value, 6),
                "weight": round(part.weight, 6),
                "contribution": round(part.contribution, 6),
                "about": part.about,
            }
            for name, part in parts.items()
        },
    }


def _table(parts: Mapping[str, Part]) -> list[str]:
    """The parts as aligned columns, and below them what they come to."""
    if not parts:
        return ["    (this score has no parts)"]
    rows = [_COLUMNS]
    rows += [
        (name, f"{part.value:.2f}", f"{part.weight:+.2f}", f"{part.contribution:+.2f}", part.about)
        for name, part in parts.items()
    ]
    came_to = probability(parts.values())
    rows.append(("sum", "", "", f"{log_odds(parts.values()):+.2f}", f"log-odds: probability {came_to:.2f}"))
    first, *others = (max(len(row[column]) for row in rows) for column in range(4))
    lines = []
    for row in rows:
        cells = [row[0].ljust(first), *(cell.rjust(width) for cell, width in zip(row[1:4], others, strict=True))]
        lines.append(f"    {'  '.join([*cells, row[4]])}".rstrip())
    return lines


def _success(pattern: Pattern) -> dict[str, float | int] | None:
    """How often the mistake was avoided of the times that the lesson was shown; null where that was never judged."""
    known = pattern.success
    return {"count": known.count, "of": known.of, "rate": round(known.rate, 4)} if known.of else None
