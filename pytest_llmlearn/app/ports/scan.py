"""What looks for mistakes in the text of files, and what is remembered of its last look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_llmlearn.domain.flaw import Flaw

Looked = Callable[[int, int], None]
"""Hears how many files were looked at, and of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that kept a rule or a file from being heard, in a sentence. `path` from the root, `rule` its id."""

    message: str
    path: str | None = None
    rule: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the rules said: flaws as the scanner tells them, not yet `placed`.

    `partial` files did not parse whole, `unheard` ones were not looked at by every rule: that nothing was found in
    either says nothing. `asked` are the ids of the rules that spoke, as a flaw has them, as far as they are known: that
    a rule which is not among them found nothing says nothing either. `hidden` are path and rule of what a graver flaw
    of the same place stands for.
    """

    flaws: tuple[Flaw, ...] = ()
    partial: frozenset[str] = frozenset()
    unheard: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    asked: frozenset[str] = frozenset()
    hidden: frozenset[tuple[str, str]] = frozenset()


class Scanner(Protocol):
    """Rules, and what runs them. Nothing of the code is executed, nothing leaves the machine by our doing."""

    def terms(self) -> str:
        """A digest of all that decides beside a file's text: the rules, the program, its version.

        Raises:
            ScannerUnavailable: there is no such program, or it cannot be used.
        """
        ...

    def scan(self, paths: Sequence[str], looked: Looked | None = None, *, jobs: int = 1) -> Answer:
        """Look at these files, paths from the root. `looked` hears how far it is. `jobs` processors may be kept
        busy; with 0 it is one, and only while nobody else wants it.

        Raises:
            ScannerUnavailable: it hangs, crashes, or does not answer.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a scan said of a file of that digest. `whole` says that every rule could speak of all of it.

    `waiting` are the places among the flaws, from 0, of those that are not recorded as generated code's. `generated`
    says that the file was known to be LLM-written, at least in part.
    """

    digest: str
    whole: bool = True
    flaws: tuple[Flaw, ...] = ()
    problems: tuple[Problem, ...] = ()
    waiting: tuple[int, ...] = ()
    generated: bool = False


class Scans(Protocol):
    """What is remembered of the files scanned last, under the terms then in force. A shadow: it may be lost."""

    def read(self, terms: str) -> Mapping[str, Seen]:
        """What the last scans said, by path; nothing where the terms were others."""
        ...

    def write(self, terms: str, seen: Mapping[str, Seen], *, make: bool) -> None:
        """Remember this instead; where there is no folder for it, only with `make`.

        Raises:
            OSError: it cannot be written.
        """
        ...

    def clear(self) -> None:
        """Forget all.

        Raises:
            OSError: it cannot be removed.
        """
        ...


class Baseline(Protocol):
    """The flaws that a project has accepted: told by path, rule and the text of the line, however lines move."""

    def read(self) -> Mapping[tuple[str, str, str], int]:
        """How many are accepted of each path, rule id and `Flaw.mark`.

        Raises:
            BadInput: the file is none.
        """
        ...

    def write(self, accepted: Mapping[tuple[str, str, str], int]) -> None:
        """Accept these and no others.

        Raises:
            OSError: it cannot be written.
        """
        ...
