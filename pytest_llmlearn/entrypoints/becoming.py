"""How `llmlearn lsp` becomes the language server: another program, for the faces do not know one another.

Nothing is loaded for it: an editor waits.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # typing alone would cost a third of the start
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVER = "lsp_server"


def server(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Put the server in the place of this process; where that cannot be done, run it and return its exit status."""
    # Safe path: a module of the project's must not stand in the place of one that is needed.
    command = [sys.executable, "-P", "-m", SERVER, *arguments]
    if os.name == "posix":
        os.execve(sys.executable, command, dict(environ))
    import subprocess

    return subprocess.call(command, env=dict(environ))
