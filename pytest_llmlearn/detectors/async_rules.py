"""The rules of the category `async`."""

from __future__ import annotations

from pytest_llmlearn.domain.finding import Rule

NEVER_AWAITED = Rule(
    rule_id="async.never-awaited",
    severity="major",
    meaning="A coroutine is made and never awaited: its body does not run, or the coroutine is taken for its value.",
    lesson="Await '{name}': calling it only makes a coroutine; keep the task if it is to run beside the rest.",
    plain="Await every coroutine that is made, or keep the task that runs it.",
)
BLOCKING = Rule(
    rule_id="async.blocking-call",
    severity="major",
    meaning="A call in a coroutine blocks the event loop, so that nothing else runs meanwhile.",
    lesson="In 'async def' use {instead} where '{name}' would stop the event loop.",
    plain="Call nothing that blocks in 'async def': use its asynchronous form, or asyncio.to_thread.",
)
LOOP_RUNNING = Rule(
    rule_id="async.loop-already-running",
    severity="major",
    meaning="An event loop is started where one is running already.",
    lesson="Await the coroutine where '{name}' starts a second event loop: one is running already.",
    plain="Await the coroutine rather than start a second event loop inside a running one.",
)
LOOP_CLOSED = Rule(
    rule_id="async.loop-closed",
    severity="major",
    meaning="Something is used after the event loop it belongs to was closed.",
    lesson="Close connections and tasks before asyncio.run returns, and make new ones for each loop.",
    plain="Close connections and tasks before asyncio.run returns, and make new ones for each loop.",
)
NO_LOOP = Rule(
    rule_id="async.no-running-loop",
    severity="major",
    meaning="A call that needs a running event loop is made outside of one.",
    lesson="Call '{name}' inside a coroutine that asyncio.run started: it needs a running event loop.",
    plain="Schedule coroutines inside one that asyncio.run started, not from plain code.",
)
OTHER_LOOP = Rule(
    rule_id="async.other-loop",
    severity="major",
    meaning="An asyncio object made in one event loop is used in another.",
    lesson="Make locks, queues, tasks and clients inside the coroutine that uses them, not at import.",
    plain="Make locks, queues, tasks and clients inside the coroutine that uses them, not at import.",
)
NOT_AWAITABLE = Rule(
    rule_id="async.not-awaitable",
    severity="major",
    meaning="Something is awaited, or given to the event loop, that is no coroutine.",
    lesson="Do not await '{name}': it gives {type}, no coroutine; make it 'async def' or call it plainly.",
    plain="Await only what is awaitable: call a plain function without await.",
)
AWAITED_TWICE = Rule(
    rule_id="async.awaited-twice",
    severity="major",
    meaning="One coroutine object is awaited a second time.",
    lesson="Await a coroutine object once: call the function again, or keep a task, which can be awaited often.",
    plain="Await a coroutine object once: call the function again, or keep a task, which can be awaited often.",
)
CONTEXT = Rule(
    rule_id="async.sync-context-manager-on-async",
    severity="major",
    meaning="`with` is used on an asynchronous context manager, or `async with` on a plain one.",
    lesson="Enter '{name}' by '{wanted}'.",
    plain="Enter asynchronous context managers by 'async with' and plain ones by 'with'.",
)
ITERATION = Rule(
    rule_id="async.wrong-iteration",
    severity="major",
    meaning="`for` is used on an asynchronous iterator, or `async for` on a plain one.",
    lesson="Iterate by '{wanted}' here: 'async for' is for asynchronous iterators and for nothing else.",
    plain="Iterate asynchronous iterators by 'async for' and plain ones by 'for'.",
)
TASK_LOST = Rule(
    rule_id="async.task-exception-lost",
    severity="major",
    meaning="A task failed and nobody looked at it: its exception appears in the log alone.",
    lesson="Keep what '{name}' returns and await it, or use asyncio.TaskGroup: its exception is lost otherwise.",
    plain="Keep every task and await it, or use asyncio.TaskGroup: its exception is lost otherwise.",
)
GATHER = Rule(
    rule_id="async.gather-not-awaited",
    severity="major",
    meaning="`asyncio.gather` is called and its result is not awaited.",
    lesson="Await asyncio.gather(...): without it the results are not there and exceptions are lost.",
    plain="Await asyncio.gather(...): without it the results are not there and exceptions are lost.",
)
ASYNC_TEST = Rule(
    rule_id="async.async-test-unsupported",
    severity="minor",
    meaning="An `async def` test is run without a plug-in that awaits it.",
    lesson="Run asynchronous tests under pytest-asyncio or anyio, or IsolatedAsyncioTestCase.",
    plain="Run asynchronous tests under pytest-asyncio or anyio, or IsolatedAsyncioTestCase.",
)

RULES: tuple[Rule, ...] = (
    NEVER_AWAITED,
    BLOCKING,
    LOOP_RUNNING,
    LOOP_CLOSED,
    NO_LOOP,
    OTHER_LOOP,
    NOT_AWAITABLE,
    AWAITED_TWICE,
    CONTEXT,
    ITERATION,
    TASK_LOST,
    GATHER,
    ASYNC_TEST,
)
