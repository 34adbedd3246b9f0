"""Which matchers fired in which files of the project, in a small file beside the database: what is as it was when it
was last looked at is not looked at again.

A shadow: damaged or gone, everything is looked at once more. It holds digests and keys, no code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_llmlearn.adapters.last_run.state_file import StateFile

FILE = "proved.json"
VERSION = 1


class ProvedFile:
    """`prove.Remembered` for the project at `root`."""

    def __init__(self, root: Path) -> None:
        self._file = StateFile(root, FILE, VERSION)

    def read(self) -> Mapping[str, Sequence[str]]:
        """The keys of the matchers that fired, by a digest of the file's content and the matchers."""
        told = self._file.read()
        if told is None or told.get("store") != self._file.store():
            return {}
        files = told.get("files")
        if not isinstance(files, dict):
            return {}
        return {digest: keys for digest, keys in files.items() if isinstance(keys, list)}

    def write(self, known: Mapping[str, Sequence[str]]) -> None:
        """Remember these, and no others; nothing where there is no database to stand beside.

        Raises:
            OSError: it cannot be written.
        """
        store = self._file.store()
        if store is not None:
            self._file.write({"store": store, "files": {digest: list(keys) for digest, keys in known.items()}})
