"""The files that give paths their attributes: where they lie, and whether they speak of what was generated.

Read as files, without git: most projects have none that does, and then git need not be asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pytest_llmlearn.adapters.git.repository import common_folder, git_folder

NAME = ".gitattributes"
WORD = b"generated"
"""In the name of every attribute that we know. A macro that stands for one is defined where all paths are affected."""
MAX_BYTES = 1_000_000
MAX_NESTED = 50
"""Attribute files below the root that a digest holds."""
_SET_FILE = re.compile(r"^[ \t]*attributesfile[ \t]*=[ \t]*(?P<path>[^#;\r\n]+)", re.IGNORECASE | re.MULTILINE)
_LENGTH = 0xFFF
_NAMED = b"/" + os.fsencode(NAME) + b"\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeFiles:
    """The attribute files of one repository. `top` is its top, links resolved; `environ` says where the user's lie."""

    top: Path
    environ: Mapping[str, str]

    def speaking(self, names: Iterable[str]) -> list[str]:
        """Those of the names (from the top, `/`) that some attribute file may speak of."""
        if any(WORD in read(path) for path in self.common()):
            return list(names)
        folders: dict[str, bool] = {}
        found: list[str] = []
        for name in names:
            folder = name.rpartition("/")[0]
            if folder not in folders:
                folders[folder] = any(WORD in read(path) for path in self.towards(folder))
            if folders[folder]:
                found.append(name)
        return found

    def common(self) -> Iterator[Path]:
        """Those about every path: the top's, the repository's own, the user's, the machine's."""
        yield self.top / NAME
        git = git_folder(self.top)
        common = common_folder(git) if git else None
        if common is not None:
            yield common / "info" / "attributes"
        yield from self._of_the_user(common)
        if self.environ.get("GIT_ATTR_NOSYSTEM", "").lower() not in ("1", "true", "yes", "on"):
            yield Path("/etc/gitattributes")

    def towards(self, folder: str) -> Iterator[Path]:
        """Those of the folders from below the top down to `folder`."""
        at = self.top
        for name in PurePosixPath(folder).parts:
            at = at / name
            yield at / NAME

    def nested(self, folder: str) -> list[Path]:
        """Tracked ones below `folder` (from the top), at most `MAX_NESTED`: from git's index, which is read as a file.

        None of an index in the version that leaves out what a name has in common with the one before it (version 4).
        """
        git = git_folder(self.top)
        index = read(git / "index", limit=None) if git else b""
        found: list[Path] = []
        end = index.find(_NAMED)
        while end >= 0 and len(found) < MAX_NESTED:
            path = _name_that_ends(index, end + len(_NAMED) - 1)
            if path is not None and (not folder or path.startswith(f"{folder}/")):
                found.append(self.top / path)
            end = index.find(_NAMED, end + 1)
        return found

    def _of_the_user(self, common: Path | None) -> Iterator[Path]:
        """The file that `core.attributesFile` names, where a configuration names it plainly; else the usual one.

        The repository's configuration wins over the user's, and that over the machine's. What they include is not
        followed.
        """
        home = self.environ.get("HOME") or self.environ.get("USERPROFILE") or ""
        own = self.environ.get("XDG_CONFIG_HOME") or (f"{home}/.config" if home else "")
        configurations = [common / "config"] if common else []
        if "GIT_CONFIG_GLOBAL" in self.environ:
            configurations.append(Path(self.environ["GIT_CONFIG_GLOBAL"]))
        else:
            configurations += [Path(home, ".gitconfig")] if home else []
            configurations += [Path(own, "git", "config")] if own else []
        configurations.append(Path(self.environ.get("GIT_CONFIG_SYSTEM", "/etc/gitconfig")))
        for configuration in configurations:
            named = _SET_FILE.findall(read(configuration).decode("utf-8", "surrogateescape"))
            if named:
                path = named[-1].strip().strip('"')
                yield Path(home, path.removeprefix("~/")) if path.startswith("~/") else self.top / path
                return
        if own:
            yield Path(own, "git", "attributes")


def read(path: Path, limit: int | None = MAX_BYTES) -> bytes:
    """What a file holds, up to a limit; nothing where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(-1 if limit is None else limit)
    except (OSError, ValueError):  # missing, a folder, unreadable, or no name a file can have
        return b""


def _name_that_ends(index: bytes, end: int) -> str | None:
    """The path in git's index that ends there.

    Before each stands its length, in the low twelve bits of two bytes; two more may lie between, the second a zero.
    Within a name two letters may look like a length, so the farthest place counts.
    """
    found = None
    start = end - len(_NAMED) + 2
    while start > 4 and index[start - 1]:
        start -= 1
        if int.from_bytes(index[start - 2 : start]) & _LENGTH == end - start:
            found = start
    if int.from_bytes(index[start - 4 : start - 2]) & _LENGTH == end - start:
        found = start
    return None if found is None else index[found:end].decode("utf-8", "surrogateescape")
