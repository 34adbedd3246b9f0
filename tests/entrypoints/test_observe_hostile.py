"""Whatever a test's code does to its exceptions, sources and names, what is captured is bounded and the run goes on."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import pytest
from growth import growth

from pytest_llmlearn.domain.occurrence import FRAME_LIMIT, LINK_LIMIT, MESSAGE_LIMIT, NODEID_LIMIT, Occurrence
from pytest_llmlearn.entrypoints.observing.capture import Capture
from pytest_llmlearn.entrypoints.observing.places import Places
from pytest_llmlearn.entrypoints.observing.text import bounded, bounded_nodeid, clean, fit
from tests.entrypoints.watching import Bench

SIZE = 16 * 1024

HOSTILE = (
    r"""
import linecache
import os
import pytest

class Raises(Exception):
    def __str__(self):
        raise ValueError("no text")

class Leaves(Exception):
    def __str__(self):
        raise SystemExit(3)

class Interrupts(Exception):
    def __str__(self):
        raise KeyboardInterrupt

class NoText(Exception):
    def __str__(self):
        return 42

class Sly(str):
    def __getitem__(self, key):
        raise RuntimeError("sliced")
    def __len__(self):
        return 3

class SlyText(Exception):
    def __str__(self):
        return Sly("sly" * 10_000)

def test_str_raises():
    raise Raises

def test_str_leaves():
    raise Leaves

def test_str_interrupts():
    raise Interrupts

def test_str_is_no_text():
    raise NoText

def test_str_is_sly():
    raise SlyText

def test_huge():
    raise ValueError("x" * 50_000_000)

def test_control():
    raise ValueError("a\0b\x1b[31mred\x1b[0m\r\n\x07 \u202e end")

def test_surrogate():
    raise ValueError("\ud800 lone \udfff")

def test_key_repr():
    class Key:
        def __repr__(self):
            raise SystemExit(4)
    raise KeyError(Key())

def test_recursion():
    def down(n):
        return down(n + 1)
    down(0)

def test_exec():
    exec(compile("def f():\n    raise ValueError('made')\nf()", "<generated>", "exec"), {})

def test_gone():
    path = os.path.abspath("gone.py")
    exec(compile("raise ValueError('gone')", path, "exec"), {})

def test_not_utf8():
    with open("latin.py", "wb") as file:
        file.write(b"# caf\xe9\nraise ValueError('latin')\n")
    exec(compile("\nraise ValueError('latin')", os.path.abspath("latin.py"), "exec"), {})

def test_name_of_the_class():
    raise type("E" * 10_000, (Exception,), {"__module__": 7})("x")

def test_odd_file_name():
    exec(compile("raise ValueError('odd')", "a\udc80b.py", "exec"), {})

def test_cycle():
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    raise one

def test_many_contexts():
    error = None
    for number in range(150):
        following = ValueError(f"{number} " + "é" * 700)
        following.__cause__ = error
        error = following
    raise error

def test_groups_in_groups():
    group = ExceptionGroup("leaf", [ValueError("x")])
    for number in range(60):
        group = ExceptionGroup("g" * 5_000, [group, ValueError("é" * 5_000)])
    raise group

@pytest.mark.parametrize("value", [1], ids=["i" * 10_000])
def test_long_id(value):
    assert 0

def test_everything_long():
    def level(n):
        if n:
            return level(n - 1)  # """
    + "x" * 400
    + r"""
        raise ValueError("😀" * 4_000) from ValueError("😀" * 4_000)
    level(60)
"""
)


# What a lone surrogate stands in, xdist cannot send by itself: its own report of such a failure ends the session.
SENDABLE = ("-n", "2", "-k", "not surrogate and not odd_file_name")


@pytest.mark.parametrize("options", [(), SENDABLE], ids=["plain", "workers"])
def test_hostile_failures_are_captured_in_bounded_size(bench: Bench, options: tuple[str, ...]) -> None:
    """Each test fails as it would without us, is captured once, within 16 KB of JSON, and crosses processes."""
    bench.pytester.makepyfile(test_hostile=HOSTILE)
    seen = bench.run("--tb=no", "-q", *options)
    count = HOSTILE.count("\ndef test_") - (2 if options else 0)
    seen.result.assert_outcomes(failed=count)
    assert len(seen.occurrences) == count
    assert seen.notices == ()
    for occurrence in seen.occurrences:
        wire = occurrence.to_dict()
        assert len(json.dumps(wire)) <= SIZE, occurrence.nodeid
        assert len(occurrence.frames) <= FRAME_LIMIT
        assert len(occurrence.linked) <= LINK_LIMIT
        assert len(occurrence.nodeid) <= NODEID_LIMIT
        json.dumps(wire, ensure_ascii=False).encode()  # no half of a surrogate pair is left
    told = {occurrence.nodeid.partition("::test_")[2][:20]: occurrence for occurrence in seen.occurrences}
    assert told["str_raises"].message == "<Raises whose __str__ raised ValueError>"
    assert told["str_leaves"].message == "<Leaves whose __str__ raised SystemExit>"
    assert told["str_is_sly"].message.startswith("slysly")
    assert len(told["huge"].message) <= MESSAGE_LIMIT
    assert told["control"].message == "a\ufffdbred\n\ufffd \ufffd end"
    assert told["exec"].frames[-1].path == "<generated>"
    assert (told["gone"].path, told["gone"].statement) == ("gone.py", "")
    assert told["recursion"].exception == "RecursionError"


