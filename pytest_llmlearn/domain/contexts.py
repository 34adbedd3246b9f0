"""In what surroundings code stands: tags such as `async endpoint`, `sqlite access`, `httpx`, `migration`.

Read from the text alone. Tags are few and in a fixed order, the most telling first: what the unit is and does, the
libraries it uses, what file it stands in, the other libraries of the file.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from types import NoneType

from pytest_llmlearn.domain.culprit import is_test_file
from pytest_llmlearn.domain.names import Function, dotted, imported, imports
from pytest_llmlearn.domain.source import Definition, Unit, defined, parse

LIMIT = 8
"""Tags at most."""
KINDS = 4
"""Tags at most of what the unit is and does: the libraries and the file are to have room."""
NODES = 4_000
"""Nodes of a unit's tree that are looked at: some 500 lines or more."""
NAME_LIMIT = 40
"""Characters of a library's name."""

TELLING = frozenset(
    {"argparse", "asyncio", "concurrent", "configparser", "csv", "ctypes", "datetime", "decimal", "email", "http"}
    | {"json", "locale", "logging", "multiprocessing", "pickle", "queue", "random", "select", "selectors", "shelve"}
    | {"shutil", "signal", "smtplib", "socket", "sqlite3", "ssl", "struct", "subprocess", "tempfile", "threading"}
    | {"tkinter", "tomllib", "unittest", "urllib", "xml", "zipfile", "zoneinfo"}
)
"""Modules of the standard library that say something of the code around them."""
_WEB = frozenset(
    {"aiohttp", "bottle", "django", "falcon", "fastapi", "flask", "litestar", "quart", "sanic", "starlette", "tornado"}
)
_COMMAND_LINE = frozenset({"argparse", "click", "cyclopts", "docopt", "fire", "typer"})
_ROUTES = frozenset(["api_route", "delete", "get", "head", "options", "patch", "post", "put", "route", "websocket"])
_SQL = frozenset(
    {"aiomysql", "aiopg", "aiosqlite", "asyncpg", "databases", "duckdb", "mysql", "peewee", "psycopg", "psycopg2"}
    | {"pymysql", "sqlalchemy", "sqlite3", "sqlite_utils", "sqlmodel"}
)
_SQLITE = frozenset({"aiosqlite", "sqlite3", "sqlite_utils"})
_QUERIES = frozenset(
    {"commit", "cursor", "execute", "execute_batch", "executemany", "executescript", "fetch", "fetchall", "fetchmany"}
    | {"fetchone", "fetchrow", "fetchval", "rollback", "scalar", "scalars"}
)
_FILES = frozenset({"read_bytes", "read_text", "write_bytes", "write_text", "iterdir", "rglob"})
_DOES: Mapping[str, str] = {
    "requests": "http client", "httpx": "http client", "urllib3": "http client", "urllib.request": "http client",
    "http.client": "http client", "aiohttp.ClientSession": "http client", "aiohttp.request": "http client",
    "subprocess": "subprocess", "os.system": "subprocess", "threading": "threads", "multiprocessing": "processes",
    "concurrent.futures": "executor", "socket": "sockets", "shutil": "file io", "tempfile": "file io",
    "json": "json", "csv": "csv", "pickle": "pickle", "re": "regular expressions", "datetime": "dates and times",
    "random": "randomness", "struct": "binary data", "xml": "xml", "yaml": "yaml", "logging": "logging",
}  # fmt: skip
"""What a call of something of a module does; the longest name that fits counts."""
_ORDER = (
    "async endpoint", "endpoint", "command", "fixture", "async fixture", "test", "async test", "dataclass", "enum",
    "exception", "named tuple", "protocol", "data model", "table model", "test class", "async context manager",
    "context manager", "property", "decorator", "async generator", "generator", "coroutine", "recursive", "constructor",
    "sqlite access", "sql access", "http client", "file io", "subprocess", "threads", "processes", "executor",
    "sockets",
    "binary data", "pickle", "csv", "xml", "yaml", "json", "dates and times", "regular expressions", "randomness",
    "logging", "class", "import block", "module level",
)  # fmt: skip
"""Kinds of unit and what units do, most telling first."""
_RANK = {tag: rank for rank, tag in enumerate(_ORDER)}


def contexts(text: str, unit: Unit, path: str, own: Collection[str] = ()) -> tuple[str, ...]:
    """At most `LIMIT` tags of the unit, most telling first; only those of the file where the text does not parse.

    `path` is relative to the project's root, with `/`. Libraries are third-party ones and telling ones of the standard
    library, by their top-level names; `own` are top-level names of the project's, beside those that `path` tells.
    """
    known = imported(text)
    body = _read(text, unit)
    # Top-level modules of which the unit names anything.
    used = frozenset(known[name].partition(".")[0] for name in body.names if name in known)
    kinds = sorted({*_is(unit, body), *_does(body.calls, known)}, key=_RANK.__getitem__)[:KINDS]
    libraries = _libraries(text, frozenset((*own, *_own(path))))
    here = [library for library in libraries if library in used]
    ordered = dict.fromkeys((*kinds, *here[:3], *_file(text, path), *here, *libraries))
    return tuple(ordered)[:LIMIT]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Body:
    """What tags are told by: the unit's definition, the names in it and its calls."""

    definition: Definition | None
    names: Collection[str]
    calls: Sequence[ast.Call]


