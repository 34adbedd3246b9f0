"""Values of a wrong type, in every wording that was measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.detectors.type_errors import RULES, TypeDetector, llmlearn_register_detectors
from pytest_llmlearn.domain.finding import Finding
from pytest_llmlearn.domain.occurrence import Frame, Linked, Occurrence
from pytest_llmlearn.domain.source import unit_at
from pytest_llmlearn.domain.type_wordings import read_attribute_error, read_type_error
from pytest_llmlearn.hookspecs import Detector, Evidence, Signature

WORDINGS = Path(__file__).parent.parent / "data" / "wordings.json"
CODE = """\
import numpy as np
from skimage.transform import resize


class Role:
    def __init__(self, name):
        self.name = name


def shrink(image):
    return resize(image, size=2)


def add(a, b):
    return np.add(a, b)
"""


class Surroundings:
    """Knows one signature of a library."""

    def signature(self, module: str, qualname: str) -> Signature | None:
        known = (module, qualname) == ("skimage.transform", "resize")
        return Signature(parameters=("image", "output_shape", "order", "mode", "cval")) if known else None


def findings(
    message: str,
    *,
    line: int | None = 11,
    exception: str = "TypeError",
    mro: tuple[str, ...] = (),
    linked: tuple[Linked, ...] = (),
    text: str = CODE,
    **facts: str,
) -> list[Finding]:
    """What the detector says of this exception raised at that line of `shop.py`, or in the test where it is None."""
    frames = [Frame(path="test_shop.py", line=3, function="test_it", statement="shrink(1)")]
    if line is not None:
        frames.append(Frame(path="shop.py", line=line, function="f", statement=text.split("\n")[line - 1].strip()))
    occurrence = Occurrence(
        nodeid="test_shop.py::test_it", when="call", exception=exception, mro=mro or (exception, "Exception"),
        message=message, path="shop.py", line=line, frames=tuple(frames), linked=linked, facts=facts,
        test_path="test_shop.py",
    )  # fmt: skip
    evidence = Evidence(
        path="shop.py", text=text, unit=unit_at(text, line or 6), surroundings=Surroundings(),  # type: ignore[arg-type]
        in_test=line is None,
    )  # fmt: skip
    return list(TypeDetector().detect(occurrence, evidence))


def raised_by(act: Callable[[], object]) -> str:
    with pytest.raises(TypeError) as caught:
        act()
    return str(caught.value)


nothing: Any = None
number: Any = 3
items: Any = [1]

LIVE: list[tuple[Callable[[], object], str]] = [
    (lambda: nothing[0], "type.none-value"),
    (lambda: nothing(), "type.none-value"),
    (lambda: [*nothing], "type.none-value"),
    (lambda: 1 + nothing, "type.none-value"),
    (lambda: nothing > 1, "type.none-value"),
    (lambda: "a" in nothing, "type.none-value"),
    (lambda: len(nothing), "type.none-value"),
    (lambda: int(nothing), "type.none-value"),
    (lambda: "a" + nothing, "type.none-value"),
    (lambda: ",".join([nothing]), "type.none-value"),
    (lambda: sorted([1], revers=True), "type.unexpected-keyword"),  # type: ignore[call-overload]
    (lambda: (lambda a: a)(b=1), "type.unexpected-keyword"),  # type: ignore[call-arg, misc]
    (lambda: (lambda a: a)(), "type.wrong-arity"),  # type: ignore[call-arg, misc]
    (lambda: (lambda a: a)(1, 2), "type.wrong-arity"),  # type: ignore[call-arg, misc]
    (lambda: (lambda a: a)(1, a=1), "type.wrong-arity"),  # type: ignore[call-arg, misc]
    (lambda: len(), "type.wrong-arity"),  # type: ignore[call-arg]
    (lambda: [*number], "type.not-iterable"),
    (lambda: 1 in number, "type.not-iterable"),
    (lambda: print(*number), "type.not-iterable"),
    (lambda: number[0], "type.not-subscriptable"),
    (lambda: items["a"], "type.bad-index-type"),
    (lambda: tuple(items)["a"], "type.bad-index-type"),  # type: ignore[call-overload]
    (lambda: number(), "type.not-callable"),
    (lambda: "a" + number, "type.unsupported-operand"),
    (lambda: number + "a", "type.unsupported-operand"),
    (lambda: number < "a", "type.unsupported-operand"),
    (lambda: -"a", "type.unsupported-operand"),  # type: ignore[operator]
    (lambda: b"a" + number, "type.unsupported-operand"),
    (lambda: "a" * 1.5, "type.unsupported-operand"),  # type: ignore[operator]
    (lambda: {[]: 1}, "type.bad-argument-type"),  # type: ignore[dict-item]
    (lambda: len(number), "type.bad-argument-type"),
    (lambda: range("3"), "type.bad-argument-type"),  # type: ignore[call-overload]
    (lambda: int([]), "type.bad-argument-type"),  # type: ignore[call-overload]
    (lambda: "a".replace("a", number), "type.bad-argument-type"),
]


@pytest.mark.parametrize(("act", "rule_id"), LIVE)
def test_the_interpreters_own_messages_are_named(act: Callable[[], object], rule_id: str) -> None:
    """The message is made by the interpreter that runs, so that a newer wording is tried where it appears."""
    (found,) = findings(raised_by(act))
    assert found.rule_id == rule_id
    assert found.confidence == 0.9


def _wordings(exception: str) -> list[tuple[str, tuple[str, ...]]]:
    errors = json.loads(WORDINGS.read_text())["errors"]
    rows = [(name, tuple(row[2] for row in rows if row[1] == exception)) for name, rows in errors.items()]
    return [(name, messages) for name, messages in rows if messages]


def test_a_mistake_has_one_rule_on_every_python() -> None:
    """Over all measured wordings of TypeError: what differs in words does not differ in rule."""
    table = _wordings("builtins.TypeError")
    differing = {name for name, messages in table if len({_rule(message) for message in messages}) > 1}
    assert differing == set()
    assert len(table) > 200


def _rule(message: str) -> str:
    wording = read_type_error(message)
    return wording.shape if wording is not None else "bad-argument-type"


def test_a_missing_attribute_is_read_alike_on_every_python() -> None:
    """Later versions add what they suggest, and that there is no `__dict__`."""
    table = [(name, messages) for name, messages in _wordings("builtins.AttributeError") if name != "attribute.enum"]
    assert {name for name, messages in table if len({read_attribute_error(one) for one in messages}) > 1} == set()


def test_a_keyword_of_a_library_is_named_in_full() -> None:
    """The imports tell which `resize` it is; the symbol is the parameter that does not exist."""
    (found,) = findings("resize() got an unexpected keyword argument 'size'")
    assert found.symbols == ("skimage.transform.resize.size",)
    assert found.line == 11
    assert "`skimage.transform.resize` takes no argument `size`" in found.lesson


@pytest.mark.parametrize("suggestion", ["", ". Did you mean 'output_shape'?"])
def test_a_suggested_keyword_is_passed_on(suggestion: str) -> None:
    """By likeness with the parameters that the exception's facts tell, or by the message of newer versions."""
    facts = {} if suggestion else {"parameters": "image,output_shape,order"}
    (found,) = findings(f"resize() got an unexpected keyword argument 'out_shape'{suggestion}", **facts)
    assert "`out_shape`, there is output_shape:" in found.lesson


