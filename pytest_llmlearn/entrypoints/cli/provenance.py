"""The commands on who wrote the code: look it up, count it, say it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import formats, opened, print_json, relative

Told = Callable[[int, int], None]
WATCHED_FILES = 20
"""From how many files on their progress is shown."""


def _span(context: click.Context, option: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """`A-B` or `A`: lines, from 1 and both included."""
    if value is None:
        return None
    first, _, last = value.partition("-")
    # No file has more lines than nine digits count, and Python refuses to read very long numbers.
    if not all(number.isascii() and number.isdecimal() and len(number) < 10 for number in (first, last or first)):
        raise click.BadParameter(f"{value!r} is not of the form A-B", context, option)
    return int(first), int(last or first)


@click.command()
@click.argument("path", required=False)
@click.option("--summary", "summarised", is_flag=True, help="Count files, lines and functions by type and by model.")
@formats("text", "json")
@click.pass_context
def provenance(context: click.Context, path: str | None, summarised: bool, style: str) -> None:
    """Print who wrote PATH, how that is known, and how surely: line by line, by function, and as a whole.

    A folder is answered with one line for each of its Python files. With `--summary` the Python files of the
    repository, or those below PATH, are counted.
    """
    if path is None and not summarised:
        raise click.UsageError("name a PATH, or ask for --summary")
    from pytest_llmlearn.entrypoints import printing_provenance as printing

    with opened(context) as memory:
        asked = str(Path(path).absolute()) if path is not None else None
        if asked is not None and not summarised and not Path(asked).is_dir():
            found = memory.provenance(asked, keep=True)
            if style == "json":
                print_json(printing.account(found, memory.notices))
            else:
                click.echo("\n".join(printing.account_lines(found)))
            return
        with _progress() as told:
            counted = memory.provenance_summary(asked, keep=True, told=told)
        if style == "json" and summarised:
            print_json(printing.summary(counted, memory.notices))
        elif style == "json":
            print_json(printing.folder(relative(path or ".", memory.root), counted, memory.notices))
        else:
            click.echo("\n".join((printing.summary_lines if summarised else printing.folder_lines)(counted)))


@contextmanager
def _progress() -> Iterator[Told | None]:
    """On a terminal, how far a long count is; on standard error, and wiped out at the end."""
    if not sys.stderr.isatty():
        yield None
        return
    shown = False

    def told(done: int, whole: int) -> None:
        nonlocal shown
        if whole >= WATCHED_FILES:
            shown = True
            click.echo(f"\rlooking up who wrote the code: {done} of {whole} files", err=True, nl=False)

    try:
        yield told
    finally:
        if shown:
            click.echo("\r\x1b[K", err=True, nl=False)


@click.command()
@click.argument("path")
@click.option("--lines", callback=_span, metavar="A-B", help="Only these lines, from 1 and both included.")
@click.option("--model", metavar="NAME", help="A model wrote them: its name.")
@click.option("--human", is_flag=True, help="A human wrote them.")
@click.option("--undo", is_flag=True, help="Take back what was said of them.")
@click.option("--by", metavar="WHO", help="Who says so; kept in the file, which is to be committed.")
@click.pass_context
def mark(
    context: click.Context,
    path: str,
    lines: tuple[int, int] | None,
    model: str | None,
    human: bool,
    undo: bool,
    by: str | None,
) -> None:
    """Say who wrote PATH. A person's word wins over all else, and follows the lines when they move.

    It is kept in `.llmlearn/marks.jsonl`, which is to be committed.
    """
    if (model is not None) + human + undo != 1:
        raise click.UsageError("give exactly one of --model NAME, --human and --undo")
    from pytest_llmlearn.entrypoints import printing_provenance as printing

    with opened(context) as memory:
        asked = str(Path(path).absolute())
        if undo:
            said = memory.unmark(asked, lines=lines, by=by)
        else:
            said = memory.mark(asked, lines=lines, model=model, human=human, by=by)
        click.echo(printing.marked_line(said, undo))
