"""What a repair changed, in five lines, with the statement that failed."""

from __future__ import annotations

import textwrap

import pytest

from pytest_llmlearn.domain.hunk import CHANGED_LIMIT, TEXT_LIMIT, Hunk, Rewritten, added_imports, difference

TOTAL = '''\
def total(items, tax=0):
    """The sum."""
    result = 0
    for item in items:
        result += item.price * item.count
        log(item)
    if tax:
        result = result * tax
    return result
'''


def hunk_of(red: str, green: str, *, statement: str | None = None, line: int | None = None) -> Hunk:
    found = difference(red, green, statement=statement, line=line)
    assert isinstance(found, Hunk), found
    assert 0 < len(found.bad.splitlines()) <= 5 and 0 < len(found.good.splitlines()) <= 5
    assert found.bad != found.good
    return found


def changed(old: str, new: str) -> str:
    assert old in TOTAL
    return TOTAL.replace(old, new)


def lines(*texts: str) -> str:
    return "\n".join(texts)


ONE_STATEMENT = {
    "another operator": ("result = result * tax", "result = result * (1 + tax)"),
    "another name": ("item.price", "item.cost"),
    "another call": ("log(item)", "log.info(item)"),
    "another constant": ("result = 0", "result = 0.0"),
    "another condition": ("if tax:", "if tax is not None:"),
    "another loop": ("for item in items:", "for item in items or ():"),
    "another default": ("tax=0", "tax=None"),
    "another annotation": ("def total(items, tax=0):", "def total(items: list[Item], tax: float = 0) -> float:"),
    "a loop that waits": ("for item in items:", "async for item in items:"),
    "a condition turned round": ("if tax:", "if not tax:"),
    "a subscript": ("item.price", 'item["price"]'),
    "a keyword": ("log(item)", "log(item, level=2)"),
    "a comprehension": ("result = 0", "result = sum(i for i in items)"),
    "an f-string": ("log(item)", 'log(f"{item}")'),
    "an await": ("log(item)", "await log(item)"),
    "another value returned": ("return result", "return round(result, 2)"),
    "nothing returned": ("return result", "return None"),
    "another target": ("result = result * tax", "total = result * tax"),
    "an augmented assignment": ("result = result * tax", "result *= tax"),
    "a walrus": ("if tax:", "if (rate := tax):"),
    "a lambda": ("log(item)", "defer(lambda: log(item))"),
    "a chained comparison": ("if tax:", "if 0 < tax < 1:"),
    "a function made a coroutine": ("def total", "async def total"),
}


@pytest.mark.parametrize(("old", "new"), ONE_STATEMENT.values(), ids=ONE_STATEMENT)
def test_one_changed_statement_is_shown_whole(old: str, new: str) -> None:
    """It counts as one, the failing line is in it, and nothing else is shown."""
    red_line = next(number for number, text in enumerate(TOTAL.splitlines(), 1) if old in text)
    found = hunk_of(TOTAL, changed(old, new), line=red_line)
    assert (found.changed, found.complete, found.at_culprit) == (1, True, True)
    assert old in found.bad and new in found.good
    assert len(found.bad.splitlines()) == len(found.good.splitlines()) == 1


SAME = {
    "comments": changed("result = 0\n", "result = 0  # start\n    # more\n"),
    "a docstring": changed('"""The sum."""', '"""Another."""'),
    "no docstring": changed('    """The sum."""\n', ""),
    "layout": changed("total(items, tax=0)", "total(\n    items,\n    tax = 0,\n)").replace("log(item)", "log( item )"),
    "parentheses": changed("if tax:", "if (tax):"),
    "an elif written out": TOTAL,
    "an idle pass": changed("        log(item)\n", "        log(item)\n        pass\n"),
}


@pytest.mark.parametrize("green", SAME.values(), ids=SAME)
def test_equal_code_has_no_hunk(green: str) -> None:
    """Comments, layout and docstrings are no code."""
    assert difference(TOTAL, green) is None
    assert difference(green, TOTAL) is None


def test_quotes_and_elif_are_layout() -> None:
    """What Python reads alike is alike."""
    red = "def f(a):\n    if a == 'x':\n        g()\n    elif a:\n        h()\n"
    green = 'def f(a):\n    if a == "x":\n        g()\n    else:\n        if a:\n            h()\n'
    assert difference(red, green) is None


