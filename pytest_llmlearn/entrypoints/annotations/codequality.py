"""GitLab's report of code quality: a JSON array, https://docs.gitlab.com/ci/testing/code_quality/.

Of two entries with one fingerprint GitLab shows the first alone, so a mistake's second place has another; what tells it
is the pattern, the file and which of its places it is, and no line number, which any change above would move.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from pytest_llmlearn.domain.annotation import Annotation, distinct, ordered, said, worded

_SEVERITIES: Mapping[str, str] = {"critical": "critical", "major": "major", "minor": "minor"}


def codequality(annotations: Sequence[Annotation]) -> list[dict[str, Any]]:
    """One entry each place; those of no known file are left out, for GitLab takes none without."""
    placed = [one for one in distinct(ordered(annotations)) if one.path]
    ordinals = _ordinals(placed)
    return [_entry(one, ordinals[one.fingerprint, one.path, one.line]) for one in placed]


def _ordinals(annotations: Sequence[Annotation]) -> dict[tuple[str, str, int], int]:
    """Which place of its mistake in its file each is, from above."""
    counts: Counter[tuple[str, str]] = Counter()
    found: dict[tuple[str, str, int], int] = {}
    for one in sorted(annotations, key=lambda one: (one.path, one.line)):
        counts[one.fingerprint, one.path] += 1
        found[one.fingerprint, one.path, one.line] = counts[one.fingerprint, one.path]
    return found


def _entry(one: Annotation, ordinal: int) -> dict[str, Any]:
    identity = f"{one.fingerprint}\0{one.path}\0{ordinal}".encode("utf-8", "surrogatepass")
    return {
        "description": " ".join(part for part in (worded(one), said(one)) if part),
        "check_name": f"llmlearn/{one.rule_id}",
        "fingerprint": blake2b(identity, digest_size=16).hexdigest(),
        "severity": "blocker" if one.enforced else _SEVERITIES.get(one.severity, "info"),
        "location": {"path": one.path, "lines": {"begin": one.line, "end": one.end_line}},
    }
