"""Failures at run time: by class, by bases, by package, and by what they wrap."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.detectors.runtime import RULES, RuntimeDetector, llmlearn_register_detectors
from pytest_llmlearn.domain.finding import Finding, gravest_first
from pytest_llmlearn.domain.occurrence import Frame, Linked, Occurrence
from pytest_llmlearn.domain.source import unit_at
from pytest_llmlearn.hookspecs import Detector, Evidence

CODE = """\
import cv2
import json
from PIL import Image


class SoldOut(Exception):
    pass


def price(kind):
    table = {"small": 1}
    if kind == "big":
        raise ValueError("unknown kind")
    if kind == "none":
        raise SoldOut(kind)
    return table[kind]


def grey(image):
    return cv2.cvtColor(cv2.blur(image, 3), cv2.COLOR_BGR2GRAY)


def load(text):
    return json.loads(text)
"""


class Surroundings:
    """Knows the standard library's names, and one module of the project."""

    def is_stdlib(self, module: str) -> bool:
        return module in ("json", "re", "sqlite3", "subprocess", "xml")

    def own_module(self, module: str, near: str | None = None) -> str | None:
        return "shop/errors.py" if module == "shop.errors" else None


def findings(
    exception: str,
    message: str = "",
    *,
    mro: tuple[str, ...] = (),
    line: int | None = 16,
    library: bool = False,
    text: str = CODE,
    test_text: str = "",
    **more: Any,
) -> list[Finding]:
    """What the detector says of this exception, raised at that line of `shop.py`, or in the test where it is None."""
    frames = [Frame(path="test_shop.py", line=3, function="test_it", statement="price('x')")]
    if line is not None:
        frames.append(Frame(path="shop.py", line=line, function="f", statement=text.split("\n")[line - 1].strip()))
    if library:
        frames.append(Frame(path="/usr/lib/python3/there.py", line=9, function="deep", statement="raise Refused"))
    occurrence = Occurrence(
        nodeid="test_shop.py::test_it", when="call", exception=exception, mro=mro or (exception, "Exception"),
        message=message, path="shop.py", line=line, frames=tuple(frames), test_path="test_shop.py", **more,
    )  # fmt: skip
    evidence = Evidence(
        path="shop.py", text=text, unit=unit_at(text, line), surroundings=Surroundings(),  # type: ignore[arg-type]
        in_test=line is None, test_text=test_text,
    )  # fmt: skip
    return list(RuntimeDetector().detect(occurrence, evidence))


def live(act: Callable[[], object]) -> dict[str, Any]:
    """The class, bases and message of what `act` raises."""
    with pytest.raises(BaseException) as caught:
        act()
    kind = type(caught.value)
    names = tuple(f"{base.__module__}.{base.__qualname__}".removeprefix("builtins.") for base in kind.__mro__)
    return {"exception": names[0], "mro": names, "message": str(caught.value)}


def endless() -> object:
    return endless()


def changing() -> None:
    table = {1: 1}
    for key in table:
        table[key + 1] = 1


LIVE: list[tuple[Callable[[], object], str]] = [
    (lambda: [][0], "index"),
    (lambda: {}["a"], "key"),
    (lambda: 1 / 0, "zero-division"),
    (lambda: 1.0 % 0, "zero-division"),
    (endless, "recursion"),
    (lambda: Path("/no/such/file").read_text(), "file-not-found"),
    (lambda: Path("/").read_text(), "os"),
    (lambda: b"\xff".decode(), "encoding"),
    (lambda: "ä".encode("ascii"), "encoding"),
    (lambda: "a".encode("utf-9"), "encoding"),
    (lambda: json.loads("{"), "json"),
    (lambda: json.dumps({1}), "json"),
    (lambda: int("x"), "value"),
    (lambda: 2.0**5000, "value"),
    (lambda: sqlite3.connect(":memory:").execute("select * from nothing"), "database"),
    (lambda: getattr(None, "strip"), "attribute-none"),  # noqa: B009 - the very mistake
    (changing, "state"),
    (lambda: exec("import re; re.compile('(')"), "library-error"),
    (lambda: exec("raise SystemExit(2)"), "exit"),
    (lambda: exec("import xml.etree.ElementTree as e; e.fromstring('<')"), "library-error"),
    (lambda: exec("import subprocess as s; raise s.TimeoutExpired('x', 3)"), "timeout"),
    (lambda: exec("raise TimeoutError"), "timeout"),
    (lambda: next(iter([])), "stop-iteration"),
    (lambda: sorted(next(iter([])) for _ in [1]), "stop-iteration"),
    (lambda: exec("raise UserWarning('old')"), "warning-error"),
    (lambda: exec("nothing_of_this_name"), "undefined-name"),
]


