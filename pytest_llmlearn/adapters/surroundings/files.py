"""Where modules lie, and their text: the project's own, and those of the folders its interpreter imports from.

Only folders are listed and files read, each once.
"""

from __future__ import annotations

import os
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

TEXT_LIMIT = 2_000_000
"""Bytes of the largest file that is read."""
_COMPILED = (".so", ".pyd")
_SKIPPED = frozenset({"node_modules", "__pycache__", "build", "dist", "venv", "env", "site-packages"})


class SourceFiles:
    """Files below `root`, and in the folders of `search_path`, by the dotted names of the modules they hold."""

    def __init__(self, root: Path, search_path: Sequence[str]) -> None:
        self.root = root.resolve()
        self._search = tuple(Path(folder or ".") for folder in search_path)
        self._texts: dict[Path, str | None] = {}
        self._listings: dict[Path, frozenset[str]] = {}
        self._children: dict[Path, frozenset[str]] = {}
        self._found: dict[str, Path | None] = {}

    def read(self, file: Path) -> str | None:
        """Text in the encoding the file declares; None where it is gone, too large or not readable so."""
        if file not in self._texts:
            self._texts[file] = _source(file)
        return self._texts[file]

    def inside(self, path: str) -> Path | None:
        """The file of a path relative to the root, None where it leads outside."""
        try:
            target = (self.root / path).resolve()
        except (OSError, ValueError):  # a loop of links, a NUL in the name
            return None
        return target if target.is_relative_to(self.root) else None

    def listing(self, folder: Path) -> frozenset[str]:
        if folder not in self._listings:
            try:
                self._listings[folder] = frozenset(os.listdir(folder))  # noqa: PTH208 - names alone, no objects
            except (OSError, ValueError):  # no folder, or none that may be read: nothing is imported from it
                self._listings[folder] = frozenset()
        return self._listings[folder]

    def children(self, folder: Path) -> frozenset[str]:
        """Names that the entries of a folder could be imported by."""
        if folder not in self._children:
            names = (_module_name(entry) for entry in self.listing(folder))
            self._children[folder] = frozenset(name for name in names if name is not None)
        return self._children[folder]

    def is_own(self, file: Path) -> bool:
        return file.is_relative_to(self.root) and not _SKIPPED.intersection(file.relative_to(self.root).parts)

    def relative(self, file: Path) -> str | None:
        """The path relative to the root with `/`, None for a file of somebody else."""
        return file.relative_to(self.root).as_posix() if self.is_own(file) else None

    def own(self, module: str, near: str | None = None) -> Path | None:
        """The project's file of a dotted name; one that begins with dots is relative to the file `near`."""
        level = len(module) - len(module.lstrip("."))
        parts = [part for part in module.split(".") if part]
        if level:
            base = (self.root / near).parent if near else self.root.parent
            for _ in range(level - 1):
                base = base.parent
            return self._within(base, parts) if base.is_relative_to(self.root) else None
        return next((file for base in self._bases(near) if (file := self._within(base, parts)) is not None), None)

    def library(self, module: str) -> Path | None:
        """Stub or source of an installed or standard module; the stub first where one lies beside it."""
        if module not in self._found:
            self._found[module] = self._library(module.split(".")) if module else None
        return self._found[module]

    def forget_own(self) -> None:
        """Read the project's own files and folders anew from here on."""
        for kept in (self._texts, self._listings, self._children):
            for place in [place for place in kept if place.is_relative_to(self.root)]:
                del kept[place]

    def _library(self, parts: Sequence[str]) -> Path | None:
        for folder in self._search:
            if parts[0] not in self.children(folder):
                continue
            base = folder.joinpath(*parts)
            for candidate in (
                base / "__init__.pyi",
                base / "__init__.py",
                base.with_name(f"{base.name}.pyi"),
                base.with_name(f"{base.name}.py"),
            ):
                if self._existing(candidate) is not None:
                    return candidate
        return None

    def absolute(self, module: str, near: Path) -> str:
        """The name of a module that `near`, a file of an installed package, asks for relative to itself."""
        if not module.startswith("."):
            return module
        for folder in sorted(self._search, key=lambda entry: len(entry.parts), reverse=True):
            if near.is_relative_to(folder):
                package = ".".join(near.relative_to(folder).parent.parts)
                return absolute_name(package, module, is_package=True)
        return module

    def module_at(self, file: Path) -> str | None:
        """The dotted name of the installed module in that file."""
        for folder in sorted(self._search, key=lambda entry: len(entry.parts), reverse=True):
            if file.is_relative_to(folder):
                parts = [*file.relative_to(folder).parent.parts, file.stem]
                return ".".join(part for part in parts if part != "__init__")
        return None

    @cached_property
    def installed(self) -> frozenset[str]:
        """Top-level names on the search path outside the project, those of editable installs included."""
        found: set[str] = set()
        for folder in self._search:
            if self.is_own(folder.resolve()):
                continue
            found.update(self.children(folder))
            for entry in self.listing(folder):
                if entry.startswith("__editable__") and entry.endswith(".py"):
                    found.update(re.findall(r"'([A-Za-z_]\w*)': '", self.read(folder / entry) or ""))
                elif entry.endswith(".pth"):
                    for line in (self.read(folder / entry) or "").splitlines():
                        if line.strip() and not line.startswith(("#", "import ", "import\t")):
                            found.update(self.children(folder / line.strip()))
        return frozenset(found)

    @cached_property
    def opaque(self) -> bool:
        """Whether part of the search path is an archive, whose content is not looked at."""
        return any(folder.suffix in (".zip", ".egg", ".whl") and folder.is_file() for folder in self._search)

    @cached_property
    def own_top_level(self) -> frozenset[str]:
        return frozenset().union(*(self.children(base) for base in (self.root, *self._roots))) - _SKIPPED

    @cached_property
    def settings(self) -> Mapping[str, object]:
        """The project's pyproject.toml; empty where there is none or it is damaged, which others will say."""
        try:
            return tomllib.loads(self.read(self.root / "pyproject.toml") or "")
        except tomllib.TOMLDecodeError:
            return {}

    @cached_property
    def _roots(self) -> tuple[Path, ...]:
        """Folders below the root from which the project's own modules are imported."""
        written = value_at(self.settings, "tool", "pytest", "ini_options", "pythonpath")
        listed = written.split() if isinstance(written, str) else written if isinstance(written, list) else []
        folders = [self.root / str(folder) for folder in ("src", "lib", *listed)]
        return tuple(folder for folder in folders if folder.is_dir())

    def _bases(self, near: str | None) -> Iterator[Path]:
        folder = (self.root / near).parent if near else self.root
        seen: set[Path] = set()
        while folder.is_relative_to(self.root):
            seen.add(folder)
            yield folder
            folder = folder.parent
        yield from (base for base in (self.root, *self._roots) if base not in seen)

    def _within(self, base: Path, parts: Sequence[str]) -> Path | None:
        for part in parts:
            if part not in self.children(base):
                return None
            base = base / part
        return self._existing(base / "__init__.py") or (self._existing(base.with_name(f"{base.name}.py")))

    def _existing(self, file: Path) -> Path | None:
        return file if file.name in self.listing(file.parent) else None


