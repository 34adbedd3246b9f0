"""The identity of mistakes stands on what the normalisation takes out of a message and what it leaves in.

The table of wordings was measured on real interpreters (tools/measure_wordings.py); each row holds every distinct
wording of one error with the Python or pytest versions that use it.
"""

from __future__ import annotations

import json
import re
from keyword import iskeyword
from pathlib import Path

import pytest
from growth import growth
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from pytest_llmlearn.domain.normalise import INPUT, LIMIT, exact, exception_name, quoted, shape

TABLE = json.loads((Path(__file__).parents[1] / "data" / "wordings.json").read_text(encoding="utf-8"))
ERRORS: dict[str, list[tuple[str, str, str]]] = TABLE["errors"]
PYTHONS = {"3.11", "3.12", "3.13", "3.14"}

# Not worded otherwise but another failure: the class differs, or one message no longer names what the other names.
OTHER_MISTAKE = {
    "attribute.enum": "3.11 names the member alone",
    "call.super-deleted": "RuntimeError became UnboundLocalError",
    "operand.unhashable-slice": "slices became hashable: TypeError became KeyError",
    "toml.type": "3.11 speaks of bytes.replace, which it happened to call",
    "unittest.removed": "3.11 still had assertEquals",
    "value.random-float": "ValueError became TypeError",
    "value.random-int-float": "ValueError became TypeError",
}
# The message is one, the class is not, and no other class may be taken for it.
OTHER_CLASS = {
    "argparse.option": "ValueError became TypeError",
    "argparse.type-call": "ValueError became TypeError",
    "attribute.unpickle-local": "AttributeError became PicklingError",
}
SAME_MISTAKE = sorted(ERRORS.keys() - OTHER_MISTAKE.keys())


def messages(key: str) -> list[str]:
    return [message for _, _, message in ERRORS[key]]


@pytest.mark.parametrize("key", SAME_MISTAKE)
def test_a_mistake_is_worded_the_same_on_every_version(key: str) -> None:
    """Whatever Python or pytest says it, the exact form, the shape and the class are one."""
    assert len({exact(message) for message in messages(key)}) == 1
    assert len({shape(message) for message in messages(key)}) == 1
    if key not in OTHER_CLASS:
        assert len({exception_name(name) for _, name, _ in ERRORS[key]}) == 1


@pytest.mark.parametrize("key", sorted(key for key in ERRORS if key.endswith(".shown")))
def test_a_suggestion_is_no_part_of_the_mistake(key: str) -> None:
    """A traceback adds "Did you mean" to what `str(error)` says; both are the same mistake."""
    plain = key.removesuffix(".shown")
    assert {exact(message) for message in messages(key)} <= {exact(message) for message in messages(plain)}


@pytest.mark.parametrize("key", sorted(OTHER_MISTAKE))
def test_what_became_another_failure_is_not_forced_into_one(key: str) -> None:
    """The list of exceptions is honest: each of its rows does differ."""
    assert len({(exception_name(name), exact(message)) for _, name, message in ERRORS[key]}) > 1


@pytest.mark.parametrize("key", sorted(OTHER_CLASS))
def test_a_class_that_changed_stays_two_classes(key: str) -> None:
    """The rows whose class changed do have two, or they would not be listed."""
    assert len({exception_name(name) for _, name, _ in ERRORS[key]}) == 2


def test_the_table_has_far_more_than_thirty_changed_wordings() -> None:
    """Of the errors measured on all four Pythons, those whose text differs beyond numbers, paths and addresses."""
    changed = [
        key
        for key in SAME_MISTAKE
        if {name for row in ERRORS[key] for name in row[0].split()} >= PYTHONS
        and len({_without_the_run(message) for message in messages(key)}) > 1
    ]
    assert len(changed) >= 100


def _without_the_run(message: str) -> str:
    return re.sub(r"0x[0-9a-f]+|\d+|'?/[^ ')]*'?", "", message)


def test_the_later_words_on_a_shadowing_file_are_the_earlier_ones() -> None:
    """3.14 offers to rename the file for imported names too (documented, not measured: it needs a script's folder)."""
    standard = (
        "cannot import name 'randint' from 'random' (consider renaming '/home/me/random.py' since it has the same name "
        "as the standard library module named 'random' and the import system gives it precedence)"
    )
    library = (
        "cannot import name 'get' from 'requests' (consider renaming '/home/me/requests.py' if it has the same name as "
        "a library you intended to import)"
    )
    assert exact(standard) == exact("cannot import name 'randint' from 'random' (/home/me/random.py)")
    assert exact(library) == exact(
        "cannot import name 'get' from partially initialized module 'requests' "
        "(most likely due to a circular import) (/home/you/requests.py)"
    )


