"""Names in a text, which may be broken: what a name stands for, and where functions and classes begin."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_llmlearn.domain import names, source
from pytest_llmlearn.domain.tree import Span

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_DEFINED = re.compile(r"^(?P<indent>[ \t]*)(?:async[ \t]+def|def|class)[ \t]+(?P<name>[^\W\d]\w*)", re.MULTILINE)
_IMPORTED = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<source>[\w.]+)[ \t]+import[ \t]+(?P<names>[^\n#(]+|\([^)]*\))"
    r"|import[ \t]+(?P<modules>[^\n#]+))",
    re.MULTILINE,
)


def symbols_at(text: str, line_text: str, line: int, column: int) -> tuple[tuple[str, ...], Span]:
    """The full names that the dotted name at a place may stand for, and its stretch; none where there is no name.

    `line` counts from 0. Of `np.array.shape` the part up to the place is taken: the pointer on `array` asks for that.
    """
    for found in _DOTTED.finditer(line_text):
        if found.start() <= column < found.end():
            break
    else:
        return (), Span(line + 1, column, line + 1, column)
    end = found.end()
    for piece in re.finditer(r"\.", found[0]):
        if column < found.start() + piece.start():
            end = found.start() + piece.start()
            break
    name = line_text[found.start() : end]
    first, dot, rest = name.partition(".")
    target = imports_of(text).get(first)
    full = f"{target}{dot}{rest}" if target is not None else name
    # An attribute of an own variable is known by itself alone.
    told = [full, name, name.rpartition(".")[2]] if dot and target is None else [full]
    return tuple(dict.fromkeys(told)), Span(line + 1, found.start(), line + 1, end)


def imports_of(text: str) -> Mapping[str, str]:
    """What the names stand for that imports bind; of a text that does not parse what can be read line by line."""
    if source.parse(text) is not None:
        return {one.local: one.target for one in names.imports(text)}
    found: dict[str, str] = {}
    for statement in _IMPORTED.finditer(text):
        module = statement["source"]
        for part in (statement["names"] or statement["modules"]).strip("() \t").split(","):
            name, _, local = (piece.strip() for piece in part.strip().partition(" as "))
            if name.replace(".", "").isidentifier():
                bound = local or (name if module else name.partition(".")[0])
                found[bound] = f"{module}.{name}" if module else (name if local else bound)
    return found


def units_of(text: str) -> dict[str, int]:
    """The lines of functions and classes, from 1, by their qualified names; by indentation where it does not parse."""
    if source.parse(text) is not None:
        return {unit.qualname: unit.line for unit in source.units(text)}
    found: dict[str, int] = {}
    around: list[tuple[int, str, bool]] = []
    for one in _DEFINED.finditer(text):
        indent = len(one["indent"].expandtabs())
        while around and around[-1][0] >= indent:
            around.pop()
        is_class = one[0].lstrip().startswith("class")
        name = f"{around[-1][1]}{'.' if around[-1][2] else '.<locals>.'}{one['name']}" if around else one["name"]
        around.append((indent, name, is_class))
        found[name] = text.count("\n", 0, one.start("name")) + 1
    return found
