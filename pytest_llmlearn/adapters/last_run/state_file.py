"""A small JSON file beside the database, and a shadow of it: damaged or gone, it says nothing and is written anew.

Every passing run reads such files, so nothing is imported but the standard library's. Nothing is written where there
is no database, and what was written beside another database does not count.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = ".llmlearn/state"
DATABASE = "memory.db"


class StateFile:
    """The file `name` of the project at `root`; files of another `version` are as good as none."""

    def __init__(self, root: Path, name: str, version: int) -> None:
        self._folder = root / FOLDER
        self._name = name
        self._version = version

    def store(self) -> int | None:
        """What tells this database from another under the same name; None without one."""
        try:
            return (self._folder / DATABASE).stat().st_ino
        except OSError:
            return None

    def read(self) -> dict[str, Any] | None:
        """What it says; None where it says nothing."""
        try:
            seen = json.loads((self._folder / self._name).read_bytes())
        except (OSError, ValueError):
            return None
        return seen if isinstance(seen, dict) and seen.get("version") == self._version else None

    def write(self, values: Mapping[str, Any]) -> None:
        """Say this instead, at once and whole.

        Raises:
            OSError: it cannot be written.
        """
        target = self._folder / self._name
        draft = target.with_name(f"{self._name}-{os.getpid()}-{os.urandom(4).hex()}")
        content = json.dumps({"version": self._version, **values})
        draft.touch(mode=0o600)
        draft.write_text(content, encoding="ascii")
        draft.replace(target)

    def written(self) -> int:
        """When it was written, in nanoseconds; 0 where it is not there."""
        try:
            return (self._folder / self._name).stat().st_mtime_ns
        except OSError:
            return 0

    def remove(self) -> None:
        """Say nothing.

        Raises:
            OSError: it cannot be removed.
        """
        (self._folder / self._name).unlink(missing_ok=True)
