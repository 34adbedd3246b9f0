"""What a repair changed: the smallest piece of syntax tree that differs between a unit when red and when green.

A hunk is read by people and matched against new code, so it is whole statements, five lines at most, and holds the
statement that failed wherever there is room for it. Equal code has no hunk, whatever its comments and layout.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pytest_llmlearn.domain.alignment import Pair, align, least_changed
from pytest_llmlearn.domain.cleaning import clean
from pytest_llmlearn.domain.excerpt import ELLIPSIS, Excerpt, cut
from pytest_llmlearn.domain.outline import LINE, Step, outline, readable, written
from pytest_llmlearn.domain.source import lines_of, parse

CHANGED_LIMIT = 10
"""Statements that a repair may change; beyond, the unit was written anew and nothing tells which of it mattered."""
TEXT_LIMIT = 16_384
"""Bytes of a kept unit. One of this length was cut: what the green one has beyond it is nobody's change."""
SIGNATURE_WIDTH = 100
_NAME = re.compile(r"(?<![\w.'\"])[^\W\d]\w*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """A repair of at most `CHANGED_LIMIT` statements.

    `bad` and `good` are at most five lines each, dedented alike, with `…` where lines are left out: what the culprit's
    part became first, then other changed places as far as they fit. Neither is empty: an insertion or a removal stands
    beside the statement that both have. `signature` is the `def` and `class` lines around the place, outermost first,
    abbreviated; empty at the top of a module. `changed` counts the statements that were inserted, removed or changed;
    `complete` says that all of them are shown; `at_culprit` that the failing statement is in `bad`.

    `removed` and `added` are the changed statements one by one, whole, and `uses` the names that the added ones read.
    """

    bad: str
    good: str
    signature: str
    changed: int
    complete: bool
    at_culprit: bool
    removed: tuple[str, ...]
    added: tuple[str, ...]
    uses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """More was changed than can be called a repair: at least `changed` statements."""

    changed: int


def difference(
    red: str, green: str, *, statement: str | None = None, line: int | None = None
) -> Hunk | Rewritten | None:
    """What changed between two texts of one unit; None where the code is the same.

    `statement` is the text of the failing line, stripped, as an occurrence has it; `line` its number within `red`,
    from 1, which wins where both are given. Both texts should be redacted already, in the same way. Where one of them
    does not parse, their lines are compared.
    """
    if red == green:
        return None
    olds, news = _steps(red, green)
    was_cut = any(len(text.encode("utf-8", "replace")) > TEXT_LIMIT - 4 for text in (red, green))
    if not was_cut and (least := least_changed(olds, news)) > CHANGED_LIMIT:
        return Rewritten(changed=least)  # no need to know it more exactly
    pairs: Sequence[Pair] = align(olds, news)
    if was_cut:
        pairs = _to_the_cut(pairs)
    changed = sum(not pair.same and _counted(pair, olds, news) for pair in pairs)
    if not changed:
        return None
    if changed > CHANGED_LIMIT:
        return Rewritten(changed=changed)
    return _hunk(olds, news, pairs, changed, _failing(red, olds, pairs, statement, line))


def _steps(red: str, green: str) -> tuple[Sequence[Step], Sequence[Step]]:
    before, after = readable(red), readable(green)
    if before is None or after is None:
        return written(red), written(green)
    keys: dict[str, str] = {}
    try:
        return outline(before, keys), outline(after, keys)
    except RecursionError:  # a sum of a thousand terms is a tree of a thousand floors
        return written(red), written(green)


def _counted(pair: Pair, olds: Sequence[Step], news: Sequence[Step]) -> bool:
    return olds[pair.red].counted if pair.red is not None else pair.green is not None and news[pair.green].counted


def _to_the_cut(pairs: Sequence[Pair]) -> Sequence[Pair]:
    """Of two texts of which one was cut, the pairs up to the last that is the same: its last line may be half a one."""
    last = max((position for position, pair in enumerate(pairs) if pair.same), default=-1)
    return pairs[: last + 1]


def _failing(
    red: str, olds: Sequence[Step], pairs: Sequence[Pair], statement: str | None, line: int | None
) -> int | None:
    """The position among the pairs of the statement that failed, or None where it cannot be told."""
    at = {pair.red: position for position, pair in enumerate(pairs) if pair.red is not None}
    if line is not None:
        holding = [n for n, step in enumerate(olds) if step.first <= line <= step.last and n in at]
        return at[min(holding, key=lambda n: olds[n].last - olds[n].first)] if holding else None
    wanted = _bare(statement or "")
    if not wanted:
        return None
    found = [n for n, step in enumerate(olds) if n in at and wanted == _bare(step.text)]
    if not found:  # one line of a statement of several
        lines = {number for number, entry in enumerate(lines_of(red), 1) if _bare(entry.strip()) == wanted}
        found = [n for n, step in enumerate(olds) if n in at and not lines.isdisjoint(range(step.first, step.last + 1))]
    if not found and len(wanted) > 20:  # a line that was cut
        found = [n for n, step in enumerate(olds) if n in at and wanted in _bare(step.text)]
    if not found:
        return None
    different = [position for position, pair in enumerate(pairs) if not pair.same]
    return at[min(found, key=lambda n: min(abs(at[n] - position) for position in different))]


def _bare(text: str) -> str:
    """Code without what writing it on one line may change."""
    return re.sub(r"\s+#[^'\"]*$", "", text).replace('"', "'").replace(" ", "").replace(",)", ")").replace("\t", "")


def _hunk(olds: Sequence[Step], news: Sequence[Step], pairs: Sequence[Pair], changed: int, culprit: int | None) -> Hunk:
    excerpt = Excerpt(olds, news, pairs)
    places = excerpt.places()
    start = places[0][0] if culprit is None else culprit
    places.sort(key=lambda place: _distance(place, start))  # stable: in the code's order where equally far
    chosen = excerpt.choose(places, culprit)
    shown = [pair for position, pair in enumerate(pairs) if position in chosen]
    added = [news[pair.green] for pair in pairs if not pair.same and pair.green is not None]
    removed = [olds[pair.red] for pair in pairs if not pair.same and pair.red is not None]
    return Hunk(
        bad=clean(excerpt.text(chosen, "red")),
        good=clean(excerpt.text(chosen, "green")),
        signature=clean(_signature(olds, news, shown)),
        changed=changed,
        complete=all(position in chosen for place in places for position in place),
        at_culprit=culprit is not None and culprit in chosen,
        removed=tuple(step.text for step in removed if step.counted),
        added=tuple(step.text for step in added if step.counted),
        uses=tuple(dict.fromkeys(name for step in added for name in _names(step))),
    )


def _distance(place: Sequence[int], position: int) -> int:
    return 0 if place[0] <= position <= place[-1] else min(abs(place[0] - position), abs(place[-1] - position))


def _signature(olds: Sequence[Step], news: Sequence[Step], shown: Sequence[Pair]) -> str:
    """The definitions around the first step shown that are not shown themselves."""
    for steps, side in ((olds, [pair.red for pair in shown]), (news, [pair.green for pair in shown])):
        first = next((index for index in side if index is not None), None)
        if first is None:
            continue
        around = []
        parent = steps[first].parent
        while parent >= 0:
            if steps[parent].is_definition and parent not in side:
                around.append(steps[parent])
            parent = steps[parent].parent
        around.reverse()
        return "\n".join(f"{'    ' * depth}{_abbreviated(step)}" for depth, step in enumerate(around))
    return ""


def _abbreviated(step: Step) -> str:
    """A `def` line without its annotations where it would be too wide, and cut where it still is."""
    if len(step.text) <= SIGNATURE_WIDTH or not isinstance(step.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return step.text[: SIGNATURE_WIDTH - 1] + ELLIPSIS if len(step.text) > SIGNATURE_WIDTH else step.text
    arguments = step.node.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    names += [f"*{arguments.vararg.arg}"] if arguments.vararg else ["*"] if arguments.kwonlyargs else []
    names += [argument.arg for argument in arguments.kwonlyargs]
    names += [f"**{arguments.kwarg.arg}"] if arguments.kwarg else []
    start = "async def" if isinstance(step.node, ast.AsyncFunctionDef) else "def"
    return cut(f"{start} {step.node.name}({', '.join(names)}):", SIGNATURE_WIDTH)


def _names(step: Step) -> Iterator[str]:
    """The names that a statement reads; of text that does not parse, all that are no attribute."""
    if step.kind == LINE or step.node is None:
        yield from _NAME.findall(step.text if step.kind == LINE else "")
        return
    if isinstance(step.node, ast.ExceptHandler):
        parts: Sequence[ast.AST] = [step.node.type] if step.node.type else []
    elif isinstance(step.node, ast.match_case):
        parts = [step.node.pattern, *([step.node.guard] if step.node.guard else [])]
    else:
        blocks = ("body", "orelse", "finalbody", "handlers", "cases", "decorator_list")
        parts = [part for name, part in _fields(step.node) if name not in blocks]
    for part in parts:
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                yield node.id


def _fields(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for name, value in ast.iter_fields(node):
        for entry in value if isinstance(value, list) else [value]:
            if isinstance(entry, ast.AST):
                yield name, entry


def added_imports(red: str | None, green: str, hunk: Hunk) -> tuple[str, ...]:
    """The imports that belong to a repair: what the green file imports, the red one did not, and the hunk uses.

    One narrow statement for each name, in the file's order. `red` is the red file's text or that of its import block;
    where it is None or does not parse, every import counts that the added statements use and the removed ones did not.
    """
    after = _imports(green)
    if after is None:
        return ()
    before = _imports(red) if red is not None else None
    known = before if before is not None else ()
    # A name that the broken code had as well was imported before, as far as can be told.
    old = {name for text in hunk.removed for name in _NAME.findall(text)} if before is None else set()
    used = set(hunk.uses) - old
    return tuple(text for text, local in after.items() if text not in known and local in used)


def import_of(name: str, text: str) -> str | None:
    """The statement by which a module imports a name at its own level; None where it does not, or does not parse."""
    return next((statement for statement, local in (_imports(text) or {}).items() if local == name), None)


def _imports(text: str) -> dict[str, str] | None:
    """Each name imported at the module's level, as a statement of its own, with the name it gets."""
    readable_text = readable(text)
    tree = parse(readable_text) if readable_text is not None else None
    if tree is None:
        return None
    found: dict[str, str] = {}
    waiting: list[ast.stmt] = list(reversed(tree.body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            for name in node.names:
                shown = f"{name.name} as {name.asname}" if name.asname else name.name
                found[f"import {shown}"] = name.asname or name.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            module = f"{'.' * node.level}{node.module or ''}"
            for name in node.names:
                shown = f"{name.name} as {name.asname}" if name.asname else name.name
                found[f"from {module} import {shown}"] = name.asname or name.name
        elif isinstance(node, ast.If | ast.Try):
            # What only a type checker sees is not imported when the code runs.
            seen = isinstance(node, ast.Try) or "TYPE_CHECKING" not in ast.unparse(node.test)
            inside = [*(node.body if seen else ()), *node.orelse]
            inside += [entry for handler in getattr(node, "handlers", ()) for entry in handler.body]
            waiting += reversed(inside)
    return found
