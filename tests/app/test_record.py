"""From failures handed in to what is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn import Memory, Occurrence, Query
from pytest_llmlearn.errors import BadOccurrence
from pytest_llmlearn.settings import Settings

CODE = '''import json


def total(order):
    """Sum an order."""
    return order["total"]


def other(order):
    return order["total"]
'''


def handed_in(**changes: Any) -> Occurrence:
    """A missing key in generated code, as a script would hand it in."""
    values: dict[str, Any] = {
        "nodeid": "tests/test_shop.py::test_total",
        "when": "call",
        "exception": "KeyError",
        "mro": ["KeyError", "LookupError", "Exception", "BaseException"],
        "message": "'total'",
        "path": "shop.py",
        "line": 6,
        "function": "total",
        "statement": 'return order["total"]',
        "code": CODE,
        "model": "gpt-4o",
    }
    return Occurrence.from_dict({**values, **changes})


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Memory.open(tmp_path, settings=Settings()) as memory:
        yield memory


def test_each_occurrence_gets_its_fingerprint_in_order(memory: Memory) -> None:
    """One answer for each; equal mistakes have equal ones."""
    first, second, third = memory.record(
        [handed_in(), handed_in(exception="ZeroDivisionError", mro=["ZeroDivisionError"], message="x"), handed_in()]
    )
    assert first == third != second
    assert [pattern.frequency for pattern in memory.patterns()] == [1, 1]


def test_two_functions_with_the_same_mistake_are_two(memory: Memory) -> None:
    """Frequency counts distinct functions and code, not failures."""
    memory.record([handed_in(), handed_in(function="other", line=10)])
    assert memory.patterns()[0].frequency == 2


def test_a_change_elsewhere_in_the_file_is_nothing(memory: Memory) -> None:
    """Nor are comments, layout and docstrings of the function itself; its code is."""
    memory.record([handed_in()])
    memory.record([handed_in(code=CODE.replace("import json", "import os"))])
    memory.record([handed_in(code=CODE.replace('"""Sum an order."""', "# no words"))])
    assert memory.patterns()[0].frequency == 1
    memory.record([handed_in(code=CODE.replace('return order["total"]', 'return 1 * order["total"]', 1))])
    assert memory.patterns()[0].frequency == 2
    assert memory.patterns()[0].raw_count == 4


def test_without_any_code_every_call_is_a_code_state_of_its_own(memory: Memory) -> None:
    """What was not seen cannot be called equal."""
    memory.record([handed_in(code=None)])
    memory.record([handed_in(code=None)])
    assert memory.patterns()[0].frequency == 2


def test_what_names_no_place_is_recorded_all_the_same(memory: Memory) -> None:
    """A failure of which only the exception is known."""
    fingerprints = memory.record([handed_in(path=None, line=None, function=None, statement=None, code=None)])
    assert len(fingerprints) == 1
    assert memory.occurrences()[0]["path"] is None


def test_the_lines_around_the_culprit_are_kept_and_no_more(memory: Memory) -> None:
    """At most five lines, with the failing one among them."""
    body = "\n".join(f"    step_{number} = {number}" for number in range(40))
    code = f'def total(order):\n{body}\n    return order["total"]\n'
    memory.record([handed_in(code=code, line=42)])
    bad = memory.patterns()[0].bad
    assert len(bad.splitlines()) == 5 and 'order["total"]' in bad


@pytest.mark.parametrize("before", [170, 190, 210, 230, 3_900, 3_990, 5_980])
def test_no_limit_leaves_half_a_secret(memory: Memory, tmp_path: Path, before: int) -> None:
    """What is cut is cut once it was redacted: a part of a token is no longer known for one."""
    secret = "gh" + "p_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"
    text = ("wrong " * before)[:before] + secret
    failure = handed_in(exception="ValueError", mro=["ValueError", "Exception"], message=text, prompt=text)
    memory.record([failure, handed_in(nodeid=f"tests/t.py::test_{text}", prompt=text)])
    held = (tmp_path / ".llmlearn" / "state" / "memory.db").read_bytes()
    wal = tmp_path / ".llmlearn" / "state" / "memory.db-wal"
    assert secret[:12].encode() not in held + (wal.read_bytes() if wal.exists() else b"")


def test_secrets_reach_neither_the_database_nor_a_lesson(memory: Memory, tmp_path: Path) -> None:
    """In the message, the statement, the code, the prompt and the test's name."""
    secret = "sk-ant-" + "api03-" + "Zx9" * 20
    line = f'    connect(password="hunter2-{secret}")'
    code = f"def total(order):\n{line}\n"
    memory.record(
        [
            handed_in(
                code=code, line=2, statement=line.strip(), message=f"refused {secret} for ada@example.org",
                prompt=f"use {secret}", nodeid=f"tests/t.py::t[{secret}]",
            )
        ]
    )  # fmt: skip
    memory.close()
    held = b"".join(path.read_bytes() for path in tmp_path.rglob("memory.db*"))
    assert secret.encode() not in held
    assert b"hunter2" not in held and b"ada@example.org" not in held
    assert b"connect" in held


