"""The project's own interpreter is another than ours: what exists there is told, and none of its code is run."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.interpreter import ProjectInterpreter, found
from pytest_llmlearn.adapters.last_run.ran_by import RanByFile
from pytest_llmlearn.adapters.surroundings.existing import ExistingWorld
from pytest_llmlearn.domain.seen_modules import SeenModule, SeenModules

GADGETS = {
    "gadgets/__init__.py": "from .tools import turn, wrapped\nfrom . import parts\n__version__ = '1.5'\n",
    "gadgets/tools.py": (
        "def turn(angle, *, speed=1): ...\n"
        "def _wrap(f):\n    return lambda *a, **k: f(*a, **k)\n"
        "@_wrap\ndef wrapped(angle): ...\n"
        "async def fetch(): ...\n"
        "class Base:\n    size = 1\n    def __init__(self):\n        self.made = True\n"
        "class Wheel(Base):\n    def roll(self): ...\n"
        "class Odd(Base):\n    def __getattr__(self, name): ...\n"
    ),
    "gadgets/parts.py": "import sys\nglobals().update(bolt=1)\n",
    "gadgets/turn.py": "here = 1\n",
    "gadgets/_fast.cpython-399-x86_64-linux-gnu.so": "",
    "gadgets-1.5.dist-info/top_level.txt": "gadgets\n",
}


class Drawer(dict[str, Any]):
    """A file for the answer, in memory."""

    def read(self) -> dict[str, Any] | None:
        return dict(self) or None

    def write(self, values: Mapping[str, Any]) -> None:
        self.update(values)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an environment of its own, a package in it, and a file that would run code at the start."""
    root = tmp_path_factory.mktemp("elsewhere")
    venv.create(root / ".venv", with_pip=False, symlinks=os.name != "nt")
    packages = next((root / ".venv").rglob("site-packages"))
    for name, text in GADGETS.items():
        (packages / name).parent.mkdir(exist_ok=True)
        (packages / name).write_text(text, encoding="utf-8")
    (root / "linked").mkdir()
    (root / "linked" / "farther.py").write_text("x = 1\n", encoding="utf-8")
    ran = root / "ran"
    (packages / "boom.pth").write_text(f"import pathlib; pathlib.Path({str(ran)!r}).touch()\n{root / 'linked'}\n")
    return root


@pytest.fixture(scope="module")
def world(elsewhere: Path) -> ExistingWorld:
    return ExistingWorld(elsewhere, ProjectInterpreter(elsewhere, {}).ask())


def test_what_is_installed_there_exists_and_what_is_installed_here_does_not(world: ExistingWorld) -> None:
    """Nobody is asked but the project's interpreter."""
    assert (world.installed("gadgets"), world.installed("farther"), world.installed("json")) == (True, True, True)
    assert (world.installed("pytest"), world.installed("gadget")) == (False, False)
    assert world.version("gadgets") == "1.5"
    assert world.python() == sys.version_info[:2]
    assert "print" in (world.builtin_names() or ())


def test_no_code_of_the_environment_is_run(world: ExistingWorld, elsewhere: Path) -> None:
    """Lines of `.pth` files that are code are left alone."""
    assert world.installed("gadgets")
    assert not (elsewhere / "ran").exists()


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("gadgets", "turn", True), ("gadgets", "spin", False), ("gadgets.tools", "spin", False),
        ("gadgets", "_fast", True), ("gadgets.parts", "bolt", None), ("gadgets.parts", "nut", None),
        ("unheard", "x", None), ("math", "tau", True), ("math", "mean", False), ("re", "IGNORECASE", True),
        ("os.path", "join", True), ("datetime", "now", False),
    ],
)  # fmt: skip
def test_the_names_of_modules(world: ExistingWorld, module: str, name: str, expected: bool | None) -> None:
    """By source, by what the interpreter says of its compiled modules; None where names may be made while running."""
    if name == "_fast":
        assert world.is_module("gadgets._fast") is None
    else:
        assert world.has(module, name) is expected


def test_a_function_hides_the_module_of_its_name(world: ExistingWorld) -> None:
    """`gadgets.turn` is what the package binds, not the file beside it."""
    assert world.is_module("gadgets.turn") is False
    assert world.is_module("gadgets.tools") is True


def test_what_callables_take_and_classes_have(world: ExistingWorld) -> None:
    """Followed through re-exports and bases; not told where a decorator or `__getattr__` may say otherwise."""
    assert world.takes("gadgets", "turn", "speed") is True
    assert world.takes("gadgets", "turn", "power") is False
    assert world.takes("gadgets", "wrapped", "power") is None
    assert world.takes("gadgets", "wrapped", "power", bare=True) is False
    assert {"roll", "size", "made", "__init__"} <= set(world.members("gadgets.tools", "Wheel") or ())
    assert "fly" not in (world.members("gadgets.tools", "Wheel") or ())
    assert world.members("gadgets.tools", "Odd") is None
    assert "append" in (world.members("builtins", "list") or ())
    assert world.is_coroutine("gadgets.tools", "fetch") is True


