"""A test that gives way is no witness; one that was only rewritten is."""

from __future__ import annotations

import textwrap
import time

import pytest

from pytest_llmlearn.domain.weakening import weakened


def a_test(*lines: str, decorators: tuple[str, ...] = (), arguments: str = "") -> str:
    return "\n".join((*decorators, f"def test_total({arguments}):", *(f"    {line}" for line in lines)))


def a_method(*lines: str) -> str:
    return "\n".join(("def test_total(self):", *(f"    {line}" for line in lines)))


EQUAL = a_test("assert total([1, 2]) == 3")
RAISES = a_test("with pytest.raises(KeyError):", "    load('x')")
TABLE = ('@pytest.mark.parametrize(("a", "b"), [(1, 2), (2, 3), (3, 4)])',)
CASES = a_test("assert add(a) == b", decorators=TABLE, arguments="a, b")
LOOP = a_test("for a, b in [(1, 2), (2, 3)]:", "    assert add(a) == b")
DRAWN = a_test("assert back(there(x)) == x", decorators=("@given(st.integers())",), arguments="x")
TWO = a_test("order = make()", "assert order.total == 3", "assert order.paid")
MOCKED = a_test("send = Mock()", "notify(send)", "send.assert_called_once_with('a', 1)")
UNITTEST = a_method("self.assertEqual(total([1, 2]), 3)")
NEAR = a_test("assert mean([1, 2]) == pytest.approx(1.5)")
SMOKE = a_test("app = make_app()", "app.start()")


