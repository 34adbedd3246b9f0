"""Which interpreter ran the tests last, in `ran_by.json` beside the database: the project's own, wherever it lives.

Written by a run in which something failed; a shadow, as `state_file` has it.
"""

from __future__ import annotations

from pathlib import Path

from pytest_llmlearn.adapters.last_run.state_file import StateFile

NAME = "ran_by.json"
_VERSION = 1


class RanByFile:
    """The file of the project at `root`. Nothing is written where there is no database."""

    def __init__(self, root: Path) -> None:
        self._file = StateFile(root, NAME, _VERSION)

    def read(self) -> str:
        """The interpreter's path; empty where nobody knows, or where it is no longer there."""
        told = (self._file.read() or {}).get("executable")
        return told if isinstance(told, str) and _exists(told) else ""

    def saw(self, executable: str) -> None:
        """Remember the interpreter of this run.

        Raises:
            OSError: the file cannot be written.
        """
        if executable and self._file.store() is not None and self.read() != executable:
            self._file.write({"executable": executable})


def _exists(path: str) -> bool:
    try:
        return Path(path).is_absolute() and Path(path).exists()
    except (OSError, ValueError):  # no path at all
        return False
