"""Where a unit that was red stands in a file as it is now: under its name, or by its code where it has moved.

A wrong match would lay a repair on code that never failed, so similarity decides only where one candidate is like the
red unit and no other nearly as much.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from pytest_llmlearn.domain.outline import readable
from pytest_llmlearn.domain.source import Unit, UnitKind, import_block, lines_of, parse, unit_text, units

ALIKE = 0.7
"""Share of common trigrams of tokens from which a unit of another name is taken for the red one."""
ALIKE_NAMED = 0.3
"""The same where the last part of its name is the red one's: a method moved to another class, a function into one."""
AHEAD = 0.1
"""How far the best must be ahead of the next."""
SIZES = (0.4, 2.5)
"""A candidate's tokens, as a multiple of the red unit's."""
LEAST_TOKENS = 12
"""Of a smaller unit the code alone tells nothing: many getters are alike."""
CANDIDATES = 200
TEXT_LIMIT = 2_000_000
"""Characters of a file beyond which nothing is looked for by similarity."""

_TOKEN = re.compile(
    r"#[^\n]*|[rbuf]{0,2}(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3})|[rbuf]{0,2}(?:\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')"
    r"|\w+|[^\w\s]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The unit, how it was found, and how like it is to the red one, from 0 to 1."""

    unit: Unit
    by: Literal["name", "similarity"]
    alike: float


def find(red: str, qualname: str, text: str, *, known: Collection[str] = ()) -> Found | None:
    """The unit of a present file that the red text has become; None where it is gone or cannot be told.

    `red` is the unit's text as it was kept, `qualname` its qualified name, empty for an import block, a statement of
    the module, or code that did not parse. A unit of that name and kind is it, whatever its code; of several the most
    similar. Else the only one of its kind that is similar enough. `known` are the qualified names of what stood beside
    it when it was red, as far as the caller knows them: it has become none of these, however like a twin may be.
    """
    kind = _kind(red, qualname)
    if kind == "imports":
        block = import_block(text)
        return (
            Found(unit=block, by="name", alike=_alike(_grams(red), _grams(unit_text(text, block)))) if block else None
        )
    if kind in ("function", "class"):
        candidates = [unit for unit in units(text) if unit.kind == kind]
        # What does not parse had no name when it was red, but its first line may tell.
        qualname = qualname or _opened(red)
        named = [unit for unit in candidates if unit.qualname == qualname]
    else:
        candidates = list(_statements(text))
        name = qualname or next(iter(_targets(red)), "")
        named = [unit for unit in candidates if name and unit.qualname == name]
        if not qualname:
            # As the unit of a statement was named when it was red.
            candidates, named = [_nameless(unit) for unit in candidates], [_nameless(unit) for unit in named]
    before = _grams(red)
    if named:
        alike = [_alike(before, _grams(unit_text(text, unit))) for unit in named] if len(named) > 1 else []
        # The last one where all are as like: it is the one that Python sees.
        best = max(range(len(named)), key=lambda n: (alike[n] if alike else 0, n))
        likeness = alike[best] if alike else _alike(before, _grams(unit_text(text, named[best])))
        return Found(unit=named[best], by="name", alike=likeness)
    return _similar(before, qualname, text, [unit for unit in candidates if unit.qualname not in known])


def _similar(before: Counter[str], qualname: str, text: str, candidates: Iterable[Unit]) -> Found | None:
    if before.total() < LEAST_TOKENS or len(text) > TEXT_LIMIT:
        return None
    last = qualname.rpartition(".")[2]
    lines = lines_of(text)
    sized = [(unit, _size(lines, unit)) for unit in candidates]
    # The nearest in size first, measured by characters: tokens are counted of few.
    size = sum(len(gram) * count for gram, count in before.items()) / 3
    sized.sort(key=lambda entry: (entry[0].qualname.rpartition(".")[2] != last, abs(entry[1] - size)))
    scored: list[tuple[float, bool, Unit]] = []
    for unit, _ in sized[:CANDIDATES]:
        after = _grams(unit_text(text, unit))
        if SIZES[0] <= after.total() / before.total() <= SIZES[1]:
            scored.append((_alike(before, after), bool(last) and unit.qualname.rpartition(".")[2] == last, unit))
    scored.sort(key=lambda entry: (-entry[0], entry[2].start))
    named = [entry for entry in scored if entry[1]]
    if len(named) == 1 and named[0][0] >= ALIKE_NAMED:
        return Found(unit=named[0][2], by="similarity", alike=named[0][0])
    if not scored or scored[0][0] < ALIKE:
        return None
    if len(scored) > 1 and scored[0][0] - scored[1][0] < AHEAD:
        return None
    return Found(unit=scored[0][2], by="similarity", alike=scored[0][0])


def _kind(red: str, qualname: str) -> UnitKind:
    """What kind of unit a text is; by its first words where it does not parse."""
    whole = readable(red)
    tree = parse(whole) if whole is not None else None
    body = list(tree.body) if tree is not None else []
    if whole != red and len(body) == 1 and isinstance(body[0], ast.If):
        body = body[0].body
    if body:
        if isinstance(body[0], ast.ClassDef):
            return "class"
        if isinstance(body[0], ast.FunctionDef | ast.AsyncFunctionDef):
            return "function"
        if all(isinstance(body[n], ast.Import | ast.ImportFrom) for n in (0, -1)) and not qualname:
            return "imports"
        return "variable" if qualname else "module"
    opening = re.search(r"^\s*(?:async\s+)?(def|class|import|from)\b", red, re.MULTILINE)
    word = opening.group(1) if opening else ""
    if word in ("import", "from"):
        return "module" if qualname else "imports"
    return "class" if word == "class" else "function" if word == "def" else "variable" if qualname else "module"


def _opened(red: str) -> str:
    """The name of the function or class with which a text at the margin begins; empty where it begins otherwise."""
    opening = re.match(r"(?:@.*\n)*(?:async[ \t]+def|def|class)[ \t]+(\w+)", red.lstrip("\n"))
    return opening[1] if opening else ""


def _statements(text: str) -> Iterable[Unit]:
    """The module's own statements but definitions and imports; named after the variable they assign to."""
    tree = parse(text)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom):
            continue
        name = next(iter(_assigned(node)), "")
        end = node.end_lineno or node.lineno
        yield Unit(qualname=name, kind="variable" if name else "module", start=node.lineno, line=node.lineno, end=end)


