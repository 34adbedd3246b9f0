"""A user's own history as a stream of attempts, to be replayed.

What was recorded is failures, not generations: what one unit failed with in one run is one attempt at it. A unit that
fails as it did the time before was not written anew, and is not asked about again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pytest_llmlearn.domain.generation import Generation
from pytest_llmlearn.domain.replay import Attempt, Failure

_TEACHES_NOTHING = frozenset({"environment", "test"})
"""Scopes of failures that are told apart."""


def attempts(occurrences: Iterable[Mapping[str, Any]], generations: Sequence[Generation]) -> list[Attempt]:
    """What the recorded occurrences and the ledger's generations tell, in the order of time.

    `occurrences` are oldest first, with the keys of `Store.occurrences`. The request is that of the generation that
    wrote the file last before, where the ledger knows one; else the unit's name and its path. Generations whose first
    tests were all green and whose request is known are attempts that passed.
    """
    asked = _requests(generations)
    found: list[tuple[datetime, Attempt]] = []
    before: dict[tuple[str, str], frozenset[str]] = {}
    for (run, path, function), group in _groups(occurrences).items():
        patterns = frozenset(str(one["fingerprint"]) for one in group)
        if before.get((path, function)) == patterns:
            continue
        before[path, function] = patterns
        time = _moment(group[0]["time"])
        unit = str(group[0].get("unit") or function or path)
        attempt = Attempt(
            id=f"{run}:{unit}",
            task=unit,
            model=str(group[0].get("model") or "unknown"),
            prompt=_request(asked, path, function, time) or f"{unit} in {path}",
            path=path,
            passed=False,
            failures=tuple(map(_failure, group)),
        )
        found.append((time, attempt))
    for one in generations:
        if one.outcome.first_pass and one.prompt:
            task = f"{one.path}:{one.qualname}" if one.qualname else one.path
            attempt = Attempt(
                id=one.id, task=task, model=one.model or "unknown", prompt=one.prompt, path=one.path, passed=True
            )
            found.append((one.time, attempt))
    return [attempt for _, attempt in sorted(found, key=lambda each: each[0])]


def _groups(occurrences: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], list[Mapping[str, Any]]]:
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for one in occurrences:
        if not one.get("flaky") and one.get("scope") not in _TEACHES_NOTHING:
            groups[str(one["run"]), str(one.get("path") or ""), str(one.get("function") or "")].append(one)
    return groups


def _failure(occurrence: Mapping[str, Any]) -> Failure:
    return Failure(
        nodeid=str(occurrence["nodeid"]),
        exception=str(occurrence["exception"]),
        message=str(occurrence.get("message") or ""),
        when=str(occurrence["when"]),
        line=occurrence.get("line"),
        function=occurrence.get("function"),
        statement=occurrence.get("statement"),
    )


def _requests(generations: Iterable[Generation]) -> dict[str, list[tuple[datetime, str | None, str]]]:
    """By path: when something was asked for, of which unit (None: the file), and in what words; oldest first."""
    asked: dict[str, list[tuple[datetime, str | None, str]]] = defaultdict(list)
    for one in sorted(generations, key=lambda each: each.time):
        if one.prompt:
            asked[one.path].append((one.time, one.qualname, one.prompt))
    return asked


def _request(
    asked: Mapping[str, Sequence[tuple[datetime, str | None, str]]], path: str, function: str, time: datetime
) -> str | None:
    known = asked.get(path, ())
    until = bisect_right(known, time, key=lambda each: each[0])
    return next((words for _, unit, words in reversed(known[:until]) if unit in (None, function)), None)


def _moment(told: Any) -> datetime:
    return told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
