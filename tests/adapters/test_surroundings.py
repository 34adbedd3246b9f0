"""What exists in a project and its environment, told from files alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.surroundings import ProjectSurroundings
from pytest_llmlearn.hookspecs import Signature, Surroundings

PROJECT = {
    "pyproject.toml": (
        '[project]\nname = "shop"\ndependencies = ["Some_Lib>=2", "pillow ; python_version > \'3\'"]\n'
        '[project.optional-dependencies]\nextra = ["extra.lib[all]"]\n'
        '[dependency-groups]\ndev = ["group-lib", {include-group = "x"}]\n'
        '[tool.poetry.dependencies]\npoetic = "^1"\n'
        '[tool.pytest.ini_options]\npythonpath = ["python"]\n'
    ),
    "requirements-dev.txt": "# tools\nreq_lib==1.0\n-r other.txt\n",
    "setup.cfg": "[options]\ninstall_requires =\n    cfg-lib>=1\n    other\n",
    "src/shop/__init__.py": "from shop.cart import *\nfrom .users import load_user as load\nVERSION = '1'\n",
    "src/shop/cart.py": "import os\nTAX: float = 0.2\nclass Cart: ...\ndef total(rows, *, tax=TAX): ...\n_hidden = 1\n",
    "src/shop/users.py": (
        "from functools import wraps\nfrom .base import Base\n"
        "async def load_user(key): ...\n"
        "async def rows():\n    yield 1\n"
        "@retry\nasync def decorated(): ...\n"
        "def plain(): ...\n"
        "class Users(Base):\n    async def add(self, user): ...\n    def count(self): ...\n"
    ),
    "src/shop/base.py": (
        "class Base:\n    def __init__(self, root, size=3, *args, **more): ...\n    async def close(self): ...\n"
    ),
    "src/shop/lazy.py": "def __getattr__(name): ...\n",
    "src/shop/shapes.py": (
        "from dataclasses import dataclass, field\nfrom .base import Base\n"
        "@dataclass\nclass Point:\n    x: int\n    y: int = 0\n    tags: list = field(default_factory=list)\n"
        "class Derived(Base): ...\n"
        "class Strange(metaclass=type): ...\n"
        "class Tools:\n    @staticmethod\n    def cut(a, b): ...\n    @classmethod\n    def make(cls, a): ...\n"
        "def loose(a, /, b, *c, d, e=1, **f): ...\n"
    ),
    "python/helpers.py": "import shop.users as people\nfrom shop import load\nfrom shop import users\nx = 1\n",
    "tests/test_shop.py": "from shop.users import Users\n",
    "broken.py": "def f(:\n",
}
LIBRARY = {
    "somelib/__init__.py": "from .core import Client\nfrom somelib.core import *\n",
    "somelib/core.py": "class Client:\n    async def get(self, url): ...\n",
    "stubbed/__init__.py": "def __getattr__(name): ...\n",
    "stubbed/__init__.pyi": "from .inner import blur as blur\n",
    "stubbed/inner.py": "def blur(image): ...\n",
    "single.py": "raise SystemExit('imported')\n",
    "__editable___linked_1_0_finder.py": "MAPPING: dict[str, str] = {'linked': '/elsewhere/linked'}\n",
}


def write(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def here(tmp_path: Path) -> ProjectSurroundings:
    """A project with a `src` layout, and one folder of installed packages beside the standard library."""
    library = write(tmp_path / "site", LIBRARY)
    standard = [entry for entry in sys.path if entry and "site-packages" not in entry]
    return ProjectSurroundings(write(tmp_path / "project", PROJECT), [str(library), *standard])


def test_it_is_what_detectors_ask(here: ProjectSurroundings) -> None:
    """The adapter fits the port."""
    port: Surroundings = here
    assert port.is_stdlib("os.path")
    assert not port.is_stdlib("numpy")


@pytest.mark.parametrize(("module", "found"), [("somelib", True), ("single", True), ("sys", True), ("linked", True)])
def test_what_is_installed_is_found_without_importing_it(here: ProjectSurroundings, module: str, found: bool) -> None:
    """Packages, single modules, built-in modules, and editable installs by their finder's table."""
    assert here.installed(module) is found
    assert module in here.modules() or module == "sys"
    assert "single" not in sys.modules


