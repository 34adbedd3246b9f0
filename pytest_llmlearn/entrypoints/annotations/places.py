"""Where the project's files lie in their repository, which is how a CI names them.

Tests may run in a folder of the repository, in a container that mounts it elsewhere, or through links; a CI shows a
line only by its path from the repository's top.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from pytest_llmlearn.domain.annotation import Annotation
from pytest_llmlearn.domain.line_hash import line_hashes

CHECKOUTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY", "BUILDKITE_BUILD_CHECKOUT_PATH")
"""Variables in which a CI names the folder of its checkout, as it is called on its own side of a container."""
TEXT_LIMIT = 4_000_000
"""Bytes of a file that is read to tell its lines apart."""


class Places:
    """The files of the project at `root`, as a CI names them. `prefix` says where it lies where that is not found."""

    def __init__(self, root: Path, environ: Mapping[str, str], prefix: str = "") -> None:
        self._root = root.resolve()
        top = _top(self._root, environ)
        self._top = top or self._root
        self._prefix = "" if top is not None else "".join(f"{part}/" for part in _parts(prefix))
        self._known: dict[str, str] = {}

    @property
    def top(self) -> Path:
        """The top of the repository, or the project's root where none is found."""
        return self._top

    def of(self, path: str) -> str:
        """The path from the repository's top, with `/`, of one from the project's root; links are followed."""
        if path not in self._known:
            self._known[path] = self._of(path) if path else ""
        return self._known[path]

    def _of(self, path: str) -> str:
        here = self._root / path
        try:
            real = here.resolve()
        except (OSError, RuntimeError):  # a link to itself
            real = here
        # A link that leads out of the repository is named as the link itself.
        inside = real if real.is_relative_to(self._top) else here
        return self._prefix + inside.relative_to(self._top).as_posix()

    def placed(self, annotations: Iterable[Annotation]) -> list[Annotation]:
        """With their paths in the repository, and told apart by the text of their lines."""
        every = list(annotations)
        lines: dict[str, set[int]] = {}
        for one in every:
            lines.setdefault(one.path, set()).add(one.line)
        hashes = {path: line_hashes(self._text(path), wanted) for path, wanted in lines.items() if path}
        return [
            replace(one, path=self.of(one.path), line_hash=hashes.get(one.path, {}).get(one.line, one.line_hash))
            for one in every
        ]

    def _text(self, path: str) -> str:
        try:
            with (self._root / path).open("rb") as file:
                return file.read(TEXT_LIMIT).decode("utf-8", "replace")
        except (OSError, ValueError):  # it is gone, or was never there
            return ""


def _top(root: Path, environ: Mapping[str, str]) -> Path | None:
    """The top of the repository that the CI checked out.

    A checkout that holds another repository, such as a submodule, is shown by its own top. What a CI names may be a
    folder on the other side of a container, which is not there, or not above the project: then git's own mark is asked.
    """
    named = [Path(value) for name in CHECKOUTS if (value := environ.get(name))]
    above = [folder for one in named if (folder := _resolved(one)) is not None and root.is_relative_to(folder)]
    for folder in above:
        if (folder / ".git").exists():
            return folder
    marked = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    return marked if marked is not None else next(iter(above), None)


def _resolved(folder: Path) -> Path | None:
    try:
        return folder.resolve() if folder.is_dir() else None
    except (OSError, RuntimeError):
        return None


def _parts(prefix: str) -> list[str]:
    spelled = prefix.replace("\\", "/") if os.sep == "\\" else prefix
    return [part for part in spelled.split("/") if part not in ("", ".", "..")]
