"""Matchers in committed lessons: what recognises a mistake in source text goes along with its lesson.

Only what held when the lesson was written goes into a line, with the confidence that it had then; how it does in a
clone is that clone's own count.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import get_args

from pytest_llmlearn.domain.committed import Committed
from pytest_llmlearn.domain.matcher import Kind, Matcher, Origin

MOST = 4
"""Matchers in a line, the surest."""
BODY_LIMIT = 2_000
_KINDS = frozenset(get_args(Kind)) - {"scan"}
_ORIGINS = frozenset(get_args(Origin))


def written(matchers: Iterable[Matcher]) -> tuple[str, ...]:
    """The bodies as a line holds them; those of rules of scanners are none, for the rule is named already."""
    told = [
        json.dumps(
            {
                "kind": one.kind,
                "body": one.body,
                "atoms": sorted(one.atoms),
                "origin": one.origin,
                "confidence": round(one.confidence, 1),
            },
            sort_keys=True,
            ensure_ascii=False,
        )
        for one in sorted(matchers, key=lambda one: (-one.confidence, one.key))
        if one.kind in _KINDS
    ]
    return tuple(sorted([one for one in told if len(one) <= BODY_LIMIT][:MOST]))


def matchers_of(lesson: Committed) -> Iterator[Matcher]:
    """The matchers of a line; what is none is left out."""
    for text in lesson.matchers[:MOST]:
        try:
            told = json.loads(text)
            kind, origin, confidence = told["kind"], told["origin"], float(told["confidence"])
            fits = kind in _KINDS and origin in _ORIGINS and 0 <= confidence <= 1 and isinstance(told["body"], dict)
            if fits and len(text) <= BODY_LIMIT:
                yield Matcher(
                    fingerprint=lesson.fingerprint,
                    rule_id=lesson.rule_id,
                    kind=kind,
                    body=told["body"],
                    atoms=frozenset(map(str, told["atoms"])),
                    origin=origin,
                    confidence=confidence,
                )
        except (ValueError, KeyError, TypeError):  # from a later release, or written by hand: the lesson itself stands
            continue
