"""The concrete parts, each made of what it needs. Adapters and use cases are loaded where they are made."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.adapters.sqlite_store import folder as state
from pytest_llmlearn.app.events import Telling, ToldFixes
from pytest_llmlearn.app.provenance import Origins
from pytest_llmlearn.bootstrap.late import Late
from pytest_llmlearn.bootstrap.plugins import readers
from pytest_llmlearn.bootstrap.redacting import late_redactor
from pytest_llmlearn.domain.assistants import Roster, roster_with
from pytest_llmlearn.settings import Settings

if TYPE_CHECKING:
    from pytest_llmlearn.adapters.git import GitHistory
    from pytest_llmlearn.app.chats import Chats
    from pytest_llmlearn.app.committed import CommittedLessons
    from pytest_llmlearn.app.derive import Deriving
    from pytest_llmlearn.app.embedding import Embedding
    from pytest_llmlearn.app.exposures import Delivery
    from pytest_llmlearn.app.fold import Fold
    from pytest_llmlearn.app.generations import Generations
    from pytest_llmlearn.app.graduate import Graduation
    from pytest_llmlearn.app.heal import Healer, Judge
    from pytest_llmlearn.app.heal_between import Between
    from pytest_llmlearn.app.inquiry import Inquiry
    from pytest_llmlearn.app.judging import Judging
    from pytest_llmlearn.app.maintain import Maintenance
    from pytest_llmlearn.app.memory import Memory
    from pytest_llmlearn.app.ports import Fixes, Ledger, ProvenanceCache
    from pytest_llmlearn.app.ports.exposures import Exposures
    from pytest_llmlearn.app.ports.matchers import Matchers
    from pytest_llmlearn.app.ports.rules import LearnedRules
    from pytest_llmlearn.app.ports.upkeep import Upkeep
    from pytest_llmlearn.app.ports.vectors import Embedder, VectorIndex
    from pytest_llmlearn.app.prove import Proving
    from pytest_llmlearn.app.record import Recording
    from pytest_llmlearn.app.runs import Runs
    from pytest_llmlearn.app.scan import Scanning
    from pytest_llmlearn.app.trying import Trying
    from pytest_llmlearn.app.watch import Watch
    from pytest_llmlearn.domain.entry import Run
    from pytest_llmlearn.domain.occurrence import Occurrence
    from pytest_llmlearn.domain.similarity import Calibration
    from pytest_llmlearn.hookspecs import History, Surroundings

FOLDING_SECONDS = 600.0
"""How long who folds waits for another process that does."""
PATIENT_SECONDS = 3_600.0
"""How long one question to the history may take where a person asks about a whole repository, and waits."""


def surroundings(root: Path) -> Surroundings:
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


def origins(
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
    cached: Any = Late(lambda: remembered(root))
    return Origins(lambda: readers(project, plugins), surroundings.text, history=history, cache=cached)


def remembered(root: Path) -> ProvenanceCache:
    from pytest_llmlearn.adapters.provenance_cache import SqliteProvenanceCache

    return SqliteProvenanceCache(state.database_path(root).with_name("provenance.db"), lambda: state.make(root))


def history(root: Path) -> GitHistory:
    from pytest_llmlearn.adapters.git import GitHistory

    return GitHistory(root)


def runs(
    root: Path, ledger: Ledger, history: GitHistory, roster: Roster, surroundings: Surroundings, origins: Origins
) -> Runs:
    from pytest_llmlearn.adapters.agent_trace.files import TraceFiles
    from pytest_llmlearn.adapters.git import GitBlame
    from pytest_llmlearn.adapters.last_run.seen import SeenFile
    from pytest_llmlearn.app.gather import Gatherer
    from pytest_llmlearn.app.runs import Runs

    gatherer = Gatherer(
        ledger=ledger,
        history=history,
        wrote=GitBlame(history, roster).author,
        traces=TraceFiles(root),
        redact=late_redactor(),
        clock=lambda: datetime.now(UTC),
    )
    return Runs(ledger=ledger, gatherer=gatherer, seen=SeenFile(root), surroundings=surroundings, origins=origins)


def meaning(
    root: Path, settings: Settings, store: SqliteStore, embedder: Embedder | None, *, warm: bool
) -> tuple[Embedding, VectorIndex, Calibration] | None:
    """What a question by meaning needs; None where the settings say that there is to be none.

    Raises:
        MissingExtra: its packages are not installed.
        EmbedderUnavailable: its weights are nowhere, or it cannot be asked.
    """
    from pytest_llmlearn.adapters.embedders.calibrations import kept
    from pytest_llmlearn.bootstrap import indexes, vectors
    from pytest_llmlearn.domain.request import digest_of
    from pytest_llmlearn.domain.similarity import calibration

    chosen = embedder if embedder is not None else vectors.embedder(settings, hurried=True)
    if chosen is None:
        return None
    own = store.vectors()
    return (
        vectors.embedding(root, own, chosen, digest_of),
        indexes.index(root, settings, own, chosen, warm=warm),
        calibration(chosen.name, kept(os.environ)),
    )


def erase_index(root: Path) -> None:
    """Erase what was made of the store's vectors, if any was: it holds what was erased there."""
    if (state.database_path(root).parent / "chroma").exists():
        from pytest_llmlearn.bootstrap import indexes

        indexes.erase(root)


