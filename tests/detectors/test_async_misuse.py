"""Coroutines nobody awaits, loops started twice, and calls that block: told by the failure, found in the function."""

from __future__ import annotations

import asyncio
import gc
import warnings

import pytest

from pytest_llmlearn.detectors.async_misuse import AsyncDetector
from pytest_llmlearn.domain.finding import Finding
from pytest_llmlearn.domain.occurrence import Linked, Notice
from tests.detectors.seen import PATH, KnownSurroundings, code, evidence, failure, findings, line_of, raised

DETECTOR = AsyncDetector()

SERVICE = code(
    """
    import asyncio
    import time

    class Service:
        def __init__(self, client: Client):
            self.client = client

        async def load(self, key):
            await asyncio.sleep(0)
            return {"key": key}

        async def rows(self, key):
            row = self.load(key)
            return row["key"]

        async def kept(self, key):
            row = self.load(key)
            other = asyncio.create_task(self.load(key))
            return await row, await other

        async def handed_on(self, keys):
            tasks = [self.load(key) for key in keys]
            return await asyncio.gather(*tasks)

        def passed_back(self, key):
            return self.load(key)

        async def dropped(self, key):
            self.load(key)
            asyncio.sleep(1)
            asyncio.gather(self.load(1), self.load(2))

        async def waits(self):
            time.sleep(1)
    """
)


def at(part: str, text: str = SERVICE, occurrence: object = None, **changes: object) -> dict[str, Finding]:
    """Findings for a failed assertion, the culprit being the function around the line that holds `part`."""
    seen = evidence(text, line_of(text, part), **changes)
    return findings(DETECTOR, occurrence or failure("assert 1 == 2", "AssertionError"), seen)  # type: ignore[arg-type]


def test_a_coroutine_taken_for_its_value_is_found_at_the_call() -> None:
    """The line that raised is the next one; the wrong one is where the coroutine was made."""
    finding = at('row["key"]')["async.never-awaited"]
    assert finding.line == line_of(SERVICE, "row = self.load(key)")
    assert finding.symbols == ("Service.load",)
    assert finding.severity == "major"


@pytest.mark.parametrize("part", ["await row, await other", "gather(*tasks)", "return self.load(key)", "sleep(0)"])
def test_a_coroutine_that_is_awaited_somewhere_is_fine(part: str) -> None:
    """Kept in a variable, run as a task, gathered, or handed back to the caller."""
    assert "async.never-awaited" not in at(part)


def test_coroutines_and_gathers_that_nobody_keeps_are_found() -> None:
    """As statements of their own."""
    found = at("asyncio.sleep(1)")
    assert found["async.never-awaited"].line == line_of(SERVICE, "async def dropped") + 1
    assert found["async.gather-not-awaited"].line == line_of(SERVICE, "asyncio.gather(self.load(1)")


@pytest.mark.parametrize(
    ("exception", "message", "severity"),
    [
        ("TimeoutError", "", "major"),
        ("AssertionError", "assert elapsed < 0.2", "major"),
        ("AssertionError", "assert 1 == 2", "minor"),
    ],
)
def test_a_blocking_call_weighs_more_where_the_failure_fits(exception: str, message: str, severity: str) -> None:
    """A timeout or a failed measurement is its symptom; a wrong value hardly."""
    finding = at("time.sleep(1)", occurrence=failure(message, exception))["async.blocking-call"]
    assert finding.line == line_of(SERVICE, "time.sleep(1)")
    assert finding.severity == severity
    assert "asyncio.sleep" in finding.lesson


def test_a_blocking_call_outside_of_a_coroutine_is_fine() -> None:
    """In a plain function, and in one that a coroutine hands to a thread."""
    text = (
        "import asyncio, time\nasync def f():\n    def work():\n"
        "        time.sleep(1)\n    await asyncio.to_thread(work)\n"
    )
    assert not at("time.sleep", text, failure("", "TimeoutError"))


