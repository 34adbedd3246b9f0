"""What two texts of one file show: the operation's measure, what changed, what was left alone, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain.changes import SURGICAL_STATEMENTS, Changes, compare
from pytest_llmlearn.domain.hunks import COMPARED, LIMIT, between, lines, ranges
from pytest_llmlearn.domain.hunks import text as hunk_text
from tests.growth import growth

BEFORE = '''\
"""Users."""
import os

LIMIT = 3


class Users(dict):
    """All of them."""

    kind = "user"

    def load(self, name):
        return self[name]

    def save(self, name):
        self[name] = name


async def fetch(url):
    answer = get(url)
    return answer


def _private():
    return 1


def main():
    users = Users()
    users.save("x")
'''


def after(*pairs: tuple[str, str]) -> Changes:
    """The changes that come of replacing pieces of that file."""
    text = BEFORE
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return compare(BEFORE, text, "app/users.py")


@pytest.mark.parametrize(
    ("old", "new", "measured", "changes"),
    [
        ("= get(url)", "= await get(url)", "surgical", ["added await in fetch"]),
        ('users.save("x")', 'users.save("y")', "surgical", ["changed body of main"]),
        ("    return answer", "    if not answer:\n        raise ValueError\n    return answer", "surgical",
         ["added raise in fetch"]),
        ("    answer = get(url)\n    return answer", "    return get(url)", "surgical", ["changed body of fetch"]),
        ("LIMIT = 3", "LIMIT = 4", "surgical", ["changed variable LIMIT"]),
        ("LIMIT = 3", "LIMIT = 3\nMORE = 1", "surgical", ["added variable MORE"]),
        ("LIMIT = 3", 'LIMIT = 3\n"""Of each."""', "surgical", ["changed comments, docstrings or layout"]),
        ("LIMIT = 3\n", "", "surgical", ["removed variable LIMIT"]),
        ("LIMIT = 3", "LIMIT = 3\nprint(LIMIT)", "surgical", ["changed the module's own statements"]),
        ('"""All of them."""', '"""All."""  # each', "surgical", ["changed comments, docstrings or layout"]),
        ("def main", "def load_user(i):\n    return i\n\n\ndef main", "creative", ["added function load_user"]),
        ("    def save", "    def drop(self):\n        self.clear()\n\n    def save", "creative",
         ["added method Users.drop"]),
        ("def main", "class Group:\n    def add(self):\n        pass\n\n\ndef main", "creative", ["added class Group"]),
        ("def load(self, name)", "def load(self, name, default=None)", "structural",
         ["changed signature of Users.load"]),
        ("def main()", "def main() -> None", "structural", ["changed signature of main"]),
        ("async def fetch", "def fetch", "structural", ["made fetch no longer async"]),
        ("def main", "@cached\ndef main", "structural", ["changed decorators of main"]),
        ("import os", "import os\nimport sys", "structural", ["added import sys"]),
        ("import os\n", "", "structural", ["removed import os"]),
        ("import os", "from os import path as p", "structural",
         ["added import path as p from os", "removed import os"]),
        ("class Users(dict)", "class Users(list)", "structural", ["changed bases of Users"]),
        ('kind = "user"', 'kind = "person"', "structural", ["changed fields of Users"]),
        ("def _private", "def _hidden", "structural", ["renamed _private to _hidden"]),
        ("def _private():\n    return 1\n\n\n", "", "structural", ["removed function _private"]),
        ("def main():", "class main:", "structural", ["made main a class"]),
    ],
)  # fmt: skip
def test_what_one_change_is(old: str, new: str, measured: str, changes: list[str]) -> None:
    """One of each kind: the measure, and the words for it."""
    found = after((old, new))
    assert (found.measured, [*found.changes][: len(changes)]) == (measured, changes)
    assert len(found.changes) == len(changes) or "class main" in new


def test_a_new_function_with_its_import_is_creative() -> None:
    """The import belongs to it."""
    found = after(
        ("import os", "import os\nimport json"), ("def main", "def dump(x):\n    return json.dumps(x)\n\n\ndef main")
    )
    assert found.measured == "creative" and set(found.changes) == {"added import json", "added function dump"}


def test_a_new_function_beside_another_signature_is_structural() -> None:
    """What others hold on to counts for more."""
    found = after(("def main():", "def main(argv):"), ("def _private", "def new():\n    pass\n\n\ndef _private"))
    assert found.measured == "structural"


def test_a_method_that_moves_out_of_its_class_was_moved() -> None:
    """As was a class that got another name, with all that is in it."""
    method = "    def save(self, name):\n        self[name] = name\n"
    moved = after(
        (method, ""), ("async def fetch", "def save(self, name):\n    self[name] = name\n\n\nasync def fetch")
    )
    assert (moved.measured, moved.changes) == ("structural", ("moved Users.save to save",))
    renamed = after(("class Users(dict)", "class People(dict)"))
    assert renamed.changes == ("renamed Users to People",)


def test_bodies_of_two_functions_are_no_surgery() -> None:
    """However little it is."""
    assert after(("return answer", "return [answer]"), ("return 1", "return 2")).measured == "structural"


@pytest.mark.parametrize(
    ("count", "measured"), [(SURGICAL_STATEMENTS, "surgical"), (SURGICAL_STATEMENTS + 1, "creative")]
)
def test_one_function_written_anew_is_creative(count: int, measured: str) -> None:
    """Few statements are surgery, more are a new text."""
    body = "".join(f"    step_{number}()\n" for number in range(count))
    assert after(("    return 1\n", body + "    return 1\n")).measured == measured


def test_another_order_of_statements_is_a_change() -> None:
    """The same statements, and yet another body."""
    found = compare("def f():\n    a()\n    b()\n", "def f():\n    b()\n    a()\n", "a.py")
    assert (found.measured, found.changes, found.preserved) == ("surgical", ("changed body of f",), ())


def test_a_file_made_and_a_file_deleted() -> None:
    """Making is creative; whatever was in it is told."""
    made = compare("", BEFORE, "app/users.py")
    assert made.measured == "creative" and made.preserved == ()
    assert set(made.changes) == {
        "added import os", "added class Users", "added function fetch", "added function _private",
        "added function main", "added variable LIMIT",
    }  # fmt: skip
    gone = compare(BEFORE, "", "app/users.py")
    assert gone.measured == "structural" and "removed class Users" in gone.changes


def test_public_units_that_were_not_touched_are_preserved() -> None:
    """A class that is whole is named once; of one that changed, its untouched methods; private names are nobody's."""
    assert after(("LIMIT = 3", "LIMIT = 4")).preserved == ("Users", "fetch", "main")
    assert after(("return self[name]", "return self.get(name)")).preserved == ("Users.save", "fetch", "main")


