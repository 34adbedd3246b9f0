"""Values read back from their `repr`, and how two of them differ.

Messages of assertions show values as text. What reads as Python is rebuilt from constants and containers only, never
evaluated; a call such as `Point(x=1)` or `array([1, 2])` becomes a `Thing`.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from pytest_llmlearn.domain import parsing

Kind = str
"""One of `KINDS`."""

KINDS: Final = (
    "value", "type", "none", "truth", "length", "missing element", "extra element", "order", "float tolerance",
    "off by one", "text case", "white space", "shape", "message", "call", "own check", "explicit fail",
)  # fmt: skip

READ_LIMIT = 2_000
"""Characters of a value that are read; longer ones are not worth the time."""

TOLERANCE = 1e-3
"""Relative difference up to which two floats differ by rounding rather than by value."""


class Unreadable(ValueError):
    """The text is not the `repr` of constants and containers."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object whose `repr` is a call: its name and the arguments shown."""

    name: str
    arguments: tuple[Any, ...]


@lru_cache(maxsize=64)
def read(text: str) -> Any:
    """The value whose `repr` is `text`; raises Unreadable. What is returned must not be changed: it is cached."""
    if not text or len(text) > READ_LIMIT or "\0" in text:
        raise Unreadable(text[:40])
    try:
        with warnings.catch_warnings():  # the text is anyone's: an odd escape in it must not warn the user
            warnings.simplefilter("ignore")
            return _value(parsing.expression(text.strip()))
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise Unreadable(text[:40]) from error


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Constant(value=value):
            if value is Ellipsis:
                raise Unreadable("...")  # a place where something was left out
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand) if isinstance(number := _value(operand), int | float):
            return -number
        case ast.Name(id="nan" | "inf" as name):
            return float(name)
        case ast.Attribute(attr="True_" | "False_" | "nan" | "inf" as name):  # as numpy 2 shows its scalars
            return name == "True_" if name.endswith("_") else float(name)
        case ast.List(elts=elements):
            return [_value(element) for element in elements]
        case ast.Tuple(elts=elements):
            return tuple(_value(element) for element in elements)
        case ast.Set(elts=elements):
            return _Set(_value(element) for element in elements)
        case ast.Dict(keys=keys, values=values) if all(key is not None for key in keys):
            return _Dict((_value(key), _value(value)) for key, value in zip(keys, values, strict=True) if key)
        case ast.Call(func=function, args=args, keywords=keywords):
            return _called(ast.unparse(function), args, keywords)
    raise Unreadable(type(node).__name__)


_OBJECT = re.compile(r"<((?:[\w.]|<locals>)++) (?:object|instance) at 0x[0-9a-fA-F]++>")


def plain_objects(text: str) -> str:
    """`text` with `a Stack` for `<shop.Stack object at 0x7f31…>`: the address is another one in every run."""
    return _OBJECT.sub(_with_article, text) if " at 0x" in text else text


def _with_article(match: re.Match[str]) -> str:
    name = match[1].rpartition(".")[2]
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


class _Set(list[Any]):
    """A set whose members need not be hashable here."""


class _Dict(list[tuple[Any, Any]]):
    """A dictionary whose keys need not be hashable here."""


def _called(name: str, args: Sequence[ast.expr], keywords: Sequence[ast.keyword]) -> Any:
    short = name.rpartition(".")[2]
    inner = [_value(argument) for argument in args]
    if short in ("set", "frozenset"):
        return _Set(inner[0] if inner else ())
    if short in ("OrderedDict", "Counter", "mappingproxy", "dict") and len(inner) == 1:
        return inner[0] if isinstance(inner[0], _Dict) else _Dict(tuple(pair) for pair in inner[0])
    if short in ("array", "deque", "approx") and inner and isinstance(inner[0], list):
        return inner[0]
    if short in ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", "bool_", "str_"):
        return inner[0] if inner else 0
    if short == "approx" and inner:
        return inner[0]
    shown = (*inner, *((keyword.arg, _value(keyword.value)) for keyword in keywords if keyword.arg != "dtype"))
    return Thing(name, shown)


