"""Which test files can reach some code at all, by what they import: only these are looked at test by test.

It errs on the side of looking: what is sorted out here imports the code neither itself, nor by a conftest above it, nor
by what a package or a module that it imports hands on.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

from pytest_llmlearn.app.resolve import REEXPORTS
from pytest_llmlearn.domain.reach import import_lines, imports_of
from pytest_llmlearn.hookspecs import Surroundings

_PACKAGE = "__init__.py"


class Leading:
    """Asked for test files that lead to any of `paths`."""

    def __init__(self, surroundings: Surroundings, paths: Collection[str]) -> None:
        self._surroundings = surroundings
        self._paths = paths
        # One of these words stands in whatever imports one of the paths, or the package that hands it on.
        self._words = {word for path in paths for word in PurePosixPath(path).with_suffix("").parts} - {
            "src",
            "__init__",
        }
        self._known: dict[str, bool] = {}
        self._imports: dict[str, frozenset[str]] = {}

    def leads(self, file: str) -> bool:
        """Whether this file, or a conftest beside or above it, leads to one of the paths."""
        folders = [folder.as_posix() for folder in PurePosixPath(file).parents]
        beside = ("conftest.py" if folder == "." else f"{folder}/conftest.py" for folder in folders)
        return any(self._one(path) for path in (file, *beside))

    def _one(self, file: str) -> bool:
        if file not in self._known:
            text = self._surroundings.text(file) or ""
            self._known[file] = any(word in text for word in self._words) and self._follow(file)
        return self._known[file]

    def _follow(self, file: str) -> bool:
        seen = {file}
        level = [file]
        for depth in range(REEXPORTS + 1):
            found = {target for each in level for target in self._imported(each)} - seen
            if any(self._is_wanted(target) for target in found):
                return True
            seen |= found
            # Packages hand on what they import; of modules only those that the test imports itself are believed to.
            level = [target for target in found if target.endswith(_PACKAGE) or (depth == 0 and target.endswith(".py"))]
        return False

    def _is_wanted(self, target: str) -> bool:
        """Whether it is one of the paths, or a folder that holds one."""
        if not target.endswith("/"):
            return target in self._paths
        return any(path.startswith(target) for path in self._paths)

    def _imported(self, file: str) -> frozenset[str]:
        """The project's files that a file imports; a folder with `/` where all of a package can be named by it."""
        if file not in self._imports:
            found = set()
            for one in imports_of(import_lines(self._surroundings.text(file) or "")).values():
                dotted = "." * one.level + one.module
                whole = f"{dotted}{'' if dotted.endswith('.') else '.'}{one.name}" if one.name else dotted
                for name in {dotted, whole}:
                    path = self._surroundings.own_module(name, file) if name.strip(".") or one.level else None
                    if path is not None:
                        found.add(path)
                        if name == whole and path.endswith(f"/{_PACKAGE}"):
                            found.add(path.removesuffix(_PACKAGE))
            self._imports[file] = frozenset(found)
        return self._imports[file]
