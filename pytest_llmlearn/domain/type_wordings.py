"""What the messages of `TypeError` and `AttributeError` say, in the wordings of Python 3.11 to 3.14.

`read_type_error` gives the shape of a message and its parts; equal mistakes have one shape on every version
(tests/data/wordings.json holds the wordings). Only the beginning of a message is read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

READ_LIMIT = 400
"""Characters that are read: what follows are reprs of values, which anyone can write."""

_Q = r"['\"`]?"
_NAME = r"[\w.<>]+"
_CALLABLE = rf"(?P<callable>{_NAME})(?:\(\))?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A message taken apart: `shape` is the last part of a rule's id, `parts` what was named (empty ones left out)."""

    shape: str
    parts: Mapping[str, str] = field(default_factory=dict)


_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (shape, re.compile(pattern))
    for shape, pattern in (
        (
            "unexpected-keyword",
            rf"(?:{_CALLABLE} |^)got (?:an |some )?unexpected keyword arguments? {_Q}(?P<argument>\w+)",
        ),
        (
            "unexpected-keyword",
            rf"^{_Q}(?P<argument>\w+){_Q} is an invalid keyword argument for (?P<callable>this function|{_NAME})",
        ),
        (
            "unexpected-keyword",
            rf"^{_CALLABLE} got some positional-only arguments passed as keyword arguments: '(?P<argument>\w+)",
        ),
        ("unexpected-keyword", rf"^{_CALLABLE} takes no keyword arguments"),
        ("unexpected-keyword", r"^Unexpected keyword arguments passed to (?P<callable>[\w.]+): (?P<argument>\w+)"),
        (
            "wrong-arity",
            rf"^(?:{_CALLABLE} )?missing (?:a |\d+ )?required (?:positional |keyword-only )?arguments?:?"
            r" ?(?P<missing>'.*')?",
        ),
        (
            "wrong-arity",
            rf"^{_CALLABLE} takes (?P<takes>no|exactly \w+|at \w+ \w+|from \d+ to \d+|\d+) (?:positional )?arguments?"
            r"(?: but (?P<given>\d+)| \((?P<given2>\d+) given|\b)",
        ),
        ("wrong-arity", rf"^{_CALLABLE} expected (?P<takes>(?:at \w+ |exactly )?\d+) arguments?, got (?P<given>\d+)"),
        ("wrong-arity", rf"^{_CALLABLE} got multiple values for (?:keyword )?argument '(?P<twice>\w+)'"),
        ("wrong-arity", rf"^(?:unbound method|descriptor) {_Q}{_CALLABLE}{_Q} .*needs an argument"),
        (
            "wrong-arity",
            rf"^(?:type )?{_Q}{_CALLABLE}{_Q} (?:takes|requires) at least (?P<takes>\w+) (?:positional )?arg",
        ),
        ("wrong-arity", r"^(?:too many positional arguments|Missing required \w+|\w+ takes no positional arguments)"),
        ("wrong-arity", r"^function missing required argument '(?P<missing>\w+)'"),
        ("wrong-arity", rf"^{_CALLABLE} takes no positional arguments"),
        (
            "abstract-class",
            rf"^Can't instantiate abstract class {_Q}(?P<type>[\w.<>]+?){_Q} with.*?abstract methods? (?P<methods>.*)",
        ),
        ("abstract-class", r"^Protocols cannot be instantiated"),
        ("not-callable", rf"'(?P<type>{_NAME})' object is not callable"),
        (
            "not-subscriptable",
            rf"'(?P<type>{_NAME})' (?:object )?(?:is not subscriptable|does(?:n't| not) support"
            r" (?:item|slice|indexing|slicing))",
        ),
        (
            "bad-index-type",
            r"^(?P<type>\w+) ind(?:ices|ex) must be (?:an )?integers?(?: or (?:slices?|None)[^,]*)?"
            r"(?:, not '?(?P<got>[\w.]+))?",
        ),
        ("bad-index-type", r"^slice indices must be|^only integer scalar arrays can be|^only integers, slices"),
        ("bad-index-type", r"^(?P<type>sequence) index must be integer, not '?(?P<got>\w+)"),
        ("not-iterable", rf"'(?P<type>{_NAME})' object is not (?:iterable|an iterator|reversible|a sequence)"),
        ("not-iterable", rf"non-iterable (?P<type>{_NAME}) object"),
        ("not-iterable", rf"argument of type '(?P<type>{_NAME})' is not (?:iterable|a container)"),
        ("not-iterable", rf"(?:argument|Value) after \* must be an iterable, not (?P<type>{_NAME})"),
        ("not-iterable", r"^iteration over a 0-d|^can only (?:join|assign) an iterable|^must assign iterable"),
        (
            "unsupported-operand",
            rf"^unsupported operand type\(s\) for (?P<operator>.+?):"
            rf" '(?P<left>{_NAME})'(?: and '(?P<right>{_NAME})')?",
        ),
        (
            "unsupported-operand",
            r"^'(?P<operator>[<>=!]+)' not supported between instances of"
            rf" '(?P<left>{_NAME})' and '(?P<right>{_NAME})'",
        ),
        ("unsupported-operand", rf"^bad operand type for (?:unary )?(?P<operator>[\w+~\-()]+): '(?P<left>{_NAME})'"),
        ("unsupported-operand", rf"^can only concatenate (?P<left>\w+) \(not \"(?P<right>{_NAME})\"\) to \w+"),
        (
            "unsupported-operand",
            r"^can't (?P<verb>concat|compare|subtract) (?P<left>[\w.\-]+) (?:to|and) (?P<right>[\w.\-]+)",
        ),
        ("unsupported-operand", rf"^can't multiply (?P<left>sequence) by non-int of type '(?P<right>{_NAME})'"),
        ("unsupported-operand", r"^ufunc '(?P<operator>\w+)' (?:did not contain a loop|cannot use operands)"),
        ("unsupported-operand", r"^numpy boolean subtract|^cannot (?:add|subtract|multiply|compare)\b"),
        ("unsupported-operand", r"^Cannot (?:compare|join|perform '\w+')|^Invalid comparison|^'in <string>' requires"),
        (
            "bad-argument-type",
            r"^(?:(?P<callable>[\w.]+)(?:\(\))?:? )?(?:first |\d\w\w )?arg(?:ument)?(?: ?\w+| '\w+')?"
            r" (?:must|should) be (?P<wanted>.+?)(?:,? (?:not|but got|got) (?P<got>['\w.<> ]+))?$",
        ),
        ("bad-argument-type", r"^(?P<callable>\w+)\(\) can't take \w+ arg if"),
        ("bad-argument-type", rf"^(?P<callable>\w+)\(\) .*must be (?P<wanted>.+?), not {_Q}(?P<got>{_NAME})"),
        ("bad-argument-type", rf"must be (?P<wanted>[^,]+?),? (?:not|but got|got) {_Q}(?P<got>{_NAME})"),
        (
            "bad-argument-type",
            rf"expected (?P<wanted>[^,;]+?)(?: instance| object)?(?:,| but) (?:got |not )?{_Q}(?P<got>{_NAME})",
        ),
        ("bad-argument-type", rf"^an? (?P<wanted>bytes-like object) is required, not '(?P<got>{_NAME})'"),
        ("bad-argument-type", rf"'(?P<got>{_NAME})' object cannot be interpreted as an? (?P<wanted>\w+)"),
        ("bad-argument-type", rf"unhashable type: '(?P<got>{_NAME})'"),
        ("bad-argument-type", rf"^object of type '(?P<got>{_NAME})' has no len\(\)"),
        ("bad-argument-type", rf"^cannot (?:convert|pickle|serialize|unpack|use) '?(?P<got>{_NAME})'?"),
    )
)
_NO_LONGER_A_NAME = frozenset({"this function", "object", "type", "function"})

