"""The composition root: the only file that names the concrete parts.

Each part is loaded when it is first needed: a question costs no detector, a passing run no database.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.adapters.sqlite_store import folder as state
from pytest_llmlearn.app.memory import Memory as AppMemory
from pytest_llmlearn.app.provenance import Origins
from pytest_llmlearn.domain.assistants import Roster, roster_with
from pytest_llmlearn.settings import Root, Settings, find_root

if TYPE_CHECKING:
    import pluggy

    from pytest_llmlearn.adapters.git import GitHistory
    from pytest_llmlearn.app.exposures import Delivery
    from pytest_llmlearn.app.generations import Generations
    from pytest_llmlearn.app.heal import Healer
    from pytest_llmlearn.app.heal_between import Between
    from pytest_llmlearn.app.inquiry import Inquiry
    from pytest_llmlearn.app.judging import Judging
    from pytest_llmlearn.app.maintain import Maintenance
    from pytest_llmlearn.app.ports import Fixes, Ledger, ProvenanceCache, SecretScanner
    from pytest_llmlearn.app.ports.exposures import Exposures
    from pytest_llmlearn.app.ports.upkeep import Upkeep
    from pytest_llmlearn.app.record import Recording
    from pytest_llmlearn.app.watch import Watch
    from pytest_llmlearn.domain.entry import Run
    from pytest_llmlearn.domain.occurrence import Occurrence
    from pytest_llmlearn.hookspecs import Detector, History, Project, ProvenanceReader, Surroundings

BUILT_IN = ("async_misuse", "imports", "syntax", "type_errors", "logic", "runtime")
"""Modules of `pytest_llmlearn.detectors`, in the order in which they are asked."""
READERS = ("marks", "markers", "agent_trace", "git_ai", "git", "session")
"""Modules of `pytest_llmlearn.adapters` that know who wrote a line, the earlier before the later where equally sure."""
ENTRY_POINTS = "llmlearn"
PATIENT_SECONDS = 3_600.0
"""How long one question to the history may take where a person asks about a whole repository, and waits."""

log = logging.getLogger(__name__)


class Memory(AppMemory):
    """The memory of one project, put together from the parts that are installed."""

    @classmethod
    def open(
        cls,
        root: str | os.PathLike[str] | None = None,
        *,
        settings: Settings | None = None,
        plugins: Iterable[object] = (),
    ) -> Self:
        """Open the memory of the project at `root`; without one, the project that the current folder belongs to.

        Nothing is created before something is recorded. `settings` default to those of the project and the
        environment. `plugins` are objects or modules with hooks of `pytest_llmlearn.hookspecs`.

        Raises:
            SettingError: the project's settings cannot be used.
        """
        folder = Path(root).absolute() if root is not None else project_root(Path.cwd()).path
        chosen = settings if settings is not None else Settings.load(folder, os.environ)
        surroundings = _Late(lambda: _surroundings(folder))
        given = tuple(plugins)
        history = cache(lambda: _history(folder))
        origins = _origins(folder, chosen, surroundings, _Late(history), given)
        inquiry: Any = _Late(lambda: _inquiry(folder, origins, surroundings, history))
        store = SqliteStore(folder, hold_days=chosen.hold_days, busy_seconds=chosen.busy_seconds)
        ledger = store.ledger(edited_again_seconds=chosen.edited_again_seconds)
        redact = _late_redactor()
        roster = roster_with(chosen.assistants)
        watch: Any = _Late(lambda: _watch(folder, ledger, history(), roster, surroundings, origins))
        fixes: Any = _Late(store.fixes)
        healer: Any = _Late(lambda: _healer(folder, store, fixes, surroundings, redact))
        exposures = store.exposures()
        delivery: Any = _Late(lambda: _delivery(folder, exposures, surroundings, chosen))
        judging: Any = _Late(lambda: _judging(folder, exposures, history(), surroundings, origins, chosen))
        upkeep: Any = _Late(store.upkeep)
        maintenance: Any = _Late(lambda: _maintenance(folder, chosen, upkeep, exposures, surroundings))
        return cls(
            folder,
            store=store,
            lessons=store.lessons(),
            surroundings=surroundings,
            origins=origins,
            inquiry=inquiry,
            watch=watch,
            exposures=exposures,
            delivery=delivery,
            judging=judging,
            upkeep=upkeep,
            maintenance=maintenance,
            fixes=fixes,
            healer=healer,
            between=lambda python: _between(folder, chosen, store, fixes, redact, given, python),
            generations=lambda: _generations(folder, ledger, redact, keep_code=chosen.store_full_code),
            detectors=lambda: detectors(given),
            redact=redact,
            clock=lambda: datetime.now(UTC),
            everything=chosen.scope == "all",
            hold=chosen.hold_days > 0,
            half_life_days=chosen.half_life_days,
        )


class _Late:
    """Stands for a part until it is first asked, then is that part."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._part: Any = None

    @property
    def made(self) -> bool:
        return self._part is not None

    def __getattr__(self, name: str) -> Any:
        if self._part is None:
            self._part = self._make()
        return getattr(self._part, name)


