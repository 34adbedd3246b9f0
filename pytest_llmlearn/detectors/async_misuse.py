"""Mistakes with coroutines, tasks and event loops.

What the failure says (messages, warnings, log records) names the mistake; the text of the culprit's function names
the line. Where the failure says nothing of it, only what is plain from that function counts: a failed assertion is
often the symptom of a coroutine that nobody awaited.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from pytest_llmlearn.detectors.async_rules import (
    ASYNC_TEST,
    AWAITED_TWICE,
    BLOCKING,
    CONTEXT,
    GATHER,
    ITERATION,
    LOOP_CLOSED,
    LOOP_RUNNING,
    NEVER_AWAITED,
    NO_LOOP,
    NOT_AWAITABLE,
    OTHER_LOOP,
    RULES,
    TASK_LOST,
)
from pytest_llmlearn.detectors.coroutine_calls import blocking, in_unit, library_name, target
from pytest_llmlearn.detectors.known_coroutines import ASYNC_ONLY
from pytest_llmlearn.domain.coroutines import Call, calls
from pytest_llmlearn.domain.finding import Finding, Rule
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.source import unit_named
from pytest_llmlearn.hookspecs import Detector, Evidence, hookimpl

_OF_ASYNC = re.compile(
    r"corout|await|async|[Ee]vent loop|_GatheringFuture|Task was destroyed|Task exception|Future exception|<Task "
    r"|__aenter__|__aexit__|context manager protocol|__enter__|__aiter__"
)
_IN_TEXT = re.compile(r"\basync\s+(?:def|with|for)\b|\basyncio\b|\banyio\b|\btrio\b")
_NEVER = re.compile(r"coroutine (?:method )?'(?P<name>[\w.<>]+)'(?: of '[\w.]+')? was never awaited")
_SHOWN = re.compile(
    r"<coroutine object (?P<name>[\w.<>]+)(?: at 0x[0-9a-f]+)?>|<Task [^>]*?coro=<(?P<task>[\w.<>]+?)\("
)
_CREATED = re.compile(r'File "(?P<path>[^"]+)", line (?P<line>\d+), in')
_COROUTINE_VALUE = re.compile(r"\bcoroutine\b")
_NOT_MADE = re.compile(
    r"a coroutine was expected, got (?P<got>.+)|An asyncio\.Future, a coroutine or an awaitable is required"
    r"|asyncio\.Future, .* is required"
)
_CANNOT_AWAIT = re.compile(
    r"object (?P<a>[\w.]+) can't be used in 'await' expression|'(?P<b>[\w.]+)' object can't be awaited"
)
_RECEIVED = re.compile(r"received an object from (?P<name>__\w+__) that does not implement __await__: (?P<type>\w+)")
_LOOP_RUNNING = re.compile(
    r"(?P<name>asyncio\.run|Runner\.run)\(\) cannot be called from a running event loop|event loop is already running"
    r"|Cannot run the event loop while another loop is running"
)
_NO_LOOP = re.compile(r"no running event loop|There is no current event loop|no current event loop")
_OTHER_LOOP = re.compile(r"attached to a different loop|bound to a different event loop|different event loop")
_CONTEXT = re.compile(
    r"'(?P<a>[\w.]+)' object does not support the (?P<kind>asynchronous )?context manager protocol"
    r"|'?(?P<b>[\w.]+)'? object has no attribute '?__(?P<c>a?)(?:enter|exit)__"
    r"|^__(?P<d>a?)(?:enter|exit)__$"
)
_ITERATION = re.compile(
    r"'async for' requires an object with __aiter__ method, got (?P<plain>[\w.]+)"
    r"|'(?P<gen>async_generator)' object is not (?:iterable|subscriptable|an iterator)"
    r"|object of type '(?P<len>async_generator)' has no len"
)
_TASK_LOST = re.compile(r"Task exception was never retrieved|Task was destroyed but it is pending")
_GATHER_LOST = re.compile(r"_GatheringFuture(?: exception was never retrieved|'| pending| finished)")
_ASYNC_TEST = re.compile(
    r"async def functions? (?:are|is) not natively supported|returned (?:a )?<?coroutine.*from (?:a )?test"
    r"|requested an async fixture|test case.*returned.*coroutine"
)
_TIMED_OUT = re.compile(r"[Tt]imed? ?out|Timeout")
_OF_TIME = re.compile(
    r"time|elapsed|duration|concurren|order|perf_counter|monotonic|seconds|faster|parallel", re.IGNORECASE
)
_TEST_NAME = re.compile(r"(?:^|\.)test\w*$")


class AsyncDetector:
    """What was done wrong with a coroutine, a task or the event loop, and in which line of the function."""

    name = "async"
    rules: Sequence[Rule] = RULES

    def detect(self, occurrence: Occurrence, evidence: Evidence) -> Iterable[Finding]:
        told = [(occurrence.exception, occurrence.message)]
        told += [(link.exception, link.message) for link in occurrence.linked]
        told += [(notice.category, notice.message) for notice in occurrence.notices if notice.kind != "coroutine"]
        told = [(kind, message) for kind, message in told if _OF_ASYNC.search(message)]
        of_kind = occurrence.facts.get("of_kind") == "coroutine"
        written = bool(_IN_TEXT.search(evidence.text))
        if not told and not of_kind and not written:
            return ()
        found: dict[str, Finding] = {}
        for finding in (*_told(told, occurrence, evidence), *_plain(occurrence, evidence, of_kind, written)):
            found.setdefault(finding.rule_id, finding)
        if ASYNC_TEST.rule_id in found and NEVER_AWAITED.rule_id in found:
            found.pop(NEVER_AWAITED.rule_id)  # the test's own coroutine: the same mistake, said twice
        return tuple(found.values())


def _told(told: Iterable[tuple[str, str]], occurrence: Occurrence, evidence: Evidence) -> Iterator[Finding]:
    """What the messages themselves name."""
    for _, message in told:
        if _ASYNC_TEST.search(message):
            yield Finding(rule=ASYNC_TEST, confidence=0.95, scope="test")
        elif _GATHER_LOST.search(message):
            yield _at_call(GATHER, ("gather",), evidence, 0.9)
        elif _TASK_LOST.search(message):  # before what reads the future that the message goes on to show
            yield _at_call(TASK_LOST, ("create_task", "ensure_future"), evidence, 0.9)
        elif match := _NEVER.search(message):
            yield _never_awaited(match["name"], message, occurrence, evidence, 0.95)
        elif match := _CANNOT_AWAIT.search(message):
            yield _not_awaitable(match["a"] or match["b"], occurrence, evidence)
        elif match := _RECEIVED.search(message):
            name = match["name"]
            yield Finding(
                rule=NOT_AWAITABLE, symbols=(name,), fields={"name": name, "type": match["type"]}, confidence=0.9
            )
        elif match := _NOT_MADE.search(message):
            yield _not_awaitable((match["got"] or "").strip(), occurrence, evidence)
        elif "cannot reuse already awaited coroutine" in message:
            yield Finding(rule=AWAITED_TWICE, confidence=0.95)
        elif match := _ITERATION.search(message):
            yield from _iteration(match, occurrence, evidence)
        elif match := _CONTEXT.search(message):
            yield from _context(match, occurrence, evidence)
        elif match := _SHOWN.search(message):
            yield _never_awaited(match["name"] or match["task"], message, occurrence, evidence, 0.9)
        elif match := _LOOP_RUNNING.search(message):
            yield _at_call(LOOP_RUNNING, ("run", "run_until_complete"), evidence, 0.95, match["name"] or "")
        elif "vent loop is closed" in message:
            yield Finding(rule=LOOP_CLOSED, confidence=0.9)
        elif _NO_LOOP.search(message):
            yield _at_call(
                NO_LOOP, ("create_task", "get_running_loop", "ensure_future", "get_event_loop"), evidence, 0.9
            )
        elif _OTHER_LOOP.search(message):
            yield Finding(rule=OTHER_LOOP, confidence=0.9)
        elif _is_of_coroutine(message) and occurrence.is_a("TypeError", "AttributeError", "ValueError"):
            yield _never_awaited("", message, occurrence, evidence, 0.9)
    if occurrence.source == "log" and occurrence.exception != "asyncio" and not _says_lost(told):
        yield _at_call(TASK_LOST, ("create_task", "ensure_future"), evidence, 0.8)


def _says_lost(told: Iterable[tuple[str, str]]) -> bool:
    """Whether a message already says which future lost its exception."""
    return any(_TASK_LOST.search(message) or _GATHER_LOST.search(message) for _, message in told)


def _is_of_coroutine(message: str) -> bool:
    return bool(_COROUTINE_VALUE.search(message)) and "just-started coroutine" not in message


def _plain(occurrence: Occurrence, evidence: Evidence, of_kind: bool, written: bool) -> Iterator[Finding]:
    """What is plain from the culprit's function alone."""
    if of_kind:
        yield _never_awaited("", occurrence.message, occurrence, evidence, 0.9)
    if not written:
        return
    symptom = occurrence.is_a("AssertionError", "TypeError", "AttributeError", "TimeoutError", "RuntimeWarning")
    if not symptom and evidence.unit.kind in ("module", "imports"):
        return  # the unit is the whole file, and the failure need not have to do with any of its functions
    for call in in_unit(evidence):
        if call.awaited:
            continue
        if call.fate in ("dropped", "used") and library_name(call, evidence.text) == "asyncio.gather":
            if call.in_async:
                yield Finding(rule=GATHER, line=call.line, symbols=("asyncio.gather",), confidence=0.9)
        elif call.fate in ("dropped", "used", "entered"):
            called = target(call, evidence)
            if called.makes_coroutine and (call.fate != "entered" or "." not in called.name):
                yield Finding(
                    rule=NEVER_AWAITED,
                    line=call.line,
                    symbols=(called.name,),
                    fields={"name": called.name},
                    confidence=0.9 if symptom else 0.7,
                )
    yield from _blocking(occurrence, evidence)


