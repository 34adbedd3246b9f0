"""What an assertion's own words tell of how the value it got differs from the value it wants.

Read from the messages of pytest's rewritten `assert`, of `unittest`, of `numpy.testing`, `pandas.testing` and
`unittest.mock`. Which of two values is the one under test is told by the failing statement where it is at hand: a
literal is what was expected. Without it the left or first value is taken for what was got, as most tests have it.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace

from pytest_llmlearn.domain.arithmetic import worked_out
from pytest_llmlearn.domain.assertion import TOLD_BY_CALL, Sides, sides_of
from pytest_llmlearn.domain.literal import Kind, Unreadable, close, difference, plain_objects, read

VALUE_LIMIT = 120
"""Characters of a value that are kept."""
_CANDIDATES = 12
"""Places at which an explanation is tried to be split; a value may hold text that looks like an operator."""
_SCAN_LIMIT = 3_000
_LINES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """How a value differs from the wanted one; `got` and `expected` as the message shows them, where it does."""

    kind: Kind
    got: str | None = None
    expected: str | None = None


def mismatch(message: str, statement: ast.stmt | None = None) -> Mismatch:
    """What `message`, that of a failed assertion, tells; `statement` is the statement that failed."""
    message = message[:_SCAN_LIMIT]
    sides = sides_of(statement)
    lines = message.split("\n", _LINES)[:_LINES]
    start = next((number for number, line in enumerate(lines) if line.startswith("assert ")), None)
    found = _introspected(lines[start:], sides) if start is not None else _worded(message, lines, sides)
    if found is None:
        found = Mismatch(kind=sides.likely)
    # `len(x) == 3` is about a length, whatever the two numbers are.
    if sides.measures is not None and found.kind in ("value", "off by one", "float tolerance"):
        found = replace(found, kind=sides.measures)
    return replace(found, got=_shown(found.got), expected=_shown(found.expected))


def _shown(text: str | None) -> str | None:
    if text is None:
        return None
    plain = plain_objects(text)
    return plain if len(plain) <= VALUE_LIMIT else f"{plain[: VALUE_LIMIT - 1]}…"


_OPERATOR = re.compile(r" (==|!=|<=|>=|<|>|not in|in|is not|is) ")
_WHERE = re.compile(r"^ \+ {1,20}where (?P<value>.*?) = (?P<call>.*)$")
_BUILT_IN = re.compile(
    r"^<(?:built-in method|bound method|function) (?P<name>[\w.]+)[^>]*(?:>[^>(]*)?>\((?P<arguments>.*)\)$"
)
_CALL = re.compile(r"^(?P<name>[\w.]+)\((?P<arguments>.*)\)$")
_PLUS_MINUS = re.compile(r" ± [\d.e+\-infa]+")
_COMPARING = frozenset({"allclose", "isclose", "array_equal", "array_equiv", "equals", "approx"})


def _introspected(lines: list[str], sides: Sides) -> Mismatch:
    """pytest's explanation, beginning with its `assert` line."""
    claim = lines[0].removeprefix("assert ")
    if claim.startswith("(") and claim.endswith(")") and not _OPERATOR.search(claim.rpartition(")")[2]):
        inner = claim[1:-1]
        claim = inner if " " in inner and _try_read(claim) is None else claim
    where = next((match for line in lines[1:4] if (match := _WHERE.match(line))), None)
    split = None if claim.startswith("not ") else _split(claim)
    if split is None:
        return _truth(claim, where, sides)
    left, operator, right = split
    if operator in ("in", "not in"):
        wanted = f"something {'with' if operator == 'in' else 'without'} {left}"
        return Mismatch(kind="missing element" if operator == "in" else "extra element", got=right, expected=wanted)
    got, expected = sides.pair(worked_out(left), worked_out(right))
    if operator in ("!=", "is not"):
        return Mismatch(kind="none" if got == "None" == expected else "value", got=got)
    if where is not None and where["call"].startswith("len("):
        return Mismatch(kind="length", got=got, expected=expected)
    if operator in ("==", "is"):
        return Mismatch(kind=_kind(got, expected, lines[1:], sides), got=got, expected=expected)
    return Mismatch(kind="value", got=got, expected=f"{operator} {expected}")


def _truth(claim: str, where: re.Match[str] | None, sides: Sides) -> Mismatch:
    """`assert X`: whether X holds is decided by a call that the next line may show."""
    asserted = "a false value" if claim.startswith("not ") else "a true value"
    claim = claim.removeprefix("not ")
    if claim == "None":
        return Mismatch(kind="none", got="None", expected=asserted)
    call = where["call"] if where is not None else ""
    found = _BUILT_IN.match(call) or _CALL.match(call)
    if found is None:
        return Mismatch(kind="truth" if sides.likely == "value" else sides.likely, got=claim, expected=asserted)
    name = found["name"].rpartition(".")[2]
    if name in _COMPARING:
        values = _try_read(f"({found['arguments']},)")
        if isinstance(values, tuple) and len(values) >= 2:
            pair = (values[1], values[0]) if sides.swapped else values[:2]
            return Mismatch(kind=difference(*pair) if pair[0] != pair[1] else "value")
        return Mismatch(kind="value")
    kind = TOLD_BY_CALL.get(name, "value" if name in ("startswith", "endswith") else "truth")
    return Mismatch(kind=kind, got=claim, expected=f"{asserted} of {name}(…)")