def _late_redactor() -> Callable[[str], str]:
    late = _Late(lambda: SimpleNamespace(redact=redactor()))
    return lambda text: str(late.redact(text))


def _surroundings(root: Path) -> Surroundings:
    from pytest_llmlearn.adapters.surroundings import ProjectSurroundings

    return ProjectSurroundings(root)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Project:
    """What readers of provenance are made of."""

    root: Path
    generated: Sequence[tuple[str, str | None]]
    assistants: Roster
    environ: Mapping[str, str]
    history: History
    surroundings: Surroundings

    def text(self, path: str) -> str | None:
        return self.surroundings.text(path)


def _origins(
    root: Path, settings: Settings, surroundings: Surroundings, history: Any, plugins: Iterable[object]
) -> Origins:
    project = _Project(
        root=root,
        generated=settings.generated,
        assistants=roster_with(settings.assistants),
        environ=os.environ,
        history=history,
        surroundings=surroundings,
    )
    remembered: Any = _Late(lambda: _remembered(root))
    return Origins(lambda: readers(project, plugins), surroundings.text, history=history, cache=remembered)


def _remembered(root: Path) -> ProvenanceCache:
    from pytest_llmlearn.adapters.provenance_cache import SqliteProvenanceCache

    return SqliteProvenanceCache(state.database_path(root).with_name("provenance.db"), lambda: state.make(root))


def _history(root: Path) -> GitHistory:
    from pytest_llmlearn.adapters.git import GitHistory

    return GitHistory(root)


def _watch(
    root: Path, ledger: Ledger, history: GitHistory, roster: Roster, surroundings: Surroundings, origins: Origins
) -> Watch:
    from pytest_llmlearn.adapters.agent_trace.files import TraceFiles
    from pytest_llmlearn.adapters.git import GitBlame
    from pytest_llmlearn.adapters.seen import SeenFile
    from pytest_llmlearn.app.gather import Gatherer
    from pytest_llmlearn.app.watch import Watch

    gatherer = Gatherer(
        ledger=ledger,
        history=history,
        wrote=GitBlame(history, roster).author,
        traces=TraceFiles(root),
        redact=_late_redactor(),
        clock=lambda: datetime.now(UTC),
    )
    return Watch(ledger=ledger, gatherer=gatherer, seen=SeenFile(root), surroundings=surroundings, origins=origins)


def _delivery(root: Path, exposures: Exposures, surroundings: Surroundings, settings: Settings) -> Delivery:
    from pytest_llmlearn.app.exposures import Delivery

    def awaits() -> None:
        from pytest_llmlearn.adapters.seen import SeenFile

        SeenFile(root).shown()

    return Delivery(
        exposures,
        lambda path: surroundings.text(path),
        clock=lambda: datetime.now(UTC),
        holdback=settings.holdback,
        awaits=awaits,
    )


