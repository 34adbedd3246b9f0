"""Whose code is at fault, on real files of a small project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.surroundings import ProjectSurroundings
from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.provenance import Origins
from pytest_llmlearn.domain.culprit import Culprit
from pytest_llmlearn.domain.occurrence import Binding, Frame, Occurrence
from pytest_llmlearn.domain.provenance import Provenance

MADE = Provenance(type="ai", model="m", confidence=1.0, evidence="test")

CALC = """class Calc:
    def __init__(self, start=0):
        self.total = start

    def add(self, number):
        self.total -= number
        return self.total

    def twice(self):
        return helper(self.total)


class Fancy(Calc):
    pass


def helper(number):
    return number + 2


def other():
    return None
"""


class Written:
    """A reader of provenance that knows every line of some files to be a model's."""

    name = "written"
    notices = ()

    def __init__(self, *paths: str) -> None:
        self._paths = paths

    def read(self, paths: Sequence[str]) -> Mapping[str, Sequence[Provenance | None]]:
        return {path: [MADE] * 200 for path in paths if path in self._paths}

    def says_anything(self) -> bool:
        return bool(self._paths)

    def standing(self) -> str:
        return repr(self._paths)


class Project:
    """A project in a folder, with what a model wrote."""

    def __init__(self, root: Path, *made: str) -> None:
        self.root = root
        self.made = made

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def attribute(self, occurrence: Occurrence, *, everything: bool = False) -> Culprit | None:
        surroundings = ProjectSurroundings(self.root)
        origins = Origins(lambda: [Written(*self.made)], surroundings.text)
        return Attribution(surroundings, origins, everything=everything).attribute([occurrence])[0]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path, "calc.py")
    project.write("calc.py", CALC)
    return project


def a_failed_assertion(test: str, mark: str = "# here", **changes: object) -> Occurrence:
    line = next(number for number, text in enumerate(test.split("\n"), 1) if mark in text)
    frame = Frame(path="test_calc.py", line=line, function="test_it", statement="")
    values = {
        "nodeid": "test_calc.py::test_it",
        "when": "call",
        "exception": "AssertionError",
        "mro": ("AssertionError", "Exception", "BaseException"),
        "message": "assert -2 == 2",
        "frames": (frame,),
        "path": "test_calc.py",
        "line": line,
        "test_path": "test_calc.py",
        **changes,
    }
    return Occurrence(**values)  # type: ignore[arg-type]


def test_the_innermost_generated_frame_is_the_culprit(project: Project) -> None:
    """A call from generated code into a person's helper is laid on the generated line."""
    project.write("people.py", "def check(x):\n    raise ValueError(x)\n")
    frames = (
        Frame(path="test_calc.py", line=4, function="test_it"),
        Frame(path="calc.py", line=6, function="Calc.add"),
        Frame(path="people.py", line=2, function="check"),
    )
    found = project.attribute(
        a_failed_assertion("x # here", exception="ValueError", mro=("ValueError",), frames=frames, path="people.py")
    )
    assert found is not None
    assert (found.path, found.line, found.unit.qualname, found.chosen_by) == ("calc.py", 6, "Calc.add", "frame")


def test_a_failed_assertion_goes_to_what_its_statement_names(project: Project) -> None:
    """The variable is followed back to the method that made it; its `def` line stands until a detector names one."""
    test = "from calc import Calc\n\ndef test_it():\n    c = Calc(0)\n    r = c.add(2)\n    assert r == 2  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None
    assert (found.unit.qualname, found.unit.line, found.chosen_by, found.in_test) == ("Calc.add", 5, "statement", True)
    assert found.line is None


def test_an_inherited_method_is_found_in_its_base(project: Project) -> None:
    """`Fancy().add` is `Calc.add`."""
    test = "from calc import Fancy\n\ndef test_it():\n    assert Fancy().add(2) == 2  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and found.unit.qualname == "Calc.add"


def test_what_a_name_really_stood_for_decides(project: Project) -> None:
    """A fixture's value cannot be read off the text; the binding seen when it failed tells."""
    test = "def test_it(thing):\n    assert thing.add(2) == 2  # here\n"
    project.write("test_calc.py", test)
    binding = Binding(name="thing", path="calc.py", line=1, qualname="Calc", kind="instance")
    found = project.attribute(a_failed_assertion(test, bindings=(binding,)))
    assert found is not None
    assert (found.unit.qualname, found.chosen_by) == ("Calc.add", "statement")


def test_a_name_reexported_by_a_package_is_followed_home(project: Project) -> None:
    """`from shop import helper`, where the package imports it from another module."""
    project.made = ("shop/inner.py",)
    project.write("shop/__init__.py", "from shop.inner import helper\n")
    project.write("shop/inner.py", "def helper():\n    return 1\n")
    test = "from shop import helper\n\ndef test_it():\n    assert helper() == 2  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and (found.path, found.unit.qualname) == ("shop/inner.py", "helper")


