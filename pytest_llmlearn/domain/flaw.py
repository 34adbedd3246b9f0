"""What a rule found wrong in a file, without running it.

A flaw names the place and the rule, never the text of the place: a secret in the source stays there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from pytest_llmlearn.domain import names, source
from pytest_llmlearn.domain.cleaning import flat
from pytest_llmlearn.domain.finding import CATEGORIES, SEVERITIES, Rule, Severity
from pytest_llmlearn.domain.occurrence import NODEID_LIMIT, Occurrence, Source

PREFIX = "scan:"
"""With which the id of what a scan found begins, where others have the name of a test's file."""
SECURITY_SEVERITY: Mapping[str, str] = {"critical": "9.0", "major": "7.0", "minor": "4.0"}
CERTAINTY: Mapping[str, float] = {"high": 0.95, "medium": 0.8, "low": 0.5}
MESSAGE_LIMIT = 600
"""Characters kept of a rule's sentence."""
SYMBOLS = 4
"""Interfaces named of one flaw at most."""

_SILENT = re.compile(r"#.*?\bnosem(?:grep)?\b(?:\s*[:=]\s*(?P<rules>[\w.,\s-]*))?", re.IGNORECASE)
_PLAIN = frozenset({"format", "join", "get", "str", "int", "len", "print", "replace", "strip", "encode", "decode"})
"""Names of calls that stand in all code, and tell nothing of the mistake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """One finding of one rule. `path` from the project's root with `/`, `line` to `end_line` from 1, both included.

    Columns count from 1, the end's is behind the last character; 0 is not known.
    `rule_id` is ours (`security.sql-built-from-parts`), `check` its name for `# nosemgrep`. `confidence` is high,
    medium or low. `function` is the qualified name around it, empty for none; `symbols` are the interfaces
    used there. `in_test` says that the file is on the tests' side, `partial` that it does not parse whole. `mark`
    tells its line's text from others.
    """

    path: str
    line: int
    end_line: int
    check: str
    category: str
    severity: Severity
    confidence: str
    message: str
    fix: str
    cwe: tuple[str, ...] = ()
    owasp: tuple[str, ...] = ()
    function: str = ""
    symbols: tuple[str, ...] = ()
    in_test: bool = False
    partial: bool = False
    mark: str = ""
    column: int = 0
    end_column: int = 0

    @property
    def rule_id(self) -> str:
        """The category and the rule's name without it: a detector's rules are named so too."""
        return f"{self.category}.{self.check.removeprefix(f'{self.category}-')}"

    @property
    def key(self) -> tuple[str, str, str]:
        """By what it is accepted, however lines move."""
        return self.path, self.rule_id, self.mark

    @property
    def source(self) -> Source:
        return "security_scan" if self.category == "security" else "static"

    @property
    def nodeid(self) -> str:
        """What it is called among the tests: the same for all of one rule in one function."""
        return f"{PREFIX}{self.path}::{self.function}[{self.rule_id}]"[:NODEID_LIMIT]

    @property
    def certainty(self) -> float:
        return CERTAINTY[self.confidence]

    @property
    def rule(self) -> Rule:
        """The rule in whose terms it speaks."""
        return rule(self.check, self.category, self.severity, self.message, self.fix)

    @property
    def labels(self) -> str:
        """The weaknesses that it is listed under, and what else is to be known of it, in words."""
        parts = [*self.cwe, *self.owasp]
        parts += ["in a test"] if self.in_test else []
        parts += ["in a file that does not parse whole"] if self.partial else []
        return "; ".join(parts)

    def occurrence(self, time: float) -> Occurrence:
        """As one failure among others, seen at `time` (seconds since the epoch)."""
        return Occurrence(
            nodeid=self.nodeid,
            when="collect",
            exception="SecurityFinding" if self.category == "security" else "StaticFinding",
            mro=("SecurityFinding" if self.category == "security" else "StaticFinding",),
            message=self.message,
            path=self.path,
            line=self.line,
            function=self.function or None,
            source=self.source,
            facts={
                "rule": self.rule_id,
                "check": self.check,
                "category": self.category,
                "severity": self.severity,
                "fix": self.fix,
                "confidence": self.confidence,
                "labels": self.labels,
                "symbols": " ".join(self.symbols),
            },
            time=time,
        )

    def to_dict(self) -> dict[str, Any]:
        """Builtins only, fit for JSON."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Flaw:
        """The inverse of `to_dict`, for what this package wrote itself; lists stand for tuples.

        Raises:
            TypeError, ValueError: it is none.
        """
        if values.get("severity") not in SEVERITIES or values.get("category") not in CATEGORIES:
            raise ValueError("not a flaw")
        known: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in values.items()}
        return cls(**known)