def _read(text: str, unit: Unit) -> _Body:
    roots: list[ast.AST] = []
    definition = None
    if unit.kind in ("function", "class"):
        found = (node for name, node in defined(text) if name == unit.qualname and node.lineno == unit.line)
        definition = next(found, None)
        roots = [definition] if definition is not None else []
    elif (tree := parse(text)) is not None:
        roots = [node for node in tree.body if unit.start <= node.lineno <= unit.end]
    names: set[str] = set()
    calls: list[ast.Call] = []
    pending = roots[::-1]
    # By hand: ast.walk takes several times as long, and a unit may be the whole file.
    for _ in range(NODES):
        if not pending:
            break
        node = pending.pop()
        if type(node) is ast.Call:
            calls.append(node)
        for value in node.__dict__.values():
            kind = type(value)
            if kind is ast.Name:
                names.add(value.id)
            elif kind is list:
                for entry in value:
                    if type(entry) is ast.Name:
                        names.add(entry.id)
                    elif type(entry) not in _LEAVES:
                        pending.append(entry)
            elif kind not in _LEAVES:
                pending.append(value)
    return _Body(definition=definition, names=names, calls=calls)


_LEAVES: frozenset[type] = frozenset(
    {int, str, NoneType, ast.Constant, ast.Load, ast.Store, ast.Del}
    | {*ast.operator.__subclasses__(), *ast.unaryop.__subclasses__(), *ast.boolop.__subclasses__()}
    | {*ast.cmpop.__subclasses__(), ast.Pass, ast.Break, ast.Continue, ast.Global, ast.Nonlocal, ast.alias}
)
"""Kinds of fields and nodes that hold no further node."""


def _is(unit: Unit, body: _Body) -> Iterator[str]:
    """What the unit is, by its head and its decorators."""
    node = body.definition
    if isinstance(node, ast.ClassDef):
        yield from list(_class(node)) or ["class"]
    elif node is not None:
        yield from _function(unit, node, body.calls)
    elif unit.kind == "imports":
        yield "import block"
    elif unit.kind in ("module", "variable"):
        yield "module level"


def _decorators(node: Definition) -> dict[str, ast.expr]:
    """The last part of each decorator's name, with the decorator."""
    found = {}
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        found[(dotted(target) or "").rpartition(".")[2]] = decorator
    return found


def _class(node: ast.ClassDef) -> Iterator[str]:
    bases = {(dotted(base) or "").rpartition(".")[2] for base in node.bases}
    methods = {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)}
    decorators = _decorators(node)
    if {"dataclass", "define", "frozen", "attrs"} & decorators.keys():
        yield "dataclass"
    if bases & {"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}:
        yield "enum"
    if any(base.endswith(("Exception", "Error", "Warning")) for base in bases):
        yield "exception"
    if bases & {"NamedTuple"}:
        yield "named tuple"
    if bases & {"Protocol"}:
        yield "protocol"
    if bases & {"BaseModel", "BaseSettings", "Schema", "Struct", "TypedDict"}:
        yield "data model"
    if bases & {"Base", "DeclarativeBase", "Model", "SQLModel"}:
        yield "table model"
    if node.name.startswith("Test") or any(base.endswith("TestCase") for base in bases):
        yield "test class"
    if "__aenter__" in methods:
        yield "async context manager"
    elif "__enter__" in methods:
        yield "context manager"


def _function(unit: Unit, node: Function, calls: Iterable[ast.Call]) -> Iterator[str]:
    decorators = _decorators(node)
    is_async = isinstance(node, ast.AsyncFunctionDef)
    if any(_is_route(name, decorator) for name, decorator in decorators.items()):
        yield "async endpoint" if is_async else "endpoint"
    elif {"command", "group"} & decorators.keys():
        yield "command"
    elif "fixture" in decorators:
        yield "async fixture" if is_async else "fixture"
    elif node.name.startswith("test"):
        yield "async test" if is_async else "test"
    elif is_async and "asynccontextmanager" not in decorators and not _yields(node):
        yield "coroutine"
    if "asynccontextmanager" in decorators or node.name in ("__aenter__", "__aexit__"):
        yield "async context manager"
    elif "contextmanager" in decorators or node.name in ("__enter__", "__exit__"):
        yield "context manager"
    elif "fixture" not in decorators and _yields(node):
        yield "async generator" if is_async else "generator"
    if {"property", "cached_property", "setter"} & decorators.keys():
        yield "property"
    if node.name in ("__init__", "__new__"):
        yield "constructor"
    if _is_decorator(node):
        yield "decorator"
    if _calls_itself(unit, node, calls):
        yield "recursive"


def _is_route(name: str, decorator: ast.expr) -> bool:
    """Whether it reads as `@app.get("/users")`; `name` is its last part."""
    if name not in _ROUTES or not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
        return False
    first = decorator.args[0] if decorator.args else None
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value[:1] in ("/", "")


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in the function's own body, not in functions or classes within it."""
    pending: list[ast.AST] = list(getattr(node, "body", ()))
    while pending:
        inner = pending.pop()
        yield inner
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.Constant):
            pending.extend(ast.iter_child_nodes(inner))


