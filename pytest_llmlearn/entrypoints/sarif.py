"""Flaws as SARIF 2.1.0, as GitHub's code scanning reads it.

https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
`security-severity` makes a rule one of security, so only those have it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from pytest_llmlearn import __version__
from pytest_llmlearn.domain.flaw import SECURITY_SEVERITY, Flaw

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RESULTS = 25_000
"""Results that a run may have; what is beyond is refused with all the others."""
TEXT = 1_024
_LEVELS: Mapping[str, str] = {"critical": "error", "major": "warning", "minor": "note"}
_SEVERITIES: Mapping[str, str] = {"critical": "error", "major": "warning", "minor": "recommendation"}


def sarif(flaws: Sequence[Flaw]) -> dict[str, Any]:
    """One run with these results and the rules that they are of; lines and columns from 1."""
    shown = flaws[:RESULTS]
    first = {flaw.rule_id: flaw for flaw in reversed(shown)}
    order = {rule_id: index for index, rule_id in enumerate(sorted(first))}
    lines: Counter[tuple[str, str, str]] = Counter()
    results = []
    for flaw in shown:
        key = (flaw.path, flaw.rule_id, flaw.mark)
        lines[key] += 1
        results.append(_result(flaw, order[flaw.rule_id], lines[key]))
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "pytest-llmlearn",
                        "semanticVersion": __version__,
                        "rules": [_rule(first[rule_id]) for rule_id in order],
                    }
                },
                "automationDetails": {"id": "llmlearn/"},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }
        ],
    }


def _rule(flaw: Flaw) -> dict[str, Any]:
    weaknesses = [f"external/cwe/{cwe.lower()}" for cwe in flaw.cwe]
    properties: dict[str, Any] = {
        "tags": [flaw.category, *weaknesses][:10],
        "precision": flaw.confidence,
        "problem.severity": _SEVERITIES[flaw.severity],
    }
    if flaw.category == "security":
        properties["security-severity"] = SECURITY_SEVERITY[flaw.severity]
    message = flaw.message or flaw.rule_id
    text = " ".join(dict.fromkeys((message, flaw.fix or message)))
    return {
        "id": flaw.rule_id,
        "name": "".join(word.capitalize() for word in flaw.rule_id.replace(".", "-").split("-")),
        "shortDescription": {"text": message[:TEXT]},
        "fullDescription": {"text": text[:TEXT]},
        "help": {"text": text, "markdown": f"{message}\n\n**Instead:** {flaw.fix or message}"},
        "defaultConfiguration": {"level": _LEVELS[flaw.severity]},
        "properties": properties,
    }


def _result(flaw: Flaw, rule: int, ordinal: int) -> dict[str, Any]:
    return {
        "ruleId": flaw.rule_id,
        "ruleIndex": rule,
        "level": _LEVELS[flaw.severity],
        "message": {"text": flaw.message or flaw.rule_id},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(flaw.path)},
                    "region": _region(flaw),
                }
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{flaw.mark or flaw.rule_id}:{ordinal}"},
        "properties": {"function": flaw.function, "in_test": flaw.in_test, "partial": flaw.partial},
    }


def _region(flaw: Flaw) -> dict[str, int]:
    start = max(flaw.column, 1)
    end = flaw.end_column or start
    if flaw.end_line == flaw.line:
        end = max(end, start)
    return {"startLine": flaw.line, "startColumn": start, "endLine": flaw.end_line, "endColumn": end}