def _nameless(unit: Unit) -> Unit:
    return Unit(qualname="", kind="module", start=unit.start, line=unit.line, end=unit.end)


def _targets(red: str) -> Iterable[str]:
    tree = parse(red)
    return _assigned(tree.body[0]) if tree is not None and tree.body else ()


def _assigned(node: ast.stmt) -> Iterable[str]:
    """The variables that a statement assigns to."""
    targets: list[ast.expr] = []
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _size(lines: tuple[str, ...], unit: Unit) -> int:
    return sum(len(line.strip()) for line in lines[unit.start - 1 : unit.end])


@lru_cache(maxsize=512)
def _grams(text: str) -> Counter[str]:
    """Every three tokens that follow one another, counted; comments and strings of three quotes are left out."""
    tokens = [token for token in _TOKEN.findall(text) if token[0] != "#" and token[-3:] not in ('"""', "'''")]
    if len(tokens) < 3:
        return Counter(tokens)
    return Counter(map(" ".join, zip(tokens, tokens[1:], tokens[2:], strict=False)))


def _alike(before: Counter[str], after: Counter[str]) -> float:
    """Jaccard's index of two bags."""
    common = sum(min(count, after[gram]) for gram, count in before.items() if gram in after)
    return common / (before.total() + after.total() - common or 1)
