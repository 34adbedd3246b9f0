"""Work that is due, begun after a run of the tests or a question, and left to itself.

It must neither delay nor change the run: a process of its own, which nobody waits for, and which is no child of the
run's when it ends. In CI nobody gains by it, and a container may be gone before it is done: there it is never begun.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_OFF = frozenset({"", "0", "false", "no", "off"})
# Safe path: a module of the project's must not stand in the place of one that the command needs.
_COMMAND = ("-P", "-m", "pytest_llmlearn.entrypoints.cli")
UPKEEP = ("maintain", "--if-due", "--quiet")
VECTORS = ("index", "--quiet")
"""What may be done there: upkeep, and vectors for what was learned since."""
_OF_THE_RUN = ("COVERAGE_", "COV_CORE_", "PYTEST_")
"""Variables that speak of the run to its children: one whose coverage is measured would write into the project."""


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether this is a place for work in the background: not where `CI` is set, as all the usual services do."""
    return environ.get("CI", "").strip().lower() in _OFF


def begin(root: Path, environ: Mapping[str, str], what: Sequence[str] = UPKEEP) -> None:
    """Start that command for the project at `root`, and return at once.

    Raises:
        OSError: no process can be started.
    """
    command = [sys.executable, *_COMMAND, "--root", str(root), *what]
    own = {name: value for name, value in environ.items() if not name.startswith(_OF_THE_RUN)}
    # Nobody to read from or to write to: an open pipe would keep who reads the run's output waiting.
    nobody = subprocess.DEVNULL
    if os.name != "posix":
        # No window, and no console whose closing would end it.
        flags = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        subprocess.Popen(command, creationflags=flags, env=own, stdin=nobody, stdout=nobody, stderr=nobody)
        return
    # By way of a shell that ends at once: an orphan is waited for by the system, a child that nobody waits for would
    # stay a zombie as long as the run's process lives, which in an editor may be days.
    shell = ["/bin/sh", "-c", '"$@" &', "sh", *command]
    subprocess.run(shell, start_new_session=True, check=False, env=own, stdin=nobody, stdout=nobody, stderr=nobody)