def _blocking(occurrence: Occurrence, evidence: Evidence) -> Iterator[Finding]:
    for call in in_unit(evidence):
        stalled = blocking(call, evidence.text) if call.in_async and not call.awaited else None
        if stalled is None:
            continue
        fits = (
            occurrence.is_a("TimeoutError")
            or bool(_TIMED_OUT.search(occurrence.message))
            or (
                occurrence.is_a("AssertionError")
                and bool(_OF_TIME.search(f"{occurrence.nodeid} {occurrence.statement} {occurrence.message}"))
            )
        )
        yield Finding(
            rule=BLOCKING if fits else replace(BLOCKING, severity="minor"),
            line=call.line,
            symbols=(stalled[0],),
            fields={"name": stalled[0], "instead": stalled[1]},
            confidence=0.85 if fits else 0.5,
        )


def _never_awaited(name: str, message: str, occurrence: Occurrence, evidence: Evidence, confidence: float) -> Finding:
    """`name` is the coroutine's qualified name as Python gives it; empty where the message does not say it."""
    if name and _TEST_NAME.search(name) and not unit_named(evidence.text, name):
        return Finding(rule=ASYNC_TEST, confidence=0.85, scope="test", detail=name)
    line, written = _made_at(name, message, occurrence, evidence)
    told = written or name.replace("<locals>.", "")
    if not told and evidence.in_test and evidence.unit.is_async:
        told = evidence.unit.qualname  # the test takes a coroutine of the unit for its value
    return Finding(
        rule=NEVER_AWAITED,
        line=line,
        symbols=(told,) if told else (),
        fields={"name": told} if told else {},
        confidence=confidence if line is not None else confidence - 0.15,
    )