def test_layout_and_comments_touch_nothing() -> None:
    """A function that was only wrapped otherwise is as it was."""
    found = after(("answer = get(url)", "answer = get(  # it\n        url\n    )"))
    assert "fetch" in found.preserved and found.changes == ("changed comments, docstrings or layout",)


@pytest.mark.parametrize(
    ("before", "now", "path"),
    [
        ("a", "b", "notes.md"),
        ("def f(:", "def f(): pass", "a.py"),
        ("x = 1", "x = (", "a.py"),
        ("x = 1", "x = 1", "a.py"),
    ],
)
def test_what_cannot_be_compared_is_not_measured(before: str, now: str, path: str) -> None:
    """Text that is not Python, or does not parse, or is the same: nothing is guessed."""
    assert compare(before, now, path) == Changes()


def test_a_large_file_is_compared_in_time_that_grows_with_it() -> None:
    """Four times as many functions cost about four times as much, all of them changed."""

    def work(count: int) -> object:
        old = "".join(f"def f{number}(a):\n    return a\n" for number in range(count))
        return compare(old, old.replace("return a", "return [a]"), "a.py")

    assert growth(lambda: work(250), lambda: work(1000)) < 12


# Hunks


def test_hunks_are_told_as_a_unified_diff() -> None:
    """With a line around each, and line numbers that can be followed."""
    old, new = "a\nb\nc\nd\ne\nf\ng\n", "a\nB\nc\nd\ne\nf\nnew\ng\n"
    assert hunk_text(old, new).split("\n") == [
        "@@ -1,3 +1,3 @@", " a", "-b", "+B", " c", "@@ -6,2 +6,3 @@", " f", "+new", " g",
    ]  # fmt: skip
    assert hunk_text("", "a\nb\n") == "@@ -0,0 +1,2 @@\n+a\n+b"
    assert hunk_text("a\n", "") == "@@ -1,1 +0,0 @@\n-a"
    assert hunk_text(old, old) == ""


