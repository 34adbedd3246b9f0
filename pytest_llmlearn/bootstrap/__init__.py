"""The composition root: the only file that names the concrete parts.

Each part is loaded when it is first needed: a question costs no detector, a passing run no database.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.meaning import Meaning
from pytest_llmlearn.app.memory import Memory as AppMemory
from pytest_llmlearn.bootstrap import parts
from pytest_llmlearn.bootstrap.late import Late
from pytest_llmlearn.bootstrap.plugins import detectors, readers
from pytest_llmlearn.bootstrap.redacting import late_redactor, redactor
from pytest_llmlearn.domain.assistants import roster_with
from pytest_llmlearn.settings import Root, Settings, find_root

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Embedder
    from pytest_llmlearn.domain.guidance import Guidance, Query

__all__ = ["Memory", "current_commit", "detectors", "project_root", "readers", "redactor"]


LISTED_SECONDS = 10.0
"""For which a process that lives on goes by the same list of the project's files, to tell what is gone."""


class Memory(AppMemory):
    """The memory of one project, put together from the parts that are installed."""

    _surroundings_late: Late | None = None
    _maintenance_late: Late | None = None
    _listed = 0.0

    @classmethod
    def open(
        cls,
        root: str | os.PathLike[str] | None = None,
        *,
        settings: Settings | None = None,
        plugins: Iterable[object] = (),
        embedder: Embedder | None = None,
        warm: bool = False,
        patient: bool = False,
    ) -> Self:
        """Open the memory of the project at `root`; without one, the project that the current folder belongs to.

        Nothing is created before something is recorded. `settings` default to those of the project and the
        environment. `plugins` are objects or modules with hooks of `pytest_llmlearn.hookspecs`. `embedder` makes
        vectors instead of that of the settings. `warm` says that many questions will be asked: then what finds near
        vectors is kept in memory, and loaded in the background from the first question on: until it is there, words
        and names alone answer. `patient` lets the first question wait for it, so that no answer depends on time.

        Raises:
            SettingError: the project's settings cannot be used.
        """
        folder = Path(root).absolute() if root is not None else project_root(Path.cwd()).path
        chosen = settings if settings is not None else Settings.load(folder, os.environ)
        surroundings = Late(lambda: parts.surroundings(folder))
        given = tuple(plugins)

        def scratch(elsewhere: Path, terms: Settings) -> AppMemory:
            return cls.open(elsewhere, settings=terms, plugins=given)

        history = cache(lambda: parts.history(folder))
        origins = parts.origins(folder, chosen, surroundings, Late(history), given)
        inquiry: Any = Late(lambda: parts.inquiry(folder, origins, surroundings, history))
        store = SqliteStore(
            folder,
            hold_days=chosen.hold_days,
            busy_seconds=chosen.busy_seconds,
            matcher_hits=chosen.matcher_hits,
        )
        ledger = store.ledger(edited_again_seconds=chosen.edited_again_seconds)
        redact = late_redactor()
        matchers: Any = Late(store.matchers)
        trying: Any = Late(lambda: parts.trying(folder, chosen))
        deriving = cache(lambda: parts.deriving(matchers, trying, redact))
        roster = roster_with(chosen.assistants)
        runs: Any = Late(lambda: parts.runs(folder, ledger, history(), roster, surroundings, origins))
        telling = parts.telling(folder, chosen)
        fixes: Any = Late(lambda: parts.fixes(store, telling))
        healer: Any = Late(lambda: parts.healer(folder, store, fixes, surroundings, redact))
        committed: Any = Late(lambda: parts.committed(folder, store, redact))
        learned_rules: Any = Late(lambda: parts.learned_rules(folder))
        graduation: Any = Late(lambda: parts.graduation(chosen, store, fixes, given, learned_rules))
        exposures = store.exposures()
        delivery: Any = Late(lambda: parts.delivery(folder, exposures, surroundings, chosen))
        judging: Any = Late(lambda: parts.judging(folder, exposures, history(), surroundings, origins, chosen))
        upkeep: Any = Late(store.upkeep)
        proving = cache(lambda: parts.proving(folder, store, fixes, matchers, deriving(), trying))
        maintenance: Any = Late(
            lambda: parts.maintenance(folder, chosen, upkeep, exposures, surroundings, lambda: proving().run().anew)
        )
        memory = cls(
            folder,
            store=store,
            lessons=store.lessons(),
            surroundings=surroundings,
            origins=origins,
            inquiry=inquiry,
            runs=runs,
            exposures=exposures,
            delivery=delivery,
            judging=judging,
            upkeep=upkeep,
            maintenance=maintenance,
            fixes=fixes,
            healer=healer,
            committed=committed,
            telling=telling,
            fold=lambda: parts.fold(folder, store, redact),
            between=lambda python: parts.between(folder, chosen, store, fixes, redact, scratch, python),
            scanning=lambda record: parts.scanning(
                folder,
                chosen,
                store=store,
                fixes=fixes,
                surroundings=surroundings,
                origins=origins,
                judging=judging,
                redact=redact,
                record=record,
            ),
            watch=cache(lambda: parts.watch(folder, chosen, store)),
            matchers=matchers,
            deriving=deriving,
            proving=proving,
            matcher_hits=chosen.matcher_hits,
            derives=chosen.diagnose != "off",
            learned_rules=learned_rules,
            graduation=graduation,
            generations=lambda: parts.generations(folder, ledger, redact, keep_code=chosen.store_full_code),
            chats=lambda: parts.chats(folder, redact),
            chronicle=store.chronicle,
            detectors=lambda: detectors(given),
            redact=redact,
            clock=lambda: datetime.now(UTC),
            everything=chosen.scope == "all",
            hold=chosen.hold_days > 0,
            half_life_days=chosen.half_life_days,
            requests=store.requests(),
            meaning=Meaning(
                lambda: parts.meaning(folder, chosen, store, embedder, warm=warm),
                in_background=warm and not patient,
                lives_on=warm,
            ),
            siblings=lambda path: parts.siblings(folder, path),
            # Who asks once has nothing to remember.
            state=store.state if warm else lambda: None,
            strict=chosen.same_model_only,
            min_confidence=chosen.min_confidence,
            erase_index=lambda: parts.erase_index(folder),
            code_state=lambda: parts.code_state(folder),
        )
        if warm:
            memory._surroundings_late, memory._maintenance_late = surroundings, maintenance
        return memory

    def recall(self, query: Query) -> Guidance:
        """As `app.Memory.recall`, of the project's files as they are now: a run reads each once, but a process that
        lives on would answer by what they were when it was asked first."""
        if self._surroundings_late is not None and self._maintenance_late is not None:
            self._surroundings_late.drop()
            if time.monotonic() - self._listed > LISTED_SECONDS:
                self._maintenance_late.drop()
                self._listed = time.monotonic()
        return super().recall(query)


def project_root(start: Path, store: str | None = None, environ: Mapping[str, str] | None = None) -> Root:
    """The root of the project that the folder `start` belongs to: settings, else git's top level, else `start`."""

    def otherwise() -> Root:
        from pytest_llmlearn.adapters.git import toplevel

        top = toplevel(start)
        if top is not None:
            return Root(path=top, why="git's top level")
        return Root(path=start, why="the current folder: no store, settings or git repository upwards")

    return find_root(start, os.environ if environ is None else environ, store, otherwise)


def current_commit(root: Path) -> str | None:
    """The commit that is checked out, or None."""
    from pytest_llmlearn.adapters.git import head_commit

    return head_commit(root)
