"""Whether one piece of syntax is another but for names that may differ, and which names those are.

Invariant: a name that may differ stands for the same everywhere, and two such names stand for different things.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from pytest_llmlearn.domain.fragment import is_hole

Binding = dict[str, ast.AST]
"""What each free name stands for: a name, an argument, or another expression."""
_SKIPPED = frozenset({"ctx", "type_comment", "kind", "type_ignores", "type_params"})
_BODIES = ("body", "orelse", "finalbody", "handlers")


class Unifier:
    """Compares patterns with code. `free` says which of a pattern's names may differ; with `widely` one of them may
    stand for any expression, else only for a name that `fitting` allows. `loosely` says which texts may differ."""

    def __init__(
        self,
        free: Callable[[str], bool],
        *,
        fitting: Callable[[str], bool] = lambda name: True,
        widely: bool = False,
        loosely: Callable[[ast.Constant], bool] = lambda node: False,
    ) -> None:
        self._free = free
        self._fitting = fitting
        self._widely = widely
        self._loosely = loosely
        self.met: dict[int, ast.AST] = {}
        """The code that each piece of the last pattern was found to be, by the identity of the piece."""

    def same(self, pattern: ast.AST, code: ast.AST, binding: Binding) -> bool:
        """Whether the code is the pattern; what was found out is left in `binding`, even where it is not."""
        self.met[id(pattern)] = code
        if isinstance(pattern, ast.Name) and self._free(pattern.id):
            return self._bound(pattern.id, code, binding)
        if type(pattern) is not type(code):
            return False
        if isinstance(pattern, ast.Constant) and isinstance(code, ast.Constant) and isinstance(pattern.value, str):
            return pattern.value == code.value or (isinstance(code.value, str) and self._loosely(pattern))
        if isinstance(pattern, ast.arg) and isinstance(code, ast.arg):
            # What is annotated, and how, makes no difference to what is done.
            if self._free(pattern.arg):
                return self._bound(pattern.arg, code, binding)
            return pattern.arg == code.arg
        for name in pattern._fields:
            if name in _SKIPPED or name == "returns":
                continue
            one, two = getattr(pattern, name, None), getattr(code, name, None)
            if isinstance(one, list) and isinstance(two, list):
                if name in _BODIES and is_hole(one):
                    continue
                if name == "orelse" and not one and is_hole(getattr(pattern, "body", [])):
                    continue  # of a head alone nothing says what follows its body
                if not self.sequence(one, without_docstring(two) if name == "body" else two, binding):
                    return False
            elif isinstance(one, ast.AST) and isinstance(two, ast.AST):
                if not self.same(one, two, binding):
                    return False
            elif isinstance(one, ast.AST) or isinstance(two, ast.AST) or type(one) is not type(two) or one != two:
                return False
        return True

    def sequence(self, patterns: Sequence[ast.AST], codes: Sequence[ast.AST], binding: Binding) -> bool:
        """Whether each of the pieces is its pattern."""
        return len(patterns) == len(codes) and all(
            self.same(one, two, binding) for one, two in zip(patterns, codes, strict=True)
        )

    def _bound(self, name: str, code: ast.AST, binding: Binding) -> bool:
        known = binding.get(name)
        if known is not None:
            return same_code(known, code)
        called = name_of(code)
        if called is not None:
            if not self._fitting(called):
                return False
        elif not (self._widely and isinstance(code, ast.expr)) or isinstance(code, ast.Starred):
            return False
        if any(same_code(other, code) for other in binding.values()):
            return False
        binding[name] = code
        return True


def without_docstring(body: Sequence[ast.AST]) -> Sequence[ast.AST]:
    """A body without the text at its start, which a fix never shows."""
    first = body[0] if body else None
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if is_text and isinstance(first.value.value, str) else body  # type: ignore[union-attr]


def name_of(code: ast.AST) -> str | None:
    """The name that a name or an argument is; None for anything else."""
    if isinstance(code, ast.Name):
        return code.id
    return code.arg if isinstance(code, ast.arg) else None


def same_code(one: ast.AST, two: ast.AST) -> bool:
    """Whether two pieces are the same, wherever they stand and whether they are read or written."""
    first, second = name_of(one), name_of(two)
    if first is not None or second is not None:
        return first == second
    return type(one) is type(two) and dumped(one) == dumped(two)


def dumped(code: ast.AST) -> str:
    """What the code is, wherever it stands and whether it is read or written."""
    return ast.dump(code).replace("ctx=Store()", "ctx=Load()").replace("ctx=Del()", "ctx=Load()")
