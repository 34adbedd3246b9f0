"""Buildkite's annotations: Markdown that its agent puts on the build's page.

https://buildkite.com/docs/agent/cli/reference/annotate: at most 1 MiB, one for each context, so each job has its own.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

PROGRAM = "buildkite-agent"
SECONDS = 10.0


def annotate(markdown: str, environ: Mapping[str, str], *, seconds: float = SECONDS) -> str | None:
    """Hand the page to the agent; a sentence where that failed."""
    program = shutil.which(PROGRAM, path=environ.get("PATH"))
    if program is None:
        return f"{PROGRAM} is not on the PATH: the build's page was not annotated"
    context = "-".join(part for part in ("llmlearn", environ.get("BUILDKITE_JOB_ID", "")) if part)
    try:
        done = subprocess.run(
            [program, "annotate", "--style", "warning", "--context", context],
            input=markdown.encode("utf-8", "replace"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=seconds,
            check=False,
            env=dict(environ),
        )
    except subprocess.TimeoutExpired:
        return f"{PROGRAM} annotate took more than {seconds:g} seconds and was stopped"
    except OSError as error:
        return f"{PROGRAM} could not be run: {error.strerror or error}"
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no reason given"]
        return f"{PROGRAM} annotate failed: {said[0]}"
    return None
