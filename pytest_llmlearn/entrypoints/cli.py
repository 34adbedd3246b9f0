"""The face to people and scripts: the `llmlearn` command.

Exit status: 0 done (an answer of "nothing" is an answer), 1 an error said in one sentence, 2 wrong usage. Under
`--format json` nothing but the JSON goes to standard output.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmlearn import __version__
from pytest_llmlearn.errors import LlmlearnError

if TYPE_CHECKING:
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.settings import Root

CATEGORIES = ("async", "type", "import", "security", "syntax", "logic", "runtime")

Command = Callable[..., None]


class Failure(click.ClickException):
    """An error that is said in one sentence; exit status 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"llmlearn: {self.format_message()}", err=True)


@contextmanager
def _errors() -> Iterator[None]:
    """Errors of ours, and of the file system, as one sentence on standard error."""
    try:
        yield
    except LlmlearnError as error:
        raise Failure(str(error)) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Failure(f"{error.strerror or error}: {error.filename}" if error.filename else str(error)) from error


def _root(context: click.Context) -> Root:
    from pytest_llmlearn.bootstrap import project_root

    return project_root(Path.cwd(), context.find_root().params.get("root"))


@contextmanager
def _memory(context: click.Context) -> Iterator[Memory]:
    from pytest_llmlearn.bootstrap import Memory

    with _errors(), Memory.open(_root(context).path) as memory:
        try:
            yield memory
        finally:
            for notice in memory.notices:
                click.echo(f"llmlearn: {notice}", err=True)


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def _format(*choices: str) -> Callable[[Command], Command]:
    return click.option(
        "--format", "style", type=click.Choice(choices), default=choices[0], show_default=True, help="How to print."
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="llmlearn")
@click.option(
    "--root",
    metavar="PATH",
    help="The project's root; without it LLMLEARN_ROOT, else the nearest folder upwards with .llmlearn/ or settings.",
)
@click.pass_context
def main(context: click.Context, root: str | None) -> None:
    """Lessons from the failures of LLM-written code, as `pytest --llm-learn` recorded them.

    Exit status: 0 done, 1 an error, 2 wrong usage.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False
    for stream in (sys.stdout, sys.stderr):
        # A lesson may quote any character; a terminal that lacks one must not end the command.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


@main.command()
@click.argument("text")
@click.option("--path", metavar="FILE", help="The file to be written: its imports and names join the question.")
@click.option("--model", metavar="NAME", help="The model that is going to write.")
@click.option("--limit", type=click.IntRange(1, 10), help="Lessons at most. [default: the setting, 5]")
@click.option("--budget", type=click.IntRange(0), help="Tokens the text may take. [default: the setting, 300]")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Score below which nothing is shown; 0 shows all.")
@_format("text", "json", "prompt")
@click.pass_context
def recall(
    context: click.Context,
    text: str,
    path: str | None,
    model: str | None,
    limit: int | None,
    budget: int | None,
    threshold: float | None,
    style: str,
) -> None:
    """Print the lessons that matter for TEXT, what is about to be written, or say that there are none.

    `-` reads TEXT from standard input. `--format prompt` prints what can be pasted into a prompt, and nothing where
    nothing matters.
    """
    from pytest_llmlearn.domain.guidance import Query
    from pytest_llmlearn.entrypoints import printing
    from pytest_llmlearn.settings import Settings

    with _memory(context) as memory:
        settings = Settings.load(memory.root, os.environ)
        query = Query(
            text=sys.stdin.read() if text == "-" else text,
            path=_relative(path, memory.root) if path else None,
            model=model,
            limit=limit or settings.limit,
            budget=settings.budget if budget is None else budget,
            threshold=settings.threshold if threshold is None else threshold,
        )
        guidance = memory.recall(query)
        if style == "json":
            _print_json(printing.guidance(guidance))
        elif style == "prompt":
            click.echo(guidance.text, nl=bool(guidance.text))
        else:
            click.echo("\n".join(printing.guidance_lines(guidance)))


def _relative(path: str, root: Path) -> str:
    """`path`, given from the current folder, as the store names it: from the root, with `/`."""
    absolute = Path(path).absolute()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else Path(path).as_posix()


@main.command()
@click.option("--category", type=click.Choice(CATEGORIES), help="Only patterns of this category.")
@click.option("--limit", type=click.IntRange(1), help="Patterns at most.")
@_format("text", "json")
@click.pass_context
def patterns(context: click.Context, category: str | None, limit: int | None, style: str) -> None:
    """List the mistakes seen so far, most frequent first."""
    from pytest_llmlearn.entrypoints import printing

    with _memory(context) as memory:
        found = memory.patterns(category=category, limit=limit)
        if style == "json":
            _print_json([printing.pattern(pattern) for pattern in found])
        elif found:
            click.echo("\n".join(printing.pattern_line(pattern) for pattern in found))
        else:
            click.echo(f"no patterns in {memory.root}; `pytest --llm-learn` records them")


@main.command()
@click.argument("fingerprint")
@_format("text", "json")
@click.pass_context
def show(context: click.Context, fingerprint: str, style: str) -> None:
    """Explain one pattern. FINGERPRINT may be cut to its first characters."""
    from pytest_llmlearn.entrypoints import printing

    with _memory(context) as memory:
        pattern = memory.pattern(fingerprint)
        latest = memory.occurrences(pattern.fingerprint)[-5:]
        rule = memory.rule(pattern.rule_id)
        if style == "json":
            meaning = rule.meaning if rule is not None else None
            _print_json(
                {
                    **printing.pattern(pattern),
                    "meaning": meaning,
                    "bad": pattern.bad,
                    "good": pattern.good,
                    "symbols": list(pattern.symbols),
                    "message": pattern.message,
                    "occurrences": latest,
                }
            )
        else:
            click.echo("\n".join(printing.explanation(pattern, rule, latest)))


@main.command()
@click.option("--pattern", "fingerprint", metavar="FINGERPRINT", help="Only those of this pattern.")
@click.option("--limit", type=click.IntRange(1), help="The latest so many.")
@_format("text", "json")
@click.pass_context
def occurrences(context: click.Context, fingerprint: str | None, limit: int | None, style: str) -> None:
    """List the failures recorded, oldest first."""
    from pytest_llmlearn.entrypoints import printing

    with _memory(context) as memory:
        exact = memory.pattern(fingerprint).fingerprint if fingerprint else None
        found = memory.occurrences(exact, limit)
        if style == "json":
            _print_json(found)
        elif found:
            click.echo("\n".join(printing.occurrence_line(row) for row in found))
        else:
            click.echo(f"no occurrences in {memory.root}; `pytest --llm-learn` records them")


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--as",
    "kind",
    type=click.Choice(("auto", "occurrences", "reportlog", "junit")),
    default="auto",
    show_default=True,
    help="What FILE is.",
)
@_format("text", "json")
@click.pass_context
def ingest(context: click.Context, file: str, kind: str, style: str) -> None:
    """Record the failures in FILE (`-` for standard input), whoever wrote the code.

    FILE holds JSON lines of occurrences, the output of pytest-reportlog, or JUnit XML.
    """
    from pytest_llmlearn.entrypoints import ingest as reading

    with _memory(context) as memory:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        handed_in = reading.read(raw, kind, "standard input" if file == "-" else file, memory.root)
        fingerprints = memory.record(handed_in) if handed_in else []
        if style == "json":
            _print_json({"recorded": len(fingerprints), "fingerprints": fingerprints})
        else:
            click.echo(f"recorded {len(fingerprints)} occurrences of {len(set(fingerprints))} patterns")


@main.command()
@click.argument("fingerprint")
@click.option("--undo", is_flag=True, help="Show it again.")
@click.pass_context
def mute(context: click.Context, fingerprint: str, undo: bool) -> None:
    """Never show a pattern again: it is wrong, or of no use here."""
    with _memory(context) as memory:
        pattern = memory.unmute(fingerprint) if undo else memory.mute(fingerprint)
        click.echo(f"{pattern.fingerprint} is {'shown again' if undo else 'muted'}: {pattern.lesson}")


@main.command()
@_format("text", "json")
@click.pass_context
def doctor(context: click.Context, style: str) -> None:
    """Print which project this is and why, the settings in force, the store, and what is installed."""
    from pytest_llmlearn.entrypoints import diagnosis

    with _errors():
        report = diagnosis.examine(_root(context))
        if style == "json":
            _print_json(report.values)
        else:
            click.echo("\n".join(report.lines()))
        if report.problems:
            context.exit(1)


@main.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def clear(context: click.Context, yes: bool) -> None:
    """Erase all that was learned in this project, for good."""
    with _memory(context) as memory:
        held = memory.statistics()
        if not held.patterns and not held.occurrences:
            click.echo(f"nothing to erase in {memory.root}")
            return
        question = f"Erase {held.patterns} patterns and {held.occurrences} occurrences of {memory.root}?"
        if yes or click.confirm(question):
            memory.clear()
            click.echo(f"erased {held.patterns} patterns and {held.occurrences} occurrences")
        else:
            click.echo("nothing was erased")


@main.command()
@click.option("--keep", type=click.Path(file_okay=False), help="Lay the project in this new folder, and keep it.")
def demo(keep: str | None) -> None:
    """See the whole loop in a small project: a failing run, the lesson, the repair, the recall."""
    from pytest_llmlearn.entrypoints import demo as showing

    with _errors():
        showing.run(Path(keep) if keep else None, click.echo)


if __name__ == "__main__":
    main()