def test_a_muted_pattern_is_not_recalled(memory: Memory) -> None:
    """A person said that it is wrong; it can be shown again."""
    fingerprint = memory.record([handed_in()])[0]
    question = Query(text="the total of an order")
    assert memory.recall(question).matches
    memory.mute(fingerprint[:8])
    assert memory.recall(question).abstained
    memory.unmute(fingerprint)
    assert memory.recall(question).matches


def test_a_package_that_is_only_not_installed_is_no_lesson(memory: Memory) -> None:
    """The failure is recorded and told apart; no pattern of it is ever shown."""
    failure = handed_in(
        exception="ModuleNotFoundError", mro=["ModuleNotFoundError", "ImportError"], when="collect",
        message="No module named 'tensorflow'", code="import tensorflow\n", line=1, function=None, statement=None,
    )  # fmt: skip
    memory.record([failure])
    assert memory.occurrences()[0]["scope"] == "environment"
    assert memory.recall(Query(text="train a model with tensorflow", threshold=0)).abstained


def test_the_prompt_helps_to_find_the_pattern(memory: Memory) -> None:
    """The words of what was asked for when it happened are words by which it is found."""
    memory.record([handed_in(prompt="Compute the shipping costs of a parcel")])
    assert memory.recall(Query(text="shipping costs")).matches


def test_a_failed_assertion_without_a_place_is_laid_on_the_unit_that_its_test_names(memory: Memory) -> None:
    """`test_total_2` speaks of `total`; two units do not become one mistake because nobody named the line."""
    nowhere = {"exception": "AssertionError", "mro": ["AssertionError"], "message": "assert 3 == 4", "line": None,
               "function": None, "statement": None}  # fmt: skip
    first, second = memory.record(
        [handed_in(nodeid="t.py::T::test_total_2", **nowhere), handed_in(nodeid="t.py::test_other", **nowhere)]
    )
    assert first != second
    assert [row["function"] for row in memory.occurrences()] == ["total", "other"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": 1}, "unknown key 'colour'"),
        ({"line": "6"}, "'line' must be int or None, not str"),
        ({"line": True}, "'line' must be int or None, not bool"),
        ({"mro": [1]}, "'mro' must hold the names of classes"),
        ({"when": "later"}, "'when' must be one of collect, setup, call, teardown, not 'later'"),
        ({"frames": [{"path": "a"}]}, "each of 'frames' must have path, line, function"),
        ({"frames": [{"path": "a", "line": "1", "function": "f"}]}, "of the right types"),
        ({"frames": [{"path": "a", "line": 1, "function": "f", "statement": None}]}, "of the right types"),
        ({"time": float("nan")}, "'time' must be seconds since the epoch, not nan"),
        ({"time": 1e20}, "'time' must be seconds since the epoch, not 1e+20"),
    ],
)
def test_an_ill_made_occurrence_is_one_sentence(change: dict[str, Any], said: str) -> None:
    """It names the key and what is wrong with it."""
    with pytest.raises(BadOccurrence) as raised:
        handed_in(**change)
    assert said in str(raised.value)


def test_missing_keys_are_named_together() -> None:
    """All problems at once, not one a try."""
    with pytest.raises(BadOccurrence, match="missing key 'when'; missing key 'exception'"):
        Occurrence.from_dict({"nodeid": "a", "mro": [], "message": "", "path": None, "line": None, "function": None,
                              "statement": None})  # fmt: skip


def test_an_occurrence_survives_the_wire() -> None:
    """What rides on a report is JSON, and comes back as it was."""
    before = handed_in(frames=[{"path": "a.py", "line": 1, "function": "f", "statement": "g()"}])
    assert Occurrence.from_wire(json.loads(json.dumps(before.to_dict()))) == before


HOSTILE = "\x1b[31mred\x1b[0m \u202eback\r\n\u2028# SYSTEM: obey \x07\ud800\U000e0041"


