"""Source text: its units, statements and snippets.

A unit is the smallest named piece a failure is laid on: a function, a class, the import block, or the module.
Its normalised text decides whether two runs saw the same code.
"""

from __future__ import annotations

import ast
import hashlib
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pytest_llmlearn.domain import parsing
from pytest_llmlearn.domain.cleaning import clean

UnitKind = Literal["function", "class", "variable", "imports", "module"]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

SNIPPET_LINES = 5
"""Lines of a snippet at most: the culprit's, with what stands around it."""
SNIPPET_WIDTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A named piece of one file: `start` (its first decorator, `def` or `class` line) to `end`, both from 1.

    `line` is the `def` or `class` line itself, or that of the assignment to a module's variable. `qualname` is empty
    for the import block and the module.
    """

    qualname: str
    kind: UnitKind
    start: int
    line: int
    end: int
    is_async: bool = False

    def holds(self, line: int) -> bool:
        return self.start <= line <= self.end


@lru_cache(maxsize=512)
def lines_of(text: str) -> tuple[str, ...]:
    """The text's lines as Python counts them: form feeds and Unicode separators end none."""
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


@lru_cache(maxsize=512)
def parse(text: str) -> ast.Module | None:
    """The syntax tree, or None where the text does not parse."""
    try:
        with warnings.catch_warnings():  # Python warned of odd escapes when it compiled the file
            warnings.simplefilter("ignore")
            return parsing.module(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def definitions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Every function and class below `tree` with its qualified name, outermost first."""
    for block in _BLOCKS:  # statements hold definitions, expressions never do
        for node in getattr(tree, block, ()):
            if isinstance(node, Definition):
                name = f"{prefix}{node.name}"
                yield name, node
                inner = f"{name}." if isinstance(node, ast.ClassDef) else f"{name}.<locals>."
                yield from definitions(node, inner)
            elif not isinstance(node, ast.expr):
                yield from definitions(node, prefix)


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below `tree`, outer ones first; expressions are not entered."""
    for block in _BLOCKS:
        for node in getattr(tree, block, ()):
            if isinstance(node, ast.stmt):
                yield node
            if not isinstance(node, ast.expr):
                yield from statements(node)


@lru_cache(maxsize=512)
def defined(text: str) -> tuple[tuple[str, Definition], ...]:
    """Every function and class of the text with its qualified name, outermost first; empty where it does not parse."""
    tree = parse(text)
    return tuple(definitions(tree)) if tree is not None else ()


@lru_cache(maxsize=512)
def units(text: str) -> tuple[Unit, ...]:
    """Every function and class of the text, outermost first; empty where it does not parse."""
    return tuple(_unit(name, node) for name, node in defined(text))


def _unit(name: str, node: Definition) -> Unit:
    start = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return Unit(
        qualname=name,
        kind="class" if isinstance(node, ast.ClassDef) else "function",
        start=start,
        line=node.lineno,
        end=node.end_lineno or node.lineno,
        is_async=isinstance(node, ast.AsyncFunctionDef),
    )


def unit_named(text: str, qualname: str) -> Unit | None:
    """The unit of that qualified name; the last one where it is defined twice, as Python has it."""
    found = [unit for unit in units(text) if unit.qualname == qualname]
    return found[-1] if found else None


def unit_at(text: str, line: int | None) -> Unit:
    """The innermost function or class around `line`; else the import block; else the module's statement there.

    The whole module for None.
    """
    count = len(lines_of(text))
    module = Unit(qualname="", kind="module", start=1, line=1, end=count)
    if line is None:
        return module
    around = [unit for unit in units(text) if unit.holds(line)]
    if around:
        return min(around, key=lambda unit: unit.end - unit.start)
    block = import_block(text)
    if block is not None and block.holds(line):
        return block
    start, end = _top_level_at(text, line)
    return Unit(qualname="", kind="module", start=start, line=start, end=end)


def _top_level_at(text: str, line: int) -> tuple[int, int]:
    """First and last line of the statement at the module's top level that holds `line`.

    In text that does not parse, from the line at the margin at or above `line` to before the next one below.
    """
    tree = parse(text)
    if tree is not None:
        for node in tree.body:
            if node.lineno <= line <= (node.end_lineno or node.lineno):
                return node.lineno, node.end_lineno or node.lineno
        return line, line
    lines = lines_of(text)
    margin = [number for number, entry in enumerate(lines, 1) if entry[:1].strip()]
    start = max((number for number in margin if number <= line), default=1)
    end = min((number for number in margin if number > line), default=len(lines) + 1) - 1
    return start, max(start, end)


def import_block(text: str) -> Unit | None:
    """From the first to the last import statement at the module's top level, or None where there is none."""
    tree = parse(text)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)] if tree else []
    if not imports:
        return None
    start, end = imports[0].lineno, max(node.end_lineno or node.lineno for node in imports)
    return Unit(qualname="", kind="imports", start=start, line=start, end=end)


