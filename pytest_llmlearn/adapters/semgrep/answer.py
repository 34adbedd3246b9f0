"""Reading what Semgrep prints: https://semgrep.dev/docs/semgrep-appsec-platform/json-and-sarif.

Its complaints of rules and of files come as one list; here each is about a file, about a rule, or about the whole.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Collection, Mapping
from typing import Any

from pytest_llmlearn.app.ports.scan import Answer, Problem
from pytest_llmlearn.domain.finding import CATEGORIES, Severity
from pytest_llmlearn.domain.flaw import CERTAINTY, Flaw, cut

SEVERITIES: Mapping[str, Severity] = {
    "ERROR": "critical",
    "WARNING": "major",
    "INFO": "minor",
    "CRITICAL": "critical",
    "HIGH": "critical",
    "MEDIUM": "major",
    "LOW": "minor",
}

_CWE = re.compile(r"CWE-0*(\d+)", re.IGNORECASE)
_WORDS = re.compile(r"[^\w.-]+")
_PARTLY = ("PartialParsing", "Syntax error", "Lexical error", "Other syntax error")
_ORDER = ("critical", "major", "minor")


def read(printed: str, paths: Collection[str]) -> Answer | None:
    """The answer about these paths; None where what was printed is none."""
    try:
        told = json.loads(printed)
        results, errors = told["results"], told["errors"]
        flaws = [flaw for result in results if (flaw := _flaw(result, paths)) is not None]
    except (ValueError, KeyError, TypeError, AttributeError):  # whatever it is, it is no answer
        return None
    partial: set[str] = set()
    unheard: set[str] = set()
    problems: list[Problem] = []
    for error in errors:
        kind = error.get("type")
        kind = str(kind[0] if isinstance(kind, list) and kind else kind)
        path = _path(str(error.get("path") or ""), paths)
        message = cut(str(error.get("message") or error.get("short_msg") or error.get("long_msg") or kind))
        rule = str(error["rule_id"]).rpartition(".")[2] if error.get("rule_id") else None
        if path is None and rule is None and not message.strip():
            continue
        if path is not None:
            (partial if kind in _PARTLY else unheard).add(path)
        problems.append(Problem(message=message, path=path, rule=rule))
    shown = _once(flaws)
    return Answer(
        flaws=tuple(shown),
        hidden=frozenset((flaw.path, flaw.rule_id) for flaw in set(flaws).difference(shown)),
        partial=frozenset(partial),
        unheard=frozenset(unheard),
        problems=tuple(dict.fromkeys(problems)),
    )


def _flaw(result: Mapping[str, Any], paths: Collection[str]) -> Flaw | None:
    extra = result["extra"]
    path = _path(result["path"], paths)
    if path is None or extra.get("is_ignored"):
        return None
    about = extra.get("metadata") or {}
    category, certainty = str(about.get("category")), str(about.get("confidence")).lower()
    message = cut(str(extra.get("message") or ""))
    return Flaw(
        path=path,
        line=max(int(result["start"]["line"]), 1),
        end_line=max(int(result["end"]["line"]), 1),
        column=max(int(result["start"].get("col") or 0), 0),
        end_column=max(int(result["end"].get("col") or 0), 0),
        check=check_of(str(result["check_id"])),
        category=category if category in CATEGORIES else "security",
        severity=SEVERITIES.get(str(extra.get("severity")).upper(), "major"),
        confidence=certainty if certainty in CERTAINTY else "medium",
        message=message,
        fix=cut(str(about.get("fix") or "")) or message,
        cwe=tuple(dict.fromkeys(f"CWE-{one}" for one in _CWE.findall(" ".join(_texts(about.get("cwe")))))),
        owasp=tuple(cut(one)[:80] for one in _texts(about.get("owasp"))[:3]),
    )


def check_of(rule: str) -> str:
    """A rule's name as a flaw has it; Semgrep puts the folders of its file before it."""
    return _WORDS.sub("-", rule.rpartition(".")[2])[:120] or "unnamed"


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)] if value else []


def _path(told: str, paths: Collection[str]) -> str | None:
    """The path as it was asked for: Semgrep may spell it in another way."""
    if not told or told in paths:
        return told or None
    plain = posixpath.normpath(told)
    return plain if plain in paths else None


def _once(flaws: list[Flaw]) -> list[Flaw]:
    """One flaw for each place and weakness, the gravest and then the surest: two rules may see one mistake."""
    best: dict[tuple[str, int, str], Flaw] = {}
    for flaw in flaws:
        key = (flaw.path, flaw.line, flaw.cwe[0] if flaw.cwe else flaw.check)
        if key not in best or _weight(flaw) < _weight(best[key]):
            best[key] = flaw
    return sorted(best.values(), key=lambda flaw: (flaw.path, flaw.line, flaw.check))


def _weight(flaw: Flaw) -> tuple[int, float]:
    return _ORDER.index(flaw.severity), -CERTAINTY[flaw.confidence]