@pytest.mark.parametrize(("act", "rule"), LIVE)
def test_the_interpreters_exceptions_are_named(act: Callable[[], object], rule: str) -> None:
    """Exceptions are made by the interpreter that runs."""
    (found,) = findings(**live(act))
    assert found.rule_id == f"runtime.{rule}"
    assert found.line == 16


@pytest.mark.parametrize(
    ("exception", "mro", "rule"),
    [
        ("cv2.error", ("Exception",), "library-error"),
        ("pandas.errors.EmptyDataError", ("ValueError", "Exception"), "library-error"),
        ("numpy.exceptions.AxisError", ("ValueError", "IndexError", "Exception"), "library-error"),
        ("requests.exceptions.ConnectionError", ("requests.exceptions.RequestException", "OSError"), "library-error"),
        ("requests.exceptions.ReadTimeout", ("requests.exceptions.Timeout", "OSError"), "timeout"),
        ("sqlalchemy.exc.IntegrityError", ("sqlalchemy.exc.DBAPIError", "Exception"), "database"),
        ("psycopg2.errors.UndefinedTable", ("psycopg2.ProgrammingError", "Exception"), "database"),
        ("shop.store.StoreError", ("sqlite3.OperationalError", "sqlite3.Error", "Exception"), "database"),
        ("requests.exceptions.JSONDecodeError", ("json.decoder.JSONDecodeError", "ValueError"), "json"),
        ("shop.errors.Closed", ("Exception",), "own-error"),
        ("SoldOut", ("Exception",), "own-error"),
        ("shop.SoldOut", ("Exception",), "own-error"),
        ("Exception", (), "own-error"),
    ],
)
def test_classes_of_others_are_named_by_package_and_bases(exception: str, mro: tuple[str, ...], rule: str) -> None:
    """A database, a time limit and JSON are told by bases; the rest by whose class it is."""
    found = findings(exception, mro=(exception, *mro))
    assert [one.rule_id for one in found] == [f"runtime.{rule}"]


def test_the_refusing_function_of_a_library_is_the_symbol() -> None:
    """Of several calls in the statement it is the one that the message names."""
    (found,) = findings("cv2.error", "error: (-5:Bad argument) in function 'blur'", line=20)
    assert found.symbols == ("cv2.blur",)
    assert found.fields["package"] == "cv2"


def test_a_function_inside_the_library_is_no_symbol() -> None:
    """A message that names an inner function leads to the call that the code makes."""
    (found,) = findings("cv2.error", "error: (-15) in function 'cv::impl::CvtHelper'", line=20)
    assert found.symbols == ("cv2.cvtColor",)


def test_a_deliberate_refusal_is_told_from_that_of_a_library() -> None:
    """`raise ValueError` in the generated code, or `int('x')`."""
    (own,) = findings("ValueError", "unknown kind", line=13)
    (library,) = findings("ValueError", "invalid literal for int() with base 10: 'x'")
    assert (own.fields["raised_by"], own.symbols) == ("own", ())
    assert (library.fields["raised_by"], library.symbols) == ("library", ("int",))
    assert own.confidence < library.confidence


def test_a_key_is_a_symbol_only_where_the_code_spells_it_out() -> None:
    """Otherwise it is a datum of the test."""
    (spelled,) = findings("KeyError", "'small'")
    (datum,) = findings("KeyError", "'giant'")
    assert (spelled.symbols, datum.symbols) == (("small",), ())
    assert "'giant' may be absent" in datum.lesson


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("name 'np' is not defined", "np"),
        ("name 'np' is not defined. Did you forget to import 'numpy'?", "np"),
        ("cannot access local variable 'total' where it is not associated with a value", "total"),
        ("cannot access free variable 'n' where it is not associated with a value in enclosing scope", "n"),
    ],
)
def test_an_undefined_name_has_little_weight_and_no_symbol(message: str, name: str) -> None:
    """An import that would bind it is for another detector to tell; the name itself is the code's own."""
    (found,) = findings("NameError", message, mro=("UnboundLocalError", "NameError", "Exception"))
    assert (found.fields["name"], found.symbols, found.confidence) == (name, (), 0.6)
    assert found.scope is None


def test_a_name_that_the_test_lacks_is_the_tests_mistake() -> None:
    """Unless the test takes all names of the generated module."""
    message = "name 'expected' is not defined"
    (broken,) = findings("NameError", message, line=None, test_text="from shop import price\n")
    (starred,) = findings("NameError", message, line=None, test_text="from shop import *\n")
    assert (broken.scope, starred.scope) == ("test", None)


def test_a_missing_fixture_is_the_tests_mistake() -> None:
    """pytest's own complaint about a test."""
    (found,) = findings("_pytest.fixtures.FixtureLookupError", "fixture 'shop' not found", mro=("LookupError",))
    assert found.scope == "test"


