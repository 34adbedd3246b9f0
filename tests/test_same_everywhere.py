"""One project with many kinds of failures tells the same, however and wherever it is run.

Plain, on two workers, without pytest's cache, from a sub-folder, and after the whole project moved to another folder:
the same rules, identities, lines and reasons, and pytest's own exit status.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.projects import Project

needs_plugins = pytest.mark.skipif(
    find_spec("xdist") is None or find_spec("pytest_asyncio") is None, reason="xdist and pytest-asyncio are not there"
)

SHOP = '''
import asyncio
import json
import time


class Cart:
    """What somebody is going to buy."""

    def __init__(self, items):
        self.items = items

    def total(self):
        return sum(item["price"] for item in self.items) + 1

    def first(self):
        return self.item[0]


async def load(number):
    await asyncio.sleep(0)
    return {"name": "Ada"} if number else None


async def name_of(number):
    user = load(number)
    return user["name"]


async def title_of(number):
    user = await load(number)
    return user["name"].title()


def forgotten():
    load(1)
    return True


def spread(rows):
    return json.dumps(rows, indents=2)


def average(values):
    return sum(values) / len(values)


def parse(text):
    return int(text)


def read(folder):
    return (folder / "prices.csv").read_text()


def check(age):
    return age > 0


def grouped():
    raise ExceptionGroup("several", [ValueError("no price for 'tea'"), KeyError("milk")])


def translate(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise RuntimeError(f"cannot read {text}") from error


def connection():
    return {"url": "sqlite://"}["uri"]


def closing():
    return [].pop()
'''
TESTS = """
import asyncio
import unittest

import pytest

from shop import core
from shop.core import Cart, average, check, closing, connection, forgotten, grouped, name_of, parse, read, spread
from shop.core import title_of, translate


@pytest.fixture
def opened():
    return connection()


@pytest.fixture
def closed():
    yield 3
    closing()


def test_the_total():
    assert Cart([{"price": 2}, {"price": 3}]).total() == 5


def test_the_first():
    cart = Cart([1])
    assert cart.first() == 1


def test_the_name():
    assert asyncio.run(name_of(1)) == "Ada"


@pytest.mark.asyncio
async def test_the_title():
    assert await title_of(0) == "Ada"


def test_forgets_to_wait():
    assert forgotten()


def test_spreads():
    assert spread([1])


@pytest.mark.parametrize("values", [[], [1, "2"]])
def test_the_average(values):
    assert average(values) == 1


@pytest.mark.parametrize("text", ["n/a", "7"])
def test_parses(text):
    assert parse(text) == 7


def test_reads(tmp_path):
    assert read(tmp_path) == ""


def test_refuses():
    with pytest.raises(ValueError):
        check(-1)


def test_groups():
    grouped()


def test_translates(tmp_path):
    assert translate(f"{tmp_path}") == {}


def test_is_opened(opened):
    assert opened


def test_is_closed(closed):
    assert closed == 3


def test_calls_what_is_not_there():
    assert core.discount(3) == 2


def test_sub_tests(subtests):
    for text in ("1", "x", "y"):
        with subtests.test(text=text):
            assert parse(text) == 1


class TestCart(unittest.TestCase):
    def setUp(self):
        self.cart = Cart([{"price": 1}])

    def test_total(self):
        self.assertEqual(self.cart.total(), 1)

    def test_parts(self):
        for text in ("1", "z"):
            with self.subTest(text=text):
                self.assertEqual(parse(text), 1)
"""
FILES = {
    "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n'
    'asyncio_default_fixture_loop_scope = "function"\n\n[tool.llmlearn]\ngenerated = ["shop/*.py=model-x"]\n',
    "shop/__init__.py": "",
    "shop/core.py": SHOP,
    "shop/imports.py": "import asyncio\nfrom json import dump_all\n\n\ndef report():\n    return dump_all\n",
    "shop/missing.py": "import jsonlibrary\n\n\ndef report():\n    return jsonlibrary\n",
    "shop/broken.py": "def report(:\n    return 1\n",
    "shop/body.py": "LIMITS = {}\nHIGHEST = LIMITS['highest']\n\n\ndef report():\n    return HIGHEST\n",
    "tests/test_core.py": TESTS,
    **{
        f"tests/test_{name}.py": f"from shop.{name} import report\n\n\ndef test_reports():\n    assert report()\n"
        for name in ("imports", "missing", "broken", "body")
    },
}
LEARN = ("pytest", "--llm-learn", "--continue-on-collection-errors", "--tb=no", "-rN")
NO_CACHE = ("-p", "no:cacheprovider")

Told = Counter[tuple[str, str, str | None, int | None, str]]


def told(project: Project) -> Told:
    """What the memory says of each failure, as often as it says it."""
    return Counter(
        (row["rule_id"], row["fingerprint"], row["path"], row["line"], row["chosen_by"])
        for row in project.json("occurrences")
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after a plain run."""
    project = Project(tmp_path_factory.mktemp("plain") / "shop-project").write(FILES).commit("Add a shop")
    done = project.run(*LEARN)
    assert done.returncode == 1, done.stdout + done.stderr
    return project


