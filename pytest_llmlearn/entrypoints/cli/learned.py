"""The commands on what was learned: list it, explain it, hand failures in."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pytest_llmlearn.entrypoints.cli.shared import formats, opened, print_json

CATEGORIES = ("async", "type", "import", "security", "syntax", "logic", "runtime")


@click.command()
@click.option("--category", type=click.Choice(CATEGORIES), help="Only patterns of this category.")
@click.option("--limit", type=click.IntRange(1), help="Patterns at most.")
@formats("text", "json")
@click.pass_context
def patterns(context: click.Context, category: str | None, limit: int | None, style: str) -> None:
    """List the mistakes seen so far, most frequent first."""
    from pytest_llmlearn.entrypoints import printing

    with opened(context) as memory:
        found = memory.patterns(category=category, limit=limit)
        if style == "json":
            print_json([printing.pattern(pattern, memory.confidence_of(pattern)) for pattern in found])
        elif found:
            click.echo("\n".join(printing.pattern_line(pattern) for pattern in found))
        else:
            click.echo(f"no patterns in {memory.root}; `pytest --llm-learn` records them")


@click.command()
@click.argument("fingerprint")
@formats("text", "json")
@click.pass_context
def show(context: click.Context, fingerprint: str, style: str) -> None:
    """Explain one pattern. FINGERPRINT may be cut to its first characters."""
    from pytest_llmlearn.entrypoints import printing_lessons as printing

    with opened(context) as memory:
        pattern = memory.pattern(fingerprint)
        found = printing.Dossier(
            pattern=pattern,
            rule=memory.rule(pattern.rule_id),
            lesson=memory.lesson(pattern.fingerprint),
            confidence=memory.confidence_of(pattern),
            contexts=memory.contexts(pattern.fingerprint),
            fixes=memory.fixes(pattern.fingerprint),
            effect=memory.effect(pattern.fingerprint),
            occurrences=memory.occurrences(pattern.fingerprint, 5),
        )
        if style == "json":
            print_json(printing.dossier(found))
        else:
            click.echo("\n".join(printing.dossier_lines(found)))


@click.command()
@click.option("--pattern", "fingerprint", metavar="FINGERPRINT", help="Only those of this pattern.")
@click.option("--limit", type=click.IntRange(1), help="The latest so many.")
@formats("text", "json")
@click.pass_context
def occurrences(context: click.Context, fingerprint: str | None, limit: int | None, style: str) -> None:
    """List the failures recorded, oldest first."""
    from pytest_llmlearn.entrypoints import printing

    with opened(context) as memory:
        exact = memory.pattern(fingerprint).fingerprint if fingerprint else None
        found = memory.occurrences(exact, limit)
        if style == "json":
            print_json(found)
        elif found:
            click.echo("\n".join(printing.occurrence_line(row) for row in found))
        else:
            click.echo(f"no occurrences in {memory.root}; `pytest --llm-learn` records them")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--as",
    "kind",
    type=click.Choice(("auto", "occurrences", "reportlog", "junit")),
    default="auto",
    show_default=True,
    help="What FILE is.",
)
@formats("text", "json")
@click.pass_context
def ingest(context: click.Context, file: str, kind: str, style: str) -> None:
    """Record the failures in FILE (`-` for standard input), whoever wrote the code.

    FILE holds JSON lines of occurrences, the output of pytest-reportlog, or JUnit XML.
    """
    from pytest_llmlearn.entrypoints import ingest as reading

    with opened(context) as memory:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        handed_in = reading.read(raw, kind, "standard input" if file == "-" else file, memory.root)
        fingerprints = memory.record(handed_in) if handed_in else []
        if style == "json":
            print_json({"recorded": len(fingerprints), "fingerprints": fingerprints})
        else:
            distinct = len(set(fingerprints))
            click.echo(
                f"recorded {len(fingerprints)} occurrence{'' if len(fingerprints) == 1 else 's'} "
                f"of {distinct} pattern{'' if distinct == 1 else 's'}"
            )
