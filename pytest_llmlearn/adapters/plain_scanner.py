"""The plainest mistakes, found by the syntax tree alone where there is no Semgrep.

Each is found under the name of one of our rules, so that what was learned from either is one. Nothing is followed
farther than from a name to its only assignment in the same function, so that what is not found says nothing: every file
counts as not heard whole.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pytest_llmlearn.app.ports.scan import Answer, Looked
from pytest_llmlearn.domain import names, source
from pytest_llmlearn.domain.flaw import Flaw

VERSION = "1"
_INDEX = Path(__file__).parent.parent / "detectors" / "rules" / "rules.json"
_SQL = re.compile(r"\b(?:select\s.+\sfrom|insert\s+into|update\s.+\sset|delete\s+from|where)\b", re.I | re.S)
_SECRET = re.compile(r"(?:^|_)(?:password|passwd|secret|api_?key|access_?key|auth_?token|private_?key)(?:_key)?$", re.I)
_NO_SECRET = re.compile(r"\s|[<{$%]|^(.)\1*$|example|changeme|placeholder|your|xxx|test|dummy|none|null", re.I)
"""Placeholders, templates, and what has a blank in it: no value of a secret."""
_LONG = 8
_EXECUTES = frozenset({"execute", "executemany", "executescript", "raw"})
_SHELLS = frozenset({"os.system", "os.popen"})
_SAFE = frozenset({"markupsafe.Markup", "flask.Markup", "django.utils.safestring.mark_safe"})
_LOADERS = frozenset({"SafeLoader", "CSafeLoader", "BaseLoader", "CBaseLoader"})


class PlainScanner:
    """`ports.Scanner` for the project at `root`, without any other program."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def terms(self) -> str:
        """A digest of the rules."""
        return f"plain:{VERSION}:{blake2b(_INDEX.read_bytes(), digest_size=8).hexdigest()}"

    def scan(self, paths: Sequence[str], looked: Looked | None = None, *, jobs: int = 1) -> Answer:
        """What can be told of these files; none of them is heard whole. `jobs` is of no consequence."""
        found: list[Flaw] = []
        for number, path in enumerate(paths):
            if looked is not None:
                looked(number, len(paths))
            try:
                text = (self._root / path).read_text(encoding="utf-8", errors="replace")
            except OSError:  # gone since it was listed: nothing is found in it
                continue
            found += self._of(path, text)
        return Answer(flaws=tuple(found), unheard=frozenset(paths))

    def _of(self, path: str, text: str) -> Iterator[Flaw]:
        tree = source.parse(text)
        if tree is None:
            return
        imported = {one.local: one.target for one in names.imports(text)}
        for scope in _scopes(tree):
            look = _Look(scope, imported)
            for node in look.nodes:
                for check in look.wrong(node):
                    yield self._flaw(path, node, check)

    def _flaw(self, path: str, node: ast.expr | ast.stmt, check: str) -> Flaw:
        about = self._rules[check]
        return Flaw(
            path=path,
            line=node.lineno,
            end_line=node.end_lineno or node.lineno,
            column=node.col_offset + 1,
            end_column=(node.end_col_offset or node.col_offset) + 1,
            check=check,
            category=about["category"],
            severity=about["severity"],
            confidence=about["confidence"],
            message=about["message"],
            fix=about["fix"],
            cwe=tuple(about["cwe"]),
            owasp=tuple(about["owasp"]),
        )

    @cached_property
    def _rules(self) -> Mapping[str, Mapping[str, Any]]:
        return {one["id"]: one for one in json.loads(_INDEX.read_text(encoding="utf-8"))}


