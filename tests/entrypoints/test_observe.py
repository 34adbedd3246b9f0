"""Every way in which a test can fail is seen, once, with its real exception and its place."""

from __future__ import annotations

import json

import pytest

from tests.entrypoints.watching import Bench

MODULE = """
    import asyncio
    import threading

    class Calc:
        def add(self, a, b):
            return a - b

        async def load(self, key):
            return key

    def boom(value, *, strict=True):
        raise ValueError("boom")

    async def fetch():
        return 1

    def forgot():
        fetch()

    def lose_in_thread():
        def run():
            raise KeyError("lost")
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()

    class Bad:
        def __del__(self):
            raise OSError("in del")

    async def lose_task():
        async def inner():
            raise LookupError("lost task")
        task = asyncio.create_task(inner())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    async def group():
        async with asyncio.TaskGroup() as tasks:
            async def member():
                raise ValueError("in group")
            tasks.create_task(member())
"""

MATRIX = """
    import asyncio
    import unittest
    import pytest
    import made
    from made import Calc

    @pytest.fixture
    def calc():
        return Calc()

    @pytest.fixture
    def bad_setup():
        made.boom(1)

    @pytest.fixture
    def bad_teardown():
        yield
        made.boom(2)

    @pytest.fixture
    def forgetful():
        made.forgot()

    def test_call(calc):
        assert calc.add(1, 2) == 3

    def test_setup(bad_setup):
        pass

    def test_teardown(bad_teardown):
        pass

    def test_call_and_teardown(bad_teardown):
        assert 0

    def test_forgot():
        made.forgot()

    def test_forgot_in_fixture(forgetful):
        pass

    def test_truthy_coroutine(calc):
        assert calc.load(1)

    def test_thread():
        made.lose_in_thread()

    def test_unraisable():
        made.Bad()

    def test_task():
        asyncio.run(made.lose_task())

    def test_group():
        asyncio.run(made.group())

    def test_subtests(subtests):
        for number in range(3):
            with subtests.test(number=number):
                assert number != 1

    class TestCase(unittest.TestCase):
        def setUp(self):
            self.calc = Calc()

        def test_equal(self):
            self.assertEqual(self.calc.add(1, 2), 3)

        def test_subtest(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertNotEqual(number, 1)

    @pytest.mark.xfail
    def test_expected():
        assert 0

    @pytest.mark.xfail(strict=True)
    def test_strict():
        pass

    def test_fail():
        pytest.fail("no")

    def test_did_not_raise():
        with pytest.raises(ValueError):
            pass

    @pytest.mark.skip
    def test_skipped():
        assert 0

    def test_passes(calc):
        assert calc.add(2, 1) == 1
"""

SEEN_ONCE = {
    ("test_body.py", "collect", "collection", "ValueError"),
    ("test_import.py", "collect", "collection", "ImportError"),
    ("test_missing.py", "collect", "collection", "ModuleNotFoundError"),
    ("test_syntax.py", "collect", "collection", "SyntaxError"),
    ("test_all.py::test_call", "call", "test", "AssertionError"),
    ("test_all.py::test_setup", "setup", "test", "ValueError"),
    ("test_all.py::test_teardown", "teardown", "test", "ValueError"),
    ("test_all.py::test_call_and_teardown", "call", "test", "AssertionError"),
    ("test_all.py::test_call_and_teardown", "teardown", "test", "ValueError"),
    ("test_all.py::test_forgot", "call", "warning", "RuntimeWarning"),
    ("test_all.py::test_forgot_in_fixture", "call", "warning", "RuntimeWarning"),
    ("test_all.py::test_truthy_coroutine", "call", "warning", "RuntimeWarning"),
    ("test_all.py::test_thread", "call", "thread", "KeyError"),
    ("test_all.py::test_unraisable", "call", "unraisable", "OSError"),
    ("test_all.py::test_task", "call", "log", "LookupError"),
    ("test_all.py::test_group", "call", "test", "ExceptionGroup"),
    ("test_all.py::test_subtests", "call", "test", "AssertionError"),
    ("test_all.py::TestCase::test_equal", "call", "test", "AssertionError"),
    ("test_all.py::TestCase::test_subtest", "call", "test", "AssertionError"),
    ("test_all.py::test_strict", "call", "test", "Failed"),
    ("test_all.py::test_fail", "call", "test", "Failed"),
    ("test_all.py::test_did_not_raise", "call", "test", "Failed"),
}