def committed(root: Path, store: SqliteStore, redact: Callable[[str], str]) -> CommittedLessons:
    from pytest_llmlearn.adapters.lessons_file import LessonsFile
    from pytest_llmlearn.app.committed import CommittedLessons

    matchers: Any = Late(store.matchers)
    return CommittedLessons(
        file=LessonsFile(root),
        rows=store.committed(),
        lessons=store.lessons(),
        matchers=matchers,
        redact=redact,
    )


def telling(root: Path, settings: Settings) -> Telling:
    if not settings.events:
        return Telling(None)
    from pytest_llmlearn.adapters.event_lines import EventFile

    return Telling(EventFile(root / settings.events))


def fixes(store: SqliteStore, telling: Telling) -> Fixes:
    return ToldFixes(store.fixes(), telling) if telling.wanted else store.fixes()


def fold(root: Path, store: SqliteStore, redact: Callable[[str], str]) -> Fold:
    from pytest_llmlearn.adapters.git.contents import CommitFiles
    from pytest_llmlearn.app.fold import Fold

    code = cache(lambda commit: CommitFiles(root, commit))
    rows = store.folded()
    return Fold(store=store, fixes=store.fixes(), rows=rows, code=code, redact=redact, alone=lambda: _folding(root))


@contextmanager
def _folding(root: Path) -> Iterator[None]:
    """While one process folds, another waits."""
    from pytest_llmlearn.adapters.one_at_a_time import LockFile
    from pytest_llmlearn.errors import StoreUnavailable

    path = state.database_path(root)
    with ExitStack() as stack:
        try:
            state.make(root)
            stack.enter_context(LockFile(path.with_name("fold.lock")).waited_for(FOLDING_SECONDS))
        except OSError as error:
            raise StoreUnavailable(str(path), error.strerror or str(error)) from error
        yield


def code_state(root: Path) -> str | None:
    from pytest_llmlearn.adapters.git.state import state_of

    return state_of(root)


def siblings(root: Path, path: str) -> Sequence[str]:
    """The Python files beside one, relative to the root."""
    folder = (root / path).parent
    try:
        found = sorted(one.name for one in folder.glob("*.py"))
    except OSError:  # no such folder yet
        return ()
    beside = Path(path).parent.as_posix()
    return [name if beside == "." else f"{beside}/{name}" for name in found if name != Path(path).name]


def delivery(root: Path, exposures: Exposures, surroundings: Surroundings, settings: Settings) -> Delivery:
    from pytest_llmlearn.app.exposures import Delivery

    def awaits() -> None:
        from pytest_llmlearn.adapters.last_run.seen import SeenFile

        SeenFile(root).shown()

    return Delivery(
        exposures,
        lambda path: surroundings.text(path),
        clock=lambda: datetime.now(UTC),
        holdback=settings.holdback,
        awaits=awaits,
    )


def judging(
    root: Path,
    exposures: Exposures,
    history: GitHistory,
    surroundings: Surroundings,
    origins: Origins,
    settings: Settings,
) -> Judging:
    from pytest_llmlearn.adapters.last_run.seen import SeenFile
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


def healer(
    root: Path, store: SqliteStore, fixes: Fixes, surroundings: Surroundings, redact: Callable[[str], str]
) -> Healer:
    from pytest_llmlearn.adapters.last_run.tested import TestedFile
    from pytest_llmlearn.app.heal import Healer

    return Healer(store=store, fixes=fixes, tested=TestedFile(root), surroundings=surroundings, redact=redact)