def test_a_time_limit_of_pytest_timeout_is_a_timeout() -> None:
    """It comes as pytest's `Failed`."""
    (found,) = findings("Failed", "Timeout (>10.0s) from pytest-timeout.")
    assert (found.rule_id, found.severity) == ("runtime.timeout", "critical")


@pytest.mark.parametrize("exception", ["WorkerCrash", "pytest_llmlearn.WorkerCrash"])
def test_a_crash_is_critical(exception: str) -> None:
    """The worker is gone; there is nothing else to look at."""
    (found,) = findings(exception, "worker 'gw0' crashed", source="crash", line=None)
    assert (found.rule_id, found.severity) == ("runtime.crash", "critical")


def linked(relation: Any, exception: str, message: str = "", line: int = 16) -> Linked:
    frames = (Frame(path="shop.py", line=line, function="price", statement="return table[kind]"),)
    return Linked(relation=relation, exception=exception, mro=(exception, "Exception"), message=message, frames=frames)


def test_the_cause_outranks_the_library_error_that_wraps_it() -> None:
    """Both are told, with the line of the cause."""
    found = findings("there.Wrapped", "failed", linked=(linked("cause", "KeyError", "'small'"),), library=True)
    first, second = gravest_first(found)
    assert (first.rule_id, first.symbols) == ("runtime.key", ("small",))
    assert second.rule_id == "runtime.library-error"


def test_what_was_merely_handled_is_outranked() -> None:
    """An accident inside an `except` block is a mistake of its own."""
    found = findings("IndexError", "list index out of range", linked=(linked("context", "KeyError", "'a'"),))
    assert [one.rule_id for one in gravest_first(found)] == ["runtime.index", "runtime.key"]


def test_a_deliberate_raise_hands_on_what_it_caught() -> None:
    """`except KeyError: raise ValueError(…)` hides the KeyError."""
    found = findings("ValueError", "unknown kind", line=13, linked=(linked("context", "KeyError", "'a'"),))
    assert gravest_first(found)[0].rule_id == "runtime.key"


def test_a_group_of_one_is_like_its_member() -> None:
    """The group itself says nothing."""
    found = findings("ExceptionGroup", "unhandled errors (1 sub-exception)", linked=(linked("member", "IndexError"),))
    assert [(one.rule_id, one.confidence) for one in found] == [("runtime.index", 0.9)]


def test_all_kinds_of_a_groups_members_are_told_once() -> None:
    """Two alike are one finding."""
    members = tuple(linked("member", name) for name in ("IndexError", "KeyError", "IndexError"))
    found = findings("ExceptionGroup", "errors (3 sub-exceptions)", linked=members)
    assert [one.rule_id for one in found] == ["runtime.index", "runtime.key"]


@pytest.mark.parametrize(
    ("source", "carrier", "rule"),
    [("thread", "pytest.PytestUnhandledThreadExceptionWarning", "runtime.thread-exception"),
     ("unraisable", "pytest.PytestUnraisableExceptionWarning", "runtime.unraisable")],
)  # fmt: skip
def test_what_nobody_could_catch_is_named_by_what_it_carries(source: Any, carrier: str, rule: str) -> None:
    """Whether the exception comes inside pytest's warning or bare."""
    mro = (carrier, "Warning", "Exception")
    inside = findings(carrier, "Exception in …", mro=mro, source=source, linked=(linked("cause", "IndexError"),))
    bare = findings("IndexError", "list index out of range", source=source)
    for found in (inside, bare):
        assert [one.rule_id for one in gravest_first(found)] == ["runtime.index", rule]


@pytest.mark.parametrize(
    "exception", ["TypeError", "AttributeError", "ImportError", "ModuleNotFoundError", "SyntaxError", "AssertionError"]
)
def test_what_other_detectors_name_is_passed_over(exception: str) -> None:
    """Not even `unknown` is said of it."""
    base = "ImportError" if exception == "ModuleNotFoundError" else exception
    assert findings(exception, "words", mro=(exception, base, "Exception")) == []


def test_a_warning_about_an_awaited_coroutine_is_left_to_async() -> None:
    """Under `-W error` it comes as an exception."""
    assert findings("RuntimeWarning", "coroutine 'f' was never awaited", mro=("RuntimeWarning", "Warning")) == []


def test_an_event_loops_refusal_has_little_weight() -> None:
    """The detector of async knows more about loops."""
    (found,) = findings("RuntimeError", "Event loop is closed")
    assert found.confidence < 0.5


def test_a_runtime_error_of_a_library_is_a_library_error() -> None:
    """Raised below the code, in a statement that makes one library call."""
    (found,) = findings("RuntimeError", "no footprint", line=24, library=True)
    assert (found.rule_id, found.symbols) == ("runtime.library-error", ("json.loads",))