def test_methods_and_imports_in_another_order_are_no_change() -> None:
    """Code that only moved does what it did."""
    first, second = "    def a(self):\n        return 1\n", "    def b(self):\n        return 2\n"
    assert difference(f"class A:\n{first}{second}", f"class A:\n{second}{first}") is None
    assert difference("import os\nimport sys", "import sys\nimport os") is None


def test_statements_of_a_function_in_another_order_are_a_change() -> None:
    """There the order is the meaning."""
    found = hunk_of("def f():\n    a()\n    b()\n", "def f():\n    b()\n    a()\n")
    assert found.changed == 2


def test_a_renamed_variable_alone_is_a_change() -> None:
    """What it repaired may be a name that was hidden."""
    assert hunk_of("def f():\n    a = g()\n    return a\n", "def f():\n    b = g()\n    return b\n").changed == 2


def test_an_inserted_guard_stands_before_the_statement_that_failed() -> None:
    """An insertion has no red code: the statement that both have says where it belongs."""
    green = changed("    for item", "    if items is None:\n        return 0\n    for item")
    found = hunk_of(TOTAL, green, statement="for item in items:")
    assert found.signature == "def total(items, tax=0):"
    assert found.bad == "for item in items:"
    assert found.good == lines("if items is None:", "    return 0", "for item in items:")
    assert (found.changed, found.removed, found.complete) == (2, (), True)
    assert found.added == ("if items is None:", "return 0")


def test_the_statement_that_failed_is_shown_though_another_was_changed() -> None:
    """A lesson is about the line that fails; the repair may stand above it."""
    green = changed("    for item", "    items = items or []\n    for item")
    found = hunk_of(TOTAL, green, statement="result += item.price * item.count")
    assert found.at_culprit
    assert found.bad == lines("result = 0", "…", "    result += item.price * item.count")
    assert found.good == lines("result = 0", "items = items or []", "…", "    result += item.price * item.count")


def test_a_removed_statement_stands_beside_its_neighbour() -> None:
    """So that the good side is never empty."""
    found = hunk_of(TOTAL, changed("        log(item)\n", ""), statement="log(item)")
    assert found.bad == lines("result += item.price * item.count", "log(item)")
    assert found.good == "result += item.price * item.count"
    assert (found.changed, found.removed, found.at_culprit) == (1, ("log(item)",), True)


def test_a_statement_put_into_a_new_block_is_not_itself_changed() -> None:
    """Wrapping it adds the head alone."""
    green = changed("        log(item)\n", "        if item:\n            log(item)\n")
    found = hunk_of(TOTAL, green, statement="log(item)")
    assert (found.changed, found.bad, found.good) == (1, "log(item)", lines("if item:", "    log(item)"))


def test_a_block_taken_away_leaves_what_was_in_it() -> None:
    """Unwrapping removes the head alone."""
    found = hunk_of(TOTAL, changed("    if tax:\n        result", "    result"), statement="result = result * tax")
    assert (found.changed, found.removed) == (1, ("if tax:",))
    assert found.bad == lines("if tax:", "    result = result * tax") and found.good == "result = result * tax"


def test_a_try_around_the_failing_statement() -> None:
    """The handler belongs to the repair."""
    green = changed(
        "        log(item)\n", "        try:\n            log(item)\n        except OSError:\n            pass\n"
    )
    found = hunk_of(TOTAL, green, statement="log(item)")
    assert found.bad == "log(item)"
    assert found.good == lines("try:", "    log(item)", "except OSError:", "    pass")


def test_a_return_taken_out_of_its_loop_is_shown_with_the_loop() -> None:
    """Equal code in another block is a change, and its block tells which."""
    red = "def f(xs):\n    n = 0\n    for x in xs:\n        n += x\n        return n\n"
    found = hunk_of(red, red.replace("        return", "    return"), statement="return n")
    assert found.changed == 1
    assert found.bad == lines("for x in xs:", "    …", "    return n")
    assert found.good == lines("for x in xs:", "    …", "return n")


def test_an_else_with_another_body() -> None:
    """A line of the frame counts as no statement."""
    red = "def f(a):\n    if a:\n        b = 1\n    return b\n"
    found = hunk_of(red, red.replace("    return", "    else:\n        b = 2\n    return"), statement="return b")
    assert (found.changed, found.bad) == (1, lines("if a:", "    …", "return b"))
    assert found.good == lines("if a:", "    …", "else:", "    b = 2", "return b")