def rule(check: str, category: str, severity: Severity, message: str, fix: str) -> Rule:
    """A rule that speaks in fixed sentences."""
    lesson = fix or message
    return Rule(
        rule_id=f"{category}.{check.removeprefix(f'{category}-')}",
        severity=severity,
        meaning=message,
        lesson=lesson.replace("{", "{{").replace("}", "}}"),
        plain=lesson,
    )


def is_of_scan(nodeid: str) -> bool:
    """Whether an id is of what a scan found, and of no test."""
    return nodeid.startswith(PREFIX)


def path_of(nodeid: str) -> str:
    """The path in the id of what a scan found."""
    return nodeid.removeprefix(PREFIX).rpartition("::")[0]


def function_of(nodeid: str) -> str:
    """The qualified name in it; "" for none, or where it was cut off."""
    return nodeid.rpartition("::")[2].rpartition("[")[0]


def rule_of(nodeid: str) -> str:
    """The rule's id in it; "" where it was cut off."""
    return nodeid.rpartition("[")[2].removesuffix("]") if nodeid.endswith("]") else ""


def rule_ids(check: str) -> frozenset[str]:
    """What the findings of a rule of that name can be called: only they tell its category."""
    return frozenset(f"{category}.{check.removeprefix(f'{category}-')}" for category in CATEGORIES)


def is_silenced(flaw: Flaw, text: str) -> bool:
    """Whether a person silenced it: by `# nosemgrep`, alone or with its rule, in its first line or in a comment above.

    Semgrep knows its rules by other names than those that are printed here; both are heard
    (https://semgrep.dev/docs/ignoring-files-folders-code).
    """
    lines = source.lines_of(text)
    above = lines[flaw.line - 2].strip() if 1 < flaw.line <= len(lines) else ""
    own = lines[flaw.line - 1] if 0 < flaw.line <= len(lines) else ""
    return any(_silences(line, flaw) for line in (own, above if above.startswith("#") else ""))


def _silences(line: str, flaw: Flaw) -> bool:
    found = _SILENT.search(line)
    if found is None:
        return False
    named = re.split(r"[\s,]+", found["rules"] or "")
    return not any(named) or any(one in (flaw.check, flaw.rule_id) or one.endswith(f".{flaw.check}") for one in named)


def silences_in(text: str, function: str) -> bool:
    """Whether a person silenced any rule in this function: what is not found there need not be gone."""
    unit = source.unit_named(text, function) if function else None
    return _SILENT.search(source.unit_text(text, unit) if unit is not None else text) is not None


def placed(flaw: Flaw, text: str, *, in_test: bool, partial: bool) -> Flaw:
    """The flaw with what the text of its file says of it."""
    lines = source.lines_of(text)
    last = min(max(flaw.line, flaw.end_line), max(len(lines), 1))
    unit = source.unit_at(text, flaw.line)
    line = " ".join(lines[flaw.line - 1].split()) if 0 < flaw.line <= len(lines) else ""
    digest = blake2b(f"{flaw.rule_id}\0{line}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return replace(
        flaw,
        end_line=last,
        function=unit.qualname,
        symbols=symbols_at(text, flaw.line, last),
        in_test=in_test,
        partial=partial,
        mark=digest,
    )


def symbols_at(text: str, start: int, end: int) -> tuple[str, ...]:
    """The interfaces that are called in these lines, by the names they have everywhere; at most `SYMBOLS`.

    What was imported has its full name, a method that of itself alone: a variable may be called anything.
    """
    found = [name for line, last, name in _calls(text) if line <= end and last >= start]
    # A call around several lines is about its first one; what lies within the lines comes first.
    return tuple(dict.fromkeys(found))[:SYMBOLS]


@lru_cache(maxsize=64)
def _calls(text: str) -> tuple[tuple[int, int, str], ...]:
    tree = source.parse(text)
    if tree is None:
        return ()
    imported = {one.local: one.target for one in names.imports(text)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = _name(node.func, imported)
            if name and name not in _PLAIN:
                found.append((node.func.lineno, node.end_lineno or node.lineno, name))
    return tuple(found)


def _name(function: ast.expr, imported: Mapping[str, str]) -> str:
    whole = names.dotted(function)
    if whole is not None:
        first, dot, rest = whole.partition(".")
        if first in imported:
            return f"{imported[first]}{dot}{rest}".lstrip(".")
        if not dot:
            return whole
    return function.attr if isinstance(function, ast.Attribute) else ""


def cut(text: str) -> str:
    """A rule's sentence on one line, cut where it is long: rules may be anybody's."""
    return flat(text, MESSAGE_LIMIT)


def without(flaws: Collection[Flaw], accepted: Mapping[tuple[str, str, str], int]) -> tuple[Flaw, ...]:
    """The flaws but those that were accepted: so many of each path, rule and line's text, from above."""
    left = dict(accepted)
    kept = []
    for flaw in flaws:
        if left.get(flaw.key, 0) > 0:
            left[flaw.key] -= 1
        else:
            kept.append(flaw)
    return tuple(kept)
