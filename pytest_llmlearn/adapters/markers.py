"""Who wrote a file by its own head, or by the settings' globs.

Reads files and nothing else; at most `HEAD_BYTES` of each, unless it has an answer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from pytest_llmlearn.domain.assistants import KNOWN, Roster
from pytest_llmlearn.domain.markers import CERTAIN, file_marker, glob_marker
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.hookspecs import Project, ProvenanceReader, hookimpl

HEAD_BYTES = 16_384
SECONDS = 1.0
"""How long a look through the whole project may take."""
# Written by installers and builds, or huge: nobody marks files there.
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist"})


@hookimpl
def llmlearn_register_provenance(register: Callable[[ProvenanceReader], None], project: Project) -> None:
    """The reader of markers and globs."""
    register(MarkerReader(project.root, project.generated, roster=project.assistants))


class MarkerReader:
    """In-file markers and the globs of the setting `generated`, each with its model where known.

    A marker of ours beats the globs; both are certain. Other free text in a file's head is weak, and the globs beat it.
    """

    name = "markers"
    notices: Sequence[str] = ()  # a file that cannot be read has no marker; that is all there is to say

    def __init__(
        self,
        root: Path,
        globs: Sequence[tuple[str, str | None]] = (),
        *,
        roster: Roster = KNOWN,
        seconds: float = SECONDS,
    ) -> None:
        self.root = root
        self.globs = tuple(globs)
        self.roster = roster
        self.seconds = seconds

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        """One answer for all lines of each of `paths` that has one. A file that is gone has its globs, and one line."""
        answers: dict[str, Sequence[Provenance | None]] = {}
        for path in paths:
            pure = PurePosixPath(path)
            if pure.is_absolute() or ".." in pure.parts:
                continue
            content = self._head(path)
            answer = self._answer(path, content)
            if answer is not None:
                answers[path] = [answer] * self._count_lines(path)
        return answers

    def says_anything(self) -> bool:
        """Whether any Python file of the project has an answer. Looks for at most `seconds`, and then says no."""
        deadline = time.monotonic() + self.seconds
        for path in self._python_files():
            answer = self._answer(path, self._head(path))
            if answer is not None and answer.generated:
                return True
            if time.monotonic() > deadline:
                return False
        return False

    def standing(self) -> str:
        """The globs, and who counts as an assistant: markers stand in the files themselves."""
        return f"{self.globs!r} {self.roster.digest}"

    def _answer(self, path: str, head: bytes) -> Provenance | None:
        # Undecodable bytes hold no marker, and those around them are still read.
        own = file_marker(head.decode("utf-8", "replace"), self.roster)
        if own is not None and own.confidence == CERTAIN:
            return own
        return glob_marker(path, self.globs) or own

    def _head(self, path: str) -> bytes:
        try:
            with (self.root / path).open("rb") as file:
                return file.read(HEAD_BYTES)
        except (OSError, ValueError):  # gone, a folder, unreadable, or no name a file can have: it says nothing
            return b""

    def _count_lines(self, path: str) -> int:
        """The file's lines; rather too many than too few, however they end."""
        try:
            content = (self.root / path).read_bytes()
        except (OSError, ValueError):
            return 1
        return content.count(b"\n") + content.count(b"\r") + 1

    def _python_files(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
            for file in sorted(files):
                if file.endswith(".py"):
                    yield Path(folder, file).relative_to(self.root).as_posix()
