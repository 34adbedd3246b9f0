"""What a run of the tests tells of the generations that await their first one, and which files the tests loaded.

Failures are laid on code as they are when they are recorded. That a test which passed reached some code is told from
the text of the test alone: from the names that its function and its fixtures use, and from what these use within the
same file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pytest_llmlearn.app import reaching
from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.ports import Ledger
from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.domain.culprit import is_test_file
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.generation import Generation, Outcome
from pytest_llmlearn.domain.joining import Place, first_watched, latest, outcome, still_there
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.hookspecs import Surroundings

AWAITING = 1_000
"""Generations looked at in one run, the latest; what was not reached by then hardly ever will be."""
WAITS = timedelta(days=14)
"""How long a generation makes every run be looked at; afterwards it is judged by one that is looked at anyway."""
AHEAD = timedelta(hours=1)
"""How far in the future a clock may have dated a generation for the next run to look at it again in any case."""

_SINCE = "runs.since"
_COUNTED = ("generated", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What came of it: how many generations were `joined` with the run, whether others are `awaiting` one.

    `settled` says that the next run can tell nothing new if it is like this one.
    """

    joined: int = 0
    awaiting: bool = False
    settled: bool = True


class Outcomes:
    """The use case, for one run."""

    def __init__(self, *, ledger: Ledger, surroundings: Surroundings, everything: Attribution) -> None:
        self._ledger = ledger
        self._surroundings = surroundings
        self._attribution = everything

    def expose(self, run: Run, loaded: Iterable[str]) -> None:
        """Remember which of the project's files, paths relative to its root, tests have loaded."""
        known = self._ledger.exposed()
        # Writing costs more than all else here, and to the day is near enough.
        old = [path for path in loaded if path not in known or run.finished - known[path] > timedelta(days=1)]
        own = [path for path in old if (text := self._surroundings.text(path)) and not is_test_file(path, text)]
        if own:
            self._ledger.expose(dict.fromkeys(sorted(own), run.finished))

    def join(
        self,
        run: Run,
        *,
        passed: Collection[str],
        occurrences: Sequence[Occurrence],
        recording: Recording | None,
        new_commits: Collection[str],
    ) -> Watched:
        """Tell the ledger what the run says. `passed` are the ids of the tests that passed, seen from the root.

        `recording` is what was recorded of `occurrences`, None where nothing failed.
        """
        since = self._since(run.started)
        awaiting = self._ledger.generations(awaiting=True, limit=AWAITING)
        candidates = self._candidates(awaiting, run.started, since, new_commits)
        outcomes: dict[str, Outcome] = {}
        if candidates:
            failed = self._failed(occurrences, recording)
            paths = {one.path for one in candidates}
            reached = reaching.reached(passed, paths, surroundings=self._surroundings, everything=self._attribution)
            for one in candidates:
                told = outcome(one, run.run_id, reached=reached, failed=failed)
                if told is not None:
                    outcomes[one.id] = told
            self._ledger.tell(outcomes)
        ahead = any(run.started < one.time <= run.finished + AHEAD for one in awaiting)
        waiting = any(one.id not in outcomes and run.started - one.time < WAITS for one in candidates)
        return Watched(joined=len(outcomes), awaiting=waiting, settled=not ahead)

    def _since(self, started: datetime) -> datetime | None:
        """When runs began to be watched; None in the first one."""
        known = self._ledger.remembered(_SINCE)
        if known is None:
            self._ledger.remember(_SINCE, started.isoformat())
            return None
        try:
            return datetime.fromisoformat(known)
        except ValueError:
            self._ledger.remember(_SINCE, started.isoformat())
            return None

    def _candidates(
        self, awaiting: Sequence[Generation], started: datetime, since: datetime | None, new: Collection[str]
    ) -> list[Generation]:
        found = [
            one
            for one in awaiting
            if first_watched(one, started=started, since=since, new=new)
            and (text := self._surroundings.text(one.path)) is not None
            and still_there(one, text)
            and not is_test_file(one.path, text)  # a test is not judged by whether it passes
        ]
        on_paths = [one for path in {one.path for one in found} for one in self._ledger.generations(path=path)]
        return latest(found, (one for one in on_paths if one.time <= started))

    def _failed(self, occurrences: Sequence[Occurrence], recording: Recording | None) -> dict[str, list[Place]]:
        """The places on which the failures of each test were laid, whoever is known to have written the code.

        Only what a model is known to have written was recorded; the ledger may know more.
        """
        entries = recording.entries if recording is not None else ()
        laid: dict[str, list[Place]] = {}
        for entry in entries:
            if entry.path is not None and entry.scope in _COUNTED and not entry.flaky:
                laid.setdefault(entry.nodeid, []).append((entry.path, entry.function or ""))
        if recording is not None and recording.unlaid:
            known = {entry.nodeid for entry in entries}
            rest = [one for one in occurrences if one.nodeid not in known and not one.flaky]
            for one, culprit in zip(rest, self._attribution.attribute(rest), strict=True):
                if culprit is not None and not culprit.broken_test:
                    laid.setdefault(one.nodeid, []).append((culprit.path, culprit.unit.qualname))
        return laid