def elsewhere(project: Project, folder: Path) -> Project:
    """A copy without its memory."""
    shutil.copytree(project.root, folder, ignore=shutil.ignore_patterns(".llmlearn", "__pycache__", ".pytest_cache"))
    return Project(folder)


@needs_plugins
def test_every_kind_is_there(plain: Project) -> None:
    """Fifteen rules and more, of every category that needs no scanner; nothing is unknown, and nothing is missed."""
    rows = plain.json("occurrences")
    rules = {row["rule_id"] for row in rows}
    assert rules >= {
        "async.never-awaited",
        "import.missing-module",
        "import.missing-name",
        "import.module-attribute-missing",
        "logic.assertion-mismatch",
        "logic.did-not-raise",
        "runtime.file-not-found",
        "runtime.index",
        "runtime.key",
        "runtime.value",
        "runtime.zero-division",
        "syntax.invalid",
        "type.missing-attribute",
        "type.unexpected-keyword",
    }
    assert "runtime.unknown" not in rules
    assert {row["scope"] for row in rows} == {"generated"}
    assert {row["model"] for row in rows} == {"model-x"}
    assert {row["when"] for row in rows} == {"collect", "setup", "call", "teardown"}
    tests = {row["nodeid"].partition("[")[0].rpartition("::")[2] for row in rows if row["when"] != "collect"}
    silent = {"test_reports"}
    wanted = {line.strip().partition("(")[0].split()[-1] for line in TESTS.splitlines() if "def test_" in line}
    assert tests >= wanted - silent
    assert {row["nodeid"] for row in rows if row["when"] == "collect"} == {
        f"tests/test_{name}.py" for name in ("imports", "missing", "broken", "body")
    }


WAYS: dict[str, Callable[[Project], tuple[tuple[str, ...], str]]] = {
    "on two workers": lambda _: ((*LEARN, "-n", "2"), "."),
    "without the cache": lambda _: ((*LEARN, *NO_CACHE), "."),
    "from a sub-folder": lambda _: ((*LEARN, *NO_CACHE), "tests"),
    "from a sub-folder by names": lambda project: (
        (
            *LEARN,
            *NO_CACHE,
            *sorted(f"../{path.relative_to(project.root)}" for path in project.root.glob("tests/*.py")),
        ),
        "shop",
    ),
}


@needs_plugins
@pytest.mark.parametrize("way", WAYS)
def test_the_way_it_is_run_changes_nothing(way: str, plain: Project, tmp_path: Path) -> None:
    """Every run is of a copy in another folder, so the place changes nothing either."""
    project = elsewhere(plain, tmp_path / way.replace(" ", "-") / "another name")
    words, folder = WAYS[way](project)
    done = project.run(*words, folder=folder)
    assert done.returncode == 1, done.stdout + done.stderr
    assert told(project) == told(plain)


@needs_plugins
def test_a_project_that_moves_with_its_memory_knows_its_mistakes(plain: Project, tmp_path: Path) -> None:
    """Moved as a whole: every pattern is seen before, none is new, and no frequency grows."""
    project = Project(tmp_path / "moved")
    shutil.copytree(plain.root, project.root)
    before = told(project)
    frequencies = {row["fingerprint"]: row["frequency"] for row in project.json("patterns")}
    done = project.run(*LEARN, *NO_CACHE)
    assert ": 0 new patterns, " in done.stdout
    assert told(project) == before + before
    assert {row["fingerprint"]: row["frequency"] for row in project.json("patterns")} == frequencies
