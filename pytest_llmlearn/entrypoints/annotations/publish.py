"""Write what was asked for: files, a job's summary, and the lines that a CI reads from the terminal.

Nothing here changes the outcome of a run: what cannot be written is one sentence.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_llmlearn.domain.annotation import Annotation
from pytest_llmlearn.entrypoints.annotations import azure, buildkite, github, sarif, summary
from pytest_llmlearn.entrypoints.annotations.codequality import codequality
from pytest_llmlearn.entrypoints.annotations.places import Places
from pytest_llmlearn.entrypoints.annotations.rdjson import rdjson
from pytest_llmlearn.settings import Settings

VARIABLES: Mapping[str, str] = {
    "github": "GITHUB_ACTIONS",
    "gitlab": "GITLAB_CI",
    "azure": "TF_BUILD",
    "buildkite": "BUILDKITE",
}
"""What each CI says of itself."""
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
GITLAB_FILE = "gl-llmlearn.json"
FORMATS = ("github", "azure", "markdown", "sarif", "codequality", "rdjson")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Lines for the terminal, each to begin a line and to stand there as it is; and what people should know."""

    lines: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


def ci_of(annotate: str, environ: Mapping[str, str]) -> str:
    """Which CI is written for: `none` where it is none, or nothing is to be written."""
    if annotate != "auto":
        return annotate
    return next((ci for ci, name in VARIABLES.items() if environ.get(name, "").lower() in ("true", "1")), "none")


def text(annotations: Sequence[Annotation], style: str) -> str:
    """The annotations in one of the `FORMATS`."""
    if style == "markdown":
        return summary.markdown(annotations)
    if style in ("github", "azure"):
        lines = github.commands(annotations) if style == "github" else azure.commands(annotations)
        return "".join(f"{line}\n" for line in lines)
    if style == "sarif":
        return sarif.written(annotations) + "\n"
    written = codequality(annotations) if style == "codequality" else rdjson(annotations)
    return json.dumps(written, ensure_ascii=False, indent=1) + "\n"


def publish(annotations: Iterable[Annotation], settings: Settings, root: Path, environ: Mapping[str, str]) -> Published:
    """Write what the settings ask for. Paths in them are from the project's root; those of annotations too."""
    places = Places(root, environ, settings.annotate_prefix)
    every = places.placed(annotations)
    ci = ci_of(settings.annotate, environ)
    notices: list[str] = []

    def attempt(what: str, act: Callable[[], object]) -> bool:
        try:
            act()
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            notices.append(f"{what} could not be written: {reason}")
            return False
        return True

    codequality_file = settings.codequality
    if ci == "gitlab" and not codequality_file:
        codequality_file = str(places.top / GITLAB_FILE)
    for path, style in ((settings.sarif, "sarif"), (codequality_file, "codequality"), (settings.rdjson, "rdjson")):
        if path:
            attempt(path, lambda path=path, style=style: write(root / path, text(every, style)))  # type: ignore[misc]
    step = environ.get(STEP_SUMMARY, "") if ci == "github" else ""
    if settings.summary and not (step and _same(root / settings.summary, Path(step))):
        attempt(settings.summary, lambda: write(root / settings.summary, summary.markdown(every)))
    if not every:
        return Published(notices=tuple(notices))
    lines: list[str] = []
    if ci == "github":
        summarised = bool(step) and attempt(f"the job's summary {step}", lambda: _append(Path(step), every))
        lines = github.commands(every, summarised=summarised)
    elif ci == "azure":
        pages: list[str] = []
        attempt("the page of the run", lambda: pages.append(_kept(summary.markdown(every), environ)))
        lines = azure.commands(every, *pages)
    elif ci == "buildkite":
        said = buildkite.annotate(summary.markdown(every), environ)
        notices += [said] if said is not None else []
    return Published(lines=tuple(lines), notices=tuple(notices))


def write(path: Path, content: str) -> None:
    """Write it in place of what is there, in folders that are made where they are missing.

    Raises:
        OSError: it cannot be written; half of it is not left, for whoever uploads it would be refused.
    """
    with contextlib.suppress(FileExistsError):  # that it is no folder is better said by who writes into it
        path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        try:
            file.write(content.encode("utf-8", "backslashreplace"))
            file.flush()
        except OSError:
            if path.is_file():  # no device, and no pipe
                path.unlink()
            raise


def _kept(page: str, environ: Mapping[str, str]) -> str:
    """A file of its own, for the agent to fetch when the step is over."""
    folder = environ.get("AGENT_TEMPDIRECTORY") or None
    with tempfile.NamedTemporaryFile(delete=False, dir=folder, prefix="llmlearn-", suffix=".md") as file:
        file.write(page.encode("utf-8", "backslashreplace"))
    return file.name


def _append(path: Path, annotations: Sequence[Annotation]) -> None:
    """Below what other steps' commands wrote, within the limit of all of it."""
    there = path.stat().st_size if path.exists() else 0
    page = summary.markdown(annotations, limit=max(summary.LIMIT - there - 1, 0))
    with path.open("ab") as file:
        file.write(f"\n{page}".encode("utf-8", "backslashreplace") if page else b"")


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