def _warned(text: str) -> str:
    """The text of the warning that running `text` leaves behind."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        exec(compile(text, PATH, "exec"), {})
        gc.collect()
    return str(next(entry.message for entry in caught if entry.category is RuntimeWarning))


def test_the_warning_of_a_passing_test_is_laid_on_the_call() -> None:
    """`RuntimeWarning` as the occurrence itself; the place comes from the text."""
    text = "async def load_user():\n    return 1\n\ndef f():\n    load_user()\nf()\n"
    occurrence = failure(_warned(text), "RuntimeWarning", source="warning")
    finding = at("    load_user()", text, occurrence)["async.never-awaited"]
    assert (finding.line, finding.symbols) == (5, ("load_user",))
    assert "'load_user'" in finding.lesson


def test_the_warning_may_hang_on_another_failure() -> None:
    """As a notice of the same test, or as the cause under `-W error`; the method belongs to another module."""
    text = "from app.store import Store\n\nclass Users:\n    def add(self, store: Store):\n        store.save(self)\n"
    files = {PATH: text, "app/store.py": "class Store:\n    async def save(self, user): ...\n"}
    around = KnownSurroundings(files=files)
    message = "coroutine 'Store.save' was never awaited"
    notice = Notice(kind="warning", category="RuntimeWarning", message=message)
    link = Linked(relation="cause", exception="RuntimeWarning", mro=("RuntimeWarning",), message=message)
    for occurrence in (
        failure("assert 0 == 1", "AssertionError", notices=(notice,)),
        failure("Exception ignored in", "PytestUnraisableExceptionWarning", linked=(link,)),
    ):
        finding = at("store.save", text, occurrence, surroundings=around)["async.never-awaited"]
        assert (finding.line, finding.symbols) == (5, ("Store.save",))


def test_where_the_coroutine_was_seen_to_be_made_wins() -> None:
    """Origin tracking knows better than the text."""
    made = Notice(kind="coroutine", category="Service.load", message="", path=PATH, line=28, function="dropped")
    occurrence = failure("coroutine 'Service.load' was never awaited", "RuntimeWarning", notices=(made,))
    assert at('row["key"]', occurrence=occurrence)["async.never-awaited"].line == 28


@pytest.mark.parametrize(
    "use",
    [
        "x['a']",
        "x + 1",
        "x < 2",
        "len(x)",
        "x.name",
        "list(x)",
        "1 in x",
        "a, b = x",
        "x()",
        "__import__('json').dumps(x)",
    ],
)
def test_every_use_of_a_coroutine_as_a_value_is_recognised(use: str) -> None:
    """In the words of the running Python."""
    text = f"async def load():\n    return 1\n\nx = load()\ntry:\n    {use}\nfinally:\n    x.close()\n"
    finding = findings(DETECTOR, failure(raised(text)), evidence(text))["async.never-awaited"]
    assert finding.line == 4


def test_a_coroutine_shown_in_an_assertion_is_recognised() -> None:
    """The test took the value of an `async def` without awaiting it."""
    text = "async def total(rows):\n    return sum(rows)\n"
    occurrence = failure("assert <coroutine object total at 0x7f0000000000> == 3", "AssertionError")
    seen = evidence(text, 1, in_test=True)
    assert findings(DETECTOR, occurrence, seen)["async.never-awaited"].symbols == ("total",)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("async def f():\n    await g()\ndef g(): ...\nimport asyncio\nasyncio.run(f())\n", "async.not-awaitable"),
        ("import asyncio\ndef g(): return 1\nasyncio.run(g())\n", "async.not-awaitable"),
        (
            "import asyncio\nasync def g(): ...\nasync def f():\n    c = g()\n    try:\n        asyncio.run(c)\n"
            "    finally:\n        c.close()\nasyncio.run(f())\n",
            "async.loop-already-running",
        ),
        (
            "import asyncio\nasync def g(): ...\nc = g()\ntry:\n    asyncio.create_task(c)\nfinally:\n    c.close()\n",
            "async.no-running-loop",
        ),
        (
            "import asyncio\nasync def g(): ...\nasync def f():\n"
            "    c = g()\n    await c\n    await c\nasyncio.run(f())\n",
            "async.awaited-twice",
        ),
        ("import asyncio\nloop = asyncio.new_event_loop()\nloop.close()\nloop.call_soon(print)\n", "async.loop-closed"),
        ("import asyncio\nwith asyncio.Lock():\n    pass\n", "async.sync-context-manager-on-async"),
        (
            "import asyncio, io\nasync def f():\n    async with io.StringIO():\n        pass\nasyncio.run(f())\n",
            "async.sync-context-manager-on-async",
        ),
        (
            "import asyncio\nasync def f():\n    async for x in [1]:\n        pass\nasyncio.run(f())\n",
            "async.wrong-iteration",
        ),
        ("async def g():\n    yield 1\nfor x in g():\n    pass\n", "async.wrong-iteration"),
    ],
)
def test_every_mistake_with_the_loop_has_its_rule(text: str, rule: str) -> None:
    """Real errors of the running Python."""
    error = raised(text)
    assert rule in findings(DETECTOR, failure(error), evidence(text)), error


@pytest.mark.parametrize(
    ("message", "exception"),
    [
        ("object NoneType can't be used in 'await' expression", "TypeError"),
        ("'NoneType' object can't be awaited", "TypeError"),
    ],
)
def test_what_was_awaited_in_vain_is_named(message: str, exception: str) -> None:
    """From the awaited call in the line that raised, in the words of Python 3.11 and 3.14."""
    text = "import asyncio\nfrom store import save\n\nasync def f():\n    await save(1)\n"
    finding = at("await save", text, failure(message, exception, line=5))["async.not-awaitable"]
    assert (finding.line, finding.symbols) == (5, ("store.save",))


@pytest.mark.parametrize("name", ["asyncio.create_task(work())", "asyncio.ensure_future(work())"])
def test_a_task_whose_exception_was_lost_is_found_at_its_making(name: str) -> None:
    """The log alone tells of it."""
    text = f"import asyncio\nasync def work(): raise ValueError\nasync def f():\n    {name}\n"
    occurrence = failure("Task exception was never retrieved", "ValueError", source="log")
    assert at(name, text, occurrence)["async.task-exception-lost"].line == 4


SHOWN = (
    "Task exception was never retrieved\nfuture: <Task finished name='Task-2' coro=<boom() done, defined at"
    " app/users.py:2> exception=ValueError('x')>"
)


@pytest.mark.parametrize("name", ["asyncio.create_task", "asyncio.ensure_future"])
@pytest.mark.parametrize("source", ["log", "test"])
def test_a_task_that_failed_elsewhere_is_found_at_the_one_place_that_drops_it(name: str, source: str) -> None:
    """The log's traceback shows the coroutine; where two places drop a task, neither is blamed."""
    text = f"import asyncio\nasync def boom():\n    raise ValueError('x')\nasync def f():\n    {name}(boom())\n"
    occurrence = failure(SHOWN, "ValueError", source=source)
    assert at("raise", text, occurrence)["async.task-exception-lost"].line == 5
    twice = f"{text}async def g():\n    {name}(boom())\n"
    assert at("raise", twice, occurrence)["async.task-exception-lost"].line is None


