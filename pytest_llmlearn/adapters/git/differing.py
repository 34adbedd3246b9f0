"""Which files differ from the last commit, or are staged for the next one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pytest_llmlearn.adapters.git.repository import end, environment, head_commit, start, toplevel
from pytest_llmlearn.errors import BadInput

SECONDS = 60.0


def differing(
    root: Path, *, staged: bool = False, ending: str = ".py", environ: Mapping[str, str] | None = None
) -> list[str]:
    """Files below `root` with that ending that are there and differ from the last commit, new ones included.

    With `staged` those that are staged, whether or not they were edited since. Paths from the root with `/`, sorted.

    Raises:
        BadInput: there is no repository, or git does not answer.
    """
    if toplevel(root) is None:
        raise BadInput(f"{root} is in no git repository, so nothing is known of what changed")
    given = environment(os.environ if environ is None else environ)
    compared = ["diff", "--name-only", "-z", "--relative", "--no-renames", "--diff-filter=d"]
    if staged:
        found = asked(root, [*compared, "--cached"], given)
    else:
        known = head_commit(root, environ) is not None
        found = asked(root, [*compared, "HEAD"] if known else ["ls-files", "-z"], given)
        found += asked(root, ["ls-files", "-z", "--others", "--exclude-standard"], given)
    return sorted({path for path in found if path.endswith(ending) and (root / path).is_file()})


def asked(root: Path, words: list[str], environ: Mapping[str, str]) -> list[str]:
    """The names that git answers, which end in NUL.

    Raises:
        BadInput: git does not answer.
    """
    try:
        process = start(root, words, environ)
        try:
            output, errors = process.communicate(timeout=SECONDS)
        finally:
            end(process)
    except (OSError, subprocess.SubprocessError) as error:
        raise BadInput(f"git does not say what changed: {error}") from error
    if process.returncode:
        said = errors.decode("utf-8", "replace").strip().splitlines()
        raise BadInput(f"git does not say what changed: {said[-1] if said else process.returncode}")
    return [os.fsdecode(name) for name in output.split(b"\0") if name]
