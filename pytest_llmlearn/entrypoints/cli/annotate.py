"""The command that marks lines for a CI, of a run of the past."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, opened, root_of

FORMATS = ("auto", "github", "azure", "markdown", "sarif", "codequality", "rdjson")
_OF_CI = {"github": "github", "azure": "azure", "gitlab": "codequality", "buildkite": "markdown", "none": "markdown"}


@click.command()
@click.option(
    "--run",
    metavar="ID",
    default="last",
    show_default=True,
    help="The run: its id or the beginning of it, or the last one that recorded anything.",
)
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    default="auto",
    show_default=True,
    help="What to write; `auto`: what the CI reads in which it is called, else Markdown.",
)
@click.option("--output", metavar="PATH", help="Write to this file instead of standard output.")
@click.pass_context
def annotate(context: click.Context, run: str, style: str, output: str | None) -> None:
    """Mark for a CI, or for people, what a run recorded: the most recurrent mistakes first, with their places in the
    repository.

    Exit status: 0 done, also where nothing is to be marked; 1 an error, such as no such run.
    """
    from pytest_llmlearn.entrypoints.annotations import publish
    from pytest_llmlearn.entrypoints.annotations.places import Places
    from pytest_llmlearn.errors import UnknownRun
    from pytest_llmlearn.settings import Settings

    with opened(context) as memory:
        settings = Settings.load(root_of(context).path, os.environ)
        try:
            found = memory.annotations_of_run(run)
        except UnknownRun:
            if run != "last":
                raise
            found = []
        if style == "auto":
            style = _OF_CI[publish.ci_of(settings.annotate, os.environ)]
        text = publish.text(Places(memory.root, os.environ, settings.annotate_prefix).placed(found), style)
    with errors():
        if output is None:
            click.echo(text, nl=False)
        else:
            publish.write(Path(output), text)
