"""An answer as builtins that JSON can carry, the same for every face: keys may be added, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pytest_llmlearn.domain.confidence import Confidence
from pytest_llmlearn.domain.guidance import Candidate, Guidance, Match
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.score import Part, probability


def guidance(answer: Guidance) -> dict[str, Any]:
    """An answer as `llmlearn recall --format json` prints it."""
    return {
        "query": answer.query.text,
        "abstained": answer.abstained,
        "matches": [match(found) for found in answer.matches],
        "text": answer.text,
        "tokens": answer.tokens,
        "style": answer.query.style,
        "below": [candidate(found) for found in answer.below],
    }


def match(found: Match) -> dict[str, Any]:
    """One lesson that is shown."""
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
    """One that stayed below the threshold."""
    return {
        "fingerprint": found.pattern.fingerprint,
        "rule_id": found.pattern.rule_id,
        "lesson": found.pattern.lesson,
        "score": found.score,
        "reasons": list(found.reasons),
        **_why(found.parts),
    }


def moment(time: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


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


def _success(pattern: Pattern) -> dict[str, float | int] | None:
    """How often the mistake was avoided of the times that the lesson was shown; null where that was never judged."""
    known = pattern.success
    return {"count": known.count, "of": known.of, "rate": round(known.rate, 4)} if known.of else None
