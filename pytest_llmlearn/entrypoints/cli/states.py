"""The commands by which a person decides what becomes of a pattern: right, to be kept to, wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pytest_llmlearn.entrypoints.cli.shared import opened

if TYPE_CHECKING:
    from pytest_llmlearn.domain.pattern import Pattern, Word

DONE: dict[Word, str] = {"right": "approved", "enforce": "enforced", "wrong": "muted"}


@click.command()
@click.argument("fingerprint")
@click.option("--undo", is_flag=True, help="Take it back: outcomes of tests decide again.")
@click.pass_context
def approve(context: click.Context, fingerprint: str, undo: bool) -> None:
    """Say that a lesson is right: it is active, though no fix has proven it yet.

    FINGERPRINT may be cut to its first characters. A lesson that was retired is back.
    """
    _say(context, fingerprint, "right", undo)


@click.command()
@click.argument("fingerprint")
@click.option("--undo", is_flag=True, help="Take it back: outcomes of tests decide again.")
@click.pass_context
def enforce(context: click.Context, fingerprint: str, undo: bool) -> None:
    """Say that a lesson is to be kept to: more than a hint.

    FINGERPRINT may be cut to its first characters. A lesson that was retired is back.
    """
    _say(context, fingerprint, "enforce", undo)


@click.command()
@click.argument("fingerprint")
@click.option("--undo", is_flag=True, help="Show it again.")
@click.pass_context
def mute(context: click.Context, fingerprint: str, undo: bool) -> None:
    """Never show a pattern again: it is wrong, or of no use here.

    FINGERPRINT may be cut to its first characters.
    """
    _say(context, fingerprint, "wrong", undo)


def _say(context: click.Context, fingerprint: str, word: Word, undo: bool) -> None:
    with opened(context) as memory:
        if undo:
            before = memory.pattern(fingerprint)
            pattern = memory.take_back(fingerprint, word)
            told = f"was not {DONE[word]}" if before.word != word else f"is {_standing(pattern)} again"
        else:
            ways = {"right": memory.approve, "enforce": memory.enforce, "wrong": memory.mute}
            pattern = ways[word](fingerprint)
            told = f"is {DONE[word]}"
        click.echo(f"{pattern.fingerprint} {told}: {pattern.lesson}")


def _standing(pattern: Pattern) -> str:
    return "shown" if pattern.shown and pattern.state == "candidate" else pattern.state
