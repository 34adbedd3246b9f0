"""The extension surface (pluggy, project name `llmlearn`).

A plug-in is any pytest plug-in or `conftest.py` with functions of these names, marked with
`pytest_llmlearn.hookimpl` or not, or a module named by an entry point of the group `llmlearn`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import pluggy

from pytest_llmlearn.domain.assistants import Roster
from pytest_llmlearn.domain.finding import Finding, Rule
from pytest_llmlearn.domain.history import Change, Commit, Logged, Origin
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.domain.source import Unit

PROJECT = "llmlearn"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The parameters of a callable: names in order, which of them are required, whether it takes more."""

    parameters: tuple[str, ...]
    required: tuple[str, ...] = ()
    keyword_only: tuple[str, ...] = ()
    takes_any_positional: bool = False
    takes_any_keyword: bool = False


class Surroundings(Protocol):
    """What a detector may ask about the project and its interpreter. Nothing is imported or called to answer.

    Every answer may be None: not known. A detector that is not sure stays silent.
    """

    def is_stdlib(self, module: str) -> bool:
        """Whether the top-level name is the standard library's in this interpreter."""
        ...

    def installed(self, module: str) -> bool | None:
        """Whether a top-level module can be found in the project's environment."""
        ...

    def declared(self, module: str) -> bool:
        """Whether the project's own metadata (pyproject, requirements files) asks for a distribution of that name."""
        ...

    def own_module(self, module: str, near: str | None = None) -> str | None:
        """Path (relative, `/`) of the project's own module of that dotted name, seen from the file `near`."""
        ...

    def text(self, path: str) -> str | None:
        """Text of one of the project's files."""
        ...

    def names(self, module: str) -> Collection[str] | None:
        """The public names of a module, own or installed; None where they cannot be told without importing it."""
        ...

    def signature(self, module: str, qualname: str) -> Signature | None:
        """Parameters of a function, or of a class's constructor, as its source defines them."""
        ...

    def is_coroutine_function(self, name: str, near: str) -> bool | None:
        """Whether `name`, as the file `near` would resolve it (own definition or import), is an `async def`."""
        ...

    def modules(self) -> Collection[str]:
        """Top-level names that can be imported here: standard library, installed, the project's own."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The code a failure is laid on, as a detector sees it.

    `text` is the culprit's whole file (empty where it is not known), `unit` the culprit's function, class or import
    block in it, `path` relative to the project's root. `in_test` says that the failure was raised in the test itself.
    `test_text` is the text of the test's file. `stdlib_only` surroundings answer None to most questions.
    """

    path: str | None
    text: str
    unit: Unit
    surroundings: Surroundings
    in_test: bool = False
    test_text: str = ""


class Detector(Protocol):
    """Names mistakes. One detector, one guard: what it raises is logged under its name and costs nobody else."""

    name: str
    rules: Sequence[Rule]

    def detect(self, occurrence: Occurrence, evidence: Evidence) -> Iterable[Finding]:
        """Findings for this failure, none where it is not sure. Must not read files, import or call the code."""
        ...


