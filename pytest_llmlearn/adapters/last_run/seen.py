"""What the last watched run saw, in a small file beside the database: whether anything could have changed since.

Every passing run reads it, so it costs a few files and no import but the standard library's. It is a shadow: where it
is damaged or gone, the run is looked at as if it were the first one, and the file is written anew.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b
from pathlib import Path

from pytest_llmlearn.adapters.last_run.state_file import StateFile

FILE = "seen.json"
TRACES = (".agent-trace/traces.jsonl", ".llmlearn/traces.jsonl")
VERSION = 1


class SeenFile:
    """The file of the project at `root`. Nothing is written where there is no database."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._file = StateFile(root, FILE, VERSION)

    @property
    def watched(self) -> bool:
        """Whether there is a memory in which a run could be joined with anything."""
        return self._file.store() is not None

    def unchanged(self, loaded: Collection[str], ran: Callable[[], Iterable[str]]) -> bool:
        """Whether this run, which passed, can tell nothing new.

        `loaded` are the own files that its tests loaded, paths relative to the root; those of earlier runs tell nothing
        new. `ran` gives the ids of its tests, seen from the root. Without a memory nothing can be told.
        """
        store = self._file.store()
        if store is None:
            return True
        seen = self._file.read()
        if seen is None or seen.get("store") != store or seen.get("head") != self._head():
            return False
        known = seen.get("loaded")
        if not isinstance(known, list) or not {*loaded}.issubset(known):
            return False
        # What no test had reached may be reached as soon as tests or code are others.
        return seen.get("awaiting") is False or seen.get("tried") == self._tried(loaded, ran())

    def saw(self, loaded: Collection[str], ran: Iterable[str], *, awaiting: bool) -> None:
        """Remember this run: what its tests loaded, and whether a generation still awaits its first one.

        Raises:
            OSError: the file cannot be written.
        """
        store = self._file.store()
        if store is None:
            return
        before = self._file.read() or {}
        known = before.get("loaded") if before.get("store") == store else None
        together = {*loaded, *(path for path in known if isinstance(path, str))} if isinstance(known, list) else loaded
        tried = self._tried(loaded, ran) if awaiting else None
        self._file.write(
            {"head": self._head(), "store": store, "loaded": sorted(together), "awaiting": awaiting, "tried": tried}
        )

    def awaits(self) -> None:
        """A generation was recorded: the next run has something to tell. What was loaded is forgotten with the rest.

        Raises:
            OSError: the file cannot be removed.
        """
        self._file.remove()

    def shown(self) -> None:
        """A lesson was shown: what comes of it is to be looked at as soon as code or tests are others.

        Raises:
            OSError: the file cannot be removed.
        """
        seen = self._file.read()
        # Where something is awaited, the next run of other code or tests is looked at already.
        if seen is not None and seen.get("awaiting") is not True:
            self.awaits()

    def _head(self) -> str:
        """What changes with what others could have told of the code: the present commit, and traces."""
        return " ".join((head(self._root), *(_version(self._root / path) for path in TRACES)))

    def _tried(self, loaded: Iterable[str], ran: Iterable[str]) -> str:
        """What a run can tell depends on which tests passed and on the texts that are read to see what they reach."""
        ran = [*ran]
        root = str(self._root)
        files = {*loaded, *(nodeid.partition("::")[0] for nodeid in ran)}
        return _digest((*ran, *(f"{path}\0{_version(f'{root}/{path}')}" for path in files)))


def head(root: Path) -> str:
    """What changes whenever another commit is checked out; empty outside a repository.

    Not the commit itself: where that stands depends on how references are kept, and here it is enough to see that
    one of the places has changed.
    """
    top = Path(os.path.realpath(root))
    for folder in (top, *top.parents):
        git = _git_folder(folder / ".git")
        if git is not None:
            break
    else:
        return ""
    at = _text(git / "HEAD") or ""
    common = git / (_text(git / "commondir") or ".").strip()
    if not at.startswith("ref:"):
        return _digest((at,))
    name = at.removeprefix("ref:").strip()
    kept = _text(git / name) or _text(common / name)
    packed = "" if kept else _version(common / "packed-refs") + _version(common / "reftable" / "tables.list")
    return _digest((at, kept or "", packed))


def _git_folder(entry: Path) -> Path | None:
    if (entry / "HEAD").exists():
        return entry
    pointer = _text(entry)  # a file, of a worktree or a submodule
    return entry.parent / pointer[7:].strip() if pointer is not None and pointer.startswith("gitdir:") else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except (OSError, ValueError):
        return None


def _version(path: Path | str) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116 - asked of every file of a project: an object for each costs more
    except (OSError, ValueError):
        return ""
    return f"{status.st_mtime_ns}:{status.st_size}"


def _digest(parts: Iterable[str]) -> str:
    return blake2b("\0".join(sorted(parts)).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