def test_different_errors_stay_different() -> None:
    """One wording must not be bought by calling everything one: nearly all measured errors keep a form of their own."""
    spoken = {min(messages(key)) for key in SAME_MISTAKE}
    forms = {exact(message) for message in spoken}
    assert len(forms) > 0.85 * len(spoken)


# What varies between two runs.

NUMBER = st.integers().map(str) | st.decimals(allow_nan=False, allow_infinity=False, places=2).map("{:f}".format)
ADDRESS = st.integers(min_value=0x1000, max_value=2**48).map("0x{:x}".format)
FOLDER = st.from_regex(r"/(tmp|home|var|Users)(/[a-z][a-z0-9_-]{0,8}){1,4}", fullmatch=True) | st.from_regex(
    r"/tmp/pytest-of-[a-z]{1,6}/pytest-[0-9]{1,3}/test_[a-z_]{1,8}[0-9]", fullmatch=True
)
DATE = st.datetimes().map(str) | st.datetimes().map(lambda moment: moment.isoformat()) | st.dates().map(str)
VARYING = {
    "expected {} items, got none": NUMBER,
    "assert {} == limit": NUMBER,
    "assert <Pen object at {}> is None": ADDRESS,
    "<bound method Pen.draw of <shop.Pen object at {}>> failed": ADDRESS,
    "[Errno 2] No such file or directory: '{}/config.json'": FOLDER,
    "{}/shop/pens.py: cannot be read": FOLDER,
    "session {} is gone": st.uuids().map(str),
    "no rate on {} for 'EUR'": DATE,
    "created {!r}": st.datetimes(),
    "[Errno 2] No such file or directory: '/tmp/{}'": st.from_regex(r"tmp[a-z0-9_]{8}", fullmatch=True),
    "invalid syntax (shop.py, line {})": st.integers(min_value=1, max_value=10**6),
    "Expecting value: line {0} column {0} (char {0})": st.integers(min_value=0, max_value=10**6),
}


@pytest.mark.parametrize("template", VARYING)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_varies_between_runs_leaves_no_trace(template: str, data: st.DataObject) -> None:
    """The same failure with another number, address, folder, uuid, date or line is the same failure."""
    one, other = data.draw(VARYING[template]), data.draw(VARYING[template])
    assert exact(template.format(one)) == exact(template.format(other))
    assert shape(template.format(one)) == shape(template.format(other))


NAME = st.from_regex(r"[a-z][a-z_]{2,12}", fullmatch=True)


@given(one=NAME, other=NAME)
def test_another_symbol_is_another_mistake(one: str, other: str) -> None:
    """The name that the library lacks is what the mistake is, at both levels."""
    first, second = (f"module 'numpy' has no attribute '{name}'" for name in (one, other))
    assert (exact(first) == exact(second)) == (one == other)
    symbols = {"numpy", one, other}
    assert (shape(first, symbols=symbols) == shape(second, symbols=symbols)) == (one == other)


@given(one=NAME, other=NAME)
def test_the_users_own_names_do_not_make_a_shape(one: str, other: str) -> None:
    """A variable, a function or a key of the user's is nothing that anyone else could meet."""
    assume(not any(iskeyword(name) or shape(f"{name}()") == f"{name}()" for name in (one, other)))  # a built-in's
    for template in (
        "name '{}' is not defined",
        "{}() missing 1 required positional argument: 'x'",
        "test_pens.<locals>.{}() takes 1 positional argument but 2 were given",
        "a coroutine was expected, got <function {} at 0x7f12>",
        "'{}'",
    ):
        assert shape(template.format(one)) == shape(template.format(other))