def test_what_was_seen_counts_where_source_is_silent(elsewhere: Path) -> None:
    """And only while the distribution is of the version that was seen."""
    interpreter = ProjectInterpreter(elsewhere, {}).ask()

    def world(version: str) -> ExistingWorld:
        parts = SeenModule(version=version, lacks=frozenset({"nut"}))
        tools = SeenModule(version=version, refuses={"wrapped": frozenset({"power"})})
        return ExistingWorld(
            elsewhere, interpreter, lambda: SeenModules({"gadgets.parts": parts, "gadgets.tools": tools})
        )

    assert world("1.5").has("gadgets.parts", "nut") is False
    assert world("1.5").takes("gadgets", "wrapped", "power") is False
    assert world("1.4").has("gadgets.parts", "nut") is None
    assert world("1.4").takes("gadgets", "wrapped", "power") is None


def test_the_answer_is_kept_until_the_environment_changes(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked once; a package that comes or goes moves its folder's time."""
    drawer = Drawer()
    first = ProjectInterpreter(elsewhere, {}, kept=drawer).ask()
    asked: list[object] = []

    def refuse(*words: object, **more: object) -> None:
        asked.append(words)
        raise OSError("not now")

    monkeypatch.setattr(subprocess, "run", refuse)
    assert ProjectInterpreter(elsewhere, {}, kept=drawer).ask() == first
    assert not asked
    packages = next((elsewhere / ".venv").rglob("site-packages"))
    os.utime(packages, (1, 1))
    assert ProjectInterpreter(elsewhere, {}, kept=drawer).ask() is None
    assert asked


def test_an_interpreter_that_does_not_start_costs_a_sentence(tmp_path: Path) -> None:
    """Then nothing is known of it."""
    interpreter = ProjectInterpreter(tmp_path, {}, named="no/such/python")
    world = ExistingWorld(tmp_path, interpreter.ask(), notices=interpreter.notices)
    (notice,) = world.notices
    assert "no/such/python does not answer" in notice
    assert world.installed("json") is None
    assert world.builtin_names() is None
    assert world.has("json", "nonsense") is None


def test_which_interpreter_it_is(elsewhere: Path, tmp_path: Path) -> None:
    """The one that is named, of the active environment, of the project's folder, that ran the tests, or ours."""
    own = str(elsewhere / ".venv" / "bin" / "python")
    assert found(elsewhere, {}) == own
    assert found(tmp_path, {"VIRTUAL_ENV": str(elsewhere / ".venv")}) == own
    assert found(tmp_path, {}) == sys.executable
    assert found(elsewhere, {}, ".venv") == own
    assert found(tmp_path, {}, own) == own
    assert found(tmp_path, {}, ran="/opt/tox/python") == "/opt/tox/python"
    assert found(elsewhere, {}, ran="/opt/tox/python") == own


@pytest.mark.parametrize("stamps", [None, {}, [], "x", {"\0": 1}])
def test_a_kept_answer_that_is_damaged_is_asked_anew(elsewhere: Path, stamps: object) -> None:
    """Whatever stands in the file."""
    own = found(elsewhere, {})
    drawer = Drawer({"executable": own, "told": {}, **({"stamps": stamps} if stamps is not None else {})})
    assert ProjectInterpreter(elsewhere, {}, kept=drawer).ask() is not None
    assert drawer["told"]


def test_who_ran_the_tests_is_kept_beside_a_memory(tmp_path: Path) -> None:
    """Nothing is made for it; one that has gone meanwhile, or a name that is no path, is not told."""
    state = tmp_path / ".llmlearn" / "state"
    RanByFile(tmp_path).saw(sys.executable)
    assert RanByFile(tmp_path).read() == "" and not state.exists()
    state.mkdir(parents=True)
    (state / "memory.db").touch()
    RanByFile(tmp_path).saw(sys.executable)
    assert RanByFile(tmp_path).read() == sys.executable
    for gone in (str(tmp_path / "gone"), "python", "/\0"):
        RanByFile(tmp_path).saw(gone)
        assert RanByFile(tmp_path).read() == ""


def test_own_files_are_read_anew_when_asked(elsewhere: Path) -> None:
    """What is written while an editor runs counts."""
    world = ExistingWorld(elsewhere, ProjectInterpreter(elsewhere, {}).ask())
    (elsewhere / "shelf.py").write_text("def put(): ...\n", encoding="utf-8")
    world.forget()
    assert world.has("shelf", "take") is False
    (elsewhere / "shelf.py").write_text("def put(): ...\ndef take(): ...\n", encoding="utf-8")
    world.forget()
    assert world.has("shelf", "take") is True


def test_libraries_are_imported_to_look_only_where_that_is_allowed(elsewhere: Path) -> None:
    """In a process of their own, once; the project's own modules never."""
    interpreter = ProjectInterpreter(elsewhere, {})
    (elsewhere / "mine.py").write_text("import pathlib\npathlib.Path('imported').touch()\nglobals().update(a=1)\n")
    drawer = Drawer()
    allowed = ExistingWorld(elsewhere, interpreter.ask(), kept=drawer, inspect=interpreter.inspect)
    silent = ExistingWorld(elsewhere, interpreter.ask())
    assert (silent.has("gadgets.parts", "bolt"), silent.takes("gadgets", "wrapped", "power")) == (None, None)
    assert allowed.has("gadgets.parts", "bolt") is True
    assert allowed.has("gadgets.parts", "nut") is False
    assert allowed.takes("gadgets", "wrapped", "power") is True  # the wrapper takes anything
    assert allowed.has("mine", "b") is None
    assert allowed.has("gadgets.unheard", "x") is None
    assert not list(elsewhere.rglob("imported"))
