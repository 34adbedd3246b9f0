"""Which files a repository holds for people: those that git tracks, and those that it would."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_llmlearn.adapters.git.repository import end, environment, start, toplevel

SECONDS = 60.0
_LIST = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
_DEPTH = 5
"""Repositories within repositories that are looked into."""


def files(root: Path, ending: str, environ: Mapping[str, str] | None = None) -> list[str] | None:
    """The files below `root` with that ending, as paths from it with `/`, sorted; ignored ones are left out.

    Those of submodules, and of repositories that lie within, belong to it; links do not, for they are other files once
    more. None where git cannot tell: no repository is there, `root` itself is ignored by one around it, git is missing
    or fails.
    """
    if toplevel(root) is None:
        return None
    given = environment(os.environ if environ is None else environ)
    try:
        found = sorted(set(_listed(root, ending, given, _DEPTH)))
    except (OSError, subprocess.SubprocessError):  # no git, or one that does not answer: the folder can be walked
        return None
    return found or None


def _listed(folder: Path, ending: str, environ: Mapping[str, str], depth: int) -> Iterator[str]:
    process = start(folder, _LIST, environ)
    try:
        output, errors = process.communicate(timeout=SECONDS)
    finally:
        end(process)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "git ls-files", output, errors)
    for name in map(os.fsdecode, output.split(b"\0")):
        if name.endswith(ending):
            if not (folder / name).is_symlink():
                yield name
        # A submodule, or a repository that nobody added: git names it, and does not look into it.
        elif name and depth and (folder / name / ".git").exists():
            inner = name.rstrip("/")
            yield from (f"{inner}/{file}" for file in _listed(folder / inner, ending, environ, depth - 1))
