"""What upkeep found and did, as lines and as builtins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmlearn.app.maintain import Maintained
    from pytest_llmlearn.domain.audit import Audit


def audit(found: Audit) -> dict[str, Any]:
    """The keys that `llmlearn audit --format json` prints."""
    return {
        "patterns": found.patterns,
        "active": found.active,
        "duplicates": found.duplicates,
        "duplicate_groups": [list(group) for group in found.duplicate_groups],
        "near_duplicates": found.near_duplicates,
        "near_groups": [list(group) for group in found.near_groups],
        "never_shown": found.never_shown,
        "aged": found.aged,
        "junk": found.junk,
        "secrets": dict(sorted(found.secrets.items())),
        "weekly_patterns": found.weekly_patterns,
        "weekly_bytes": found.weekly_bytes,
        "bytes": found.bytes,
        "sizes": [{"table": size.table, "rows": size.rows, "bytes": size.bytes} for size in found.sizes],
    }


def audit_lines(found: Audit) -> Iterator[str]:
    """The same for people."""
    leaks = f"{found.leaks}, in {', '.join(sorted(found.secrets))}" if found.leaks else "none"
    yield f"patterns               {found.patterns}, of them {found.active} active"
    yield f"exact duplicates       {_share(found.duplicates, found.patterns)}"
    yield from (f"  {' = '.join(group)}" for group in found.duplicate_groups)
    yield f"near duplicates        {_share(found.near_duplicates, found.patterns)}"
    yield from (f"  {' ~ '.join(group)}" for group in found.near_groups)
    yield f"active, never shown    {_share(found.never_shown, found.active)}"
    yield f"candidates aged out    {_share(found.aged, found.patterns)}"
    yield f"of no use              {_share(found.junk, found.patterns)}"
    yield f"secrets found again    {leaks}"
    grown = f"{found.weekly_patterns:g} pattern{'' if found.weekly_patterns == 1 else 's'}"
    yield f"growth in a week       {grown}, about {_bytes(found.weekly_bytes)} (mean of four weeks)"
    yield f"size                   {_bytes(found.bytes)}"
    for size in found.sizes:
        if size.rows:
            taken = f"  {_bytes(size.bytes)}" if size.bytes is not None else ""
            yield f"  {size.table:<20} {size.rows:>9} rows{taken}"


def maintained(done: Maintained) -> dict[str, Any]:
    """The keys that `llmlearn maintain --format json` prints."""
    return {
        "dry_run": done.dry_run,
        "alone": done.alone,
        "tasks": [{"name": task.name, "count": task.count, "said": task.said} for task in done.tasks],
    }


def maintained_lines(done: Maintained) -> Iterator[str]:
    """The same for people: a line for each task that had anything to do."""
    if not done.alone:
        yield "another process is at it; nothing was done"
    elif not done.done:
        yield "nothing is due"
    for task in done.done:
        yield f"would be: {task.said}" if done.dry_run else task.said


def _share(count: int, of: int) -> str:
    return f"{count} ({count / of:.0%})" if of else str(count)


def _bytes(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