def value_at(values: object, *keys: str) -> object:
    """What nested mappings hold under these keys, None where one is missing."""
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values


def absolute_name(module: str, written: str, *, is_package: bool) -> str:
    """The absolute name of `written`, perhaps with leading dots, in an import statement of `module`."""
    level = len(written) - len(written.lstrip("."))
    if not level:
        return written
    parts = module.split(".")
    kept = parts[: len(parts) - (level - 1 if is_package else level)]
    return ".".join([*kept, *(part for part in written.split(".") if part)])


def loaded_names(module: str) -> frozenset[str] | None:
    """Public names of a compiled standard module that this interpreter has loaded anyway: a look, no import."""
    loaded = sys.modules.get(module)
    return frozenset(name for name in vars(loaded) if not name.startswith("_")) if loaded is not None else None


def _source(file: Path) -> str | None:
    try:
        if file.stat().st_size > TEXT_LIMIT:
            return None
        with tokenize.open(file) as stream:
            return stream.read()
    except (OSError, SyntaxError, ValueError):  # gone, unreadable, or not in the encoding that it declares
        return None


def _module_name(entry: str) -> str | None:
    """The name an entry is imported by: `a.py`, `a.cpython-311-x86_64-linux-gnu.so`, the folder `a`."""
    if entry.endswith(_COMPILED):  # of whatever version, for the interpreter need not be this one
        entry = entry.partition(".")[0]
    elif entry.endswith((".py", ".pyi")):
        entry = entry.rpartition(".")[0]
    return entry if entry.isidentifier() and entry not in ("__init__", "__main__", "__pycache__") else None