def matrix(bench: Bench) -> Bench:
    return bench.files(
        made=MODULE,
        test_all=MATRIX,
        test_import="from made import Calcu",
        test_missing="import no_such_module_anywhere",
        test_syntax="def broken(:\n    pass",
        test_body="import made\nmade.boom(1)",
    )


@pytest.mark.parametrize("options", [(), ("-n", "2"), ("-p", "no:cacheprovider")], ids=["plain", "workers", "no-cache"])
def test_every_failure_is_seen_once(bench: Bench, options: tuple[str, ...]) -> None:
    """Each row of the matrix gives one occurrence, in one process and in several, and nothing else does."""
    seen = matrix(bench).run("--continue-on-collection-errors", *options)
    found = [(o.nodeid, o.when, o.source, o.exception) for o in seen.occurrences]
    assert sorted(found) == sorted(SEEN_ONCE)
    assert seen.notices == ()
    assert "test_all.py::test_passes" in seen.passed
    assert not {"test_all.py::test_subtests", "test_all.py::TestCase::test_subtest"} & set(seen.passed)


def test_workers_tell_the_same_as_one_process(bench: Bench) -> None:
    """Places and sources do not depend on how the run was spread."""
    alone = matrix(bench).run("--continue-on-collection-errors")
    spread = bench.run("--continue-on-collection-errors", "-n", "2")
    assert alone.keys() == spread.keys()


def test_warnings_as_errors_are_seen_once(bench: Bench) -> None:
    """Under `-W error` the warning fails the test: that is the one occurrence, laid where the coroutine was made."""
    seen = bench.files(made=MODULE, test_it="import made\n\ndef test_forgot():\n    made.forgot()\n").run("-W", "error")
    occurrence = seen.only
    assert occurrence.exception == "RuntimeWarning"
    assert occurrence.message == "coroutine 'fetch' was never awaited"
    assert [link.exception for link in occurrence.linked] == ["RuntimeWarning"]
    assert (occurrence.path, occurrence.function) == ("made.py", "forgot")
    assert [notice.kind for notice in occurrence.notices] == ["coroutine"]


def test_an_exception_carries_its_own_frames(bench: Bench) -> None:
    """The path is relative to the root, the innermost project frame is the place, the runner's frames are gone."""
    seen = bench.files(made=MODULE, test_it="import made\n\ndef test_it():\n    made.boom(1)\n").run_here()
    occurrence = seen.only
    assert [(frame.path, frame.function) for frame in occurrence.frames] == [
        ("test_it.py", "test_it"),
        ("made.py", "boom"),
    ]
    assert (occurrence.path, occurrence.function) == ("made.py", "boom")
    assert occurrence.statement == 'raise ValueError("boom")'
    assert (occurrence.test_path, occurrence.test_line, occurrence.test_function) == ("test_it.py", 3, "test_it")
    assert occurrence.mro == ("ValueError", "Exception", "BaseException")


def test_a_group_is_seen_with_its_members(bench: Bench) -> None:
    """The member's exception and its frames in the project are linked to the group."""
    seen = bench.files(
        made=MODULE, test_it="import asyncio, made\n\ndef test_it():\n    asyncio.run(made.group())\n"
    ).run_here()
    (member,) = seen.only.linked
    assert (member.relation, member.exception, member.message) == ("member", "ValueError", "in group")
    assert member.frames[-1].function == "group.<locals>.member"


