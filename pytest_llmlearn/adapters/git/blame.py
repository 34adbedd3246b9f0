"""Who wrote a line by git's history: blame to a commit, and whom that commit's author, committer and trailers name."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from pytest_llmlearn.adapters.git.added import WORDS as ADDED
from pytest_llmlearn.adapters.git.added import added_once
from pytest_llmlearn.adapters.git.repository import cut_commits, end, environment, head_commit, start, toplevel
from pytest_llmlearn.domain.authorship import authorship
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.domain.signs import Identity

HUMAN = 0.4
"""Of a commit that names no assistant: many tools leave no trace, so any sign elsewhere is worth more."""
SECONDS = 10.0
"""How long one reading may take in all."""
GLANCE_SECONDS = 2.0
GLANCE_COMMITS = 20_000
"""What a look through the history for any sign may take."""
AT_ONCE = 4
FEW = 4
"""Below this many files, blaming each costs less than looking through the history first."""

_FORMAT = "--format=%H%n%an%n%ae%n%aN%n%aE%n%cn%n%ce%n%cN%n%cE%n%B"
_FIELDS = 9
_IGNORED = ".git-blame-ignore-revs"
_TRUSTED = "safe.directory=*"
# What git says of a file that it does not know, or that is gone: no answer, and nothing to be told.
_UNKNOWN = (b"no such path", b"no such ref", b"cannot lstat", b"is outside repository", b"bad revision")
_ABSENT = (b"promisor", b"lazy fetching", b"transport ", b"could not fetch")

Spans = list[tuple[int, int, str]]
"""First line (from 1), number of lines, commit."""


class _Refused(Exception):
    """git will not, or cannot, answer at all for this repository; the message is for people."""


class GitBlame:
    """Answers line by line for tracked files: a model's, a person's, or None for what is not committed.

    `root` is the project's; it may lie within a repository, hold several, or none. `environ` is the environment, None
    for the process's. `notices` gathers sentences that a person should read.
    """

    name = "git"

    def __init__(self, root: Path, *, environ: Mapping[str, str] | None = None, seconds: float = SECONDS) -> None:
        self.root = root
        self.seconds = seconds
        self.notices: list[str] = []
        self._environ = environment(os.environ if environ is None else environ)

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        """Answers for those of `paths` that a commit knows. Files outside the root and untracked ones are left out."""
        answers: dict[str, Sequence[Provenance | None]] = {}
        deadline = time.monotonic() + self.seconds
        for top, inside in self._by_repository(paths).items():
            reading = _Reading(top=top, environ=self._environ, deadline=deadline, notice=self._notice)
            try:
                for path, lines in reading.lines(list(inside)).items():
                    answers.update(dict.fromkeys(inside[path], lines))
            except _Refused as refusal:
                self._notice(str(refusal))
        return answers

    def says_anything(self) -> bool:
        """Whether any commit up to the present one names an assistant. Looks at the latest `GLANCE_COMMITS` of them."""
        top = toplevel(self.root)
        if top is None or head_commit(top) is None:
            return False
        try:
            process = start(top, ["log", "-z", f"--max-count={GLANCE_COMMITS}", _FORMAT, "HEAD"], self._environ)
        except OSError as error:
            self._notice(_not_started(error))
            return False
        # A timer, for reading blocks where git is slow; killed, it has said what it had to say.
        timer = threading.Timer(min(self.seconds, GLANCE_SECONDS), process.kill)
        timer.start()
        try:
            return any(_provenance(record).generated for record in _records(process))
        finally:
            timer.cancel()
            end(process)

    def standing(self) -> str | None:
        """Not known: it is not to be remembered."""
        return None

    def _by_repository(self, paths: Iterable[str]) -> dict[Path, dict[str, list[str]]]:
        """Repository, path from its top, the given paths that mean this file."""
        tops: dict[Path, tuple[Path | None, Path]] = {}
        found: dict[Path, dict[str, list[str]]] = {}
        for path in paths:
            pure = PurePosixPath(path)
            if pure.is_absolute() or ".." in pure.parts or not pure.name or "\0" in path:
                continue
            folder = self.root.joinpath(*pure.parts[:-1])
            if folder not in tops:
                tops[folder] = (toplevel(folder), Path(os.path.realpath(folder)))
            top, real = tops[folder]
            if top is not None:
                inside = (real.relative_to(top) / pure.name).as_posix()
                found.setdefault(top, {}).setdefault(inside, []).append(path)
        return found

    def _notice(self, sentence: str) -> None:
        if sentence not in self.notices:
            self.notices.append(sentence)


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One repository, asked once."""

    top: Path
    environ: Mapping[str, str]
    deadline: float
    notice: Callable[[str], None]
    blaming: list[str] = field(default_factory=lambda: ["blame"])
    ignoring: list[str] = field(default_factory=list)

    def lines(self, paths: list[str]) -> dict[str, list[Provenance | None]]:
        """Answers for those of `paths`, from the top, that a commit knows."""
        if head_commit(self.top) is None:
            return {}
        if (self.top / _IGNORED).is_file():
            self.ignoring = ["--ignore-revs-file", _IGNORED]
        spans = self._added(paths) if len(paths) >= FEW else {}
        spans |= self._blamed([path for path in paths if path not in spans])
        commits = {commit for found in spans.values() for _, _, commit in found}
        cut = cut_commits(self.top) & commits
        if cut:
            self.notice(
                f"{self.top} is a shallow clone: lines older than its history are of unknown origin; "
                "`git fetch --unshallow` (in CI, a fetch depth of 0) tells more."
            )
        authors = self._authors(sorted(commit for commit in commits - cut if commit.strip("0")))
        return {path: _spread(found, authors) for path, found in spans.items()}

    def _added(self, paths: list[str]) -> dict[str, Spans]:
        output = self._answered(self._start(ADDED))
        named = {os.fsencode(path): path for path in paths}
        once = added_once(output, self.top, named) if output else {}
        return {named[path]: [(1, lines, commit)] for path, (commit, lines) in once.items()}

    def _blamed(self, paths: list[str]) -> dict[str, Spans]:
        """Spans by blame, for several files at a time."""
        found: dict[str, Spans] = {}
        todo = list(reversed(paths))
        running: dict[str, subprocess.Popen[bytes]] = {}
        try:
            while todo or running:
                while todo and len(running) < AT_ONCE:
                    path = todo.pop()
                    words = [*self.blaming, "--incremental", "--no-textconv", *self.ignoring, "--", path]
                    running[path] = self._start(words)
                path, process = next(iter(running.items()))
                output = self._answered(process)
                del running[path]
                if output is None:
                    todo.append(path)
                elif output:
                    found[path] = list(_spans(output))
        except _Refused as refusal:  # what was found until then still counts
            self.notice(str(refusal))
        finally:
            for process in running.values():
                end(process)
        return found

    def _authors(self, commits: list[str]) -> dict[str, Provenance]:
        """Who wrote each commit."""
        if not commits:
            return {}
        process = self._start(["log", "-z", "--no-walk=unsorted", "--stdin", _FORMAT], asked=True)
        # Out of time, blame has been paid for, and this is quick.
        output = self._answered(process, "\n".join(commits).encode("ascii") + b"\n", patience=1.0) or b""
        records = [record for record in output.decode("utf-8", "replace").split("\0") if record]
        return {record.partition("\n")[0]: _provenance(record) for record in records}

    def _start(self, words: list[str], *, asked: bool = False) -> subprocess.Popen[bytes]:
        try:
            return start(self.top, words, self.environ, asked=asked)
        except OSError as error:
            raise _Refused(_not_started(error)) from None

    def _answered(
        self, process: subprocess.Popen[bytes], question: bytes | None = None, *, patience: float = 0.01
    ) -> bytes | None:
        """What git said; empty where it knows nothing. None asks to try again, for the list of ignored commits is bad.

        Raises:
            _Refused: no answer can be had from this repository, or not in time.
        """
        try:
            output, errors = process.communicate(question, timeout=max(self.deadline - time.monotonic(), patience))
        except subprocess.TimeoutExpired:
            end(process)
            raise _Refused(f"git took too long in {self.top}; some lines' origin was not looked up.") from None
        return output if process.returncode == 0 else self._failed(process, errors)

    def _failed(self, process: subprocess.Popen[bytes], errors: bytes) -> bytes | None:
        said = next((line for line in errors.decode("utf-8", "replace").splitlines() if line.startswith("fatal:")), "")
        if b"safe.directory" in errors:
            raise _Refused(
                f"git does not read {self.top}, which belongs to somebody else; "
                f"`git config --global --add safe.directory {self.top}` allows it."
            )
        words = process.args
        if b"object name" in errors and isinstance(words, list) and "blame" in words and _TRUSTED not in words:
            # A list that is configured for all repositories, and missing in this one, stops every blame. No option
            # takes it back; that git asked for it at all shows that the user trusts the repository.
            self.environ = {**self.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
            self.blaming, self.ignoring = ["-c", _TRUSTED, "blame"], []
            self.notice(f"git's list of commits to ignore cannot be read in {self.top} ({said}); it is not used.")
            return None
        lower = errors.lower()
        if any(sign in lower for sign in _ABSENT):
            self.notice(f"{self.top} is a partial clone: what it lacks is not fetched, and its origin is unknown.")
        elif not any(sign in lower for sign in _UNKNOWN):
            self.notice(f"git could not answer in {self.top}: {said[:200] or 'it ended without a word'}")
        return b""


def _not_started(error: OSError) -> str:
    return f"git could not be started ({error.strerror or error}); who wrote a line is not looked up in its history."


def _spans(output: bytes) -> Iterator[tuple[int, int, str]]:
    """Of what `git blame --incremental` prints: a head `COMMIT LINE-THEN LINE-NOW COUNT`, properties, `filename …`."""
    heading = True
    for line in output.split(b"\n"):
        if heading and line:
            commit, _, first, count = line.split(b" ")[:4]
            yield int(first), int(count), commit.decode("ascii")
        heading = line.startswith(b"filename ")


def _spread(spans: Spans, authors: Mapping[str, Provenance]) -> list[Provenance | None]:
    lines: list[Provenance | None] = [None] * max((first + count - 1 for first, count, _ in spans), default=0)
    for first, count, commit in spans:
        lines[first - 1 : first - 1 + count] = [authors.get(commit)] * count
    return lines


def _records(process: subprocess.Popen[bytes]) -> Iterator[str]:
    """The records that git prints, as they come."""
    assert process.stdout is not None
    rest = b""
    while chunk := os.read(process.stdout.fileno(), 65_536):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from (record.decode("utf-8", "replace") for record in whole if record)


def _provenance(record: str) -> Provenance:
    """Who wrote the commit that `_FORMAT` printed: a model, or else a person."""
    fields = record.split("\n", _FIELDS)
    commit, *people = fields[:_FIELDS]
    message = fields[_FIELDS] if len(fields) > _FIELDS else ""
    named = [Identity(name=name, email=email) for name, email in zip(people[::2], people[1::2], strict=True)]
    author, known_author, committer, known_committer = named
    answer = authorship(known_author, known_committer, message)
    if (author, committer) != (known_author, known_committer):
        # The mailmap says who somebody is; a tool's mark on the name as it was signed is still the tool's.
        author, committer = replace(author, email=known_author.email), replace(committer, email=known_committer.email)
        signed = authorship(author, committer, message)
        answer = max(filter(None, (answer, signed)), key=lambda entry: entry.confidence, default=None)
    evidence = f"commit {commit[:12]}"
    if answer is None:
        return Provenance(type="human", confidence=HUMAN, evidence=evidence)
    return replace(answer, evidence=f"{evidence}: {answer.evidence}")
