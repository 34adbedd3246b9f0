"""Lines in no commit yet, while an assistant is at work: likely its own, by nothing but the moment.

Without a live session nothing is looked at, and no history is asked.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from heapq import nlargest
from pathlib import Path
from typing import Protocol

from pytest_llmlearn.domain.assistants import KNOWN, Roster
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.domain.sessions import Session, live_session
from pytest_llmlearn.hookspecs import Project, ProvenanceReader, hookimpl

CONFIDENCE = 0.5
"""A person may type beside the assistant, and some of the variables are set in people's terminals, too."""
DEVIN = Path("/opt/.devin")
"""What Devin's machines have instead of a variable."""
SECONDS = 0.5
"""How long a look for the latest changed files may take."""
LATEST = 50
"""Files asked about, the latest changed first: what is in no commit was written after what was checked out."""
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "env", "build", "dist"})


@hookimpl
def llmlearn_register_provenance(register: Callable[[ProvenanceReader], None], project: Project) -> None:
    """The reader of a live session."""
    register(SessionReader(project.root, project.history, environ=project.environ, roster=project.assistants))


class Uncommitted(Protocol):
    """What is asked of the history, and no more."""

    def uncommitted(self, paths: Sequence[str]) -> Mapping[str, Sequence[bool]]:
        """As `hookspecs.History` has it."""
        ...


class SessionReader:
    """Lays uncommitted lines on the assistant whose session is live. `devin` is the file that tells of Devin."""

    name = "session"
    notices: Sequence[str] = ()  # what the history cannot say, it tells itself

    def __init__(
        self,
        root: Path,
        history: Uncommitted,
        *,
        environ: Mapping[str, str],
        roster: Roster = KNOWN,
        devin: Path = DEVIN,
        seconds: float = SECONDS,
    ) -> None:
        self.root = root
        self.history = history
        self.seconds = seconds
        self.session = live_session(environ, roster) or _devins(devin)

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        """An answer for each line that is in no commit; files without one, or in no repository, are left out."""
        if self.session is None or not paths:
            return {}
        answer = _answer(self.session)
        return {
            path: [answer if new else None for new in lines]
            for path, lines in self.history.uncommitted(paths).items()
            if any(lines)
        }

    def says_anything(self) -> bool:
        """Whether a session is live and one of the latest changed Python files has a line in no commit."""
        if self.session is None:
            return False
        latest = nlargest(LATEST, self._python_files())
        return bool(latest) and bool(self.read([path for _, path in latest]))

    def standing(self) -> str:
        """The session; while one is live, also the lists of ignored files from the repository's top to the root.

        Which lines are in no commit is decided by the commit, the text, and whether the file is ignored. Lists in
        folders below the root and the user's own are not looked at: a file that they begin to let through is of
        unknown origin until its text or the commit changes, as it was before.
        """
        if self.session is None:
            return ""
        digest = blake2b(repr(self.session).encode("utf-8", "backslashreplace"), digest_size=16)
        for path in self._ignore_lists():
            try:
                digest.update(b"\0" + os.fsencode(path) + b"\0" + path.read_bytes())
            except OSError:  # no such list
                continue
        return digest.hexdigest()

    def _ignore_lists(self) -> Iterator[Path]:
        for folder in (self.root, *self.root.parents):
            yield folder / ".gitignore"
            if (folder / ".git").exists():
                yield folder / ".git" / "info" / "exclude"
                return

    def _python_files(self) -> Iterator[tuple[int, str]]:
        """When each was last changed, and its path; as far as one comes in time."""
        deadline = time.monotonic() + self.seconds
        folders = [self.root]
        while folders and time.monotonic() <= deadline:
            folder = folders.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError:  # unreadable, or gone since: nothing of ours is in it
                continue
            for entry in entries:
                if entry.name.startswith(".") or entry.name in _SKIPPED:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.name.endswith(".py") and entry.is_file(follow_symlinks=False):
                    changed = _changed(entry)
                    if changed is not None:
                        yield changed, Path(entry.path).relative_to(self.root).as_posix()


def _changed(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except OSError:  # gone since the folder was read
        return None


def _devins(mark: Path) -> Session | None:
    return Session(tool="devin", variable=str(mark)) if mark.exists() else None


def _answer(session: Session) -> Provenance:
    return Provenance(
        type="ai",
        model=session.model,
        tool=session.tool,
        confidence=CONFIDENCE,
        evidence=f"live session ({session.variable}), not committed",
    )
