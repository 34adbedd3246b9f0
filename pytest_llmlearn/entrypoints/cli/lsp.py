"""The command that becomes the language server: another program, for the faces do not know one another."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pytest_llmlearn.entrypoints import becoming


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]...")
@click.pass_context
def lsp(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Run the language server, for editors: past mistakes are shown while code is written.

    Its options are those of `llmlearn-lsp`; `llmlearn lsp --help` lists them.
    """
    root = context.find_root().params.get("root")
    environ = {**os.environ, "LLMLEARN_ROOT": str(Path(root).absolute())} if root else os.environ
    context.exit(becoming.server(arguments, environ))
