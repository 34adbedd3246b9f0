"""Memories in temporary folders: put together as any other, and gone when they are closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
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


def scratches(settings: Settings) -> Callable[[], Scratch]:
    """What makes a new scratch memory, each in a folder of its own, under these settings."""

    def made() -> Scratch:
        folder = TemporaryDirectory(prefix="llmlearn-evaluate-")
        root = Path(folder.name)
        return Scratch(
            Memory.open(root, settings=settings),
            SqliteStore(root, hold_days=settings.hold_days, busy_seconds=settings.busy_seconds),
            lambda: datetime.now(UTC),
            folder.cleanup,
        )

    return made


def embedder(settings: Settings) -> tuple[Embedder | None, str]:
    """The embedder of the settings, if it can be had; else the reason in a sentence."""
    from pytest_llmlearn.adapters import embedders

    try:
        found = embedders.choose(
            settings.embedder,
            folder=settings.embedder_folder,
            device=settings.embedder_device,
            batch=settings.embedder_batch,
            threads=settings.embedder_threads,
            seconds=settings.embedder_seconds,
        )
    except (EmbedderUnavailable, MissingExtra) as error:
        return None, str(error)
    return (Remembering(found), "") if found is not None else (None, "the setting embedder is none")


def one_by_one(settings: Settings) -> LeftOut:
    """Each task after the other, in this process."""

    def each(journal: Sequence[Learned], terms: Terms, tasks: Sequence[str]) -> Iterator[list[tuple[int, list[Row]]]]:
        for task in tasks:
            yield left_out(journal, scratches(settings), terms, task)

    return each


def side_by_side(settings: Settings, jobs: int) -> LeftOut:
    """As many tasks at once as there are jobs, each in a process of its own."""
    if jobs <= 1:
        return one_by_one(settings)

    def each(journal: Sequence[Learned], terms: Terms, tasks: Sequence[str]) -> Iterator[list[tuple[int, list[Row]]]]:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        # Not forked: an embedder's threads would not be there in the child, and their locks would be held for ever.
        with ProcessPoolExecutor(
            min(jobs, len(tasks) or 1), get_context("spawn"), _begin, (journal, settings, terms)
        ) as pool:
            yield from pool.map(_left_out, tasks)

    return each


_given: tuple[Sequence[Learned], Settings, Terms] | None = None
"""What a child process works on: handed over once, not with every task."""


def _begin(journal: Sequence[Learned], settings: Settings, terms: Terms) -> None:
    global _given
    _given = journal, settings, terms


def _left_out(task: str) -> list[tuple[int, list[Row]]]:
    if _given is None:
        raise AssertionError("a child process was given nothing to replay")
    journal, settings, terms = _given
    return left_out(journal, scratches(settings), terms, task)
