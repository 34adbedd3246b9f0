"""What a test names, told from its text alone."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.reach import Import, Reached


def line_of(text: str, mark: str = "# here") -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if mark in line)


def test_a_call_in_the_statement_is_reached_outermost_first() -> None:
    """The call that makes the compared value stands before the calls in its arguments."""
    text = "from m import add, parse\ndef test_it():\n    assert add(parse('1'), 2) == 3  # here\n"
    assert Reached(text, line_of(text)).statement == (("add", "()", "__eq__", "()"), ("parse", "()"))


def test_a_local_variable_is_followed_back_to_the_call_that_made_it() -> None:
    """`res` stands for `Gate().check(...)`, two assignments away."""
    text = "from m import Gate\ndef test_it():\n    gate = Gate()\n    res = gate.check(1)\n    assert res  # here\n"
    assert Reached(text, line_of(text)).statement == (("Gate", "()", "check", "()"),)


def test_the_last_assignment_before_the_line_counts() -> None:
    """What is assigned below the failing statement was not there yet."""
    text = "from m import one, two\ndef test_it():\n    x = one()\n    x = two()\n    assert x  # here\n    x = one()\n"
    assert Reached(text, line_of(text)).statement == (("two", "()"),)


def test_what_set_up_gives_to_self_is_known() -> None:
    """unittest's `setUp` binds `self.calc` for every test of the class."""
    text = (
        "from m import Calc\nclass TestCalc:\n    def setUp(self):\n        self.calc = Calc(1)\n"
        "    def test_add(self):\n        self.assertEqual(self.calc.add(2), 3)  # here\n"
    )
    assert ("Calc", "()", "add", "()") in Reached(text, line_of(text)).statement


def test_loops_with_blocks_and_unpacking_bind_names() -> None:
    """Each of these makes a local name stand for a call."""
    text = (
        "from m import rows, opened, pair\ndef test_it():\n    for row in rows():\n        with opened() as f:\n"
        "            a, b = pair()\n            assert row and f and b  # here\n"
    )
    assert set(Reached(text, line_of(text)).statement) == {("rows", "()"), ("opened", "()"), ("pair", "()")}


def test_a_name_assigned_from_itself_ends() -> None:
    """Following `x = x.next()` back must not go on for ever."""
    text = "from m import start\ndef test_it():\n    x = start()\n    x = x.next()\n    assert x  # here\n"
    assert Reached(text, line_of(text)).statement


@pytest.mark.parametrize(
    ("expression", "reached"),
    [
        ("len(box)", ("box", "__len__", "()")),
        ("box[1]", ("box", "__getitem__", "()")),
        ("1 in box", ("box", "__contains__", "()")),
        ("box + 1", ("box", "__add__", "()")),
        ("box < 1", ("box", "__lt__", "()")),
        ("box.items[0].name", ("box", "items", "__getitem__", "()", "name")),
        ("1 + box.size", ("box", "size")),
    ],
)
def test_operators_stand_as_the_methods_they_call(expression: str, reached: tuple[str, ...]) -> None:
    """Python asks the object's own methods, so they are what the test names."""
    text = f"def test_it(box):\n    assert {expression}  # here\n"
    assert reached in Reached(text, line_of(text)).statement


def test_a_test_on_builtins_alone_shows_all_it_uses() -> None:
    """Parameters and names of the module are values whose making the test's function does not show."""
    own = "def test_it():\n    table = {'a': 1}\n    assert table['a'] == 2  # here\n"
    given = "CASES = make()\ndef test_it():\n    assert CASES[0] == 2  # here\n"
    assert not Reached(own, line_of(own)).opaque
    assert Reached(given, line_of(given)).opaque


def test_imports_are_told_apart() -> None:
    """A module, an alias, a name, a relative name."""
    text = "import a.b\nimport c.d as e\nfrom f import g as h\nfrom ..i import j\n"
    assert Reached(text, None).imports == {
        "a": Import(module="a"),
        "e": Import(module="c.d"),
        "h": Import(module="f", name="g"),
        "j": Import(module="i", name="j", level=2),
    }


def test_of_a_compound_statement_only_the_head_is_named() -> None:
    """A failing `with` line does not name what its body calls."""
    text = "from m import one, two\ndef test_it():\n    with one():  # here\n        two()\n"
    assert Reached(text, line_of(text)).statement == (("one", "()"),)


def test_text_that_does_not_parse_reaches_nothing() -> None:
    """Silence, not an error."""
    assert Reached("def (", 1).statement == ()
