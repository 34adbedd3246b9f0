"""One exception beside the code it came from: whose class it is, who raised it, what the line calls."""

from __future__ import annotations

import builtins
from typing import Final

from pytest_llmlearn.domain.enclosing import library_calls, raises_itself
from pytest_llmlearn.domain.names import defines
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.raised import Raised
from pytest_llmlearn.hookspecs import Evidence

BUILT_IN: Final = frozenset(name for name in dir(builtins) if not name.startswith("_"))


class Seen:
    """One exception beside the code it came from."""

    def __init__(self, one: Raised, occurrence: Occurrence, evidence: Evidence) -> None:
        self.one = one
        self.evidence = evidence
        self.message = one.message
        self.unit = evidence.unit.qualname or (occurrence.function or "").rpartition("<locals>.")[2]
        line = one.line_in(evidence.path)
        if line is None and one.how == "self" and not occurrence.frames and not evidence.in_test:
            line = occurrence.line
        self.line = line
        self.statement = (occurrence.statement or "") if one.how == "self" else ""

    @property
    def package(self) -> str:
        """The top-level package of the exception's class; empty for built-in ones and bare names."""
        return self.one.exception.partition(".")[0] if "." in self.one.exception else ""

    @property
    def is_xml(self) -> bool:
        return self.package == "xml"  # whose ParseError derives from SyntaxError

    @property
    def is_own(self) -> bool:
        """Whether the project's own code defines the exception's class."""
        if self.one.exception in BUILT_IN or self.package == "builtins":
            return False
        name = self.one.short_exception
        if any(defines(text, name) for text in (self.evidence.text, self.evidence.test_text)):
            return True
        if not self.package:
            return True
        surroundings = self.evidence.surroundings
        if surroundings.is_stdlib(self.package):
            return False
        # A class inside a class or a function has their names between the module's and its own.
        parts = self.one.exception.partition(".<locals>")[0].split(".")
        modules = (".".join(parts[:size]) for size in range(len(parts), 0, -1))
        return any(surroundings.own_module(module, self.evidence.path) is not None for module in modules)

    @property
    def deliberate(self) -> bool:
        """Whether the project's own `raise` statement raised it."""
        innermost = self.one.innermost
        if innermost is not None and innermost.path != self.evidence.path:
            return innermost.inside and innermost.statement.startswith("raise ")
        told = innermost.statement if innermost is not None and innermost.statement else self.statement
        return told.startswith("raise ") or raises_itself(self.evidence.text, self.line)

    @property
    def calls(self) -> tuple[str, ...]:
        """The library call of the failing statement, where it makes just one."""
        found = library_calls(self.evidence.text, self.line)
        return found if len(found) == 1 else ()
