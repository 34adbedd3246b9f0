"""The command on what came of each model's code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pytest_llmlearn.entrypoints.cli.shared import catch_up, formats, opened, print_json

if TYPE_CHECKING:
    from pytest_llmlearn.domain.models import ModelRates
    from pytest_llmlearn.domain.rates import Rate

TOO_FEW = "not enough data"
_WIDTH = 40


@click.command()
@formats("text", "json")
@click.pass_context
def models(context: click.Context, style: str) -> None:
    """Compare the models that wrote code here: first runs, edits at once, failures.

    Each rate stands with its 95 % interval and with the number of cases it is of; below ten cases there is none. What
    assistants have committed since is taken in first.
    """
    with opened(context) as memory:
        catch_up(memory)
        found = memory.models()
        if style == "json":
            print_json({"models": [_values(one) for one in found]})
        elif found:
            click.echo("\n".join(_table(found)))
        else:
            click.echo(
                f"no generations in {memory.root}; `llmlearn generation add` and commits by assistants make them"
            )


def _values(one: ModelRates) -> dict[str, Any]:
    return {
        "model": one.model,
        "generations": one.generations,
        "tested": one.first_pass.of,
        "functions": one.failures.of,
        "first_pass": _rate(one.first_pass),
        "re_edit": _rate(one.re_edit),
        "failures_per_hundred": _rate(one.failures, 100),
    }


def _rate(rate: Rate, times: int = 1) -> dict[str, float | int] | None:
    if not rate.enough:
        return None
    shares = {"rate": rate.rate, "low": rate.low, "high": rate.high}
    return {**{name: round(share * times, 4) for name, share in shares.items()}, "count": rate.count, "of": rate.of}


def _table(found: Sequence[ModelRates]) -> list[str]:
    heads = ("model", "generations", "first run green", "edited again", "failed per 100 functions")
    rows = [
        (
            one.model if len(one.model) <= _WIDTH else f"{one.model[: _WIDTH - 1]}…",
            str(one.generations),
            _shown(one.first_pass, "%"),
            _shown(one.re_edit, "%"),
            _shown(one.failures, ""),
        )
        for one in found
    ]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (heads, *rows)
    ]


def _shown(rate: Rate, unit: str) -> str:
    """Such as `84% (71-92) of 45`."""
    if not rate.enough:
        return f"{TOO_FEW} ({rate.of})"
    low, share, high = (f"{part * 100:.0f}" for part in (rate.low, rate.rate, rate.high))
    return f"{share}{unit} ({low}-{high}) of {rate.of}"