def test_the_place_at_the_culprit_is_shown_before_others() -> None:
    """Others come along where five lines hold them."""
    body = "".join(f"    step{number}()\n" for number in range(12))
    red = f"def f():\n{body}"
    green = red.replace("step1()", "first()").replace("step10()", "last()")
    both = hunk_of(red, green, statement="step10()")
    assert both.bad == lines("step1()", "…", "step10()") and both.complete and both.at_culprit
    many = red
    for number in (1, 4, 7, 10):
        many = many.replace(f"step{number}()", f"other{number}()")
    some = hunk_of(red, many, statement="step10()")
    assert "step10()" in some.bad and "other10()" in some.good and not some.complete and some.changed == 4


def test_a_long_change_is_cut_around_the_failing_statement() -> None:
    """And says that it was."""
    red = "def f():\n" + "".join(f"    old{number} = g({number})\n" for number in range(9))
    green = "def f():\n" + "".join(f"    new{number} = h({number}, 1)\n" for number in range(9))
    found = hunk_of(red, green, statement="old6 = g(6)")
    assert "old6 = g(6)" in found.bad and "new6 = h(6, 1)" in found.good
    assert "…" in found.bad and found.at_culprit and not found.complete
    assert len(found.removed) == len(found.added) == 9


@pytest.mark.parametrize("count", [CHANGED_LIMIT, CHANGED_LIMIT + 1])
def test_more_than_ten_changed_statements_are_a_rewriting(count: int) -> None:
    """Nothing tells which of them mattered."""
    red = "def f():\n" + "".join(f"    old{number} = g({number})\n" for number in range(count))
    found = difference(red, red.replace("old", "new"))
    assert found == Rewritten(changed=count) if count > CHANGED_LIMIT else isinstance(found, Hunk)


def test_a_method_within_a_class_has_both_lines_as_its_signature() -> None:
    """The class as the unit: its `class` line, then the method's."""
    red = f"class Order(Base):\n    rate = 1\n\n{textwrap.indent(TOTAL, '    ')}"
    found = hunk_of(red, red.replace("item.price", "item.cost"))
    assert found.signature == lines("class Order(Base):", "    def total(items, tax=0):")
    assert found.bad == "result += item.price * item.count"


def test_a_changed_signature_is_the_hunk() -> None:
    """And is not told twice."""
    found = hunk_of("def f(a):\n    return a\n", "def f(self, a):\n    return a\n")
    assert (found.signature, found.bad, found.good) == ("", "def f(a):", "def f(self, a):")


def test_a_decorator_is_a_statement_of_its_own() -> None:
    """It stands above the definition it was put on."""
    found = hunk_of("def f(a):\n    return a\n", "@staticmethod\ndef f(a):\n    return a\n")
    assert (found.bad, found.good) == ("def f(a):", "@staticmethod\ndef f(a):")


def test_a_wide_signature_loses_its_annotations() -> None:
    """It is there for orientation."""
    wide = ", ".join(f"argument_{number}: dict[str, list[int]] | None = None" for number in range(8))
    found = hunk_of(f"def f({wide}):\n    return 1\n", f"def f({wide}):\n    return 2\n")
    assert found.signature.startswith("def f(argument_0, argument_1") and len(found.signature) <= 100


def test_a_long_statement_is_cut_around_what_changed() -> None:
    """Its start and the difference are seen."""
    entries = [f"'key_{number}': {number}" for number in range(40)]
    red = "TABLE = {" + ", ".join(entries) + "}\n"
    found = hunk_of(red, red.replace("'key_30': 30", "'key_30': 31"))
    assert found.bad.startswith("TABLE = {'key_0': 0") and "'key_30': 30" in found.bad
    assert "'key_30': 31" in found.good and len(found.good) <= 120
    assert found.removed == (red.strip(),)


def test_a_line_of_a_statement_of_several_finds_it() -> None:
    """The failing line is one line; the statement may have more."""
    red = "def f():\n    a = g(\n        one,\n        two,\n    )\n    return a\n"
    found = hunk_of(red, red.replace("two", "three"), statement="two,")
    assert found.at_culprit and found.bad == "a = g(one, two)"


def test_of_equal_lines_the_one_nearest_to_the_change_failed() -> None:
    """Where only the text is known."""
    red = "def f(a):\n    g()\n    if a:\n        x = 1\n        g()\n    return x\n"
    found = hunk_of(red, red.replace("x = 1", "x = 2"), statement="g()")
    assert found.bad == lines("x = 1", "g()")


