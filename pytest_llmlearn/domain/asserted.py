"""Everything that one test asserts, and what keeps it from asserting: read from its syntax tree, nothing is run.

A table of cases is as many assertions as it has rows, whether it stands in a loop or in a decorator.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pytest_llmlearn.domain.assertion import called_name
from pytest_llmlearn.domain.cases import ROWS, Function, bound, parametrised, rows, substituted, targets
from pytest_llmlearn.domain.claim_calls import of_call, raised
from pytest_llmlearn.domain.claims import Claim, true

CLAIMS = 2_000
_MARKS = frozenset({"skip", "skipif", "xfail", "skipIf", "skipUnless", "expectedFailure", "flaky", "skip_test"})
_SKIPS = frozenset({"skip", "xfail", "importorskip", "skipTest"})
_PATCHES = frozenset({"patch", "object", "multiple", "setattr", "setitem", "spy"})
_MOCKS = frozenset({"Mock", "MagicMock", "AsyncMock", "NonCallableMock", "create_autospec", "SimpleNamespace"})
_DRAWN = frozenset({"given", "example"})


@dataclass(slots=True, kw_only=True)
class Asserted:
    """What a test asserts. Filled while the test is read, and not changed afterwards.

    `claims` are with whether they always hold the test to them: neither behind a condition nor within a `try` that
    swallows. `tables` are rows that were not read as claims, `rows` those of decorators. `marks`, `skips` and
    `swallowing` keep the test from counting; `mocked` are the dotted names that it replaces, `mocks` its variables that
    are none but mocks. `called` are the last parts of what it calls, `direct` what it calls by a name alone, `named`
    whatever it mentions. `drawn` are the decorators of generated cases, `examples` how many of these there are, and
    `assumed` how many conditions leave some out.
    """

    claims: list[tuple[Claim, bool]] = field(default_factory=list)
    tables: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    marks: Counter[str] = field(default_factory=Counter)
    skips: int = 0
    swallowing: int = 0
    mocked: set[str] = field(default_factory=set)
    mocks: set[str] = field(default_factory=set)
    called: Counter[str] = field(default_factory=Counter)
    direct: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    drawn: list[str] = field(default_factory=list)
    examples: int | None = None
    assumed: int = 0
    statements: int = 0


def local_names(tree: ast.AST) -> frozenset[str]:
    """The names that a test assigns to itself, its arguments among them."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    return frozenset(found | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)})


def read(tree: ast.Module, *, hidden: frozenset[str], spread: bool) -> Asserted:
    """What the functions of `tree` assert. `hidden` are local names that are not told apart; `spread` says whether
    tables are read row by row."""
    reader = _Reader(hidden, spread)
    reader.top(tree.body)
    return reader.found


