"""How lessons are printed, and patterns with all that is known of them: JSON-ready builtins, and lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmlearn.app.ports import Version
from pytest_llmlearn.domain.confidence import Confidence
from pytest_llmlearn.domain.effect import Effect
from pytest_llmlearn.domain.finding import Rule
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.lesson import PARTS, Lesson, times
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.rates import Rate
from pytest_llmlearn.entrypoints import printing

MEANINGS: Mapping[str, str] = {
    "candidate": "seen, not yet proven",
    "active": "proven",
    "enforced": "to be kept to",
    "retired": "what it speaks of is gone",
    "quarantined": "imported, not yet proven here",
    "muted": "shown no more",
}
WORDS: Mapping[str, str] = {"right": "a person said it is right", "wrong": "a person said it is wrong",
                            "enforce": "a person wants it kept to"}  # fmt: skip
FIXES = 3
"""Fixes that are printed in full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All that is known of one pattern."""

    pattern: Pattern
    rule: Rule | None
    lesson: Lesson
    confidence: Confidence
    contexts: Mapping[str, int]
    fixes: Sequence[Fix]
    effect: Effect
    occurrences: Sequence[Mapping[str, Any]]


def lesson(found: Lesson) -> dict[str, Any]:
    """A lesson as `llmlearn lesson show --format json` prints it. Keys may be added, never changed."""
    return {
        "rule_id": found.rule_id,
        "when": found.when,
        "instead": found.instead,
        "because": found.because,
        "bad": found.bad,
        "good": found.good,
        "signature": found.signature,
        "imports": list(found.imports),
        "rivals": list(found.rivals),
        "standing": found.standing,
        "version": found.version,
        "by": found.by,
    }


def version(found: Version) -> dict[str, Any]:
    """A version as `llmlearn lesson show --versions --format json` prints it. Keys may be added, never changed."""
    words = found.rewording
    return {
        "version": words.version,
        "time": printing.moment(found.time),
        **{part: getattr(words, part) for part in PARTS},
    }


def version_lines(found: Sequence[Version]) -> list[str]:
    """All versions for people, the oldest first."""
    lines = []
    for one in found:
        taken_back = "" if one.rewording.says_anything else ": the template's words again"
        lines.append(printing.strong(f"version {one.rewording.version}, {printing.moment(one.time)}{taken_back}"))
        for part in PARTS:
            text = getattr(one.rewording, part)
            if text is not None:
                lines += _labelled(part, text or "(left out)")
    return lines or ["nobody reworded this lesson"]


def lesson_lines(found: Lesson) -> list[str]:
    """A lesson for people, part by part."""
    lines = [f"[{found.rule_id}] {found.standing}"]
    for part in ("when", "instead", "because"):
        lines += _labelled(part, getattr(found, part)) if getattr(found, part) else []
    lines += _code("bad", found.bad, found.signature)
    lines += _code("good", found.good, found.signature, found.imports)
    for rival in found.rivals:
        lines += _code("good too", rival, found.signature)
    by = "made by template" if found.by == "template" else f"reworded by a person, version {found.version}"
    return [*lines, f"({by})"]


def fix(found: Fix) -> dict[str, Any]:
    """A fix as it stands in `llmlearn show --format json`. Keys may be added, never changed."""
    return {
        "digest": found.digest,
        "bad": found.bad,
        "good": found.good,
        "signature": found.signature,
        "imports": list(found.imports),
        "difference": found.difference,
        "verified": found.verified,
        "first_seen": printing.moment(found.first_seen) if found.first_seen is not None else None,
        "last_seen": printing.moment(found.last_seen) if found.last_seen is not None else None,
        "conflicting": found.conflicting,
    }


def _rate(found: Rate) -> dict[str, Any]:
    """A share with its count and its interval; these are null where there are not enough cases to tell them."""
    if not found.enough:
        return {"count": found.count, "of": found.of, "rate": None, "low": None, "high": None}
    ends = {"rate": found.rate, "low": found.low, "high": found.high}
    return {"count": found.count, "of": found.of, **{key: round(value, 4) for key, value in ends.items()}}


def _effect(found: Effect) -> dict[str, Any]:
    def arm(name: str) -> dict[str, Any]:
        of = getattr(found, name)
        return {
            "recurred": of.recurred, "avoided": of.avoided, "other_failure": of.other,
            "no_opportunity": of.no_opportunity, "awaiting": of.awaiting,
        }  # fmt: skip

    return {
        "shown": arm("shown"),
        "held_back": arm("held"),
        "success_rate_after_injection": _rate(found.success_rate_after_injection),
        "verdict": found.comparison.verdict,
    }


def dossier(found: Dossier) -> dict[str, Any]:
    """A pattern as `llmlearn show --format json` prints it. Keys may be added, never changed."""
    pattern = found.pattern
    return {
        **printing.pattern(pattern, found.confidence),
        "meaning": found.rule.meaning if found.rule is not None else None,
        "bad": pattern.bad,
        "good": pattern.good,
        "symbols": list(pattern.symbols),
        "message": pattern.message,
        "occurrences": list(found.occurrences),
        "lesson_parts": lesson(found.lesson),
        "contexts": dict(found.contexts),
        "verified_fixes": [fix(one) for one in found.fixes],
        "effect": _effect(found.effect),
    }


def dossier_lines(found: Dossier) -> list[str]:
    """A pattern for people: what it is, how it stands and why, its lesson, fixes, what came of it, where it was."""
    pattern = found.pattern
    lines = [printing.strong(found.lesson.sentence), "", f"{pattern.rule_id} ({pattern.severity}, {pattern.state})"]
    if found.lesson.because and not found.lesson.by_scan:
        lines.append(found.lesson.because)
    lines += ["", *_facts(found)]
    shown = found.lesson
    if shown.by == "person":
        lines += _labelled("reworded", f"by a person, version {shown.version}")
    lines += _code("failed", shown.bad or pattern.bad, shown.signature)
    if shown.good:
        lines += _code("passed instead", shown.good, shown.signature, shown.imports)
    lines += _fixes(found)
    if found.occurrences:
        lines += ["", "last occurrences:"]
        lines += [
            f"    {printing.place(row['path'], row['line'])} {row['nodeid']} ({row['model']}, "
            f"chosen by {row['chosen_by']})"
            for row in found.occurrences
        ]
    return lines


def _facts(found: Dossier) -> Iterator[str]:
    pattern, sure = found.pattern, found.confidence
    yield from _labelled("fingerprint", pattern.fingerprint)
    yield from _labelled(
        "seen", f"{times(pattern.frequency)} in different code, {times(pattern.raw_count)} in all ({pattern.tier})"
    )
    yield from _labelled("first, last", f"{printing.moment(pattern.first_seen)}, {printing.moment(pattern.last_seen)}")
    yield from _labelled("state", f"{pattern.state}: {MEANINGS[pattern.state]}; {', '.join(_reasons(pattern))}")
    yield from _labelled(
        "confidence",
        f"{sure.value:.2f} ({sure.wording}): observed {sure.observed:.2f}, success {sure.success:.2f}, "
        f"recency {sure.recency:.2f}, steadiness {sure.steadiness:.2f}",
    )
    yield from _labelled("models", ", ".join(pattern.models) or "unknown")
    yield from _labelled(
        "where", printing.place(pattern.path, pattern.line) + (f" in {pattern.unit}" if pattern.unit else "")
    )
    if found.contexts:
        yield from _labelled("contexts", ", ".join(f"{name} ({count})" for name, count in found.contexts.items()))
    yield from _labelled("effect", _told(found.effect))
    first = pattern.message.splitlines()[0] if pattern.message else ""
    yield from _labelled("failure", f"{pattern.exception}: {first}")


def _reasons(pattern: Pattern) -> Iterator[str]:
    """What its state follows from."""
    yield f"{_count(pattern.fixes, 'verified fix', 'verified fixes')}"
    yield f"{_count(pattern.recurrences, 'independent recurrence', 'independent recurrences')}"
    if pattern.word is not None:
        yield WORDS[pattern.word]
    if pattern.stub:
        yield "its code was never written"
    if pattern.archived:
        yield "archived"
    if pattern.always_inject:
        yield "always shown"


def _told(effect: Effect) -> str:
    shown, held = effect.shown, effect.held
    if not shown.opportunities and not held.opportunities:
        waiting = f"; {_count(shown.awaiting, 'showing', 'showings')} not judged yet" if shown.awaiting else ""
        return f"nothing known{waiting}"
    rate = effect.success_rate_after_injection
    told = f"avoided {rate.count} of {rate.of} times it was shown"
    if rate.enough:
        told += f" ({rate.rate:.0%}, interval {rate.low:.0%} to {rate.high:.0%})"
    if held.opportunities:
        told += f"; {held.success.count} of {held.success.of} while it was held back"
    return f"{told}; {effect.comparison.verdict}"


def _fixes(found: Dossier) -> Iterator[str]:
    if not found.fixes:
        return
    yield ""
    yield f"{_count(len(found.fixes), 'fix', 'fixes')}:"
    for one in found.fixes[:FIXES]:
        rival = ", another fix of the same code differs" if one.conflicting else ""
        yield f"    verified {times(one.verified)}{rival}: {one.difference}"
        if (one.bad, one.good) != (found.lesson.bad, found.lesson.good):
            yield from (f"    - {line}" for line in one.bad.splitlines())
            yield from (f"    + {line}" for line in (*one.imports, *one.good.splitlines()))


def _count(number: int, one: str, many: str) -> str:
    return f"{number or 'no'} {one if number == 1 else many}"


def _labelled(label: str, text: str) -> list[str]:
    first, *rest = text.split("\n")
    return [f"{label:<12} {first}", *(f"{'':<12} {line}" for line in rest)]


def _code(label: str, code: str, signature: str = "", imports: Sequence[str] = ()) -> list[str]:
    if not code:
        return []
    heads = signature.splitlines()
    inner = "    " * len(heads)
    body = [*imports, *heads, *(f"{inner}{line}" if line else "" for line in code.splitlines())]
    return ["", f"{label}:", *(f"    {line}" for line in body)]
