"""Where a unit that failed stands now."""

from __future__ import annotations

import time

import pytest

from pytest_llmlearn.domain import moved
from pytest_llmlearn.domain.moved import find
from pytest_llmlearn.domain.source import unit_named, unit_text

LOAD = '''\
def load(path, limit=10):
    """Rows of a file."""
    rows = []
    with open(path) as stream:
        for line in stream:
            rows.append(line.split(","))
            if len(rows) >= limit:
                break
    return rows
'''
SAVE = """\
def save(path, rows):
    text = "\\n".join(",".join(row) for row in rows)
    with open(path, "w") as stream:
        stream.write(text)
    return len(text)
"""
METHOD = "    def area(self):\n        return self.width * self.height * self.scale\n"


def indented(text: str) -> str:
    return "".join(f"    {line}\n" if line else "\n" for line in text.splitlines())


def test_a_unit_is_found_under_its_name() -> None:
    """Whatever its code is now."""
    found = find(LOAD, "load", f"import os\n\n\n{SAVE}\n\ndef load(path):\n    return []\n")
    assert found is not None and (found.by, found.unit.qualname, found.unit.start) == ("name", "load", 11)
    assert found.alike < 0.2


def test_of_two_of_one_name_the_more_similar_is_it() -> None:
    """A property and its setter bear one name."""
    getter = "    @property\n    def rate(self):\n        return self._rate\n"
    setter = "    @rate.setter\n    def rate(self, rate):\n        self._rate = check(rate)\n"
    text = f"class A:\n{getter}\n{setter}"
    found = find("@property\ndef rate(self):\n    return self._rates\n", "A.rate", text)
    assert found is not None and found.unit.start == 2
    found = find("@rate.setter\ndef rate(self, rate):\n    self._rate = rate\n", "A.rate", text)
    assert found is not None and found.unit.start == 6


MOVED = {
    "renamed": (LOAD.replace("load", "read_rows"), "read_rows"),
    "renamed and repaired": (LOAD.replace("load", "read_rows").replace(">=", ">"), "read_rows"),
    "into a class": (f"class Table:\n{indented(LOAD)}", "Table.load"),
    "into a class, as a method": (
        f"class Table:\n{indented(LOAD.replace('path,', 'self, path,').replace('rows', 'self.rows'))}",
        "Table.load",
    ),
    "into a function": (f"def outer():\n{indented(LOAD)}    return load\n", "outer.<locals>.load"),
    "among others": (f"{SAVE}\n\n{LOAD.replace('def load', 'def fetch')}", "fetch"),
    "with other comments": (
        LOAD.replace("load", "fetch").replace("    rows = []", "    # here\n    rows = []"),
        "fetch",
    ),
}


@pytest.mark.parametrize(("text", "qualname"), MOVED.values(), ids=MOVED)
def test_a_unit_is_found_by_its_code_where_it_has_moved(text: str, qualname: str) -> None:
    """Its name is another, its code nearly the same."""
    found = find(LOAD, "load", text)
    assert found is not None
    assert (found.by, found.unit.qualname, found.unit.kind) == ("similarity", qualname, "function")
    assert moved.ALIKE_NAMED <= found.alike <= 1


GONE = {
    "nothing left": "import os\n",
    "another function": SAVE,
    "two that are as like": LOAD.replace("load", "first") + LOAD.replace("load", "second"),
    "a class of its name": "class load:\n    pass\n",
    "text that does not parse": LOAD.replace("load", "other") + "def (:\n",
    "a stub of another name": "def other(path, limit=10):\n    return []\n",
    "ten times as long": "def other():\n"
    + "".join(f"    call_{n}({n})\n" for n in range(200))
    + LOAD.partition("\n")[2],
}


@pytest.mark.parametrize("text", GONE.values(), ids=GONE)
def test_a_unit_that_cannot_be_told_is_gone(text: str) -> None:
    """A wrong match would lay a repair on code that never failed."""
    assert find(LOAD, "load", text) is None


def test_a_small_unit_is_not_found_by_its_code() -> None:
    """Getters are all alike."""
    assert find("def a(self):\n    return 1\n", "A.a", "class A:\n    def b(self):\n        return 1\n") is None