def test_the_installed_signature_is_told_where_no_parameter_resembles_the_argument() -> None:
    """What a library really takes is read from its source, through the surroundings."""
    (found,) = findings("resize() got an unexpected keyword argument 'multichannel'")
    assert "`multichannel`, it takes image, output_shape, order, mode, …:" in found.lesson


def test_a_signature_that_callers_do_not_expect_is_laid_on_its_definition() -> None:
    """The test calls the generated class otherwise than it was written: the definition is wrong, not the call."""
    (found,) = findings("Role.__init__() got an unexpected keyword argument 'title'", line=None)
    assert (found.symbols, found.fields["kind"], found.line) == (("Role.title",), "own", None)
    assert "specified signature" in found.lesson


def test_missing_arguments_are_listed() -> None:
    """The lesson says what was not given."""
    message = "Role.__init__() missing 2 required positional arguments: 'name' and 'grade'"
    (found,) = findings(message, line=None)
    assert found.rule_id == "type.wrong-arity"
    assert "`Role` was not given name, grade" in found.lesson


def test_numbers_of_arguments_are_told() -> None:
    """`takes 1 but 2 were given`."""
    (found,) = findings("Role.rename() takes 1 positional argument but 2 were given", line=None)
    assert "`Role.rename` takes 1 argument, 2 given" in found.lesson