def _made_at(name: str, message: str, occurrence: Occurrence, evidence: Evidence) -> tuple[int | None, str]:
    """The line of the culprit's file that made the coroutine, and the coroutine's name as far as the text tells it."""
    last = name.rpartition(".")[2]
    for notice in occurrence.notices:
        here = notice.kind == "coroutine" and notice.path == evidence.path and notice.line is not None
        if here and last in ("", notice.category.rpartition(".")[2]):
            return notice.line, name or notice.category
    for match in reversed(list(_CREATED.finditer(message))):
        if evidence.path and match["path"].replace("\\", "/").endswith(f"/{evidence.path}"):
            return int(match["line"]), name
    lost = [call for call in calls(evidence.text) if not call.awaited and call.fate is not None]
    inside = [call for call in lost if evidence.unit.holds(call.line)]
    if evidence.in_test and evidence.unit.is_async and last in ("", evidence.unit.qualname.rpartition(".")[2]):
        lost = inside  # the test holds the unit's own coroutine: who else in the file drops one did not take part
    if last:
        for call in (*_surest(inside), *_surest(lost)):
            if call.name.rpartition(".")[2] == last:
                called = target(call, evidence)
                return call.line, called.name if called.makes_coroutine else name.replace("<locals>.", "")
        return None, ""
    for call in (*_surest(inside), *_surest(lost)):
        if (called := target(call, evidence)).makes_coroutine:
            return call.line, called.name
    used = [call for call in inside if call.fate == "used" and call.line == occurrence.line]
    return (used[0].line, used[0].name.rpartition(".")[2]) if len(used) == 1 else (None, "")


