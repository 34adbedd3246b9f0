"""The command that becomes the language server: another program, for the faces do not know one another."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

SERVER = "lsp_server"


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
    environ = {**os.environ, "LLMLEARN_ROOT": str(Path(root).absolute())} if root else dict(os.environ)
    # Safe path: a module of the project's must not stand in the place of one that is needed.
    command = [sys.executable, "-P", "-m", SERVER, *arguments]
    if os.name == "posix":
        os.execve(sys.executable, command, environ)
    context.exit(subprocess.call(command, env=environ))
