"""Folding: the events of many runs, told to one store, as if one process had seen them all.

Runs are taken in the order of time. One that arrives late, after later ones were folded, takes its place: what depends
on the order is counted anew. So it does not matter in which order files come, how they are grouped, or whether one is
folded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, cast

from pytest_llmlearn.app.heal import Healer, Reds
from pytest_llmlearn.app.ports import Fixes, Store
from pytest_llmlearn.app.ports.events import Failed, FoldedRows
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.events import Event, Noted, Recorded, Tested, in_order
from pytest_llmlearn.domain.fix import Fix, Healing, Red
from pytest_llmlearn.domain.recurring import commit_of
from pytest_llmlearn.hookspecs import Surroundings


class CodeThen(Protocol):
    """The project's files as they were in a commit."""

    @property
    def there(self) -> bool:
        """Whether that commit is known here."""
        ...

    def text(self, path: str) -> str | None:
        """The text of a file then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What folding came to: how many `runs` were new, the `occurrences` among them, and how many were `known`.

    `fixes` counts what was mined from a test that was red in one run and green in another; `unseen` are runs that saw
    red tests green in code that is not known here, so that nothing could be mined.
    """

    runs: int = 0
    occurrences: int = 0
    known: int = 0
    fixes: int = 0
    unseen: int = 0


