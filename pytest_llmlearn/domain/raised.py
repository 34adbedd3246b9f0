"""The exceptions that one failure consists of, the ones worth naming first.

A wrapper (an exception group, a warning of pytest's, a library's own error, a deliberate `raise … from`) hides
what went wrong; the exception that it wraps is looked at too. How far each can be trusted to be the mistake is its
`weight`: 1 for the failing exception and what it wraps, less for one that was merely being handled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pytest_llmlearn.domain.occurrence import Frame, Linked, Occurrence

GROUPS = frozenset({"ExceptionGroup", "BaseExceptionGroup"})
CARRIERS = frozenset({"PytestUnraisableExceptionWarning", "PytestUnhandledThreadExceptionWarning", "CollectError"})
"""Exceptions in which pytest carries another one."""

MERELY_HANDLED = 0.6
WRAPPER = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """One exception of a failure. `how` is `self`, or how it is tied to the failing one; `frames` are its own."""

    how: Literal["self", "cause", "context", "member"]
    exception: str
    mro: tuple[str, ...]
    message: str
    frames: tuple[Frame, ...]
    facts: Mapping[str, str]
    weight: float = 1.0

    @property
    def short_exception(self) -> str:
        """The class's name without its package."""
        return self.exception.rpartition(".")[2]

    @property
    def bare_bases(self) -> frozenset[str]:
        """Names of the class and of its bases, without their packages."""
        return frozenset(name.rpartition(".")[2] for name in (self.exception, *self.mro))

    def is_a(self, *names: str) -> bool:
        """Whether the exception is one of these classes, by bare name, or derives from one."""
        return not self.bare_bases.isdisjoint(names)

    @property
    def innermost(self) -> Frame | None:
        """The frame that raised."""
        return self.frames[-1] if self.frames else None

    def line_in(self, path: str | None) -> int | None:
        """The line that was running in that file, the innermost one; None where the exception never was there."""
        inside = [frame.line for frame in self.frames if frame.path == path]
        return inside[-1] if inside else None


def raised(occurrence: Occurrence) -> Iterator[Raised]:
    """The failing exception, unless it only carries others, and those tied to it, nearest first."""
    bare = {name.rpartition(".")[2] for name in (occurrence.exception, *occurrence.mro)}
    carries = bool(occurrence.linked) and not bare.isdisjoint(GROUPS | CARRIERS)
    deliberate = bool(occurrence.frames) and occurrence.frames[-1].statement.startswith("raise ")
    wraps = any(link.relation == "cause" for link in occurrence.linked) or (deliberate and bool(occurrence.linked))
    if not carries:
        yield Raised(
            how="self",
            exception=occurrence.exception,
            mro=occurrence.mro,
            message=occurrence.message,
            frames=occurrence.frames,
            facts=occurrence.facts,
            weight=WRAPPER if wraps else 1.0,
        )
    for link in occurrence.linked:
        if carries and not bare.isdisjoint(GROUPS) and link.relation == "context":
            continue  # what was being handled when a group was raised is no part of it
        yield Raised(
            how=link.relation,
            exception=link.exception,
            mro=link.mro,
            message=link.message,
            frames=link.frames,
            facts=link.facts,
            weight=_weight(link, deliberate=deliberate),
        )


def _weight(link: Linked, *, deliberate: bool) -> float:
    # A `raise` inside an `except` block translates what was caught; anything else raised there is an accident of
    # its own, and what was being handled may have been expected.
    return MERELY_HANDLED if link.relation == "context" and not deliberate else 1.0