def test_a_test_that_reaches_one_function_is_laid_on_it(project: Project) -> None:
    """The statement names nothing of ours, the test's body one function."""
    test = "from calc import other\n\ndef test_it():\n    other()\n    assert open('x') == 2  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and (found.unit.qualname, found.chosen_by) == ("other", "single-unit")


def test_of_several_functions_the_last_called_before_the_failure_is_chosen(project: Project) -> None:
    """And it is said that the choice was made among several."""
    test = (
        "from calc import other, helper\n\ndef test_it():\n    helper(1)\n    other()\n    assert 1 == 2  # here\n"
        "    helper(2)\n"
    )
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and (found.unit.qualname, found.chosen_by) == ("other", "test-body")


def test_a_name_that_a_generated_module_lacks_is_laid_on_its_first_line(project: Project) -> None:
    """The test imports what the model did not write."""
    test = "from calc import missing  # here\n\ndef test_it():\n    assert missing()\n"
    project.write("test_calc.py", test)
    found = project.attribute(
        a_failed_assertion(
            test,
            when="collect",
            nodeid="test_calc.py",
            exception="ImportError",
            mro=("ImportError", "Exception"),
            message="cannot import name 'missing' from 'calc'",
        )
    )
    assert found is not None and (found.path, found.line, found.chosen_by) == ("calc.py", 1, "statement")


def test_a_syntax_error_is_laid_on_its_line(project: Project) -> None:
    """Collection fails in the test's import; the place is the generated file's."""
    project.write("calc.py", "def add(:\n    pass\n")
    test = "import calc  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(
        a_failed_assertion(
            test,
            when="collect",
            nodeid="test_calc.py",
            exception="SyntaxError",
            mro=("SyntaxError",),
            path="calc.py",
            line=1,
        )
    )
    assert found is not None and (found.path, found.line, found.chosen_by) == ("calc.py", 1, "frame")


def test_a_name_that_the_test_itself_lacks_is_a_broken_test(project: Project) -> None:
    """The generated code could not be at fault yet; the failure is told apart."""
    test = "from calc import helper\n\ndef test_it():\n    assert helper(nothing) == 2  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test, exception="NameError", mro=("NameError", "Exception")))
    assert found is not None and found.broken_test


def test_code_that_no_model_wrote_is_not_accused(project: Project) -> None:
    """Without evidence there is no culprit; asked for everything, there is, and it is said who wrote it."""
    project.made = ()
    test = "from calc import helper\n\ndef test_it():\n    assert helper(1) == 2  # here\n"
    project.write("test_calc.py", test)
    failure = a_failed_assertion(test)
    assert project.attribute(failure) is None
    found = project.attribute(failure, everything=True)
    assert found is not None
    assert (found.unit.qualname, found.provenance.type) == ("helper", "unknown")


def test_a_generated_test_is_the_last_to_be_accused(project: Project) -> None:
    """Where the code under test is a person's, a test that a model wrote is the generated code at fault."""
    project.made = ("test_calc.py",)
    test = "from calc import helper\n\ndef test_it():\n    assert helper(1) == 2  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and (found.path, found.line) == ("test_calc.py", 4)
    project.made = ("test_calc.py", "calc.py")
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and found.path == "calc.py"


def test_a_generated_test_is_not_accused_in_place_of_code_of_unknown_making(project: Project) -> None:
    """A line that is not committed yet raised: the test that showed it is right, whoever wrote it."""
    project.made = ("test_calc.py",)
    test = "from calc import Calc\n\ndef test_it():\n    Calc('1').add(2)  # here\n"
    project.write("test_calc.py", test)
    frames = (
        Frame(path="test_calc.py", line=4, function="test_it"),
        Frame(path="calc.py", line=6, function="Calc.add"),
    )
    failure = a_failed_assertion(test, exception="TypeError", mro=("TypeError",), frames=frames, path="calc.py", line=6)
    assert project.attribute(failure) is None
    project.made = ("test_calc.py", "calc.py")
    found = project.attribute(failure)
    assert found is not None and (found.path, found.line) == ("calc.py", 6)


def test_a_coroutine_nobody_awaited_is_laid_on_the_call_that_made_it(project: Project) -> None:
    """The warning names where the object died; the test reaches the function whose call is not awaited."""
    made = "async def load():\n    return 1\n\n\nasync def name():\n    load()\n    return 2\n"
    project.write("calc.py", made)
    test = "import asyncio\nfrom calc import name\n\ndef test_it():\n    assert asyncio.run(name()) == 2  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(
        a_failed_assertion(
            test,
            exception="RuntimeWarning",
            mro=("RuntimeWarning", "Warning"),
            message="coroutine 'load' was never awaited",
            source="warning",
            frames=(),
            path=None,
            line=None,
        )
    )
    assert found is not None and (found.line, found.unit.qualname) == (6, "name")


