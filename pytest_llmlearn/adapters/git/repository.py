"""One git repository: found and asked for its head by reading files, for the rest by running git.

A process costs more than a millisecond before it does anything, so what stands in a file is read there.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

# Set by git for its hooks, and meant for the repository that runs them (git rev-parse --local-env-vars). The
# configuration in the environment stays: a `safe.directory` given there is the user's word.
_FOREIGN = frozenset({
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_DIR", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_NAMESPACE", "GIT_NO_REPLACE_OBJECTS", "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
})  # fmt: skip
_SETTINGS = (
    "core.fsmonitor=false",  # no hook and no daemon for a question
    "core.quotePath=false",
    "diff.relative=false",
    "i18n.logOutputEncoding=UTF-8",
    "log.showRoot=true",
    "log.showSignature=false",
)
COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
"""What names a commit or another object in full: SHA-1 or SHA-256."""
_MAX_LINKS = 5


def toplevel(folder: Path) -> Path | None:
    """The top of the working tree around `folder`, links resolved; None where no repository is.

    Told from the `.git` folder, or file of a worktree or submodule, upwards; git is not started.
    """
    start = Path(os.path.realpath(folder))
    for candidate in (start, *start.parents):
        if git_folder(candidate) is not None:
            return candidate
    return None


def git_folder(top: Path) -> Path | None:
    """The folder that holds this working tree's `HEAD`; None where `top` is no top of a working tree."""
    entry = top / ".git"
    if (entry / "HEAD").is_file() or (entry / "HEAD").is_symlink():
        return entry
    pointer = _read(entry)
    if pointer is None or not pointer.startswith("gitdir:"):
        return None
    folder = top / pointer.removeprefix("gitdir:").strip()
    return folder if (folder / "HEAD").exists() else None


def common_folder(git: Path) -> Path:
    """The folder that several worktrees share: refs, objects, `shallow`."""
    shared = _read(git / "commondir")
    return git / shared.strip() if shared else git


def head_commit(root: Path, environ: Mapping[str, str] | None = None) -> str | None:
    """The commit that the working tree around `root` is at, in hexadecimal; None without a repository or a commit.

    Read from files; git is asked only where references are not kept in files (`reftable`).
    """
    top = toplevel(root)
    return reference(top, "HEAD", environ) if top else None


def reference(top: Path, name: str, environ: Mapping[str, str] | None = None) -> str | None:
    """What a reference such as `HEAD` or `refs/notes/ai` points at in the repository at `top`; None for nothing.

    Read from files, as `head_commit`; `environ` (that of the process for None) is git's where it is asked.
    """
    git = git_folder(top)
    if git is None:
        return None
    common = common_folder(git)
    if (common / "reftable").is_dir():
        return _asked(top, name, os.environ if environ is None else environ)
    for _ in range(_MAX_LINKS):
        content = _read(git / name)
        if content is None:
            content = _read(common / name)
        if content is None:
            return _packed(common, name)
        content = content.strip()
        if not content.startswith("ref:"):
            return content if COMMIT.fullmatch(content) else None
        name = content.removeprefix("ref:").strip()
    return None


def cut_commits(top: Path) -> frozenset[str]:
    """The commits at which a shallow clone's history ends: whatever is older looks as if it were theirs."""
    git = git_folder(top)
    content = _read(common_folder(git) / "shallow") if git else None
    return frozenset(content.split()) if content else frozenset()


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment in which git is run: nobody else's repository, no locks, no network, no questions, English."""
    return {
        **{name: value for name, value in environ.items() if name not in _FOREIGN},
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # older gits do not know the line above, and fetch what a partial clone lacks
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def start(top: Path, words: list[str], environ: Mapping[str, str], *, asked: bool = False) -> subprocess.Popen[bytes]:
    """Start git in `top`, its output and errors piped; its input too where it is `asked` something there.

    Raises:
        OSError: git is not on the PATH, or cannot be started.
    """
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    return subprocess.Popen(
        ["git", *settings, *words],
        cwd=top,
        env=environ,
        stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """Stop the process if it still runs, and let go of its pipes."""
    if process.poll() is None:
        process.kill()
    if process.stdout is not None and not process.stdout.closed:
        process.communicate()


def _asked(top: Path, name: str, environ: Mapping[str, str]) -> str | None:
    try:
        process = start(top, ["rev-parse", "--verify", "--quiet", name], environment(environ))
    except OSError:  # without git, a repository whose references only git can read is at no known commit
        return None
    try:
        output, _ = process.communicate(timeout=5)
    except subprocess.TimeoutExpired:
        end(process)
        return None
    said = output.decode("ascii", "replace").strip()
    return said if COMMIT.fullmatch(said) else None


def _packed(common: Path, name: str) -> str | None:
    content = _read(common / "packed-refs")
    for line in content.splitlines() if content else ():
        commit, _, packed = line.partition(" ")
        if packed.strip() == name and COMMIT.fullmatch(commit):
            return commit
    return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except (OSError, ValueError):  # missing, a folder, unreadable or no name a file can have: nothing to be read
        return None