ENGINE = """\
class Engine:
    def start():
        return 1

    @staticmethod
    def stop():
        return 2

    def turn(this_many):
        return this_many


def start():
    return 3
"""


@pytest.mark.parametrize(
    ("message", "lacks"),
    [
        ("Engine.start() takes 0 positional arguments but 1 was given", "Engine.start"),
        ("Engine.turn() takes 1 positional argument but 2 were given", "Engine.turn"),
        ("Engine.stop() takes 0 positional arguments but 1 was given", ""),
        ("Engine.start() takes 0 positional arguments but 3 were given", ""),
        ("start() takes 0 positional arguments but 1 was given", ""),
        ("Other.start() takes 0 positional arguments but 1 was given", ""),
    ],
)
def test_a_method_without_self_is_told_to_take_it(message: str, lacks: str) -> None:
    """The instance is the one argument too many."""
    (found,) = findings(message, line=None, text=ENGINE)
    assert found.rule_id == "type.wrong-arity"
    assert (f"`{lacks}` is a method without `self`" in found.lesson) == bool(lacks)


@pytest.mark.parametrize(
    ("of", "name", "advice"),
    [
        ("list", "push", "use 'append'"),
        ("list", "length", "use len(…)"),
        ("str", "contains", "use 'in'"),
        ("dict", "has_key", "use 'in'"),
        ("set", "append", "use 'add'"),
    ],
)
def test_an_attribute_of_another_language_is_told_with_the_python_one(of: str, name: str, advice: str) -> None:
    """Whatever Python itself suggests."""
    (found,) = findings(f"'{of}' object has no attribute '{name}'. Did you mean: 'pop'?", exception="AttributeError")
    assert found.lesson == f"`{of}` has no attribute `{name}`: {advice}."


def test_an_operator_is_shown_as_it_is_and_left_out_where_it_is_not_known() -> None:
    """`<` is no tag, and nothing is gained by saying "this operator"."""
    (found,) = findings("'<' not supported between instances of 'str' and 'int'")
    assert found.lesson.startswith("`<` does not work on 'str' and 'int'")
    (found,) = findings("Cannot compare tz-naive and tz-aware datetimes")
    assert "this operator" not in found.lesson


@pytest.mark.parametrize(
    "message",
    ["Can't instantiate abstract class Role with abstract methods run, stop",
     "Can't instantiate abstract class Role without an implementation for abstract methods 'run', 'stop'"],
)  # fmt: skip
def test_an_abstract_class_names_what_it_lacks(message: str) -> None:
    """Both wordings give one finding."""
    (found,) = findings(message, line=None)
    assert (found.rule_id, found.symbols, found.fields["methods"]) == ("type.abstract-class", ("Role",), "run, stop")


def test_an_attribute_that_an_object_lacks_is_a_symbol() -> None:
    """Class and attribute together are the invented API."""
    (found,) = findings("'str' object has no attribute 'trim'", exception="AttributeError")
    assert (found.rule_id, found.symbols) == ("type.missing-attribute", ("str.trim",))


