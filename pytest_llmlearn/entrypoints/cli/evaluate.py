"""The command that measures memory itself: past generations, replayed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, formats, opened, print_json, root_of

if TYPE_CHECKING:
    from pytest_llmlearn.domain.replay import Attempt

Half = Literal["all", "odd", "even"]
Told = Callable[[int, "int | None"], None]
_NONE = "ours"
"""Said of the opponents: none."""
OWN_OCCURRENCES = 20_000
"""So many of the project's latest failures are replayed."""


def _retrievers(context: click.Context, option: click.Parameter, value: str) -> tuple[str, ...]:
    """`all`, `ours` (no opponents), or names with commas between."""
    from pytest_llmlearn.app.baselines import NAMES

    if value == "all":
        return NAMES
    names = tuple(name.strip() for name in value.split(",") if name.strip() and name.strip() != _NONE)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is none of all, ours, {', '.join(NAMES)}", context, option)
    return names


@click.command()
@click.argument("stream", required=False, type=click.Path(path_type=Path))
@click.option("--own", is_flag=True, help="Replay what this project's memory recorded.")
@click.option("--split", metavar="NAME", help="Which of a folder's streams.")
@click.option("--cross-task", is_flag=True, help="Use nothing that was learned from the very task, not even counts.")
@click.option("--edit-time", is_flag=True, help="Ask with the code just written instead of the request.")
@click.option(
    "--python",
    metavar="PATH",
    help="With --edit-time, the interpreter that is asked what exists; else that of the settings.",
)
@click.option(
    "--tasks",
    "halves",
    type=click.Choice(["all", "odd", "even"]),
    multiple=True,
    default=["all"],
    help="Judge every other task by name, the first one being even; all are learned from. May be given several times.",
)
@click.option(
    "--retrievers",
    default="all",
    show_default=True,
    metavar="NAMES",
    callback=_retrievers,
    help="Opponents beside memory: all, ours (none), or their names with commas between.",
)
@click.option("--threshold", type=click.FloatRange(0, 1), help="Instead of the default one.")
@click.option("--limit", type=click.IntRange(1, 10), default=5, show_default=True, help="Lessons at most.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the intervals' resamples.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Tasks at once, with --cross-task."
)
@formats("text", "json")
@click.pass_context
def evaluate(
    context: click.Context,
    stream: Path | None,
    own: bool,
    split: str | None,
    cross_task: bool,
    edit_time: bool,
    python: str | None,
    halves: tuple[Half, ...],
    retrievers: tuple[str, ...],
    threshold: float | None,
    limit: int,
    seed: int,
    jobs: int,
    style: str,
) -> None:
    """Replay past generations, and measure whether memory would have named what then failed.

    STREAM is a file of JSON lines, or a folder with such a stream. Everything is learned in temporary folders: your
    own memory is not changed, and not read but with --own.
    """
    if own == (stream is not None):
        raise click.UsageError("name a STREAM, or ask for --own")
    if own and (cross_task or edit_time or split):
        raise click.UsageError("--own knows no code and no tasks: it goes with neither --cross-task nor --edit-time")
    if python and not edit_time:
        raise click.UsageError("--python is asked of code, which only --edit-time shows")
    from pytest_llmlearn.app import evaluate as use
    from pytest_llmlearn.app.baselines import DENSE, Baselines
    from pytest_llmlearn.bootstrap import scratch
    from pytest_llmlearn.domain.replay import half
    from pytest_llmlearn.entrypoints import printing_evaluation as printing
    from pytest_llmlearn.entrypoints import replay_stream
    from pytest_llmlearn.settings import Settings

    with errors():
        settings = Settings.load(root_of(context).path, os.environ)
        if python:
            settings = replace(settings, python=str(Path(python).absolute()))
        tasks: set[str] = set()
        past = _own(context) if stream is None else replay_stream.read(stream, split)
        attempts = _noting(past, tasks)
        terms = use.Terms(limit=limit, threshold=threshold, edit_time=edit_time)
        embedder, without = scratch.embedder(settings)
        opponents = Baselines(retrievers, embedder)
        scratches = scratch.scratches(settings, embedder, by_sight=edit_time)
        with _progress() as told:
            if cross_task:
                each = scratch.left_out_by(settings, embedder, jobs)
                found = use.cross_task(attempts, scratches, terms, opponents, each, told)
            else:
                found = use.any_task(attempts, scratches, terms, opponents, told)
        shown = [
            printing.About(
                title=stream.name if stream is not None else "own history",
                mode="cross-task" if cross_task else "any-task",
                edit_time=edit_time,
                limit=limit,
                threshold=threshold,
                seed=seed,
                halves=which,
                tasks=half(tasks, which),
                all_tasks=len(tasks),
                without_meaning=without,
                left_out=[name for name in DENSE if name in retrievers and embedder is None],
            )
            for which in halves
        ]
        if style == "json":
            documents = [printing.evaluation(found, about) for about in shown]
            print_json(documents if len(documents) > 1 else documents[0])
        else:
            click.echo("\n\n".join("\n".join(printing.evaluation_lines(found, about)) for about in shown))


def _own(context: click.Context) -> list[Attempt]:
    """What the project's own memory recorded last, as attempts. It is only read."""
    from pytest_llmlearn.domain import own_history

    with opened(context) as memory:
        return own_history.attempts(memory.occurrences(limit=OWN_OCCURRENCES), memory.generations())


def _noting(attempts: Iterable[Attempt], tasks: set[str]) -> Iterator[Attempt]:
    """The same attempts; their tasks are noted as they go by."""
    for attempt in attempts:
        tasks.add(attempt.task)
        yield attempt


@contextmanager
def _progress() -> Iterator[Told | None]:
    """On a terminal, how far the replay is; on standard error, and wiped out at the end."""
    if not sys.stderr.isatty():
        yield None
        return

    def told(done: int, whole: int | None) -> None:
        of = f" of {whole}" if whole is not None else ""
        click.echo(f"\rreplaying: {done}{of} questions", err=True, nl=False)

    try:
        yield told
    finally:
        click.echo("\r\x1b[K", err=True, nl=False)
