"""The version history around a project, as git knows it.

Each question costs git once: what was answered is kept for as long as the file, or the commit it was asked at, is the
same. What git did not say, or not in time, is asked again only by somebody with more patience.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_llmlearn.adapters.git import objects, questions
from pytest_llmlearn.adapters.git.added import lines_in
from pytest_llmlearn.adapters.git.asking import Refused, Repository
from pytest_llmlearn.adapters.git.blame import Spans, laid_on_commits
from pytest_llmlearn.adapters.git.changes import COMMITS, commit
from pytest_llmlearn.adapters.git.log import log
from pytest_llmlearn.adapters.git.places import Places, is_inside
from pytest_llmlearn.adapters.git.repository import COMMIT, cut_commits, end, environment, reference
from pytest_llmlearn.adapters.git.standing import decisive
from pytest_llmlearn.domain.history import Change, Commit, Logged, Origin

SECONDS = 10.0
"""How long one question may take."""
GLANCE_SECONDS = 2.0
GLANCE_COMMITS = 20_000
"""What a look at the latest commits may take."""

_REF = re.compile(r"refs/(?!.*\.\.)[\w.+@/-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Blamed:
    """What came of blaming one file: `spans` of lines, None where no commit knows it, or where `failed`."""

    stamp: object
    spans: Spans | None = None
    origins: Sequence[Origin | None] = ()
    failed: float | None = None
    """How much patience did not suffice."""

    def is_worth_more(self, patience: float) -> bool:
        """Whether so much patience may bring an answer that less did not."""
        return self.failed is not None and patience > self.failed

    @property
    def known(self) -> bool:
        """Whether a commit holds the file, or some lines of it."""
        return self.spans is not None and (not self.spans or any(span.committed for span in self.spans))

    @property
    def uncommitted(self) -> Sequence[bool]:
        """Of each line, whether it is in no commit."""
        lines = [False] * len(self.origins)
        for span in self.spans or ():
            if not span.committed:
                lines[span.first - 1 : span.first - 1 + span.count] = [True] * span.count
        return lines


class GitHistory:
    """`hookspecs.History` of git. `root` is the project's; it may lie within a repository, hold several, or none.

    `environ` is the environment, None for the process's. `seconds` bounds what one question waits for: what is not
    found by then is left out, and that is said. Whoever asks about a whole repository, and is ready to wait, sets
    `patience` to more before asking; files that were left out for want of time are then asked about again.
    """

    def __init__(self, root: Path, *, environ: Mapping[str, str] | None = None, seconds: float = SECONDS) -> None:
        self.patience = seconds
        self._given = os.environ if environ is None else environ
        self._environ = environment(self._given)
        self._places = Places(root)
        self._notices: dict[str, None] = {}
        self._repositories: dict[Path, Repository] = {}
        self._blamed: dict[str, _Blamed] = {}
        self._ignored: dict[Path, tuple[object, bool]] = {}
        self._commits: dict[str, Commit | None] = {}
        self._noted: dict[tuple[Path, str, str], dict[str, str | None]] = {}
        self._touched: dict[tuple[Path, str], dict[str, tuple[Change, ...]]] = {}
        # An editor's server asks from several threads; the second waits for the first one's answer.
        self._lock = threading.RLock()
        self._depth = 0
        self._deadline = 0.0

    @property
    def notices(self) -> Sequence[str]:
        """Sentences that a person should read: history that is cut, a git that failed."""
        return [*self._notices]

    def origins(self, paths: Sequence[str]) -> Mapping[str, Sequence[Origin | None]]:
        """As `hookspecs.History.origins`: by blame, which follows renamings and leaves out commits to be ignored."""
        return {path: blamed.origins for path, blamed in self._blame(paths).items() if blamed.known}

    def uncommitted(self, paths: Sequence[str]) -> Mapping[str, Sequence[bool]]:
        """As `hookspecs.History.uncommitted`. A file that is only staged is in no commit; one that is gone, nowhere."""
        blamed = self._blame(paths)
        unknown = [path for path, one in blamed.items() if one.spans is None and one.failed is None]
        answers = {path: one.uncommitted for path, one in blamed.items() if one.spans is not None}
        return {**answers, **self._untracked(unknown)}

    def commits(self, ids: Collection[str]) -> Mapping[str, Commit]:
        """As `hookspecs.History.commits`. Ids are whole ones; shortened ones are not known."""
        with self._question():
            missing = sorted(one for one in set(ids) if one not in self._commits and COMMIT.fullmatch(one))
            for repository in self._each(missing):
                with self._guarded(repository):
                    self._read(repository, missing, plain=objects.is_plain(repository.top, self._given))
                missing = [one for one in missing if one not in self._commits]
                if not missing:
                    break
            for one in ids:
                self._commits.setdefault(one, None)
            return {one: known for one in ids if (known := self._commits[one]) is not None}

    def notes(self, ref: str, commits: Collection[str]) -> Mapping[str, str]:
        """As `hookspecs.History.notes`. Repositories without the reference cost no process."""
        answers: dict[str, str] = {}
        with self._question():
            for repository in self._each(commits) if _REF.fullmatch(ref) else ():
                at = reference(repository.top, ref, self._environ)
                if at is None:
                    continue
                known = self._noted.setdefault((repository.top, ref, at), {})
                missing = sorted(one for one in set(commits) if one not in known and COMMIT.fullmatch(one))
                if missing:
                    with self._guarded(repository):
                        found = questions.notes(repository, ref, missing)
                        known.update((one, found.get(one)) for one in missing)
                answers.update((one, note) for one in commits if (note := known.get(one)) is not None)
        return answers

    def touching(self, names: Sequence[str]) -> Mapping[str, Sequence[Change]]:
        """As `hookspecs.History.touching`, in the repositories whose names they are by `name_of`, else the root's."""
        answers: dict[str, Sequence[Change]] = {}
        asking: dict[Path, list[str]] = {}
        for name in dict.fromkeys(names):
            for top in self._places.tops_of(name) if is_inside(name) and "\n" not in name else ():
                asking.setdefault(top, []).append(name)
        with self._question():
            for top, wanted in asking.items():
                head = reference(top, "HEAD", self._environ)
                if head is None:
                    continue
                known = self._touched.setdefault((top, head), {})
                missing = [name for name in wanted if name not in known]
                repository = self._repository(top)
                if missing:
                    with self._guarded(repository):
                        known.update(questions.touching(repository, head, missing) or {})
                answers.update((name, found) for name in wanted if (found := known.get(name)))
        return answers

    def name_of(self, path: str) -> str | None:
        """As `hookspecs.History.name_of`."""
        return self._places.name_of(path)

    def heads(self, paths: Sequence[str]) -> Mapping[str, str]:
        """As `hookspecs.History.heads`.

        A file is left out once it was found to be in no commit, or git failed to say: then not only the commit
        decides what is known of it, but also what is staged, and how much time there was.
        """
        at: dict[Path, str | None] = {}
        answers: dict[str, str] = {}
        for path in paths:
            place = self._places.of(path)
            if place is None:
                continue
            top, _ = place
            if top not in at:
                at[top] = reference(top, "HEAD", self._environ)
            head = at[top]
            blamed = self._blamed.get(path)
            if head is not None and (blamed is None or blamed.known):
                answers[path] = head
        return answers

    def untouched(self, paths: Sequence[str], since: str) -> frozenset[str]:
        """As `hookspecs.History.untouched`: one process for each repository, none for one that is at `since`."""
        found: set[str] = set()
        with self._question():
            for top, inside in self._places.by_repository(paths).items():
                head = reference(top, "HEAD", self._environ)
                touched: Collection[str] | None = None
                if head == since:
                    touched = ()
                elif head is not None and COMMIT.fullmatch(since):
                    repository = self._repository(top)
                    with self._guarded(repository):
                        touched = questions.touched(repository, since, head)
                if touched is not None:
                    found.update(path for name, given in inside.items() if name not in touched for path in given)
        return frozenset(found)

    def log(self, since: str | None, limit: int) -> Sequence[Logged] | None:
        """As `hookspecs.History.log`: one process."""
        top, here = self._places.here
        if top is None or reference(top, "HEAD", self._environ) is None:
            return []
        with self._question():
            repository = self._repository(top)
            with self._guarded(repository):
                return log(repository, PurePosixPath(here.relative_to(top).as_posix()), since, limit)
        return None

    def state(self, ref: str) -> str:
        """As `hookspecs.History.state`, of the repository around the root and those that `standing.around` finds in it.

        These are the same in every process, whatever was asked before; so an answer that is remembered by it holds.
        """
        if not _REF.fullmatch(ref):
            return ""
        return " ".join(found for top in self._places.around if (found := reference(top, ref, self._environ)))

    def latest(self, limit: int = GLANCE_COMMITS) -> Iterator[Commit]:
        """The latest commits up to the present one, newest first, for a glance: at most `limit`, and as many as come
        within `GLANCE_SECONDS`."""
        for top in self._places.around:
            if reference(top, "HEAD", self._environ) is None:
                continue
            try:
                process = self._repository(top).begin(["log", "-z", f"--max-count={limit}", COMMITS, "HEAD"])
            except Refused as refusal:
                self._notice(str(refusal))
                return
            # A timer, for reading blocks where git is slow; killed, it has said what it had to say.
            timer = threading.Timer(min(self.patience, GLANCE_SECONDS), process.kill)
            timer.start()
            assert process.stdout is not None
            rest = b""
            try:
                while chunk := os.read(process.stdout.fileno(), 65_536):
                    *whole, rest = (rest + chunk).split(b"\0")
                    yield from (commit(record.decode("utf-8", "replace")) for record in whole if record)
            finally:
                timer.cancel()
                end(process)

    def standing(self) -> str:
        """A digest of all that decides git's answers beside texts and commits: `standing.decisive`. No process."""
        return decisive(self._places.around, self._given)

    def _blame(self, paths: Sequence[str]) -> dict[str, _Blamed]:
        """What is known of each of the paths that lie in a repository, after asking for what is not known yet."""
        found: dict[str, _Blamed] = {}
        with self._question():
            for top, inside in self._places.by_repository(paths).items():
                head = reference(top, "HEAD", self._environ)
                stamps = {name: (head, _stat(top / name)) for name in inside}
                known = {name: self._blamed.get(given[0]) for name, given in inside.items()}
                todo = [
                    name
                    for name, one in known.items()
                    if one is None or one.stamp != stamps[name] or one.is_worth_more(self.patience)
                ]
                if todo:
                    # Without any commit nothing is known, and nothing failed.
                    spans = self._spans(top, todo) if head is not None else dict.fromkeys(todo)
                    cut = cut_commits(top)
                    self._tell_of_cuts(top, cut, spans)
                    for name in todo:
                        known[name] = (
                            _Blamed(stamp=stamps[name], spans=spans[name], origins=_spread(spans[name], cut))
                            if name in spans
                            else _Blamed(stamp=stamps[name], failed=self.patience)
                        )
                found.update((path, one) for name, one in known.items() if one is not None for path in inside[name])
            self._blamed.update(found)
        return found

    def _spans(self, top: Path, names: list[str]) -> dict[str, Spans | None]:
        """Blame these files, and read the commits they come from, which whoever asks wants to know next."""
        repository = self._repository(top)
        found: dict[str, Spans | None] = {}
        with self._guarded(repository):
            plain = False
            reading: list[subprocess.Popen[bytes]] = []

            def meanwhile() -> None:
                nonlocal plain
                plain = objects.is_plain(top, self._given)
                if not plain:  # a process that is begun while blame is at work is ready when the commits are known
                    reading.append(questions.begin_reading(repository))

            try:
                found.update(laid_on_commits(repository, names, meanwhile))
                named = {span.commit for spans in found.values() for span in spans or () if span.committed}
                self._read(repository, sorted(named - self._commits.keys()), *reading, plain=plain)
            finally:
                for process in reading:
                    end(process)
        return found

    def _read(
        self, repository: Repository, ids: list[str], process: subprocess.Popen[bytes] | None = None, *, plain: bool
    ) -> None:
        """Read commits; few ones, if `plain`, from their files. `process` is one that was begun for it."""
        if plain and len(ids) <= objects.MOST:
            self._commits.update((one.id, one) for one in objects.read(repository.top, ids))
            ids = [one for one in ids if one not in self._commits]
        if ids:
            # Out of time, what led to these ids has been paid for, and this is quick.
            read = questions.commits(repository, ids, process, patience=1.0)
            self._commits.update((one.id, one) for one in read)

    def _tell_of_cuts(self, top: Path, cut: Collection[str], found: Mapping[str, Spans | None]) -> None:
        if cut and any(span.commit in cut for spans in found.values() for span in spans or ()):
            self._notice(
                f"{top} is a shallow clone: lines older than its history are of unknown origin; "
                "`git fetch --unshallow` (in CI, a fetch depth of 0) tells more."
            )

    def _untracked(self, paths: list[str]) -> dict[str, Sequence[bool]]:
        """Of files that git does not know: every line is uncommitted, unless they are ignored."""
        answers: dict[str, Sequence[bool]] = {}
        with self._question():
            for top, inside in self._places.by_repository(paths).items():
                contents = {name: content for name in inside if (content := _content(top / name)) is not None}
                stamps = {name: _stat(top / name) for name in contents}
                todo = [name for name in contents if self._ignored.get(top / name, (None,))[0] != stamps[name]]
                repository = self._repository(top)
                if todo:
                    with self._guarded(repository):
                        ignored = questions.ignored(repository, todo)
                        if ignored is not None:
                            self._ignored.update((top / name, (stamps[name], name in ignored)) for name in todo)
                for name, content in contents.items():
                    stamp, left_out = self._ignored.get(top / name, (None, True))
                    if stamp == stamps[name] and not left_out:
                        answers.update(dict.fromkeys(inside[name], [True] * lines_in(content)))
        return answers

    def _each(self, ids: Collection[str]) -> Iterator[Repository]:
        """The repositories of the project, then others that were asked; none if there is nothing to ask for."""
        if ids:
            for top in dict.fromkeys([*self._places.around, *self._repositories]):
                yield self._repository(top)

    def _repository(self, top: Path) -> Repository:
        if top not in self._repositories:
            self._repositories[top] = Repository(top=top, environ=self._environ, notice=self._notice)
        return self._repositories[top]

    @contextmanager
    def _question(self) -> Iterator[None]:
        """One question, from one thread at a time, with one limit to all that it takes."""
        with self._lock:
            self._depth += 1
            if self._depth == 1:
                self._deadline = time.monotonic() + self.patience
            try:
                yield
            finally:
                self._depth -= 1

    @contextmanager
    def _guarded(self, repository: Repository) -> Iterator[None]:
        """Ask a repository; if it refuses, that is said."""
        repository.deadline = self._deadline
        try:
            yield
        except Refused as refusal:
            self._notice(str(refusal))

    def _notice(self, sentence: str) -> None:
        self._notices.setdefault(sentence)


def _spread(spans: Spans | None, cut: Collection[str]) -> Sequence[Origin | None]:
    lines: list[Origin | None] = [None] * max((span.first + span.count - 1 for span in spans or ()), default=0)
    for span in spans or ():
        if span.committed and span.commit not in cut:
            lines[span.first - 1 : span.first - 1 + span.count] = span.origins()
    return lines


def _stat(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return None