def _split(claim: str) -> tuple[str, str, str] | None:
    """Left, operator, right. The first operator whose two sides read as values, else the first of all."""
    first = None
    for number, match in enumerate(_OPERATOR.finditer(claim)):
        left, right = claim[: match.start()], claim[match.end() :]
        if first is None:
            first = (left, match[1], right)
        if number >= _CANDIDATES:
            break
        if _try_read(left) is not None and _try_read(right) is not None:
            return left, match[1], right
    return first


def _try_read(text: str) -> object:
    """A value to compare, `_NOTHING` for None, or None where the text does not read as one."""
    shown = _PLUS_MINUS.sub("", text)
    for attempt in (shown, shown.replace("\\n", " ")) if "\\n" in shown else (shown,):
        try:
            value = read(attempt)
        except Unreadable:
            continue
        return _NOTHING if value is None else value
    return None


_NOTHING = ...


def _kind(got: str, expected: str, rest: list[str], sides: Sides) -> Kind:
    """From the two values where both can be read, else from the lines that explain the difference."""
    if got == "None":
        return "none"
    have, want = _try_read(got), _try_read(expected)
    if have is not None and want is not None:
        if have == want and type(have) is type(want):
            return _explained(rest, sides) or "value"
        return difference(None if have is _NOTHING else have, None if want is _NOTHING else want)
    explained = _explained(rest, sides)
    if explained is not None:
        return explained
    if _EXPRESSION.match(got) or _EXPRESSION.match(expected):
        return "value"  # how it begins says nothing of what it comes to
    opening = {text[:1] for text in (got, expected)}
    return "type" if len(opening) == 2 and opening & set("<[{('\"") and not opening <= set("'\"") else "value"


_EXPRESSION = re.compile(r"\(.* (?:[-+*/%@&|^]|//|\*\*|<<|>>|and|or) .*\)$", re.S)
"""Arithmetic as pytest shows it: in brackets, with the values filled in."""
_MORE = re.compile(r"^\s*(?:(Left|Right) contains|(First|Second) \w+ contains) (?:one|\d+) (?:more|additional)", re.M)
_EXTRA_SET = re.compile(r"^\s*(?:Extra items in the (left|right) set|Items in the (first|second) set but not)", re.M)
_AT_INDEX = re.compile(r"^\s*At index \S+ diff: (.*) != (.*)$", re.M)
_DIFFERING = re.compile(r"^\s*Differing items:\n\s*\{.*?: (.*)\} != \{.*?: (.*)\}$", re.M)
_FIRST_DIFFERING = re.compile(r"^First differing element [^\n]*:\n([^\n]*)\n([^\n]*)$", re.M)


def _explained(rest: list[str], sides: Sides) -> Kind | None:
    """From the lines below the claim: pytest's and unittest's own account, else their diff."""
    text = "\n".join(rest)
    fronts = {"left": True, "first": True, "right": False, "second": False}
    more = {fronts[(match[1] or match[2]).lower()] for match in _MORE.finditer(text)}
    more |= {fronts[match[1] or match[2]] for match in _EXTRA_SET.finditer(text)}
    differing = _AT_INDEX.search(text) or _DIFFERING.search(text) or _FIRST_DIFFERING.search(text)
    if len(more) == 1 and not _DIFFERING.search(text):
        return "missing element" if more.pop() == sides.swapped else "extra element"
    if more:
        return "value"
    if differing is not None:
        got, expected = sides.pair(differing[1], differing[2])
        kind = "value" if got == "None" else _kind(got, expected, [], sides)
        return "value" if kind == "off by one" and differing.re is _DIFFERING else kind  # keys have no bounds
    return _from_diff(rest, sides)


def _from_diff(rest: list[str], sides: Sides) -> Kind | None:
    """From `-` and `+` lines. pytest marks the right value with `-`, unittest the first."""
    of_pytest = any(line.startswith(("  - ", "  + ")) for line in rest)
    body = [line[2:] if of_pytest else line for line in rest]
    minus = "".join(line[1:] for line in body if line[:1] == "-")
    plus = "".join(line[1:] for line in body if line[:1] == "+" and not line.startswith("+  where"))
    if not minus and not plus:
        return None
    left, right = (plus, minus) if of_pytest else (minus, plus)
    got, expected = (right, left) if sides.swapped else (left, right)
    if "".join(got.split()) == "".join(expected.split()):
        return "white space"
    if "".join(got.split()).casefold() == "".join(expected.split()).casefold():
        return "text case"
    if not got.strip() or not expected.strip():
        return "missing element" if not got.strip() else "extra element"
    return "value"


