"""The project and its interpreter, read from files alone.

Nothing is imported and nothing is called: what exists is told from folders, source text and stubs. Where these do
not settle a question (a compiled module, names made while running) the answer is None. One object serves one run:
what it has read it keeps, so a file that changes afterwards is seen by the next object.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path

from pytest_llmlearn.adapters.surroundings.files import SourceFiles, absolute_name, loaded_names
from pytest_llmlearn.adapters.surroundings.metadata import canonical, declared
from pytest_llmlearn.adapters.surroundings.signatures import constructor, parameters_of
from pytest_llmlearn.domain import names as naming
from pytest_llmlearn.hookspecs import Signature

_HOPS = 6
"""Re-exports and base classes followed from one module to the next."""
_NOTHING = naming.TopLevel(names=frozenset(), stars=(), complete=False)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Found = tuple[Definition, Path, str]


class ProjectSurroundings:
    """`hookspecs.Surroundings` for the project at `root`.

    `search_path` are the folders that its interpreter imports from; this interpreter's `sys.path` by default.
    """

    def __init__(self, root: Path, search_path: Sequence[str] | None = None) -> None:
        self._files = SourceFiles(root, tuple(sys.path) if search_path is None else search_path)
        self._names: dict[str, frozenset[str] | None] = {}
        self._texts: dict[str, str | None] = {}
        self._own: dict[tuple[str, str | None], str | None] = {}

    def is_stdlib(self, module: str) -> bool:
        """Whether the top-level name is the standard library's in this interpreter."""
        return module.partition(".")[0] in sys.stdlib_module_names

    def installed(self, module: str) -> bool | None:
        """Whether a top-level module can be found; None where an archive on the search path may hold it."""
        top = module.partition(".")[0]
        if top in sys.builtin_module_names or top in self._files.installed:
            return True
        return None if self._files.opaque else False

    def declared(self, module: str) -> bool:
        """Whether the project's metadata asks for a distribution of that name, however it is spelt."""
        return canonical(module) in self._declared

    def modules(self) -> Collection[str]:
        """Top-level names of the standard library, of what is installed, and of the project."""
        return self._modules

    def own_module(self, module: str, near: str | None = None) -> str | None:
        """The project's file of a dotted name, seen from `near`: its folder and those above, the root, `src`."""
        key = (module, near if near is None else near.rpartition("/")[0])
        if key not in self._own:
            found = self._files.own(module, near)
            self._own[key] = self._files.relative(found) if found is not None else None
        return self._own[key]

    def text(self, path: str) -> str | None:
        """Text of a file of the project; None for what is not there, not inside it, or not readable as source."""
        if path not in self._texts:
            target = self._files.inside(path)
            self._texts[path] = self._files.read(target) if target is not None else None
        return self._texts[path]

    def names(self, module: str) -> Collection[str] | None:
        """The public names of a module and its submodules."""
        if module not in self._names:
            self._names[module] = None  # a module that takes everything from itself ends here
            found = self._written_names(module)
            self._names[module] = self._compiled_names(module) if found is None else found
        return self._names[module]

    def signature(self, module: str, qualname: str) -> Signature | None:
        """Parameters of a function, a method (without `self`), or of a class's constructor."""
        file = self._module_file(module)
        text = self._files.read(file) if file is not None else None
        found = self._resolve(qualname, file, text, _HOPS) if file is not None and text is not None else None
        if found is None:
            return None
        node, where, source = found
        if isinstance(node, ast.ClassDef):
            return constructor(node, lambda base: self._class(base, where, source))
        return parameters_of(node, method="." in qualname)

    def is_coroutine_function(self, name: str, near: str) -> bool | None:
        """Whether `name` (dotted: `load`, `Client.load`, `self.load`, `module.load`) is an `async def` for `near`."""
        text = self.text(near)
        if text is None:
            return None
        owner, _, method = name.partition(".")
        if owner in ("self", "cls"):
            return _method_is_coroutine(method, text)
        found = self._resolve(name, self._files.root / near, text, _HOPS)
        return naming.runs_as_coroutine(found[0]) if found is not None else None

    def _resolve(self, name: str, file: Path, text: str, hops: int) -> _Found | None:
        """The definition of a dotted name as the module of that text sees it."""
        defined = naming.defined(text)
        if name in defined:
            return defined[name], file, text
        if hops == 0:
            return None
        head, _, rest = name.partition(".")
        if rest and isinstance(owner := defined.get(head), ast.ClassDef):
            for base in owner.bases:
                written = naming.dotted(base)
                if written and (found := self._resolve(f"{written}.{rest}", file, text, hops - 1)):
                    return found
            return None
        for entry in naming.imports(text):
            if entry.local == head and (found := self._imported(entry, rest, file, hops - 1)):
                return found
        for star in (naming.top_level(text) or _NOTHING).stars:
            taken = self.names(self._files.absolute(star, file)) if not self._files.is_own(file) else None
            if taken is not None and head not in taken:
                continue
            if found := self._in_module(star, name, file, hops - 1):
                return found
        return None

    def _imported(self, entry: naming.Imported, rest: str, file: Path, hops: int) -> _Found | None:
        if entry.name is not None:
            wanted = f"{entry.name}.{rest}" if rest else entry.name
            found = self._in_module(entry.module, wanted, file, hops)
            # Else `from package import module`, whose member is asked for.
            return found or (self._in_module(entry.target, rest, file, hops) if rest else None)
        parts = f"{entry.target}.{rest}".rstrip(".").split(".")
        for size in range(len(parts) - 1, 0, -1):
            if found := self._in_module(".".join(parts[:size]), ".".join(parts[size:]), file, hops):
                return found
        return None

    def _in_module(self, module: str, name: str, near: Path, hops: int) -> _Found | None:
        file = self._files.own(module, self._files.relative(near))
        if file is None:
            file = self._files.library(self._files.absolute(module, near))
        text = self._files.read(file) if file is not None else None
        return self._resolve(name, file, text, hops) if file is not None and text is not None else None

    def _class(self, name: str, file: Path, text: str) -> ast.ClassDef | None:
        found = self._resolve(name, file, text, _HOPS)
        return found[0] if found is not None and isinstance(found[0], ast.ClassDef) else None

    def _written_names(self, module: str) -> frozenset[str] | None:
        file = self._module_file(module)
        text = self._files.read(file) if file is not None else None
        here = naming.top_level(text) if text is not None else None
        if file is None or here is None or not here.complete:
            return None
        is_package = file.stem == "__init__"
        found = {name for name in here.names if not name.startswith("_")}
        for star in here.stars:
            taken = self.names(absolute_name(module, star, is_package=is_package))
            if taken is None:
                return None
            found.update(taken)
        if is_package:
            found.update(name for name in self._files.children(file.parent) if not name.startswith("_"))
        return frozenset(found)

    def _compiled_names(self, module: str) -> frozenset[str] | None:
        """Of a module without source that says it all."""
        return loaded_names(module) if self.is_stdlib(module) else None

    def _module_file(self, module: str) -> Path | None:
        return self._files.own(module) or self._files.library(module)

    @cached_property
    def _modules(self) -> frozenset[str]:
        return sys.stdlib_module_names | self._files.installed | self._files.own_top_level

    @cached_property
    def _declared(self) -> frozenset[str]:
        return declared(self._files)


def _method_is_coroutine(method: str, text: str) -> bool | None:
    """For `self.method` with its class unknown: the answer in which all the classes of the file agree."""
    answers = {
        naming.runs_as_coroutine(node)
        for name, node in naming.defined(text).items()
        if name.endswith(f".{method}") and not name.endswith(f".<locals>.{method}")
    }
    return answers.pop() if len(answers) == 1 else None