def test_what_fits_nothing_is_unknown_with_hardly_any_weight() -> None:
    """Every failure gets a finding from somebody."""
    (found,) = findings("KeyboardInterrupt", mro=("KeyboardInterrupt", "BaseException"))
    assert (found.rule_id, found.confidence) == ("runtime.unknown", 0.1)


@pytest.mark.parametrize("message", ["", "'" * 3_000, "\0\ud800", "for " * 900, "(" * 3_000])
@pytest.mark.parametrize(
    "exception", ["KeyError", "ValueError", "cv2.error", "UnicodeDecodeError", "Odd", "RuntimeError"]
)
def test_hostile_messages_are_survived(exception: str, message: str) -> None:
    """A message is text that anyone can write, and the code may not parse."""
    for text in (CODE, "def f(:\n" * 30):
        for found in findings(exception, message, text=text):
            assert len(found.lesson) < 500


def test_plain_lessons_fit_a_line() -> None:
    """What is printed when a field is missing."""
    assert all(len(rule.plain) < 160 and "{" not in rule.plain for rule in RULES)
    assert len({rule.rule_id for rule in RULES}) == len(RULES)


def test_the_detector_registers_itself() -> None:
    """The hook brings one detector with its rules."""
    brought: list[Detector] = []
    llmlearn_register_detectors(brought.append)
    assert [one.name for one in brought] == ["runtime"]


@pytest.mark.parametrize(
    "exception",
    [
        "tests.test_shop.test_it.<locals>.Inner", "shop.price.<locals>.Refused", "shop.errors.Store.Missing",
        "shop.errors.make.<locals>.Refused", "test_shop.Outer.Inner",
    ],
)  # fmt: skip
def test_an_error_defined_inside_a_function_or_class_is_the_projects_own(exception: str) -> None:
    """Its name has those of the function and of the module before it."""
    test_text = "def test_it():\n    class Inner(Exception): ...\n    raise Inner\n"
    text = CODE + "\n\ndef order():\n    class Refused(Exception): ...\n    raise Refused\n"
    (found,) = findings(exception, "no", test_text=test_text, text=text, library=exception.endswith("Missing"))
    assert found.rule_id == "runtime.own-error"


def test_an_error_of_a_library_stays_the_librarys() -> None:
    """Also where its class lies inside another."""
    (found,) = findings("peculiar.core.Engine.Refused", "no", library=True)
    assert found.rule_id == "runtime.library-error"


@pytest.mark.parametrize(
    ("exception", "mro", "told"),
    [
        ("subprocess.CalledProcessError", (), "The command that `subprocess` runs failed (CalledProcessError)"),
        ("urllib.error.URLError", ("OSError",), "The request that `urllib` makes failed (URLError)"),
        ("urllib.error.HTTPError", ("urllib.error.URLError", "OSError"), "failed (HTTPError): requests can fail"),
        ("requests.exceptions.ConnectionError", ("OSError",), "The request that `requests` makes failed"),
        ("httpx.HTTPStatusError", ("httpx.HTTPError",), "The request that `httpx` makes failed (HTTPStatusError)"),
        ("requests.exceptions.InvalidURL", ("ValueError",), "`requests` refuses this input (InvalidURL)"),
    ],
)
def test_a_command_or_request_that_failed_was_not_refused(exception: str, mro: tuple[str, ...], told: str) -> None:
    """Its input may be fine; what is missing is what to do about the failure."""
    (found,) = findings(exception, "no", mro=(exception, *mro, "Exception"), library=True)
    assert found.rule_id == "runtime.library-error"
    assert told in found.lesson


def test_a_timeout_that_the_code_raises_itself_is_no_endless_loop() -> None:
    """It says that it took too long, or pretends to."""
    text = "def wait():\n    raise TimeoutError('too slow')\n"
    (found,) = findings("TimeoutError", "too slow", mro=("TimeoutError", "OSError", "Exception"), line=2, text=text)
    assert found.rule_id == "runtime.own-error"


@pytest.mark.parametrize(
    ("message", "opening"),
    [
        ("too many values to unpack (expected 2)", "Unpack exactly as many values"),
        ("not enough values to unpack (expected 2, got 1)", "Unpack exactly as many values"),
        ("The truth value of an array with more than one element is ambiguous.", "An array is neither true nor false"),
    ],
)
def test_what_is_no_callable_is_not_said_to_refuse(message: str, opening: str) -> None:
    """Unpacking and truth have lessons of their own under the same rule."""
    (found,) = findings("ValueError", message)
    assert found.rule_id == "runtime.value"
    assert found.lesson.startswith(opening)
