"""Where a project's daemon listens, and how others learn of it.

One lock in the project's private folder decides who serves: it is held as long as its process lives, so a socket or a
pointer found by whoever holds it is stale.
"""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pytest_llmlearn.adapters.one_at_a_time import LockFile
from pytest_llmlearn.daemon import wire

LONGEST = 100
"""Bytes of a socket's path: Linux takes 107, macOS 103."""
LOCK = "daemon.lock"
LOG = "daemon.log"


class Unfit(OSError):
    """A folder that others can write to, or that is not ours: nothing private can be put there."""


def state(root: Path) -> Path:
    """The project's private folder."""
    return root.joinpath(*wire.POINTER[:-1])


def pointer(root: Path) -> Path:
    """The file that says where the project's daemon listens."""
    return root.joinpath(*wire.POINTER)


def socket_path(root: Path, environ: Mapping[str, str]) -> Path:
    """Where the daemon of the project at `root` listens: in the user's runtime folder, else in a temporary one.

    The folder is made where it is missing.

    Raises:
        Unfit: nobody can listen privately there.
        OSError: the folder cannot be made.
    """
    name = blake2b(os.fsencode(root.resolve()), digest_size=8).hexdigest() + wire.SOCKET_ENDING
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    mine = f"llmlearn-{os.geteuid()}"
    folders = [Path(runtime) / "llmlearn"] if runtime and Path(runtime).is_absolute() and Path(runtime).is_dir() else []
    folders += [Path(tempfile.gettempdir()) / mine, Path("/tmp") / mine]  # the first one's name may be too long
    said: OSError = Unfit("no folder's name is short enough for a socket")
    for folder in folders:
        if len(os.fsencode(folder / name)) > LONGEST:
            continue
        try:
            _make_private(folder)
        except OSError as error:
            said = error
            continue
        return folder / name
    raise said


def _make_private(folder: Path) -> None:
    """See to it that the folder is there, ours, and nobody else's to look into."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()  # not what a link leads to: in a temporary folder anyone can put one
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise Unfit(f"{folder} is not a folder of this user's")
    if found.st_mode & 0o077:
        folder.chmod(0o700)


@contextmanager
def lock(root: Path) -> Iterator[bool]:
    """Hold what says who serves the project; False where another process does.

    Raises:
        OSError: the project has no private folder yet, or it cannot be written.
    """
    with LockFile(state(root) / LOCK).held() as alone:
        yield alone


def served(root: Path) -> bool:
    """Whether a process that lives serves the project."""
    with suppress(OSError), lock(root) as alone:
        return not alone
    return False


def point(root: Path, told: Mapping[str, Any]) -> None:
    """Write the pointer file, readable by its owner alone; whoever reads it reads all of it."""
    path = pointer(root)
    draft = path.with_name(f"{path.name}-{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        json.dump(dict(told), file)
    draft.replace(path)


def birth(pid: int) -> str | None:
    """What tells this process from a later one of the same number; None where the system does not say."""
    try:
        # The 22nd field (proc(5)), counted behind the name, which may hold anything.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None
