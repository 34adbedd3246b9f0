"""Matchers that hold, written as Semgrep rules: a lint enforces what was learned, and the lesson need not be told.

Each rule has a test, made of a verified fix. Semgrep's rule syntax:
https://semgrep.dev/docs/writing-rules/rule-syntax
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_llmlearn.domain.deriving.fixing import lines_matched, sides, template
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.fragment import Fragment
from pytest_llmlearn.domain.lesson import Lesson, safe
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.matchers.pattern import compiled
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.errors import BadPattern

HOLDS = 3
"""Distinct pieces of code on which a matcher has been right, and none on which it was wrong, to graduate by itself."""
STEPS = (1, 2, 5, 15, 50, 150)
"""A count is written as the last of these that it has reached: a file that is committed must not change each day."""
SEVERITIES: Mapping[str, str] = {"critical": "ERROR", "major": "WARNING", "minor": "INFO"}
_PLAIN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Graduate:
    """One rule: its `name` in the file, the `fingerprint` it enforces, its lines, and a test of it.

    `cases` are Python in which comments say where Semgrep has to find it and where not.
    """

    name: str
    fingerprint: str
    block: str
    cases: str


def holds(pattern: Pattern, matcher: Matcher) -> bool:
    """Whether a rule may be made of it unasked: a person enforces the pattern, or it was right often enough."""
    trials = matcher.trials
    return not trials.wrong and (pattern.state == "enforced" or (pattern.shown and trials.right >= HOLDS))


def ranked(matchers: Iterable[Matcher]) -> list[Matcher]:
    """The matchers that may speak for a pattern as a rule: right most often first, then surest. Only shapes can be
    written."""
    shapes = [one for one in matchers if one.kind == "shape" and not one.trials.wrong]
    best_last = sorted(shapes, key=lambda one: (one.trials.right, one.confidence, one.origin == "fix", one.key))
    return best_last[::-1]


def graduate(pattern: Pattern, matcher: Matcher, lesson: Lesson, fixes: Sequence[Fix]) -> Graduate | str:
    """The rule of a matcher; or in a sentence why none can be made of it.

    Its test is made of a fix that the matcher tells apart: it must be found in `bad` and not in `good`.
    """
    wanted = str(matcher.body.get("pattern", ""))
    inside = str(matcher.body.get("inside") or "").rpartition(".")[2]
    try:
        compiled(wanted)
    except BadPattern as error:
        return f"its pattern cannot be written as Semgrep writes them: {error}"
    name = f"learned-{_PLAIN.sub('-', pattern.rule_id.lower()).strip('-')}-{pattern.fingerprint.rpartition(':')[2][:8]}"
    cases, told = None, None
    for fix in sorted(fixes, key=lambda each: (-each.verified, each.digest)):
        if fix.verified and cases is None:
            cases, told = _cases(name, wanted, inside, fix), fix
    if cases is None or told is None:
        return "there is no verified fix that shows where it is right and where it is wrong"
    changed = None if told.imports or told.conflicting else template(told, wanted)
    block = _block(name, wanted, inside, pattern, lesson, matcher, changed)
    return Graduate(name=name, fingerprint=pattern.fingerprint, block=block, cases=cases)


def step(count: int) -> int:
    """The count as it is written down."""
    return max((one for one in STEPS if one <= count), default=0)


def _block(
    name: str, wanted: str, inside: str, pattern: Pattern, lesson: Lesson, matcher: Matcher, changed: str | None
) -> str:
    message = safe(f"{lesson.sentence.rstrip('.')}." if lesson.sentence else pattern.rule_id)
    within = f"def {inside}(...):\n    ..." if inside else ""
    told = {
        "fingerprint": pattern.fingerprint,
        "learned_rule": pattern.rule_id,
        "category": pattern.category,
        "confidence": "HIGH" if matcher.confidence >= 0.8 or pattern.state == "enforced" else "MEDIUM",
        "first_seen": pattern.first_seen.date().isoformat(),
        "seen": step(pattern.frequency),
        "models": sorted(pattern.models),
    }
    if lesson.instead:
        told["fix"] = safe(lesson.instead)
    lines = [
        f"  - id: {name}",
        "    languages: [python]",
        f"    severity: {SEVERITIES.get(pattern.severity, 'WARNING')}",
        f"    message: {_quoted(message)}",
        "    patterns:",
        *_scalar("      - pattern: |", wanted, 10),
        *(_scalar("      - pattern-inside: |", within, 10) if within else ()),
        *(_scalar("    fix: |-", changed, 6) if changed is not None else ()),
        "    metadata:",
        *(f"      {key}: {_quoted(value)}" for key, value in told.items()),
    ]
    return "\n".join(lines) + "\n"


def _scalar(head: str, text: str, indent: int) -> list[str]:
    return [head, *(f"{' ' * indent}{line}" if line else "" for line in text.split("\n"))]


def _quoted(value: object) -> str:
    # JSON is YAML, but for characters that YAML takes for the end of a line.
    return json.dumps(value, ensure_ascii=False).replace("\x85", "\\x85").replace("\u2028", "\\u2028").replace(
        "\u2029", "\\u2029"
    )  # fmt: skip


def _cases(name: str, wanted: str, inside: str, fix: Fix) -> str | None:
    """Both sides of a fix as a test; None where the pattern is not seen in the one alone."""
    before, after = sides(fix)
    if any(lines_matched(wanted, piece.text) for piece in after):
        return None
    lines: list[str] = []
    found = False
    for piece in before:
        at = lines_matched(wanted, piece.text)
        found = found or bool(at)
        lines += _around(fix.signature, inside, _commented(piece, at, f"# ruleid: {name}"))
    for piece in after:
        lines += _around(fix.signature, inside, _commented(piece, {1}, f"# ok: {name}"))
    return "\n".join(lines) + "\n" if found else None


def _commented(piece: Fragment, at: Iterable[int], comment: str) -> list[str]:
    """The text's lines with a comment above those of these numbers."""
    numbers = frozenset(at)
    lines: list[str] = []
    for number, line in enumerate(piece.text.split("\n"), 1):
        if number in numbers:
            lines.append(f"{line[: len(line) - len(line.lstrip())]}{comment}")
        lines.append(line)
    return lines


def _around(signature: str, inside: str, lines: Sequence[str]) -> list[str]:
    """Code inside the definitions that stood around it; in a function of that name where it has to be in one."""
    heads = [line.strip() for line in signature.split("\n") if line.strip()]
    if any(not head.endswith(":") for head in heads) or (inside and not heads):
        heads = [f"def {inside}():"] if inside else []
    if not heads:  # `return` and `await` stand in functions alone
        heads = ["async def example():"] if any("await" in line for line in lines) else ["def example():"]
    shown = [f"{'    ' * depth}{head}" for depth, head in enumerate(heads)]
    return [*shown, *(f"{'    ' * len(heads)}{line}" for line in lines), "", ""]
