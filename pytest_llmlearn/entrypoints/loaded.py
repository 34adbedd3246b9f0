"""Which of the project's own files the tests loaded, in every process that runs tests.

Told from the modules that are there after the last test; nothing is opened and no module is asked anything, for one
that loads itself when it is looked at would do so.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

NAME = "llmlearn-loaded"
"""The name that the plug-in manager knows a `Loaded` by."""

_OUTPUT = "llmlearn_loaded"
_FOREIGN = re.compile(r"(?:^|/)(?:\.|(?:site-packages|dist-packages|node_modules)/)")
"""Hidden, or installed."""


class Loaded:
    """Files of the project at `root` that this process loaded, and its workers."""

    def __init__(self, config: pytest.Config, root: Path) -> None:
        self._config = config
        self._root = root
        self._elsewhere: set[str] = set()

    @property
    def files(self) -> frozenset[str]:
        """Paths relative to the root, with `/`."""
        return own_files(self._root) | self._elsewhere

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """A worker sends them with its last message."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            try:
                output[_OUTPUT] = sorted(own_files(self._root))
            except Exception:  # without them the run is the same, and nothing is told of these files
                output[_OUTPUT] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take a worker's; one that crashed has none."""
        sent = (getattr(node, "workeroutput", None) or {}).get(_OUTPUT)
        if isinstance(sent, list):
            self._elsewhere.update(path for path in sent if isinstance(path, str))


def own_files(root: Path) -> frozenset[str]:
    """Python files below the root that modules were loaded from, those of installed packages and hidden folders aside.

    Relative to the root, with `/`.
    """
    here = str(root).rstrip(os.sep) + os.sep
    tops = tuple({here, os.path.realpath(root).rstrip(os.sep) + os.sep})
    # A project may lie within an environment's folder, as in some containers.
    prefixes = (prefix.rstrip(os.sep) + os.sep for prefix in (sys.prefix, os.path.realpath(sys.prefix)))
    installed = tuple(prefix for prefix in prefixes if not here.startswith(prefix))
    found = set()
    for module in list(sys.modules.values()):
        try:
            file = object.__getattribute__(module, "__dict__").get("__file__")
        except AttributeError:  # anything may be put among the modules
            continue
        if type(file) is str and file.startswith(tops) and file.endswith(".py") and not file.startswith(installed):
            top = next(top for top in tops if file.startswith(top))
            path = file[len(top) :].replace(os.sep, "/")
            if not _FOREIGN.search(path):
                found.add(path)
    return frozenset(found)
