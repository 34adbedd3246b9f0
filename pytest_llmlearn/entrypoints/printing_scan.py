"""What a scan came to, as text and as builtins for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llmlearn.app.ports.scan import Problem
from pytest_llmlearn.app.scan import Scanned
from pytest_llmlearn.domain.finding import SEVERITIES
from pytest_llmlearn.domain.flaw import Flaw

PROBLEMS = 10
"""Files not heard whole that are named to people: old code of another Python may be hundreds."""


def scan(found: Scanned) -> dict[str, Any]:
    """The keys that `llmlearn scan --format json` prints."""
    return {"findings": [*map(finding, found.flaws)], "errors": [*map(problem, found.problems)]}


def finding(flaw: Flaw) -> dict[str, Any]:
    """One finding; `in_test` and `partial` only where they are so."""
    marks = {"in_test": flaw.in_test, "partial": flaw.partial}
    return {
        "path": flaw.path,
        "line": flaw.line,
        "end_line": flaw.end_line,
        "rule_id": flaw.rule_id,
        "category": flaw.category,
        "severity": flaw.severity,
        "confidence": flaw.confidence,
        "cwe": [*flaw.cwe],
        "message": flaw.message,
        "fix": flaw.fix,
        **{name: True for name, true in marks.items() if true},
    }


def problem(one: Problem) -> dict[str, Any]:
    """One thing that was not heard; `path` and `rule_id` where it is about one."""
    about = {"path": one.path, "rule_id": one.rule}
    return {"message": one.message, **{key: value for key, value in about.items() if value is not None}}


def scan_lines(found: Scanned) -> Iterator[str]:
    """The findings, gravest first, what was not heard, and how much was looked at."""
    for flaw in sorted(found.flaws, key=lambda one: (SEVERITIES.index(one.severity), one.path, one.line)):
        marks = [*flaw.cwe, *(["in a test"] if flaw.in_test else [])]
        marks += ["the file does not parse whole"] if flaw.partial else []
        labels = f" ({', '.join(marks)})" if marks else ""
        yield f"{flaw.path}:{flaw.line}: {flaw.severity} [{flaw.rule_id}] {flaw.message}{labels}"
        if flaw.fix and flaw.fix != flaw.message:
            yield f"    instead: {flaw.fix}"
    whole = [one for one in found.problems if one.path is None]
    of_files = [one for one in found.problems if one.path is not None]
    for one in (*whole, *of_files[:PROBLEMS]):
        place = f"{one.path}: " if one.path else ""
        yield f"not heard whole: {place}{' '.join(one.message.split())}"
    if len(of_files) > PROBLEMS:
        yield f"not heard whole: {len(of_files) - PROBLEMS} more; --format json names them"
    yield total(found)
    for each in found.fixes:
        yield f"fixed: {' '.join(part for part in (each.path, each.qualname) if part)} — {each.fix.difference}"


def total(found: Scanned) -> str:
    """How many findings in how many files, and what was left out."""
    kinds = [f"{count} {name}" for name in SEVERITIES if (count := _of(found.flaws, name))]
    text = _count(len(found.flaws), "finding")
    text += f" ({', '.join(kinds)})" if kinds else ""
    text += f" in {_count(found.files, 'file')}"
    if found.looked < found.files:
        text += f", {found.looked} of them changed since the last scan"
    left = [f"{found.accepted} accepted in the baseline"] if found.accepted else []
    left += [f"{found.muted} muted"] if found.muted else []
    return f"{text}; {' and '.join(left)} not shown" if left else text


def _of(flaws: Sequence[Flaw], severity: str) -> int:
    return sum(flaw.severity == severity for flaw in flaws)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
