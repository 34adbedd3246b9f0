"""Which repository a path of the project lies in, and what it is called there. Told from folders, without git."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from pytest_llmlearn.adapters.git.repository import git_folder, toplevel
from pytest_llmlearn.adapters.git.standing import around


class Places:
    """The folders of one project. Each is looked at once; `root` is the project's."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._folders: dict[str, tuple[Path | None, Path, str]] = {}
        self._tops: dict[str, set[Path]] = {}
        self._around: Sequence[Path] | None = None

    @property
    def around(self) -> Sequence[Path]:
        """The tops of the project's repositories, the one around it first, as `standing.around` finds them."""
        if self._around is None:
            self._around = around(self.root)
        return self._around

    @property
    def here(self) -> tuple[Path | None, Path]:
        """The top of the repository around the root, and the root, links resolved."""
        top, real, _ = self._folder("")
        return top, real

    def of(self, path: str) -> tuple[Path, str] | None:
        """The top of the repository that a path lies in, and its name from there; None outside one, or the root.

        A link is the file that it leads to: what git holds of the link itself is no line of anybody's.
        """
        folder, _, name = path.rpartition("/")
        if not is_inside(path):
            return None
        if not name or name == "." or "//" in path or folder.startswith("."):
            pure = PurePosixPath(path)
            folder, name = "" if len(pure.parts) < 2 else pure.parent.as_posix(), pure.name
        top, real, prefix = self._folder(folder)
        if (link := real / name).is_symlink():
            return self._led_to(link)
        return (top, prefix + name) if top is not None else None

    def _led_to(self, link: Path) -> tuple[Path, str] | None:
        """Of the file that a link leads to; None where that is outside the root."""
        target = Path(os.path.realpath(link))
        top = toplevel(target.parent) if target.is_relative_to(self.here[1]) else None
        return (top, target.relative_to(top).as_posix()) if top is not None else None

    def tops_of(self, name: str) -> Iterable[Path]:
        """The repositories in which a file is called so, as far as it was asked for; else the root's."""
        return self._tops.get(name) or self.around[:1]

    def name_of(self, path: str) -> str | None:
        """What a path is called in its repository; None outside one."""
        place = self.of(path)
        if place is None:
            return None
        self._tops.setdefault(place[1], set()).add(place[0])
        return place[1]

    def by_repository(self, paths: Iterable[str]) -> dict[Path, dict[str, list[str]]]:
        """For each top, by name from there, the given paths that mean this file. Those outside are left out."""
        found: dict[Path, dict[str, list[str]]] = {}
        for path in dict.fromkeys(paths):
            place = self.of(path)
            if place is not None:
                found.setdefault(place[0], {}).setdefault(place[1], []).append(path)
        return found

    def _folder(self, folder: str) -> tuple[Path | None, Path, str]:
        """Of a folder of the project: its repository's top, itself with links resolved, and what its files' names
        begin with there."""
        known = self._folders.get(folder)
        if known is None:
            path = self.root / folder
            if not folder or path.is_symlink():
                top, real = toplevel(path), Path(os.path.realpath(path))
            else:
                above, _, last = folder.rpartition("/")
                top, parent, _ = self._folder(above)
                real = parent / last
                if git_folder(real) is not None:
                    top = real
            prefix = real.relative_to(top).as_posix() + "/" if top is not None and real != top else ""
            self._folders[folder] = known = top, real, prefix
        return known


def is_inside(path: str) -> bool:
    """Whether a path as it is given can be a file's below the folder it counts from."""
    if "\0" in path or path.startswith("/"):
        return False
    pure = PurePosixPath(path) if ".." in path or path in ("", ".") else None
    return pure is None or (bool(pure.name) and ".." not in pure.parts)