def test_causes_are_followed_and_suppressed_contexts_are_not(bench: Bench) -> None:
    """`raise … from error` links the cause; `from None` links nothing."""
    seen = bench.files(
        test_it="""
        def test_cause():
            try:
                {}["a"]
            except KeyError as error:
                raise RuntimeError("outer") from error

        def test_suppressed():
            try:
                {}["a"]
            except KeyError:
                raise RuntimeError("outer") from None

        def test_context():
            try:
                {}["a"]
            except KeyError:
                raise RuntimeError("outer")
        """
    ).run_here()
    told = {
        o.nodeid.partition("::")[2]: [(k.relation, k.exception, dict(k.facts)) for k in o.linked]
        for o in seen.occurrences
    }
    assert told == {
        "test_cause": [("cause", "KeyError", {"key": "'a'"})],
        "test_suppressed": [],
        "test_context": [("context", "KeyError", {"key": "'a'"})],
    }


def test_a_failing_test_carries_the_warnings_of_its_own(bench: Bench) -> None:
    """A coroutine forgotten in a failing test is a notice of that failure, first of all, and no second occurrence."""
    seen = bench.files(
        made=MODULE,
        test_it="""
        import warnings
        import made

        def test_it():
            warnings.warn("old", DeprecationWarning)
            made.forgot()
            assert 1 == 2

        def test_other():
            warnings.warn("of another test", DeprecationWarning)
        """,
    ).run_here()
    notices = [(notice.kind, notice.category) for notice in seen.only.notices]
    assert notices == [("coroutine", "fetch"), ("warning", "RuntimeWarning"), ("warning", "DeprecationWarning")]
    assert (seen.only.notices[0].path, seen.only.notices[0].function) == ("made.py", "forgot")


def test_a_never_awaited_coroutine_is_laid_where_it_was_made(bench: Bench) -> None:
    """The warning names the place where the object died; the occurrence names the call that made it, once."""
    seen = bench.files(
        made="""
        async def fetch():
            return 1

        def start():
            return fetch()
        """,
        test_it="""
        import made

        def test_it():
            kept = [made.start(), made.start()]
            del kept
        """,
    ).run_here()
    occurrence = seen.only
    assert (occurrence.path, occurrence.line, occurrence.function) == ("made.py", 5, "start")
    assert occurrence.facts["name"] == "fetch"
    assert occurrence.notices[0].path == "test_it.py"
    assert occurrence.test_function == "test_it"
    assert [binding.name for binding in occurrence.bindings] == ["made", "made.start"]


def test_a_rerun_that_passes_is_flaky(bench: Bench) -> None:
    """It is told once, marked, and its test counts as passed."""
    seen = bench.files(
        test_it="""
        calls = []

        def test_it():
            calls.append(1)
            assert len(calls) > 2
        """
    ).run("--reruns", "3")
    assert seen.only.flaky
    assert seen.passed == ("test_it.py::test_it",)
    assert seen.failed == ()


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["plain", "workers"])
def test_reruns_that_all_fail_are_one_failure(bench: Bench, options: tuple[str, ...]) -> None:
    """Only the last attempt counts."""
    seen = bench.files(test_it="def test_it():\n    assert 0\n").run("--reruns", "2", *options)
    assert not seen.only.flaky
    assert seen.failed == ("test_it.py::test_it",)


def test_subtests_of_an_attempt_that_was_run_again_do_not_count(bench: Bench) -> None:
    """Subtests are reported at once, before it is known that their test is run again."""
    seen = bench.files(
        test_it="""
        calls = []

        def test_it(subtests):
            calls.append(1)
            with subtests.test():
                assert len(calls) > 1
        """
    ).run("--reruns", "2")
    assert [occurrence.flaky for occurrence in seen.occurrences] == [True]


def test_a_worker_that_dies_leaves_what_it_had_reported(bench: Bench) -> None:
    """The crash is an occurrence of the test that ran; failures before it are kept."""
    seen = bench.files(
        test_it="""
        import os

        def test_before():
            assert 0

        def test_crash():
            os._exit(3)
        """
    ).run("-n", "1", "--max-worker-restart", "0")
    assert [(o.nodeid, o.source, o.exception) for o in seen.occurrences] == [
        ("test_it.py::test_before", "test", "AssertionError"),
        ("test_it.py::test_crash", "crash", "WorkerCrash"),
    ]


