"""The commands on the memory as a whole: examine it, erase it, see what it does."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, formats, opened, print_json, root_of


@click.command()
@formats("text", "json")
@click.pass_context
def doctor(context: click.Context, style: str) -> None:
    """Print which project this is and why, the settings in force, the store, and what is installed."""
    from pytest_llmlearn.entrypoints import diagnosis

    with errors():
        report = diagnosis.examine(root_of(context))
        if style == "json":
            print_json(report.values)
        else:
            click.echo("\n".join(report.lines()))
        if report.problems:
            context.exit(1)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def clear(context: click.Context, yes: bool) -> None:
    """Erase all that was learned in this project, for good."""
    with opened(context) as memory:
        held = memory.statistics()
        if not held.patterns and not held.occurrences and not held.generations:
            memory.forget_provenance()
            click.echo(f"nothing to erase in {memory.root}")
            return
        what = f"{held.patterns} patterns and {held.occurrences} occurrences"
        if held.generations:
            what = f"{held.patterns} patterns, {held.occurrences} occurrences and {held.generations} generations"
        question = f"Erase {what} of {memory.root}?"
        if yes or click.confirm(question):
            memory.clear()
            click.echo(f"erased {what}")
        else:
            click.echo("nothing was erased")


@click.command()
@click.option("--keep", type=click.Path(file_okay=False), help="Lay the project in this new folder, and keep it.")
def demo(keep: str | None) -> None:
    """See the whole loop in a small project: a failing run, the lesson, the repair, the recall."""
    from pytest_llmlearn.entrypoints import demo as showing

    with errors():
        showing.run(Path(keep) if keep else None, click.echo)
