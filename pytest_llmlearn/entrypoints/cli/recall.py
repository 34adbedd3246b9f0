"""The command that asks before code is written: which lessons matter, in the words that its reader needs."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from pytest_llmlearn.entrypoints.cli.shared import formats, opened, print_json, relative

if TYPE_CHECKING:
    from pytest_llmlearn.domain.guidance import Style


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
    style: str,
) -> None:
    """Print the lessons that matter for TEXT, what is about to be written, or say that there are none.

    `-` reads TEXT from standard input. `--format context` prints statements for an assistant that did not ask,
    `--format prompt` numbered directives to paste into a prompt, `--format markdown` a list for a page or a comment;
    these print nothing where nothing matters.
    """
    from pytest_llmlearn.domain.guidance import Query
    from pytest_llmlearn.domain.sessions import session_id
    from pytest_llmlearn.entrypoints import background
    from pytest_llmlearn.entrypoints import printing_guidance as printing
    from pytest_llmlearn.settings import Settings

    for_machines = style == "json"
    if explain and not for_machines and style != "text":
        raise click.UsageError(f"--explain goes with --format text and json, not with {style}")
    with opened(context) as memory:
        settings = Settings.load(memory.root, os.environ)
        query = Query(
            text=sys.stdin.read() if text == "-" else text,
            path=relative(path, memory.root) if path else None,
            model=model,
            limit=limit or settings.limit,
            budget=settings.budget if budget is None else budget,
            threshold=settings.threshold if threshold is None else threshold,
            session=session_id(os.environ),
            channel="command",
            style=_worded(style),
            compact=compact,
        )
        guidance = memory.recall(query)
        if for_machines:
            print_json(printing.guidance(guidance))
        elif style == "text":
            click.echo("\n".join(printing.guidance_lines(guidance, compact=compact, explain=explain)))
        else:
            click.echo(guidance.text, nl=bool(guidance.text))
        if memory.behind and background.wanted(os.environ):
            with suppress(OSError):  # no process can be started: the next question gives the next few their vectors
                background.begin(memory.root, os.environ, background.VECTORS)


def _worded(style: str) -> Style:
    """The style of the answer's text: that of the format, and for people and machines the plain one."""
    from pytest_llmlearn.domain.guidance import STYLES

    return next((known for known in STYLES if known == style), "text")
