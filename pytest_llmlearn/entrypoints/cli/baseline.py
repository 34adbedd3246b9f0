"""The commands on what the project has accepted: mistakes by which no run fails."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pytest_llmlearn.entrypoints.cli.shared import Failure, errors, formats, opened, print_json, root_of

if TYPE_CHECKING:
    from pytest_llmlearn.adapters.baseline import BaselineFile


@click.group()
def baseline() -> None:
    """Mistakes that are accepted: by these, --llm-learn-fail-on has no run fail."""


@baseline.command()
@click.argument("fingerprints", nargs=-1, required=True, metavar="FINGERPRINT...")
@click.option("--reason", required=True, metavar="TEXT", help="Why they are accepted.")
@click.pass_context
def add(context: click.Context, fingerprints: tuple[str, ...], reason: str) -> None:
    """Accept patterns. A fingerprint may be cut to its first characters; a whole one need not be known here."""
    from pytest_llmlearn.domain.cleaning import flat
    from pytest_llmlearn.errors import UnknownPattern

    file = _file(context)
    with opened(context) as memory:
        known = dict(file.patterns())
        for one in fingerprints:
            try:
                whole = memory.pattern(one).fingerprint
            except UnknownPattern:
                if ":" not in one:  # a whole one, as a CI tells it, comes with its version
                    raise
                whole = one
            known[whole] = (" ".join(flat(reason, 300).split()), f"{datetime.now(UTC):%Y-%m-%d}")
            click.echo(f"{whole} is accepted")
        file.accept(known)


@baseline.command()
@click.argument("fingerprints", nargs=-1, required=True, metavar="FINGERPRINT...")
@click.pass_context
def remove(context: click.Context, fingerprints: tuple[str, ...]) -> None:
    """Accept patterns no longer. A fingerprint may be cut to its first characters."""
    file = _file(context)
    with errors():
        known = dict(file.patterns())
        for one in fingerprints:
            found = [name for name in known if name.startswith(one) or name.partition(":")[2].startswith(one)]
            if len(found) != 1:
                raise Failure(f"{'several' if found else 'no'} accepted fingerprints begin with {one!r}")
            del known[found[0]]
            click.echo(f"{found[0]} is accepted no longer")
        file.accept(known)


@baseline.command("list")
@formats("text", "json")
@click.pass_context
def list_them(context: click.Context, style: str) -> None:
    """Print what is accepted."""
    with errors():
        known = _file(context).patterns()
    if style == "json":
        print_json(
            [{"fingerprint": name, "reason": reason, "date": date} for name, (reason, date) in sorted(known.items())]
        )
        return
    for name, (reason, date) in sorted(known.items()):
        click.echo(f"{name}  {date}  {reason}")
    if not known:
        click.echo("no pattern is accepted")


def _file(context: click.Context) -> BaselineFile:
    from pytest_llmlearn.adapters.baseline import BaselineFile
    from pytest_llmlearn.settings import Settings

    with errors():
        root = root_of(context).path
        return BaselineFile(root, Settings.load(root, os.environ).scan_baseline)
