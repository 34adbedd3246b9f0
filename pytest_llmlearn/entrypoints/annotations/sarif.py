"""SARIF 2.1.0, as GitHub's code scanning reads it.

https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning.
`security-severity` makes a rule one of security, so only those have it. Nothing here is an empty string: a whole report
is refused for one. A report beyond the limits is refused as well, so the least recurrent results are left out.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from pytest_llmlearn import __version__
from pytest_llmlearn.domain.annotation import Annotation, distinct, ordered, said, worded
from pytest_llmlearn.domain.flaw import SECURITY_SEVERITY
from pytest_llmlearn.domain.lesson import safe
from pytest_llmlearn.entrypoints.annotations.summary import plain

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
RESULTS = 25_000
"""Results that a run may have; of these the gravest 5,000 are shown."""
RULES = 25_000
COMPRESSED = 10_000_000
"""Bytes that a report may have, compressed as it is sent."""
TEXT = 1_024
"""Characters of a description or a message; more are cut off by who shows them."""
TAGS = 10
_LEVELS: Mapping[str, str] = {"critical": "error", "major": "warning", "minor": "note"}
_SEVERITIES: Mapping[str, str] = {"critical": "error", "major": "warning", "minor": "recommendation"}
_PRECISIONS = ((0.9, "very-high"), (0.75, "high"), (0.5, "medium"))


def written(annotations: Sequence[Annotation]) -> str:
    """The report as text, within what GitHub takes."""
    kept = [one for one in distinct(ordered(annotations)) if one.path][:RESULTS]
    while True:
        text = json.dumps(_log(kept), ensure_ascii=False, separators=(",", ":"))
        raw = text.encode("utf-8", "replace")
        size = len(raw) if len(raw) <= COMPRESSED else len(gzip.compress(raw, 6))
        if size <= COMPRESSED or len(kept) <= 1:
            return text
        kept = kept[: max(1, int(len(kept) * COMPRESSED / size * 0.95))]


def sarif(annotations: Sequence[Annotation]) -> dict[str, Any]:
    """One run with a result for each place, the most recurrent first, and the rules that they are of.

    Those of no known file are left out: a result has to have a place.
    """
    return _log([one for one in distinct(ordered(annotations)) if one.path][:RESULTS])


def _log(shown: Sequence[Annotation]) -> dict[str, Any]:
    first: dict[str, Annotation] = {}
    for one in shown:
        first.setdefault(one.rule_id, one)
    order = {rule_id: index for index, rule_id in enumerate(sorted(first))}
    lines: Counter[tuple[str, str, str]] = Counter()
    results = []
    for one in shown:
        place = one.line_hash or f"{one.fingerprint}:1"
        lines[one.path, one.rule_id, place] += 1
        results.append(_result(one, order[one.rule_id], place, lines[one.path, one.rule_id, place]))
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


def _rule(one: Annotation) -> dict[str, Any]:
    weaknesses = [f"external/cwe/{label.partition(':')[0].lower()}" for label in one.labels if label.startswith("CWE")]
    properties: dict[str, Any] = {
        "tags": [one.category, *(["llm-generated"] if one.generated and one.phase != "scan" else []), *weaknesses][
            :TAGS
        ],
        "precision": next((name for least, name in _PRECISIONS if one.confidence >= least), "low"),
        "problem.severity": _SEVERITIES.get(one.severity, "warning"),
    }
    if one.category == "security" and one.severity in SECURITY_SEVERITY:
        properties["security-severity"] = SECURITY_SEVERITY[one.severity]
    title = _unlinked(safe(one.title, TEXT)) or one.rule_id
    lesson = _unlinked(safe(one.lesson, TEXT))
    text = " ".join(dict.fromkeys(part for part in (title, lesson) if part))
    marked = f"{plain(title)}\n\n**Instead:** {plain(lesson)}" if lesson else plain(title)
    return {
        "id": one.rule_id,
        "name": "".join(word.capitalize() for word in one.rule_id.replace(".", "-").split("-")) or one.rule_id,
        "shortDescription": {"text": title[:TEXT]},
        "fullDescription": {"text": text[:TEXT]},
        "help": {"text": text, "markdown": marked},
        "defaultConfiguration": {"level": _LEVELS.get(one.severity, "warning")},
        "properties": properties,
    }


def _result(one: Annotation, rule: int, place: str, ordinal: int) -> dict[str, Any]:
    # Two mistakes of one rule in one line are two alerts.
    identity = place if ordinal == 1 else f"{place}:{ordinal}"
    properties: dict[str, Any] = {
        "recurring": one.recurring,
        "enforced": one.enforced,
        "occurrences": one.seen,
        "phase": one.phase,
    }
    if one.first_seen is not None:
        properties["firstSeen"] = one.first_seen.isoformat()
    more = {"models": list(_names(one.models)), "function": safe(one.function), "test": safe(one.nodeid)}
    properties.update((name, value) for name, value in more.items() if value)
    uri = quote(one.path, errors="replace")
    return {
        "ruleId": one.rule_id,
        "ruleIndex": rule,
        "level": _LEVELS.get(one.severity, "warning"),
        "message": {"text": _unlinked("\n".join(part for part in (worded(one), said(one)) if part)[:TEXT])},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": _region(one)}}],
        "partialFingerprints": {"primaryLocationLineHash": identity, "llmlearn/v1": one.fingerprint},
        "properties": properties,
    }


@lru_cache(maxsize=512)  # a run has few models, and many mistakes of each
def _names(models: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for model in models if (name := safe(model)))


def _unlinked(text: str) -> str:
    """Without what SARIF takes for a link inside a text: `[text](destination)`."""
    return text.replace("](", "] (")


def _region(one: Annotation) -> dict[str, int]:
    region = {"startLine": one.line, "endLine": one.end_line}
    if one.column is not None:
        end = one.end_column or one.column
        region["startColumn"] = max(one.column, 1)
        region["endColumn"] = max(end, region["startColumn"]) if one.end_line == one.line else max(end, 1)
    return region
