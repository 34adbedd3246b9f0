"""What is watched beside the failures: generations and the runs that test them, and what came of each model's.

A run is joined with the generations that await one; the history is read on; both only where something could have
changed. The rates are worked out when they are asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.gather import Gatherer
from pytest_llmlearn.app.outcomes import Outcomes, Watched
from pytest_llmlearn.app.ports import Ledger, Seen
from pytest_llmlearn.app.provenance import Origins
from pytest_llmlearn.app.record import Recording
from pytest_llmlearn.domain import source
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.models import ModelRates, State, by_model
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.rollup import Rolling
from pytest_llmlearn.hookspecs import Surroundings


class Runs:
    """The use cases around the ledger. `seen` is what the last watched run saw."""

    def __init__(
        self, *, ledger: Ledger, gatherer: Gatherer, seen: Seen, surroundings: Surroundings, origins: Origins
    ) -> None:
        self._ledger = ledger
        self._gatherer = gatherer
        self._seen = seen
        self._surroundings = surroundings
        self._origins = origins

    def awaits(self) -> None:
        """A generation was recorded: the next run is looked at, even if it is like the last one."""
        self._seen.awaits()

    def run(
        self,
        run: Run,
        *,
        passed: Collection[str],
        occurrences: Sequence[Occurrence],
        recording: Recording | None,
        loaded: Iterable[str],
    ) -> Watched:
        """Join one run with what awaits it: see `Memory.watched`."""
        if not self._seen.watched:
            return Watched()
        loaded = frozenset(loaded)
        new = self._gatherer.gather().commits
        outcomes = Outcomes(
            ledger=self._ledger,
            surroundings=self._surroundings,
            everything=Attribution(self._surroundings, self._origins, everything=True),
        )
        outcomes.expose(run, loaded)
        done = outcomes.join(run, passed=passed, occurrences=occurrences, recording=recording, new_commits=new)
        if done.settled:
            self._seen.saw(loaded, passed, awaiting=done.awaiting)
        return done

    def gather(self) -> int:
        """Read the history and the traces on: see `Memory.import_history`."""
        added = self._gatherer.gather(make=False).added
        if added:
            self._seen.awaits()
        return added

    def models(self) -> list[ModelRates]:
        """The account of each model: see `Memory.models`."""
        exposed = sorted(self._ledger.exposed())
        self._origins.load(exposed)
        functions = [state for path in exposed for state in self._functions(path)]
        return by_model(self._ledger.generations(), functions, [*self._failed()])

    def _functions(self, path: str) -> Iterator[State]:
        """The file's functions in which a model had a hand."""
        text = self._surroundings.text(path)
        if text is None:
            return
        rolling = Rolling(self._origins.of(path), text)
        for unit in source.units(text):
            rolled = rolling.over(unit.start, unit.end)
            if unit.kind == "function" and rolled.models:
                code = source.unit_hash(text, unit)
                yield State(model=rolled.models[0][0], path=path, qualname=unit.qualname, code=code)

    def _failed(self) -> Iterator[State]:
        """The states of functions that failed; a class or a module's own statements are none."""
        for model, path, unit, code in self._ledger.failed_units():
            qualname = unit.partition(":")[2]
            present = source.unit_named(self._surroundings.text(path) or "", qualname) if qualname else None
            if qualname and (present is None or present.kind == "function"):
                yield State(model=model, path=path, qualname=qualname, code=code)