def test_what_is_shown_of_hunks_is_redacted_by_what_stands_elsewhere() -> None:
    """A secret that another line tells, on either side; and that one took another's place is still seen."""

    def hides(text: str) -> str:
        return text.replace("peony", "***") if 'password = "peony"' in text else text

    rest = "".join(f"line {number}\n" for number in range(500))
    old = f'password = "peony"\n{rest}use("peony")\nend\n'
    assert hunk_text(old, old.replace('use("peony")', 'use("rose", "peony")'), hides).split("\n")[1:] == [
        " line 499", '-use("***")', '+use("rose", "***")', " end",
    ]  # fmt: skip
    one, other = 'token = "aaa"\n', 'token = "bbb"\n'
    masked = hunk_text(one, other, lambda text: text.replace("aaa", "***").replace("bbb", "***"))
    assert masked == '@@ -1,1 +1,1 @@\n-token = "***"\n+token = "***"'


def test_a_redaction_that_loses_lines_loses_no_safety() -> None:
    """Each line is then shown as it may be alone."""
    assert hunk_text("a\nkey\n", "b\nkey\n", lambda text: text.replace("a\n", "").replace("a", "*")).endswith(
        "-*\n+b\n key"
    )


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_hunks_lead_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    """Whatever the texts: what is not in a hunk is equal, and hunks are in order."""
    rebuilt: list[str] = []
    done = 0
    for hunk in between(old, new):
        rebuilt += old[done : hunk.old_start]
        assert len(rebuilt) == hunk.new_start
        rebuilt += new[hunk.new_start : hunk.new_end]
        done = hunk.old_end
    assert rebuilt + old[done:] == new


def test_ranges_are_of_lines_that_are_new() -> None:
    """What was only removed has none."""
    assert ranges("a\nb\nc\nd\n", "a\nX\nc\nd\nY\nZ\n") == [(2, 2), (5, 6)]
    assert ranges("a\nb\n", "a\n") == []
    assert ranges("", "a\nb") == [(1, 2)]
    assert ranges("a\r\nb\r\n", "a\nb\n") == []


def test_long_hunks_are_cut_and_what_is_left_out_is_counted() -> None:
    """Some kilobytes say what was done."""
    text = hunk_text("", "".join(f"line {number}\n" for number in range(5000)))
    assert len(text) <= LIMIT
    shown = len(text.split("\n")) - 2
    assert text.endswith(f"… {5000 - shown} more lines")


def test_texts_that_differ_throughout_are_one_hunk() -> None:
    """Beyond a few thousand lines only that they differ is told; the equal ends are still left out."""
    old = "head\n" + "a\nb\n" * COMPARED + "tail\n"
    new = "head\n" + "b\nc\n" * COMPARED + "tail\n"
    assert ranges(old, new) == [(2, 2 * COMPARED + 1)]
    assert growth(lambda: ranges(old, new), lambda: ranges(old * 4, new * 4)) < 12


def test_a_file_has_as_many_lines_as_an_editor_shows() -> None:
    """The end of the last line begins no other."""
    assert [len(lines(text)) for text in ("", "a", "a\n", "a\n\n")] == [0, 1, 1, 2]