FRAGMENT_TEXT = """' " ` “ ” ( ) ) [ ] < > . : , ; / \\ -> 0x1f 12 3.5 -7 N 'Q' not or was were is not in list (N given)
at line 1 object tmpabc12345 /tmp/a/b.py C:\\Users\\x pytest-of-me <locals>. Did you mean? takes positional argument
(most likely due to a circular import) partially initialized module 'random' cannot import name from f-string:
expected division by zero DID NOT RAISE <class 'A.B'> 2024-01-02 10:20:30 (consider renaming since it has the same
name 'await' expression must be str, not int 12345678-1234-1234-1234-123456789abc"""
FRAGMENTS = st.sampled_from([*FRAGMENT_TEXT.split(), "\n", "\r", "\x00", "\ud800", "arguments", "\u2028"])
ANY_TEXT = st.text() | st.text(alphabet=st.characters(codec=None)) | st.lists(FRAGMENTS, max_size=30).map(" ".join)
MOSAIC = st.lists(
    FRAGMENTS | st.sampled_from([message for key in SAME_MISTAKE for message in messages(key)]), max_size=4
)


@given(ANY_TEXT | MOSAIC.map(" ".join))
@example("\ud800\x00")
@example("x" * 199 + ". 12")
@example("'" * 3000)
@example("datetime.date(" * 300)
@settings(max_examples=400, deadline=None)
def test_any_text_at_all_gets_a_bounded_and_settled_form(message: str) -> None:
    """Nothing raises, nothing grows, every form can be encoded, and normalising it again changes nothing."""
    form = exact(message)
    assert exact(form) == form
    assert len(form) <= LIMIT
    assert len(shape(message, symbols=("json.loads",))) <= LIMIT
    form.encode("utf-8")
    assert "\n" not in form
    quoted(message)
    exception_name(message)