def test_what_is_not_installed_is_not_found(here: ProjectSurroundings) -> None:
    """And the project's own modules do not count as installed."""
    assert here.installed("numpy_of_another_world") is False
    assert here.installed("shop") is False
    assert {"shop", "helpers", "broken", "somelib", "json"} <= set(here.modules())


def test_an_archive_on_the_search_path_leaves_it_open(tmp_path: Path) -> None:
    """What is inside it is not looked at."""
    archive = tmp_path / "libs.zip"
    archive.write_bytes(b"PK\x05\x06" + bytes(18))
    assert ProjectSurroundings(tmp_path, [str(archive)]).installed("anything") is None


@pytest.mark.parametrize(
    "name", ["some-lib", "SOME.LIB", "pillow", "extra-lib", "group_lib", "poetic", "req-lib", "cfg-lib", "other"]
)
def test_the_projects_metadata_declares_distributions(here: ProjectSurroundings, name: str) -> None:
    """However the name is spelt, and wherever it is written."""
    assert here.declared(name)


def test_what_nobody_asked_for_is_not_declared(here: ProjectSurroundings) -> None:
    """Comments and options of requirements files are none."""
    assert not here.declared("tools")
    assert not here.declared("numpy")


@pytest.mark.parametrize(
    ("module", "near", "path"),
    [
        ("shop", None, "src/shop/__init__.py"),
        ("shop.users", None, "src/shop/users.py"),
        ("shop.users", "tests/test_shop.py", "src/shop/users.py"),
        ("users", "src/shop/cart.py", "src/shop/users.py"),
        (".users", "src/shop/cart.py", "src/shop/users.py"),
        (".", "src/shop/cart.py", "src/shop/__init__.py"),
        ("helpers", None, "python/helpers.py"),
        ("shop.nothing", None, None),
        ("json", None, None),
        ("....users", "src/shop/cart.py", None),
        (".users", None, None),
    ],
)
def test_own_modules_have_paths(here: ProjectSurroundings, module: str, near: str | None, path: str | None) -> None:
    """From the root, `src`, pytest's `pythonpath`, the folder of the file that asks, and relative to it."""
    assert here.own_module(module, near) == path


def test_only_the_projects_own_text_is_read(here: ProjectSurroundings, tmp_path: Path) -> None:
    """Nothing outside, nothing that is gone or no text."""
    (tmp_path / "secret.py").write_text("x = 1")
    (tmp_path / "project/latin.py").write_bytes(b"# coding: latin-1\nx = '\xe9'\n")
    (tmp_path / "project/bytes.py").write_bytes(b"x = '\xff\xfe'\n")
    assert here.text("broken.py") == PROJECT["broken.py"]
    assert here.text("latin.py") == "# coding: latin-1\nx = 'é'\n"
    for path in ("../secret.py", "gone.py", "bytes.py", "src", "a\0b.py"):
        assert here.text(path) is None


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("shop.cart", {"os", "TAX", "Cart", "total"}),
        ("somelib", {"Client", "core"}),
        ("stubbed", {"blur", "inner"}),
    ],
)
def test_names_of_a_module_are_read_from_its_source(here: ProjectSurroundings, module: str, names: set[str]) -> None:
    """Own and installed, through stars, and by a stub where the source is lazy."""
    assert set(here.names(module) or ()) == names


def test_a_package_has_its_submodules_and_what_it_takes_over(here: ProjectSurroundings) -> None:
    """Through `import *` of its own parts."""
    assert {"load", "VERSION", "Cart", "total", "users", "base"} <= set(here.names("shop") or ())


@pytest.mark.parametrize("module", ["shop.lazy", "nothing", "broken"])
def test_names_that_only_running_could_tell_are_not_told(here: ProjectSurroundings, module: str) -> None:
    """A module `__getattr__`, no module, and one that does not parse."""
    assert here.names(module) is None