def _surest(found: Iterable[Call]) -> list[Call]:
    return sorted(found, key=lambda call: call.fate == "unknown")


def _not_awaitable(kind: str, occurrence: Occurrence, evidence: Evidence) -> Finding:
    awaited = [call for call in in_unit(evidence) if call.awaited and call.line == occurrence.line]
    name = library_name(awaited[0], evidence.text) if len(awaited) == 1 else ""
    name = name.removeprefix("self.")
    fields = {"name": name, "type": kind if kind.isidentifier() else "a plain value"}
    return Finding(
        rule=NOT_AWAITABLE,
        line=awaited[0].line if name else None,
        symbols=(name,) if name else (),
        fields={key: value for key, value in fields.items() if value},
        confidence=0.95,
    )


def _iteration(match: re.Match[str], occurrence: Occurrence, evidence: Evidence) -> Iterator[Finding]:
    plain = match["plain"]
    if plain == "coroutine":
        yield _never_awaited("", match.string, occurrence, evidence, 0.9)
    else:
        yield Finding(rule=ITERATION, fields={"wanted": "for" if plain else "async for"}, confidence=0.95)


def _context(match: re.Match[str], occurrence: Occurrence, evidence: Evidence) -> Iterator[Finding]:
    """`async with` on what is plain, or `with` on what is asynchronous: the latter only where that is known."""
    name = (match["a"] or match["b"] or "").rpartition(".")[2]
    if not name and not occurrence.is_a("AttributeError"):
        return
    if name == "coroutine":
        yield _never_awaited("", match.string, occurrence, evidence, 0.9)
        return
    entered_async = bool(match["kind"] or match["c"] or match["d"])
    is_async = name in ASYNC_ONLY or name.startswith(("Async", "_Async")) or _enters_async(name, evidence.text)
    if not entered_async and not is_async and "async with" not in match.string:
        return
    fields = {"name": name, "wanted": "with" if entered_async else "async with"}
    yield Finding(
        rule=CONTEXT,
        symbols=(name,) if name else (),
        fields={key: value for key, value in fields.items() if value},
        confidence=0.9,
    )


def _enters_async(name: str, text: str) -> bool:
    return bool(name) and unit_named(text, f"{name}.__aenter__") is not None


def _at_call(rule: Rule, names: Sequence[str], evidence: Evidence, confidence: float, told: str = "") -> Finding:
    """The finding at the call of one of `names` in the unit, where exactly one kind of it is written there.

    A lost task may have failed far from where it was made: then the one place in the file that drops a task is meant.
    """
    made = [call for call in in_unit(evidence) if call.name.rpartition(".")[2] in names]
    if rule is TASK_LOST:
        made = [call for call in made if call.fate == "dropped"]
        anywhere = [call for call in calls(evidence.text) if call.name.rpartition(".")[2] in names]
        dropped = [call for call in anywhere if call.fate == "dropped"]
        made = made or (dropped if len(dropped) == 1 else [])
    for call in made:
        name = library_name(call, evidence.text)
        if name.rpartition(".")[2] == "run" and name != "asyncio.run":
            continue
        name = told or (name if name.startswith("asyncio.") else name.rpartition(".")[2])
        return Finding(rule=rule, line=call.line, symbols=(name,), fields={"name": name}, confidence=confidence)
    return Finding(
        rule=rule, symbols=(told,) if told else (), fields={"name": told} if told else {}, confidence=confidence
    )


@hookimpl
def llmlearn_register_detectors(register: Callable[[Detector], None]) -> None:
    """Brings the detector of misused coroutines, tasks and event loops."""
    register(AsyncDetector())