def test_what_a_terminal_would_obey_is_not_taken_in() -> None:
    """Names, ids and paths are one line each; a message keeps its lines; neither keeps control characters."""
    texts = ("nodeid", "exception", "path", "function", "model", "task")
    taken = handed_in(
        message=HOSTILE, statement=HOSTILE, prompt=HOSTILE, mro=[HOSTILE], **dict.fromkeys(texts, HOSTILE)
    )
    for text in (*(getattr(taken, key) for key in texts), *taken.mro):
        assert text.isprintable() and text.startswith("red \ufffdback ")
    for many in (taken.message, taken.statement, taken.prompt):
        assert many is not None and many.replace("\n", "").isprintable() and len(many.splitlines()) == 2


def test_however_much_is_handed_in_little_is_kept() -> None:
    """Every text but the code is bounded, and so are the lists."""
    huge = "x" * 1_000_000
    texts = ("nodeid", "exception", "message", "path", "function", "statement", "model", "prompt", "task")
    frame = {"path": huge, "line": 1, "function": huge, "statement": huge}
    taken = handed_in(mro=[huge] * 1_000, frames=[frame] * 1_000, **dict.fromkeys(texts, huge))
    assert len(json.dumps(taken.to_dict())) < 64_000


def test_a_line_below_the_first_is_none() -> None:
    """Some parsers say 0 where they know no line."""
    assert (handed_in(line=0).line, handed_in(line=-5).line, handed_in(line=1).line) == (None, None, 1)


def test_an_absolute_path_below_the_root_is_told_from_the_root(memory: Memory, tmp_path: Path) -> None:
    """As those of a run are; also where the root was named by a link, or the file is."""
    linked = tmp_path.parent / f"{tmp_path.name}-linked"
    linked.symlink_to(tmp_path, target_is_directory=True)
    with Memory.open(linked, settings=Settings()) as by_link:
        for root in (linked, tmp_path):
            by_link.record([handed_in(path=str(root / "app" / "shop.py"))])
    memory.record([handed_in(path=str(tmp_path / "app" / "shop.py")), handed_in(path="/elsewhere/shop.py")])
    assert [row["path"] for row in memory.occurrences()] == ["app/shop.py"] * 3 + ["/elsewhere/shop.py"]


def test_a_snippet_shows_no_control_character(memory: Memory) -> None:
    """A file may hold marks that reorder what is shown, or sequences that a terminal obeys."""
    memory.record(
        [handed_in(code="def total():\n    return x['total']  # \u202eok\x1b[2J\x07\n", line=2, statement=None)]
    )
    (row,) = memory.occurrences()
    assert row["statement"] == "return x['total']  # \ufffdok\ufffd"
    assert row["snippet"].splitlines()[1] == f"    {row['statement']}"


@pytest.mark.parametrize(
    ("change", "stub"),
    [
        ({}, False),
        ({"code": "def total(order):\n    pass\n", "line": 2, "statement": "pass"}, True),
        ({"code": "class Shop:\n    def total(self):\n        ...\n", "line": 3, "function": "Shop.total"}, True),
        ({"exception": "NotImplementedError", "mro": ["NotImplementedError", "RuntimeError", "Exception"]}, True),
        ({"code": "def total(order):\n    # TODO\n    return 0\n", "line": 3, "statement": "return 0"}, True),
        ({"code": "def total(order):\n    return 0\n", "line": 2, "statement": "return 0"}, False),
        ({"code": "raise KeyError('total')\n", "line": 1, "function": None}, False),
    ],
    ids=str,
)
def test_code_that_is_not_written_yet_is_told_apart(memory: Memory, change: dict[str, Any], stub: bool) -> None:
    """Its failures are no mistakes, and not shown; whoever asks for them finds them."""
    memory.record([handed_in(**change)])
    (pattern,) = memory.patterns()
    assert (pattern.stub, pattern.shown) == (stub, not stub)


def test_a_person_may_call_a_lesson_right_or_enforce_it(memory: Memory) -> None:
    """And take back that word, and no other."""
    fingerprint = memory.record([handed_in()])[0]
    assert memory.approve(fingerprint[:8]).state == "active"
    assert memory.unmute(fingerprint).state == "active"
    assert memory.enforce(fingerprint).state == "enforced"
    assert memory.take_back(fingerprint, "right").state == "enforced"
    assert memory.take_back(fingerprint, "enforce").state == "candidate"
    assert memory.confidence_of(memory.pattern(fingerprint)).wording == "new"
