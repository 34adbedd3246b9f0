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
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_llmlearn.adapters.git.added import lines_in
from pytest_llmlearn.adapters.git.asking import Refused, Repository
from pytest_llmlearn.adapters.git.blame import Spans, laid_on_commits
from pytest_llmlearn.adapters.git.changes import CHANGES, COMMITS, changes, commit
from pytest_llmlearn.adapters.git.log import log
from pytest_llmlearn.adapters.git.repository import (
    COMMIT,
    cut_commits,
    end,
    environment,
    git_folder,
    reference,
    toplevel,
)
from pytest_llmlearn.adapters.git.standing import around, decisive
from pytest_llmlearn.domain.history import Change, Commit, Logged, Origin

SECONDS = 10.0
"""How long one question may take."""
GLANCE_SECONDS = 2.0
GLANCE_COMMITS = 20_000
"""What a look at the latest commits may take."""

_REF = re.compile(r"refs/[\w.+@/-]+")
_NAMED_COMMITS = ["log", "-z", "--no-walk=unsorted", "--stdin", "--ignore-missing"]
_READ_COMMITS = [*_NAMED_COMMITS, COMMITS]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What came of blaming one file: `spans` of lines, None where no commit knows it, or where `failed`."""

    stamp: object
    spans: Spans | None = None
    failed: float | None = None
    """How much patience did not suffice."""
    origins: Sequence[Origin | None] = ()

    def is_worth_more(self, patience: float) -> bool:
        """Whether so much patience may bring an answer that less did not."""
        return self.failed is not None and patience > self.failed

    @property
    def known(self) -> bool:
        """Whether a commit holds the file, or some lines of it."""
        return self.spans is not None and (not self.spans or any(span.committed for span in self.spans))


class GitHistory:
    """`hookspecs.History` of git. `root` is the project's; it may lie within a repository, hold several, or none.

    `environ` is the environment, None for the process's. `seconds` bounds what one question waits for: what is not
    found by then is left out, and that is said. Whoever asks about a whole repository, and is ready to wait, sets
    `patience` to more before asking; files that were left out for want of time are then asked about again.
    """

    def __init__(self, root: Path, *, environ: Mapping[str, str] | None = None, seconds: float = SECONDS) -> None:
        self.root = root
        self.patience = seconds
        self._given = os.environ if environ is None else environ
        self._environ = environment(self._given)
        self._notices: dict[str, None] = {}
        self._places: dict[tuple[str, ...], tuple[Path | None, Path]] = {}
        self._repositories: dict[Path, Repository] = {}
        self._around: list[Path] | None = None
        self._asked: dict[str, _Asked] = {}
        self._ignored: dict[str, tuple[object, bool]] = {}
        self._commits: dict[str, Commit | None] = {}
        self._noted: dict[tuple[Path, str, str], dict[str, str | None]] = {}
        self._touched: dict[tuple[Path, str], dict[str, tuple[Change, ...]]] = {}
        self._named: dict[str, set[Path]] = {}
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
        return {path: asked.origins for path, asked in self._blamed(paths).items() if asked.known}

    def uncommitted(self, paths: Sequence[str]) -> Mapping[str, Sequence[bool]]:
        """As `hookspecs.History.uncommitted`. A file that is only staged is in no commit; one that is gone, nowhere."""
        answers: dict[str, Sequence[bool]] = {}
        unknown: list[str] = []
        for path, asked in self._blamed(paths).items():
            if asked.spans is not None:
                lines = [False] * len(asked.origins)
                for span in asked.spans:
                    if not span.committed:
                        lines[span.first - 1 : span.first - 1 + span.count] = [True] * span.count
                answers[path] = lines
            elif asked.failed is None:
                unknown.append(path)
        answers.update(self._unknown(unknown))
        return answers

    def commits(self, ids: Collection[str]) -> Mapping[str, Commit]:
        """As `hookspecs.History.commits`. Ids are whole ones; shortened ones are not known."""
        with self._question():
            for repository in self._each():
                missing = sorted(one for one in set(ids) if one not in self._commits and COMMIT.fullmatch(one))
                if not missing:
                    break
                with self._guarded(repository):
                    process = repository.begin(_READ_COMMITS, asked=True)
                    self._read_commits(repository, process, missing)
            for one in ids:
                self._commits.setdefault(one, None)
            return {one: known for one in ids if (known := self._commits[one]) is not None}

    def notes(self, ref: str, commits: Collection[str]) -> Mapping[str, str]:
        """As `hookspecs.History.notes`. Repositories without the reference cost no process."""
        answers: dict[str, str] = {}
        if not _REF.fullmatch(ref):
            return answers
        with self._question():
            for repository in self._each():
                at = reference(repository.top, ref, self._environ)
                if at is None:
                    continue
                known = self._noted.setdefault((repository.top, ref, at), {})
                missing = sorted(one for one in set(commits) if one not in known and COMMIT.fullmatch(one))
                if missing:
                    with self._guarded(repository):
                        known.update(self._read_notes(repository, ref, missing))
                answers.update((one, note) for one in commits if (note := known.get(one)) is not None)
        return answers

    def touching(self, names: Sequence[str]) -> Mapping[str, Sequence[Change]]:
        """As `hookspecs.History.touching`, in the repositories whose names they are by `name_of`, else the root's."""
        answers: dict[str, Sequence[Change]] = {}
        with self._question():
            asking: dict[Path, list[str]] = {}
            for name in dict.fromkeys(names):
                if _is_inside(PurePosixPath(name)) and "\n" not in name and "\0" not in name:
                    for top in self._named.get(name) or self._surroundings()[:1]:
                        asking.setdefault(top, []).append(name)
            for top, wanted in asking.items():
                repository = self._repository(top)
                head = reference(top, "HEAD", self._environ)
                if head is None:
                    continue
                known = self._touched.setdefault((top, head), {})
                missing = [name for name in wanted if name not in known]
                if missing:
                    with self._guarded(repository):
                        known.update(self._read_touching(repository, head, missing))
                answers.update((name, found) for name in wanted if (found := known.get(name)))
        return answers

    def name_of(self, path: str) -> str | None:
        """As `hookspecs.History.name_of`."""
        pure = PurePosixPath(path)
        if not _is_inside(pure) or "\0" in path:
            return None
        top, real = self._place(pure.parts[:-1])
        if top is None:
            return None
        name = (real.relative_to(top) / pure.name).as_posix()
        self._named.setdefault(name, set()).add(top)
        return name

    def heads(self, paths: Sequence[str]) -> Mapping[str, str]:
        """As `hookspecs.History.heads`.

        A file is left out once it was found to be in no commit, or git failed to say: then not only the commit
        decides what is known of it, but also what is staged, and how much time there was.
        """
        at: dict[Path, str | None] = {}
        answers: dict[str, str] = {}
        for path in paths:
            top = self._top_of(path)
            if top is None:
                continue
            if top not in at:
                at[top] = reference(top, "HEAD", self._environ)
            head = at[top]
            asked = self._asked.get(path)
            if head is not None and (asked is None or asked.known):
                answers[path] = head
        return answers

    def untouched(self, paths: Sequence[str], since: str) -> frozenset[str]:
        """As `hookspecs.History.untouched`: one process for each repository, none for one that is at `since`."""
        found: set[str] = set()
        if not COMMIT.fullmatch(since):
            return frozenset()
        with self._question():
            for top, inside in self._by_repository(paths).items():
                head = reference(top, "HEAD", self._environ)
                if head == since:
                    found.update(path for given in inside.values() for path in given)
                    continue
                if head is None:
                    continue
                repository = self._repository(top)
                with self._guarded(repository):
                    # Against each parent: a merge that keeps one side's file took it from the other.
                    words = ["log", *CHANGES, "-m", f"{since}...{head}", "--"]
                    output = repository.ask(words)
                    if output is None:
                        continue
                    touched = {name for _, files in changes(output) for name, _ in files}
                    for name, given in inside.items():
                        if os.fsencode(name) not in touched:
                            found.update(given)
        return frozenset(found)

    def log(self, since: str | None, limit: int) -> Sequence[Logged] | None:
        """As `hookspecs.History.log`: one process."""
        top, here = self._place(())
        if top is None or reference(top, "HEAD", self._environ) is None:
            return []
        with self._question():
            repository = self._repository(top)
            with self._guarded(repository):
                return log(repository, PurePosixPath(here.relative_to(top).as_posix()), since, limit)
        return None

    def state(self, ref: str) -> str:
        """As `hookspecs.History.state`, of the repository around the root and those that `around` finds in it.

        These are the same in every process, whatever was asked before; so an answer that is remembered by it holds.
        """
        if not _REF.fullmatch(ref):
            return ""
        return " ".join(found for top in self._surroundings() if (found := reference(top, ref, self._environ)))

    def latest(self, limit: int = GLANCE_COMMITS) -> Iterator[Commit]:
        """The latest commits up to the present one, newest first, for a glance: at most `limit`, and as many as come
        within `GLANCE_SECONDS`."""
        for repository in self._each():
            if reference(repository.top, "HEAD", self._environ) is None:
                continue
            try:
                process = repository.begin(["log", "-z", f"--max-count={limit}", COMMITS, "HEAD"])
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
        return decisive(self._surroundings(), self._given)

    def _blamed(self, paths: Sequence[str]) -> dict[str, _Asked]:
        """What is known of each of the paths that lie in a repository, after asking for what is not known yet."""
        with self._question():
            found: dict[str, _Asked] = {}
            for top, inside in self._by_repository(paths).items():
                head = reference(top, "HEAD", self._environ)
                stamps = {name: (head, _stat(top / name)) for name in inside}
                todo = []
                for name, given in inside.items():
                    asked = self._asked.get(given[0])
                    if asked is None or asked.stamp != stamps[name] or asked.is_worth_more(self.patience):
                        todo.append(name)
                if todo:
                    answered = self._blame(top, todo, stamps) if head is not None else {}
                    otherwise = self.patience if head is not None else None
                    for name in todo:
                        asked = answered.get(name, _Asked(stamp=stamps[name], failed=otherwise))
                        self._asked.update(dict.fromkeys(inside[name], asked))
                for given in inside.values():
                    self._asked.update(dict.fromkeys(given, self._asked[given[0]]))
                    found.update(dict.fromkeys(given, self._asked[given[0]]))
            return found

    def _blame(self, top: Path, names: list[str], stamps: Mapping[str, object]) -> dict[str, _Asked]:
        """Ask git for these files, and for the commits they come from, which whoever asks wants to know next."""
        repository = self._repository(top)
        found: dict[str, Spans | None] = {}
        with self._guarded(repository):
            # Begun now, it is ready to read when blame is through.
            reading = repository.begin(_READ_COMMITS, asked=True)
            try:
                found.update(laid_on_commits(repository, names))
                new = {span.commit for spans in found.values() for span in spans or () if span.committed}
                wanted = sorted(one for one in new if one not in self._commits)
                if wanted:
                    # Out of time, blame has been paid for, and this is quick.
                    self._read_commits(repository, reading, wanted, patience=1.0)
            finally:
                end(reading)
        cut = cut_commits(top)
        if cut and any(span.commit in cut for spans in found.values() for span in spans or ()):
            self._notice(
                f"{top} is a shallow clone: lines older than its history are of unknown origin; "
                "`git fetch --unshallow` (in CI, a fetch depth of 0) tells more."
            )
        return {
            name: _Asked(stamp=stamps[name], spans=spans, origins=_spread(spans, cut)) for name, spans in found.items()
        }

    def _read_commits(
        self, repository: Repository, process: subprocess.Popen[bytes], ids: list[str], *, patience: float = 0.01
    ) -> None:
        output = repository.answer(process, "\n".join(ids).encode("ascii") + b"\n", patience=patience) or b""
        for record in output.decode("utf-8", "replace").split("\0"):
            if record:
                known = commit(record)
                self._commits[known.id] = known

    def _read_notes(self, repository: Repository, ref: str, ids: list[str]) -> dict[str, str | None]:
        words = [*_NAMED_COMMITS, f"--notes={ref}", "--format=%H%x00%N"]
        output = repository.ask(words, "\n".join(ids).encode("ascii") + b"\n")
        found: dict[str, str | None] = dict.fromkeys(ids)
        fields = (output or b"").decode("utf-8", "replace").split("\0")
        found.update((one, note) for one, note in zip(fields[::2], fields[1::2], strict=False) if note.strip())
        return found

    def _read_touching(self, repository: Repository, head: str, names: list[str]) -> dict[str, tuple[Change, ...]]:
        words = ["--literal-pathspecs", "log", *CHANGES, "-c", "--full-history", "--stdin"]
        question = "\n".join([head, "--", *names]) + "\n"
        output = repository.ask(words, os.fsencode(question))
        if output is None:
            return {}
        # Where a shallow clone ends, every file looks as if it had just been added.
        cut = cut_commits(repository.top)
        found: dict[bytes, dict[Change, None]] = {os.fsencode(name): {} for name in names}
        for change, files in changes(output):
            for name, _ in files:
                if name in found and change.commit not in cut:
                    found[name][change] = None
        return {os.fsdecode(name): tuple(touched) for name, touched in found.items()}

    def _unknown(self, paths: list[str]) -> dict[str, Sequence[bool]]:
        """Of files that git does not know: every line, unless they are ignored."""
        answers: dict[str, Sequence[bool]] = {}
        with self._question():
            for top, inside in self._by_repository(paths).items():
                contents = {name: content for name in inside if (content := _content(top / name)) is not None}
                stamps = {name: _stat(top / name) for name in contents}
                todo = [name for name in contents if self._ignored.get(str(top / name), (None,))[0] != stamps[name]]
                if todo:
                    repository = self._repository(top)
                    with self._guarded(repository):
                        question = b"".join(os.fsencode(name) + b"\0" for name in todo)
                        # It ends with 1 where none of them is ignored.
                        output = repository.ask(["check-ignore", "-z", "--stdin"], question, fine=(0, 1))
                        if output is not None:
                            ignored = set(output.split(b"\0"))
                            self._ignored.update(
                                (str(top / name), (stamps[name], os.fsencode(name) in ignored)) for name in todo
                            )
                for name, content in contents.items():
                    stamp, ignored_here = self._ignored.get(str(top / name), (None, True))
                    if stamp == stamps[name] and not ignored_here:
                        answers.update(dict.fromkeys(inside[name], [True] * lines_in(content)))
        return answers

    def _by_repository(self, paths: Iterable[str]) -> dict[Path, dict[str, list[str]]]:
        """Repository, path from its top, the given paths that mean this file."""
        found: dict[Path, dict[str, list[str]]] = {}
        for path in dict.fromkeys(paths):
            name, top = self.name_of(path), self._top_of(path)
            if name is not None and top is not None:
                found.setdefault(top, {}).setdefault(name, []).append(path)
        return found

    def _top_of(self, path: str) -> Path | None:
        pure = PurePosixPath(path)
        return self._place(pure.parts[:-1])[0] if _is_inside(pure) and "\0" not in path else None

    def _place(self, folders: tuple[str, ...]) -> tuple[Path | None, Path]:
        """The top of the repository around a folder of the project, and the folder, links resolved."""
        known = self._places.get(folders)
        if known is None:
            folder = self.root.joinpath(*folders)
            if not folders or folder.is_symlink():
                known = toplevel(folder), Path(os.path.realpath(folder))
            else:
                top, parent = self._place(folders[:-1])
                real = parent / folders[-1]
                known = real if git_folder(real) is not None else top, real
            self._places[folders] = known
        return known

    def _surroundings(self) -> list[Path]:
        if self._around is None:
            self._around = around(self.root)
        return self._around

    def _each(self) -> list[Repository]:
        """The repositories of the project, then others that were asked."""
        for top in self._surroundings():
            self._repository(top)
        first = [self._repositories[top] for top in self._surroundings()]
        return [*first, *(other for other in self._repositories.values() if other not in first)]

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


def _is_inside(path: PurePosixPath) -> bool:
    """Whether a path as it is given can be a file's below the folder it counts from."""
    return bool(path.name) and not path.is_absolute() and ".." not in path.parts


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