def _judging(
    root: Path,
    exposures: Exposures,
    history: GitHistory,
    surroundings: Surroundings,
    origins: Origins,
    settings: Settings,
) -> Judging:
    from pytest_llmlearn.adapters.seen import SeenFile
    from pytest_llmlearn.app.attribute import Attribution
    from pytest_llmlearn.app.judging import Judging

    def changed(path: str) -> datetime | None:
        try:
            return datetime.fromtimestamp((root / path).stat().st_mtime, UTC)
        except (OSError, ValueError):  # gone, or a time that nobody was at
            return None

    return Judging(
        exposures,
        surroundings=surroundings,
        everything=cache(lambda: Attribution(surroundings, origins, everything=True)),
        changed=changed,
        uncommitted=history.uncommitted,
        seen=SeenFile(root),
        days=settings.exposure_days,
    )


def _healer(
    root: Path, store: SqliteStore, fixes: Fixes, surroundings: Surroundings, redact: Callable[[str], str]
) -> Healer:
    from pytest_llmlearn.adapters.tested import TestedFile
    from pytest_llmlearn.app.heal import Healer

    return Healer(store=store, fixes=fixes, tested=TestedFile(root), surroundings=surroundings, redact=redact)


def _between(
    root: Path,
    settings: Settings,
    store: SqliteStore,
    fixes: Fixes,
    redact: Callable[[str], str],
    plugins: Iterable[object],
    python: str | None,
) -> Between:
    from pytest_llmlearn.adapters.git.worktrees import GitWorktrees
    from pytest_llmlearn.adapters.trial import ChildTrial
    from pytest_llmlearn.app.heal_between import Between

    def record(scratch: Path, run: Run, occurrences: Sequence[Occurrence]) -> Recording:
        # Into a store of its own, which goes with the scratch folder; what it holds back is needed to compare.
        with Memory.open(scratch, settings=replace(settings, hold_days=1), plugins=plugins) as memory:
            return memory.record_run(run, occurrences)

    return Between(
        store=store,
        fixes=fixes,
        worktrees=GitWorktrees(root),
        trial=ChildTrial(root, os.environ, python=python),
        record=record,
        look=_surroundings,
        redact=redact,
    )


def _maintenance(
    root: Path, settings: Settings, upkeep: Upkeep, exposures: Exposures, surroundings: Surroundings
) -> Maintenance:
    from pytest_llmlearn.adapters.one_at_a_time import LockFile
    from pytest_llmlearn.app.maintain import Maintenance, Terms
    from pytest_llmlearn.app.retire import Retirement

    beside = state.database_path(root).parent

    def trim() -> int:
        from pytest_llmlearn.adapters.provenance_cache import SqliteProvenanceCache

        remembered = SqliteProvenanceCache(beside / "provenance.db", lambda: state.make(root))
        try:
            return remembered.trim()
        finally:
            remembered.close()

    return Maintenance(
        upkeep,
        retirement=Retirement(surroundings, lambda: _python_files(root)),
        alone=LockFile(beside / "maintain.lock"),
        expire=lambda before: exposures.expire(before, time=datetime.now(UTC)),
        trim=trim,
        terms=Terms(
            archive_days=settings.archive_days,
            hold_days=settings.hold_days,
            keep_days=settings.keep_days,
            exposure_days=settings.exposure_days,
        ),
        clock=lambda: datetime.now(UTC),
    )


def _python_files(root: Path) -> Sequence[str]:
    from pytest_llmlearn.adapters import walking
    from pytest_llmlearn.adapters.git import listing

    tracked = listing.files(root, ".py")
    return tracked if tracked is not None else walking.files(root, ".py")


def _inquiry(root: Path, origins: Origins, surroundings: Surroundings, history: Callable[[], GitHistory]) -> Inquiry:
    from pytest_llmlearn.adapters.marks import MarksFile
    from pytest_llmlearn.app.inquiry import Inquiry

    def patient() -> None:
        history().patience = PATIENT_SECONDS

    return Inquiry(
        root,
        origins=origins,
        text_of=surroundings.text,
        files=lambda: _python_files(root),
        marks=MarksFile(root, lambda: state.make(root)),
        clock=lambda: datetime.now(UTC),
        patient=patient,
    )


