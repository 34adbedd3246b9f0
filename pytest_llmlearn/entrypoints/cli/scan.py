"""The command that scans code for mistakes that no test need show."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, print_json, root_of
from pytest_llmlearn.errors import BadPath, ScannerUnavailable

SEVERITIES = ("critical", "major", "minor")
FOUND = 1
NOT_SCANNED = 3
JOBS = 4

Looked = Callable[[int, int], None]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATHS]...")
@click.option("--staged", is_flag=True, help="The Python files that are staged, as they are in the working tree.")
@click.option("--changed", is_flag=True, help="The Python files that differ from the last commit, new ones included.")
@click.option(
    "--config",
    "configs",
    multiple=True,
    metavar="EXTRA",
    help="Semgrep rules beside ours and the setting's; repeatable.",
)
@click.option("--audit/--no-audit", default=None, help="With the rules of low confidence, or without them.")
@click.option(
    "--format",
    "style",
    type=click.Choice(("text", "json", "sarif")),
    default="text",
    show_default=True,
    help="How to print.",
)
@click.option(
    "--fail-on", type=click.Choice(SEVERITIES), metavar="SEVERITY", help="Exit with 1 for findings so grave, or graver."
)
@click.option("--update-baseline", is_flag=True, help="Accept what is found: later scans leave it out.")
@click.pass_context
def scan(
    context: click.Context,
    paths: tuple[str, ...],
    staged: bool,
    changed: bool,
    configs: tuple[str, ...],
    audit: bool | None,
    style: str,
    fail_on: str | None,
    update_baseline: bool,
) -> None:
    """Scan code for security mistakes and misused coroutines, with Semgrep, and record what is found in LLM-written
    code.

    Without PATHS the LLM-written files of the project; PATHS are scanned whoever wrote them. What has not changed since
    its last scan is not looked at again.

    Exit status: 0 scanned, 1 with `--fail-on` where something so grave was found, 2 wrong usage, 3 not scanned.
    """
    if (bool(paths) + staged + changed) > 1:
        raise click.UsageError("give PATHS, --staged or --changed: one of them")
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.entrypoints import printing_scan as printing
    from pytest_llmlearn.settings import Settings

    with errors():
        root = root_of(context).path
        settings = Settings.load(root, os.environ)
        overrides = {"scan_configs": (*settings.scan_configs, *map(_config, configs)), "scan_audit": audit}
        settings = Settings.load(root, os.environ, overrides)
        chosen = _chosen(root, paths, staged, changed)
        with Memory.open(root, settings=settings) as memory:
            try:
                with _progress() as looked:
                    found = memory.scan(chosen, accept=update_baseline, looked=looked, jobs=_jobs())
            except BadPath as error:
                raise click.UsageError(str(error)) from error
            except ScannerUnavailable as error:
                _not_scanned(style, str(error))
                context.exit(NOT_SCANNED)
            if update_baseline:
                click.echo(f"llmlearn: what was found is accepted in {settings.scan_baseline}", err=True)
            if style == "json":
                print_json(printing.scan(found))
            elif style == "sarif":
                from pytest_llmlearn.entrypoints.annotations.places import Places
                from pytest_llmlearn.entrypoints.annotations.sarif import written

                places = Places(root, os.environ, settings.annotate_prefix)
                click.echo(written(places.placed(memory.annotations_of_scan(found.flaws))))
            else:
                click.echo("\n".join(printing.scan_lines(found)))
            for notice in memory.notices:
                click.echo(f"llmlearn: {notice}", err=True)
    grave = SEVERITIES[: SEVERITIES.index(fail_on) + 1] if fail_on else ()
    if not update_baseline and any(flaw.severity in grave for flaw in found.flaws):
        context.exit(FOUND)


def _jobs() -> int:
    """A person waits: as many processors as there are, within reason."""
    return min(os.cpu_count() or 1, JOBS)


def _config(given: str) -> str:
    """A file or a folder seen from here; what is none is a name of a registry, or wrong, which the scan will say."""
    return str(Path(given).absolute()) if Path(given).exists() else given


def _chosen(root: Path, paths: tuple[str, ...], staged: bool, changed: bool) -> list[str] | None:
    if paths:
        return [str(Path(path).absolute()) for path in paths]
    if not staged and not changed:
        return None
    from pytest_llmlearn.adapters.git.differing import differing

    return [str(root / path) for path in differing(root, staged=staged)]


def _not_scanned(style: str, reason: str) -> None:
    if style == "json":
        print_json({"findings": [], "errors": [{"message": reason}]})
    click.echo(f"llmlearn: {reason}", err=True)


@contextmanager
def _progress() -> Iterator[Looked | None]:
    """On a terminal, how far the scan is; on standard error, and wiped out at the end."""
    if not sys.stderr.isatty():
        yield None
        return
    click.echo("\rlooking for what changed", err=True, nl=False)

    def looked(done: int, whole: int) -> None:
        click.echo(f"\r\x1b[Kscanning: {done} of {whole} files", err=True, nl=False)

    try:
        yield looked
    finally:
        click.echo("\r\x1b[K", err=True, nl=False)
