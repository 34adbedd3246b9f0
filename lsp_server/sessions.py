"""Which project a file belongs to, and its session.

A workspace's folder is one project, or holds some: the nearest folder upwards with `.llmlearn/` or settings counts, the
folder itself where there is none. A file outside of all folders belongs to its own project, if that has a memory.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lsp_server.session import OpenMemory, Session, open_memory
from pytest_llmlearn.errors import SettingError
from pytest_llmlearn.settings import FOLDER, Root, find_root

log = logging.getLogger(__name__)


def to_path(uri: str | None) -> Path | None:
    """The file that a `file:` URI names; None for any other."""
    try:
        parts = urlsplit(uri or "")
        if parts.scheme != "file" or not parts.path:
            return None
        if os.name == "nt":
            from urllib.request import url2pathname  # loads half of what Python knows of networks

            return Path(url2pathname(parts.path))
        return Path(unquote(parts.path))
    except ValueError:  # no URI at all
        return None


class Sessions:
    """All that are open. `tell` hears what a person should read; `begun` each session when it is made."""

    def __init__(
        self,
        *,
        tell: Callable[[str], None],
        begun: Callable[[Session], None] = lambda session: None,
        open_memory: OpenMemory = open_memory,
    ) -> None:
        self.folders: list[Path] = []
        self.options: dict[Path | None, Mapping[str, Any]] = {None: {}}
        """The client's by folder; under None those that are for all."""
        self._tell = tell
        self._begun = begun
        self._open = open_memory
        self._by_root: dict[Path, Session] = {}
        self._root_of: dict[Path, Path | None] = {}
        self._making = asyncio.Lock()

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._by_root.values()))

    async def of(self, uri: str) -> Session | None:
        """The session of the document's project; None for what is no file, or of a project that has no memory."""
        path = to_path(uri)
        return await self.at(path.parent) if path is not None else None

    async def first(self) -> Session | None:
        """That of the first folder; without any, of the folder that the server was started in."""
        return await self.at(self.folders[0] if self.folders else Path.cwd())

    async def at(self, folder: Path) -> Session | None:
        """The session of the project that this folder belongs to; None where nothing can be known there."""
        async with self._making:
            if folder not in self._root_of:
                self._root_of[folder] = await asyncio.to_thread(self._find, folder)
            root = self._root_of[folder]
            if root is None:
                return None
            session = self._by_root.get(root)
            if session is None:
                options = {**self.options[None], **self.options.get(self._around(folder), {})}
                session = Session(root, options, tell=self._tell, open_memory=self._open)
                self._by_root[root] = session
                self._begun(session)
            return session

    async def change(self, added: Sequence[Path], removed: Sequence[Path]) -> None:
        """The workspace's folders are others now."""
        self.folders = [folder for folder in self.folders if folder not in removed]
        self.folders += [folder for folder in added if folder not in self.folders]
        await self.forget(lambda session: any(session.root.is_relative_to(folder) for folder in removed))

    async def forget(self, which: Callable[[Session], bool] = lambda session: True) -> None:
        """Close sessions; they are opened anew when they are needed."""
        self._root_of.clear()
        for root, session in [*self._by_root.items()]:
            if which(session):
                del self._by_root[root]
                await asyncio.to_thread(session.close)

    def _around(self, path: Path) -> Path | None:
        """The folder of the workspace that holds it, the innermost."""
        holding = [folder for folder in self.folders if path == folder or path.is_relative_to(folder)]
        return max(holding, key=lambda folder: len(folder.parts), default=None)

    def _find(self, folder: Path) -> Path | None:
        around = self._around(folder)
        try:
            if around is not None:
                root = find_root(folder, os.environ, None, lambda: Root(path=around, why="a folder of the workspace"))
                return root.path
            from pytest_llmlearn.bootstrap import project_root

            root = project_root(folder)
        except SettingError as error:
            self._tell(str(error))
            return around
        return root.path if (root.path / FOLDER).is_dir() else None