def _generations(root: Path, ledger: Ledger, redact: Callable[[str], str], *, keep_code: bool) -> Generations:
    from pytest_llmlearn.adapters import agent_trace
    from pytest_llmlearn.adapters.seen import SeenFile
    from pytest_llmlearn.app.generations import Generations

    return Generations(
        root,
        ledger=ledger,
        traces=SimpleNamespace(append=lambda line: agent_trace.append(root, line)),
        redact=redact,
        clock=lambda: datetime.now(UTC),
        awaits=SeenFile(root).awaits,
        keep_code=keep_code,
    )


def readers(project: Project, plugins: Iterable[object] = ()) -> list[ProvenanceReader]:
    """Every reader of provenance: the built-in ones, those of installed plug-ins, then those of `plugins`."""
    found: list[ProvenanceReader] = []
    built_in = [import_module(f"pytest_llmlearn.adapters.{name}") for name in READERS]
    _each_alone(
        (*built_in, *_installed(), *plugins),
        lambda hook: hook.llmlearn_register_provenance(register=found.append, project=project),
        "could not register its readers of provenance",
    )
    return found


def detectors(plugins: Iterable[object] = ()) -> list[Detector]:
    """Every detector: the built-in ones, those of installed plug-ins, then those of `plugins`."""
    found: list[Detector] = []
    built_in = [import_module(f"pytest_llmlearn.detectors.{name}") for name in BUILT_IN]
    _each_alone(
        (*built_in, *_installed(), *plugins),
        lambda hook: hook.llmlearn_register_detectors(register=found.append),
        "could not register its detectors",
    )
    return found


def _installed() -> Sequence[object]:
    """The plug-ins that installed distributions bring by an entry point of our group."""
    return _installed_along(tuple(sys.path))


@cache
def _installed_along(path: tuple[str, ...]) -> Sequence[object]:
    """Those that are found along `path`, which is `sys.path`: to look through all distributions takes milliseconds."""
    from pytest_llmlearn import hookspecs

    installed = _plugin_manager(hookspecs.PROJECT)
    installed.load_setuptools_entrypoints(ENTRY_POINTS)
    return tuple(installed.get_plugins())


@cache
def _hooks() -> ModuleType:
    """The hooks alone: pluggy looks at every name of what it is given, each time, and the module has many more."""
    from pytest_llmlearn import hookspecs

    alone = ModuleType(hookspecs.__name__)
    vars(alone).update({name: hook for name, hook in vars(hookspecs).items() if name.startswith("llmlearn_")})
    return alone


def _each_alone(plugins: Iterable[object], call: Callable[[Any], object], failed: str) -> None:
    """Call a hook of each plug-in. One that raises is logged and left out; the others are not its hostages."""
    from pytest_llmlearn import hookspecs

    for plugin in dict.fromkeys(plugins):
        # One raising implementation voids a whole pluggy call, so each plug-in gets a call of its own.
        alone = _plugin_manager(hookspecs.PROJECT)
        alone.add_hookspecs(_hooks())
        try:
            alone.register(plugin)
            call(alone.hook)
        except Exception:  # a plug-in may be anyone's
            log.exception("%r %s", plugin, failed)


def _plugin_manager(project: str) -> pluggy.PluginManager:
    """pluggy's manager, which also takes our hooks unmarked: their prefix is ours, as pytest does with its own."""
    import pluggy

    class Manager(pluggy.PluginManager):
        def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
            if not name.startswith("llmlearn_"):
                return None
            marked = super().parse_hookimpl_opts(plugin, name)
            return marked if marked is not None else {} if callable(getattr(plugin, name, None)) else None

    return Manager(project)


def redactor() -> Callable[[str], str]:
    """What makes text fit to be written down: our own table, and detect-secrets where it is installed."""
    from pytest_llmlearn.domain.redaction import redact

    home = str(Path.home())
    if find_spec("detect_secrets") is None:
        return lambda text: redact(text, home=home)
    from pytest_llmlearn.adapters.secrets import DetectSecretsScanner

    scanner: SecretScanner = DetectSecretsScanner()
    return lambda text: redact(text, extra=scanner.find(text), home=home)


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