def test_a_failing_fixture_is_not_laid_on_what_the_test_would_have_called(project: Project) -> None:
    """The test's body did not run; only what the fixture names can be at fault."""
    test = (
        "import pytest\nfrom calc import helper\n\n@pytest.fixture\ndef thing():\n    raise OSError('no')  # here\n\n"
        "def test_it(thing):\n    assert helper(1) == 2\n"
    )
    project.write("test_calc.py", test)
    failure = a_failed_assertion(test, when="setup", exception="OSError", mro=("OSError", "Exception"))
    assert project.attribute(failure) is None


def test_a_module_named_as_tests_are_is_still_code_under_test(project: Project) -> None:
    """`t_test.py` may be statistics: what it defines tells."""
    project.made = ("t_test.py",)
    project.write("t_test.py", "def t_test(a, b):\n    return 0\n")
    test = "from t_test import t_test\n\ndef test_it():\n    assert t_test(1, 2) == 1  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and (found.path, found.unit.qualname) == ("t_test.py", "t_test")


def test_a_helper_of_the_tests_is_on_the_tests_side(project: Project) -> None:
    """A failing helper in the folder of tests leads to what it was asked to check."""
    project.write("tests/checks.py", "def check(value):\n    assert value == 2\n")
    test = "from calc import helper\nfrom tests.checks import check\n\ndef test_it():\n    check(helper(1))  # here\n"
    project.write("test_calc.py", test)
    frames = (
        Frame(path="test_calc.py", line=5, function="test_it"),
        Frame(path="tests/checks.py", line=2, function="check"),
    )
    found = project.attribute(a_failed_assertion(test, frames=frames))
    assert found is not None and found.unit.qualname == "helper"


def test_a_test_that_names_nothing_of_the_project_failed_by_itself(project: Project) -> None:
    """What its module imports for other tests is not accused."""
    test = "from calc import helper\n\ndef test_it():\n    table = {'a': 1}\n    assert table['a'] == 2  # here\n"
    project.write("test_calc.py", test)
    assert project.attribute(a_failed_assertion(test)) is None


def test_a_value_from_a_fixture_leads_to_what_the_fixture_calls(project: Project) -> None:
    """In the nearest conftest, where nobody bound the value."""
    project.write(
        "conftest.py", "import pytest\nimport calc\n\n@pytest.fixture\ndef data():\n    return calc.other()\n"
    )
    test = "def test_it(data):\n    assert data['a'] == 2  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and (found.unit.qualname, found.chosen_by) == ("other", "single-unit")


def test_a_decorators_wrapper_is_not_accused_for_what_it_wraps(project: Project) -> None:
    """What stood there when it ran was the wrapper; the function under the decorator is what was written."""
    project.write(
        "calc.py",
        "def logged(f):\n    def wrapper(*a):\n        return f(*a)\n    return wrapper\n\n\n"
        "@logged\ndef tax(x):\n    return x\n",
    )
    test = "from calc import tax\n\ndef test_it():\n    assert tax(1) == 2  # here\n"
    project.write("test_calc.py", test)
    binding = Binding(name="tax", path="calc.py", line=2, qualname="logged.<locals>.wrapper", kind="function")
    found = project.attribute(a_failed_assertion(test, bindings=(binding,)))
    assert found is not None and (found.unit.qualname, found.unit.line) == ("tax", 8)


def test_star_imports_are_followed(project: Project) -> None:
    """Through a package that takes everything from a module."""
    project.made = ("pkg/core.py",)
    project.write("pkg/__init__.py", "from .core import *\n")
    project.write("pkg/core.py", "class Engine:\n    def rpm(self):\n        return 1\n")
    test = (
        "from pkg import Engine\n\nclass TestIt:\n    def setup_method(self):\n        self.e = Engine()\n"
        "    def test_it(self):\n        assert self.e.rpm() == 2  # here\n"
    )
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and (found.path, found.unit.qualname) == ("pkg/core.py", "Engine.rpm")


RETURNS = """class Order:
    def add(self, x):
        return self

    @property
    def total(self):
        return 0

    def __len__(self):
        return 0


def make():
    return Order()


RATE = 3
double = lambda x: x + x + 1
"""


@pytest.mark.parametrize(
    ("expression", "unit"),
    [
        ("make().add(1).total == 2", "Order.total"),
        ("Order().add(1).total == 2", "Order.total"),
        ("len(make()) == 2", "Order.__len__"),
        ("make() == 2", "make"),
        ("RATE == 2", "RATE"),
        ("double(2) == 4", "double"),
    ],
)
def test_what_functions_return_is_followed_where_their_text_says_it(
    project: Project, expression: str, unit: str
) -> None:
    """The method asked last is at fault, not the maker of the object; a module's variable is a unit of its own."""
    project.write("calc.py", RETURNS)
    test = f"from calc import *\n\ndef test_it():\n    assert {expression}  # here\n"
    project.write("test_calc.py", test)
    found = project.attribute(a_failed_assertion(test))
    assert found is not None and found.unit.qualname == unit