@pytest.mark.parametrize("name", ["asyncio.create_task", "asyncio.ensure_future"])
@pytest.mark.parametrize("source", ["log", "test"])
def test_the_coroutine_that_the_logged_task_shows_is_not_one_that_nobody_awaited(name: str, source: str) -> None:
    """A task did run it; what is lost is how it ended."""
    text = f"import asyncio\nasync def boom():\n    raise ValueError('x')\nasync def f():\n    {name}(boom())\n"
    told = {"source": source, "notices": (Notice(kind="log", category="asyncio", message=SHOWN),)}
    for occurrence in (failure("x", "ValueError", **told), failure(SHOWN, "asyncio", source=source)):
        found = at(name, text, occurrence)
        assert found["async.task-exception-lost"].line == 5
        assert "async.never-awaited" not in found


@pytest.mark.parametrize(
    "message",
    [
        "async def functions are not natively supported.\nYou need to install a suitable plugin",
        "coroutine 'test_load' was never awaited",
        "coroutine 'TestUsers.test_load' was never awaited",
    ],
)
def test_an_async_test_that_nothing_runs_is_the_tests_own_affair(message: str) -> None:
    """No fault of the generated code."""
    found = at(
        'row["key"]', text='def f():\n    row = {}\n    return row["key"]\n', occurrence=failure(message, "Failed")
    )
    assert found["async.async-test-unsupported"].scope == "test"
    assert "async.never-awaited" not in found


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("from time import sleep\ndef f():\n    sleep(1)\n", "sleep(1)"),
        ("async def get(): ...\ndef f(get):\n    get()\n", "    get()"),
        ("async def f(self, fetch):\n    fetch()\n", "fetch()"),
        (
            "from contextlib import asynccontextmanager\n@asynccontextmanager\nasync def opened():\n"
            "    yield 1\nasync def f():\n    async with opened() as x:\n        return x\n",
            "async with",
        ),
        ("async def rows():\n    yield 1\nasync def f():\n    return [x async for x in rows()]\n", "async for"),
        (
            "import asyncio\nasync def g(): ...\nasync def f():\n"
            "    t = g() if 1 else None\n    if t is not None:\n        await t\n",
            "t = g()",
        ),
        ("import asyncio\nasync def g(): ...\nasync def f(box):\n    box.append(g())\n", "box.append"),
        (
            "import asyncio\nasync def g(): ...\nasync def f():\n"
            "    async with asyncio.TaskGroup() as tg:\n        tg.create_task(g())\n",
            "create_task",
        ),
        (
            "async def g(): ...\nasync def f():\n    jobs = []\n    for i in range(3):\n"
            "        jobs.append(g())\n    for job in jobs:\n        await job\n",
            "append",
        ),
        (
            "import asyncio\nasync def g(): ...\nasync def f():\n"
            "    done = asyncio.gather(g())\n    return await done\n",
            "done =",
        ),
    ],
)
def test_code_that_handles_its_coroutines_gives_no_finding(text: str, part: str) -> None:
    """Parameters, managers, generators, containers and task groups."""
    assert not at(part, text)


