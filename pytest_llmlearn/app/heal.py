"""Verified fixes: what was changed in the code of a failure when its test turned from red to green.

The test is the witness, so it must be as strict as it was; the culprit's own code must have changed, or nothing tells
what repaired it. The code as it was when red was kept when it failed: nothing need have been committed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from pytest_llmlearn.app.ports import Fixes, Store, Tested
from pytest_llmlearn.app.shown import kept, shown
from pytest_llmlearn.domain import moved, repair, source
from pytest_llmlearn.domain.culprit import is_test_file
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.fix import Fix, Healing, Red, Verdict, Way
from pytest_llmlearn.domain.flaw import is_of_scan
from pytest_llmlearn.domain.hunk import Hunk, Rewritten, added_imports, difference, import_of
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.redaction import EMAIL, HOME, IP, MASK
from pytest_llmlearn.domain.redaction import redact as own_redact
from pytest_llmlearn.domain.weakening import weakened
from pytest_llmlearn.hookspecs import Surroundings

_MASKS = (MASK, EMAIL, HOME, IP)
_NOT_DEFINED = re.compile(r"name '(?P<name>\w+)' is not defined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """A fix as it stands now, where it was mined, and how often its mistake was seen."""

    fix: Fix
    path: str
    qualname: str
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Healed:
    """What a run healed: the verdict on each red occurrence of its tests, and the fixes among them, each once.

    Fixes of patterns that are not to be shown are among the verdicts alone.
    """

    healings: tuple[Healing, ...] = ()
    fixes: tuple[Mined, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Green:
    """When and at what commit a red test was seen green, and how that came about."""

    time: datetime
    commit: str | None = None
    way: Way = "watched"


class Judge:
    """Says what became of red occurrences, by the project's files as they are now. Each file is read and parsed once.

    `redact` makes text fit to be written down, as it did when the red code was kept.
    """

    def __init__(self, surroundings: Surroundings, redact: Callable[[str], str]) -> None:
        self._surroundings = surroundings
        self._redact = redact
        self._shown = lru_cache(maxsize=256)(lambda text: shown(text, redact))

    def judge(self, red: Red, green: Green) -> Healing:
        """The verdict on one occurrence whose test is green now."""
        text = self._surroundings.text(red.path) if red.path else None
        found = moved.find(red.text, red.qualname, text) if text is not None and red.text is not None else None
        green_hash = source.unit_hash(text, found.unit) if text is not None and found is not None else ""
        verdict, reason, fix = self._verdict(red, text, found, green_hash)
        return Healing(
            occurrence=red.occurrence,
            fingerprint=red.fingerprint,
            nodeid=red.nodeid,
            unit=red.unit,
            verdict=verdict,
            reason=reason,
            time=green.time,
            red_hash=red.unit_hash,
            green_hash=green_hash,
            red_commit=red.commit,
            green_commit=green.commit,
            way=green.way,
            fix=fix,
        )

    def _verdict(
        self, red: Red, text: str | None, found: moved.Found | None, green_hash: str
    ) -> tuple[Verdict, str, Fix | None]:
        if red.text is None:
            return "elsewhere", "the code as it was when red is not kept any more", None
        if text is None:
            return "elsewhere", f"{red.path} is gone", None
        changed = found is None or green_hash != red.unit_hash
        weaker = self.gave_way(red)
        if weaker is not None:
            return "test-changed", weaker, None
        if found is None:
            return "elsewhere", f"{red.qualname or 'the code'} is not in {red.path} any more", None
        if is_test_file(red.path, text) and not is_of_scan(red.nodeid):
            return ("test-changed", "the test was changed", None) if changed else self._untouched(red, text)
        if not changed:
            return self._untouched(red, text)
        hunk = difference(red.text, kept(self._shown(text), found.unit), statement=red.statement)
        if hunk is None:
            return "elsewhere", "what was changed of the code cannot be shown", None
        if isinstance(hunk, Rewritten):
            return "rewritten", f"{hunk.changed} or more statements were changed", None
        return "fix", repair.told(hunk), self._fix(red, hunk, text)

    def _untouched(self, red: Red, text: str) -> tuple[Verdict, str, Fix | None]:
        if self.changed_test(red):
            return "test-changed", "only the test was changed", None
        fix = self._imported(red, text)
        if fix is not None:
            return "fix", fix.difference, fix
        return "elsewhere", "its code is as it was: something else was changed", None

    def gave_way(self, red: Red) -> str | None:
        """Why the test of a red occurrence asserts less now than it did, in words; None where it does not.

        A test that was not kept, because a failure at collection has none, cannot have given way.
        """
        if red.test_text is None:
            return None
        present = self._present_test(red)
        if present is None:
            return "the test is not where it was"
        return weakened(red.test_text, present, unit=red.qualname or None)

    def changed_test(self, red: Red) -> bool:
        """Whether the code of the test is another now."""
        present = self._present_test(red)
        if red.test_text is None or present is None:
            return red.test_text is not None
        return difference(red.test_text, present) is not None

    def _present_test(self, red: Red) -> str | None:
        text = self._surroundings.text(red.test_path) if red.test_path else None
        test = source.unit_named(text, red.test_qualname or "") if text else None
        return kept(self._shown(text), test) if text and test is not None else None

    def _fix(self, red: Red, hunk: Hunk, text: str) -> Fix:
        block = red.text if not red.qualname else None
        # What the red unit named already was imported before; the file around it was not kept.
        imports = tuple(
            one
            for one in added_imports(None, self._shown(text), hunk)
            if block is not None or not _names(red.text or "", one)
        )
        return Fix(
            fingerprint=red.fingerprint,
            digest=repair.digest(hunk.bad, hunk.good),
            bad=hunk.bad,
            good=hunk.good,
            signature=hunk.signature,
            imports=imports,
            difference=repair.told(hunk, imports),
        )

    def _imported(self, red: Red, text: str) -> Fix | None:
        """The repair of a name that was not defined and is imported now: not the unit was at fault."""
        undefined = _NOT_DEFINED.search(red.message)
        statement = import_of(undefined["name"], self._shown(text)) if undefined is not None else None
        if statement is None or not red.statement or is_test_file(red.path, text):
            return None
        return Fix(
            fingerprint=red.fingerprint,
            digest=repair.digest(red.statement, f"{statement}\n{red.statement}"),
            bad=red.statement,
            good=red.statement,
            imports=(statement,),
            difference=repair.added(statement),
        )


def _names(text: str, statement: str) -> bool:
    """Whether a text uses the name that an import gives."""
    name = statement.split()[-1].partition(".")[0]
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


class Healer:
    """The use case after a run. `tested` is what the last runs said of the tests."""

    def __init__(
        self,
        *,
        store: Store,
        fixes: Fixes,
        tested: Tested,
        surroundings: Surroundings,
        redact: Callable[[str], str],
    ) -> None:
        self._store = store
        self._fixes = fixes
        self._tested = tested
        self._redact = redact
        self._judge = Judge(surroundings, redact)

    def failed(self) -> None:
        """Tests failed: the next run is looked at, whatever it is like."""
        self._tested.forget()

    def run(
        self,
        run: Run,
        *,
        passed: Collection[str],
        skipped: Collection[str],
        occurrences: Sequence[Occurrence],
        always: bool = False,
    ) -> Healed:
        """Judge the red tests that this run saw green, and note which were green for the first time.

        `passed` and `skipped` are ids as the occurrences have them; skipped ones are those that were expected to fail,
        too. A test that passed, yet of which something was found, such as a coroutine never awaited, is not green.
        Where there is no memory yet, only `always` has one begun.
        """
        if not (always or self._tested.watched):
            return Healed()
        failing = {self._redact(occurrence.nodeid) for occurrence in occurrences}
        return self.settle(run, passed=passed, skipped=skipped, failing=failing)

    def settle(
        self, run: Run, *, passed: Collection[str], skipped: Collection[str], failing: Collection[str]
    ) -> Healed:
        """The same of a run that is told by the ids of its tests; `failing` are those of which anything was found, as
        the store names them."""
        red = Reds(self._fixes.red_tests())
        names = {self._redact(nodeid): nodeid for nodeid in red.concerning(passed)}
        green = red.turned_green(passed, names, failing)
        renamed = red.renamed(names, failing, self._fixes.never_green) - green
        marked = {self._redact(nodeid) for nodeid in red.concerning(skipped)} & red.tests
        now = Green(time=run.finished, commit=run.commit)
        healings: list[Healing] = []
        places: dict[tuple[str, str], Red] = {}
        for one in self._fixes.reds(green | renamed | marked) if green or renamed or marked else ():
            if one.nodeid in renamed and self._judge.changed_test(one):
                green.add(one.nodeid)
            if one.nodeid in green:
                healing = self._judge.judge(one, now)
                healings.append(healing)
                if healing.fix is not None:
                    places.setdefault((one.fingerprint, healing.fix.digest), one)
            elif one.nodeid in marked and (why := self._judge.gave_way(one)) is not None:
                healings.append(self._gave_way(one, why, now))
        new = self.newly_green(passed, failing)
        mined: Sequence[Fix] = ()
        if new or green or healings:
            mined = self._fixes.note(time=run.finished, green=new, healed=green, healings=healings)
        self._tested.saw(passed, self._fixes.red_tests)
        return Healed(healings=tuple(healings), fixes=tuple(self._mined(mined, places)))

    def _mined(self, fixes: Iterable[Fix], places: Mapping[tuple[str, str], Red]) -> Iterator[Mined]:
        for fix in fixes:
            red = places[fix.fingerprint, fix.digest]
            pattern = next(iter(self._store.matching(fix.fingerprint)), None)
            if pattern is not None and pattern.shown:
                yield Mined(fix=fix, path=red.path, qualname=red.qualname, seen=pattern.frequency)

    def _gave_way(self, red: Red, why: str, green: Green) -> Healing:
        """A test that was red and is skipped now, or expected to fail: it stays red, and that is written down."""
        return replace(self._judge.judge(red, green), verdict="test-changed", reason=why, fix=None)

    def newly_green(self, passed: Collection[str], failing: Collection[str]) -> list[str]:
        """Tests to be noted as green, by the names that the store gives them."""
        # Asked first as they are: to redact what is known already would take longer than all the rest.
        unknown = self._fixes.never_green(passed)
        names = [name for name in map(self.name, unknown) if name not in failing]
        return list(self._fixes.never_green(names)) if names else []

    def name(self, nodeid: str) -> str:
        """The id as the store keeps it. What stands in brackets may be any text; the rest names what code defines."""
        return self._redact(nodeid) if "[" in nodeid else own_redact(nodeid)


class Reds:
    """The red tests, by how the ids of a run may name them."""

    def __init__(self, tests: Iterable[str]) -> None:
        self.tests = frozenset(tests)
        self._bases = {_base(one) for one in self.tests}
        self._masked = any(mask in one for one in self.tests for mask in _MASKS)

    def concerning(self, nodeids: Iterable[str]) -> Iterator[str]:
        """Those of a run's tests that could be one of the red ones, or of their cases."""
        if not self.tests:
            return iter(())
        return (one for one in nodeids if self._masked or one in self.tests or _base(one) in self._bases)

    def turned_green(self, passed: Collection[str], names: Collection[str], failing: Collection[str]) -> set[str]:
        """The red tests that passed, and nothing was found of them.

        What failed at collection is a file, a class or a folder: green where something below it passed and nothing
        below it failed.
        """
        found = {one for one in self.tests if one in names and one not in failing}
        for one in self.tests - found - set(failing):
            below = (f"{one}::", f"{one}/")
            is_above = bool(one) and "[" not in one and any(other.startswith(below) for other in passed)
            if is_above and not any(other.startswith(below) for other in failing):
                found.add(one)
        return found

    def renamed(
        self, names: Collection[str], failing: Collection[str], never_green: Callable[[Collection[str]], Sequence[str]]
    ) -> set[str]:
        """Red cases that this run does not have, while it has new ones of the same test, all of which passed.

        Another list of cases has other ids. Without a new one it was only not run.
        """
        by_base: dict[str, list[str]] = {}
        for one in names:
            by_base.setdefault(_base(one), []).append(one)
        failed = {_base(one) for one in failing}
        found = set()
        for one in self.tests:
            cases = by_base.get(_base(one), ())
            could = bool(cases) and one not in names and _base(one) not in failed
            if could and any(case not in self.tests for case in never_green(cases)):
                found.add(one)
        return found


def _base(nodeid: str) -> str:
    return nodeid.partition("[")[0]