@pytest.mark.parametrize(
    ("red", "green", "bad", "good"),
    [
        ("def f(a:\n    return a\n", "def f(a):\n    return a\n", "def f(a:", "def f(a):"),
        ("def f(a):\nreturn a\n", "def f(a):\n    return a\n", "return a", "return a"),
        ('def f():\n    """Words"""\n    x = (1\n', "def f():\n    x = (1)  # no\n", "x = (1", "x = (1)"),
        ("import os,\n", "import os\n", "import os,", "import os"),
    ],
)
def test_text_that_does_not_parse_is_compared_by_its_lines(red: str, green: str, bad: str, good: str) -> None:
    """A syntax error is repaired like any other mistake."""
    found = difference(red, green)
    assert isinstance(found, Hunk)
    assert bad in found.bad and good in found.good


def test_what_lies_beyond_the_cut_of_a_kept_text_is_no_change() -> None:
    """A kept unit ends in the middle of a line."""
    body = "".join(f"    step_{number}(argument_{number})\n" for number in range(700))
    green = f"def f():\n{body}".replace("step_3(argument_3)", "step_3()")
    red = f"def f():\n{body}"[:TEXT_LIMIT]
    found = hunk_of(red, green)
    assert (found.changed, found.bad, found.good) == (1, "step_3(argument_3)", "step_3()")


def test_a_unit_with_a_string_at_the_margin_is_read_as_code() -> None:
    """Such text cannot be dedented whole."""
    red = '    def f(self):\n        q = """\nselect\n"""\n        return run(q)\n'
    found = hunk_of(red, red.replace("run(q)", "run(q, 1)"), line=5)
    assert found.at_culprit and found.signature == "def f(self):" and found.bad == "return run(q)"


def test_control_characters_are_not_shown() -> None:
    """A hunk is quoted to people and models."""
    found = hunk_of("x = 'a'\n", "x = '\x1b[31m\u202eb'\n")
    assert "\x1b" not in found.good and "\u202e" not in found.good


def test_an_expression_too_deep_to_be_written_out_is_compared_by_lines() -> None:
    """A sum of many terms is as deep as it is long."""
    long = " + ".join(f"a{number}" for number in range(900))
    found = difference(f"def f():\n    x = {long}\n    return x\n", f"def f():\n    x = {long}\n    return -x\n")
    assert isinstance(found, Hunk) and (found.bad, found.good) == ("return x", "return -x")


class TestImports:
    """Imports that a repair needs."""

    RED = "import os\n\n\ndef f():\n    return loads('1')\n"
    GREEN = "import os\nimport sys\nfrom json import dumps, loads as read\n\n\ndef f():\n    return read('1')\n"

    def found(self) -> Hunk:
        return hunk_of("def f():\n    return loads('1')\n", "def f():\n    return read('1')\n")

    def test_an_import_that_the_good_code_uses_is_part_of_the_repair(self) -> None:
        """Narrowed to the name used; others of the file are nobody's part."""
        assert added_imports(self.RED, self.GREEN, self.found()) == ("from json import loads as read",)

    def test_an_import_that_was_there_is_none(self) -> None:
        """Nor one under a condition."""
        known = "try:\n    from json import loads as read\nexcept ImportError:\n    read = None\n"
        assert added_imports(known, self.GREEN, self.found()) == ()

    def test_without_the_red_file_the_names_tell(self) -> None:
        """A name that the broken code used as well was there before, as far as can be told."""
        assert added_imports(None, self.GREEN, self.found()) == ("from json import loads as read",)
        same = hunk_of("x = read(1)\n", "x = read(2)\n")
        assert added_imports(None, self.GREEN, same) == ()

    def test_a_submodule_is_known_by_its_package(self) -> None:
        """`import a.b` binds `a`."""
        found = hunk_of("x = 1\n", "x = concurrent.futures.wait(y)\n")
        green = "import concurrent.futures\n"
        assert added_imports("import os\n", green, found) == ("import concurrent.futures",)

    def test_a_changed_import_block_is_a_hunk_itself(self) -> None:
        """It has no signature."""
        found = hunk_of("import os\nfrom collections import Mapping", "import os\nfrom collections.abc import Mapping")
        assert (found.signature, found.bad) == ("", "from collections import Mapping")
        assert found.good == "from collections.abc import Mapping"