def test_a_variable_made_from_itself_is_followed_once() -> None:
    """`jobs = (jobs, g())` must end, and nothing is told of it."""
    text = (
        "import asyncio\nasync def g(): ...\nasync def f():\n    jobs = g()\n    jobs = (jobs, jobs)\n    return jobs\n"
    )
    assert not at("jobs = g()", text)


def test_a_failure_without_anything_asynchronous_gives_no_finding() -> None:
    """Whatever words its message holds."""
    assert not at(
        "return", "def f():\n    return 'await'\n", failure("assert 'a coroutine' == 'await'", "AssertionError")
    )


def test_the_loop_of_this_run_is_left_alone() -> None:
    """Detecting never makes, runs or closes a loop."""
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    at('row["key"]')


def test_a_coroutine_that_the_test_took_for_its_value_is_not_laid_on_another_function() -> None:
    """Somebody else in the file drops a coroutine of the same function, and took no part in this failure."""
    text = code(
        """
        async def load():
            return {}

        def other():
            load()
        """
    )
    seen = evidence(text, line_of(text, "return {}"), in_test=True)
    told = failure("'coroutine' object is not subscriptable", "TypeError", path=None, line=None)
    found = findings(DETECTOR, told, seen)["async.never-awaited"]
    assert (found.line, found.symbols) == (None, ("load",))
