"""How an answer is printed for people, from the builtins that every face gives it as.

Nothing heavy is loaded: an answer that a server gave is printed by a process that lives as long as that takes.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing alone would cost a third of the start
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_COLUMNS = ("part", "value", "weight", "adds", "")


def guidance_lines(answer: Mapping[str, Any], *, compact: bool = False, explain: bool = False) -> list[str]:
    """`domain.plain_guidance.guidance` for people: each lesson with its place and the reasons it was chosen for.

    `compact` gives each one line. `explain` adds what every score is made of, and what stayed below the threshold.
    """
    lines = [] if answer["matches"] else ["no lesson here matters for this"]
    for found in answer["matches"]:
        lines += [_line(found)] if compact else _lines(found)
        lines += _table(found) if explain else []
    if explain and answer["below"]:
        lines.append("below the threshold, and not shown:")
        for one in answer["below"]:
            named = f"[{one['rule_id']}] {one['lesson']}"
            lines.append(f"{one['fingerprint'][:10]}  score {one['score']:.2f}  {named}")
            lines += [f"    {'; '.join(one['reasons'])}"] if one["reasons"] else []
            lines += _table(one)
    return lines


def _line(found: Mapping[str, Any]) -> str:
    mark = ", always shown" if found["always"] else ""
    return f"{found['fingerprint'][:10]}  score {found['score']:.2f}{mark}  [{found['rule_id']}] {found['lesson']}"


def _lines(found: Mapping[str, Any]) -> list[str]:
    reasons = list(found["reasons"])
    if found["always"] and "always shown" not in reasons:
        reasons.append("always shown")
    path, line = found["path"], found["line"]
    place = "?" if not path else path if line is None else f"{path}:{line}"
    lines = [
        f"\x1b[1m{found['lesson']}\x1b[0m",  # bold; dropped again where the output is no terminal
        f"    {found['rule_id']}, {place}, score {found['score']:.2f}: {'; '.join(reasons)}",
    ]
    good = "\n".join((*found["imports"], found["good"])) if found["good"] else ""
    for mark, code in (("|", found["bad"]), ("+", good)):
        lines += [f"    {mark} {line}" for line in code.splitlines()]
    return lines


def _table(found: Mapping[str, Any]) -> list[str]:
    """The parts of a score as aligned columns, and below them what they come to."""
    parts = found["parts"]
    if not parts:
        return ["    (this score has no parts)"]
    rows = [_COLUMNS]
    rows += [
        (name, f"{part['value']:.2f}", f"{part['weight']:+.2f}", f"{part['contribution']:+.2f}", part["about"])
        for name, part in parts.items()
    ]
    odds = sum(part["contribution"] for part in parts.values())
    rows.append(("sum", "", "", f"{odds:+.2f}", f"log-odds: probability {found['probability']:.2f}"))
    first, *others = (max(len(row[column]) for row in rows) for column in range(4))
    lines = []
    for row in rows:
        cells = [row[0].ljust(first), *(cell.rjust(width) for cell, width in zip(row[1:4], others, strict=True))]
        lines.append(f"    {'  '.join([*cells, row[4]])}".rstrip())
    return lines
