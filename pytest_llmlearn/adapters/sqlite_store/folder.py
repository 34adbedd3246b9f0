"""The folder `.llmlearn/` at a project's root: what it holds, who may read it, and what becomes of a damaged file.

It is made at once and whole; what is there is left as its owner has it, and nothing damaged is ever deleted here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

FOLDER = ".llmlearn"
STATE = "state"
DATABASE = "memory.db"
BESIDE = ("-wal", "-shm")
"""Endings of the files that SQLite keeps beside a database."""

README = """\
# What is this folder?

pytest-llmlearn keeps here what it learned from the test failures of LLM-written code in this project.

- `marks.jsonl`: what people said of who wrote some lines (`llmlearn mark`), with short hashes of those lines so that
  the words follow them. Commit it. Lines are only ever added: `.llmlearn/marks.jsonl merge=union` in the project's
  `.gitattributes` lets branches add them side by side.
- `lessons.jsonl`: the lessons that were proven here, one a line (`llmlearn lessons export`). Commit it, and
  `.gitattributes` beside it, which has branches add their lines side by side.
- `baseline.json`: what this project has accepted: findings of the security scan (`llmlearn scan --update-baseline`),
  as paths, rules and digests, no code, and mistakes by which no run fails (`llmlearn baseline`). Commit it.
- `rules/`: Semgrep rules made of mistakes that were made again and again (`llmlearn rules export`); what they enforce
  is not told any more. Commit them.
- `traces.jsonl`: which lines assistants wrote while they wrote them, as Agent Trace records: paths, line numbers and
  model names, no code and no prompts. Commit it if others should know.
- `state/`: the memory itself, a SQLite database. It is private to you: it quotes error messages, a few lines of code
  around each failure (redacted), and for a while the failing functions. The `.gitignore` beside this file keeps it out
  of git, and its files can be read by you alone.

This is the only place where the memory is kept; it is no cache, but for `state/provenance.db`, which may be deleted at
any time. To erase the memory for good, run `llmlearn clear`; it leaves `baseline.json`, `lessons.jsonl`,
`marks.jsonl`, `rules/` and `traces.jsonl`.
"""
GITIGNORE = """\
*
!.gitattributes
!.gitignore
!README.md
!baseline.json
!lessons.jsonl
!marks.jsonl
!rules/
!rules/**
!traces.jsonl
"""
PRIVATE_GITIGNORE = "*\n"
"""Of the private part itself. The one above may be committed, and a branch without it takes it away; this one hides
itself, so no checkout does."""
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def database_path(root: Path) -> Path:
    """Where the database of the project at `root` is, or would be."""
    return root / FOLDER / STATE / DATABASE


def make(root: Path) -> None:
    """Make the folder and its private part; files of it that exist are left as they are.

    Raises:
        OSError: it cannot be made there.
    """
    folder = root / FOLDER
    if not folder.is_dir():
        # Filled under another name and then renamed: whoever sees it, sees all of it. If another process was faster
        # the renaming fails, for its folder is not empty.
        draft = root / f"{FOLDER}-{os.getpid()}-{os.urandom(4).hex()}"
        draft.mkdir()
        try:
            _complete(draft)
            draft.rename(folder)
        except OSError:
            shutil.rmtree(draft, ignore_errors=True)
            if not folder.is_dir():
                raise
    _complete(folder)


def _complete(folder: Path) -> None:
    for name, text in ((".gitignore", GITIGNORE), ("README.md", README)):
        if not (folder / name).exists():
            _write_new(folder / name, text)
    state = folder / STATE
    state.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    # A checkout or a restored archive may have made it for everybody.
    if os.name == "posix" and state.stat().st_mode & 0o077 and state.stat().st_uid == os.geteuid():
        state.chmod(PRIVATE_FOLDER)
    if not (state / ".gitignore").exists():
        _write_new(state / ".gitignore", PRIVATE_GITIGNORE, mode=PRIVATE_FILE)


def _write_new(path: Path, text: str, mode: int | None = None) -> None:
    draft = path.with_name(f"{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
    draft.write_text(text, encoding="utf-8")
    if mode is not None:
        draft.chmod(mode)
    draft.replace(path)


def make_private(path: Path) -> None:
    """An empty file that only its owner can read, unless there is one. SQLite gives its companions the same mode.

    Raises:
        OSError: it cannot be made or may not be written.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))


def identity(path: Path) -> tuple[int, int] | None:
    """What tells this very file from another under the same name; None if there is none."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def move_aside(path: Path, damaged: tuple[int, int] | None, now: datetime) -> Path | None:
    """Rename the damaged database, with the files beside it, to `memory.db.damaged-<UTC time>`.

    Two processes may find the damage at once: `damaged` is the identity of the file that was found so. Where another
    file has its name by now, the other process has done it, and None is returned.

    Raises:
        OSError: it cannot be renamed.
    """
    with _alone_in(path.parent):
        if identity(path) != damaged:
            return None
        base = f"{path.name}.damaged-{now:%Y%m%dT%H%M%SZ}"
        target = path.with_name(base)
        ordinal = 1
        while target.exists():
            ordinal += 1
            target = path.with_name(f"{base}-{ordinal}")
        # The companions first: left behind, they would be taken for those of the new database.
        for ending in BESIDE:
            companion = path.with_name(path.name + ending)
            if companion.exists():
                companion.rename(target.with_name(target.name + ending))
        path.rename(target)
        return target


def moved_aside(path: Path) -> list[Path]:
    """The damaged files that were moved aside from `path`, companions included."""
    return sorted(path.parent.glob(f"{path.name}.damaged-*"))


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """One process at a time, where the system has such a lock (POSIX); elsewhere an open file cannot be renamed."""
    if os.name != "posix":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def size(path: Path) -> int:
    """Bytes of the database with the files beside it."""
    files = (path.with_name(path.name + ending) for ending in ("", *BESIDE))
    return sum(file.stat().st_size for file in files if file.exists())