def test_a_timeout_is_laid_on_the_line_that_hung(bench: Bench) -> None:
    """pytest-timeout's own frames are dropped."""
    seen = bench.files(
        made="import time\n\ndef hang():\n    time.sleep(30)\n",
        test_it="import made\n\ndef test_it():\n    made.hang()\n",
    ).run("-o", "timeout=0.3", "-o", "timeout_method=signal")
    assert seen.only.message.startswith("Timeout (>0.3s)")
    assert (seen.only.path, seen.only.line, seen.only.function) == ("made.py", 4, "hang")
    assert seen.only.frames[-1].function == "hang"


def test_an_interrupt_keeps_what_was_seen(bench: Bench) -> None:
    """Failures before Ctrl-C are there when the session finishes."""
    seen = bench.files(
        test_it="""
        def test_before():
            assert 0

        def test_interrupt():
            raise KeyboardInterrupt

        def test_never():
            assert 0
        """
    ).run()
    assert seen.only.nodeid == "test_it.py::test_before"
    assert seen.result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize("options", [(), ("-n", "2"), ("-W", "error")], ids=["plain", "workers", "errors"])
def test_the_exit_status_is_pytests_own(bench: Bench, options: tuple[str, ...]) -> None:
    """Watched or not, the run ends the same, with the same counts."""
    matrix(bench)
    watched = bench.run("--continue-on-collection-errors", *options).result
    bare = bench.bare("--continue-on-collection-errors", *options)
    assert watched.ret == bare.ret
    assert watched.parseoutcomes() == bare.parseoutcomes()


def test_a_syntax_error_names_the_file_that_does_not_parse(bench: Bench) -> None:
    """A test that imports a broken module fails in collection; the place is the module's line."""
    seen = bench.files(made="def ok():\n    pass\n\ndef broken(:\n    pass\n", test_it="import made\n").run_here()
    assert (seen.only.path, seen.only.line, seen.only.statement) == ("made.py", 4, "def broken(:")
    assert seen.only.facts["lineno"] == "4"
    assert seen.only.frames[-1].path == "made.py"
    assert "test_it.py" in [frame.path for frame in seen.only.frames]


def test_a_missing_name_comes_with_the_names_near_it(bench: Bench) -> None:
    """The import's facts: module, name, and what the module has instead."""
    seen = bench.files(made=MODULE, test_it="from made import Calk, boom\n").run_here()
    assert seen.only.facts["name"] == "made"
    assert seen.only.facts["name_from"] == "Calk"
    assert seen.only.facts["near"].split(",")[0] == "Calc"


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ("made.Calc().ad(1)", {"name": "ad", "of": "made.Calc", "of_kind": "instance", "near": "add,load"}),
        ("made.Calc.lod", {"name": "lod", "of": "made.Calc", "of_kind": "class", "near": "load"}),
        ("made.bom()", {"name": "bom", "of": "made", "of_kind": "module", "near": "boom"}),
        ("None.strip()", {"name": "strip", "of": "NoneType", "of_kind": "none"}),
        ("made.fetch().result", {"name": "result", "of": "fetch", "of_kind": "coroutine"}),
        ("made.boom(1, strickt=2)", {"parameters": "value,strict"}),
        ("made.Calc().add(1)", {"parameters": "a,b"}),
        ("made.Calc(3)", {}),
        ("maade.boom()", {"name": "maade", "near": "made"}),
        ("{}[3]", {"key": "3"}),
    ],
)
def test_facts_of_an_exception(bench: Bench, body: str, facts: dict[str, str]) -> None:
    """What the exception object says beside its message."""
    seen = bench.files(made=MODULE, test_it=f"import made\n\ndef test_it():\n    {body}\n").run_here()
    assert dict(seen.occurrences[0].facts) == facts


