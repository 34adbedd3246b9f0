"""Where an index in Chroma lies: in a folder of this project, or on a server."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pytest_llmlearn.adapters.chroma_index import opening, stamp
from pytest_llmlearn.adapters.chroma_index.records import COLLECTIONS
from pytest_llmlearn.adapters.chroma_index.stamp import Stamp
from pytest_llmlearn.errors import IndexUnavailable

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

Alone = Callable[[], AbstractContextManager[bool]]
"""Holds a lock while it lasts; False where another process has it."""
_STAMP, _PROJECT = "llmlearn", "llmlearn_project"
"""Keys in the metadata of a collection on a server."""
_PAUSE = 0.05


class Place(Protocol):
    """Where an index lies, and what is remembered of it there. `ours`: nobody else uses it, and it may be removed
    where it is damaged."""

    @property
    def ours(self) -> bool: ...

    def exists(self) -> bool:
        """Whether there may be one: False costs nothing to know."""
        ...

    def own(self) -> None:
        """Be allowed to open it.

        Raises:
            IndexUnavailable: another process is the one that does.
        """
        ...

    def writing(self) -> AbstractContextManager[None]:
        """No other process of this project writes while it lasts."""
        ...

    def open(self) -> ClientAPI: ...

    def marks(self, found: Stamp) -> dict[str, str]:
        """What the first collection has as metadata from its first moment on."""
        ...

    def read(self) -> Stamp | None:
        """What was remembered of it last; None where there is nothing, or nothing that can be trusted."""
        ...

    def write(self, found: Stamp) -> None: ...

    def wipe(self) -> None:
        """Remove it as a whole."""
        ...

    def size(self) -> int | None:
        """Bytes on this disk; None where it is on another's."""
        ...

    def close(self) -> None: ...


