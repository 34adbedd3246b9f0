"""The command on whether showing lessons helps."""

from __future__ import annotations

import os

import click

from pytest_llmlearn.entrypoints.cli.shared import formats, opened, print_json


@click.command()
@click.argument("fingerprint", required=False)
@formats("text", "json")
@click.pass_context
def effect(context: click.Context, fingerprint: str | None, style: str) -> None:
    """Compare what came of lessons shown and held back: of one pattern, or of all.

    FINGERPRINT may be cut to its first characters. An exposure counts only where code was written in which the mistake
    could be made, and tests have reached it. Below ten cases no rate is told.
    """
    from pytest_llmlearn.entrypoints import printing_effect
    from pytest_llmlearn.settings import Settings

    with opened(context) as memory:
        exact = memory.pattern(fingerprint).fingerprint if fingerprint else None
        holdback = Settings.load(memory.root, os.environ).holdback
        found = memory.effect(exact)
        if style == "json":
            print_json(printing_effect.effect(found, exact, holdback))
        else:
            click.echo("\n".join(printing_effect.effect_lines(found, exact, holdback)))
