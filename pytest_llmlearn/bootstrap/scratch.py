"""Memories in temporary folders: put together as any other, and gone when they are closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.evaluate import LeftOut, Row, Terms, left_out
from pytest_llmlearn.app.scratch import Learned, Remembering, Scratch
from pytest_llmlearn.bootstrap import Memory
from pytest_llmlearn.errors import EmbedderUnavailable, MissingExtra
from pytest_llmlearn.settings import Settings

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Embedder


def scratches(settings: Settings, embedder: Embedder | None = None, *, by_sight: bool = False) -> Callable[[], Scratch]:
    """What makes a new scratch memory, each in a folder of its own, under these settings.

    With an embedder what it learns has vectors; the same one should serve all, for it remembers those it made.
    `by_sight` has it learn to know mistakes by sight too, with candidates, whatever the settings show.
    """
    settings = replace(settings, diagnose="candidate" if by_sight else "off")

    def made() -> Scratch:
        folder = TemporaryDirectory(prefix="llmlearn-evaluate-")
        root = Path(folder.name)
        store = SqliteStore(root, hold_days=settings.hold_days, busy_seconds=settings.busy_seconds)
        embedding = None
        if embedder is not None:
            from pytest_llmlearn.bootstrap import vectors

            embedding = vectors.embedding(root, store.vectors(), embedder)
        memory = Memory.open(root, settings=settings, embedder=embedder, warm=True, patient=True)
        return Scratch(
            memory,
            store,
            lambda: datetime.now(UTC),
            folder.cleanup,
            embedding,
            store.requests(),
            by_sight=by_sight,
        )

    return made


def embedder(settings: Settings) -> tuple[Embedder | None, str]:
    """The embedder of the settings, if it can be had; else the reason in a sentence."""
    from pytest_llmlearn.bootstrap import vectors

    try:
        found = vectors.embedder(settings)
        if found is not None:
            found.embed(["x"])  # weights that are missing or wrong are found out here, and not amid the replay
    except (EmbedderUnavailable, MissingExtra) as error:
        return None, str(error)
    return (Remembering(found), "") if found is not None else (None, "the setting embedder is none")


def left_out_by(settings: Settings, embedder: Embedder | None, jobs: int) -> LeftOut:
    """Asks for each task alone: as many at once as there are jobs, each in a process of its own."""

    def each(journal: Sequence[Learned], terms: Terms, tasks: Sequence[str]) -> Iterator[list[tuple[int, list[Row]]]]:
        if jobs <= 1:
            opened = scratches(settings, embedder, by_sight=terms.edit_time)
            yield from (left_out(journal, opened, terms, task) for task in tasks)
            return
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        given = (journal, settings, embedder is not None, terms)
        # Not forked: an embedder's threads would not be there in the child, and their locks would be held for ever.
        with ProcessPoolExecutor(min(jobs, len(tasks) or 1), get_context("spawn"), _begin, given) as pool:
            yield from pool.map(_left_out, tasks)

    return each


_ask_for: Callable[[str], list[tuple[int, list[Row]]]] | None = None
"""What a child process does with a task: what it works on is handed over once, not with every task."""


def _begin(journal: Sequence[Learned], settings: Settings, by_meaning: bool, terms: Terms) -> None:
    global _ask_for
    opened = scratches(settings, embedder(settings)[0] if by_meaning else None, by_sight=terms.edit_time)
    _ask_for = partial(left_out, journal, opened, terms)


def _left_out(task: str) -> list[tuple[int, list[Row]]]:
    if _ask_for is None:
        raise AssertionError("a child process was given nothing to replay")
    return _ask_for(task)