def test_a_twin_that_stood_beside_it_is_not_it() -> None:
    """Where the caller knows what else there was."""
    text = LOAD.replace("load", "fetch")
    assert find(LOAD, "load", text) is not None
    assert find(LOAD, "load", text, known={"fetch", "load"}) is None


def test_a_class_is_found_by_its_code() -> None:
    """And never as a function."""
    shape = f"class Shape:\n    scale = 1\n\n{METHOD}"
    found = find(shape, "Shape", f"{SAVE}\n\n{shape.replace('Shape', 'Box')}")
    assert found is not None and (found.unit.qualname, found.unit.kind) == ("Box", "class")


def test_a_method_in_a_renamed_class_is_found() -> None:
    """Its own name is still there."""
    found = find("def area(self):\n    return self.width * self.height\n", "Shape.area", f"class Box:\n{METHOD}")
    assert found is not None and found.unit.qualname == "Box.area"


def test_an_import_block_has_one_place() -> None:
    """It is found wherever it stands, and gone where nothing is imported."""
    found = find("import os\nfrom a import b", "", '"""Words."""\n\nimport sys\n\nx = 1\n')
    assert found is not None and (found.unit.kind, found.unit.start) == ("imports", 3)
    assert find("import os", "", "x = 1\n") is None


def test_a_statement_of_the_module_is_found_by_what_it_assigns_to() -> None:
    """Its unit has no name of its own where the failure named none."""
    text = "import os\n\nOTHER = 1\nRATE = 2\n"
    found = find("RATE = {}['k']", "", text)
    assert found is not None and (found.unit.kind, found.unit.qualname, found.unit.start) == ("module", "", 4)
    found = find("RATE: int = f()", "RATE", text)
    assert found is not None and (found.unit.kind, found.unit.qualname) == ("variable", "RATE")


def test_a_statement_without_a_name_is_found_by_its_code() -> None:
    """As every other unit."""
    red = "for name in sorted(os.environ):\n    print(name, os.environ[name], sep='=')\n"
    found = find(red, "", f"x = 1\n{red.replace('sorted', 'list')}")
    assert found is not None and (found.by, found.unit.start) == ("similarity", 2)


def test_a_unit_that_does_not_parse_is_found_under_its_name() -> None:
    """Syntax errors are repaired too."""
    found = find("def load(path:\n    return open(path)\n", "load", LOAD)
    assert found is not None and found.unit.qualname == "load"


@pytest.mark.parametrize(
    ("red", "expected"),
    [
        ("def load(path, limit=10):\n    1. Open the file.\n", "load"),
        ("@cached\nasync def load(path):\n    return (\n", "load"),
        ("class Rows:\n    def load(self):\n        return [\n", "Rows"),
        ("def other(path):\n    return [\n", None),
        ("rows = (\n    def load(path):\n", None),
    ],
)
def test_a_text_that_did_not_parse_is_named_by_its_first_line(red: str, expected: str | None) -> None:
    """It had no name when it was red, for nothing in its file had."""
    present = f"{LOAD}\n\n@cached\nclass Rows:\n    def load(self):\n        return []\n"
    found = find(red, "", present)
    assert (found.unit.qualname if found is not None else None) == expected


def test_looking_for_a_unit_in_a_long_file_takes_little_time() -> None:
    """500 functions, 5,000 lines: what the search adds to parsing the file."""
    many = "\n\n".join(LOAD.replace("load", f"load_{n}").replace("limit", f"limit_{n}") for n in range(500))
    text = f"{many}\n\n{LOAD.replace('load', 'wanted').replace('rows', 'entries')}"
    assert unit_named(text, "wanted") is not None  # parsed before, as every reader shares one tree
    start = time.process_time()
    find(LOAD, "load", text)
    assert time.process_time() - start < 0.5


def test_the_found_unit_gives_the_text_to_compare() -> None:
    """Line numbers are the present file's."""
    text = f"x = 1\n\n\n{LOAD.replace('load', 'fetch')}"
    found = find(LOAD, "load", text)
    assert found is not None and unit_text(text, found.unit).startswith("def fetch(")
