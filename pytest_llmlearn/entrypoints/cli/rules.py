"""The commands on rules that enforce what was learned: make them, list them, take one back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmlearn.entrypoints.cli.shared import errors, formats, opened, print_json

if TYPE_CHECKING:
    from pytest_llmlearn.app.graduate import Graduated
    from pytest_llmlearn.bootstrap import Memory


@click.group()
def rules() -> None:
    """Semgrep rules that enforce what was learned, in place of telling it."""


@rules.command("export")
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write them there instead of .llmlearn/rules/learned.yml; `-` prints them. Their lessons are told on then.",
)
@click.option(
    "--state",
    "which",
    type=click.Choice(["enforced", "active", "all"]),
    default="enforced",
    show_default=True,
    help="Of which patterns: of those that hold, of all active ones, of candidates too.",
)
@click.option(
    "--tests",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write each rule there by itself, with its test beside it, for `semgrep scan --test DIR`.",
)
@formats("text", "json")
@click.pass_context
def export(context: click.Context, /, output: Path | None, which: Any, tests: Path | None, style: str) -> None:
    """Write what recurs and holds as Semgrep rules.

    A pattern holds where a person enforces it (`llmlearn enforce`), or where what recognises it was right in three
    pieces of code and wrong in none. Each rule is tested by Semgrep with the code that failed and the code that passed
    instead; those that it refuses, or whose test fails, are left out, with a sentence why. `llmlearn scan` uses the
    file by itself, and lessons that it enforces are not recalled any more.
    """
    with opened(context) as memory:
        graduated = memory.rules(which)
        where = _written(memory, graduated, output)
        if tests is not None:
            tests.mkdir(parents=True, exist_ok=True)
            for one in graduated.made:
                (tests / f"{one.name}.yml").write_text(f"rules:\n{one.block}", encoding="utf-8")
                (tests / f"{one.name}.py").write_text(one.cases, encoding="utf-8")
        if style == "json":
            print_json(_as_builtins(graduated, where))
            return
        if where is None:
            click.echo(graduated.rules.text(), nl=False)
        for left in graduated.left_out:
            click.echo(f"left out: {left.rule_id} {left.fingerprint}: {left.why}", err=True)
        if where is not None:
            click.echo(f"{_count(len(graduated.made))} made, {len(graduated.rules.blocks)} in {where}")


def _written(memory: Memory, graduated: Graduated, output: Path | None) -> str | None:
    """Where the rules were written; None where they are to be printed."""
    if output is None:
        if graduated.rules.blocks or memory.enforced_by_rule():
            memory.graduate(graduated)
        return ".llmlearn/rules/learned.yml"
    if str(output) == "-":
        return None
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(graduated.rules.text(), encoding="utf-8")
    return str(output)


def _as_builtins(graduated: Graduated, where: str | None) -> dict[str, Any]:
    return {
        "file": where,
        "made": [{"name": one.name, "fingerprint": one.fingerprint} for one in graduated.made],
        "enforced": sorted(graduated.rules.enforced),
        "left_out": [
            {"fingerprint": one.fingerprint, "rule_id": one.rule_id, "why": one.why} for one in graduated.left_out
        ],
    }


def _count(number: int) -> str:
    return f"{number} rule" if number == 1 else f"{number} rules"


@rules.command("list")
@formats("text", "json")
@click.pass_context
def listed(context: click.Context, style: str) -> None:
    """List the patterns that .llmlearn/rules/learned.yml enforces."""
    with opened(context) as memory:
        found = memory.enforced_by_rule()
        known = {pattern.fingerprint: pattern for pattern in memory.patterns()}
        rows = [
            {"fingerprint": one, "rule_id": known[one].rule_id, "lesson": memory.lesson(one).sentence}
            if one in known
            else {"fingerprint": one, "rule_id": None, "lesson": None}
            for one in found
        ]
        if style == "json":
            print_json(rows)
        elif not rows:
            click.echo("no rule enforces anything yet; `llmlearn rules export` makes rules of what holds")
        else:
            for row in rows:
                known_as = row["rule_id"] or "not known to this memory"
                click.echo(f"{row['fingerprint']}  {known_as}  {row['lesson'] or ''}".rstrip())


@rules.command("take-back")
@click.argument("fingerprint")
@click.pass_context
def take_back(context: click.Context, fingerprint: str) -> None:
    """Take the rule of a pattern out of the file: its lesson is told again. FINGERPRINT may be cut."""
    with errors(), opened(context) as memory:
        click.echo(f"taken back: {memory.take_back_rule(fingerprint)}")