@pytest.mark.parametrize(
    "message",
    ["a" * 1_000_000, " " * 1_000_000 + "x", "'" * 1_000_000, "/a" * 500_000, "(" * 1_000_000, "1" * 1_000_000,
     "<locals>." * 100_000, "\n" * 1_000_000 + "the end", "“" * 1_000_000, "a." * 500_000, "1:" * 500_000],
)  # fmt: skip
def test_a_megabyte_costs_no_more_than_its_first_line(message: str) -> None:
    """Hostile messages are read once and looked at for a thousand characters: a quarter costs as much, or a quarter."""

    def read(text: str) -> None:
        exact(text)
        shape(text)
        quoted(text)

    assert growth(lambda: read(message[: len(message) // 4]), lambda: read(message)) <= 10


def test_only_the_first_line_that_says_something_takes_part() -> None:
    """pytest's explanation of an assertion, below, is the test's values; blank lines above are nothing."""
    assert exact("\n\n  assert 3 == 4\n +  where 3 = add(1, 1)") == "assert N == N"
    assert exact("") == exact(" \n\t ") == ""


def test_the_exceptions_own_name_in_front_is_no_part_of_the_message() -> None:
    """Some reports hold `TypeError: …`, some only what follows."""
    message = "'NoneType' object is not iterable"
    assert exact(f"TypeError: {message}", "TypeError") == exact(message, "TypeError") == message


def test_of_a_path_the_base_name_stays() -> None:
    """The same missing file in another temporary folder is the same; another file is another."""
    one = exact("No such file or directory: '/tmp/pytest-3/x/config.json'")
    assert one == exact("No such file or directory: '/tmp/pytest-4/y/config.json'")
    assert one == exact(r"No such file or directory: 'C:\\Users\\me\\AppData\\Local\\Temp\\z\\config.json'")
    assert one != exact("No such file or directory: '/tmp/pytest-4/y/other.json'")
    assert one == "No such file or directory: 'config.json'"


def test_a_route_is_no_path() -> None:
    """A web route names the mistake; only its numbers vary."""
    assert exact("no route for '/users/3/orders'") == "no route for '/users/N/orders'"


def test_digits_inside_names_stay() -> None:
    """`utf-8`, `md5` and `float32` are names; masking them would join unlike mistakes."""
    assert exact("'utf-8' codec can't decode md5 of float32 and base64") == (
        "'utf-8' codec can't decode md5 of float32 and base64"
    )
    assert exact("unknown encoding: iso-8859-1") != exact("unknown encoding: iso-8859-15")


def test_an_address_leaves_its_object() -> None:
    """The class of what was met is worth more than where it lay."""
    assert exact("got <shop.Pen object at 0x7f00>") == "got <shop.Pen object>"
    assert exact("got <coroutine object load.<locals>.fetch at 0x7f00>") == "got <coroutine object fetch>"


def test_symbols_stay_in_the_shape_and_own_names_go() -> None:
    """What the library is called stays; `my_total` is anybody's."""
    message = "module 'numpy' has no attribute 'asscalar'"
    assert shape(message, symbols={"numpy", "asscalar", "numpy.asscalar"}) == message
    assert shape(message, symbols={"numpy.asscalar"}) == message
    assert shape(message, symbols={"numpy"}) == "module 'numpy' has no attribute 'Q'"
    assert shape("name 'my_total' is not defined") == "name 'Q' is not defined"
    assert shape("No module named 'numpy.nothing'", symbols={"numpy"}) == "No module named 'numpy.Q'"


def test_built_in_types_stay_in_the_shape() -> None:
    """Without them `None has no attribute` would be any attribute missing anywhere."""
    assert shape("'NoneType' object has no attribute 'total'") == "'NoneType' object has no attribute 'Q'"
    assert shape("unsupported operand type(s) for +: 'int' and 'str'").endswith("'int' and 'str'")
    assert shape("'<' not supported between instances of 'Pen' and 'int'").startswith("'<' not supported")
    assert shape("Pen.__init__() got an unexpected keyword argument 'ink'") == (
        "Q.__init__() got an unexpected keyword argument 'Q'"
    )


def test_a_list_of_values_is_one_value() -> None:
    """Three names missing or four, a list of two or of ten: the same shape."""
    assert shape("assert [1, 2, 3] == []") == shape("assert [4, 5] == []")
    assert shape("f() missing 2 required positional arguments: 'a' and 'b'") == shape(
        "g() missing 3 required positional arguments: 'a', 'b', and 'c'"
    )


def test_a_value_without_its_end_is_masked_too() -> None:
    """A string longer than what is looked at loses its closing quote, not its mask."""
    assert shape("no user is called '" + "ab " * INPUT) == "no user is called 'Q'"


def test_quoted_finds_every_kind_of_quote_and_no_apostrophe() -> None:
    """What other rooms ask for: the names that a message quotes."""
    assert quoted("don't use 'a', \"b\" or `c`; the users' “d” isn't ‘e’ nor «f»") == ("a", "b", "c", "d", "e", "f")
    assert quoted("b'raw' and r\"pattern\" and ''") == ("raw", "pattern", "")
    assert quoted(r"""'it\'s' and "it's" """) == (r"it\'s", "it's")
    assert quoted("first 'a'\nsecond 'b'") == ("a",)
    assert quoted("") == ()


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("builtins.TypeError", "TypeError"),
        ("TypeError", "TypeError"),
        ("IOError", "OSError"),
        ("socket.timeout", "TimeoutError"),
        ("asyncio.exceptions.TimeoutError", "TimeoutError"),
        ("concurrent.futures._base.TimeoutError", "TimeoutError"),
        ("concurrent.futures._base.InvalidStateError", "concurrent.futures.InvalidStateError"),
        ("asyncio.exceptions.InvalidStateError", "asyncio.InvalidStateError"),
        ("json.decoder.JSONDecodeError", "json.JSONDecodeError"),
        ("re.error", "re.PatternError"),
        ("re.PatternError", "re.PatternError"),
        ("pathlib._abc.UnsupportedOperation", "NotImplementedError"),
        ("_pickle.PicklingError", "pickle.PicklingError"),
        ("_csv.Error", "csv.Error"),
        ("xml.etree.ElementTree.ParseError", "xml.etree.ElementTree.ParseError"),
        ("requests.exceptions.ConnectionError", "requests.exceptions.ConnectionError"),
        ("numpy._core._exceptions._UFuncNoLoopError", "numpy._UFuncNoLoopError"),
        ("numpy.core._exceptions._UFuncNoLoopError", "numpy._UFuncNoLoopError"),
        ("numpy.linalg.linalg.LinAlgError", "numpy.linalg.LinAlgError"),
        ("pydantic_core._pydantic_core.ValidationError", "pydantic.ValidationError"),
        ("test_pens.test_one.<locals>.PenError", "PenError"),
        ("__main__.PenError", "PenError"),
        ("shop.errors.PenError", "shop.errors.PenError"),
        ("", ""),
    ],
)
def test_an_exception_has_one_spelling(spelled: str, name: str) -> None:
    """Where a class happens to be defined, and under which alias it was met, is not which class it is."""
    assert exception_name(spelled) == name
    assert exception_name(name) == name
