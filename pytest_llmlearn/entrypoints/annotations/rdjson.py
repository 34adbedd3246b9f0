"""Reviewdog's diagnostics, `reviewdog -f=rdjson`: https://github.com/reviewdog/reviewdog/tree/master/proto/rdf.

Ranges are of whole lines: reviewdog counts columns in bytes of UTF-8, which only the file itself could tell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_llmlearn.domain.annotation import Annotation, distinct, ordered, said, worded

_SEVERITIES: Mapping[str, str] = {"critical": "ERROR", "major": "WARNING", "minor": "INFO"}


def rdjson(annotations: Sequence[Annotation]) -> dict[str, Any]:
    """One diagnostic each place; those of no known file are left out, for nothing could show them."""
    placed = [one for one in distinct(ordered(annotations)) if one.path]
    return {
        "source": {"name": "llmlearn"},
        "severity": "WARNING",
        "diagnostics": [_diagnostic(one) for one in placed],
    }


def _diagnostic(one: Annotation) -> dict[str, Any]:
    return {
        "message": "\n".join(part for part in (worded(one), said(one)) if part),
        "location": {"path": one.path, "range": {"start": {"line": one.line}, "end": {"line": one.end_line}}},
        "severity": _SEVERITIES.get(one.severity, "WARNING"),
        "source": {"name": "llmlearn"},
        "code": {"value": one.rule_id},
    }
