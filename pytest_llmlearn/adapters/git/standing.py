"""What decides git's answers beside the files and their commits: lists, maps, settings. Told without a process.

Only texts and dates of a few files are looked at, for it is asked in every run. What is staged is not among them: a
`git add` changes it, and what is said only of files that are in no commit, which are not to be remembered anyway.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

from pytest_llmlearn.adapters.git.asking import IGNORED
from pytest_llmlearn.adapters.git.repository import common_folder, git_folder, toplevel

_DECIDING = (
    "GIT_CONFIG", "GIT_CONFIG_COUNT", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM", "HOME", "XDG_CONFIG_HOME",
)  # fmt: skip
_SUBMODULE = re.compile(r"^[ \t]*path[ \t]*=[ \t]*(?P<path>[^\r\n]+)", re.MULTILINE)
# `blame.ignoreRevsFile`, `mailmap.file`, `include.path` and `includeIf.*.path`, wherever in the file they stand.
_NAMED = re.compile(r"^[ \t]*(?:ignorerevsfile|file|path)[ \t]*=[ \t]*(?P<path>[^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_MAX_CHILDREN = 1_000


def around(root: Path) -> list[Path]:
    """The tops of the repositories of a project: the one around it first, with its submodules.

    Where none is around it, those in the root's own folders. One that lies deeper, and is no submodule, is not found.
    """
    top = toplevel(root)
    if top is not None:
        return [top, *_submodules(top)]
    try:
        with os.scandir(root) as entries:
            folders = sorted(entry.path for entry, _ in zip(entries, range(_MAX_CHILDREN), strict=False))
    except OSError:
        return []
    return [Path(os.path.realpath(folder)) for folder in folders if git_folder(Path(folder)) is not None]


def decisive(tops: Sequence[Path], environ: Mapping[str, str]) -> str:
    """A digest of all that decides what git says of a line beside the file's text and its commits.

    Of each repository: the mailmap and the list of commits to ignore, where a shallow clone ends, grafts, replaced
    objects, its settings; of the user and the machine: their settings. Files that settings name count by their dates.
    """
    digest = blake2b(digest_size=16)

    def add(*words: object) -> None:
        digest.update(repr(words).encode("utf-8", "surrogatepass"))

    for name in sorted(environ):
        if name in _DECIDING or name.startswith(("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")):
            add(name, environ[name])
    for top in tops:
        add(str(top), content_of(top / ".mailmap"), content_of(top / IGNORED))
        git = git_folder(top)
        if git is not None:
            common = common_folder(git)
            add(content_of(common / "shallow"), content_of(common / "info" / "grafts"), *_replaced(common))
    for file in settings_of(tops, environ):
        content = content_of(file)
        add(str(file), content)
        for named in _NAMED.finditer((content or b"").decode("utf-8", "replace")):
            for base in (file.parent, *tops):  # an include counts from its file, all others from the top
                path = base / _expanded(named["path"].strip().strip('"'), environ)
                add(str(path), _dates(path))
    return digest.hexdigest()


def settings_of(tops: Iterable[Path], environ: Mapping[str, str]) -> Iterator[Path]:
    """The files that hold git's settings for these repositories, whether they exist or not: the user's come first."""
    yield from _of_the_user(environ)
    for top in tops:
        git = git_folder(top)
        if git is not None:
            yield common_folder(git) / "config"
            yield git / "config.worktree"


def _submodules(top: Path) -> Iterator[Path]:
    content = content_of(top / ".gitmodules")
    for match in _SUBMODULE.finditer((content or b"").decode("utf-8", "replace")):
        folder = Path(os.path.realpath(top / match["path"].strip().strip('"')))
        if folder.is_relative_to(top) and git_folder(folder) is not None:
            yield folder


def _of_the_user(environ: Mapping[str, str]) -> Iterator[Path]:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    chosen = environ.get("GIT_CONFIG_GLOBAL")
    if chosen is not None:
        yield Path(chosen)
    elif home:
        yield Path(home, ".gitconfig")
        yield Path(environ.get("XDG_CONFIG_HOME") or Path(home, ".config"), "git", "config")
    yield Path(environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig"))


def _replaced(common: Path) -> Iterator[object]:
    """Objects that stand for others (`git replace`), by what can be told from files."""
    folder = common / "refs" / "replace"
    if folder.is_dir():
        yield from sorted((path.name, content_of(path)) for path in folder.iterdir())
    packed = content_of(common / "packed-refs") or b""
    if b" refs/replace/" in packed:
        yield from (line for line in packed.splitlines() if b" refs/replace/" in line)


def _expanded(path: str, environ: Mapping[str, str]) -> str:
    return environ.get("HOME", "~") + path[1:] if path.startswith("~/") else path


def _dates(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def content_of(path: Path) -> bytes | None:
    """What a file holds; None for what is no file that can be read."""
    try:
        return path.read_bytes()
    except (OSError, ValueError):
        return None