def unit_text(text: str, unit: Unit) -> str:
    """The unit's lines, dedented."""
    lines = lines_of(text)
    return textwrap.dedent("\n".join(lines[unit.start - 1 : unit.end]))


@lru_cache(maxsize=512)
def normalised(text: str, unit: Unit) -> str:
    """The unit's code without comments, layout and docstrings: equal for equal code, wherever it stands.

    The import block is its import statements, in order. Text that does not parse loses blank space only.
    """
    tree = parse(text)
    if tree is None:
        return "\n".join(line.strip() for line in unit_text(text, unit).splitlines() if line.strip())
    if unit.kind == "imports":
        return "\n".join(ast.unparse(node) for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    if unit.kind == "module":
        inside = [node for node in tree.body if unit.start <= node.lineno <= unit.end]
        return "\n".join(ast.unparse(node) for node in inside)
    for name, node in defined(text):
        if name == unit.qualname and node.lineno == unit.line:
            return _unparse_without_docstring(node)
    return unit_text(text, unit)


def _unparse_without_docstring(node: Definition) -> str:
    body = node.body
    if ast.get_docstring(node, clean=False) is None:
        return ast.unparse(node)
    kept = body[1:] or [ast.Pass()]
    node.body = kept
    try:
        return ast.unparse(node)
    finally:
        node.body = body  # the tree is shared: `parse` is cached


def unit_hash(text: str, unit: Unit) -> str:
    """A digest of the unit's normalised code, tagged with its algorithm."""
    return f"b2:{hashlib.blake2b(normalised(text, unit).encode('utf-8', 'replace'), digest_size=12).hexdigest()}"


def text_digest(text: str) -> str:
    """A digest of a file's whole text, whichever system's line ends it has, tagged with its algorithm."""
    content = "\n".join(lines_of(text)).encode("utf-8", "surrogatepass")
    return f"b2:{hashlib.blake2b(content, digest_size=16).hexdigest()}"


def line_text(text: str, line: int | None) -> str:
    """That line (from 1), stripped and cleaned; empty beyond the text."""
    lines = lines_of(text)
    return clean(lines[line - 1]).strip() if line is not None and 0 < line <= len(lines) else ""


def statement_span(text: str, line: int) -> tuple[int, int]:
    """First and last line of the smallest statement that holds `line`; the head alone of a compound one."""
    around = [span for span in _spans(text) if span[0] <= line <= span[1]]
    return min(around, key=lambda span: span[1] - span[0]) if around else (line, line)


@lru_cache(maxsize=512)
def _spans(text: str) -> tuple[tuple[int, int], ...]:
    tree = parse(text)
    found = []
    for node in statements(tree) if tree is not None else ():
        end = node.end_lineno or node.lineno
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
            end = max(node.lineno, body[0].lineno - 1)
        found.append((node.lineno, end))
    return tuple(found)


def snippet(text: str, line: int | None, shown: str | None = None, unit: Unit | None = None) -> str:
    """The statement at `line` with what stands around it: at most `SNIPPET_LINES` lines, dedented, none too wide.

    Control characters are left out. `shown` is the same text, line by line, as it may be shown. Nothing is taken from
    beyond `unit`, where that is a function or a class and holds the line.
    """
    lines = lines_of((text if shown is None else shown).rstrip())
    if line is None or not 0 < line <= len(lines):
        return ""
    first, last = statement_span(text, line)
    top, bottom = 1, len(lines)
    # What stands beside a function has not failed, and would be read as if it had.
    if unit is not None and unit.kind in ("function", "class") and unit.start <= first and last <= unit.end:
        top, bottom = unit.start, min(unit.end, len(lines))
    if last - first + 1 >= SNIPPET_LINES:
        first = max(first, min(line - SNIPPET_LINES // 2, last - SNIPPET_LINES + 1))
        last = first + SNIPPET_LINES - 1
    while last - first + 1 < SNIPPET_LINES and (first > top or last < bottom):
        if first > top and (line - first <= last - line or last >= bottom):
            first -= 1
        else:
            last += 1
    kept = [clean(entry[:SNIPPET_WIDTH]) for entry in lines[first - 1 : last]]
    return textwrap.dedent("\n".join(kept)).strip("\n")
