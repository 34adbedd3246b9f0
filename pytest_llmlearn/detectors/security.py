"""What a scan found: the rules that ship, and a finding of theirs or of a user's for each place.

The scan has decided already; nothing is looked for here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import cast

from pytest_llmlearn.domain import flaw
from pytest_llmlearn.domain.finding import CATEGORIES, SEVERITIES, Finding, Rule, Severity
from pytest_llmlearn.domain.occurrence import SCANS, Occurrence
from pytest_llmlearn.hookspecs import Detector, Evidence, hookimpl

INDEX = "rules.json"
"""What the shipped rules say of themselves, written beside them by tools/security_rules.py."""


class SecurityDetector:
    """Words what a scan found, in the terms of its rule."""

    name = "security"

    def __init__(self) -> None:
        self.rules: Sequence[Rule] = tuple(_shipped().values())  # a user's own are known by what they found

    def detect(self, occurrence: Occurrence, evidence: Evidence) -> Iterator[Finding]:
        """The finding that the occurrence was made of; none for what no scan found."""
        facts = occurrence.facts
        if occurrence.source not in SCANS or "rule" not in facts:
            return
        yield Finding(
            rule=_shipped().get(facts["rule"]) or _brought(facts, occurrence.message),
            line=occurrence.line,
            symbols=tuple(facts.get("symbols", "").split()),
            confidence=flaw.CERTAINTY.get(facts.get("confidence", ""), flaw.CERTAINTY["low"]),
            detail=facts.get("labels", ""),
            detector=self.name,
        )


def _brought(facts: Mapping[str, str], message: str) -> Rule:
    """A rule that is not ours, as far as its finding tells of it."""
    category, severity = facts.get("category", ""), facts.get("severity", "")
    return flaw.rule(
        facts.get("check", facts["rule"]),
        category if category in CATEGORIES else "security",
        cast(Severity, severity) if severity in SEVERITIES else "major",
        message,
        facts.get("fix", ""),
    )


@cache
def _shipped() -> Mapping[str, Rule]:
    index = json.loads(files("pytest_llmlearn.detectors").joinpath("rules", INDEX).read_text(encoding="utf-8"))
    rules = (flaw.rule(one["id"], one["category"], one["severity"], one["message"], one["fix"]) for one in index)
    return {rule.rule_id: rule for rule in rules}


@hookimpl
def llmlearn_register_detectors(register: Callable[[Detector], None]) -> None:
    """Bring the detector of what scans found."""
    register(SecurityDetector())
