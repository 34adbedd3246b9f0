"""Which matchers fired in which files of the project, in a small file beside the database: what is as it was when it
was last looked at is not looked at again.

A shadow: damaged or gone, everything is looked at once more. It holds digests and keys, no code.
"""

from __future__ import annotations

from pathlib import Path

from pytest_llmlearn.adapters.last_run.state_file import StateFile
from pytest_llmlearn.app.prove import Before

FILE = "proved.json"
VERSION = 2


class ProvedFile:
    """`prove.Remembered` for the project at `root`."""

    def __init__(self, root: Path) -> None:
        self._file = StateFile(root, FILE, VERSION)

    def read(self) -> Before:
        told = self._file.read()
        if told is None or told.get("store") != self._file.store():
            return Before()
        tried, fired = told.get("tried"), told.get("fired")
        if not isinstance(tried, list) or not isinstance(fired, dict):
            return Before()
        whole = {digest: keys for digest, keys in fired.items() if isinstance(keys, list)}
        return Before(tried=frozenset(map(str, tried)), fired=whole)

    def write(self, now: Before) -> None:
        """Remember this instead; nothing where there is no database to stand beside.

        Raises:
            OSError: it cannot be written.
        """
        store = self._file.store()
        if store is not None:
            fired = {digest: list(keys) for digest, keys in now.fired.items()}
            self._file.write({"store": store, "tried": sorted(now.tried), "fired": fired})
