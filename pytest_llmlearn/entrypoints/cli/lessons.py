"""The commands on lessons: print one, put one's own words in place of the template's."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from pytest_llmlearn.entrypoints.cli.shared import Failure, formats, opened, print_json

if TYPE_CHECKING:
    from pytest_llmlearn.domain.lesson import Lesson


@click.group()
def lesson() -> None:
    """Print what is to be learned from a pattern, or reword it."""


@lesson.command()
@click.argument("fingerprint")
@click.option("--versions", is_flag=True, help="All that people wrote of it, the oldest first.")
@formats("text", "json")
@click.pass_context
def show(context: click.Context, fingerprint: str, versions: bool, style: str) -> None:
    """Print the lesson of one pattern: when, instead, because, and an example. FINGERPRINT may be cut."""
    from pytest_llmlearn.entrypoints import printing_lessons as printing

    with opened(context) as memory:
        if versions:
            written = memory.lesson_versions(fingerprint)
            if style == "json":
                print_json([printing.version(one) for one in written])
            else:
                click.echo("\n".join(printing.version_lines(written)))
            return
        found = memory.lesson(fingerprint)
        if style == "json":
            print_json(printing.lesson(found))
        else:
            click.echo("\n".join(printing.lesson_lines(found)))


@lesson.command()
@click.argument("fingerprint")
@click.option("--when", metavar="TEXT", help="In what surroundings.")
@click.option("--instead", metavar="TEXT", help="What is right.")
@click.option("--because", metavar="TEXT", help="What goes wrong.")
@click.option("--bad", metavar="CODE", help="Code that fails.")
@click.option("--good", metavar="CODE", help="Code that passes.")
@click.option("--reset", is_flag=True, help="First go back to the template's words.")
@formats("text", "json")
@click.pass_context
def edit(context: click.Context, /, fingerprint: str, reset: bool, style: str, **parts: str | None) -> None:
    """Reword the lesson of one pattern. FINGERPRINT may be cut.

    Parts that are not given stay as they are, an empty text leaves a part out. Without any option the lesson is opened
    in $VISUAL or $EDITOR. Older versions are kept: `llmlearn lesson show --versions`.
    """
    from pytest_llmlearn.entrypoints import printing_lessons as printing

    with opened(context) as memory:
        given: Mapping[str, str | None] = {part: text for part, text in parts.items() if text is not None}
        if not given and not reset:
            given = _edited(memory.lesson(fingerprint))
            if not given:
                click.echo("nothing was changed", err=style == "json")
                return
        found = memory.replace_words(fingerprint, given, afresh=reset)
        if style == "json":
            print_json(printing.lesson(found))
        else:
            click.echo("\n".join(printing.lesson_lines(found)))


def _edited(found: Lesson) -> Mapping[str, str | None]:
    """The parts that a person changed in the editor."""
    from pytest_llmlearn.entrypoints import lesson_form

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Failure(
            "there is no terminal to open an editor in; say what to change: "
            "--when, --instead, --because, --bad, --good, or --reset"
        )
    # The ending tells editors nothing of Python or Markdown: the form is neither.
    text = click.edit(lesson_form.filled(found), extension=".txt", require_save=True)
    return {} if text is None else lesson_form.changed(found, text)
