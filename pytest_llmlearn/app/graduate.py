"""Graduation: what recurs and holds is written as rules that a lint enforces, and is not told any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from pytest_llmlearn.app.ports import Fixes, Store
from pytest_llmlearn.app.ports.rules import LearnedRules, RuleTests
from pytest_llmlearn.domain.deriving.fixing import from_fix
from pytest_llmlearn.domain.graduation import Graduate, graduate, holds, ranked
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.pattern import HIDDEN, Pattern
from pytest_llmlearn.domain.rule_file import RuleFile

Which = Literal["enforced", "active", "all"]
"""Of which patterns rules are made: of those that hold; of all active ones; of candidates too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A pattern of which no rule was made, and in a sentence why."""

    fingerprint: str
    rule_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Graduated:
    """What an export wrote, or would: the file, the rules made anew with their tests, and what was left out."""

    rules: RuleFile
    made: tuple[Graduate, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Graduation:
    """The use case. `matchers` are those of the store with their trials; `lesson_of` words what a pattern teaches."""

    def __init__(
        self,
        *,
        store: Store,
        fixes: Fixes,
        matchers: Callable[[], Sequence[Matcher]],
        lesson_of: Callable[[Pattern], Lesson],
        rules: LearnedRules,
        tests: RuleTests,
    ) -> None:
        self._store = store
        self._fixes = fixes
        self._matchers = matchers
        self._lesson_of = lesson_of
        self._rules = rules
        self._tests = tests

    def graduate(self, which: Which = "enforced") -> Graduated:
        """Rules of the patterns that may graduate, checked; nothing is written.

        Rules that are in the file already stay, unless their pattern is one that is not to be shown any more. What was
        taken back stays out.

        Raises:
            ScannerUnavailable: the rules cannot be checked.
            StoreError: what was learned cannot be read.
        """
        present = self._rules.read()
        made: list[Graduate] = []
        left: list[LeftOut] = []
        void: set[str] = set()
        kept: dict[str, list[Matcher]] = defaultdict(list)
        for matcher in self._matchers():
            kept[matcher.fingerprint].append(matcher)
        for pattern in self._store.patterns():
            if pattern.state in HIDDEN or pattern.archived:
                void.add(pattern.fingerprint)
                continue
            if (which == "enforced" and pattern.state == "candidate") or (which != "all" and not pattern.shown):
                continue
            told = self._rule(pattern, kept.get(pattern.fingerprint, ()), which)
            if isinstance(told, Graduate) and pattern.fingerprint in present.taken_back:
                told = f"it was taken back; take its line out of {self._rules.name} to let it graduate again"
            if isinstance(told, Graduate):
                made.append(told)
            elif told:
                left.append(LeftOut(fingerprint=pattern.fingerprint, rule_id=pattern.rule_id, why=told))
        made, refused = self._checked(made)
        anew = {one.fingerprint for one in made}
        stay = [each for each in present.blocks if each[0] not in anew and each[0] not in void]
        blocks = (*stay, *((one.fingerprint, one.block) for one in made))
        return Graduated(rules=replace(present, blocks=blocks), made=tuple(made), left_out=(*left, *refused))

    def _rule(self, pattern: Pattern, matchers: Sequence[Matcher], which: Which) -> Graduate | str:
        """The rule of a pattern; why there is none; or nothing, where none was to be expected."""
        fixes = self._fixes.fixes(pattern.fingerprint)
        if not matchers:
            made = [each for fix in fixes for each in from_fix(fix, pattern.rule_id, others=fixes)]
            matchers = list({each.key: each for each in made}.values())
        candidates = ranked(matchers)
        if not candidates:
            return "nothing of it can be recognised by its syntax alone" if pattern.state == "enforced" else ""
        reasons: list[str] = []
        for matcher in candidates:
            if which == "enforced" and not holds(pattern, matcher):
                continue
            told = graduate(pattern, matcher, self._lesson_of(pattern), fixes)
            if isinstance(told, Graduate):
                return told
            reasons.append(told)
        return reasons[0] if reasons else ""

    def _checked(self, made: Sequence[Graduate]) -> tuple[list[Graduate], list[LeftOut]]:
        """The rules that can be used and do what their tests say, and the others."""
        if not made:
            return [], []
        failing = self._tests.failing(made)
        left = [
            LeftOut(fingerprint=one.fingerprint, rule_id=one.name, why=failing[one.name])
            for one in made
            if one.name in failing
        ]
        return [one for one in made if one.name not in failing], left

    def write(self, graduated: Graduated) -> None:
        """Put the rules into the project's file: from then on their lessons are told no more.

        Raises:
            OSError: it cannot be written.
        """
        self._rules.write(graduated.rules)

    def take_back(self, fingerprint: str) -> bool:
        """Take the rule of a pattern out of the file, to stay out; whether there was one.

        Raises:
            OSError: it cannot be written.
        """
        present = self._rules.read()
        if fingerprint not in present.enforced:
            return False
        blocks = tuple(each for each in present.blocks if each[0] != fingerprint)
        self._rules.write(RuleFile(blocks=blocks, taken_back=(*present.taken_back, fingerprint)))
        return True