def test_the_standard_library_is_known(here: ProjectSurroundings) -> None:
    """From its source, or, for compiled modules that are loaded anyway, by a look at them."""
    assert {"dumps", "loads", "decoder"} <= set(here.names("json") or ())
    assert "sqrt" in (here.names("math") or {"sqrt"})
    assert "Mapping" not in (here.names("collections") or ())


@pytest.mark.parametrize(
    ("module", "qualname", "expected"),
    [
        ("shop.cart", "total", Signature(parameters=("rows",), required=("rows",), keyword_only=("tax",))),
        ("shop.shapes", "Point", Signature(parameters=("x", "y", "tags"), required=("x",))),
        ("shop.shapes", "Tools.cut", Signature(parameters=("a", "b"), required=("a", "b"))),
        ("shop.shapes", "Tools.make", Signature(parameters=("a",), required=("a",))),
        (
            "shop.shapes",
            "Derived",
            Signature(
                parameters=("root", "size"), required=("root",), takes_any_positional=True, takes_any_keyword=True
            ),
        ),
        (
            "shop.shapes",
            "loose",
            Signature(
                parameters=("a", "b"),
                required=("a", "b", "d"),
                keyword_only=("d", "e"),
                takes_any_positional=True,
                takes_any_keyword=True,
            ),
        ),
        ("shop.shapes", "Strange", None),
        ("shop.users", "decorated", None),
        ("shop.cart", "nothing", None),
        ("shop", "load", Signature(parameters=("key",), required=("key",))),
        ("somelib", "Client.get", Signature(parameters=("url",), required=("url",))),
    ],
)
def test_signatures_are_read_from_definitions(
    here: ProjectSurroundings, module: str, qualname: str, expected: Signature | None
) -> None:
    """Functions, methods, constructors inherited or made by a dataclass, through re-exports; else nothing."""
    assert here.signature(module, qualname) == expected


@pytest.mark.parametrize(
    ("name", "near", "answer"),
    [
        ("load_user", "src/shop/users.py", True),
        ("plain", "src/shop/users.py", False),
        ("rows", "src/shop/users.py", False),
        ("decorated", "src/shop/users.py", None),
        ("Users.add", "src/shop/users.py", True),
        ("Users.count", "src/shop/users.py", False),
        ("Users.close", "src/shop/users.py", True),
        ("self.add", "src/shop/users.py", True),
        ("self.nothing", "src/shop/users.py", None),
        ("Users.add", "tests/test_shop.py", True),
        ("load", "python/helpers.py", True),
        ("people.load_user", "python/helpers.py", True),
        ("users.load_user", "python/helpers.py", True),
        ("shop.users.load_user", "python/helpers.py", None),
        ("wraps", "src/shop/users.py", False),
        ("anything", "gone.py", None),
    ],
)
def test_coroutine_functions_are_resolved_as_the_file_would(
    here: ProjectSurroundings, name: str, near: str, answer: bool | None
) -> None:
    """Own definitions, inherited methods, imports of names and of modules; an async generator is none."""
    assert here.is_coroutine_function(name, near) is answer


def test_files_are_read_once(here: ProjectSurroundings, tmp_path: Path) -> None:
    """One object serves one run: what it answered it goes on answering."""
    before = here.names("shop.cart")
    (tmp_path / "project/src/shop/cart.py").write_text("other = 1\n")
    assert here.names("shop.cart") == before
    assert here.text("src/shop/cart.py") == PROJECT["src/shop/cart.py"]


def test_modules_that_take_everything_from_one_another_end(tmp_path: Path) -> None:
    """A ring of `import *` is no endless one."""
    write(tmp_path, {"a.py": "from b import *\nx = 1\n", "b.py": "from a import *\n"})
    around = ProjectSurroundings(tmp_path, [])
    assert around.names("a") is None
    assert around.is_coroutine_function("nothing", "a.py") is None


def test_a_damaged_pyproject_declares_nothing(tmp_path: Path) -> None:
    """Others report it."""
    write(tmp_path, {"pyproject.toml": "[project\n", "requirements.txt": "one\n"})
    around = ProjectSurroundings(tmp_path, [])
    assert around.declared("one")
    assert not around.declared("project")