_NO_ATTRIBUTE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"^(?:type object )?{_Q}(?P<of>{_NAME}){_Q} (?:object )?(?:at \S+ )?has no attribute {_Q}(?P<name>\w+)",
        rf"^(?:property|attribute) '(?P<name>\w+)' of '(?P<of>{_NAME})' objects? (?:has no|is not)",
        rf"^'(?P<of>{_NAME})' object attribute '(?P<name>\w+)' is read-only",
        r"^No (?P<of>[\w.]+) attribute (?P<name>\w+)$",
        rf"^cannot set '(?P<name>\w+)' attribute of immutable type '(?P<of>{_NAME})'",
    )
)
_SUGGESTED = re.compile(r"Did you mean:? '([\w.]+)'")
_NONE = re.compile(r"\bNoneType\b|\bnot None\b")
_NEEDS = (
    ("subscript", "a list or dict"), ("item assignment", "a list or dict"), ("callable", "a function"),
    ("iter", "a sequence"), ("container", "a sequence"), ("len()", "a sequence"), ("operand", "an operand"),
    ("between instances", "an operand"), ("concat", "an operand"), ("context manager", "a context manager"),
)  # fmt: skip
_ABOUT_CALLS = frozenset({"unexpected-keyword", "wrong-arity", "abstract-class"})


def read_type_error(message: str) -> Wording | None:
    """The shape of a `TypeError`'s message; `none-value` where a None is what does not fit; None for other words."""
    message = message[:READ_LIMIT].replace("\n", " ")
    # Of a call that does not fit a signature None is never the reason.
    found = next(((shape, match) for shape, pattern in _SHAPES if (match := pattern.search(message)) is not None), None)
    if _NONE.search(message) and (found is None or found[0] not in _ABOUT_CALLS):
        needed = next((need for word, need in _NEEDS if word in message), "another value")
        return Wording(shape="none-value", parts={"needed": needed})
    if found is None:
        return None
    parts = {key.rstrip("2"): value for key, value in found[1].groupdict().items() if value}
    if parts.get("callable") in _NO_LONGER_A_NAME:
        del parts["callable"]
    return Wording(shape=found[0], parts=parts)


def read_attribute_error(message: str) -> tuple[str, str] | None:
    """(class or object, attribute) of an `AttributeError`'s message; None where it says something else."""
    message = message[:READ_LIMIT]
    match = next((found for pattern in _NO_ATTRIBUTE if (found := pattern.search(message)) is not None), None)
    return (match["of"], match["name"]) if match is not None else None


def suggested(message: str) -> str:
    """The name that Python suggests instead; empty where it has none."""
    match = _SUGGESTED.search(message[:READ_LIMIT])
    return match[1] if match is not None else ""
