"""Fixes from a history that was not watched: a test is run at two commits, where it fails and where it passes.

The failure is recorded as if the run at the red commit had been watched, dated by that commit; asked for twice, nothing
is counted twice. Only failures that the green commit heals are written down.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pytest_llmlearn.app.heal import Green, Judge, Mined, Reds
from pytest_llmlearn.app.leading import Leading
from pytest_llmlearn.app.ports import Fixes, Store
from pytest_llmlearn.app.ports.trial import Revision, Trial, Tried, Worktrees
from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.domain.culprit import is_test_file
from pytest_llmlearn.domain.entry import Entry, Run
from pytest_llmlearn.domain.fix import Healing, Red
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.recurring import code_state
from pytest_llmlearn.errors import CannotHeal
from pytest_llmlearn.hookspecs import Surroundings

SHORT = 12
"""Characters of a commit's id in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealedBetween:
    """What was run at both commits (ids of tests, or files), and what came of it.

    `failing` are the tests that failed at red and passed at green. `unlaid` counts their failures that could not be
    laid on code that a model is known to have written, and were not looked at.
    """

    red: str
    green: str
    ran: tuple[str, ...]
    failing: tuple[str, ...]
    healings: tuple[Healing, ...]
    fixes: tuple[Mined, ...]
    unlaid: int = 0


class Between:
    """The use case. `record` records failures in the scratch project at a root, `look` is what reads its files."""

    def __init__(
        self,
        *,
        store: Store,
        fixes: Fixes,
        worktrees: Worktrees,
        trial: Trial,
        record: Callable[[Path, Run, Sequence[Occurrence]], Recording],
        look: Callable[[Path], Surroundings],
        redact: Callable[[str], str],
    ) -> None:
        self._store = store
        self._fixes = fixes
        self._worktrees = worktrees
        self._trial = trial
        self._record = record
        self._look = look
        self._redact = redact

    def heal(self, red: str, green: str, test: str | None = None) -> HealedBetween:
        """Mine fixes from the two commits: see `Memory.heal_between`."""
        before, after = self._worktrees.revision(red), self._worktrees.revision(green)
        if before.commit == after.commit:
            raise CannotHeal(f"{red} and {green} are the same commit, {_short(before)}")
        with self._worktrees.checkout(after) as good, self._worktrees.checkout(before) as bad:
            look = self._look(good)
            tests = (test,) if test is not None else self._concerned(before, after, good, look)
            failing = self._trial(bad, tests)
            _expect_failing(failing, test, red, before)
            passing = self._trial(good, tests)
            if test is not None:
                _expect_passing(passing, test, green, after)
            healed = self._turned(failing, passing)
            run = Run(
                run_id=f"between:{before.commit}",
                started=before.time,
                finished=before.time,
                command="heal --between",
                failed=len(failing.occurrences),
                commit=before.commit,
                state=code_state(before.commit, ()),
            )
            entries, unlaid = self._laid(bad, run, failing, healed)
            judge = Judge(look, self._redact)
            now = Green(time=max(before.time, after.time), commit=after.commit, way="between")
            reds = [red_of(entry, before.commit, before.time) for entry in _distinct(entries)]
            healings = tuple(judge.judge(one, now) for one in reds)
        mined = self._write(run, entries, healings, now) if healings else ()
        return HealedBetween(
            red=before.commit,
            green=after.commit,
            ran=tests,
            failing=tuple(sorted(healed)),
            healings=healings,
            fixes=mined,
            unlaid=unlaid,
        )

    def _concerned(self, red: Revision, green: Revision, root: Path, look: Surroundings) -> tuple[str, ...]:
        """The test files that differ, or that lead to code that does."""
        changed = frozenset(path for path in self._worktrees.changed(red, green) if path.endswith(".py"))
        if not changed:
            raise CannotHeal(f"no Python file differs between {_short(red)} and {_short(green)}")
        leading = Leading(look, changed)
        found = tuple(
            path
            for path in sorted(self._worktrees.python_files(root))
            if _holds_tests(path, look) and (path in changed or leading.leads(path))
        )
        if not found:
            raise CannotHeal(
                f"no test file differs between {_short(red)} and {_short(green)} or imports code that does; "
                "name a test with --test"
            )
        return found

    def _turned(self, failing: Tried, passing: Tried) -> set[str]:
        """The tests that turned from red to green, by the names that the store gives them."""
        red = Reds(self._redact(one.nodeid) for one in failing.occurrences if not one.flaky)
        still = {self._redact(one.nodeid) for one in passing.occurrences} | {*map(self._redact, passing.failed)}
        passed = {*map(self._redact, passing.passed)}
        return red.turned_green(passed, passed, still)

    def _laid(self, root: Path, run: Run, failing: Tried, healed: Collection[str]) -> tuple[list[Entry], int]:
        """The entries of the failures that were healed, and how many could not be laid on a model's code."""
        occurrences = [one for one in failing.occurrences if not one.flaky and self._redact(one.nodeid) in healed]
        if not occurrences:
            return [], 0
        dated = [one.replace(time=None) for one in occurrences]  # the run's time is the commit's
        recording = self._record(root, run, dated)
        kept = [entry for entry in recording.entries if entry.scope in ("generated", "other")]
        return kept, len(occurrences) - len(kept)

    def _write(self, run: Run, entries: Sequence[Entry], healings: Sequence[Healing], now: Green) -> tuple[Mined, ...]:
        for nodeid in dict.fromkeys(entry.nodeid for entry in entries):
            # A run of its own for each test, named after what was seen: asked for again, it is known already.
            own = [replace(entry, held=()) for entry in entries if entry.nodeid == nodeid]
            self._store.record(replace(run, run_id=f"{run.run_id}:{nodeid}", failed=len(own)), own)
        green = list(dict.fromkeys(one.nodeid for one in healings))
        fixes = self._fixes.note(time=now.time, green=green, healed=green, healings=healings)
        places: dict[tuple[str, str], Entry] = {}
        for one in healings:
            if one.fix is not None:
                mine = (each for each in entries if (each.fingerprint.exact, each.unit) == (one.fingerprint, one.unit))
                places.setdefault((one.fingerprint, one.fix.digest), next(mine))
        return tuple(
            Mined(
                fix=fix,
                path=places[fix.fingerprint, fix.digest].path or "",
                qualname=places[fix.fingerprint, fix.digest].function or "",
                seen=next((one.frequency for one in self._store.matching(fix.fingerprint)), 0),
            )
            for fix in fixes
        )


