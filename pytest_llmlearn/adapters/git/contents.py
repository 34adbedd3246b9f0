"""Files as they are in a commit, read without checking it out."""

from __future__ import annotations

import os
import subprocess
from functools import lru_cache
from pathlib import Path

from pytest_llmlearn.adapters.git.repository import COMMIT, end, environment, start, toplevel

SECONDS = 20.0


class CommitFiles:
    """The files of one commit, by their paths from the project's root."""

    def __init__(self, root: Path, commit: str) -> None:
        top = toplevel(root)
        self._top = top
        self._commit = commit
        real = Path(os.path.realpath(root))
        self._prefix = f"{real.relative_to(top).as_posix()}/" if top is not None and real != top else ""
        self._texts = lru_cache(maxsize=256)(self._read)

    @property
    def there(self) -> bool:
        """Whether the repository has this commit: a shallow clone lacks older ones."""
        words = ["cat-file", "-e", f"{self._commit}^{{commit}}"]
        return COMMIT.fullmatch(self._commit) is not None and self._asked(words) is not None

    def text(self, path: str) -> str | None:
        """The text of a file; None where the commit has none of that path."""
        return self._texts(path)

    def _read(self, path: str) -> str | None:
        raw = self._asked(["cat-file", "blob", f"{self._commit}:{self._prefix}{path}"])
        if raw is None:
            return None
        return raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")

    def _asked(self, words: list[str]) -> bytes | None:
        if self._top is None:
            return None
        try:
            process = start(self._top, words, environment(os.environ))
        except OSError:  # no git here: nothing can be told of other commits
            return None
        try:
            output, _ = process.communicate(timeout=SECONDS)
        except subprocess.TimeoutExpired:
            return None
        finally:
            end(process)
        return output if process.returncode == 0 else None
