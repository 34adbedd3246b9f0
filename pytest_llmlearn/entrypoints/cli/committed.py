"""The commands on the committed lessons: write them, and check that they are what was learned."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import Failure, errors, opened


@click.group()
def lessons() -> None:
    """The lessons that the project has committed, in .llmlearn/lessons.jsonl."""


@lessons.command()
@click.option("--check", is_flag=True, help="Write nothing: exit 1 where the file is not what it should be.")
@click.option("--output", metavar="PATH", help="Write to this file instead; - for standard output.")
@click.pass_context
def export(context: click.Context, check: bool, output: str | None) -> None:
    """Write the lessons that are active or enforced, one a line, to be committed.

    Lines of the file that this memory does not know stay. Beside the file, .llmlearn/.gitattributes has git keep the
    lines of both sides where branches meet (merge=union); it is to be committed too. With --check in a clone that has
    learned nothing itself, the lines are only read and looked through.
    """
    if check and output is not None:
        raise click.UsageError("--check writes nothing, so there is no --output")
    with opened(context) as memory, errors():
        if check:
            wrong = memory.check_lessons()
            if wrong:
                raise Failure("; ".join(wrong))
            return
        made = memory.lessons_to_commit()
        if output == "-":
            sys.stdout.write(made.text)
            return
        if output is not None:
            Path(output).write_text(made.text, encoding="utf-8", newline="\n")
        elif made.text or made.removed or made.problems:
            memory.commit_lessons(made)
        for problem in made.problems:
            click.echo(f"llmlearn: {problem}", err=True)
        where = output or ".llmlearn/lessons.jsonl"
        counts = {"added": made.added, "changed": made.changed, "removed": made.removed}
        told = ", ".join(f"{count} {what}" for what, count in counts.items() if count) or "nothing changed"
        if not made.lessons and not made.removed:
            click.echo("no lesson is active or enforced yet, so there is none to be committed: llmlearn patterns")
        else:
            noun = "lesson" if made.lessons == 1 else "lessons"
            click.echo(f"{made.lessons} {noun} in {where}: {told}")
