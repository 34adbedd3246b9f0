"""Which index finds near vectors, put together. Only who asks by meaning loads this."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pytest_llmlearn.adapters.one_at_a_time import LockFile
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.adapters.sqlite_store import folder as state
from pytest_llmlearn.app.falling_back import FallingBack
from pytest_llmlearn.app.index_check import Checked, check
from pytest_llmlearn.app.ports.vectors import Embedder, VectorIndex, VectorStore
from pytest_llmlearn.bootstrap import vectors as parts
from pytest_llmlearn.errors import BadSetting, EmbedderUnavailable, MissingExtra
from pytest_llmlearn.settings import Settings

if TYPE_CHECKING:
    from pytest_llmlearn.adapters.chroma_index import ChromaIndex

CHROMA, LOCK, PROJECT = "chroma", "chroma.lock", "project-id"
"""In the private folder: Chroma's files, the lock of whoever opens them, and what tells this project on a server."""
TENANT, DATABASE, HEADERS = "LLMLEARN_CHROMA_TENANT", "LLMLEARN_CHROMA_DATABASE", "LLMLEARN_CHROMA_HEADERS"


def index(root: Path, settings: Settings, vectors: VectorStore, embedder: Embedder, *, warm: bool) -> VectorIndex:
    """The index that the settings name, over the vectors of `embedder`; comparing with all stands in for any other.

    `warm` says that the process answers many questions. One that answers a single one always compares with all: that
    takes less time than loading Chroma, and the warm one has its files.

    Raises:
        MissingExtra: numpy is not installed.
        BadSetting: what the environment says about a server cannot be understood.
    """
    if not warm or kind(settings) == "exact":
        return exact(vectors, embedder.name, warm=warm)
    first = chroma(root, settings, vectors, embedder.name, embedder.dimension)
    return FallingBack(first, lambda: exact(vectors, embedder.name, warm=True))


def kind(settings: Settings) -> Literal["exact", "chroma"]:
    """What a warm process takes. By itself that is comparing with all: it needs less memory, no disk and no minutes to
    be made, finds everything, and is slower only where there are very many vectors (docs/index.md)."""
    return "exact" if settings.index in ("auto", "exact") else "chroma"


def exact(vectors: VectorStore, embedder: str, *, warm: bool) -> VectorIndex:
    """Comparing with all.

    Raises:
        MissingExtra: numpy is not installed.
    """
    try:
        from pytest_llmlearn.adapters.exact_index import ExactIndex, ExactScan
    except ImportError as error:
        raise MissingExtra("vectors", "finding lessons by meaning") from error
    return ExactIndex(vectors, embedder) if warm else ExactScan(vectors, embedder)