def test_ten_thousand_frames_are_walked_in_linear_time(tmp_path: Path) -> None:
    """Four times the frames cost about four times the work, and the size does not grow."""
    capture = Capture(Places(tmp_path))

    def fail(depth: int) -> Exception:
        space: dict[str, object] = {}
        source = "def down(n):\n    return down(n - 1) if n else 1 / 0\n"
        exec(compile(source, str(tmp_path / "made.py"), "exec"), space)
        try:
            space["down"](depth)  # type: ignore[operator]
        except ZeroDivisionError as error:
            return error
        raise AssertionError

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(22_000)
    try:
        part, whole = fail(2_500), fail(10_000)
        wire, _ = capture.failure(whole, whole.__traceback__)
        assert len(wire["frames"]) == FRAME_LIMIT
        assert [frame["function"] for frame in wire["frames"][:2]] != []
        capture_part = partial(capture.failure, part, part.__traceback__)
        assert growth(capture_part, partial(capture.failure, whole, whole.__traceback__)) <= 10
    finally:
        sys.setrecursionlimit(limit)


def test_a_traceback_is_cut_in_its_middle(tmp_path: Path) -> None:
    """The outermost and the innermost levels stay."""
    capture = Capture(Places(tmp_path))
    source = (
        "def down(n):\n    return down(n - 1) if n else last()\ndef last():\n    1 / 0\ndef first():\n    down(100)\n"
    )
    space: dict[str, object] = {}
    exec(compile(source, str(tmp_path / "made.py"), "exec"), space)
    with pytest.raises(ZeroDivisionError) as raised:
        space["first"]()  # type: ignore[operator]
    wire, _ = capture.failure(raised.value, raised.tb)
    assert [frame["function"] for frame in wire["frames"][:2]] == ["first", "down"]
    assert wire["frames"][-1]["function"] == "last"
    assert wire["path"] == "made.py"


def test_attributes_are_read_past_what_a_subclass_defines(tmp_path: Path) -> None:
    """An exception whose own properties raise is captured all the same, and none of them is asked."""

    class Guarded(AttributeError):
        def refuse(self) -> None:
            raise RuntimeError("touched")

        __cause__ = __context__ = __traceback__ = __dict__ = name = obj = args = property(refuse)  # type: ignore[assignment]

    wire, _ = Capture(Places(tmp_path)).failure(Guarded("plain"), None)
    assert wire["message"] == "plain"
    assert wire["exception"].endswith("Guarded")


def test_long_ids_stay_apart() -> None:
    """Two ids that differ beyond the limit differ when they are cut."""
    one, other = "t.py::" + "a" * 10_000 + "1", "t.py::" + "a" * 10_000 + "2"
    assert bounded_nodeid(one) != bounded_nodeid(other)
    assert len(bounded_nodeid(one)) <= NODEID_LIMIT
    assert bounded_nodeid("t.py::short") == "t.py::short"


def test_a_cut_text_keeps_its_beginning_and_its_end() -> None:
    """The end of an assertion's message tells where its values came from."""
    text = bounded("begin" + "x" * 10_000 + "end", 100)
    assert text.startswith("begin")
    assert text.endswith("end")
    assert len(text) <= 100


def test_tabs_and_newlines_are_no_control_characters() -> None:
    """They are kept; carriage returns before newlines and colours go."""
    assert clean("a\tb\r\nc\x1b[1;31md") == "a\tb\ncd"


def test_what_is_too_large_gives_up_its_least_telling_parts() -> None:
    """The message and the innermost frame survive, and the occurrence stays one."""
    frame = {"path": "p" * 400, "line": 1, "function": "f" * 120, "statement": "😀" * 300}
    link = {"relation": "cause", "exception": "E", "mro": ["E"] * 12, "message": "😀" * 600, "frames": [frame] * 6}
    wire = {
        "nodeid": "n" * 500,
        "when": "call",
        "exception": "E",
        "mro": ["E" * 120] * 12,
        "message": "😀" * 3_000,
        "frames": [frame] * 24,
        "linked": [link] * 4,
        "facts": {"text": "😀" * 200},
    }
    fitted = fit(json.loads(json.dumps(wire)))
    assert len(json.dumps(fitted)) <= SIZE
    occurrence = Occurrence.from_wire(fitted)
    assert occurrence.message.startswith("😀😀")
    assert occurrence.frames[-1].line == 1


STRANGE_REPORTS = """
import pytest

class Silent:
    def __str__(self):
        raise RuntimeError("not told")

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report):
    if report.failed:
        report.longrepr = Silent()
        vars(report).pop("llmlearn")
"""


def test_a_report_that_cannot_be_read_costs_itself_alone(bench: Bench) -> None:
    """Other plug-ins make reports of their own; one whose text cannot be had is named, and the run goes on."""
    seen = bench.files(conftest=STRANGE_REPORTS, test_a="def test_a():\n    assert 0\ndef test_b():\n    pass\n").run(
        "--tb=no", "-rN"
    )
    seen.result.assert_outcomes(failed=1, passed=1)
    assert seen.occurrences == ()
    assert seen.notices == ("some failures were seen in part only: a report could not be read (RuntimeError)",)
