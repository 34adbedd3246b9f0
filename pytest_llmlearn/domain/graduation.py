"""Matchers that hold, written as Semgrep rules: a lint enforces what was learned, and the lesson need not be told.

Each rule has a test, made of a verified fix. Semgrep's rule syntax:
https://semgrep.dev/docs/writing-rules/rule-syntax
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytest_llmlearn.domain.deriving.fixing import sides, template
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.lesson import Lesson, safe
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.rule_formula import FOUND, Formula, fired, formula, scalar

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
    """Those that may speak for a pattern as a rule, the best first: right most often, then surest; of things that do
    not exist none that would speak of all of them."""
    able = [one for one in matchers if one.kind in ("shape", "api") and not one.trials.wrong and "any" not in one.body]

    def rank(one: Matcher) -> tuple[bool, int, float, bool, str]:
        return one.kind == "shape", one.trials.right, one.confidence, one.origin == "fix", one.key

    return sorted(able, key=rank, reverse=True)


def graduate(pattern: Pattern, matcher: Matcher, lesson: Lesson, fixes: Sequence[Fix]) -> Graduate | str:
    """The rule of a matcher; or in a sentence why none can be made of it.

    Its test is made of a fix that the matcher tells apart, so that it must be found in `bad` and not in `good`; of what
    does not exist it is made of its name, and of what the fixes call good.
    """
    what = formula(matcher)
    if isinstance(what, str):
        return what
    name = f"learned-{_PLAIN.sub('-', pattern.rule_id.lower()).strip('-')}-{pattern.fingerprint.rpartition(':')[2][:8]}"
    verified = [fix for fix in sorted(fixes, key=lambda each: (-each.verified, each.digest)) if fix.verified]
    if what.example:
        block = _block(name, what, pattern, lesson, matcher, None)
        parts = [_marked(what.example, name), *(_good(name, fix) for fix in verified[:1])]
        return Graduate(name=name, fingerprint=pattern.fingerprint, block=block, cases="\n\n".join(parts))
    inside = str(matcher.body.get("inside") or "")
    for fix in verified:
        cases = _cases(name, matcher, inside, fix)
        if cases is not None:
            single = len(what.wanted) == 1 and not fix.imports and not fix.conflicting
            changed = template(fix, what.wanted[0]) if single else None
            block = _block(name, what, pattern, lesson, matcher, changed)
            return Graduate(name=name, fingerprint=pattern.fingerprint, block=block, cases=cases)
    return "there is no verified fix that shows where it is right and where it is wrong"


def step(count: int) -> int:
    """The count as it is written down."""
    return max((one for one in STEPS if one <= count), default=0)


def _block(name: str, what: Formula, pattern: Pattern, lesson: Lesson, matcher: Matcher, changed: str | None) -> str:
    message = safe(f"{lesson.sentence.rstrip('.')}." if lesson.sentence else pattern.rule_id)
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
        *what.lines(),
        *(scalar("    fix: |-", changed, 6) if changed is not None else ()),
        "    metadata:",
        *(f"      {key}: {_quoted(value)}" for key, value in told.items()),
    ]
    return "\n".join(lines) + "\n"


def _quoted(value: object) -> str:
    # JSON is YAML, but for characters that YAML takes for the end of a line.
    return json.dumps(value, ensure_ascii=False).replace("\x85", "\\x85").replace("\u2028", "\\u2028").replace(
        "\u2029", "\\u2029"
    )  # fmt: skip


def _cases(name: str, matcher: Matcher, inside: str, fix: Fix) -> str | None:
    """Both sides of a fix as a test; None where the matcher does not fire in the one alone."""
    before, after = sides(fix)
    lines: list[str] = []
    found = False
    for piece in before:
        whole = _around(fix.signature, inside, piece.text.split("\n"))
        at = fired(matcher, "\n".join(whole))
        found = found or bool(at)
        lines += _commented(whole, at, f"# ruleid: {name}")
    for piece in after:
        whole = _around(fix.signature, inside, piece.text.split("\n"))
        if fired(matcher, "\n".join(whole)):
            return None
        lines += _commented(whole, {len(whole) - 1 - len(piece.text.split("\n"))}, f"# ok: {name}")
    return "\n".join(lines) + "\n" if found else None


def _good(name: str, fix: Fix) -> str:
    """What a fix calls good, as the part of a test in which nothing is to be found."""
    lines: list[str] = []
    for piece in sides(fix)[1]:
        whole = _around(fix.signature, "", piece.text.split("\n"))
        lines += _commented(whole, {len(whole) - 1 - len(piece.text.split("\n"))}, f"# ok: {name}")
    return "\n".join(lines) + "\n"


def _marked(example: str, name: str) -> str:
    lines = example.split("\n")
    at = {number for number, line in enumerate(lines, 1) if line.endswith(FOUND)}
    return "\n".join(_commented([line.removesuffix(FOUND) for line in lines], at, f"# ruleid: {name}"))


def _commented(text: Sequence[str], at: Iterable[int], comment: str) -> list[str]:
    """The lines of a text with a comment above those of these numbers."""
    numbers = frozenset(at)
    lines: list[str] = []
    for number, line in enumerate(text, 1):
        if number in numbers:
            lines.append(f"{line[: len(line) - len(line.lstrip())]}{comment}")
        lines.append(line)
    return lines


def _around(signature: str, inside: str, lines: Sequence[str]) -> list[str]:
    """Code inside the definitions that stood around it; in a function of that name where it has to be in one."""
    heads = [line.strip() for line in signature.split("\n") if line.strip()]
    *classes, name = inside.split(".")
    if any(not head.endswith(":") for head in heads) or (inside and not heads):
        heads = [f"def {name}():"] if inside else []
    if classes and not any(head.startswith("class ") for head in heads):
        heads = [*(f"class {each}:" for each in classes), *heads]
    if not heads:  # `return` and `await` stand in functions alone
        heads = ["async def example():"] if any("await" in line for line in lines) else ["def example():"]
    shown = [f"{'    ' * depth}{head}" for depth, head in enumerate(heads)]
    return [*shown, *(f"{'    ' * len(heads)}{line}" for line in lines), "", ""]
