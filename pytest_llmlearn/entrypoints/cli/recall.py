"""The command that asks before code is written: which lessons matter, in the words that its reader needs."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Any

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, formats, opened, relative, root_of

BUDGET = (
    "Tokens the text for an assistant may take: bounds --format context, prompt, markdown, and `text` of json, not "
    "what is printed for people. [default: the setting, 300]"
)


@click.command()
@click.argument("text")
@click.option("--path", metavar="FILE", help="The file to be written: its imports and names join the question.")
@click.option("--model", metavar="NAME", help="The model that is going to write.")
@click.option("--limit", type=click.IntRange(1, 10), help="Lessons at most. [default: the setting, 5]")
@click.option("--budget", type=click.IntRange(0), help=BUDGET)
@click.option("--threshold", type=click.FloatRange(0, 1), help="Score below which nothing is shown; 0 shows all.")
@click.option("--compact", is_flag=True, help="Each lesson on one line, of 50 tokens at most.")
@click.option("--explain", is_flag=True, help="What each score is made of, and what stayed just below the threshold.")
@click.option("--no-daemon", is_flag=True, help="Read the memory in this process, even where a daemon runs.")
@formats("text", "json", "context", "prompt", "markdown")
@click.pass_context
def recall(
    context: click.Context,
    text: str,
    path: str | None,
    model: str | None,
    limit: int | None,
    budget: int | None,
    threshold: float | None,
    compact: bool,
    explain: bool,
    no_daemon: bool,
    style: str,
) -> None:
    """Print the lessons that matter for TEXT, what is about to be written, or say that there are none.

    `-` reads TEXT from standard input. `--format context` prints statements for an assistant that did not ask,
    `--format prompt` numbered directives to paste into a prompt, `--format markdown` a list for a page or a comment;
    these print nothing where nothing matters.
    """
    from pytest_llmlearn.domain.sessions import session_id
    from pytest_llmlearn.entrypoints import asking_daemon
    from pytest_llmlearn.entrypoints.command import printed

    if explain and style not in ("text", "json"):
        raise click.UsageError(f"--explain goes with --format text and json, not with {style}")
    with errors():
        root = root_of(context).path
    asked = {
        "text": sys.stdin.read() if text == "-" else text,
        "path": relative(path, root) if path else None,
        "model": model,
        "limit": limit,
        "budget": budget,
        "threshold": threshold,
        "session": session_id(os.environ),
        "channel": "command",
        "style": "text" if style == "json" else style,
        "compact": compact,
    }
    told = None if no_daemon else asking_daemon.recalled(root, os.environ, asked)
    if told is not None:
        click.echo(printed(told["guidance"], style, compact=compact, explain=explain), nl=False)
        for notice in told["notices"]:
            click.echo(f"llmlearn: {notice}", err=True)
        return
    _read(context, asked, style, explain=explain)


def _read(context: click.Context, asked: dict[str, Any], style: str, *, explain: bool) -> None:
    """Read the memory in this process."""
    from pytest_llmlearn.domain.guidance import Query
    from pytest_llmlearn.domain.plain_guidance import guidance
    from pytest_llmlearn.entrypoints import background
    from pytest_llmlearn.entrypoints.command import printed
    from pytest_llmlearn.settings import Settings

    with opened(context) as memory:
        settings = Settings.load(memory.root, os.environ)
        standing = {name: getattr(settings, name) for name in ("limit", "budget", "threshold")}
        query = Query(**{**standing, **{name: value for name, value in asked.items() if value is not None}})
        answer = guidance(memory.recall(query))
        click.echo(printed(answer, style, compact=query.compact, explain=explain), nl=False)
        if memory.behind and background.wanted(os.environ):
            with suppress(OSError):  # no process can be started: the next question gives the next few their vectors
                background.begin(memory.root, os.environ, background.VECTORS)