def chroma(root: Path, settings: Settings, vectors: VectorStore, embedder: str, dimension: int) -> ChromaIndex:
    """The index in Chroma: on the server that the settings name, else in the private folder.

    Raises:
        BadSetting: what the environment says about a server cannot be understood.
    """
    from pytest_llmlearn.adapters.chroma_index import ChromaIndex, Folder, Server

    private = state.database_path(root).parent
    alone = LockFile(private / LOCK).held
    if not settings.index.startswith("http"):
        return ChromaIndex(Folder(private / CHROMA, alone), vectors, embedder, dimension)
    server = Server(
        settings.index,
        alone,
        project=lambda: _project(private / PROJECT),
        tenant=os.environ.get(TENANT) or "default_tenant",
        database=os.environ.get(DATABASE) or "default_database",
        headers=_headers(os.environ),
    )
    return ChromaIndex(server, vectors, embedder, dimension)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What `examined` found: which kind of index is in force and where it lies, whose vectors there are, how many texts
    have one and how many there are, what checking the index came to (None where there is nothing to check), and bytes
    on disk (None where it is not on this one). `said` are other sentences."""

    kind: str
    where: str = ""
    embedder: str | None = None
    covered: tuple[int, int] = (0, 0)
    checked: Checked | None = None
    store_bytes: int | None = None
    chroma_bytes: int | None = None
    said: Sequence[str] = ()


def examined(root: Path, settings: Settings) -> Examined:
    """Check the index that a warm process would take, and mend it. A copy in Chroma that nobody takes any more goes.

    Raises:
        LlmlearnError: the store cannot be read, the packages for vectors are missing, or a setting is wrong.
    """
    store = SqliteStore(root, hold_days=settings.hold_days, busy_seconds=settings.busy_seconds)
    try:
        return _examined(root, settings, store)
    finally:
        store.close()


def _examined(root: Path, settings: Settings, store: SqliteStore) -> Examined:
    vectors, said = store.vectors(), []
    try:
        embedder = parts.embedder(settings)
        name = embedder.name if embedder is not None else None
    except (EmbedderUnavailable, MissingExtra) as error:
        # What there is can be examined all the same.
        said.append(str(error))
        embedder = name = None
    if name is None and (known := vectors.embedders()):
        name = known[-1]
    path, size = state.database_path(root).parent / CHROMA, store.statistics().bytes
    said += _mended(root, vectors, embedder, name)
    dimension = next((len(one.vector) for one in vectors.changes(name, 0) if one.vector is not None), 0) if name else 0
    if name is None or not dimension:
        said.append("no text has a vector yet: there is nothing to find by meaning, and no index")
        covered = vectors.covered(name) if name else (0, 0)
        return Examined(kind="exact", embedder=name, covered=covered, store_bytes=size, said=said)
    taken = kind(settings)
    if taken == "exact":
        said.append("it is made anew from the store by every process: there is nothing to mend")
        if path.is_dir():
            bytes_before = _bytes(path)
            erase(root)
            said.append(f"a copy in Chroma that nothing uses was removed: {bytes_before} bytes")
        return Examined(kind=taken, embedder=name, covered=vectors.covered(name), store_bytes=size, said=said)
    found = chroma(root, settings, vectors, name, dimension)
    try:
        checked = check(found, exact(vectors, name, warm=True), vectors, name)
        return Examined(
            kind=taken,
            where=settings.index if settings.index.startswith("http") else str(path),
            embedder=name,
            covered=vectors.covered(name),
            checked=checked,
            store_bytes=size,
            chroma_bytes=found.disk(),
            said=said,
        )
    finally:
        found.close()


def _mended(root: Path, vectors: VectorStore, embedder: Embedder | None, name: str | None) -> list[str]:
    """What came of vectors that are none: they are made anew, where that is possible."""
    damaged = vectors.discard_damaged(name) if name is not None else 0
    if not damaged:
        return []
    told = f"{damaged} damaged vector{'' if damaged == 1 else 's'} removed"
    if embedder is None or embedder.name != name:
        return [f"{told}: `llmlearn index` makes them anew"]
    try:
        done = parts.embedding(root, vectors, embedder).catch_up()
    except EmbedderUnavailable as error:
        return [f"{told}: `llmlearn index` makes them anew once it can ({error})"]
    return [f"{told} and made anew" if done.alone else f"{told}: another process is making them anew"]


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def erase(root: Path) -> None:
    """Remove Chroma's copy from the private folder.

    Raises:
        IndexUnavailable: another process has it; it makes it anew once it catches up.
    """
    from pytest_llmlearn.adapters.chroma_index import Folder

    private = state.database_path(root).parent
    place = Folder(private / CHROMA, LockFile(private / LOCK).held)
    if place.exists():
        place.own()
        try:
            place.wipe()
        finally:
            place.close()


def _headers(environ: Mapping[str, str]) -> dict[str, str]:
    """What is sent with each request to a server, such as its key: only the environment knows that."""
    given = environ.get(HEADERS) or "{}"
    try:
        found = json.loads(given)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise BadSetting(HEADERS, "the environment", "(not shown)", "a JSON object of texts")
    return found


def _project(path: Path) -> str:
    """What tells this project from others on a server: made once, and moved with the private folder."""
    try:
        known = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        known = ""
    if not known:
        known = secrets.token_hex(8)
        state.make_private(path)
        path.write_text(known, encoding="ascii")
    return known
