"""Verified fixes: listed, and mined from two commits."""

from __future__ import annotations

import click

from pytest_llmlearn.entrypoints.cli.shared import formats, opened, print_json


@click.command()
@click.argument("fingerprint", required=False)
@formats("text", "json")
@click.pass_context
def fixes(context: click.Context, fingerprint: str | None, style: str) -> None:
    """List what repaired mistakes, those verified most often first.

    A fix was mined when a test turned from red to green: what changed in the code that had failed. With FINGERPRINT,
    which may be cut to its first characters, those of one pattern.
    """
    from pytest_llmlearn.entrypoints import printing_fixes as printing

    with opened(context) as memory:
        found = memory.fixes(fingerprint)
        if style == "json":
            print_json([printing.values(one) for one in found])
        elif found:
            click.echo("\n".join(printing.listing(found)))
        else:
            click.echo("\n".join(printing.none_lines(memory.healings(fingerprint))))


@click.command()
@click.option("--between", nargs=2, required=True, metavar="RED GREEN", help="Two commits: tests fail, tests pass.")
@click.option("--test", metavar="NODEID", help="The test; without it, all that the difference concerns.")
@click.option("--python", metavar="PATH", help="The project's interpreter; without it, that of its environment.")
@formats("text", "json")
@click.pass_context
def heal(context: click.Context, between: tuple[str, str], test: str | None, python: str | None, style: str) -> None:
    """Mine fixes from two commits of a history that was not watched.

    Both are checked out in temporary folders, where the test is run: it must fail at RED and pass at GREEN.
    """
    from pytest_llmlearn.entrypoints import printing_fixes as printing

    with opened(context) as memory:
        found = memory.heal_between(*between, test, python=python)
        if style == "json":
            print_json(printing.between(found))
        else:
            click.echo("\n".join(printing.between_lines(found)))
