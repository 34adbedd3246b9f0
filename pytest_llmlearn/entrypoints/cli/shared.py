"""What the commands share: the project's memory, errors as one sentence, and how to print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmlearn.errors import LlmlearnError

if TYPE_CHECKING:
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.settings import Root

Command = Callable[..., None]


class Failure(click.ClickException):
    """An error that is said in one sentence; exit status 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"llmlearn: {self.format_message()}", err=True)


@contextmanager
def errors() -> Iterator[None]:
    """Errors of ours, and of the file system, as one sentence on standard error."""
    try:
        yield
    except LlmlearnError as error:
        raise Failure(str(error)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Failure(f"{error.strerror or error}: {error.filename}" if error.filename else str(error)) from error


def root_of(context: click.Context) -> Root:
    """The root of the project that the command line means; one that it names has to be there."""
    from pytest_llmlearn.bootstrap import project_root

    named = context.find_root().params.get("root")
    root = project_root(Path.cwd(), named)
    if named and not root.path.is_dir():
        raise Failure(f"there is no folder {root.path}; --root is the project's root, where .llmlearn/ lies or is made")
    return root


@contextmanager
def opened(context: click.Context) -> Iterator[Memory]:
    """The memory of the project that the command line means; its notices go to standard error at the end."""
    from pytest_llmlearn.bootstrap import Memory

    with errors(), Memory.open(root_of(context).path) as memory:
        try:
            yield memory
        finally:
            for notice in memory.notices:
                click.echo(f"llmlearn: {notice}", err=True)


def catch_up(memory: Memory) -> None:
    """Take in what assistants committed since. A ledger that cannot be written is told, and read as it is."""
    try:
        memory.import_history()
    except LlmlearnError as error:
        click.echo(f"llmlearn: what was committed since could not be taken in: {error}", err=True)


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def formats(*choices: str) -> Callable[[Command], Command]:
    """The option `--format`, by default the first of the choices, handed on as `style`."""
    return click.option(
        "--format", "style", type=click.Choice(choices), default=choices[0], show_default=True, help="How to print."
    )


def relative(path: str, root: Path) -> str:
    """`path`, given from the current folder, as the store names it: from the root, with `/`."""
    absolute = Path(path).absolute()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else Path(path).as_posix()
