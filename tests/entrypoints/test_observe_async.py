"""Coroutines and tasks: seen where they were made, while what the user is shown stays as it would be without us."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import warnings

import pytest

from pytest_llmlearn.entrypoints.observing.coroutines import OriginWatch
from tests.entrypoints.watching import Bench

FORGETFUL = """
    import asyncio

    async def fetch():
        return 1

    def forgot():
        fetch()

    async def forgot_inside():
        fetch()

    async def lose():
        async def inner():
            raise LookupError("lost")
        task = asyncio.create_task(inner())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task
"""

SHOWN = """
    import asyncio
    import threading
    import made

    def test_plain():
        made.forgot()

    def test_in_loop():
        asyncio.run(made.forgot_inside())

    def test_debug_mode():
        asyncio.run(made.forgot_inside(), debug=True)

    def test_in_thread():
        thread = threading.Thread(target=made.forgot)
        thread.start()
        thread.join()

    def test_lost_task():
        asyncio.run(made.lose())

    def test_kept_until_later():
        made.kept = [made.fetch()]

    def test_later():
        made.kept.clear()
"""


def shown(result: pytest.RunResult) -> list[str]:
    """What the user saw, without what differs between any two runs."""
    lines = [line for line in result.outlines if "rootdir" not in line and "basetemp" not in line]
    text = "\n".join(lines) + "\n" + "\n".join(result.errlines)
    text = re.sub(r"0x[0-9a-f]+", "0x…", text)
    return re.sub(r"in \d+\.\d+s", "in …s", text).splitlines()


@pytest.mark.parametrize(
    "options",
    [("-rA",), ("-rA", "-W", "error"), ("-p", "no:logging"), ("-p", "no:warnings"), ("-s", "-W", "always")],
    ids=["plain", "errors", "no-logging", "no-warnings", "no-capture"],
)
def test_the_user_is_shown_the_same(bench: Bench, options: tuple[str, ...]) -> None:
    """Byte for byte: warnings, their places, tracebacks under `-W error`, asyncio's own tracking, its log."""
    bench.files(made=FORGETFUL, test_it=SHOWN)
    assert shown(bench.run(*options).result) == shown(bench.bare(*options))


def test_asyncios_own_tracking_stays_visible(bench: Bench) -> None:
    """In debug mode asyncio asks for origins itself: its longer text is still shown, and only there."""
    seen = bench.files(made=FORGETFUL, test_it=SHOWN).run("-k", "debug_mode or plain")
    text = seen.result.stdout.str()
    assert text.count("Coroutine created at (most recent call last)") == 1
    places = {(occurrence.path, occurrence.function) for occurrence in seen.occurrences}
    assert places == {("made.py", "forgot"), ("made.py", "forgot_inside")}


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_asyncio_tests_are_seen(bench: Bench, mode: str) -> None:
    """pytest-asyncio: a failure's frames begin at the test; forgotten coroutines and lost tasks name their test."""
    mark = "" if mode == "auto" else "@pytest.mark.asyncio"
    seen = bench.files(
        made=FORGETFUL,
        test_it=f"""
        import pytest
        import made

        {mark}
        async def test_fails():
            assert await made.fetch() == 2

        {mark}
        async def test_forgets():
            made.fetch()

        {mark}
        async def test_loses():
            await made.lose()

        {mark}
        async def test_not_awaitable():
            await made.forgot()
        """,
    ).run("-o", f"asyncio_mode={mode}")
    told = [(o.nodeid.partition("::")[2], o.source, o.exception, o.path, o.function) for o in seen.occurrences]
    assert sorted(told) == [
        ("test_fails", "test", "AssertionError", "test_it.py", "test_fails"),
        ("test_forgets", "warning", "RuntimeWarning", "test_it.py", "test_forgets"),
        ("test_loses", "log", "LookupError", "made.py", "lose.<locals>.inner"),
        ("test_not_awaitable", "test", "TypeError", "test_it.py", "test_not_awaitable"),
    ]
    failed = next(o for o in seen.occurrences if o.exception == "AssertionError")
    assert [frame.function for frame in failed.frames] == ["test_fails"]
    assert "made.fetch" in [binding.name for binding in failed.bindings]


