"""Where a file lies: in the project, told relative to its root, or outside, told as Python gave it."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from pytest_llmlearn.entrypoints.observing.text import clean

PATH_LIMIT = 400

_INSTALLED = ("/site-packages/", "/dist-packages/")
# The runners of tests: their frames before the test, and after it (`pytest.fail`, `assertEqual`), say nothing.
_HARNESS = ("/_pytest/", "/pluggy/", "/unittest/", "/pytest_timeout.py", "/pytest_rerunfailures.py", "/pytest.py")
_LOOPS = ("/pytest_asyncio/", "/anyio/", "/asyncio/", "/concurrent/futures/")


class Places:
    """Answers are remembered per file name: a failure asks for the same few files again and again."""

    def __init__(self, root: Path) -> None:
        real = os.path.realpath(root)
        self._roots = tuple(dict.fromkeys(_folder(text) for text in (str(root), real)))
        self._real = real
        foreign = [sysconfig.get_path("stdlib")]
        if sys.prefix != sys.base_prefix:
            foreign.append(sys.prefix)
        # A project may live in an environment's folder; then that folder says nothing.
        self._foreign = tuple(text for text in map(_folder, foreign) if not self._roots[-1].startswith(text))
        self._told: dict[str, str] = {}
        self._inside: dict[str, bool] = {}
        self._harness: dict[str, bool] = {}
        self._environments: dict[str, bool] = {}

    def told(self, filename: str) -> str:
        """The path as an occurrence tells it."""
        told = self._told.get(filename)
        if told is None:
            self._look(filename)
            told = self._told[filename]
        return told

    def inside(self, filename: str) -> bool:
        """Whether the file is the project's own: under its root, not installed, not in a virtual environment."""
        inside = self._inside.get(filename)
        if inside is None:
            self._look(filename)
            inside = self._inside[filename]
        return inside

    def harness(self, filename: str) -> bool:
        """Whether the file belongs to pytest, its plug-ins that run tests, unittest, or the import system."""
        known = self._harness.get(filename)
        if known is None:
            flat = filename.replace("\\", "/")
            known = filename.startswith("<frozen ") or (
                not self.inside(filename) and any(part in flat for part in _HARNESS)
            )
            self._harness[filename] = known
        return known

    def loop(self, filename: str) -> bool:
        """Whether the file belongs to what runs coroutines."""
        return any(part in filename.replace("\\", "/") for part in _LOOPS)

    def _look(self, filename: str) -> None:
        relative = self._relative(filename)
        self._inside[filename] = relative is not None
        self._told[filename] = clean(filename if relative is None else relative)[:PATH_LIMIT]

    def _relative(self, filename: str) -> str | None:
        if not filename or filename[0] == "<" or "\0" in filename:
            return None
        absolute = os.path.normpath(filename if os.path.isabs(filename) else os.path.join(self._real, filename))  # noqa: PTH117, PTH118
        relative = self._below_root(absolute) or self._below_root(os.path.realpath(absolute))
        if relative is None or any(part in f"/{relative}" for part in _INSTALLED):
            return None
        if any(absolute.startswith(folder) for folder in self._foreign) or self._in_environment(relative):
            return None
        return relative

    def _below_root(self, absolute: str) -> str | None:
        for root in self._roots:
            if absolute.startswith(root):
                return absolute[len(root) :].replace("\\", "/")
        return None

    def _in_environment(self, relative: str) -> bool:
        """Whether a folder between the root and the file is a virtual environment."""
        folder = relative.rpartition("/")[0]
        if not folder:
            return False
        known = self._environments.get(folder)
        if known is None:
            known = os.path.exists(f"{self._real}/{folder}/pyvenv.cfg") or self._in_environment(folder)  # noqa: PTH110
            self._environments[folder] = known
        return known


def _folder(path: str) -> str:
    return path.rstrip("/\\") + os.sep
