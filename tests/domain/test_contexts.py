"""The surroundings of a unit, told from its text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.contexts import LIMIT, contexts
from pytest_llmlearn.domain.source import Unit, import_block, unit_at, unit_named


def of(text: str, name: str = "f", path: str = "app/users.py") -> tuple[str, ...]:
    """The contexts of one named unit."""
    unit = unit_named(text, name)
    assert unit is not None
    return contexts(text, unit, path)


KINDS = {
    "async endpoint": "@app.get('/users')\nasync def f():\n    pass",
    "endpoint": "@bp.route('/users', methods=['GET'])\ndef f():\n    pass",
    "command": "@cli.command()\ndef f():\n    pass",
    "fixture": "@pytest.fixture\ndef f():\n    yield 1",
    "async fixture": "@pytest_asyncio.fixture()\nasync def f():\n    yield 1",
    "coroutine": "async def f():\n    return 1",
    "async generator": "async def f():\n    yield 1",
    "generator": "def f():\n    yield 1",
    "context manager": "@contextlib.contextmanager\ndef f():\n    yield 1",
    "async context manager": "@asynccontextmanager\nasync def f():\n    yield 1",
    "property": "@cached_property\ndef f(self):\n    return 1",
    "recursive": "def f(n):\n    return n * f(n - 1)",
    "decorator": "def f(g):\n    def h(*args, **kwargs):\n        return g(*args, **kwargs)\n    return h",
    "dataclass": "@dataclass(frozen=True)\nclass f:\n    a: int",
    "enum": "class f(StrEnum):\n    A = 'a'",
    "exception": "class f(ValueError):\n    pass",
    "named tuple": "class f(NamedTuple):\n    a: int",
    "data model": "class f(BaseModel):\n    a: int",
    "table model": "class f(db.Model):\n    a: int",
    "protocol": "class f(Protocol):\n    a: int",
    "test class": "class f(unittest.TestCase):\n    pass",
    "class": "class f:\n    pass",
    "sqlite access": "import sqlite3\ndef f(c):\n    return c.execute('select 1').fetchone()",
    "sql access": "from sqlalchemy.orm import Session\ndef f(c: Session):\n    return c.execute('select 1')",
    "http client": "import httpx\ndef f(url):\n    return httpx.get(url)",
    "file io": "from pathlib import Path\ndef f(p):\n    return Path(p).read_text()",
    "subprocess": "import subprocess as sp\ndef f():\n    sp.run(['ls'])",
    "threads": "from threading import Thread\ndef f():\n    Thread().start()",
    "json": "import json\ndef f(x):\n    return json.loads(x)",
    "regular expressions": "import re\ndef f(x):\n    return re.match('a', x)",
    "dates and times": "from datetime import datetime\ndef f():\n    return datetime.now()",
    "executor": "from concurrent.futures import ThreadPoolExecutor\ndef f():\n    return ThreadPoolExecutor()",
}


@pytest.mark.parametrize(("tag", "text"), KINDS.items(), ids=KINDS)
def test_the_kind_of_a_unit_comes_first(tag: str, text: str) -> None:
    """What it is, or what it does."""
    assert of(text)[0] == tag


NOT = {
    "endpoint": "import d\ndef f():\n    return d.get('key')",
    "async endpoint": "@mock.patch('app.x')\nasync def f():\n    pass",
    "generator": "def f():\n    def g():\n        yield 1\n    return list(g())",
    "recursive": "class A:\n    pass\ndef f(other):\n    return other.f()",
    "decorator": "def f():\n    def key(x):\n        return x\n    return key",
    "sqlite access": "def f(pool):\n    return pool.execute(1)",
    "file io": "from webbrowser import open\ndef f():\n    open('x')",
    "http client": "def f(requests):\n    return requests.get('x')",
    "coroutine": "@asynccontextmanager\nasync def f():\n    yield 1",
}


@pytest.mark.parametrize(("tag", "text"), NOT.items(), ids=NOT)
def test_what_only_looks_like_one_is_none(tag: str, text: str) -> None:
    """A name in another role tells nothing."""
    assert tag not in of(text)


def test_a_method_that_calls_itself_is_recursive() -> None:
    """By `self`; a function of the same name is another one."""
    text = "class A:\n    def f(self):\n        return self.f()\n    def g(self):\n        return g()"
    assert "recursive" in of(text, "A.f")
    assert "recursive" not in of(text, "A.g")


FILES = {
    "conftest": ("tests/conftest.py", "def f():\n    pass"),
    "test file": ("tests/test_users.py", "def f():\n    pass"),
    "package init": ("app/__init__.py", "def f():\n    pass"),
    "migration": ("app/migrations/0001_users.py", "def f():\n    pass"),
    "command line": ("app/tool.py", "import click\ndef f():\n    pass"),
    "web app": ("app/main.py", "from fastapi import FastAPI\ndef f():\n    pass"),
    "script": ("tool.py", "def f():\n    pass\nif __name__ == '__main__':\n    f()"),
}


@pytest.mark.parametrize(("tag", "case"), FILES.items(), ids=FILES)
def test_the_kind_of_file(tag: str, case: tuple[str, str]) -> None:
    """By its path or by what it imports."""
    path, text = case
    assert tag in of(text, path=path)
    assert tag not in of("def f():\n    pass", path="app/users.py")


def test_a_client_of_aiohttp_is_no_web_app() -> None:
    """Its server is."""
    assert "web app" not in of("import aiohttp\ndef f():\n    pass")
    assert "web app" in of("from aiohttp import web\ndef f():\n    pass")


def test_libraries_are_third_party_or_telling() -> None:
    """By their top-level names, used ones first; the project's own and plain ones of the standard library are none."""
    text = (
        "from __future__ import annotations\nimport os\nimport app.models\nimport shop\nfrom . import near\n"
        "import numpy as np\nfrom google.cloud import storage\nimport sqlite3\nimport _private\n"
        "def f():\n    return storage.Client()"
    )
    unit = unit_named(text, "f")
    assert unit is not None
    assert contexts(text, unit, "app/users.py", own={"shop"}) == ("google", "numpy", "sqlite3")


