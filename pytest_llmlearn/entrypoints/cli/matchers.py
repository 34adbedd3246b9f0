"""Matchers: what learned mistakes are recognised by in source text, listed and proved."""

from __future__ import annotations

import click

from pytest_llmlearn.entrypoints.cli.shared import formats, opened, print_json


@click.command()
@click.argument("fingerprint", required=False)
@click.option("--prove", is_flag=True, help="First try them over the project's own files whose tests are not red.")
@formats("text", "json")
@click.pass_context
def matchers(context: click.Context, fingerprint: str | None, prove: bool, style: str) -> None:
    """List what learned mistakes are recognised by while code is written, what is used first.

    A matcher that fires on code whose tests pass is held back, and so is one that is not sure enough yet. With
    FINGERPRINT, which may be cut to its first characters, those of one pattern.
    """
    from pytest_llmlearn.entrypoints import printing_matchers as printing

    with opened(context) as memory:
        proved = memory.prove_matchers() if prove else None
        found = memory.matchers(fingerprint)
        if style == "json":
            print_json({"proved": printing.proof(proved), "matchers": [printing.values(one) for one in found]})
        else:
            click.echo("\n".join(printing.listing(found, proved)))