def swap(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


WEAKER = {
    # what is left out
    "an assertion deleted": (TWO, swap(TWO, ("\n    assert order.paid", ""))),
    "all assertions deleted": (EQUAL, a_test("total([1, 2])")),
    "a body of pass": (EQUAL, a_test("pass")),
    "a body of a docstring": (EQUAL, a_test('"""Later."""')),
    "an assertion in a comment": (TWO, swap(TWO, ("assert order.paid", "# assert order.paid"))),
    "a call of a test without assertions": (SMOKE, a_test("app = make_app()")),
    "a unittest assertion deleted": (
        a_method("self.assertEqual(f(1), 2)", "self.assertTrue(g())"),
        a_method("self.assertTrue(g())"),
    ),
    "raises deleted": (RAISES, a_test("load('x')")),
    "a mock no longer asked": (MOCKED, a_test("send = Mock()", "notify(send)")),
    "one of two in an and": (a_test("assert f() == 1 and g() == 2"), a_test("assert f() == 1")),
    # weaker ones
    "equal to element": (EQUAL, a_test("assert total([1, 2]) in (3, 4)")),
    "equal to not None": (EQUAL, a_test("assert total([1, 2]) is not None")),
    "equal to true": (EQUAL, a_test("assert total([1, 2])")),
    "equal to a type": (EQUAL, a_test("assert isinstance(total([1, 2]), int)")),
    "equal to an order": (EQUAL, a_test("assert total([1, 2]) > 0")),
    "equal to not equal": (EQUAL, a_test("assert total([1, 2]) != 0")),
    "equal by way of a variable": (EQUAL, a_test("result = total([1, 2])", "assert result is not None")),
    "an alternative": (EQUAL, a_test("assert total([1, 2]) == 3 or total([1, 2]) == 4")),
    "or True": (EQUAL, a_test("assert total([1, 2]) == 3 or True")),
    "itself": (EQUAL, a_test("assert total([1, 2]) == total([1, 2])")),
    "a variable against itself": (EQUAL, a_test("result = total([1, 2])", "assert result == result")),
    "True": (EQUAL, a_test("total([1, 2])", "assert True")),
    "a tuple that is always true": (EQUAL, a_test("assert (total([1, 2]) == 3, 'sum')")),
    "a constant": (EQUAL, a_test("result = 3", "assert result == 3")),
    "assertEqual to assertTrue": (UNITTEST, a_method("self.assertTrue(total([1, 2]))")),
    "assertEqual to assertIsNotNone": (UNITTEST, a_method("self.assertIsNotNone(total([1, 2]))")),
    "assertEqual to assertIn": (UNITTEST, a_method("self.assertIn(total([1, 2]), [3, 4])")),
    "assertEqual to assertCountEqual": (
        a_method("self.assertEqual(order(x), [1, 2])"),
        a_method("self.assertCountEqual(order(x), [1, 2])"),
    ),
    "the length alone": (a_test("assert rows(x) == ['a']"), a_test("assert len(rows(x)) == 1")),
    "one element alone": (a_test("assert rows(x) == ['a', 'b']"), a_test("assert rows(x)[0] == 'a'")),
    "without the order": (a_test("assert rows(x) == ['b', 'a']"), a_test("assert set(rows(x)) == {'a', 'b'}")),
    "all to any": (
        a_test("assert all(f(x) == 1 for x in xs)"),
        a_test("assert any(f(x) == 1 for x in xs)"),
    ),
    "a dtype not checked": (
        a_test("assert_frame_equal(f(x), y)"),
        a_test("assert_frame_equal(f(x), y, check_dtype=False)"),
    ),
    # expectations and inputs
    "another expected value": (EQUAL, swap(EQUAL, ("== 3", "== 4"))),
    "another expected value in a variable": (
        a_test("expected = 3", "assert total([1, 2]) == expected"),
        a_test("expected = 4", "assert total([1, 2]) == expected"),
    ),
    "another expected value in unittest": (UNITTEST, swap(UNITTEST, (", 3)", ", 4)"))),
    "another expected value in a list": (a_test("assert f(x) == [1, 2]"), a_test("assert f(x) == [1, 3]")),
    "another value within an expected one": (
        a_test("assert f(x) == {A: 1, B: 2}"),
        a_test("assert f(x) == {A: 1, B: 3}"),
    ),
    "another expected type": (a_test("assert isinstance(f(), int)"), a_test("assert isinstance(f(), object)")),
    "what the code returns": (EQUAL, a_test("assert total([1, 2]) == total_of([1, 2])")),
    "another bound": (a_test("assert f() < 5"), a_test("assert f() < 50")),
    "another input": (EQUAL, swap(EQUAL, ("[1, 2]", "[1, 3]"))),
    "another argument of a mock": (MOCKED, swap(MOCKED, ("'a', 1", "'a', 2"))),
    # tolerances
    "exact to nearly": (a_test("assert mean(x) == 1.5"), a_test("assert mean(x) == pytest.approx(1.5, rel=0.1)")),
    "a larger tolerance": (NEAR, swap(NEAR, ("(1.5)", "(1.5, rel=1e-2)"))),
    "a larger absolute tolerance": (NEAR, swap(NEAR, ("(1.5)", "(1.5, abs=0.5)"))),
    "fewer places": (
        a_method("self.assertAlmostEqual(f(), 1.5)"),
        a_method("self.assertAlmostEqual(f(), 1.5, places=1)"),
    ),
    "a larger rtol": (
        a_test("np.testing.assert_allclose(f(x), y)"),
        a_test("np.testing.assert_allclose(f(x), y, rtol=0.1)"),
    ),
    "exact to a difference": (a_test("assert f() == 1.5"), a_test("assert abs(f() - 1.5) < 0.5")),
    "rounded": (a_test("assert f() == 1.25"), a_test("assert round(f(), 1) == 1.2")),
    # exceptions
    "raises anything": (RAISES, swap(RAISES, ("KeyError", "Exception"))),
    "raises a kind above": (RAISES, swap(RAISES, ("KeyError", "LookupError"))),
    "raises one of two": (RAISES, swap(RAISES, ("KeyError", "(KeyError, TypeError)"))),
    "raises another": (RAISES, swap(RAISES, ("KeyError", "ValueError"))),
    "no message": (
        a_test("with pytest.raises(KeyError, match='x'):", "    load('x')"),
        RAISES,
    ),
    "a mock called at all": (MOCKED, swap(MOCKED, ("assert_called_once_with('a', 1)", "assert_called()"))),
    # what keeps it from counting
    "swallowed": (EQUAL, a_test("try:", "    assert total([1, 2]) == 3", "except AssertionError:", "    pass")),
    "an error swallowed": (
        EQUAL,
        a_test("try:", "    result = total([1, 2])", "except Exception:", "    result = 3", "assert result == 3"),
    ),
    "suppressed": (EQUAL, a_test("with contextlib.suppress(AssertionError):", "    assert total([1, 2]) == 3")),
    "behind a condition": (EQUAL, a_test("if total([1, 2]):", "    assert total([1, 2]) == 3")),
    "behind an early return": (EQUAL, a_test("if sys.platform:", "    return", "assert total([1, 2]) == 3")),
    "below a return": (EQUAL, a_test("return", "assert total([1, 2]) == 3")),
    "in a function that is not called": (EQUAL, a_test("def inner():", "    assert total([1, 2]) == 3")),
    "in a block that never runs": (EQUAL, a_test("if False:", "    assert total([1, 2]) == 3")),
    "skipped inside": (EQUAL, a_test("pytest.skip('later')", "assert total([1, 2]) == 3")),
    "skipped without a module": (EQUAL, a_test("pytest.importorskip('numpy')", "assert total([1, 2]) == 3")),
    "skipped by unittest": (UNITTEST, a_method("self.skipTest('later')", "self.assertEqual(total([1, 2]), 3)")),
    "marked skip": (EQUAL, f"@pytest.mark.skip\n{EQUAL}"),
    "marked skipif": (EQUAL, f"@pytest.mark.skipif(sys.version_info > (3,), reason='x')\n{EQUAL}"),
    "marked xfail": (EQUAL, f"@pytest.mark.xfail(strict=False)\n{EQUAL}"),
    "an expected failure": (UNITTEST, f"@unittest.expectedFailure\n{UNITTEST}"),
    "a case marked xfail": (CASES, swap(CASES, ("(3, 4)]", "pytest.param(3, 4, marks=pytest.mark.xfail)]"))),
    "marked flaky": (EQUAL, f"@pytest.mark.flaky(reruns=5)\n{EQUAL}"),
    # tables
    "a case removed": (CASES, swap(CASES, (", (3, 4)", ""))),
    "all cases but one": (CASES, a_test("assert add(1) == 2")),
    "another value in a case": (CASES, swap(CASES, ("(3, 4)", "(3, 5)"))),
    "a row of a loop removed": (LOOP, swap(LOOP, (", (2, 3)", ""))),
    "a loop over nothing": (LOOP, swap(LOOP, ("[(1, 2), (2, 3)]", "[]"))),
    "a case of a named table removed": (
        a_test("cases = {'a': 1, 'b': 2}", "for key, value in cases.items():", "    assert f(key) == value"),
        a_test("cases = {'a': 1}", "for key, value in cases.items():", "    assert f(key) == value"),
    ),
    "a shorter range": (
        a_test("for n in range(9):", "    assert f(n) == n"),
        a_test("for n in range(3):", "    assert f(n) == n"),
    ),
    "rows of a long table removed": (
        a_test("assert add(a) == b", decorators=(f"@pytest.mark.parametrize('a,b', {[(n, n) for n in range(60)]})",)),
        a_test("assert add(a) == b", decorators=(f"@pytest.mark.parametrize('a,b', {[(n, n) for n in range(50)]})",)),
    ),
    "an expanded case removed": (
        a_test(
            "self.assertEqual(f(a), b)", decorators=("@parameterized.expand([(1, 2), (2, 3)])",), arguments="self, a, b"
        ),
        a_test("self.assertEqual(f(a), b)", decorators=("@parameterized.expand([(1, 2)])",), arguments="self, a, b"),
    ),
    "one drawn no more": (DRAWN, a_test("x = 1", "assert back(there(x)) == x")),
    "drawn from fewer": (DRAWN, swap(DRAWN, ("integers()", "integers(min_value=1)"))),
    "drawn but filtered": (DRAWN, swap(DRAWN, ("integers()", "integers().filter(bool)"))),
    "an assumption": (DRAWN, swap(DRAWN, ("    assert", "    assume(x > 0)\n    assert"))),
    "fewer examples": (DRAWN, f"@settings(max_examples=5)\n{DRAWN}"),
    "an example removed": (f"@example(0)\n{DRAWN}", DRAWN),
    # mocks
    "the code under test patched": (
        EQUAL,
        a_test("with patch('shop.total', return_value=3):", "    assert total([1, 2]) == 3"),
    ),
    "the code under test patched by a decorator": (
        EQUAL,
        f"@mock.patch('shop.total', lambda items: 3)\n{EQUAL}",
    ),
    "the code under test set": (
        a_test("assert shop.total([1, 2]) == 3"),
        a_test(
            "monkeypatch.setattr(shop, 'total', lambda items: 3)",
            "assert shop.total([1, 2]) == 3",
            arguments="monkeypatch",
        ),
    ),
    "the method under test": (
        a_test("order = Order()", "assert order.total() == 3"),
        a_test(
            "with patch.object(Order, 'total', return_value=3):", "    order = Order()", "    assert order.total() == 3"
        ),
    ),
    "the code under test assigned": (
        a_test("assert shop.total([1, 2]) == 3"),
        a_test("shop.total = Mock(return_value=3)", "assert shop.total([1, 2]) == 3"),
    ),
    "the object under test": (
        a_test("order = Order()", "assert order.total() == 3"),
        a_test("order = MagicMock()", "order.total.return_value = 3", "assert order.total() == 3"),
    ),
    # what cannot be told
    "a test that does not parse": (EQUAL, "def test_total(:\n    pass"),
    "a red test that was cut": (f"{EQUAL}\n    x = (1,", EQUAL),
}

AS_STRICT = {
    "nothing": (EQUAL, EQUAL),
    "comments": (EQUAL, swap(EQUAL, ("\n", "  # sum\n    # of both\n"))),
    "a docstring": (EQUAL, swap(EQUAL, (":\n", ':\n    """The sum."""\n'))),
    "layout": (EQUAL, a_test("assert total(", "    [1, 2]", ") == (3)")),
    "another name": (EQUAL, swap(EQUAL, ("test_total", "test_the_total"))),
    "a renamed variable": (TWO, swap(TWO, ("order", "purchase"))),
    "a renamed variable in a table": (
        CASES,
        swap(CASES, ('("a", "b")', '("x", "y")'), ("a, b", "x, y"), ("(a) == b", "(x) == y")),
    ),
    "a renamed fixture": (
        a_test("assert load(path) == 3", arguments="path"),
        a_test("assert load(tmp_path) == 3", arguments="tmp_path"),
    ),
    "a variable for the result": (EQUAL, a_test("result = total([1, 2])", "assert result == 3")),
    "a variable for the expected value": (EQUAL, a_test("expected = 3", "assert total([1, 2]) == expected")),
    "a variable for the input": (EQUAL, a_test("items = [1, 2]", "assert total(items) == 3")),
    "the sides exchanged": (EQUAL, a_test("assert 3 == total([1, 2])")),
    "a message": (EQUAL, swap(EQUAL, ("== 3", "== 3, 'the sum'"))),
    "one more assertion": (EQUAL, f"{EQUAL}\n    assert total([]) == 0"),
    "one more call": (SMOKE, f"{SMOKE}\n    app.stop()"),
    "assertions in another order": (
        a_test("assert f(1) == 1", "assert f(2) == 2"),
        a_test("assert f(2) == 2", "assert f(1) == 1"),
    ),
    "an and taken apart": (a_test("assert f() == 1 and g() == 2"), a_test("assert f() == 1", "assert g() == 2")),
    "two made a tuple": (a_test("assert f() == 1", "assert g() == 2"), a_test("assert (f(), g()) == (1, 2)")),
    "unittest to assert": (UNITTEST, EQUAL),
    "assert to unittest": (EQUAL, UNITTEST),
    "assertEqual to assertListEqual": (
        a_method("self.assertEqual(f(), [1])"),
        a_method("self.assertListEqual(f(), [1])"),
    ),
    "assertTrue of an equality to assertEqual": (
        a_method("self.assertTrue(f() == 1)"),
        a_method("self.assertEqual(f(), 1)"),
    ),
    "assertRaises to raises": (
        a_method("with self.assertRaises(KeyError):", "    load('x')"),
        a_method("with pytest.raises(KeyError):", "    load('x')"),
    ),
    "not in written otherwise": (a_test("assert not 1 in f()"), a_test("assert 1 not in f()")),
    "equal to True written otherwise": (a_test("assert f() == True"), a_test("assert f()")),
    "stricter": (a_test("assert f() is not None"), a_test("assert f() == 3")),
    "stricter: an element to equal": (a_test("assert f() in (1, 2)"), a_test("assert f() == 1")),
    "a stricter exception": (swap(RAISES, ("KeyError", "Exception")), RAISES),
    "a message expected": (RAISES, swap(RAISES, ("KeyError", "KeyError, match='x'"))),
    "a smaller tolerance": (swap(NEAR, ("(1.5)", "(1.5, rel=1e-2)")), NEAR),
    "nearly for floating point": (a_test("assert f() == 0.3"), a_test("assert f() == pytest.approx(0.3)")),
    "places for floating point": (a_method("self.assertEqual(f(), 0.3)"), a_method("self.assertAlmostEqual(f(), 0.3)")),
    "a case added": (CASES, swap(CASES, ("(3, 4)]", "(3, 4), (4, 5)]"))),
    "cases in another order": (CASES, swap(CASES, ("(1, 2), (2, 3)", "(2, 3), (1, 2)"))),
    "cases with ids": (CASES, swap(CASES, ("(3, 4)]", "pytest.param(3, 4, id='last')]"))),
    "a loop made a table": (
        LOOP,
        a_test(
            "assert add(a) == b", decorators=("@pytest.mark.parametrize('a, b', [(1, 2), (2, 3)])",), arguments="a, b"
        ),
    ),
    "a loop written out": (LOOP, a_test("assert add(1) == 2", "assert add(2) == 3")),
    "assertions made a loop": (a_test("assert add(1) == 2", "assert add(2) == 3"), LOOP),
    "a table of values in a variable": (
        LOOP,
        a_test("cases = [(1, 2), (2, 3)]", "for a, b in cases:", "    assert add(a) == b"),
    ),
    "subtests": (
        LOOP,
        a_test("for a, b in [(1, 2), (2, 3)]:", "    with self.subTest(a=a):", "        assert add(a) == b"),
    ),
    "other preparations": (
        a_test("client = make_client(timeout=1)", "reply = client.get('/')", "assert reply.status == 200"),
        a_test(
            "client = make_client(timeout=9, retries=2)",
            "client.login()",
            "reply = client.get('/')",
            "assert reply.status == 200",
        ),
    ),
    "another fixture": (TWO, swap(TWO, ("order = make()", "order = build_order(tax=0)"))),
    "a mock of something else": (
        a_test("assert fetch('x') == 3"),
        a_test("with patch('shop.http.get', return_value=3):", "    assert fetch('x') == 3"),
    ),
    "an environment set": (
        EQUAL,
        a_test("monkeypatch.setenv('HOME', '/')", "assert total([1, 2]) == 3", arguments="monkeypatch"),
    ),
    "a with block around": (EQUAL, a_test("with open_shop():", "    assert total([1, 2]) == 3")),
    "a try that cleans up": (EQUAL, a_test("try:", "    assert total([1, 2]) == 3", "finally:", "    close()")),
    "a try that lets it fail": (
        EQUAL,
        a_test(
            "try:",
            "    assert total([1, 2]) == 3",
            "except ValueError as error:",
            "    raise AssertionError from error",
        ),
    ),
    "made a coroutine": (
        a_test("assert fetch(1) == 3"),
        "@pytest.mark.asyncio\nasync def test_total():\n    assert await fetch(1) == 3",
    ),
    "a mark that counts": (EQUAL, f"@pytest.mark.slow\n{EQUAL}"),
    "a mark taken off": (f"@pytest.mark.xfail\n{EQUAL}", EQUAL),
    "a skip taken out": (a_test("pytest.skip('later')", "assert total([1, 2]) == 3"), EQUAL),
    "more examples": (DRAWN, f"@settings(max_examples=500)\n{DRAWN}"),
    "drawn from more": (swap(DRAWN, ("integers()", "integers(min_value=1)")), DRAWN),
    "another assertion of a mock added": (MOCKED, f"{MOCKED}\n    send.close.assert_not_called()"),
    "a return at the end": (EQUAL, f"{EQUAL}\n    return None"),
    "a call in another module": (a_test("assert shop.total([1]) == 1"), a_test("assert shop.sums.total([1]) == 1")),
    "an argument more": (a_test("assert total(items) == 1"), a_test("assert total(items, currency) == 1")),
    "a helper function inside": (EQUAL, a_test("def check():", "    assert total([1, 2]) == 3", "check()")),
    "numpy in another way": (
        a_test("assert np.array_equal(f(x), y)"),
        a_test("np.testing.assert_array_equal(f(x), y)"),
    ),
}


@pytest.mark.parametrize(("red", "green"), WEAKER.values(), ids=WEAKER)
def test_a_test_that_asserts_less_is_told(red: str, green: str) -> None:
    """With the reason in words, on one line."""
    reason = weakened(red, green)
    assert reason is not None
    assert "\n" not in reason and 10 < len(reason) < 250


@pytest.mark.parametrize(("red", "green"), AS_STRICT.values(), ids=AS_STRICT)
def test_a_test_that_asserts_as_much_is_a_witness(red: str, green: str) -> None:
    """However it is written now."""
    assert weakened(red, green) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("an assertion deleted", "an assertion is gone: `truth: order.paid`"),
        ("equal to not None", "an assertion is weaker: `total([1, 2]) == 3` has become `something: total([1, 2])`"),
        ("another expected value", "another value is expected"),
        ("a larger tolerance", "the tolerance is larger"),
        ("raises anything", "more exceptions are accepted"),
        ("swallowed", "a block now swallows its failures"),
        ("marked xfail", "it is now marked xfail"),
        ("a case removed", "cases were removed: 2, was 3"),
        ("a body of pass", "its body is empty"),
        ("the code under test patched", "the code under test is mocked: `shop.total`"),
    ],
)
def test_the_reason_names_what_gave_way(name: str, words: str) -> None:
    """A person who reads it need not compare the tests."""
    assert words in (weakened(*WEAKER[name]) or "")


