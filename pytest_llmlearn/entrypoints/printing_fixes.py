"""How fixes are printed: as JSON-ready builtins with stable keys, and as lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click

from pytest_llmlearn.app.heal_between import SHORT, HealedBetween
from pytest_llmlearn.domain.fix import Fix, Healing
from pytest_llmlearn.entrypoints.printing import moment

HEALINGS = 5
"""Tests of which it is said why they brought no fix."""


def values(found: Fix) -> dict[str, Any]:
    """A fix as `llmlearn fixes --format json` prints it. Keys may be added, never changed."""
    return {
        "fingerprint": found.fingerprint,
        "digest": found.digest,
        "difference": found.difference,
        "bad": found.bad,
        "good": found.good,
        "signature": found.signature,
        "imports": list(found.imports),
        "verified": found.verified,
        "conflicting": found.conflicting,
        "first_seen": moment(found.first_seen) if found.first_seen else None,
        "last_seen": moment(found.last_seen) if found.last_seen else None,
    }


def healing(found: Healing) -> dict[str, Any]:
    """What became of one red occurrence, as JSON. Keys may be added, never changed."""
    return {
        "fingerprint": found.fingerprint,
        "nodeid": found.nodeid,
        "unit": found.unit,
        "verdict": found.verdict,
        "reason": found.reason,
        "time": moment(found.time),
        "red_hash": found.red_hash,
        "green_hash": found.green_hash,
        "red_commit": found.red_commit,
        "green_commit": found.green_commit,
        "way": found.way,
        "fix": found.fix.digest if found.fix is not None else None,
    }


def fix_lines(found: Fix, *, named: bool = True) -> Iterator[str]:
    """One fix in full: what it changed, how often it was verified, the code before and after."""
    often = f"verified in {found.verified} piece{'' if found.verified == 1 else 's'} of code"
    rival = "  (another fix changes the same code otherwise)" if found.conflicting else ""
    start = f"{found.fingerprint[:10]}  " if named else ""
    yield f"{click.style(f'{start}{found.difference}', bold=True)}  {often}{rival}"
    depth = found.signature.count("\n") + 1 if found.signature else 0
    yield from (f"      {line}" for line in found.signature.splitlines())
    indent = "    " * depth
    yield from (click.style(f"    + {line}", fg="green") for line in found.imports)
    yield from (click.style(f"    - {indent}{line}", fg="red") for line in found.bad.splitlines())
    yield from (click.style(f"    + {indent}{line}", fg="green") for line in found.good.splitlines())


def healing_line(found: Healing) -> str:
    """What became of one red occurrence, in one line."""
    return f"{found.verdict}: {found.nodeid}, {found.unit}: {found.reason}"


def between(found: HealedBetween) -> dict[str, Any]:
    """What `llmlearn heal --format json` prints. Keys may be added, never changed."""
    return {
        "red": found.red,
        "green": found.green,
        "ran": list(found.ran),
        "failing": list(found.failing),
        "unlaid": found.unlaid,
        "healings": [healing(one) for one in found.healings],
        "fixes": [values(one.fix) for one in found.fixes],
    }


def between_lines(found: HealedBetween) -> Iterator[str]:
    """The same for people: what was run, what turned green, what was mined."""
    commits = f"{found.red[:SHORT]} and {found.green[:SHORT]}"
    yield f"ran {_listed(found.ran)} at {commits}"
    if not found.failing:
        yield "no test fails at the first and passes at the second: nothing was healed"
        return
    yield f"turned green: {_listed(found.failing)}"
    if found.unlaid:
        yield f"{found.unlaid} failure{'' if found.unlaid == 1 else 's'} could not be laid on LLM-written code"
    for one in found.fixes:
        place = " ".join(part for part in (one.path, one.qualname) if part)
        yield f"fixed: {place}"
        yield from fix_lines(one.fix)
    yield from dict.fromkeys(healing_line(one) for one in found.healings if one.verdict != "fix")


def listing(found: Iterable[Fix]) -> Iterator[str]:
    """Fixes, one after the other."""
    for one in found:
        yield from fix_lines(one)


def none_lines(healings: Sequence[Healing]) -> Iterator[str]:
    """That there are no fixes, and what became of the tests that turned green without one, the latest last."""
    yield "no fixes yet: they are mined when a test that failed passes again"
    yield from [f"  {line}" for line in dict.fromkeys(map(healing_line, healings))][-HEALINGS:]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
