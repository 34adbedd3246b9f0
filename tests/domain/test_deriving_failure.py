"""Shapes of what failed: which piece of the line, and how much of it stays."""

from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmlearn.domain import proof, syntax
from pytest_llmlearn.domain.deriving.failure import MOST, Failed, from_failure
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.matchers.shape import Shapes
from pytest_llmlearn.domain.matchers.view import View
from pytest_llmlearn.domain.names import imported
from pytest_llmlearn.domain.redaction import redact


def derived(text: str, exception: str, message: str = "", *, marked: str = "# here") -> list[Matcher]:
    """The matchers of a failure on the line that ends with the mark."""
    text = textwrap.dedent(text)
    line = next((number for number, each in enumerate(text.splitlines(), 1) if each.endswith(marked)), 1)
    failure = Failed(
        fingerprint="1:a", rule_id="r", exception=exception, message=message, text=text, line=line
    )  # fmt: skip
    return from_failure(failure, safe=lambda each: redact(each) == each)


def patterns(text: str, exception: str, message: str = "") -> set[str]:
    return {str(one.body["pattern"]) for one in derived(text, exception, message)}


def fires(matcher: Matcher, text: str) -> list[int]:
    """The lines on which it fires."""
    text = textwrap.dedent(text)
    found: list[int] = []
    for node in syntax.nodes(text):
        view = View(path="x.py", node=node, text=text, imports=imported(text))
        found += [sighting.span.line for sighting in Shapes().sightings(matcher, view)]
    return found