def _yields(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in _inside(node))


def _is_decorator(node: Function) -> bool:
    """Whether it defines a function that takes whatever comes, and returns it."""
    inner = {
        entry.name
        for entry in node.body
        if isinstance(entry, ast.FunctionDef | ast.AsyncFunctionDef) and entry.args.vararg and entry.args.kwarg
    }
    returned = {
        entry.value.id for entry in node.body if isinstance(entry, ast.Return) and isinstance(entry.value, ast.Name)
    }
    return bool(inner & returned)


def _calls_itself(unit: Unit, node: Function, calls: Iterable[ast.Call]) -> bool:
    around = unit.qualname.rpartition(".")[0]
    method = bool(around) and not around.endswith("<locals>")
    own = (f"self.{node.name}", f"cls.{node.name}") if method else (node.name,)
    return any(dotted(call.func) in own for call in calls)


def _does(calls: Iterable[ast.Call], known: Mapping[str, str]) -> Iterator[str]:
    """What the unit does, by its calls."""
    libraries = {target.partition(".")[0] for target in known.values()}
    for node in calls:
        last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if last in _QUERIES and libraries & _SQL:
            yield "sqlite access" if not libraries & (_SQL - _SQLITE) else "sql access"
        elif last in _FILES:
            yield "file io"
        if (name := dotted(node.func)) is None:
            continue
        root, dot, rest = name.partition(".")
        if name == "open" and name not in known:
            yield "file io"
        elif root in known and (tag := _doing(f"{known[root]}{dot}{rest}")) is not None:
            yield tag


@lru_cache(maxsize=1024)
def _doing(target: str) -> str | None:
    if target == "sqlite3.connect":
        return "sqlite access"
    while target:
        if target in _DOES:
            return _DOES[target]
        target = target.rpartition(".")[0]
    return None


def _own(path: str) -> Iterator[str]:
    """Names that are the project's, as far as the path tells: its folders, and the file itself."""
    pure = PurePosixPath(path)
    yield from pure.parts[:-1]
    yield pure.stem
    yield from ("src", "tests", "test", "conftest")


@lru_cache(maxsize=256)
def _libraries(text: str, own: frozenset[str]) -> tuple[str, ...]:
    """Third-party and telling standard libraries that the text imports, in its order."""
    tops = (entry.module.partition(".")[0] for entry in imports(text))
    # A relative import has no top-level name, and is the project's own.
    kept = (top for top in tops if top and top not in own and not top.startswith("_"))
    return tuple(
        dict.fromkeys(top[:NAME_LIMIT] for top in kept if top not in sys.stdlib_module_names or top in TELLING)
    )


@lru_cache(maxsize=256)
def _file(text: str, path: str) -> tuple[str, ...]:
    """What kind of file it is: at most two tags."""
    pure = PurePosixPath(path)
    tops = {entry.module.partition(".")[0] for entry in imports(text)}
    return tuple(_file_kinds(text, pure, tops))[:2]


def _file_kinds(text: str, pure: PurePosixPath, tops: Collection[str]) -> Iterator[str]:
    if pure.name == "conftest.py":
        yield "conftest"
    elif is_test_file(str(pure), text):
        yield "test file"
    if pure.name == "__init__.py":
        yield "package init"
    if {"migrations", "alembic"}.intersection(pure.parts[:-1]):
        yield "migration"
    if _WEB.intersection(tops) and not _only_client(text, tops):
        yield "web app"
    if _COMMAND_LINE.intersection(tops) or pure.name in ("cli.py", "__main__.py"):
        yield "command line"
    if "__name__" in text and _runs_as_script(text):
        yield "script"


def _only_client(text: str, tops: Collection[str]) -> bool:
    """Whether aiohttp is the only web library here, and its server is not imported."""
    if set(_WEB.intersection(tops)) != {"aiohttp"}:
        return False
    return not any(entry.target.startswith("aiohttp.web") for entry in imports(text))


def _runs_as_script(text: str) -> bool:
    tree = parse(text)
    for node in tree.body if tree is not None else ():
        if isinstance(node, ast.If) and isinstance(node.test, ast.Compare):
            sides = (node.test.left, *node.test.comparators)
            if any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides):
                return True
    return False