def test_a_mock_of_the_repaired_unit_is_known_by_its_name() -> None:
    """Also where the test never calls it itself."""
    red = a_test("assert checkout(cart) == 3")
    green = a_test("with patch('shop.prices.lookup', return_value=3):", "    assert checkout(cart) == 3")
    assert weakened(red, green) is None
    assert weakened(red, green, unit="lookup") is not None
    assert weakened(red, green, unit="Prices.lookup") is not None


def test_a_class_of_tests_is_compared_as_a_whole() -> None:
    """A method that is gone asserts nothing."""
    first, second = textwrap.indent(UNITTEST, "    "), textwrap.indent(a_method("self.assertTrue(f())"), "    ")
    both = f"class TestShop(TestCase):\n{first}\n\n{second.replace('test_total', 'test_f')}\n"
    assert weakened(both, f"class TestShop(TestCase):\n{first}\n") is not None
    assert weakened(f"class TestShop(TestCase):\n{first}\n", both) is None


def test_hostile_text_is_quoted_on_one_line() -> None:
    """A test's text is anyone's."""
    reason = weakened(a_test("assert f() == '\\x1b[2J ignore\\n' * 99"), a_test("assert f()"))
    assert reason is not None and "\x1b" not in reason and "\n" not in reason and len(reason) < 250


def test_an_f_string_is_compared_like_any_other_value() -> None:
    """Its parts can only be strings and what stands in braces."""
    red = a_test("item = make('x')", "assert f'{item.name}-{1}' == 'x-1'")
    assert weakened(red, swap(red, ("item", "thing"))) is None
    assert weakened(red, swap(red, ("'x-1'", "'x-2'"))) is not None


def test_what_is_nested_too_deeply_counts_as_weaker() -> None:
    """It cannot be compared, and a wrong repair costs more than none."""
    long = " + ".join(["f()"] * 2000)
    assert weakened(a_test(f"assert {long} == 1"), a_test(f"assert {long} == 1", "assert g()")) is not None


def test_a_long_test_is_compared_in_little_time() -> None:
    """200 assertions."""
    body = [f"assert f({n}) == {n}" for n in range(200)]
    red, green = a_test(*body), a_test("prepare()", *body)
    start = time.process_time()
    assert weakened(red, green) is None
    assert time.process_time() - start < 0.5
