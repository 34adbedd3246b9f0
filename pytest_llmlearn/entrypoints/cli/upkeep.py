"""The commands on the memory as a whole: examine it, measure it, keep it in order, erase it, see what it does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import Command, errors, formats, opened, print_json, root_of


@click.command()
@click.option("--index", "of_index", is_flag=True, help="Examine the index of vectors instead, and mend it.")
@formats("text", "json")
@click.pass_context
def doctor(context: click.Context, of_index: bool, style: str) -> None:
    """Print which project this is and why, the settings in force, the store, and what is installed.

    Exit status 1 where there are problems; with --index, where something could not be mended.
    """
    from pytest_llmlearn.entrypoints import diagnosis, diagnosis_index
    from pytest_llmlearn.settings import Settings

    with errors():
        root = root_of(context)
        report: diagnosis.Report | diagnosis_index.Report
        if of_index:
            report = diagnosis_index.examine(root.path, Settings.load(root.path, os.environ))
        else:
            report = diagnosis.examine(root)
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


def _bound(name: str, kind: click.FloatRange | click.IntRange) -> Callable[[Command], Command]:
    key = f"audit_max_{name}"
    return click.option(f"--max-{name.replace('_', '-')}", key, type=kind, help=f"Instead of the setting {key}.")


@click.command()
@formats("text", "json")
@_bound("duplicates", click.FloatRange(0, 1))
@_bound("near_duplicates", click.FloatRange(0, 1))
@_bound("never_shown", click.FloatRange(0, 1))
@_bound("aged", click.FloatRange(0, 1))
@_bound("junk", click.FloatRange(0, 1))
@_bound("secrets", click.IntRange(0))
@_bound("weekly_patterns", click.IntRange(0))
@click.pass_context
def audit(context: click.Context, /, style: str, **bounds: float | None) -> None:
    """Measure the memory itself: duplicates, lessons never shown, candidates that aged out, secrets, growth.

    Exit status 1 where a bound is passed, each said in a sentence.
    """
    from pytest_llmlearn.domain.audit_bounds import Bounds
    from pytest_llmlearn.entrypoints import printing_upkeep as printing
    from pytest_llmlearn.settings import Settings

    with opened(context) as memory:
        settings = Settings.load(memory.root, os.environ, bounds)
        found = memory.audit()
        above = found.above(Bounds(**{name: getattr(settings, f"audit_max_{name}") for name in Bounds.__slots__}))
        if style == "json":
            print_json({**printing.audit(found), "above": above})
        else:
            click.echo("\n".join([*printing.audit_lines(found), *above]))
    if above:
        context.exit(1)


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--if-due", is_flag=True, help="Do nothing where it was done within a day.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
@formats("text", "json")
@click.pass_context
def maintain(context: click.Context, dry_run: bool, if_due: bool, quiet: bool, style: str) -> None:
    """Keep the memory in order: archive, retire, erase texts whose days are over, give free pages back.

    It is done by itself once a day after a run of the tests, unless the setting `maintain` is false.
    """
    from pytest_llmlearn.entrypoints import printing_upkeep as printing

    with opened(context) as memory:
        done = memory.maintain(dry_run=dry_run, if_due=if_due)
        if style == "json":
            print_json(printing.maintained(done))
        elif not quiet:
            click.echo("\n".join(printing.maintained_lines(done)))


@click.command()
@click.option("--keep", type=click.Path(file_okay=False), help="Lay the project in this new folder, and keep it.")
def demo(keep: str | None) -> None:
    """See the whole loop in a small project: a failing run, the lesson, the repair, the recall."""
    from pytest_llmlearn.entrypoints import demo as showing

    with errors():
        showing.run(Path(keep) if keep else None, click.echo)
