"""The command that reports what came of the mistakes of a run, or of a period."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, opened

DAYS = 30
"""Before now, which a report is of unless something else is asked for."""
_BACK = re.compile(r"(\d{1,6})\s*([dw])")
_LONGEST = 36_500


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    """A day or a time in ISO 8601 (in UTC unless it says otherwise), or how long ago: `30d`, `12w`."""
    if value is None:
        return None
    back = _BACK.fullmatch(value.strip())
    if back is not None:
        return _ago(int(back[1]) * (7 if back[2] == "w" else 1))
    try:
        found = datetime.fromisoformat(value.strip())
        return found.astimezone(UTC) if found.tzinfo is not None else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise click.BadParameter(f"{value!r} is neither a day such as 2026-03-01 nor a time ago such as 30d") from None


def _ago(days: int) -> datetime:
    return datetime.now(UTC) - timedelta(days=min(days, _LONGEST))


@click.command()
@click.option("--run", metavar="ID", help="Of one run: its id or the beginning of it, or `last`.")
@click.option(
    "--since", callback=_moment, metavar="WHEN", help=f"From a day on, or so long: 2026-03-01, 12w. [default: {DAYS}d]"
)
@click.option("--last", type=click.IntRange(1, 100_000), metavar="N", help="Of the latest N runs that saw mistakes.")
@click.option("--top", type=click.IntRange(1, 1_000), default=20, show_default=True, help="Mistakes of each list.")
@click.option(
    "--format",
    "style",
    type=click.Choice(("markdown", "html")),
    help="How to write it; by default as the name of --output ends, else Markdown.",
)
@click.option("--output", metavar="FILE", help="Write to this file instead of standard output.")
@click.pass_context
def report(
    context: click.Context,
    run: str | None,
    since: datetime | None,
    last: int | None,
    top: int,
    style: str | None,
    output: str | None,
) -> None:
    """Report what came of mistakes: what recurs and what is new, by model, category, file and week, what was repaired,
    and which lessons helped.

    A page of HTML is a single file that asks for nothing from anywhere.
    """
    from pytest_llmlearn.entrypoints.annotations import publish
    from pytest_llmlearn.errors import UnknownRun

    if sum(one is not None for one in (run, since, last)) > 1:
        raise click.UsageError("one of --run, --since and --last says what the report is of")
    if style is None:
        style = "html" if output is not None and output.lower().endswith((".html", ".htm")) else "markdown"
    with opened(context) as memory:
        if last is not None:
            found = memory.report_of_latest(last, top=top)
        elif run is None:
            found = memory.report_since(since or _ago(DAYS), top=top)
        else:
            try:
                found = memory.report_of_run(run, top=top)
            except UnknownRun:
                if run != "last":
                    raise
                found = memory.report_of_latest(1, top=top)
        if style == "html":
            from pytest_llmlearn.entrypoints.reporting.html import html

            text = html(found)
        else:
            from pytest_llmlearn.entrypoints.reporting.markdown import markdown

            text = markdown(found)
    with errors():
        if output is None:
            click.echo(text, nl=False)
        else:
            publish.write(Path(output), text)