class Fold:
    """The use case. `code` gives the files of a commit; `redact` makes text fit to be written down.

    `alone` lets one process fold at a time: what is known, and what comes of it, is read and written in several steps.
    """

    def __init__(
        self,
        *,
        store: Store,
        fixes: Fixes,
        rows: FoldedRows,
        code: Callable[[str], CodeThen],
        redact: Callable[[str], str],
        alone: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._store = store
        self._fixes = fixes
        self._rows = rows
        self._alone = alone
        self._code = code
        self._redact = redact

    def fold(self, events: Iterable[Event]) -> Folded:
        """Learn from these.

        Raises:
            BadOccurrence: an event has a value that the store does not know.
            StoreError: the store cannot be written. What was written until then stands, and folding once more goes on.
        """
        with self._alone():
            return self._folded(in_order(events))

    def _folded(self, ordered: Sequence[Event]) -> Folded:
        runs = {one.run.run_id: one.run for one in ordered if not isinstance(one, Noted)}
        recorded = self._rows.recorded(runs)
        underway = self._rows.underway
        fresh = [one for one in ordered if isinstance(one, Recorded) and one.run.run_id not in recorded]
        # What this store saw itself, it was told by its own tests.
        told = self._rows.heard(runs) | (recorded - self._rows.folded(runs))
        tested = [one for one in ordered if isinstance(one, Tested) and one.run.run_id not in told]
        new = {one.run.run_id for one in fresh} | {one.run.run_id for one in tested}
        noted = [one for one in ordered if isinstance(one, Noted)]
        anew = underway or self._is_late([runs[one] for one in new])
        before = frozenset(self._fixes.red_tests()) if not anew else frozenset()
        self._rows.begin([one.run.run_id for one in fresh])
        for one in fresh:
            self._store.record(one.run, one.entries)
        self._rows.keep(tested)
        if anew:
            self._rows.settle()
        for note in noted:
            self._fixes.note(time=note.time, green=note.green, healed=note.healed, healings=note.healings)
        replayed = _Replay(self, anew=anew, before=before, new=new, tested=tested).run() if new or anew else _Nothing
        self._rows.end()
        return Folded(
            runs=len(new),
            occurrences=sum(len(one.entries) for one in fresh),
            known=len(runs) - len(new),
            fixes=replayed.fixes,
            unseen=replayed.unseen,
        )

    def _is_late(self, new: Sequence[Run]) -> bool:
        latest = self._rows.latest()
        return latest is not None and any(one.finished <= latest for one in new)


@dataclass(slots=True)
class _Outcome:
    fixes: int = 0
    unseen: int = 0


_Nothing = _Outcome()


class _Replay:
    """What the tests said, told once more in the order of time.

    With `anew` from the beginning; else from now on, where the tests `before` were red.
    """

    def __init__(
        self, fold: Fold, *, anew: bool, before: Collection[str], new: Collection[str], tested: Sequence[Tested]
    ) -> None:
        self._fold = fold
        self._anew = anew
        self._failed = fold._rows.failures()
        self._red: dict[str, str] = {}
        self._green: set[str] = set()
        self._outcome = _Outcome()
        self._mined: set[tuple[str, str]] = set()
        if anew:
            self._tested = fold._rows.tested()
        else:
            for failed in self._failed:
                if failed.run.run_id not in new:
                    self._red.update({one: failed.run.run_id for one in failed.nodeids if one in before})
            self._failed = [one for one in self._failed if one.run.run_id in new]
            self._tested = tested

    def run(self) -> _Outcome:
        steps: list[tuple[datetime, int, str, Failed | Tested | None]] = [
            *((one.run.finished, 0, one.run.run_id, one) for one in self._failed),
            *((one.run.finished, 1, one.run.run_id, one) for one in self._tested),
        ]
        if self._anew:
            steps += [(time, 2, nodeid, None) for time, nodeid in self._fold._rows.healed()]
            self._fold._rows.unheal()
        for _, _, name, step in sorted(steps, key=lambda one: one[:3]):
            if isinstance(step, Failed):
                self._red.update(dict.fromkeys(step.nodeids, step.run.run_id))
            elif step is not None:
                self._tell(step)
            else:
                self._red.pop(name, None)
        self._outcome.fixes = len(self._mined)
        return self._outcome

    def _tell(self, step: Tested) -> None:
        commit = commit_of(step.run.state)
        known = Reds(self._red)
        concerned = set(known.concerning((*step.passed, *step.skipped)))
        # Most runs see nothing that was red: then no commit need be read.
        wanted = commit is not None and (bool(concerned) or self._above(step))
        code = self._fold._code(commit) if commit is not None and wanted else None
        healer = Healer(
            store=self._fold._store,
            fixes=cast("Fixes", self),
            tested=_Unremembered(),
            surroundings=cast("Surroundings", code if code is not None else _NoCode()),
            redact=self._fold._redact,
        )
        failing = set(step.failing)
        if code is not None and code.there:
            healer.settle(step.run, passed=step.passed, skipped=step.skipped, failing=failing)
            return
        green = known.turned_green(step.passed, set(known.concerning(step.passed)), failing)
        self._outcome.unseen += bool(green)
        new = healer.newly_green(step.passed, failing)
        if new or green:
            self.note(time=step.run.finished, green=new, healed=green, healings=())

    def _above(self, step: Tested) -> bool:
        """Whether a file, a class or a folder is red, which tests below it may mend."""
        above = [(f"{one}::", f"{one}/") for one in self._red if "[" not in one]
        return any(test.startswith(below) for below in above for test in step.passed)

    # What a `Healer` asks of a store, answered as of that time.

    def red_tests(self) -> Sequence[str]:
        return list(self._red)

    def never_green(self, nodeids: Collection[str]) -> Sequence[str]:
        if self._anew:
            return [one for one in nodeids if one not in self._green]
        return self._fold._fixes.never_green(nodeids)

    def reds(self, nodeids: Collection[str]) -> Sequence[Red]:
        return self._fold._rows.reds({one: self._red[one] for one in nodeids if one in self._red})

    def note(
        self, *, time: datetime, green: Collection[str] = (), healed: Collection[str] = (), healings: Sequence[Healing]
    ) -> Sequence[Fix]:
        told = [replace(one, way="handed-in") for one in healings]
        self._mined |= {(one.fingerprint, one.fix.digest) for one in told if one.fix is not None}
        self._fold._fixes.note(time=time, green=green, healed=healed, healings=told)
        self._green.update(green)
        for one in healed:
            self._red.pop(one, None)
        return ()


class _Unremembered:
    """What no run is remembered by: folding looks at each anyway."""

    watched = True

    def saw(self, passed: Iterable[str], red: Callable[[], Sequence[str]]) -> None:
        """Nothing to remember."""

    def forget(self) -> None:
        """Nothing to forget."""


class _NoCode:
    """Files of a state of the code that is not known here."""

    there = False

    def text(self, path: str) -> str | None:
        return None
