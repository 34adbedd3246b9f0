"""The command that joins what many runners learned."""

from __future__ import annotations

from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, formats, opened, print_json


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILES...")
@formats("text", "json")
@click.pass_context
def fold(context: click.Context, files: tuple[str, ...], style: str) -> None:
    """Learn what other runs learned, from the files that `pytest --llm-learn-events=PATH` wrote.

    In any order, and as often as you like: the memory is as if one process had seen all of these runs. Lines that
    cannot be read, such as the last one of a runner that was killed, are skipped. In a clone with its history, tests
    that were red in one run and green in another give verified fixes.
    """
    from pytest_llmlearn.adapters import event_lines

    with errors():
        events, notices = event_lines.read(map(Path, files))
    with opened(context) as memory:
        done = memory.fold(events)
    for notice in notices:
        click.echo(f"llmlearn: {notice}", err=True)
    if style == "json":
        print_json({name: getattr(done, name) for name in ("runs", "occurrences", "known", "fixes", "unseen")})
        return
    told = f"{done.runs} new {'run' if done.runs == 1 else 'runs'} with {done.occurrences} occurrences"
    told += f", {done.known} known already" if done.known else ""
    told += f", {done.fixes} verified {'fix' if done.fixes == 1 else 'fixes'}" if done.fixes else ""
    click.echo(told)
    if done.unseen:
        click.echo(
            f"llmlearn: {done.unseen} of these runs saw red tests green in code that this clone does not have, so no "
            "fix was mined from them: fetch the whole history, or run them on committed code",
            err=True,
        )
