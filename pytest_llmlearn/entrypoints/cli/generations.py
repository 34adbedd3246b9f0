"""The commands on generations: record what a model wrote, list it, explain it, say how good it was."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import catch_up, formats, opened, print_json, relative


@click.group()
def generation() -> None:
    """Record one operation of a model on a file, or explain one that was recorded."""


@generation.command()
@click.option(
    "--json",
    "file",
    type=click.Path(dir_okay=False, allow_dash=True),
    required=True,
    help="Where the events are, `-` for standard input.",
)
@formats("text", "json")
@click.pass_context
def add(context: click.Context, file: str, style: str) -> None:
    """Record events: one JSON object, a list of them, or JSON lines. Only `path` and `time` are required.

    Prints each one's id, and whether it was new. Of an event that cannot be used nothing is recorded, and the exit
    status is 1; the others are recorded. docs/generations.md lists the keys.
    """
    from pytest_llmlearn.entrypoints import generation_events
    from pytest_llmlearn.errors import BadGeneration, BadInput

    with opened(context) as memory:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        recorded, refused = [], 0
        for place, event in generation_events.read(raw, "standard input" if file == "-" else file):
            try:
                if isinstance(event, BadInput):
                    raise event
                recorded.append(memory.add_generation(event))
            except (BadGeneration, BadInput) as error:
                refused += 1
                click.echo(f"llmlearn: {place}: {error}", err=True)
                continue
            if style == "text":
                click.echo(f"{recorded[-1].id} {'new' if recorded[-1].new else 'known'}")
        if style == "json":
            new = sum(one.new for one in recorded)
            generations = [{"id": one.id, "new": one.new} for one in recorded]
            print_json({"recorded": new, "refused": refused, "generations": generations})
    if refused:
        context.exit(1)


@generation.command("show")
@click.argument("identifier", metavar="ID")
@formats("text", "json")
@click.pass_context
def show(context: click.Context, identifier: str, style: str) -> None:
    """Print all that is known of one generation. ID may be cut to its first characters."""
    from pytest_llmlearn.entrypoints import printing_generations as printing

    with opened(context) as memory:
        found = memory.generation(identifier)
        if style == "json":
            print_json(printing.values(found))
        else:
            click.echo("\n".join(printing.whole(found)))


@click.command()
@click.option("--model", metavar="NAME", help="Only those of this model.")
@click.option("--path", metavar="FILE", help="Only those on this file.")
@click.option("--limit", type=click.IntRange(1), help="The latest so many.")
@formats("text", "json")
@click.pass_context
def generations(context: click.Context, model: str | None, path: str | None, limit: int | None, style: str) -> None:
    """List what models wrote, oldest first, and what came of it.

    What assistants have committed since is taken in first.
    """
    from pytest_llmlearn.entrypoints import printing_generations as printing

    with opened(context) as memory:
        catch_up(memory)
        found = memory.generations(
            model=model, path=relative(path, memory.root) if path is not None else None, limit=limit
        )
        if style == "json":
            print_json([printing.values(one) for one in found])
        elif found:
            click.echo("\n".join(printing.line(one) for one in found))
        else:
            click.echo(f"no generations in {memory.root}; `llmlearn generation add` records them")


@click.command()
@click.argument("identifier", metavar="GENERATION")
@click.argument("rating", metavar="1..5|up|down", type=click.Choice(("1", "2", "3", "4", "5", "up", "down")))
@click.pass_context
def rate(context: click.Context, identifier: str, rating: str) -> None:
    """Say how good a generation was: from 1 to 5; `up` is 5 and `down` is 1."""
    with opened(context) as memory:
        found = memory.rate(identifier, rating)
        click.echo(f"{found.id} is rated {found.outcome.rating}")


@click.command()
@click.argument("identifier", metavar="GENERATION")
@click.option("--why", required=True, metavar="TEXT", help="What is wrong with it.")
@click.pass_context
def reopen(context: click.Context, identifier: str, why: str) -> None:
    """Say that the task of a generation was taken up again, and why."""
    with opened(context) as memory:
        found = memory.reopen(identifier, why)
        click.echo(f"{found.id} is reopened: {found.outcome.reopened}")
