"""Signatures as source text defines them. None wherever a decorator, a metaclass or an unknown base may change them."""

from __future__ import annotations

import ast
from collections.abc import Callable

from pytest_llmlearn.domain.names import dotted
from pytest_llmlearn.hookspecs import Signature

_SAME_SIGNATURE = frozenset(
    {"staticmethod", "classmethod", "abstractmethod", "override", "final", "contextmanager", "asynccontextmanager"}
    | {"cache", "lru_cache", "deprecated"}
)
_PLAIN_BASES = frozenset({"object", "ABC", "Protocol", "Generic", "Exception", "ValueError", "RuntimeError"})
_BASES = 8

Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters_of(node: Function, *, method: bool) -> Signature | None:
    """Parameters as a caller sees them: without `self` or `cls` for a method."""
    decorators = {_name(decorator) for decorator in node.decorator_list}
    if decorators - _SAME_SIGNATURE:
        return None
    drop = 1 if method and "staticmethod" not in decorators else 0
    positional = [*node.args.posonlyargs, *node.args.args]
    without_default = len(positional) - len(node.args.defaults)
    names = tuple(argument.arg for argument in positional[drop:])
    keyword_only = tuple(argument.arg for argument in node.args.kwonlyargs)
    wanted = tuple(
        argument.arg
        for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        if default is None
    )
    return Signature(
        parameters=names,
        required=(*(argument.arg for argument in positional[drop:without_default]), *wanted),
        keyword_only=keyword_only,
        takes_any_positional=node.args.vararg is not None,
        takes_any_keyword=node.args.kwarg is not None,
    )


def constructor(node: ast.ClassDef, base: Callable[[str], ast.ClassDef | None], left: int = _BASES) -> Signature | None:
    """Parameters of calling the class. `base` finds the definition of a base class by its name as written."""
    if any(keyword.arg == "metaclass" for keyword in node.keywords) or not left:
        return None
    decorators = {_name(decorator) for decorator in node.decorator_list}
    if decorators - {"dataclass", "final", "total_ordering", "runtime_checkable"}:
        return None
    methods = {entry.name: entry for entry in node.body if isinstance(entry, ast.FunctionDef)}
    if "__new__" in methods:
        return None
    if "__init__" in methods:
        return parameters_of(methods["__init__"], method=True)
    bases = [_name(entry) for entry in node.bases]
    known = [name for name in bases if name not in _PLAIN_BASES]
    if "dataclass" in decorators or known == ["NamedTuple"]:
        return _fields(node) if not known or known == ["NamedTuple"] else None
    if not bases or (not known and not any(name.endswith(("Exception", "Error")) for name in bases)):
        return Signature(parameters=())
    if len(known) != 1 or len(bases) != 1:
        return None
    found = base(dotted(node.bases[0]) or "")
    return constructor(found, base, left - 1) if found is not None and found is not node else None


def _fields(node: ast.ClassDef) -> Signature | None:
    names: list[str] = []
    required: list[str] = []
    for entry in node.body:
        if not isinstance(entry, ast.AnnAssign) or not isinstance(entry.target, ast.Name):
            continue
        annotation = ast.unparse(entry.annotation)
        if "ClassVar" in annotation:
            continue
        if "InitVar" in annotation or "KW_ONLY" in annotation:
            return None
        if isinstance(entry.value, ast.Call) and _name(entry.value) == "field":
            given = {keyword.arg for keyword in entry.value.keywords}
            if given & {"init", "kw_only", None}:
                return None
            if not given & {"default", "default_factory"}:
                required.append(entry.target.id)
        elif entry.value is None:
            required.append(entry.target.id)
        names.append(entry.target.id)
    flags = {keyword.arg for entry in node.decorator_list if isinstance(entry, ast.Call) for keyword in entry.keywords}
    if flags & {"init", "kw_only"}:
        return None
    return Signature(parameters=tuple(names), required=tuple(required))


def _name(node: ast.expr) -> str:
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return (dotted(node) or "?").rpartition(".")[2]
