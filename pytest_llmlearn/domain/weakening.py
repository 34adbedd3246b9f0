"""Whether a test that is green now asserts less than it did when it was red.

A repair is verified by a test that stayed as strict as it was; where the test gave way instead, nothing was repaired.
In doubt the test counts as weaker: a repair that is not learned costs less than one that is wrong.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Sequence

from pytest_llmlearn.domain.asserted import Asserted, local_names, read
from pytest_llmlearn.domain.cases import ROWS, longest_table
from pytest_llmlearn.domain.claims import Claim
from pytest_llmlearn.domain.cleaning import flat
from pytest_llmlearn.domain.excerpt import cut
from pytest_llmlearn.domain.outline import readable
from pytest_llmlearn.domain.source import parse

TOLERABLE = 1e-3
"""Share by which a number may differ where it had to be equal before: what floating point needs, and no more."""
QUOTED = 60
_TOKEN = re.compile(r"\w+|[^\w\s]")
_NARROWING = re.compile(r"\b(?:min_value|max_value|min_size|max_size|allow_nan|allow_infinity|alphabet|filter|just)\b")


def weakened(red_test: str, green_test: str, *, unit: str | None = None) -> str | None:
    """Why the green test asserts less than the red one, in words; None where it asserts as much.

    Both are the text of one test function or class. `unit` is the qualified name of the code that the repair is of: a
    mock put in its place makes the test worthless, whatever it asserts. Another expected value, another input of an
    assertion, and a test that cannot be read are reasons too. Renamed variables, layout, other ways to write an
    assertion, other preparations and further assertions are none.
    """
    if red_test == green_test:
        return None
    before, after = _tree(red_test), _tree(green_test)
    if before is None or after is None:
        return "the test cannot be read, so the two cannot be compared"
    try:
        if ast.dump(before) == ast.dump(after):
            return None
        names, others = local_names(before), local_names(after)
        spread = max(longest_table(before), longest_table(after)) <= ROWS
        red = read(before, hidden=names - others, spread=spread)
        green = read(after, hidden=others - names, spread=spread)
    except (RecursionError, ValueError):  # nested too deeply, or an f-string that Python cannot write out again
        return "the test cannot be compared"
    return (
        _kept_from_counting(red, green)
        or _mocked(red, green, unit)
        or _fewer_cases(red, green)
        or _emptied(red, green)
        or _claims(red, green)
    )


def _tree(text: str) -> ast.Module | None:
    whole = readable(text)
    tree = parse(whole) if whole is not None else None
    if tree is not None and whole != text and isinstance(tree.body[0], ast.If):
        return ast.Module(body=tree.body[0].body, type_ignores=[])
    return tree


def _quoted(text: str) -> str:
    return f"`{cut(flat(text, 4 * QUOTED), QUOTED)}`"


def _kept_from_counting(red: Asserted, green: Asserted) -> str | None:
    """Marks, skips, and blocks that swallow the failure."""
    marks = green.marks - red.marks
    if marks:
        return f"it is now marked {', '.join(sorted(marks))}"
    if green.skips > red.skips:
        return "it now skips itself"
    if green.swallowing > red.swallowing:
        return "a block now swallows its failures"
    return None


def _mocked(red: Asserted, green: Asserted, unit: str | None) -> str | None:
    """A mock in place of what the red test called."""
    own = set((unit or "").split(".")) - {"", "<locals>"}
    for target in sorted(green.mocked - red.mocked):
        owner, _, last = target.rpartition(".")
        owner = owner.rpartition(".")[2]
        if last in own or last in red.direct or (last in red.called and owner in red.named):
            return f"the code under test is mocked: {_quoted(target)}"
    replaced = sorted(name for name in green.mocks - red.mocks if name in red.named)
    if replaced:
        return f"a mock stands in place of {_quoted(replaced[0])}"
    return None


def _fewer_cases(red: Asserted, green: Asserted) -> str | None:
    if green.rows < red.rows and len(green.claims) < len(red.claims) + (not red.claims):
        return f"cases were removed: {green.rows}, was {red.rows}"
    gone = red.tables - green.tables
    if gone:
        fewer = green.tables.total() < red.tables.total()
        row = _quoted(next(iter(gone)))
        return f"cases were removed, such as {row}" if fewer else f"a case is another: {row} is gone"
    if len(green.drawn) < len(red.drawn):
        return "generated cases were removed"
    narrowed = Counter(_NARROWING.findall(" ".join(green.drawn))) - Counter(_NARROWING.findall(" ".join(red.drawn)))
    if red.drawn and narrowed:
        return f"the generated cases were narrowed: {', '.join(sorted(narrowed))}"
    if green.assumed > red.assumed:
        return "an assumption leaves out generated cases"
    if green.examples is not None and green.examples < (red.examples or 100):  # the default of hypothesis
        return f"fewer cases are generated: {green.examples}, was {red.examples or 100}"
    return None


def _emptied(red: Asserted, green: Asserted) -> str | None:
    if not green.statements and red.statements:
        return "its body is empty"
    if red.claims:
        return None if green.claims else "nothing is asserted any more"
    gone = red.called - green.called
    # A test without assertions asserts that what it calls does not raise.
    return f"it no longer calls {_quoted(next(iter(gone)))}" if gone and not green.claims else None


def _claims(red: Asserted, green: Asserted) -> str | None:
    """Each claim of the red test against the one it has become."""
    left, right = list(red.claims), list(green.claims)
    for claim, held in [*left]:
        # The same claim, held to as much: unconditional ones first, so that a spare one is left for the others.
        same = [entry for entry in right if entry[0] == claim and entry[1] >= held]
        if same:
            right.remove(min(same, key=lambda entry: entry[1]))
            left.remove((claim, held))
    reasons = []
    for claim, held in left:
        partner = _nearest(claim, right)
        if partner is None:
            number = f" ({len(green.claims)} assertions, were {len(red.claims)})" if right == [] else ""
            return f"an assertion is gone: {_quoted(claim.text)}{number}"
        right.remove(partner)
        reason = _weaker(claim, partner[0])
        if reason is None and held and not partner[1]:
            reason = f"an assertion no longer always counts: {_quoted(claim.text)}"
        if reason is not None:
            reasons.append(reason)
    return reasons[0] if reasons else None


def _nearest(claim: Claim, others: Sequence[tuple[Claim, bool]]) -> tuple[Claim, bool] | None:
    """The green claim that the red one has most likely become."""

    def closeness(entry: tuple[Claim, bool]) -> float:
        other = entry[0]
        alike = 2.0 * (other.kind == claim.kind) + 2.0 * (other.expected == claim.expected) + 0.1 * entry[1]
        if other.subject == claim.subject:
            return alike + 6
        words, more = set(_TOKEN.findall(claim.subject)), set(_TOKEN.findall(other.subject))
        return alike + 3.0 * (other.shape == claim.shape) + 2.0 * len(words & more) / (len(words | more) or 1)

    return max(others, key=closeness, default=None)


def _weaker(red: Claim, green: Claim) -> str | None:
    became = f"{_quoted(red.text)} has become {_quoted(green.text)}"
    if red.kind == "raises" and green.kind == "raises":
        return _expects_less(red.expected, green.expected, became)
    if green.strength < red.strength:
        return f"an assertion is weaker: {became}"
    if red.kind == green.kind == "equal":
        if green.tolerance > max(red.tolerance, TOLERABLE if not red.tolerance else 0.0) * (1 + 1e-9):
            return f"the tolerance is larger: {became}"
        if _is_part(red.subject, green.subject):
            return f"only a part is asserted: {became}"
    if red.kind != green.kind and green.strength > red.strength and red.subject == green.subject:
        return None  # more is asked of the same
    if red.kind != green.kind and red.subject != green.subject:
        return f"an assertion is gone: {_quoted(red.text)}"
    another = red.literal or green.literal or _literals(red.expected) != _literals(green.expected)
    if red.expected != green.expected and another and red.kind == green.kind:
        return f"another value is expected: {became}"
    if red.subject != green.subject and red.shape == green.shape and _literals(red.subject) != _literals(green.subject):
        return f"something else is asserted of: {became}"
    return None


def _is_part(red: str, green: str) -> bool:
    """Whether the green subject is made of the red one: its length, its type, one of its elements."""
    return len(red) < len(green) and re.search(rf"(?<![\w.]){re.escape(red)}(?!\w)", green) is not None and red != "_"


def _literals(text: str) -> list[str]:
    tree = ast.parse(text, mode="eval") if _parses(text) else None
    return [repr(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)] if tree else [text]


def _parses(text: str) -> bool:
    try:
        ast.parse(text, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _expects_less(red: str, green: str, became: str) -> str | None:
    """Exceptions by what they catch: more kinds, a kind above, or no word about the message."""
    kinds, _, pattern = red.partition(" matching ")
    others, _, other = green.partition(" matching ")
    if pattern and not other:
        return f"any message is accepted: {became}"
    if pattern != other and pattern:
        return f"another message is expected: {became}"
    if kinds == others:
        return None
    names, new = _names(kinds), _names(others)
    if any(not any(_is_kind(one, allowed) for allowed in names) for one in new):
        broader = all(any(_is_kind(allowed, one) for one in new) for allowed in names)
        return f"{'more exceptions are accepted' if broader else 'another exception is expected'}: {became}"
    return None


def _names(kinds: str) -> list[str]:
    return [name.strip().rpartition(".")[2] for name in kinds.strip("()").split(",") if name.strip()]


def _is_kind(name: str, other: str) -> bool:
    """Whether one exception is the other or below it, as far as Python itself tells."""
    if name == other:
        return True
    one, two = getattr(builtins, name, None), getattr(builtins, other, None)
    if not isinstance(two, type):
        return False
    return issubclass(one, two) if isinstance(one, type) else two in (Exception, BaseException)