_UNITTEST: tuple[tuple[str, re.Pattern[str], Kind], ...] = tuple(
    (needle, re.compile(pattern, re.S), kind)
    for needle, pattern, kind in (
        ("unexpectedly None", r"^unexpectedly None", "none"),
        (" is not true", r"^(?P<got>.*?) is not true\b", "truth"),
        (" is not false", r"^(?P<got>.*?) is not false\b", "truth"),
        (" not found in ", r"^(?:Regex didn't match: )?(?P<expected>.*?) not found in (?P<got>.*)$", "missing element"),
        (" unexpectedly found in ", r"^(?P<expected>.*?) unexpectedly found in (?P<got>.*)$", "extra element"),
        (" instance of ", r"^(?P<got>.*?) is (?:not )?an instance of (?P<expected>.*)$", "type"),
        (" not greater", r"^(?P<got>.*?) not greater than (?:or equal to )?(?P<expected>.*)$", "value"),
        (" not less", r"^(?P<got>.*?) not less than (?:or equal to )?(?P<expected>.*)$", "value"),
        ("unexpectedly identical", r"^unexpectedly identical: (?P<got>.*)$", "value"),
        ("no logs of level", r"^no logs of level", "call"),
        ("call not found", r"^expected (?:call|await) not found", "call"),
        ("Expected ", r"^Expected '?\S+ to (?:not )?(?:have been|be) (?:called|awaited)", "call"),
        ("Calls not found", r"^(?:Calls|Awaits) not found", "call"),
        (" call", r"^(?:\S+ )?(?:Expected call|call not found|\(?.*\)? not all found in call list)", "call"),
    )
)
_DIFFER = re.compile(r"^(?:Lists|Tuples|Sequences|Sets|Dictionaries) differ: ")
_COUNTS = re.compile(r"^First has (\d+), Second has (\d+):", re.M)
_ALMOST = re.compile(r" within \S+ (?:places|delta)\b.*", re.S)


def _worded(message: str, lines: list[str], sides: Sides) -> Mismatch | None:
    """The messages of unittest, numpy, pandas and mock; None where it is none of these."""
    if message.startswith("Element counts were not equal"):
        more = {int(match[1]) > int(match[2]) for match in _COUNTS.finditer(message)}
        lacks = more == {sides.swapped}
        return Mismatch(kind="value" if len(more) != 1 else "missing element" if lacks else "extra element")
    if message.startswith("Items in the "):
        return Mismatch(kind=_explained(lines, sides) or "value")
    arrays = _of_arrays(message)
    if arrays is not None:
        return Mismatch(kind=arrays)
    for needle, pattern, kind in _UNITTEST:
        if needle in message and (match := pattern.match(message)) is not None:
            groups = match.groupdict()
            told: Kind = "none" if groups.get("got") == "None" and kind == "truth" else kind
            wanted = groups.get("expected")
            if message.startswith("Regex didn't"):
                told = "value"
            elif kind == "truth":
                wanted = f"a{needle.removeprefix(' is not')} value"
            elif kind in ("missing element", "extra element"):
                wanted = f"something {'with' if kind == 'missing element' else 'without'} {wanted}"
            return Mismatch(kind=told, got=groups.get("got"), expected=wanted)
    return _unequal(lines, sides)


def _unequal(lines: list[str], sides: Sides) -> Mismatch | None:
    """`A != B`, `Lists differ: A != B`, `A is not B`, as unittest words them; the values may be shortened."""
    claim = _DIFFER.sub("", lines[0])
    almost = _ALMOST.search(claim)
    claim = claim[: almost.start()] if almost else claim
    for operator in (" != ", " is not ", " == "):
        places = [match.start() for match in re.finditer(re.escape(operator), claim)][:_CANDIDATES]
        for place in places:
            left, right = claim[:place], claim[place + len(operator) :].partition(" : ")[0]
            if len(places) == 1 or (_try_read(left) is not None and _try_read(right) is not None):
                got, expected = sides.pair(left, right)
                kind = "value" if operator == " == " else _kind(got, expected, lines[1:], sides)
                return Mismatch(kind=kind, got=got, expected=expected)
        if places and lines[0] != claim and not almost:
            return Mismatch(kind=_explained(lines[1:], sides) or "value")
    return None


_RELATIVE = re.compile(r"Max relative difference[^:]*: *([\d.e+-]+)")
_PANDAS = re.compile(r"^(?:Attributes of )?(?:numpy array|[A-Z]\w+)\b[^\n]* (?:are|is) different\n")


def _of_arrays(message: str) -> Kind | None:
    """`numpy.testing` and `pandas.testing`: a headline, then named facts."""
    head = message[:400]
    numeric = "Arrays are not" in head or "Not equal to tolerance" in head or "Items are not equal" in head
    if not numeric and not _PANDAS.match(message):
        return None
    if "shape mismatch" in head or "shapes (" in head or "length are different" in head:
        return "shape"
    if "dtype" in head and ("are different" in head or "dtype mismatch" in head):
        return "type"
    if "classes are" in head or "class is different" in head:
        return "type"
    relative = _RELATIVE.search(message)
    if relative is not None and _is_rounding(relative[1]):
        return "float tolerance"
    return "value"


def _is_rounding(relative: str) -> bool:
    try:
        return close(1.0, 1.0 + float(relative))
    except ValueError:
        return False