CASES = {
    "the subscript of the key": (
        "def load(row):\n    total = len(row) + row['total']  # here\n", "KeyError", "'total'", "row['total']",
    ),
    "the attribute that is missing": (
        "def size(image):\n    return image.value.shape[0]  # here\n",
        "AttributeError", "'int' object has no attribute 'shape'", "image.value.shape",
    ),
    "what the module lacks": (
        "import numpy as n\n\ndef floats(values):\n    return n.array(values, dtype=n.float)  # here\n",
        "AttributeError", "module 'numpy' has no attribute 'float'.\n`np.float` was a deprecated alias", "numpy.float",
    ),
    "the call with the keyword": (
        "from skimage.feature import peak_local_max\n\ndef peaks(a):\n    list(peak_local_max(a, indices=0))  # here\n",
        "TypeError", "peak_local_max() got an unexpected keyword argument 'indices'",
        "skimage.feature.peak_local_max(..., indices=$_)",
    ),
    "the name that cannot be imported": (
        "from skimage.morphology import disk, watershed  # here\n", "ImportError",
        "cannot import name 'watershed' from 'skimage.morphology'", "from skimage.morphology import watershed",
    ),
    "the division": (
        "def mean(total, n):\n    return round(total / n)  # here\n", "ZeroDivisionError", "division by zero", "$_ / n",
    ),
    "the conversion": (
        "def rank(card):\n    return max(int(card[:-1]), 2)  # here\n", "ValueError",
        "invalid literal for int() with base 10: 'A'", "int(card[:-1])",
    ),
    "the unpacking": (
        "def dims(image):\n    depth, height = image.shape  # here\n", "ValueError",
        "not enough values to unpack (expected 2, got 1)", "$X, $Y = image.shape",
    ),
    "what was raised": (
        "def f(width):\n    raise ValueError('width must be small')  # here\n", "ValueError", "width must be small",
        "raise ValueError('width must be small')",
    ),
    "the call into a library, whatever it is imported as": (
        "import cv2 as c\n\ndef grey(image):\n    out = c.cvtColor(image, c.COLOR_BGR2GRAY)  # here\n", "cv2.error",
        "OpenCV: bad number of channels", "cv2.cvtColor(image, ...)",
    ),
    "the operator": (
        "def join(data, more):\n    data += more  # here\n", "TypeError",
        "unsupported operand type(s) for +=: 'int' and 'str'", "data += more",
    ),
    "what is gone through": (
        "def each(things):\n    for thing in things:  # here\n        print(thing)\n", "TypeError",
        "'int' object is not iterable", "for $X in things: ...",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_piece_that_the_exception_speaks_of_is_looked_for(case: tuple[str, str, str, str]) -> None:
    """And no other piece of the line."""
    text, exception, message, wanted = case
    assert wanted in {" ".join(pattern.split()) for pattern in patterns(text, exception, message)}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_every_shape_fires_on_the_line_that_failed(case: tuple[str, str, str, str]) -> None:
    """Or it would have nothing to do with it; and there are not many."""
    text, exception, message, _ = case
    found = derived(text, exception, message)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.endswith("# here"))
    assert 0 < len(found) <= MOST
    assert all(line in fires(one, text) for one in found)


def test_what_a_module_lacks_says_nothing_of_the_calls_around_it() -> None:
    """What was repaired would be called wrong."""
    text = "import numpy as np\n\ndef floats(values):\n    return np.array(values, dtype=np.float)  # here\n"
    found = derived(text, "AttributeError", "module 'numpy' has no attribute 'float'")
    assert found and not any(fires(one, text.replace("np.float", "float")) for one in found)


def test_a_key_that_is_asked_for_first_is_no_mistake() -> None:
    """In whichever function it is read."""
    found = derived("def load(row):\n    return row['total']  # here\n", "KeyError", "'total'")
    (anywhere, *_) = [one for one in found if "inside" not in one.body]
    assert fires(anywhere, "def other(row):\n    return row['total']\n") == [2]
    assert fires(anywhere, "def other(row):\n    if 'total' in row:\n        return row['total']\n") == []


def test_names_of_ones_own_may_differ_in_other_code() -> None:
    """Parameters stay, for whoever writes the function anew keeps them."""
    shapes = derived(
        "def each(image):\n    height, width = image.shape  # here\n", "ValueError", "too many values to unpack"
    )
    again = "def each(image):\n    h, w = image.shape\n"
    assert any(fires(one, again) for one in shapes)
    assert not any(fires(one, again.replace("image", "picture")) for one in shapes)


def test_a_shape_of_the_function_knows_its_class() -> None:
    """A method of that name in another class is another one."""
    shapes = derived(
        "class A:\n    def get(self, row):\n        return row.x.y  # here\n",
        "AttributeError",
        "'int' object has no attribute 'y'",
    )
    here = next(one for one in shapes if one.body.get("inside"))
    assert here.body["inside"] == "A.get"
    assert fires(here, "class A:\n    def get(self, row):\n        print()\n        return row.x.y\n") == [4]
    assert fires(here, "class B:\n    def get(self, row):\n        return row.x.y\n") == []


def test_what_is_no_mapping_is_looked_for_in_all_ways_of_using_one() -> None:
    """The function that is written anew asks it otherwise, and fails for the same reason."""
    text = "class A:\n    def solve(self, problem):\n        a = problem['a']  # here\n"
    shapes = derived(text, "TypeError", "'A' object is not subscriptable")
    for use in ("problem.get('b', [])", "problem['other']", "[k for k in 'ab' if k in problem]"):
        other = f"class A:\n    def solve(self, problem):\n        b = {use}\n"
        assert any(fires(one, other) == [3] for one in shapes), use


def test_code_that_asks_first_what_a_thing_is_is_left_alone() -> None:
    """That is how the mistake is avoided."""
    text = "def solve(problem):\n    a = problem['a']  # here\n"
    shapes = [one for one in derived(text, "TypeError", "'A' object is not subscriptable") if one.body.get("inside")]
    asked = "def solve(problem):\n    if isinstance(problem, dict):\n        a = problem['a']\n"
    assert shapes and not any(fires(one, asked) for one in shapes)


def test_who_asks_first_and_fails_all_the_same_is_not_left_alone() -> None:
    """Then the question was no cure."""
    text = "def solve(problem):\n    assert isinstance(problem, A)\n    a = problem['a']  # here\n"
    shapes = derived(text, "TypeError", "'A' object is not subscriptable")
    assert any(fires(one, text) == [3] for one in shapes)


def test_a_missing_key_is_no_wrong_type() -> None:
    """`get` is its cure, and not looked for."""
    found = derived("def f(row):\n    return row['a']  # here\n", "KeyError", "'a'")
    assert not any("get" in str(one.body) for one in found)


@pytest.mark.parametrize(
    "literal",
    ["'ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8" + "'", "'" + "x" * 200 + "'", "b'bytes'"],
    ids=["a token", "a long text", "bytes"],
)
def test_nothing_secret_or_long_gets_into_a_shape(literal: str) -> None:
    """It may be looked for by what stands around it."""
    found = derived(
        f"import api\n\ndef f(user):\n    return api.login(user, {literal})  # here\n", "RuntimeError", "no"
    )
    assert found
    assert all(literal.strip("b'")[:20] not in str(one.body) for one in found)


def test_text_that_does_not_parse_gives_nothing() -> None:
    """Nor does a line that is not there, or one on which nothing is done."""
    assert derived("def f(:\n", "TypeError") == []
    assert derived("x = 1\n", "TypeError", marked="nowhere") == []
    assert derived("def f():\n    pass  # here\n", "TypeError") == []


@given(st.text(alphabet="abc.[]()'=:,+/ \n", max_size=60), st.sampled_from(["KeyError", "TypeError", "IndexError"]))
def test_whatever_the_line_is_it_is_derived_without_a_fault(line: str, exception: str) -> None:
    """And what comes out fires on it."""
    text = f"def f(a, b):\n    {line}  # here\n"
    for one in derived(text, exception, "list indices must be integers or slices, not str"):
        assert fires(one, text)
        assert one.confidence >= proof.WIDE


CAUGHT = "def solve(problem):\n    try:\n        a = problem['a']\n    except {}:\n        a = 1\n    return a\n"


@pytest.mark.parametrize("caught", ["TypeError", "(KeyError, TypeError)", "Exception", "builtins.TypeError as error"])
def test_code_that_catches_the_exception_is_left_alone(caught: str) -> None:
    """It expects what happens."""
    shapes = derived(
        "def solve(problem):\n    a = problem['a']  # here\n", "TypeError", "'A' object is not subscriptable"
    )
    assert shapes and not any(fires(one, CAUGHT.format(caught)) for one in shapes)
    assert any(fires(one, CAUGHT.format("KeyError")) == [3] for one in shapes)


def test_what_was_caught_and_came_all_the_same_is_looked_for_there_too() -> None:
    """It was raised again."""
    text = "def solve(problem):\n    try:\n        a = problem['a']  # here\n    except TypeError:\n        raise\n"
    assert any(fires(one, text) for one in derived(text, "TypeError", "'A' object is not subscriptable"))


@pytest.mark.parametrize(
    ("line", "exception", "message", "start"),
    [
        ("def at(row):\n    return row[3]  # here\n", "IndexError", "list index out of range", proof.BY_VALUE),
        ("def at(rank):\n    return int(rank)  # here\n", "ValueError", "invalid literal for int()", proof.BY_VALUE),
        ("def at(row):\n    raise ValueError('no row')  # here\n", "ValueError", "no row", proof.SPEAKS),
        ("def at(row):\n    return row['a']  # here\n", "TypeError", "'A' object is not subscriptable", proof.SPEAKS),
    ],
)  # fmt: skip
def test_what_values_decide_is_to_be_right_once_first(line: str, exception: str, message: str, start: float) -> None:
    """The line may be right with another value; what its function raises by itself it has decided."""
    assert max(one.confidence for one in derived(line, exception, message)) == start
