"""Whether what a pattern speaks of is still there.

A lesson is retired only where its subject is surely gone: what it says does not exist has come to exist, the library it
is about is no longer used, or every place it was made in is gone. Where anything is unknown, it stays; and what came
back after it was retired is not retired again for the same reason.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property

from pytest_llmlearn.app.ports.upkeep import Subject
from pytest_llmlearn.domain import source
from pytest_llmlearn.hookspecs import Surroundings

MISSING_MODULE = "import.missing-module"
MISSING_NAMES = frozenset({"import.missing-name", "import.module-attribute-missing"})
"""Rules that say of a module that it lacks a name."""
UNIT_DECIDES = "logic"
"""The category whose mistakes are those of one unit."""
UNSEEN = timedelta(days=30)
"""How long a mistake must be unseen before its places or its library count as gone: a branch that is not checked out,
an environment that is being built anew come back."""

_DEFINED = re.compile(r"^[ \t]*(?:async[ \t]+def|def|class)[ \t]+(\w+)", re.MULTILINE)
_IMPORTED = re.compile(r"^[ \t]*(?:from[ \t]+(\w+)[\w.]*[ \t]+import|import[ \t]+(.+))", re.MULTILINE)


class Retirement:
    """Asks the project. `files` lists its Python files; what was found out is kept as long as this object."""

    def __init__(self, surroundings: Surroundings, files: Callable[[], Sequence[str]]) -> None:
        self._surroundings = surroundings
        self._list = files

    def why(self, subject: Subject, now: datetime) -> str | None:
        """Why this pattern is to be retired, as a sentence without its end; None where it is not."""
        found = self._exists(subject)
        if found is None and now - subject.last_seen >= UNSEEN:
            found = self._unused(subject) or self._gone(subject)
        return found if found != subject.renewed_because else None

    def _exists(self, subject: Subject) -> str | None:
        """What the lesson says is missing exists: it is wrong now."""
        if not subject.symbols:
            return None
        symbol = subject.symbols[0]
        if subject.rule_id == MISSING_MODULE:
            if (own := self._surroundings.own_module(symbol)) is not None:
                return f"the project has the module {symbol} now, in {own}"
            return f"{symbol} is declared and installed now" if "." not in symbol and self._used(symbol) else None
        module, _, name = symbol.rpartition(".")
        if subject.rule_id not in MISSING_NAMES or not module:
            return None
        # Of what is installed for somebody else, and of another Python's library, nothing follows for this project.
        if self._surroundings.own_module(module) is None and not self._used(module):
            return None
        return f"{module} has {name} now" if name in (self._surroundings.names(module) or ()) else None

    def _used(self, module: str) -> bool:
        top = module.partition(".")[0]
        return self._surroundings.declared(top) and self._surroundings.installed(top) is True

    def _unused(self, subject: Subject) -> str | None:
        """The library that it is about is not declared, not installed, and imported nowhere in the project."""
        if subject.rule_id == MISSING_MODULE or not subject.symbols:
            return None  # a module that never existed is not missed
        tops = {symbol.partition(".")[0] for symbol in subject.symbols}
        known = tops if subject.rule_id in MISSING_NAMES else tops & {context.lower() for context in subject.contexts}
        if known != tops:  # of a name that stands alone nobody knows whether it is a module
            return None
        if any(self._foreign(top) is not False or self._surroundings.own_module(top) is not None for top in tops):
            return None
        if not self._files or tops & self._imports:
            return None
        return f"the project no longer uses {', '.join(sorted(tops))}"

    def _foreign(self, top: str) -> bool | None:
        """Whether it is a library's that can be used here; None where that is not known."""
        around = self._surroundings
        return True if around.is_stdlib(top) or around.declared(top) else around.installed(top)

    def _gone(self, subject: Subject) -> str | None:
        """It speaks of the project's own code, and every place it was made in is gone."""
        if subject.handed_in or not subject.places or not self._files:
            return None
        own = subject.symbols and all(self._is_own(one) for one in subject.symbols)
        if subject.rule_id.partition(".")[0] != UNIT_DECIDES and not own:
            return None
        if any(path is None or self._stands(path, unit) for path, unit in subject.places):
            return None
        names = {unit.partition(":")[2].rpartition(".")[2] for _, unit in subject.places} - {""}
        names |= {one.rpartition(".")[2] for one in subject.symbols if own}
        if names & self._definitions:  # it moved, or is written again
            return None
        places = sorted({path for path, _ in subject.places if path is not None})
        return f"nothing is left of the code it was seen in ({', '.join(places[:3])})"

    def _is_own(self, symbol: str) -> bool:
        """Whether it is surely no library's and no built-in's."""
        return not hasattr(builtins, symbol) and self._foreign(symbol.partition(".")[0]) is False

    def _stands(self, path: str, unit: str) -> bool:
        """Whether the unit is there, or may be: a file that cannot be read says nothing."""
        text = self._surroundings.text(path)
        if text is None:
            return path in self._files
        qualname = unit.partition(":")[2]
        return not qualname or source.parse(text) is None or source.unit_named(text, qualname) is not None

    @cached_property
    def _files(self) -> frozenset[str]:
        return frozenset(self._list())

    @cached_property
    def _texts(self) -> Sequence[str]:
        return [text for path in sorted(self._files) if (text := self._surroundings.text(path)) is not None]

    @cached_property
    def _definitions(self) -> frozenset[str]:
        return frozenset(name for text in self._texts for name in _DEFINED.findall(text))

    @cached_property
    def _imports(self) -> frozenset[str]:
        """Top-level names that some file imports, in whatever branch of it."""
        found = [pair for text in self._texts for pair in _IMPORTED.findall(text)]
        several = [part.split()[0] for _, names in found for part in names.split(",") if part.split()]
        return frozenset({module for module, _ in found if module} | {name.partition(".")[0] for name in several})
