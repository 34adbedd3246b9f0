"""Matchers from verified fixes: the smallest pattern of the syntax tree that is in `bad` and not in `good`.

Names of the code's own become metavariables; so does what differs between several fixes of one pattern, where the rest
still tells enough. Invariant: each matcher fires on the bad side of its fix and on no good side of any that is known.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping, Sequence

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.fragment import Fragment, fragment, is_hole, single, stretches
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.matchers.pattern import atoms_of, compiled
from pytest_llmlearn.domain.matchers.shape import Shapes
from pytest_llmlearn.domain.scope import BUILTINS, SELVES, Function, bound
from pytest_llmlearn.domain.source import parse
from pytest_llmlearn.domain.sufficing import is_inert, is_whole
from pytest_llmlearn.domain.telling import ENOUGH, telling, weight
from pytest_llmlearn.domain.tree import Node, Span
from pytest_llmlearn.domain.unifying import dumped, name_of
from pytest_llmlearn.errors import BadPattern

_SEEN = (
    ast.Call, ast.BinOp, ast.Compare, ast.Subscript, ast.Await, ast.BoolOp, ast.IfExp, ast.UnaryOp, ast.Lambda,
    ast.ListComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
MOST = 3
"""Matchers of one fix: where several pieces of it are wrong by themselves."""
_STANDS_FOR = "LLMLEARN_"
_LITERAL, _SURE, _EACH, _MOST_SURE = 0.5, 0.6, 0.1, 0.9
_MODULES = frozenset({"np", "pd", "plt", "nx", "tf", "os", "re", "sys", "json", "math", "random", "time", "datetime"})
"""Names that stand for modules by custom: a fix does not show the imports of its file."""


def from_fix(fix: Fix, rule_id: str, *, others: Sequence[Fix] = ()) -> list[Matcher]:
    """The matchers of one verified fix, the one that tells most first; none where nothing in it tells enough.

    `others` are fixes of the same pattern: what differs between them and this one is left open, and none of the
    matchers fires on what they call good. The confidence grows with how often the fix was verified.
    """
    if fix.bad == fix.good or not fix.verified:
        return []
    bad, good = sides(fix)
    goods = [*good, *(each for other in others for each in sides(other)[1])]
    free = _own(fix, bad)
    known = frozenset(dumped(node) for piece in goods for statement in piece.body for node in ast.walk(statement))
    found: dict[str, Matcher] = {}
    for node in _candidates(bad, known, free):
        for pattern in (*_opened(node, free, others), _written(node, free)):
            if pattern is not None and pattern not in found and _tells(pattern, bad, goods):
                found[pattern] = _matcher(fix, rule_id, {"pattern": pattern}, _SURE)
                break
        if len(found) == MOST:
            return list(found.values())
    return list(found.values()) or _as_it_is(fix, rule_id, bad, goods, known)


def _as_it_is(
    fix: Fix, rule_id: str, bad: Sequence[Fragment], goods: Sequence[Fragment], known: frozenset[str]
) -> list[Matcher]:
    """Where nothing tells enough without its names: a statement with them, in the function of that name."""
    inside = function_of(fix)
    for piece in bad:
        for statement in piece.body:
            names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and node.id not in BUILTINS}
            pattern = _written(statement, lambda name: False)
            if dumped(statement) in known or pattern is None or len(names) + weight(_head(statement), _never) < ENOUGH:
                continue
            if inside is not None and _tells(pattern, bad, goods):
                return [_matcher(fix, rule_id, {"pattern": pattern, "inside": inside.name}, _LITERAL)]
    return []


def _never(name: str) -> bool:
    return False


def _matcher(fix: Fix, rule_id: str, body: Mapping[str, str], confidence: float) -> Matcher:
    return Matcher(
        fingerprint=fix.fingerprint,
        rule_id=rule_id,
        kind="shape",
        body=body,
        atoms=atoms_of(body["pattern"]),
        origin="fix",
        confidence=round(min(_MOST_SURE, confidence + _EACH * (fix.verified - 1)), 2),
    )


def function_of(fix: Fix) -> Function | None:
    """The head of the function that the fix stands in, as far as it is shown."""
    if not fix.signature.strip():
        return None
    head = parse(f"{fix.signature.strip().splitlines()[-1].strip()}\n    ...")
    return head.body[0] if head is not None and head.body and isinstance(head.body[0], Function) else None


def sides(fix: Fix) -> tuple[list[Fragment], list[Fragment]]:
    """What can be read of both sides: whole where nothing is left out, else stretch by stretch, or line by line."""
    parts = stretches(fix.bad, fix.good)
    if parts is not None:
        return [bad for bad, _ in parts], [good for _, good in parts]
    bad, good = fragment(fix.bad), fragment(fix.good)
    return [bad] if bad else list(single(fix.bad)), [good] if good else list(single(fix.good))


def _own(fix: Fix, bad: Sequence[Fragment]) -> Callable[[str], bool]:
    """Which names are the code's own: those that it binds, its parameters, and those it only reads and never calls."""
    names = {name for piece in bad for statement in piece.body for name in bound(statement)}
    function = function_of(fix)
    if function is not None:
        names |= bound(function.args)
    called = {
        node.func.id
        for piece in bad
        for statement in piece.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    roots = {
        node.value.id
        for piece in bad
        for statement in piece.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }
    fixed = (called | (roots & _MODULES) | BUILTINS | SELVES) - names
    return lambda name: name not in fixed


def _candidates(
    bad: Sequence[Fragment], known: frozenset[str], free: Callable[[str], bool]
) -> Iterator[ast.expr | ast.stmt]:
    """The pieces that are in the bad side alone and tell enough by themselves, smallest first."""
    found: list[tuple[int, int, ast.expr | ast.stmt]] = []
    for piece in bad:
        for statement in piece.body:
            for node in ast.walk(statement):
                if not isinstance(node, ast.expr | ast.stmt) or dumped(node) in known or _is_hole(node):
                    continue
                if _worth_seeing(node, free) and telling(_head(node), free):
                    found.append((sum(1 for _ in ast.walk(_head(node))), len(found), node))
    taken: list[ast.AST] = []
    for _, _, node in sorted(found, key=lambda each: each[:2]):
        if not any(each in taken for each in ast.walk(node)):
            taken.append(node)
            yield node
    # What tells nothing by itself may tell something with what it stands in.
    for _, _, node in sorted(found, key=lambda each: each[:2]):
        if node not in taken:
            yield node


def _worth_seeing(node: ast.expr | ast.stmt, free: Callable[[str], bool]) -> bool:
    if isinstance(node, ast.Attribute):  # of anything: the call of it says more
        return name_of(node.value) is not None and not free(name_of(node.value) or "")
    return isinstance(node, _SEEN) if isinstance(node, ast.expr) else not isinstance(node, ast.ClassDef | ast.Pass)


def _is_hole(node: ast.expr | ast.stmt) -> bool:
    return is_hole([node]) if isinstance(node, ast.stmt) else isinstance(node, ast.Constant)


def _head(node: ast.expr | ast.stmt) -> ast.AST:
    """A compound statement without what stands below it: that is told by itself."""
    if not isinstance(getattr(node, "body", None), list):
        return node
    head = copy.copy(node)
    for name in ("body", "orelse", "finalbody", "handlers"):
        if hasattr(head, name):
            setattr(head, name, [])
    return head


def _written(node: ast.expr | ast.stmt, free: Callable[[str], bool], names: dict[str, str] | None = None) -> str | None:
    """The piece as a pattern: own names as metavariables, bodies left open. `names` are those given already, and gain
    the new ones."""
    made = copy.deepcopy(node)
    names = {} if names is None else names
    for each in ast.walk(made):
        name = name_of(each)
        if name is not None and free(name):
            meta = names.setdefault(name, f"{_STANDS_FOR}{_letter(len(names))}")
            if isinstance(each, ast.Name):
                each.id = meta
            elif isinstance(each, ast.arg):
                each.arg = meta
        if isinstance(each, ast.arg):
            each.annotation = None
    for each in ast.walk(made):
        if isinstance(getattr(each, "body", None), list) and isinstance(each, ast.stmt):
            each.body = [ast.Expr(ast.Constant(...))]  # type: ignore[attr-defined]
            if hasattr(each, "orelse"):
                each.orelse = []
            if isinstance(each, ast.Try | ast.TryStar):
                return None
    try:
        return ast.unparse(_Raw().visit(ast.fix_missing_locations(made))).replace(_STANDS_FOR, "$")
    except ValueError:  # some f-strings Python cannot write out again
        return None


class _Raw(ast.NodeTransformer):
    """Texts with a backslash as raw ones: Semgrep compares them as they are written, and so they mostly are."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.expr:
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        value = node.value
        if not isinstance(value, str) or "\\" not in value or not value.isprintable():
            return node
        return node if value.endswith("\\") or "'" in value else ast.Name(f"r'{value}'", ast.Load())


def _opened(node: ast.expr | ast.stmt, free: Callable[[str], bool], others: Sequence[Fix]) -> Iterator[str | None]:
    """The piece with what differs from the same piece of other fixes left open, most alike ones first."""
    for other in others:
        for piece in sides(other)[0]:
            for statement in piece.body:
                for each in ast.walk(statement):
                    if type(each) is not type(node) or dumped(each) == dumped(node):
                        continue
                    made = copy.deepcopy(node)
                    if _open(made, each, []) and telling(
                        _head(made), lambda name: free(name) or name.startswith("OPEN")
                    ):
                        yield _written(made, lambda name: free(name) or name.startswith("OPEN"))


def _open(one: ast.AST, two: ast.AST, opened: list[str]) -> bool:
    """Put a name of its own in place of each expression that differs; whether nothing else does."""
    for name in one._fields:
        if name == "ctx":
            continue
        before, after = getattr(one, name, None), getattr(two, name, None)
        pairs = [(before, after, None)]
        if isinstance(before, list) and isinstance(after, list):
            if len(before) != len(after):
                return False
            pairs = [(a, b, place) for place, (a, b) in enumerate(zip(before, after, strict=True))]  # type: ignore[misc]
        for a, b, place in pairs:
            if not isinstance(a, ast.AST) or not isinstance(b, ast.AST):
                if a != b:
                    return False
                continue
            if dumped(a) == dumped(b) or (type(a) is type(b) and _open(a, b, opened)):
                continue
            if not isinstance(a, ast.expr) or not isinstance(b, ast.expr):
                return False
            opened.append(f"OPEN{len(opened)}")
            new = ast.Name(opened[-1], ast.Load())
            if place is None:
                setattr(one, name, new)
            else:
                before[place] = new
    return True


def _letter(number: int) -> str:
    return "XYZABCDEFGHIJKLMNOPQRSTUVW"[number] if number < 26 else f"X{number}"


def _tells(pattern: str, bad: Sequence[Fragment], goods: Sequence[Fragment]) -> bool:
    """Whether the pattern is seen in the bad side, and in none of the good ones."""
    try:
        compiled(pattern)
    except BadPattern:
        return False
    return _fires(pattern, bad) and not _fires(pattern, goods)


def _fires(pattern: str, pieces: Sequence[Fragment]) -> bool:
    return any(lines_matched(pattern, piece.text) for piece in pieces)


def lines_matched(pattern: str, text: str) -> frozenset[int]:
    """The lines of a whole text at which what the pattern matches begins; none where the text cannot be read.

    Raises:
        BadPattern: the pattern cannot be read.
    """
    try:
        nodes = syntax.nodes(text)
    except (SyntaxError, syntax.TooDeep, RecursionError):
        return frozenset()
    whole = Node("Module", "", Span(1, 0, len(nodes) + 1, 0), tuple(("body", node) for node in nodes))
    return frozenset(match.span.line for match in Shapes().matches(compiled(pattern), whole))


def template(fix: Fix, pattern: str) -> str | None:
    """What the fix makes of what the pattern matches, over the pattern's metavariables; None where it cannot be told.

    The pattern is one that `from_fix` made of it.
    """
    parts = stretches(fix.bad, fix.good)
    if parts is None or not is_whole(fix, parts) or is_inert(parts):
        return None
    free = _own(fix, [bad for bad, _ in parts])
    for bad, good in parts:
        if len(bad.body) != len(good.body):
            continue
        for old, new in _pairs(ast.Module(list(bad.body), []), ast.Module(list(good.body), [])):
            names: dict[str, str] = {}
            if not isinstance(old, ast.expr | ast.stmt) or _written(old, free, names) != pattern:
                continue
            told = dict(names)
            text = _written(new, free, names) if isinstance(new, ast.expr | ast.stmt) else None
            bodies = isinstance(getattr(new, "body", None), list)
            if text is None or bodies or names != told or _beside(parts, old, new):
                return None
            return text
    return None


def _pairs(one: ast.AST, two: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """The pieces of two trees that stand at the same place and differ, outermost first."""
    if dumped(one) == dumped(two):
        return
    yield one, two
    if type(one) is not type(two):
        return
    for name in one._fields:
        before, after = getattr(one, name, None), getattr(two, name, None)
        if isinstance(before, ast.AST) and isinstance(after, ast.AST):
            yield from _pairs(before, after)
        elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
            for a, b in zip(before, after, strict=True):
                if isinstance(a, ast.AST) and isinstance(b, ast.AST):
                    yield from _pairs(a, b)


def _beside(parts: Sequence[tuple[Fragment, Fragment]], old: ast.AST, new: ast.AST) -> bool:
    """Whether the fix changes anything but this piece."""
    for bad, good in parts:
        before = "".join(dumped(statement) for statement in bad.body)
        after = "".join(dumped(statement) for statement in good.body)
        if before != after and before.replace(dumped(old), "…") != after.replace(dumped(new), "…"):
            return True
    return False
