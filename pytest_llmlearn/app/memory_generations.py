"""What `Memory` says of generations: recorded, rated, joined with runs, and added up by model."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.generation import Generation
from pytest_llmlearn.domain.occurrence import Occurrence

if TYPE_CHECKING:
    from pytest_llmlearn.app.generations import Generations, Recorded
    from pytest_llmlearn.app.outcomes import Watched
    from pytest_llmlearn.app.ports import Coverage
    from pytest_llmlearn.app.record import Recording
    from pytest_llmlearn.app.runs import Runs
    from pytest_llmlearn.domain.models import ModelRates


class GenerationsOfMemory:
    """The part of `Memory` around the ledger."""

    root: Path
    _runs: Runs
    _make_generations: Callable[[], Generations]
    _made_generations: Generations | None

    def watched(
        self,
        run: Run,
        *,
        passed: Collection[str],
        occurrences: Sequence[Occurrence],
        recording: Recording | None,
        loaded: Iterable[str],
    ) -> Watched:
        """Join a run of the tests with the generations that await their first one, where anything was recorded yet.

        `passed` are the ids of the tests that passed, `loaded` the project's own files that its tests loaded, both with
        paths from the project's root. `recording` is what `record_run` made of `occurrences`; None where nothing
        failed. Commits that the history has gained are read before.

        Raises:
            StoreError: the ledger cannot be written.
            OSError: what the run was like cannot be noted.
        """
        return self._runs.run(run, passed=passed, occurrences=occurrences, recording=recording, loaded=loaded)

    def import_history(self) -> int:
        """Take in what assistants committed, and what traces tell, since that was last done; how many were new.

        Raises:
            StoreError: the ledger cannot be written.
        """
        return self._runs.gather()

    def models(self) -> list[ModelRates]:
        """What came of what each model wrote, those with most generations first."""
        return self._runs.models()

    def record_generation(self, **event: Any) -> str:
        """Record one operation of a model on a file, by the keys that docs/generations.md lists; its id.

        Only `path` and `time` are required. The same event twice is one generation.

        Raises:
            BadGeneration: a key is unknown, missing or has a value that it cannot have; nothing was recorded.
            StoreError: the store cannot be written; nothing was recorded.
        """
        return self._generations.record(event, way="library").id

    def add_generation(self, event: Mapping[str, Any]) -> Recorded:
        """The same for an event that a tool handed in: its id, and whether it was new."""
        return self._generations.record(event)

    def generations(
        self, *, model: str | None = None, path: str | None = None, limit: int | None = None
    ) -> list[Generation]:
        """Generations, oldest first; with a limit, the latest so many."""
        return self._generations.all(model=model, path=None if path is None else self._relative(path), limit=limit)

    def generation(self, identifier: str) -> Generation:
        """The generation whose id is, or begins with, this one.

        Raises:
            UnknownGeneration: none or several do.
        """
        return self._generations.one(identifier)

    def generation_coverage(self) -> Coverage:
        """Of how many generations prompt, reasoning, model and tests are known."""
        return self._generations.coverage()

    def rate(self, identifier: str, rating: int | str) -> Generation:
        """Say how good a generation was: 1 to 5, `up` for 5 or `down` for 1.

        Raises:
            BadGeneration: it is none of these.
            UnknownGeneration: no generation is named so, or several are.
        """
        return self._generations.rate(identifier, rating)

    def reopen(self, identifier: str, why: str) -> Generation:
        """Say that a generation's task was taken up again, and why.

        Raises:
            BadGeneration: it is not said why.
            UnknownGeneration: no generation is named so, or several are.
        """
        return self._generations.reopen(identifier, why)

    @property
    def _generations(self) -> Generations:
        if self._made_generations is None:
            self._made_generations = self._make_generations()
        return self._made_generations

    def _relative(self, path: str) -> str:
        prefix = self.root.as_posix().rstrip("/") + "/"
        return path.replace("\\", "/").removeprefix(prefix).removeprefix("./")