def difference(got: Any, expected: Any, depth: int = 0) -> Kind:
    """The kind of difference between two values that `read` gave, told from the side of `got`."""
    if got is None and depth == 0:
        return "none"
    if type(got) is not type(expected) and not _numbers(got, expected):
        return "type"
    if isinstance(got, bool):
        return "truth"
    if isinstance(got, str):
        return _text(got, expected)
    if isinstance(got, int | float):
        return _number(got, expected)
    if depth > 8:
        return "value"
    if isinstance(got, _Dict):
        return _members(got, expected, depth)
    if isinstance(got, _Set):
        return _elements(got, expected) or "value"
    if isinstance(got, list | tuple):
        return _sequence(got, expected, depth)
    if isinstance(got, Thing) and got.name != expected.name:
        return "type"
    if isinstance(got, Thing):
        return _pairwise(got.arguments, expected.arguments, depth)
    return "value"


def _numbers(left: object, right: object) -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in (left, right))


def _text(got: str, expected: str) -> Kind:
    if got.casefold() == expected.casefold():
        return "text case"
    if "".join(got.split()) == "".join(expected.split()):
        return "white space"
    return "value"


def _number(got: float, expected: float) -> Kind:
    if isinstance(got, int) and isinstance(expected, int):
        return "off by one" if abs(got - expected) == 1 else "value"
    return "float tolerance" if close(got, expected) else "value"


def close(got: float, expected: float) -> bool:
    """Whether a tolerance or rounding would explain the difference."""
    try:
        if math.isclose(got, expected, rel_tol=TOLERANCE, abs_tol=1e-9):
            return True
        digits = min(_decimals(got), _decimals(expected))
        return 1 < digits < 12 and round(got, digits) == round(expected, digits)
    except OverflowError:  # an integer beyond the floats' range
        return False


def _decimals(number: float) -> int:
    return len(repr(number).partition("e")[0].partition(".")[2])


def _elements(got: Sequence[Any], expected: Sequence[Any]) -> Kind | None:
    have, want = Counter(map(repr, got)), Counter(map(repr, expected))
    missing, extra = want - have, have - want
    if missing and extra:
        return None
    return "missing element" if missing else "extra element" if extra else "order"


def _members(got: _Dict, expected: _Dict, depth: int) -> Kind:
    have = {repr(key): value for key, value in got}
    want = {repr(key): value for key, value in expected}
    missing, extra = want.keys() - have.keys(), have.keys() - want.keys()
    if missing and extra:
        cased = {key.casefold() for key in missing} == {key.casefold() for key in extra}
        return "text case" if cased else "value"
    both = [key for key in want if key in have]
    if not missing and not extra:
        kind = _pairwise([have[key] for key in both], [want[key] for key in both], depth)
        return "value" if kind == "off by one" else kind  # keys have no bounds
    if any(have[key] != want[key] for key in both):
        return "value"
    return "missing element" if missing else "extra element"


def _sequence(got: Sequence[Any], expected: Sequence[Any], depth: int) -> Kind:
    if _depth(got) != _depth(expected) and got and expected:
        return "shape"
    elements = _elements(got, expected)
    if elements is not None:
        return elements
    return "length" if len(got) != len(expected) else _pairwise(got, expected, depth)


def _depth(value: Any) -> int:
    """How deep lists lie in lists, judged by their first elements."""
    found = 0
    while isinstance(value, list) and not isinstance(value, _Dict | _Set):
        found += 1
        value = value[0] if value else None
    return found


def _pairwise(got: Sequence[Any], expected: Sequence[Any], depth: int) -> Kind:
    kinds = {difference(a, b, depth + 1) for a, b in zip(got, expected, strict=False) if a != b}
    if len(got) != len(expected) and not kinds:
        return "length"
    return kinds.pop() if len(kinds) == 1 else "value"
