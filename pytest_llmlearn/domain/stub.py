"""Whether a unit is a stub: a body that says that it is not written yet, or nothing at all.

The failures of a stub are no mistakes: nobody has claimed yet that the code works.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from pytest_llmlearn.domain.outline import readable
from pytest_llmlearn.domain.source import parse

_TODO = re.compile(
    r"#.*\b(?:todo|fixme|xxx|tbd|placeholder|not\s+(?:yet\s+)?implemented|implement\s+(?:this|me|later)|to\s+be\s+"
    r"(?:done|implemented)|your\s+code(?:\s+goes)?\s+here)\b",
    re.IGNORECASE,
)
_NOT_WRITTEN = frozenset({"NotImplementedError", "NotImplemented"})
_ABSTRACT = frozenset({"abstractmethod", "abstractproperty", "overload"})
_MAY_DO_NOTHING = frozenset({"__init__", "__post_init__", "__enter__", "__exit__", "__del__", "setUp", "tearDown"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_stub(text: str) -> bool:
    """Whether the unit is not written yet.

    A function is where its body, docstrings apart, is `pass`, `...`, nothing, or raises NotImplementedError; with a
    comment such as TODO in it, also where it only returns an empty or constant value. A class is where all its methods
    but the constructor are, and one at least is. Abstract methods and overloads are finished code, and so is a class
    without methods, or a constructor that does nothing. Text that does not parse is none.
    """
    whole = readable(text)
    tree = parse(whole) if whole is not None else None
    if tree is None or whole is None:
        return False
    body: Sequence[ast.stmt] = tree.body
    if whole is not text and len(body) == 1 and isinstance(body[0], ast.If):
        body = body[0].body
    if len(body) != 1:
        return False
    node = body[0]
    if isinstance(node, ast.ClassDef):
        methods = [entry for entry in node.body if isinstance(entry, _Function)]
        written = [entry for entry in methods if not _is_function_stub(entry, whole)]
        # A constructor that stores its arguments says nothing about the methods that use them.
        return any(_is_function_stub(entry, whole) for entry in methods) and all(
            entry.name in ("__init__", "__post_init__") for entry in written
        )
    return isinstance(node, _Function) and _is_function_stub(node, whole)


def _is_function_stub(node: _Function, whole: str) -> bool:
    if any(_last_name(decorator) in _ABSTRACT for decorator in node.decorator_list):
        return False
    body = [entry for entry in node.body if not _says_nothing(entry)]
    if not body:
        return node.name not in _MAY_DO_NOTHING or any(_TODO.search(line) for line in _lines(whole, node))
    if len(body) > 1:
        return False
    last = body[0]
    if _says_it_is_not_written(last):
        return True
    if not any(_TODO.search(line) for line in _lines(whole, node)):
        return False
    return isinstance(last, ast.Return) and (last.value is None or _is_constant(last.value))


def _lines(whole: str, node: _Function) -> list[str]:
    """Its lines, with the comments below the last statement that still belong to the body by their indentation."""
    found = whole.split("\n")[node.lineno - 1 : node.end_lineno]
    for line in whole.split("\n")[node.end_lineno or 0 :]:
        if line.strip() and not (line.lstrip().startswith("#") and len(line) - len(line.lstrip()) > node.col_offset):
            break
        found.append(line)
    return found


def _says_nothing(node: ast.stmt) -> bool:
    """`pass`, `...`, a docstring."""
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and (node.value.value is ... or isinstance(node.value.value, str))
    )


def _says_it_is_not_written(node: ast.stmt) -> bool:
    """`raise NotImplementedError(…)`, or the same in other words."""
    if not isinstance(node, ast.Raise) or node.exc is None:
        return False
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if _last_name(raised) in _NOT_WRITTEN:
        return True
    words = [
        argument.value
        for argument in (node.exc.args if isinstance(node.exc, ast.Call) else ())
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    return any(re.search(r"\bnot (?:yet )?implemented\b|\btodo\b", word, re.IGNORECASE) for word in words)


def _last_name(node: ast.expr) -> str:
    while isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_constant(node: ast.expr) -> bool:
    """A value that stands for none: a constant, an empty collection."""
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return not node.elts
    return isinstance(node, ast.Dict) and not node.keys