def test_the_class_of_a_library_is_named_with_its_package() -> None:
    """The facts of the live exception know where the class comes from."""
    (found,) = findings(
        "'DataFrame' object has no attribute 'append'", exception="AttributeError", of="pandas.core.frame.DataFrame"
    )
    assert found.symbols == ("pandas.DataFrame.append",)


@pytest.mark.parametrize(
    ("message", "facts"),
    [
        ("module 'numpy' has no attribute 'asscalar'", {}),
        ("partially initialized module 'shop' has no attribute 'f' (most likely due to a circular import)", {}),
        ("`numpy.core` has no attribute `x`", {"of_kind": "module"}),
        ("'NoneType' object has no attribute 'strip'", {}),
    ],
)
def test_attributes_of_modules_and_of_none_are_left_to_others(message: str, facts: dict[str, str]) -> None:
    """The imports and the run time have rules for them."""
    assert findings(message, exception="AttributeError", **facts) == []


@pytest.mark.parametrize(
    "message",
    ["object dict can't be used in 'await' expression", "'dict' object can't be awaited",
     "'async for' requires an object with __aiter__ method, got list", "Object of type set is not JSON serializable"],
)  # fmt: skip
def test_what_async_and_json_explain_is_passed_over(message: str) -> None:
    """Other detectors say more about it."""
    assert findings(message) == []


@pytest.mark.parametrize(
    ("message", "exception"),
    [("'coroutine' object is not subscriptable", "TypeError"),
     ("'coroutine' object has no attribute 'json'", "AttributeError")],
)  # fmt: skip
def test_a_coroutine_used_as_its_result_has_little_weight(message: str, exception: str) -> None:
    """The missing `await` is the mistake, and the detector of async says so."""
    (found,) = findings(message, exception=exception)
    assert found.confidence < 0.5


def test_what_a_library_wraps_is_looked_at() -> None:
    """The cause of an exception of another kind."""
    cause = Linked(relation="cause", exception="TypeError", mro=("TypeError",), message="'int' object is not callable")
    (found,) = findings("Failed to connect", exception="ConnectionError", linked=(cause,))
    assert found.rule_id == "type.not-callable"


def test_another_words_of_a_type_error_are_a_bad_argument() -> None:
    """A message of no known shape: the class alone speaks, and the call of the statement is the symbol."""
    (found,) = findings("Length not supported", line=15)
    assert (found.rule_id, found.symbols, found.confidence) == ("type.bad-argument-type", ("numpy.add",), 0.5)


def test_an_exception_derived_from_type_error_counts() -> None:
    """Libraries derive classes of their own."""
    mro = ("numpy._core._exceptions._UFuncNoLoopError", "TypeError", "Exception")
    (found,) = findings("ufunc 'add' did not contain a loop with signature matching types", exception=mro[0], mro=mro)
    assert found.rule_id == "type.unsupported-operand"


@pytest.mark.parametrize("exception", ["ValueError", "AssertionError", "ImportError"])
def test_other_exceptions_are_passed_over(exception: str) -> None:
    """Words alone do not make a type error."""
    assert findings("'int' object is not callable", exception=exception) == []


@pytest.mark.parametrize(
    "message", ["", "'" * 3_000, "x" * 3_000 + "() got an unexpected keyword argument 'y'", "\0\ud800"]
)
def test_hostile_messages_are_survived(message: str) -> None:
    """A message is text that anyone can write."""
    for exception in ("TypeError", "AttributeError"):
        (found,) = findings(message, exception=exception)
        assert len(found.lesson) < 600


def test_plain_lessons_fit_a_line() -> None:
    """What is printed when a field is missing."""
    assert all(len(rule.plain) < 160 and "{" not in rule.plain for rule in RULES)


def test_the_detector_registers_itself() -> None:
    """The hook brings one detector with its rules."""
    brought: list[Detector] = []
    llmlearn_register_detectors(brought.append)
    assert [one.name for one in brought] == ["type"]