def test_anyio_tests_are_seen(bench: Bench) -> None:
    """anyio's runner: the same frames, the test's own function and bindings."""
    seen = bench.files(
        made=FORGETFUL,
        test_it="""
        import pytest
        import made

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        async def test_fails():
            assert await made.fetch() == 2
        """,
    ).run()
    assert seen.only.frames[0].function == "test_fails"
    assert seen.only.test_function == "test_fails"
    assert "made.fetch" in [binding.name for binding in seen.only.bindings]


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["plain", "workers"])
def test_a_lost_task_is_told_of_the_test_that_lost_it(bench: Bench, options: tuple[str, ...]) -> None:
    """The test passes; the exception appears on asyncio's logger alone."""
    seen = bench.files(
        made=FORGETFUL, test_it="import asyncio, made\n\ndef test_it():\n    asyncio.run(made.lose())\n"
    ).run(*options)
    assert (seen.only.source, seen.only.nodeid, seen.only.exception) == ("log", "test_it.py::test_it", "LookupError")
    assert seen.only.notices[0].message.startswith("Task exception was never retrieved")
    assert seen.only.test_function == "test_it"
    assert seen.passed == ("test_it.py::test_it",)


def test_slow_callbacks_are_notices_of_a_failing_test(bench: Bench) -> None:
    """What asyncio's debug mode says of a starved loop stands beside the failure."""
    seen = bench.files(
        test_it="""
        import asyncio
        import time

        async def starve():
            time.sleep(0.15)

        def test_it():
            asyncio.run(starve(), debug=True)
            assert 0
        """
    ).run()
    assert [(notice.kind, notice.category) for notice in seen.only.notices] == [("log", "asyncio")]
    assert "took 0.1" in seen.only.notices[0].message


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["plain", "workers"])
def test_a_coroutine_forgotten_while_collecting_is_seen_once(bench: Bench, options: tuple[str, ...]) -> None:
    """Every worker imports the module; the occurrence is one, of the file."""
    seen = bench.files(made=FORGETFUL, test_it="import made\nmade.forgot()\n\ndef test_it():\n    pass\n").run(*options)
    assert (seen.only.nodeid, seen.only.when, seen.only.path) == ("made.py", "collect", "made.py")


def test_a_coroutine_that_outlives_the_tests_is_seen(bench: Bench) -> None:
    """It dies with the session's fixtures, or later; no test is blamed for a fixture of the session."""
    seen = bench.files(
        made=FORGETFUL,
        conftest="import made\n\ndef pytest_sessionfinish():\n    made.forgot()\n",
        test_it="def test_it():\n    pass\n",
    ).run()
    assert [(o.when, o.path, o.function) for o in seen.occurrences] in ([], [("teardown", "made.py", "forgot")])
    assert seen.passed == ("test_it.py::test_it",)


def test_everything_is_put_back(bench: Bench) -> None:
    """After a run in this process, the hooks, the depth and the logger are what they were."""
    logger = logging.getLogger("asyncio")
    before = (vars(warnings)["_warn_unawaited_coroutine"], sys.get_coroutine_origin_tracking_depth(), logger.filters[:])
    bench.files(made=FORGETFUL, test_it=SHOWN).run_here()
    after = (vars(warnings)["_warn_unawaited_coroutine"], sys.get_coroutine_origin_tracking_depth(), logger.filters[:])
    assert after == before


def test_a_watch_leaves_alone_what_others_asked_for() -> None:
    """Where origins are tracked already, nothing is replaced."""
    original = vars(warnings)["_warn_unawaited_coroutine"]
    sys.set_coroutine_origin_tracking_depth(7)
    try:
        watch = OriginWatch(lambda name, origin, address: None)
        watch.start()
        assert vars(warnings)["_warn_unawaited_coroutine"] is original
        watch.stop()
        assert sys.get_coroutine_origin_tracking_depth() == 7
    finally:
        sys.set_coroutine_origin_tracking_depth(0)


def test_a_watch_that_fails_costs_no_warning() -> None:
    """The warning comes, as it is, where telling of the coroutine raises."""

    def refuse(name: str, origin: object, address: int) -> None:
        raise ZeroDivisionError

    watch = OriginWatch(refuse)
    watch.start()
    try:
        with pytest.warns(RuntimeWarning, match=r"^coroutine 'sleep' was never awaited$"):
            asyncio.sleep(0)
    finally:
        watch.stop()


MADE = """
    import asyncio

    class Order:
        async def send(self):
            return "sent"

    async def lost():
        raise LookupError("lost")

    def keep(made):
        made.append(made)

    def deep(orders):
        return deeper(orders)

    def deeper(orders):
        orders.append(Order().send())
        keep(orders)
        return orders[0] + 1
"""

