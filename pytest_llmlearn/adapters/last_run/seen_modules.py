"""What test runs saw of library modules, in `seen_modules.json` beside the database.

Written by one process, at the end of a run in which something failed; a shadow, as `state_file` has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pytest_llmlearn.adapters.last_run.state_file import StateFile
from pytest_llmlearn.domain.seen_modules import SeenModule, SeenModules

NAME = "seen_modules.json"
_VERSION = 1


class SeenModulesFile:
    """The file of the project at `root`."""

    def __init__(self, root: Path) -> None:
        self._file = StateFile(root, NAME, _VERSION)

    def read(self) -> SeenModules:
        """What was seen; nothing where the file says nothing."""
        told = (self._file.read() or {}).get("modules")
        return SeenModules(dict(_modules(told.items())) if isinstance(told, dict) else {})

    def saw(self, told: Iterable[Mapping[str, Any]]) -> None:
        """Add what a run saw: mappings with `module` and what `SeenModule.from_wire` takes.

        Raises:
            OSError: the file cannot be written.
        """
        found = [*_modules((one.get("module"), one) for one in told)]
        if not found or self._file.store() is None:
            return
        before = self.read()
        after = before.joined(found)
        if after.modules != before.modules:
            self._file.write({"modules": {name: seen.to_wire() for name, seen in after.modules.items()}})


def _modules(told: Iterable[tuple[Any, Any]]) -> Iterable[tuple[str, SeenModule]]:
    for name, values in told:
        try:
            if isinstance(name, str):
                yield name, SeenModule.from_wire(values)
        except (KeyError, TypeError, ValueError):  # damaged, or another version's: as good as not there
            continue
