"""Where a fix applies: its bad side found at a place of a file, and the edits that put right what differs."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

from pytest_llmlearn.domain.edits import Edit
from pytest_llmlearn.domain.excerpt import EXCERPT_LINES
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.fragment import Fragment, is_hole
from pytest_llmlearn.domain.scope import SELVES, Function, Scopes, bound
from pytest_llmlearn.domain.source import parse
from pytest_llmlearn.domain.sufficing import is_complete, likeness
from pytest_llmlearn.domain.telling import telling
from pytest_llmlearn.domain.transforming import Change, changes
from pytest_llmlearn.domain.tree import Span
from pytest_llmlearn.domain.unifying import Binding, Unifier, dumped, name_of, without_docstring
from pytest_llmlearn.domain.writing_code import Template, Written

ALIKE = 0.3
"""What two functions of one name must have in common to be called the same mistake, written in other words."""
_BLOCKS = ("body", "orelse", "finalbody")
_NEVER_BARE = (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.GeneratorExp, ast.Tuple)


class Place:
    """A stretch of a file where a mistake was seen."""

    def __init__(self, text: str, tree: ast.Module, span: Span, fix: Fix) -> None:
        self._written = Written(text)
        self._tree = tree
        self._span = span
        self._scopes = Scopes(tree)
        self._function = self._scopes.function_at(span.line)
        self._fix = fix
        self._parents: dict[int, ast.AST] | None = None

    def whole(self, parts: Sequence[tuple[Fragment, Fragment]]) -> Iterator[list[Edit]]:
        """Where all statements of the bad side stand, one of them where the mistake was seen."""
        unifier = Unifier(self._free(parts), fitting=self._fits)
        around: ast.AST = self._function if self._function is not None else self._tree
        blocks = [block for node in ast.walk(around) for block in _blocks(node)]
        if self._function is not None:
            blocks.append([self._function])
        yield from self._standing(parts, blocks, unifier, self._given(), [], seen=False)

    def _standing(
        self,
        parts: Sequence[tuple[Fragment, Fragment]],
        blocks: Sequence[Sequence[ast.stmt]],
        unifier: Unifier,
        binding: Binding,
        edits: list[Edit],
        *,
        seen: bool,
        from_line: int = 0,
    ) -> Iterator[list[Edit]]:
        if not parts:
            if seen and edits:
                yield edits
            return
        bad, good = parts[0]
        size = len(bad.body)
        for block in blocks:
            for start in range(len(block) - size + 1):
                row = block[start : start + size]
                bound_here = dict(binding)
                if row[0].lineno < from_line or not unifier.sequence(bad.body, row, bound_here):
                    continue
                made = self._edits(bad, good, unifier, bound_here)
                if made is None:
                    continue
                here = any(self._overlaps(code, shown) for code, shown in zip(row, bad.body, strict=True))
                yield from self._standing(
                    parts[1:], blocks, unifier, bound_here, [*edits, *made],
                    seen=seen or here, from_line=row[-1].lineno + 1,
                )  # fmt: skip

    def core(self, parts: Sequence[tuple[Fragment, Fragment]]) -> Iterator[list[Edit]]:
        """Where only the statements stand that the fix changes, in the function of that name: what stands beside them
        differs, and so may texts that the fix does away with."""
        changed = [(bad, good, found) for bad, good in parts if (found := changes(bad.body, good.body))]
        if len(changed) != 1 or not self._named_alike:
            return
        ((bad, good, found),) = changed
        rows = [self._row(bad, change) for change in found]
        if any(row is None or row != rows[0] for row in rows) or self._function is None:
            return
        row = rows[0] or []
        kept = {dumped(node) for each in good.body for node in ast.walk(each) if isinstance(node, ast.Constant)}
        unifier = Unifier(self._free(parts), fitting=self._fits, loosely=lambda node: dumped(node) not in kept)
        for block in (block for node in ast.walk(self._function) for block in _blocks(node)):
            for start in range(len(block) - len(row) + 1):
                codes = block[start : start + len(row)]
                binding = self._given()
                if any(map(self._overlaps, codes, row)) and unifier.sequence(row, codes, binding):
                    edits = self._made(found, good, unifier, binding, self._free(parts))
                    if edits is not None:
                        yield edits

    @staticmethod
    def _row(bad: Fragment, change: Change) -> list[ast.stmt] | None:
        """The statements that a change is of: those it replaces, or the one that it changes within."""
        old = [each for each in change.old if isinstance(each, ast.stmt)]
        if change.kind == "statements":
            return old or None
        holding = [
            node
            for each in bad.body
            for node in ast.walk(each)
            if isinstance(node, ast.stmt) and any(part is change.old[0] for part in ast.walk(node))
        ]
        # The innermost one; walking goes from the outside in.
        return holding[-1:] or None

    def pieces(self, parts: Sequence[tuple[Fragment, Fragment]]) -> Iterator[list[Edit]]:
        """Where only the piece that the fix replaces stands in a statement, and tells enough by itself."""
        found = [(each, good) for bad, good in parts for each in changes(bad.body, good.body) or ()]
        if len(found) != 1 or found[0][0].kind != "expression":
            return
        (change, good), free = found[0], self._free(parts)
        if not telling(change.old[0], free):
            return
        unifier = Unifier(free, fitting=self._fits, widely=True)
        for statement in self._statements():
            for code in _expressions(statement):
                binding: Binding = {}
                if unifier.same(change.old[0], code, binding):
                    edit = self._expression(change, good, code, binding, free)
                    if edit is not None:
                        yield [edit]

    def anew(self, parts: Sequence[tuple[Fragment, Fragment]]) -> Iterator[list[Edit]]:
        """Where the fix shows a small function whole, and the one of that name here is written much like the bad one:
        as it passed."""
        mine = self._function
        if len(parts) != 1 or mine is None or not self._named_alike or any(len(one.body) != 1 for one in parts[0]):
            return
        (bad,), (good,) = parts[0][0].body, parts[0][1].body
        if not (is_complete(bad) and is_complete(good) and isinstance(bad, Function) and isinstance(good, Function)):
            return
        own = without_docstring(mine.body)
        size = sum(isinstance(node, ast.stmt) for each in own for node in ast.walk(each))
        if not own or size > EXCERPT_LINES or likeness(bad.body, own) < ALIKE:
            return
        binding, free = self._given(), self._free(parts)
        names: dict[str, str] = {}
        for each in good.body:
            names |= self._names(each, binding, free)
        text = Template(parts[0][1].text, good.body).statements(names)
        span = self._written.span(own[0], own[-1])
        indent = self._written.line(span.line)[: span.column]
        if text is not None and not indent.strip() and not self._written.follows(span):
            yield [Edit(span=span, text=_deeper(text, indent))]

    def _given(self) -> Binding:
        """The parameters of the fix's function as they are called here, where it is the same function."""
        theirs, mine = self._theirs, self._function
        if theirs is None or mine is None or not self._named_alike:
            return {}
        pairs = zip(_parameters(theirs), _parameters(mine), strict=True)
        return {one.arg: two for one, two in pairs if one.arg not in SELVES}

    @cached_property
    def _theirs(self) -> Function | None:
        """The head of the function that the fix stands in, as far as it is shown."""
        first = self._fix.bad.strip().partition("\n")[0]
        signature = first if first.startswith(("def ", "async def ")) else self._fix.signature.strip()
        head = parse(f"{signature.splitlines()[-1].strip()}\n    ...") if signature else None
        return head.body[0] if head is not None and head.body and isinstance(head.body[0], Function) else None

    @cached_property
    def _named_alike(self) -> bool:
        """Whether the mistake was seen in a function of the fix's name, which takes as many parameters."""
        theirs, mine = self._theirs, self._function
        alike = theirs is not None and mine is not None and theirs.name == mine.name
        return alike and len(_parameters(theirs)) == len(_parameters(mine))  # type: ignore[arg-type]

    def _free(self, parts: Sequence[tuple[Fragment, Fragment]]) -> Callable[[str], bool]:
        called = {
            node.func.id
            for pair in parts
            for side in pair
            for statement in side.body
            for node in ast.walk(statement)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        own = frozenset(name for pair in parts for name in bound(ast.Module(body=list(pair[0].body), type_ignores=[])))
        fixed = (self._scopes.known | SELVES | called) - (own & called)
        return lambda name: name not in fixed

    def _fits(self, name: str) -> bool:
        return name not in self._scopes.known and name not in SELVES

    def _overlaps(self, code: ast.stmt, shown: ast.stmt) -> bool:
        end = code.end_lineno or code.lineno
        body = getattr(shown, "body", None)
        if isinstance(body, list) and is_hole(body):  # the head alone is what the fix shows
            end = max(code.lineno, code.body[0].lineno - 1)  # type: ignore[attr-defined]
        return code.lineno <= self._span.end_line and self._span.line <= end

    def _statements(self) -> Iterator[ast.stmt]:
        for node in ast.walk(self._tree):
            if isinstance(node, ast.stmt) and node.lineno <= self._span.end_line:
                blocks = [block for block in _blocks(node) if block]
                end = blocks[0][0].lineno - 1 if blocks else node.end_lineno or node.lineno
                if self._span.line <= max(end, node.lineno):
                    yield node

    def _edits(self, bad: Fragment, good: Fragment, unifier: Unifier, binding: Binding) -> list[Edit] | None:
        """What the fix changes of code that was found to be its bad side; None where it cannot be written here."""
        if dumped(ast.Module(list(bad.body), [])) == dumped(ast.Module(list(good.body), [])):
            return []
        found = changes(bad.body, good.body)
        return None if found is None else self._made(found, good, unifier, binding, self._free([(bad, good)]))

    def _made(
        self,
        found: Sequence[Change],
        good: Fragment,
        unifier: Unifier,
        binding: Binding,
        free: Callable[[str], bool],
    ) -> list[Edit] | None:
        edits = []
        for change in found:
            if change.kind == "expression":
                edit = self._expression(change, good, unifier.met.get(id(change.old[0])), binding, free)
            elif change.kind == "async":
                code = unifier.met[id(change.old[0])]
                edit = Edit(span=self._written.point(code), text="async ")
            else:
                edit = self._replaced(change, good, unifier, binding, free)
            if edit is None:
                return None
            edits.append(edit)
        return edits

    def _expression(
        self, change: Change, good: Fragment, code: ast.AST | None, binding: Binding, free: Callable[[str], bool]
    ) -> Edit | None:
        new = change.new[0]
        if code is None or not isinstance(new, ast.expr):
            return None
        alone = self._stands_alone(code) and not isinstance(new, _NEVER_BARE)
        text = Template(good.text, [new]).expression(self._names(new, binding, free), alone=alone)
        return Edit(span=self._written.span(code), text=text) if text is not None else None

    def _stands_alone(self, code: ast.AST) -> bool:
        """Whether an expression is all that a statement, an argument or a condition is: nothing binds it tighter."""
        if self._parents is None:
            self._parents = {id(each): node for node in ast.walk(self._tree) for each in ast.iter_child_nodes(node)}
        parent = self._parents.get(id(code))
        span = self._written.span(code)
        before, after = (
            self._written.line(span.line)[: span.column],
            self._written.line(span.end_line)[span.end_column :],
        )
        if isinstance(parent, ast.Call) or (before.endswith("(") and after.startswith(")")):
            return not isinstance(parent, ast.Call) or code is not parent.func
        return isinstance(parent, ast.stmt | ast.keyword) and not isinstance(
            parent, ast.For | ast.AsyncFor | ast.Delete
        )

    def _replaced(
        self, change: Change, good: Fragment, unifier: Unifier, binding: Binding, free: Callable[[str], bool]
    ) -> Edit | None:
        new = [each for each in change.new if isinstance(each, ast.stmt)]
        names: dict[str, str] = {}
        for each in new:
            names |= self._names(each, binding, free)
        text = Template(good.text, new).statements(names) if new else "pass"
        if text is None:
            return None
        if change.old:
            codes = [unifier.met[id(each)] for each in change.old]
            span = self._written.span(codes[0], codes[-1])
            first = self._written.line(span.line)[: span.column]
            if first.strip() or self._written.follows(span):
                return None  # it shares its line with other code
            if self._written.line(span.line)[span.column :].startswith("elif"):
                return None
            return Edit(span=span, text=_deeper(text, first))
        if change.beside is None or (code := unifier.met.get(id(change.beside))) is None:
            return None
        span = self._written.span(code)
        first = self._written.line(span.line)[: span.column]
        if first.strip() or self._written.follows(span):
            return None
        if change.after:
            end = len(self._written.line(span.end_line))  # behind a comment
            at = Span(span.end_line, end, span.end_line, end)
            return Edit(span=at, text=f"\n{first}{_deeper(text, first)}")
        start = Span(span.line, span.column, span.line, span.column)
        return Edit(span=start, text=f"{_deeper(text, first)}\n{first}")

    def _names(self, new: ast.AST, binding: Binding, free: Callable[[str], bool]) -> dict[str, str]:
        """How the names of a piece are written here. What the bad side did not have is written as it was."""
        found = {}
        for node in ast.walk(new):
            name = name_of(node)
            if name is not None and free(name) and name in binding:
                found[name] = name_of(binding[name]) or self._written.text_of(binding[name])
        return found


def _deeper(text: str, indent: str) -> str:
    first, _, rest = text.partition("\n")
    return f"{first}\n{textwrap.indent(rest, indent)}" if rest else first


def _parameters(function: Function) -> list[ast.arg]:
    arguments = function.args
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in _BLOCKS:
        block = getattr(node, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield without_docstring(block)  # type: ignore[misc]


def _expressions(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions of a statement's own, outermost first; what stands within an f-string has no place of its own."""
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.expr):
            yield node
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.stmt) and node is not statement):
            continue
        waiting += ast.iter_child_nodes(node)