def test_tags_are_few_and_in_a_fixed_order() -> None:
    """What the unit is and does, the libraries it uses, the file, the other libraries."""
    text = (
        "import json, sqlite3, httpx, yaml, click, attr, numpy\n"
        "@app.post('/x')\nasync def f(c):\n"
        "    c.execute('x')\n    httpx.get('y')\n    json.loads('z')\n    open('w')\n    await f(c)\n"
    )
    found = of(text)
    assert found == (
        "async endpoint",
        "recursive",
        "sqlite access",
        "http client",
        "json",
        "httpx",
        "command line",
        "sqlite3",
    )
    assert len(found) == LIMIT


def test_imports_and_module_level_are_kinds_of_their_own() -> None:
    """Where no function or class is at fault."""
    text = "import httpx\n\nCLIENT = httpx.Client()\n"
    block = import_block(text)
    assert block is not None
    assert contexts(text, block, "app/a.py") == ("import block", "httpx")
    assert contexts(text, unit_at(text, 3), "app/a.py") == ("http client", "module level", "httpx")


def test_text_that_does_not_parse_tells_by_its_path() -> None:
    """And is no error."""
    text = "def f(:\n    pass\n"
    assert contexts(text, unit_at(text, 1), "tests/test_a.py") == ("module level", "test file")


@given(st.text(max_size=80), st.text(max_size=20), st.integers(-3, 9))
def test_any_text_has_contexts(text: str, path: str, line: int) -> None:
    """At most eight, and the same ones every time."""
    unit = Unit(qualname="f", kind="function", start=line, line=line, end=line + 2)
    found = contexts(text, unit, path)
    assert len(found) <= LIMIT
    assert contexts(text, unit, path) == found