def red_of(entry: Entry, commit: str | None, time: datetime) -> Red:
    """A recorded failure with the code as it was at that commit, which the store need not keep."""
    unit = next((held for held in entry.held if held.kind == "unit"), None)
    test = next((held for held in entry.held if held.kind == "test"), None)
    return Red(
        occurrence=None,
        fingerprint=entry.fingerprint.exact,
        nodeid=entry.nodeid,
        path=entry.path or "",
        qualname=unit.qualname if unit is not None else entry.function or "",
        unit=entry.unit,
        unit_hash=entry.unit_hash,
        line=entry.line,
        statement=entry.statement,
        text=unit.text if unit is not None else None,
        test_path=test.path if test is not None else None,
        test_qualname=test.qualname if test is not None else None,
        test_text=test.text if test is not None else None,
        commit=commit,
        time=time,
        message=entry.message,
    )


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    return list({(entry.fingerprint.exact, entry.nodeid, entry.unit): entry for entry in entries}.values())


def _holds_tests(path: str, look: Surroundings) -> bool:
    name = path.rpartition("/")[2]
    return (name.startswith("test_") or name.endswith("_test.py")) and is_test_file(path, look.text(path) or "")


def _expect_failing(tried: Tried, test: str | None, name: str, revision: Revision) -> None:
    if test is None:
        return
    if not tried.found:
        raise CannotHeal(f"there is no test {test} at {name} ({_short(revision)})")
    if not any(not one.flaky for one in tried.occurrences):
        verb = "is skipped, or expected to fail," if tried.skipped and not tried.passed else "passes"
        raise CannotHeal(f"{test} {verb} at {name} ({_short(revision)}): it has to fail there")


def _expect_passing(tried: Tried, test: str, name: str, revision: Revision) -> None:
    if not tried.found:
        raise CannotHeal(f"there is no test {test} at {name} ({_short(revision)})")
    if tried.failed or not tried.passed:
        verb = "fails" if tried.failed or tried.occurrences else "is skipped, or expected to fail,"
        raise CannotHeal(f"{test} {verb} at {name} ({_short(revision)}): it has to pass there")


def _short(revision: Revision) -> str:
    return revision.commit[:SHORT]
