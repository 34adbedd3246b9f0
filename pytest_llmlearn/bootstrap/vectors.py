"""The parts that make and keep vectors, put together. Only who uses vectors loads this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_llmlearn.adapters import embedders
from pytest_llmlearn.adapters.one_at_a_time import LockFile
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.adapters.sqlite_store import folder as state
from pytest_llmlearn.app.embedding import Embedding
from pytest_llmlearn.app.ports.vectors import Embedder, VectorStore
from pytest_llmlearn.settings import Settings


def embedder(settings: Settings, *, hurried: bool = False) -> Embedder | None:
    """The embedder of the settings; None where they say that there is to be none. `hurried` is for questions: an
    endpoint that does not answer at once is not waited for.

    Raises:
        MissingExtra: its packages are not installed.
        EmbedderUnavailable: its weights are nowhere, or it cannot be asked.
    """
    return embedders.choose(
        settings.embedder,
        folder=settings.embedder_folder,
        device=settings.embedder_device,
        batch=settings.embedder_batch,
        threads=settings.embedder_threads,
        seconds=settings.embedder_seconds,
        hurried=hurried,
    )


def embedding(
    root: Path, vectors: VectorStore, embedder: Embedder, digest_of: Callable[[str], bytes] | None = None
) -> Embedding:
    """What gives texts their vectors; one process at a time catches up."""
    alone = LockFile(state.database_path(root).with_name("embed.lock"))
    return Embedding(vectors, embedder, digest_of=digest_of, alone=alone)


@contextmanager
def opened(root: Path, settings: Settings) -> Iterator[tuple[VectorStore, Embedding | None]]:
    """The vectors of the project at `root` and what makes them, without the rest of its memory."""
    store = SqliteStore(root, hold_days=settings.hold_days, busy_seconds=settings.busy_seconds)
    try:
        vectors, chosen = store.vectors(), embedder(settings)
        yield vectors, None if chosen is None else embedding(root, vectors, chosen)
    finally:
        store.close()
