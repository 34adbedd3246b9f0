"""Which of the project's files passed as they are: what tests loaded in a run in which nothing failed.

A file that was changed since has not passed yet. A shadow: where it is damaged or gone, nothing is known to pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytest_llmlearn.adapters.last_run.state_file import StateFile

FILE = "passed.json"
VERSION = 1


class PassedFile:
    """The file of the project at `root`. Nothing is written where there is no database."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._file = StateFile(root, FILE, VERSION)

    def saw(self, loaded: Iterable[str], started: float) -> None:
        """Remember a run in which nothing failed: the files that it loaded, and when it began, in seconds since 1970.

        What was written after that may not be what was run.

        Raises:
            OSError: the file cannot be written.
        """
        store = self._file.store()
        if store is None:
            return
        known = self._known(store)
        now = {path: stamp for path in loaded if (stamp := self._stamp(path)) is not None}
        news = {
            path: list(stamp) for path, stamp in now.items() if stamp[0] < started * 1e9 and known.get(path) != [*stamp]
        }
        if news:
            self._file.write({"store": store, "files": {**known, **news}})

    def stands(self) -> frozenset[str]:
        """The files that passed, relative to the root, and are as they were then."""
        store = self._file.store()
        known = self._known(store) if store is not None else {}
        return frozenset(path for path, stamp in known.items() if stamp == [*(self._stamp(path) or ())])

    @property
    def stamp(self) -> int:
        """A number that changes whenever more is known to pass; 0 while nothing is."""
        return self._file.written()

    def _known(self, store: int) -> dict[str, Any]:
        seen = self._file.read() or {}
        files = seen.get("files") if seen.get("store") == store else None
        return files if isinstance(files, dict) else {}

    def _stamp(self, path: str) -> tuple[int, int] | None:
        """When the file was written, in nanoseconds, and its size."""
        try:
            seen = (self._root / path).stat()
        except (OSError, ValueError):
            return None
        return seen.st_mtime_ns, seen.st_size