class _Reader:
    """Walks the statements of a test in order."""

    def __init__(self, hidden: frozenset[str], spread: bool) -> None:
        self.found = Asserted()
        self._hidden = hidden
        self._spread = spread
        self._assigned: Counter[str] = Counter()
        self._mentioned: set[str] = set()

    def top(self, body: Sequence[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                self._decorators(node.decorator_list)
                self.top(node.body)
            elif isinstance(node, Function):
                self._test(node)

    def _test(self, node: Function) -> None:
        self._assigned = Counter(
            entry.id for entry in ast.walk(node) if isinstance(entry, ast.Name) and not isinstance(entry.ctx, ast.Load)
        )
        self._mentioned = {
            entry.id for entry in ast.walk(node) if isinstance(entry, ast.Name) and isinstance(entry.ctx, ast.Load)
        }
        for entry in ast.walk(node):
            self._seen(entry)
        self._decorators(node.decorator_list)
        for values in self._cases(node.decorator_list):
            self._block(node.body, values, held=True)

    def _seen(self, node: ast.AST) -> None:
        """What is asked of the whole test, wherever it stands."""
        found = self.found
        if isinstance(node, ast.Call):
            name = called_name(node)
            owner = node.func.value if isinstance(node.func, ast.Attribute) else None
            found.called[name] += 1
            if owner is None:
                found.direct.add(name)
            if name in _PATCHES:
                self._patched(node, name, owner)
            if (
                name in _SKIPS and ast.unparse(node.func).startswith(("pytest.", "self.", *_SKIPS))
            ) or name == "SkipTest":
                found.skips += not ast.unparse(node.func).startswith("pytest.mark.")
            found.assumed += name == "assume"
        elif isinstance(node, ast.Name):
            found.named.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.named.add(node.attr)
        elif isinstance(node, ast.Assign):
            self._replaced(node)
        elif isinstance(node, ast.Try | ast.TryStar):
            found.swallowing += _swallows(node)

    def _patched(self, call: ast.Call, name: str, owner: ast.expr | None) -> None:
        if name == "object" and (owner is None or not ast.unparse(owner).endswith("patch")):
            return
        words = [entry.value if isinstance(entry, ast.Constant) else None for entry in call.args[:2]]
        if words and isinstance(words[0], str):
            self.found.mocked.add(words[0])
        elif len(words) > 1 and isinstance(words[1], str):
            self.found.mocked.add(f"{ast.unparse(call.args[0])}.{words[1]}")

    def _replaced(self, node: ast.Assign) -> None:
        """`module.function = Mock()`, and a variable that is a mock."""
        is_mock = isinstance(node.value, ast.Call) and called_name(node.value) in _MOCKS
        for target in node.targets:
            if isinstance(target, ast.Attribute) and (is_mock or isinstance(node.value, ast.Lambda)):
                self.found.mocked.add(ast.unparse(target))
            elif isinstance(target, ast.Name) and is_mock:
                self.found.mocks.add(target.id)

    def _decorators(self, decorators: Sequence[ast.expr]) -> None:
        for decorator in decorators:
            for node in ast.walk(decorator):
                name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
                if name in _MARKS:
                    self.found.marks[name] += 1
            if isinstance(decorator, ast.Call):
                name = called_name(decorator)
                if name in _DRAWN:
                    self.found.drawn.append(ast.unparse(decorator))
                for keyword in decorator.keywords:
                    if name == "settings" and keyword.arg == "max_examples" and isinstance(keyword.value, ast.Constant):
                        self.found.examples = keyword.value.value if isinstance(keyword.value.value, int) else None

    def _cases(self, decorators: Sequence[ast.expr]) -> Iterator[dict[str, ast.expr]]:
        """The values of a test's arguments, case by case."""
        cases: list[dict[str, ast.expr]] = [{}]
        for decorator in decorators:
            table = parametrised(decorator)
            if table is None:
                continue
            names, written = table
            self.found.rows += len(written)
            if not self._spread or not names:
                self.found.tables.update(map(ast.unparse, written))
            elif len(cases) * len(written) <= ROWS:
                cases = [{**case, **bound(names, row)} for row in written for case in cases]
        yield from cases

    def _block(self, body: Sequence[ast.stmt], values: Mapping[str, ast.expr], *, held: bool) -> None:
        """Reads statements up to the first that leaves the block for good."""
        values = dict(values)
        for node in body:
            self.found.statements += not isinstance(node, ast.Pass)
            if isinstance(node, ast.Return | ast.Continue | ast.Break):
                return
            if isinstance(node, ast.Raise):
                return
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and called_name(node.value) in _SKIPS:
                return
            if isinstance(node, ast.If) and self._if(node, values, held=held):
                held = False  # what follows is only reached where the branch did not leave
            else:
                self._statement(node, values, held=held)

    def _statement(self, node: ast.stmt, values: dict[str, ast.expr], *, held: bool) -> None:
        if isinstance(node, ast.Assert):
            self._claimed(true(self._with(node.test, values)), held)
        elif isinstance(node, ast.Expr):
            call = node.value.value if isinstance(node.value, ast.Await) else node.value
            if isinstance(call, ast.Call):
                inside = self._with(call, values)
                assert isinstance(inside, ast.Call)
                self._claimed(of_call(inside), held)
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if self._assigned[name] == 1:
                values[name] = self._with(node.value, values, direct=False)
        elif isinstance(node, ast.With | ast.AsyncWith):
            self._with_block(node, values, held=held)
        elif isinstance(node, ast.For | ast.AsyncFor):
            for row in self._loop(node, values):
                self._block(node.body, {**values, **row}, held=held)
            self._block(node.orelse, values, held=held)
        elif isinstance(node, ast.While):
            self._block(node.body, values, held=held)
        elif isinstance(node, ast.Try | ast.TryStar):
            self._try(node, values, held=held)
        elif isinstance(node, ast.Match):
            for case in node.cases:
                self._block(case.body, values, held=False)
        elif isinstance(node, Function) and node.name in self._mentioned:
            self._block(node.body, values, held=held)

    def _if(self, node: ast.If, values: Mapping[str, ast.expr], *, held: bool) -> bool:
        """Whether a branch leaves the test."""
        if isinstance(node.test, ast.Constant):
            self._block(node.body if node.test.value else node.orelse, values, held=held)
            return False
        self._block(node.body, values, held=False)
        self._block(node.orelse, values, held=False)
        return any(isinstance(entry, ast.Return) for branch in (node.body, node.orelse) for entry in branch)

    def _with_block(self, node: ast.With | ast.AsyncWith, values: dict[str, ast.expr], *, held: bool) -> None:
        suppressed = False
        for item in node.items:
            if not isinstance(item.context_expr, ast.Call):
                continue
            call = self._with(item.context_expr, values)
            assert isinstance(call, ast.Call)
            suppressed |= called_name(call) == "suppress"
            body = [self._shown(entry, values) for entry in node.body[-1:]]
            claim = raised(call, body)
            if claim is not None:
                self._claimed(iter((claim,)), held)
        self._block(node.body, values, held=held and not suppressed)

    def _try(self, node: ast.Try | ast.TryStar, values: dict[str, ast.expr], *, held: bool) -> None:
        swallows = _swallows(node)
        self._block(node.body, values, held=held and not swallows)
        for handler in node.handlers:
            self._block(handler.body, values, held=False)
        self._block(node.orelse, values, held=held and not swallows)
        self._block(node.finalbody, values, held=held)

    def _loop(self, node: ast.For | ast.AsyncFor, values: Mapping[str, ast.expr]) -> list[dict[str, ast.expr]]:
        table, names = rows(node.iter, values), targets(node.target)
        if table is None or not names:
            return [{}]
        if not self._spread:
            self.found.tables.update(map(ast.unparse, table))
            return [{}] if table else []
        return [bound(names, row) for row in table]

    def _claimed(self, claims: Iterator[Claim], held: bool) -> None:
        if len(self.found.claims) < CLAIMS:
            self.found.claims += [(claim, held) for claim in claims]

    def _with(self, node: ast.expr, values: Mapping[str, ast.expr], *, direct: bool = True) -> ast.expr:
        return substituted(node, values, self._hidden, direct=direct)

    def _shown(self, node: ast.stmt, values: Mapping[str, ast.expr]) -> ast.stmt:
        if not isinstance(node, ast.Expr | ast.Assign | ast.Return) or node.value is None:
            return node
        return ast.Expr(value=self._with(node.value, values))


def _swallows(node: ast.Try | ast.TryStar) -> bool:
    return any(not _reports(handler.body) for handler in node.handlers)


def _reports(body: Sequence[ast.stmt]) -> bool:
    """Whether a handler still lets the test fail, or asserts something of what it caught."""
    for node in body:
        for inside in ast.walk(node):
            if isinstance(inside, ast.Raise | ast.Assert):
                return True
            if isinstance(inside, ast.Call) and called_name(inside).lower().startswith(("assert", "fail")):
                return True
    return False