def between(
    root: Path,
    settings: Settings,
    store: SqliteStore,
    fixes: Fixes,
    redact: Callable[[str], str],
    opened: Callable[[Path, Settings], Memory],
    python: str | None,
) -> Between:
    from pytest_llmlearn.adapters.git.worktrees import GitWorktrees
    from pytest_llmlearn.adapters.trial import ChildTrial
    from pytest_llmlearn.app.heal_between import Between

    def record(scratch: Path, run: Run, occurrences: Sequence[Occurrence]) -> Recording:
        # Into a store of its own, which goes with the scratch folder; what it holds back is needed to compare.
        with opened(scratch, replace(settings, hold_days=1)) as memory:
            return memory.record_run(run, occurrences)

    return Between(
        store=store,
        fixes=fixes,
        worktrees=GitWorktrees(root),
        trial=ChildTrial(root, os.environ, python=python),
        record=record,
        look=surroundings,
        redact=redact,
    )


def maintenance(
    root: Path,
    settings: Settings,
    upkeep: Upkeep,
    exposures: Exposures,
    surroundings: Surroundings,
    prove: Callable[[], int],
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
        retirement=Retirement(surroundings, lambda: python_files(root)),
        alone=LockFile(beside / "maintain.lock"),
        expire=lambda before: exposures.expire(before, time=datetime.now(UTC)),
        trim=trim,
        prove=prove if settings.diagnose != "off" else lambda: 0,
        terms=Terms(
            archive_days=settings.archive_days,
            hold_days=settings.hold_days,
            keep_days=settings.keep_days,
            exposure_days=settings.exposure_days,
        ),
        clock=lambda: datetime.now(UTC),
    )


def python_files(root: Path) -> Sequence[str]:
    from pytest_llmlearn.adapters import walking
    from pytest_llmlearn.adapters.git import listing

    tracked = listing.files(root, ".py")
    return tracked if tracked is not None else walking.files(root, ".py")


def learned_configs(root: Path, configs: Sequence[str]) -> Sequence[str]:
    """A user's rules, with those that the project's own mistakes graduated to, where there are any."""
    from pytest_llmlearn.adapters.learned_rules import NAME

    return (*configs, NAME) if (root / NAME).is_file() and NAME not in configs else configs


def scanning(
    root: Path,
    settings: Settings,
    *,
    store: SqliteStore,
    fixes: Fixes,
    surroundings: Surroundings,
    origins: Origins,
    judging: Judging,
    redact: Callable[[str], str],
    record: Callable[[Run, Sequence[Occurrence]], Recording],
) -> Scanning:
    from pytest_llmlearn.adapters.baseline import BaselineFile
    from pytest_llmlearn.adapters.git import head_commit
    from pytest_llmlearn.adapters.last_run.scanned import ScannedFile
    from pytest_llmlearn.adapters.plain_scanner import PlainScanner
    from pytest_llmlearn.adapters.semgrep.scanner import SemgrepScanner
    from pytest_llmlearn.app.scan import Scanning
    from pytest_llmlearn.domain.sessions import session_id

    def judge_of_fixes() -> Judge:
        from pytest_llmlearn.app.heal import Judge

        return Judge(surroundings, redact)

    judge: Any = Late(judge_of_fixes)

    def content(path: str) -> bytes | None:
        try:
            return (root / path).read_bytes()
        except (OSError, ValueError):  # gone, a folder, or a name that no file can have
            return None

    return Scanning(
        scanner=SemgrepScanner(
            root,
            os.environ,
            program=settings.scan_program,
            configs=learned_configs(root, settings.scan_configs),
            audit=settings.scan_audit,
            seconds=settings.scan_seconds,
        ),
        plain=PlainScanner(root),
        scans=ScannedFile(root, lambda: state.make(root)),
        baseline=BaselineFile(root, settings.scan_baseline),
        files=lambda: python_files(root),
        excluded=settings.scan_exclude,
        surroundings=surroundings,
        content=content,
        origins=origins,
        record=record,
        store=store,
        fixes=fixes,
        judge=judge,
        judging=judging,
        redact=redact,
        clock=lambda: datetime.now(UTC),
        commit=lambda: head_commit(root),
        session=session_id(os.environ),
    )


