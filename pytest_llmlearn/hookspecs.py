"""The extension surface (pluggy, project name `llmlearn`).

A plug-in is any pytest plug-in or `conftest.py` with functions of these names, marked with
`pytest_llmlearn.hookimpl` or not, or a module named by an entry point of the group `llmlearn`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import pluggy

from pytest_llmlearn.domain.finding import Finding, Rule
from pytest_llmlearn.domain.occurrence import Occurrence
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


@hookspec
def llmlearn_register_detectors(register: Callable[[Detector], None]) -> None:
    """Call `register(detector)` for each detector that this plug-in brings. Called once, before the first failure."""