def test_names_of_the_test_are_resolved_to_their_definitions(bench: Bench) -> None:
    """Re-exports, wrappers, partials, fixtures, instances and helpers lead to the file that defines them."""
    bench.pytester.mkpydir("pkg")
    (bench.pytester.path / "pkg/__init__.py").write_text("from pkg.inner import Deep, wrapped\n")
    (bench.pytester.path / "pkg/inner.py").write_text(
        "import functools\n\n"
        "def around(function):\n    @functools.wraps(function)\n"
        "    def call():\n        return function()\n    return call\n\n"
        "@around\ndef wrapped():\n    return 1\n\n"
        "class Deep:\n    def go(self):\n        return 1\n"
    )
    seen = bench.files(
        conftest="import pytest\nfrom pkg import Deep\n\n@pytest.fixture\ndef deep():\n    return Deep()\n",
        test_it="""
        import functools
        import pkg
        from pkg import wrapped

        half = functools.partial(wrapped)

        def check(candidate):
            assert candidate() == 2

        def test_it(deep):
            inner = pkg.inner
            check(half)
        """,
    ).run_here()
    told = {binding.name: (binding.path, binding.qualname, binding.kind) for binding in seen.only.bindings}
    assert told["candidate"] == ("pkg/inner.py", "wrapped", "function")
    assert told["half"] == ("pkg/inner.py", "wrapped", "function")
    assert told["deep"] == ("pkg/inner.py", "Deep", "instance")
    assert told["inner"] == ("pkg/inner.py", "", "module")
    assert told["pkg.inner"] == ("pkg/inner.py", "", "module")
    assert "check" not in told


def test_resolving_names_calls_nothing(bench: Bench) -> None:
    """Objects that would explode on any touch are looked at without being touched."""
    seen = bench.files(
        made="""
        touched = []

        class Meta(type):
            def __getattribute__(cls, name):
                touched.append(name)
                return super().__getattribute__(name)
            def __hash__(cls):
                touched.append("hash")
                return 1
            def __eq__(cls, other):
                touched.append("eq")
                return True

        class Touchy(metaclass=Meta):
            def __getattribute__(self, name):
                touched.append(name)
                raise RuntimeError(name)
            def __repr__(self):
                touched.append("repr")
                return "x"
            def __eq__(self, other):
                touched.append("eq")
                return True
            __hash__ = None
            __bool__ = None
        """,
        test_it="""
        import made

        thing = made.Touchy()
        kind = made.Touchy

        def test_it():
            thing, kind
            made.touched.clear()
            int("x")

        def test_after():
            assert made.touched == []
        """,
    ).run_here()
    assert {binding.name for binding in seen.only.bindings} >= {"thing", "kind"}


def test_values_of_variables_are_never_kept(bench: Bench) -> None:
    """Neither frames nor bindings hold what a variable held."""
    seen = bench.files(
        made="def use(secret):\n    raise ValueError('wrong')\n",
        test_it="import made\n\ndef test_it():\n    key = ''.join(['hun', 'ter2'])\n    made.use(key)\n",
    ).run_here()
    assert "hunter2" not in json.dumps(seen.only.to_dict())


def test_a_virtual_environment_in_the_project_is_not_the_project(bench: Bench) -> None:
    """Its files are told with absolute paths and never become the place."""
    folder = bench.pytester.path / "env" / "lib" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "installed.py").write_text("def fail():\n    raise ValueError('x')\n")
    seen = bench.files(
        conftest=f"import sys\nsys.path.append({str(folder)!r})\n",
        test_it="import installed\n\ndef test_it():\n    installed.fail()\n",
    ).run_here()
    assert seen.only.path == "test_it.py"
    assert seen.only.frames[-1].path == (folder / "installed.py").as_posix()


def test_a_fault_of_ours_costs_one_sentence(bench: Bench) -> None:
    """Where observing fails, the outcome stays, the failure is told from its report, and a notice says so once."""
    seen = bench.files(
        conftest="""
        from pytest_llmlearn.entrypoints.observing.capture import Capture

        def broken(self, error, traceback):
            raise ZeroDivisionError

        Capture.failure = broken
        """,
        test_it="def test_a():\n    int('x')\n\ndef test_b():\n    assert 0\n",
    ).run()
    assert [occurrence.exception for occurrence in seen.occurrences] == ["ValueError", "AssertionError"]
    assert len(seen.notices) == 1
    seen.result.assert_outcomes(failed=2)