class _Look:
    """One function, or what stands outside of all, and what its names were assigned."""

    def __init__(self, scope: Sequence[ast.AST], imported: Mapping[str, str]) -> None:
        self._imported = imported
        self.nodes = [node for node in scope if isinstance(node, ast.Call | ast.Assign)]
        assigned: dict[str, list[ast.expr]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        assigned.setdefault(target.id, []).append(node.value)
        self._assigned = {name: values[0] for name, values in assigned.items() if len(values) == 1}

    def wrong(self, node: ast.Call | ast.Assign) -> Iterator[str]:
        """The names of the rules that this breaks."""
        if isinstance(node, ast.Assign):
            if _is_secret(node):
                yield "secret-in-source"
            return
        called = self._name(node.func)
        first = self._value(node.args[0]) if node.args else None
        keywords = {one.arg: one.value for one in node.keywords if one.arg}
        if called.rpartition(".")[2] in _EXECUTES and first is not None and self._built(first, _is_sql):
            yield "sql-built-from-parts"
        in_shell = called in _SHELLS or (called.startswith("subprocess.") and _is(keywords.get("shell"), True))
        if in_shell and first is not None and self._built(first, bool):
            yield "shell-command-built"
        if called in _SAFE and first is not None and self._built(first, bool):
            yield "marked-safe-built"
        if called in ("yaml.load", "yaml.load_all"):
            loader = keywords.get("Loader") or (node.args[1] if len(node.args) > 1 else None)
            if loader is None or self._name(loader).rpartition(".")[2] not in _LOADERS:
                yield "yaml-loads-objects"
        if called in ("pickle.loads", "marshal.loads", "dill.loads") and first is not None and self._is_outside(first):
            yield "object-from-bytes-of-request"
        if called in ("eval", "exec") and first is not None and self._is_outside(first):
            yield "code-from-request"
        if called.startswith(("requests.", "httpx.")) and _is(keywords.get("verify"), False):
            yield "certificate-not-checked"

    def _value(self, node: ast.expr) -> ast.expr:
        return self._assigned.get(node.id, node) if isinstance(node, ast.Name) else node

    def _name(self, node: ast.expr) -> str:
        whole = names.dotted(node) or (node.attr if isinstance(node, ast.Attribute) else "")
        first, dot, rest = whole.partition(".")
        return f"{self._imported.get(first, first)}{dot}{rest}"

    def _built(self, node: ast.expr, of: Callable[[str], object]) -> bool:
        """Whether a text of that kind is put together from parts that are not all constant."""
        parts: Sequence[ast.expr] = ()
        if isinstance(node, ast.JoinedStr):
            parts = [one.value if isinstance(one, ast.FormattedValue) else one for one in node.values]
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
            parts = [node.left, node.right]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
            parts = [node.func.value, *node.args, *(one.value for one in node.keywords)]
        constant = " ".join(text for part in parts for one in ast.walk(part) if (text := _text(one)))
        return any(not isinstance(part, ast.Constant) for part in parts) and bool(of(constant))

    def _is_outside(self, node: ast.expr) -> bool:
        """Whether it is of a request, of what was typed, or of the command line."""
        for one in ast.walk(self._value(node)):
            if isinstance(one, ast.Name | ast.Attribute):
                name = self._name(one)
                if name in ("input", "sys.argv") or name.partition(".")[0] == "request":
                    return True
                if name.startswith(("flask.request", "request.")):
                    return True
        return False


def _scopes(tree: ast.Module) -> Iterator[list[ast.AST]]:
    """The nodes of each function, and of what is outside of all functions."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        inside: list[ast.AST] = []
        open_ = [*ast.iter_child_nodes(waiting.pop())]
        while open_:
            node = open_.pop()
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                waiting.append(node)
                continue
            inside.append(node)
            open_ += ast.iter_child_nodes(node)
        yield inside


def _is_sql(text: str) -> bool:
    return _SQL.search(text) is not None


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is(node: ast.expr | None, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _is_secret(node: ast.Assign) -> bool:
    value = node.value.value if isinstance(node.value, ast.Constant) else None
    if not isinstance(value, str) or len(value) < _LONG or _NO_SECRET.search(value):
        return False
    bare = [target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "") for target in node.targets]
    return any(_SECRET.search(name) for name in bare)
