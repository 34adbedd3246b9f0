"""A stand-in for the matchers of a store, and matchers to put into it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pytest_llmlearn.domain import proof
from pytest_llmlearn.domain.matcher import Matcher, Trials
from tests.fakes import FakeStore


def a_matcher(fingerprint: str = "1:aaaa", pattern: str = "rows[$X]", **changes: Any) -> Matcher:
    """A shape of a failure, sure enough to be used."""
    values: dict[str, Any] = {
        "rule_id": "type.none-value",
        "kind": "shape",
        "body": {"pattern": pattern},
        "atoms": frozenset({"rows"}),
        "confidence": proof.SPEAKS,
    }
    return Matcher(fingerprint=fingerprint, **{**values, **changes})


class FakeMatchers:
    """`ports.Matchers` over a fake store."""

    def __init__(self, store: FakeStore, *, hits: int = 0) -> None:
        self._store = store
        self._hits = hits
        self._put: dict[str, Matcher] = {}
        self._codes: set[tuple[str, str]] = set()
        self._proved: dict[str, int] = {}
        self._merged: dict[str, str] = {}
        self._revision = 0

    def kept(self, *, candidates: bool = False) -> Sequence[Matcher]:
        states = ("active", "enforced", "candidate") if candidates else ("active", "enforced")
        return [one for one in self._read(states) if proof.held_back(one, hits=self._hits) is None]

    def every(self, fingerprint: str | None = None) -> Sequence[Matcher]:
        found = self._read(("active", "enforced", "candidate"))
        return [one for one in found if fingerprint in (None, one.fingerprint)]

    def shapes_among(self, words: Collection[str]) -> Sequence[Matcher]:
        return [one for one in self.every() if one.kind == "shape" and one.names <= frozenset(words)]

    def put(self, matchers: Collection[Matcher]) -> Sequence[Matcher]:
        new: list[Matcher] = []
        for matcher in matchers:
            if self._store.matching(matcher.fingerprint):
                new += [matcher] if matcher.key not in self._put else []
                known = self._put.get(matcher.key, replace(matcher, trials=Trials()))
                self._put[matcher.key] = replace(known, trials=proof.added(known.trials, matcher.trials))
                self._revision += 1
        return new

    def tried(self, trials: Mapping[str, Trials], code: str) -> None:
        for asked, said in trials.items():
            key = self._merged.get(asked, asked)
            if key in self._put and (key, code) not in self._codes:
                self._codes.add((key, code))
                known = self._put[key]
                self._put[key] = replace(known, trials=proof.added(known.trials, said))
                self._revision += 1

    def proved(self, hits: Mapping[str, int]) -> None:
        self._proved.update({self._merged.get(key, key): count for key, count in hits.items()})
        self._revision += 1

    def revision(self) -> int:
        return self._revision

    def _read(self, states: Sequence[str]) -> list[Matcher]:
        found: dict[str, Matcher] = {}
        for key, matcher in self._put.items():
            root = self._store.matching(matcher.fingerprint)[0]
            if root.state in states:
                wrong = matcher.trials.wrong + self._proved.get(key, 0)
                own = replace(
                    matcher, fingerprint=root.fingerprint, trials=replace(matcher.trials, wrong=wrong)
                )  # fmt: skip
                if own.key != key:
                    self._merged[own.key] = key
                found.setdefault(own.key, proof.tried(own))
        return sorted(found.values(), key=lambda matcher: -matcher.confidence)
