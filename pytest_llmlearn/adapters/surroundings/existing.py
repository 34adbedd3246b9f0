"""What exists in the project and in its own interpreter, which need not be this one.

Beside files and stubs it hears what the interpreter told of itself, and what a test run saw of modules that it had
imported anyway; where all are silent the answer is None.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Collection, Sequence
from copy import copy
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from pytest_llmlearn.adapters.surroundings import ProjectSurroundings
from pytest_llmlearn.adapters.surroundings.files import absolute_name
from pytest_llmlearn.adapters.surroundings.members import attributes
from pytest_llmlearn.adapters.surroundings.remembered import Kept, Remembered
from pytest_llmlearn.adapters.surroundings.signatures import parameters_of
from pytest_llmlearn.adapters.surroundings.versions import Versions
from pytest_llmlearn.domain import names as naming
from pytest_llmlearn.domain.interpreter import Interpreter
from pytest_llmlearn.hookspecs import Signature

_HOPS = 6
_BASES = 10
_LISTED = re.compile(r"__all__\s*\+?=\s*[\[(]([^\])]*)")


class Seen(Protocol):
    """What was seen of modules in the project's own interpreter; `version` is that of the module's distribution now."""

    def has(self, module: str, name: str, version: str | None) -> bool | None: ...

    def takes(self, module: str, qualname: str, keyword: str, version: str | None) -> bool | None: ...

    def names(self, module: str, version: str | None) -> Collection[str] | None: ...


class ExistingWorld(ProjectSurroundings):
    """`matchers.view.World` for the project at `root`.

    Without an `interpreter` nothing is known but the project's own; `notices` say why. `seen` reads what test runs saw.
    In `kept` stands what was read of libraries, for the next process. `inspect` imports a library's module to look,
    where files do not tell and the user allows it.
    """

    def __init__(
        self,
        root: Path,
        interpreter: Interpreter | None,
        seen: Callable[[], Seen] | None = None,
        notices: Sequence[str] = (),
        kept: Kept | None = None,
        inspect: Callable[[str], dict[str, Any] | None] | None = None,
    ) -> None:
        search_path = interpreter.search_path if interpreter is not None else ()
        super().__init__(root, search_path)
        self._interpreter = interpreter
        self.notices = tuple(notices)
        self._see = seen
        self._seen = seen() if seen is not None else None
        self._remembered = Remembered(kept, search_path)
        self._inspect = inspect
        self._versions = Versions(self._files, search_path)
        self._members: dict[tuple[str, str], frozenset[str] | None] = {}
        self._are_modules: dict[str, bool | None] = {}
        self._mentioned: dict[str, frozenset[str] | None] = {}

    def forget(self) -> None:
        """Read the project's own files anew from here on; what was read of libraries is kept."""
        self._files.forget_own()
        self._seen = self._see() if self._see is not None else None
        for kept in (self._own, self._texts, self._are_modules, self._members, self._mentioned):
            kept.clear()
        for module in [one for one, names in self._names.items() if names is None or self._files.library(one) is None]:
            del self._names[module]

    def is_stdlib(self, module: str) -> bool:
        top = module.partition(".")[0]
        return top in (self._interpreter.stdlib if self._interpreter is not None else sys.stdlib_module_names)

    def installed(self, module: str) -> bool | None:
        if self._interpreter is None:
            return None
        top = module.partition(".")[0]
        if top in self._interpreter.builtin_modules or top in self._interpreter.compiled:
            return True
        # A folder of the project itself, from which pytest would import it.
        if top in self._files.installed or top in self._files.own_top_level:
            return True
        return None if self._files.opaque else False

    def version(self, module: str) -> str | None:
        found = self._versions.of(module.partition(".")[0])
        return found[1] if found is not None else None

    def builtin_names(self) -> Collection[str] | None:
        return self._interpreter.builtin_names if self._interpreter is not None else None

    def python(self) -> tuple[int, int] | None:
        return self._interpreter.version if self._interpreter is not None else None

    def has(self, module: str, name: str) -> bool | None:
        written = self.names(module)
        if written is not None and name in written:
            return True
        seen = self._seen.has(module, name, self.version(module)) if self._seen is not None else None
        if seen is not None or written is None or self._may_be_more(module, name):
            return seen
        return False

    def _may_be_more(self, module: str, name: str) -> bool:
        """Whether the source beside a stub has a name that the stub leaves out."""
        file = self._module_file(module)
        if file is None or file.suffix != ".pyi":
            return False
        text = self._files.read(file.with_suffix(".py"))
        return text is not None and re.search(rf"\b{re.escape(name)}\b", text) is not None

    def is_module(self, module: str) -> bool | None:
        if module not in self._are_modules:
            own = self._files.own(module) is not None
            ask = partial(self._is_module, module)
            self._are_modules[module] = ask() if own else self._remembered.answer("modules", module, ask)
        return self._are_modules[module]

    def _is_module(self, module: str) -> bool | None:
        parent, _, last = module.rpartition(".")
        if self._interpreter is not None and module in self._interpreter.compiled:
            return True
        if self._module_file(module) is None:
            return None
        if not parent:
            return True
        file = self._module_file(parent)
        text = self._files.read(file) if file is not None else None
        here = naming.top_level(text) if text is not None else None
        if here is None or text is None:
            return None
        if last in here.names:
            # Bound by the package too: as the module where it imports just that.
            imports = [entry for entry in naming.imports(text) if entry.local == last and entry.top_level]
            return bool(imports) and all(
                (entry.name == last and not entry.module.strip(".")) or entry.target == module for entry in imports
            )
        return all(last not in (self.names(absolute_name(parent, star, is_package=True)) or ()) for star in here.stars)

    def mentions(self, module: str, name: str) -> bool | None:
        if module not in self._mentioned:
            self._mentioned[module] = None  # a module that takes everything from itself ends here
            told = self._remembered.answer("mentions", module, lambda: _listed(self._loosely(module)))
            self._mentioned[module] = frozenset(told) if told is not None else None
        names = self._mentioned[module]
        return name in names if names is not None else None

    def _loosely(self, module: str) -> frozenset[str] | None:
        """The names that a module writes, though it may bind more while running: its own, and those it lists."""
        written = self.names(module)
        if written is not None:
            return frozenset(written)
        file = self._module_file(module)
        text = self._files.read(file) if file is not None else None
        here = naming.top_level(text) if text is not None else None
        if file is None or text is None or here is None:
            return None
        found = set(here.names)
        for listed in _LISTED.findall(text):
            found.update(re.findall(r"\w+", listed))
        is_package = file.stem == "__init__"
        for star in here.stars:
            taken = absolute_name(module, star, is_package=is_package)
            if self.mentions(taken, "") is not None:
                found |= self._mentioned[taken] or frozenset()
        if is_package:
            found |= self._files.children(file.parent)
        return frozenset(found)

    def takes(self, module: str, qualname: str, keyword: str, *, bare: bool = False) -> bool | None:
        signature = self._bare(module, qualname) if bare else self.signature(module, qualname)
        if signature is not None:
            known = (*signature.parameters, *signature.keyword_only)
            return signature.takes_any_keyword or keyword in known
        if self._seen is None:
            return None
        version = self.version(module)
        told = self._seen.takes(module, qualname, keyword, version)
        home = self._home(module, qualname) if told is None else None
        return self._seen.takes(home, qualname, keyword, version) if home is not None else told

    def _home(self, module: str, qualname: str) -> str | None:
        """The module in which a callable is written."""
        found = self._in_module(module, qualname, self._files.root / "_", _HOPS)
        return self._files.module_at(found[1]) if found is not None else None

    def _bare(self, module: str, qualname: str) -> Signature | None:
        """The signature as it is written, whatever decorates it; of functions alone."""
        return _signature(
            self._remembered.answer("bare", f"{module}:{qualname}", lambda: _wire(self._written(module, qualname)))
        )

    def _written(self, module: str, qualname: str) -> Signature | None:
        found = self._in_module(module, qualname, self._files.root / "_", _HOPS)
        if found is None or not isinstance(found[0], ast.FunctionDef | ast.AsyncFunctionDef):
            return None
        plain = copy(found[0])
        plain.decorator_list = []
        return parameters_of(plain, method="." in qualname)

    def is_coroutine(self, module: str, qualname: str) -> bool | None:
        ask = partial(self._is_coroutine, module, qualname)
        own = self._files.own(module) is not None
        return ask() if own else _truth(self._remembered.answer("coroutines", f"{module}:{qualname}", ask))

    def _is_coroutine(self, module: str, qualname: str) -> bool | None:
        found = self._in_module(module, qualname, self._files.root / "_", _HOPS)
        return naming.runs_as_coroutine(found[0]) if found is not None else None

    def members(self, module: str, qualname: str) -> Collection[str] | None:
        key = (module, qualname)
        if key not in self._members:
            self._members[key] = None  # a class that derives from itself ends here
            own = self._files.own(module) is not None
            told = (
                self._attributes(module, qualname)
                if own
                else self._remembered.answer(
                    "members", f"{module}:{qualname}", lambda: _listed(self._attributes(module, qualname))
                )
            )
            self._members[key] = frozenset(told) if told is not None else None
        return self._members[key]

    def _attributes(self, module: str, qualname: str) -> frozenset[str] | None:
        if self._interpreter is None:
            return None
        known = self._interpreter.classes.get(module, {})
        if qualname in known:
            return known[qualname]
        found = self._in_module(module, qualname, self._files.root / "_", _HOPS)
        return self._of_class(found[0], found[1], found[2], _BASES) if found is not None else None

    def _of_class(self, node: ast.AST, file: Path, text: str, left: int) -> frozenset[str] | None:
        if not isinstance(node, ast.ClassDef) or left == 0:
            return None
        if file.suffix == ".pyi":  # what a stub leaves out may be there all the same
            beside = self._files.read(file.with_suffix(".py"))
            if beside is None:
                return None
            other = naming.defined(beside).get(node.name)
            return self._of_class(other, file.with_suffix(".py"), beside, left) if other is not None else None
        found = attributes(node, text, partial(self._of_base, file=file, text=text, left=left - 1))
        return frozenset(found | self._of_object) if found is not None else None

    def _of_base(self, base: ast.expr, *, file: Path, text: str, left: int) -> Collection[str] | None:
        name = naming.dotted(base)
        if name is None:
            return None
        found = self._resolve(name, file, text, _HOPS)
        if found is not None:
            return self._of_class(found[0], found[1], found[2], left)
        bound = naming.top_level(text)
        builtin = self._interpreter.classes.get("builtins", {}) if self._interpreter is not None else {}
        return builtin.get(name) if bound is not None and name not in bound.names else None

    @property
    def _of_object(self) -> frozenset[str]:
        assert self._interpreter is not None
        return self._interpreter.classes.get("builtins", {}).get("object", frozenset())

    def names(self, module: str) -> Collection[str] | None:
        known = self._interpreter.compiled.get(module) if self._interpreter is not None else None
        if module not in self._names:
            self._names[module] = None  # a module that takes everything from itself ends here
            file = self._module_file(module) if known is not None else None
            below = self._files.children(file.parent) if file is not None and file.stem == "__init__" else frozenset()
            self._names[module] = known | below if known is not None else self._read_names(module)
        return self._names[module]

    def _read_names(self, module: str) -> frozenset[str] | None:
        if self._files.own(module) is not None:
            return self._written_names(module)
        told = self._remembered.answer("names", module, lambda: _listed(self._written_names(module)))
        return frozenset(told) if told is not None else self._compiled_names(module)

    def _inspected(self, module: str) -> dict[str, Any]:
        """What a module tells that is imported to look; nothing where that is not allowed, or it is the project's."""
        top = module.partition(".")[0]
        if self._inspect is None or top in self._files.own_top_level or top not in self._files.installed:
            return {}
        told = self._remembered.answer("inspected", module, partial(self._inspect, module))
        return told if isinstance(told, dict) else {}

    def signature(self, module: str, qualname: str) -> Signature | None:
        if self._files.own(module) is not None:
            return super().signature(module, qualname)
        told = self._remembered.answer(
            "signatures", f"{module}:{qualname}", lambda: _wire(super(ExistingWorld, self).signature(module, qualname))
        )
        return _signature(told if told is not None else self._inspected(module).get("signatures", {}).get(qualname))

    def _compiled_names(self, module: str) -> frozenset[str] | None:
        seen = self._seen.names(module, self.version(module)) if self._seen is not None else None
        if seen is not None:
            return frozenset(seen)
        told = self._inspected(module).get("names")
        return frozenset(told) if told is not None else None


def _truth(told: object) -> bool | None:
    return told if isinstance(told, bool) else None


def _listed(names: Collection[str] | None) -> list[str] | None:
    return sorted(names) if names is not None else None


def _wire(signature: Signature | None) -> list[Any] | None:
    if signature is None:
        return None
    return [
        list(signature.parameters),
        list(signature.required),
        list(signature.keyword_only),
        signature.takes_any_positional,
        signature.takes_any_keyword,
    ]


def _signature(told: list[Any] | None) -> Signature | None:
    if told is None:
        return None
    return Signature(
        parameters=tuple(told[0]),
        required=tuple(told[1]),
        keyword_only=tuple(told[2]),
        takes_any_positional=told[3],
        takes_any_keyword=told[4],
    )