class History(Protocol):
    """The version history around a project, as readers of provenance may ask it. Each question is answered once.

    Paths are relative to the project's root, with `/`, unless said otherwise. A project may lie within a repository,
    hold several (submodules), or none: what no repository knows is left out of an answer.
    """

    @property
    def notices(self) -> Sequence[str]:
        """Sentences that a person should read: history that is cut, a git that failed."""
        ...

    def origins(self, paths: Sequence[str]) -> Mapping[str, Sequence[Origin | None]]:
        """For each line of those files that a commit knows, where it came from; None for an uncommitted line.

        Lines older than a shallow clone's history are None too. Files that no commit knows are left out.
        """
        ...

    def uncommitted(self, paths: Sequence[str]) -> Mapping[str, Sequence[bool]]:
        """For each line of those files that lie in a repository: whether it is in no commit yet.

        All lines of an untracked file are; ignored files are left out.
        """
        ...

    def commits(self, ids: Collection[str]) -> Mapping[str, Commit]:
        """Those of the commits that are known here."""
        ...

    def notes(self, ref: str, commits: Collection[str]) -> Mapping[str, str]:
        """The notes under `ref` (such as `refs/notes/ai`) of those commits that have one."""
        ...

    def touching(self, names: Sequence[str]) -> Mapping[str, Sequence[Change]]:
        """For each path, seen from its repository's top, the commits up to the present one that touched it, newest
        first. Renamings are not followed."""
        ...

    def name_of(self, path: str) -> str | None:
        """The file's path seen from the top of its repository; None outside one."""
        ...

    def heads(self, paths: Sequence[str]) -> Mapping[str, str]:
        """The commit that the repository of each path is at. Costs no process."""
        ...

    def log(self, since: str | None, limit: int) -> Sequence[Logged] | None:
        """The commits up to the present one, newest first and at most `limit`; merges and cut ends are left out.

        Those that `since` has behind it are left out too, where that commit is still known here. Of the files, those
        of the project's own repository that end in `.py`. None where nobody answered.
        """
        ...

    def untouched(self, paths: Sequence[str], since: str) -> frozenset[str]:
        """Those of the paths that no commit touched which only one of `since` and the present commit has behind it.

        None of them where `since` is not known any more.
        """
        ...

    def state(self, ref: str) -> str:
        """What a reference such as `refs/notes/ai` points at, in every repository asked so far; empty for nothing."""
        ...


class Project(Protocol):
    """What a reader of provenance may be made of."""

    @property
    def root(self) -> Path: ...

    @property
    def generated(self) -> Sequence[tuple[str, str | None]]:
        """The setting `generated`: globs, each with its model where known."""
        ...

    @property
    def assistants(self) -> Roster:
        """The assistants that are known by their accounts and names: the built-in table and the setting."""
        ...

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of this process, or another one in tests."""
        ...

    @property
    def history(self) -> History: ...

    def text(self, path: str) -> str | None:
        """Text of one of the project's files, as it is now."""
        ...


class ProvenanceReader(Protocol):
    """One way to know who wrote a line. One reader, one guard: what it raises is told and costs nobody else."""

    name: str

    @property
    def notices(self) -> Sequence[str]:
        """Sentences that a person should read: history that is cut, lines of a file that cannot be understood."""
        ...

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        """Answers line by line for those of `paths` (relative to the project's root) that it knows of.

        None for a line leaves it to the others, as does a path left out; so does an answer that is less sure than
        another's. An answer of type `unknown` keeps less sure ones from being believed.
        """
        ...

    def says_anything(self) -> bool:
        """Whether anything in the repository, not only in files read so far, is known to be a model's."""
        ...

    def standing(self) -> str | None:
        """A digest of all that decides its answers beside the file's own text and its commits; None: do not cache.

        Cheap, for it is asked in every run: no process, no look at more than a few files.
        """
        ...


@runtime_checkable
class StandingByPath(Protocol):
    """What a reader of provenance may have beside the rest, so that news of one file leave the others remembered."""

    def standing_of(self, paths: Sequence[str]) -> Mapping[str, str]:
        """For those of the paths of which more decides than `standing` says, a digest of that. As cheap as that."""
        ...


@hookspec
def llmlearn_register_provenance(register: Callable[[ProvenanceReader], None], project: Project) -> None:
    """Call `register(reader)` for each way to know who wrote a line that this plug-in brings.

    Called once, before the first question. The surest answer counts, the earlier reader's of equally sure ones; the
    built-in readers come first, in the order `pytest_llmlearn.bootstrap.plugins.READERS`.
    """


@hookspec
def llmlearn_register_detectors(register: Callable[[Detector], None]) -> None:
    """Call `register(detector)` for each detector that this plug-in brings. Called once, before the first failure."""