LATE = """
    import asyncio
    import gc
    import unittest
    import pytest
    from made import Order, deep, keep, lost

    def test_fails():
        order = Order()
        assert order.send() == "sent"

    def test_between():
        gc.collect()

    def test_passes():
        keep([Order().send()])

    def test_between_again():
        gc.collect()

    @pytest.mark.xfail
    def test_expected():
        assert Order().send() == "sent"

    @pytest.mark.parametrize("case", ["one", "two"])
    def test_cases(case):
        keep([Order().send()])

    def test_loses():
        async def main():
            task = asyncio.create_task(lost())
            keep([task])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        asyncio.run(main())

    def test_fails_deep_down():
        deep([])

    class TestOld(unittest.TestCase):
        def test_method(self):
            keep([Order().send()])

    def test_collects():
        gc.collect()

    def test_collects_again():
        gc.collect()
"""

# Whatever is left in a process dies before it is too late to tell.
COLLECTS = """
    import gc
    import pytest

    gc.disable()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish():
        gc.collect()
"""


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["plain", "workers"])
def test_what_dies_late_is_told_of_the_test_that_made_it(bench: Bench, options: tuple[str, ...]) -> None:
    """Whoever's garbage collection it is: a failure is told once, an expected one not at all, and nobody else's."""
    seen = bench.files(conftest=COLLECTS, made=MADE, test_it=LATE).run(*options)
    lines = LATE.splitlines()

    def line(text: str, after: str) -> int:
        start = next(at for at, found in enumerate(lines) if after in found)
        return next(at for at, found in enumerate(lines) if at > start and text in found)

    told = [
        (o.nodeid.partition("::")[2], o.when, o.exception, o.source, o.path, o.function, o.line)
        for o in seen.occurrences
    ]
    warning = ("call", "RuntimeWarning", "warning", "test_it.py")
    made = MADE.splitlines()
    assert sorted(told) == sorted(
        [
            ("test_fails", "call", "AssertionError", "test", "test_it.py", "test_fails", line("assert", "test_fails")),
            ("test_passes", *warning, "test_passes", line("keep", "test_passes")),
            ("test_cases[one]", *warning, "test_cases", line("keep", "test_cases")),
            ("test_cases[two]", *warning, "test_cases", line("keep", "test_cases")),
            (
                "test_loses",
                "call",
                "LookupError",
                "log",
                "made.py",
                "lost",
                made.index('        raise LookupError("lost")'),
            ),
            (
                "test_fails_deep_down",
                "call",
                "TypeError",
                "test",
                "made.py",
                "deeper",
                made.index("        return orders[0] + 1"),
            ),
            ("TestOld::test_method", *warning, "test_method", line("keep", "test_method")),
        ]
    )
    assert seen.notices == ()


def test_a_failures_coroutine_is_known_by_its_address(bench: Bench) -> None:
    """Made too deep to see the test; another test's, of the same function, is told all the same."""
    seen = bench.files(
        made="""
        class Order:
            async def send(self):
                return "sent"

        def one():
            return two()

        def two():
            return Order().send()
        """,
        test_it="""
        import gc
        import made

        def test_fails():
            assert made.one() == "sent"

        def test_forgets():
            made.one()

        def test_collects():
            gc.collect()
        """,
    ).run()
    assert [(o.nodeid, o.exception) for o in seen.occurrences] == [
        ("test_it.py::test_fails", "AssertionError"),
        ("test_it.py::test_forgets", "RuntimeWarning"),
    ]


def test_a_task_that_is_nobodys_is_not_told_of_the_test_that_runs(bench: Bench) -> None:
    """A session's loop may lose a task at any time; collected as garbage, it says nothing of the test that runs."""
    seen = bench.files(
        made="""
        import asyncio

        async def lost():
            raise LookupError("lost")

        async def main():
            kept = [asyncio.create_task(lost())]
            kept.append(kept)
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        def run():
            asyncio.run(main())
        """,
        conftest="import gc\ngc.disable()\n",
        test_it="""
        import gc
        import made

        def test_makes():
            made.run()

        def test_collects():
            gc.collect()
        """,
    ).run()
    assert seen.occurrences == ()


def test_a_coroutine_of_an_import_is_no_tests(bench: Bench) -> None:
    """Made while the module was imported, collected later: named by the file, as one that dies at once."""
    seen = bench.files(
        made="async def fetch():\n    return 1\n\nkept = [fetch()]\n",
        test_it="import made\n\ndef test_it():\n    made.kept.clear()\n",
    ).run()
    assert (seen.only.nodeid, seen.only.when, seen.only.path, seen.only.line) == ("made.py", "collect", "made.py", 4)
