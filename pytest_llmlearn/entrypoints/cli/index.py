"""The command that gives texts their vectors, where nobody wants to wait until that is done in the background."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, formats, print_json, root_of
from pytest_llmlearn.settings import Settings

if TYPE_CHECKING:
    from pytest_llmlearn.app.embedding import Embedded


@click.command()
@click.option("--rebuild", is_flag=True, help="Make all vectors anew; lessons are found by words alone until then.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@formats("text", "json")
@click.pass_context
def index(context: click.Context, rebuild: bool, quiet: bool, style: str) -> None:
    """Embed what was learned since, so that lessons are found by meaning.

    It is done in batches, each kept before the next: an interrupted one goes on where it was.
    """
    from pytest_llmlearn.bootstrap import vectors as parts

    with errors():
        root = root_of(context).path
        with parts.opened(root, Settings.load(root, os.environ)) as (vectors, embedding):
            if embedding is None:
                done, name, covered, damaged = None, None, (0, 0), 0
            else:
                name = embedding.name
                if rebuild:
                    vectors.drop(name)
                damaged = vectors.discard_damaged(name)
                done = embedding.catch_up(progress=_progress() if sys.stderr.isatty() and not quiet else None)
                covered = vectors.covered(name)
    if style == "json":
        print_json(
            {
                "embedder": name,
                "made": done.made if done is not None else 0,
                "dropped": done.dropped if done is not None else 0,
                "damaged": damaged,
                "vectors": covered[0],
                "texts": covered[1],
                "complete": done.complete if done is not None else False,
            }
        )
    elif not quiet:
        click.echo("\n".join(_lines(name, done, covered, damaged)))


def _lines(name: str | None, done: Embedded | None, covered: tuple[int, int], damaged: int) -> list[str]:
    if done is None:
        return ["the setting embedder is none: lessons are found by words and symbols"]
    if not done.alone:
        # Damaged vectors are gone by now, and their texts among those that the other process may come to.
        return [f"another process is at it; so far {covered[0]} of {covered[1]} texts have a vector of {name}"]
    lines = [f"{_texts(done.made)} embedded by {name}; {covered[0]} of {covered[1]} have a vector"]
    if damaged:
        lines.append(f"{_texts(damaged)} of these had a damaged vector, which was made anew")
    if done.dropped:
        lines.append(f"{done.dropped} vector{'' if done.dropped == 1 else 's'} of other embedders dropped")
    return lines


def _texts(count: int) -> str:
    return f"{count} text{'' if count == 1 else 's'}"


def _progress() -> Callable[[int, int], None]:
    """One line on the terminal, written over and over, and gone when all is done."""

    def told(done: int, total: int) -> None:
        click.echo("\r\x1b[K" if done >= total else f"\r{done} of {total} texts have a vector", err=True, nl=False)

    return told
