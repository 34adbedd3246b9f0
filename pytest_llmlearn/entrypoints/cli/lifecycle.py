"""The commands by which a person puts patterns away, takes them back, erases them, and makes two of them one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_llmlearn.entrypoints.cli.shared import formats, opened, print_json

if TYPE_CHECKING:
    from pytest_llmlearn.domain.pattern import Pattern

fingerprints = click.argument("fingerprints", metavar="FINGERPRINT...", nargs=-1, required=True)


@click.command()
@fingerprints
@click.pass_context
def archive(context: click.Context, fingerprints: tuple[str, ...]) -> None:
    """Put patterns away: not shown until their mistake is made again. Nothing is deleted."""
    with opened(context) as memory:
        for pattern in memory.archive(fingerprints):
            click.echo(f"{pattern.fingerprint} is archived: {pattern.lesson}")


@click.command()
@fingerprints
@click.pass_context
def restore(context: click.Context, fingerprints: tuple[str, ...]) -> None:
    """Take archived or retired patterns back."""
    with opened(context) as memory:
        for pattern in memory.restore(fingerprints):
            click.echo(f"{pattern.fingerprint} is {pattern.state} again: {pattern.lesson}")


@click.command()
@click.argument("fingerprint")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def forget(context: click.Context, fingerprint: str, yes: bool) -> None:
    """Erase a pattern for good, with its occurrences, fixes and texts; `mute` only hides it.

    Patterns merged into it go with it. FINGERPRINT may be cut to its first characters.
    """
    with opened(context) as memory:
        pattern = memory.pattern(fingerprint)
        if not yes and not click.confirm(f"Erase {_named(pattern)} for good?"):
            click.echo("nothing was erased")
            return
        standing = memory.standings([pattern.fingerprint]).get(pattern.fingerprint)
        erased = memory.forget(pattern.fingerprint)
        merged = f" and {erased.patterns - 1} merged into it" if erased.patterns > 1 else ""
        click.echo(f"erased {pattern.fingerprint}{merged}, with {erased.occurrences} occurrences")
        for name in erased.moved_aside:
            click.echo(f"{name}, a damaged store kept from before, may hold it too: delete it by hand", err=True)
        if standing is not None and standing.committed:
            click.echo(
                "it stands in .llmlearn/lessons.jsonl too, and comes back from there: take its line out", err=True
            )


@click.command()
@click.argument("one", required=False)
@click.argument("other", required=False)
@click.option("--suggest", is_flag=True, help="Only list patterns that may be one.")
@formats("text", "json")
@click.pass_context
def merge(context: click.Context, one: str | None, other: str | None, suggest: bool, style: str) -> None:
    """Make two patterns ONE and OTHER one: the one seen first goes on, and shows the sum.

    `--suggest` lists patterns with equal symbols or the same fix. `llmlearn split` takes a merging back.
    """
    if suggest == bool(one) or bool(one) != bool(other):
        raise click.UsageError("give two fingerprints, or --suggest alone")
    with opened(context) as memory:
        if one and other:
            parent, child = memory.merge(one, other)
            if style == "json":
                print_json({"parent": parent.fingerprint, "child": child.fingerprint, "frequency": parent.frequency})
            else:
                click.echo(f"{child.fingerprint} counts for {_named(parent)} from now on")
            return
        found = memory.alike()
        if style == "json":
            print_json([{"why": group.why, "patterns": [one.fingerprint for one in group.patterns]} for group in found])
            return
        for group in found:
            click.echo("the same symbols:" if group.why == "symbol" else "the same fix:")
            for pattern in group.patterns:
                click.echo(f"  {_named(pattern)}")
        if not found:
            click.echo("no two patterns seem to be one")


@click.command()
@click.argument("fingerprint")
@click.pass_context
def split(context: click.Context, fingerprint: str) -> None:
    """Take a merging back: of the merged pattern FINGERPRINT, or of all that were merged into it."""
    with opened(context) as memory:
        found = memory.split(fingerprint)
        for pattern in found:
            click.echo(f"{_named(pattern)} stands for itself again")
        if not found:
            click.echo(f"nothing was merged into {memory.pattern(fingerprint).fingerprint}")


def _named(pattern: Pattern) -> str:
    return f"{pattern.fingerprint} ({pattern.rule_id}: {pattern.lesson})"