def learned_rules(root: Path) -> LearnedRules:
    from pytest_llmlearn.adapters.learned_rules import LearnedRulesFile

    return LearnedRulesFile(root, lambda: state.make(root))


def graduation(
    settings: Settings, store: SqliteStore, fixes: Fixes, given: Iterable[object], rules: LearnedRules
) -> Graduation:
    from pytest_llmlearn.adapters.semgrep.rule_tests import SemgrepRuleTests
    from pytest_llmlearn.app.graduate import Graduation
    from pytest_llmlearn.app.lessons import lesson_of
    from pytest_llmlearn.bootstrap.plugins import detectors

    known = {rule.rule_id: rule for each in detectors(tuple(given)) for rule in each.rules}
    lessons = store.lessons()
    return Graduation(
        store=store,
        fixes=fixes,
        matchers=lambda: store.matchers().kept(candidates=True),
        lesson_of=lambda pattern: lesson_of(pattern, lessons, known.get(pattern.rule_id)),
        rules=rules,
        tests=SemgrepRuleTests(os.environ, settings.scan_program),
    )


def inquiry(root: Path, origins: Origins, surroundings: Surroundings, history: Callable[[], GitHistory]) -> Inquiry:
    from pytest_llmlearn.adapters.marks import MarksFile
    from pytest_llmlearn.app.inquiry import Inquiry

    def patient() -> None:
        history().patience = PATIENT_SECONDS

    return Inquiry(
        root,
        origins=origins,
        text_of=surroundings.text,
        files=lambda: python_files(root),
        marks=MarksFile(root, lambda: state.make(root)),
        clock=lambda: datetime.now(UTC),
        patient=patient,
    )


def generations(root: Path, ledger: Ledger, redact: Callable[[str], str], *, keep_code: bool) -> Generations:
    from pytest_llmlearn.adapters import agent_trace
    from pytest_llmlearn.adapters.last_run.seen import SeenFile
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


def watch(root: Path, settings: Settings, store: SqliteStore) -> Watch:
    from pytest_llmlearn.bootstrap import watching
    from pytest_llmlearn.bootstrap.world import LateWorld, world

    return watching.watch(store.matchers, LateWorld(lambda: world(root, settings, os.environ)))


def chats(root: Path, redact: Callable[[str], str]) -> Chats:
    from pytest_llmlearn.adapters.chat_log import ChatFile
    from pytest_llmlearn.app.chats import Chats

    return Chats(ChatFile(root, lambda: state.make(root)), redact=redact, clock=lambda: datetime.now(UTC))


def deriving(matchers: Matchers, look: Trying, redact: Callable[[str], str]) -> Deriving:
    from pytest_llmlearn.app.derive import Deriving
    from pytest_llmlearn.app.trying import Trying
    from pytest_llmlearn.bootstrap import watching

    shapes: Any = Late(lambda: Trying(lambda these: watching.watch(lambda: these, None)))
    return Deriving(matchers, shapes=shapes, trying=look, redact=redact)


def trying(root: Path, settings: Settings) -> Trying:
    """What tries matchers of every kind on texts of the project."""
    from pytest_llmlearn.app.trying import Trying
    from pytest_llmlearn.bootstrap import watching
    from pytest_llmlearn.bootstrap.world import LateWorld, world

    existing = LateWorld(lambda: world(root, settings, os.environ))
    return Trying(lambda these: watching.watch(lambda: these, existing))


def proving(
    root: Path,
    store: SqliteStore,
    fixes: Fixes,
    matchers: Matchers,
    deriving: Deriving,
    look: Trying,
) -> Proving:
    from pytest_llmlearn.adapters.last_run.passed import PassedFile
    from pytest_llmlearn.adapters.last_run.proved import ProvedFile
    from pytest_llmlearn.app.prove import Proving

    def text(path: str) -> str | None:
        # Read anew each time: a server that lives on looks at files as they are by now.
        try:
            return (root / path).read_text(encoding="utf-8")
        except (OSError, ValueError):  # gone, or nothing that can be read as text
            return None

    return Proving(
        matchers,
        look,
        deriving,
        store=store,
        fixes=fixes,
        files=lambda: sorted(PassedFile(root).stands()),
        text=text,
        remembered=ProvedFile(root),
        ran=lambda: PassedFile(root).stamp,
    )