class Folder:
    """Chroma's files in `path`, opened by one process at a time.

    `alone` is the lock, which lies elsewhere, for the folder is removed as a whole where it is made anew. It is held
    from `own` to `close`: of two processes on the same files one answers with what the other has deleted.
    """

    ours = True

    def __init__(self, path: Path, alone: Alone) -> None:
        self._path = path
        self._alone = alone
        self._held = ExitStack()
        self._owned = False
        self._client: ClientAPI | None = None
        self._stamp: Stamp | None = None
        self._files = stamp.Files(path)

    def __str__(self) -> str:
        return str(self._path)

    def exists(self) -> bool:
        return self._path.is_dir()

    def own(self) -> None:
        if self._owned:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            taken = self._held.enter_context(self._alone())
        except OSError as error:
            raise IndexUnavailable(f"the index in {self._path} cannot be used: {error.strerror or error}") from error
        if not taken:
            self._held.close()
            raise IndexUnavailable(
                f"another process has the index in {self._path}; this one searches the vectors in SQLite one by one",
                owned=True,
            )
        self._owned = True

    @contextmanager
    def writing(self) -> Iterator[None]:
        yield  # nobody but the owner comes here

    def open(self) -> ClientAPI:
        if self._client is None:
            try:
                self._path.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise IndexUnavailable(f"{self._path} cannot be made: {error.strerror or error}") from error
            self._client = opening.folder(self._path)
        return self._client

    def marks(self, found: Stamp) -> dict[str, str]:
        return {"embedder": found.embedder}

    def read(self) -> Stamp | None:
        if self._client is not None:
            return self._stamp
        try:
            found = stamp.read((self._path / f"{_STAMP}.json").read_text(encoding="utf-8"))
            if found is None or not (self._path / stamp.DATABASE).is_file():
                return None
            # Files of the graph that are not as they were left are never opened: a torn one ends the process. Where
            # it was being written to and they still are, the end came before the graph was written.
            self._stamp = found if self._files.measured() == dict(found.files) else None
        except (OSError, UnicodeDecodeError):
            return None
        return self._stamp

    def write(self, found: Stamp) -> None:
        # While it is being written to, the files are told of as they were before.
        files = self._stamp.files if found.writing and self._stamp is not None else self._files.measured()
        self._stamp = replace(found, files=files)
        target = self._path / f"{_STAMP}.json"
        draft = target.with_name(f"{target.name}.new")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(handle, self._stamp.text().encode())
        finally:
            os.close(handle)
        draft.replace(target)

    def wipe(self) -> None:
        self._let_go()
        self._stamp = None
        if self._path.is_dir():
            with opening.translated(f"the index in {self._path} cannot be removed"):
                shutil.rmtree(self._path)

    def size(self) -> int:
        return sum(file.stat().st_size for file in self._path.rglob("*") if file.is_file())

    def close(self) -> None:
        # A question may have made Chroma write what it had put off.
        if self._client is not None and self._stamp is not None and not self._stamp.writing:
            self._let_go()
            with suppress(OSError):  # then its files are not as it says, and it is made anew
                self.write(self._stamp)
        self._let_go()
        self._held.close()
        self._owned = False

    def _let_go(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            opening.let_go(client)


class Server:
    """A Chroma server, shared with others: collections in a database of this project's own.

    `alone` is a lock that the processes of this project hold while they write there; `project` tells it from others.
    """

    ours = False

    def __init__(
        self,
        url: str,
        alone: Alone,
        *,
        project: Callable[[], str],
        tenant: str,
        database: str,
        headers: Mapping[str, str],
        patience: float = opening.PATIENCE,
    ) -> None:
        self._url = url
        self._alone = alone
        self._project = project
        self._tenant = tenant
        self._database = database
        self._headers = headers
        self._patience = patience
        self._client: ClientAPI | None = None

    def __str__(self) -> str:
        return self._url

    def exists(self) -> bool:
        return True

    def own(self) -> None:
        """A server has many users."""

    @contextmanager
    def writing(self) -> Iterator[None]:
        deadline = time.monotonic() + self._patience
        while True:
            with self._alone() as taken:
                if taken:
                    yield
                    return
            if time.monotonic() > deadline:
                raise IndexUnavailable(f"another process of this project is writing to {self._url}", owned=True)
            time.sleep(_PAUSE)

    def open(self) -> ClientAPI:
        if self._client is None:
            self._client = opening.server(
                self._url,
                tenant=self._tenant,
                database=self._database,
                headers=self._headers,
                patience=self._patience,
            )
        return self._client

    def marks(self, found: Stamp) -> dict[str, str]:
        return {"embedder": found.embedder, _PROJECT: self._project(), _STAMP: found.text()}

    def read(self) -> Stamp | None:
        client = self.open()
        with opening.translated(f"{self._url} does not say what it has"):
            there = {one.name: one.metadata or {} for one in client.list_collections()}
        if not any(name in there for name in COLLECTIONS.values()):
            return None
        first = there.get(COLLECTIONS["mistakes"], {})
        if first.get(_PROJECT) != self._project():
            raise IndexUnavailable(
                f"the collections at {self._url} are not this project's; give it a database of its own there and name "
                "that in LLMLEARN_CHROMA_DATABASE"
            )
        return stamp.read(str(first.get(_STAMP)))

    def write(self, found: Stamp) -> None:
        client = self.open()
        with opening.translated(f"{self._url} cannot be written to"):
            client.get_collection(COLLECTIONS["mistakes"], embedding_function=None).modify(metadata=self.marks(found))

    def wipe(self) -> None:
        client = self.open()
        with opening.translated(f"the collections at {self._url} cannot be removed"):
            there = {one.name for one in client.list_collections()}
            # The one with the stamp goes last: without it the others would be a stranger's.
            for name in reversed([*COLLECTIONS.values()]):
                if name in there:
                    client.delete_collection(name)

    def size(self) -> None:
        return None

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            opening.let_go(client)
