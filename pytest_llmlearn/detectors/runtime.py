"""Failures at run time: the exceptions that are neither a wrong type, nor an import, nor a failed assertion.

An exception of a third party is classified by its package and its bases; what it or a deliberate `raise` wraps is
classified too, and mostly outranks it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pytest_llmlearn.detectors import runtime_rules as rules
from pytest_llmlearn.detectors.runtime_seen import BUILT_IN, Seen
from pytest_llmlearn.domain import normalise
from pytest_llmlearn.domain.enclosing import api_name, library_calls
from pytest_llmlearn.domain.finding import Finding, Rule, Scope
from pytest_llmlearn.domain.literal import plain_objects
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.raised import CARRIERS, GROUPS, Raised, raised
from pytest_llmlearn.hookspecs import Detector, Evidence, hookimpl

RULES: Final = rules.RULES

EXACT: Final = 0.9
BY_CLASS: Final = 0.7
"""Confidence where the exception's class speaks, and not its message."""
IN_DOUBT: Final = 0.5
UNKNOWN_CONFIDENCE: Final = 0.1

DATABASES: Final = frozenset({
    "MySQLdb", "aiomysql", "aiosqlite", "asyncpg", "cassandra", "cx_Oracle", "databases", "duckdb", "motor", "mysql",
    "neo4j", "oracledb", "peewee", "pony", "psycopg", "psycopg2", "pymongo", "pymysql", "pyodbc", "redis", "sqlalchemy",
    "sqlite3", "sqlite_utils", "sqlmodel", "tortoise",
})  # fmt: skip
REQUESTERS: Final = frozenset({"aiohttp", "http", "httpcore", "httpx", "requests", "urllib", "urllib3", "websockets"})
_FAILED_REQUESTS: Final = (
    "URLError", "HTTPError", "HTTPException", "ConnectionError", "RequestException", "TransportError", "ClientError",
)  # fmt: skip
_JSON_PACKAGES: Final = frozenset({"json", "simplejson", "orjson", "ujson", "rapidjson", "msgspec"})
_OTHERS: Final = frozenset(
    {"AssertionError", "Failed", "TypeError", "ImportError", "SyntaxError", "Skipped", "Exit", "XFailed"}
)
"""What the detectors of assertions, types, imports and syntax name: here it is passed over."""
_ACCEPT: Final = "accept what the specification allows"
_KEY = re.compile(r"^(['\"])([\w .:/-]{1,40})\1$")
_UNDEFINED = re.compile(r"(?:name|local variable|free variable) '(\w+)'")
_IN_FUNCTION = re.compile(r"in function '(?:\w+::)*(\w+)'")
_NAMED_CALL = re.compile(r"^(?:invalid literal for )?([A-Za-z_][\w.]*)\(\)|(?:for|in) ([A-Za-z_][\w.]*)\(\)")
_NONE_ATTRIBUTE = re.compile(r"'NoneType' object has no attribute '(\w+)'")
_TIMED_OUT = re.compile(r"^Timeout \(?>")
_NOT_JSON = re.compile(r"is not JSON serializable|^Circular reference detected$|float values are not JSON")
_CHANGED = re.compile(r"changed size during iteration|mutated during iteration|changed during iteration")
_LOOP = re.compile(r"\b[Ee]vent loop\b|await|coroutine|\bTask\b|\basync")


class RuntimeDetector:
    """Names exceptions by their class, their bases, their package, and by who raised them."""

    name = "runtime"
    rules: Sequence[Rule] = RULES

    def detect(self, occurrence: Occurrence, evidence: Evidence) -> Iterable[Finding]:
        if occurrence.source == "crash" or occurrence.short_exception == "WorkerCrash":
            yield Finding(rule=rules.CRASH, confidence=EXACT)
            return
        found: dict[str, Finding] = {}
        left_over: Raised | None = None
        for one in raised(occurrence):
            verdict = _verdict(one, occurrence, evidence)
            if verdict is not None:
                found.setdefault(verdict.rule.rule_id, verdict.finding(one))
            elif left_over is None and _is_nobodys(one):
                left_over = one
        yield from found.values()
        if occurrence.source in ("thread", "unraisable"):
            rule = rules.THREAD_EXCEPTION if occurrence.source == "thread" else rules.UNRAISABLE
            yield Finding(rule=rule, confidence=IN_DOUBT, fields={"exception": occurrence.short_exception})
        elif not found and left_over is not None and not occurrence.linked:
            yield Finding(
                rule=rules.UNKNOWN, confidence=UNKNOWN_CONFIDENCE, fields={"exception": left_over.short_exception}
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """A rule for one exception, before it is known how much that exception weighs."""

    rule: Rule
    confidence: float = EXACT
    line: int | None = None
    symbols: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict)
    scope: Scope | None = None

    def finding(self, one: Raised) -> Finding:
        fields = {"exception": one.short_exception, **{key: value for key, value in self.fields.items() if value}}
        return Finding(
            rule=self.rule,
            line=self.line,
            symbols=tuple(dict.fromkeys(symbol for symbol in self.symbols if symbol)),
            fields=fields,
            confidence=round(self.confidence * one.weight, 2),
            scope=self.scope,
        )


def _is_nobodys(one: Raised) -> bool:
    """Whether no other detector could name it either."""
    return not one.is_a(*_OTHERS, *CARRIERS, *GROUPS, "AttributeError", "CancelledError", "Warning")


def _verdict(one: Raised, occurrence: Occurrence, evidence: Evidence) -> _Verdict | None:
    seen = Seen(one, occurrence, evidence)
    told = _by_message(seen)
    if told is not None or (one.is_a(*_OTHERS, "AttributeError") and not seen.is_xml):
        return told
    return _by_package(seen) or _by_base(seen)


def _by_message(seen: Seen) -> _Verdict | None:
    """What the words say more exactly than the class does."""
    one, message, line = seen.one, seen.message, seen.line
    if one.is_a("Failed") and _TIMED_OUT.match(message):
        return _Verdict(rule=rules.TIMEOUT, line=line, fields={"unit": seen.unit})
    if _NOT_JSON.search(message):
        fields = {"told": message.split("\n")[0][:60]}
        return _Verdict(rule=rules.JSON, line=line, symbols=("json.dumps",), fields=fields)
    if one.is_a("AttributeError") and (match := _NONE_ATTRIBUTE.search(message)) is not None:
        symbols = (*seen.calls, match[1])
        return _Verdict(rule=rules.ATTRIBUTE_NONE, line=line, symbols=symbols, fields={"name": match[1]})
    if one.is_a("FrozenInstanceError"):
        return _Verdict(rule=rules.STATE, line=line, fields={"told": "A frozen dataclass was changed"})
    return None


def _by_package(seen: Seen) -> _Verdict | None:
    """Classes that are not the interpreter's: of the project, of a database, of another library."""
    one, line = seen.one, seen.line
    package = seen.package
    if one.exception in BUILT_IN or package == "builtins":
        return None
    name = normalise.exception_name(one.exception)  # classes move and change their names from version to version
    origins = {base.partition(".")[0] for base in (one.exception, *one.mro) if "." in base}
    if origins & DATABASES:
        origin = sorted(origins & DATABASES)[0] if package not in DATABASES else package
        return _Verdict(rule=rules.DATABASE, line=line, symbols=(name, *seen.calls), fields={"package": origin})
    if one.is_a("JSONDecodeError", "JSONEncodeError") or package in _JSON_PACKAGES:
        symbols = seen.calls or ("json.loads",)
        return _Verdict(rule=rules.JSON, line=line, symbols=symbols, fields={"told": "The text is not JSON"})
    if one.is_a("UnicodeError") or _is_timeout(one) or one.is_a("NotImplementedError"):
        return None  # the base says more than the package
    if package in ("_pytest", "pytest", "pluggy"):
        fields = {"package": "pytest", "callable": "pytest"}
        scope: Scope | None = "test" if "Fixture" in one.exception or "fixture" in one.message[:80] else None
        return _Verdict(rule=rules.LIBRARY_ERROR, symbols=(name,), fields=fields, scope=scope)
    if one.is_a("Warning"):
        return None
    if seen.is_own:
        return _Verdict(rule=rules.OWN_ERROR, confidence=BY_CLASS, line=line, fields={"unit": seen.unit})
    called = _called_of(package, seen)
    fields = {"package": package, "callable": called or package, "base": _telling_base(one)}
    rule = rules.COMMAND if one.is_a("CalledProcessError") else rules.LIBRARY_ERROR
    if package in REQUESTERS and one.is_a(*_FAILED_REQUESTS):
        rule = rules.REQUEST
    return _Verdict(rule=rule, line=line, symbols=(called or name,), fields=fields)


def _called_of(package: str, seen: Seen) -> str:
    """What was called of this package: of several calls the one that the message names, else the outermost."""
    named = _IN_FUNCTION.search(seen.message)
    calls = [call for call in library_calls(seen.evidence.text, seen.line) if call.partition(".")[0] == package]
    if named is not None:
        calls = [call for call in calls if call.rpartition(".")[2] == named[1]] or calls or [f"{package}.{named[1]}"]
    return calls[0] if calls else ""


def _telling_base(one: Raised) -> str:
    """The first built-in base that says more than `Exception`."""
    bases = (name for name in one.mro if name in BUILT_IN and name not in ("Exception", "BaseException", "object"))
    return next(bases, "")


def _is_timeout(one: Raised) -> bool:
    return any(name.endswith(("Timeout", "TimeoutError", "TimeoutExpired")) for name in one.bare_bases)


def _by_base(seen: Seen) -> _Verdict | None:
    """Built-in classes, and what derives from them."""
    one, message, line, unit = seen.one, seen.message, seen.line, seen.unit
    if _is_timeout(one) and seen.deliberate:
        return _Verdict(rule=rules.OWN_ERROR, confidence=BY_CLASS, line=line, fields={"unit": unit})
    if _is_timeout(one):
        return _Verdict(rule=rules.TIMEOUT, line=line, symbols=seen.calls, fields={"unit": unit})
    if one.is_a("UnicodeError") or (one.is_a("LookupError") and message.startswith("unknown encoding")):
        encoding = message.partition("'")[2].partition("'")[0] or message.rpartition(" ")[2]
        symbols = (*seen.calls, encoding[:20])
        return _Verdict(rule=rules.ENCODING, line=line, symbols=symbols, fields={"encoding": encoding})
    if one.is_a("RecursionError"):
        return _Verdict(rule=rules.RECURSION, line=line, fields={"unit": unit})
    if one.is_a("NotImplementedError"):
        called = "" if seen.deliberate else api_name(seen.evidence.text, line, "")
        return _Verdict(rule=rules.NOT_IMPLEMENTED, line=line, symbols=(called,), fields={"callable": called or unit})
    if one.is_a("IndexError"):
        return _Verdict(rule=rules.INDEX, line=line)
    if one.is_a("KeyError"):
        key = _KEY.match(message)
        known = key is not None and _is_literal_in(key[2], seen.evidence)
        told = f"The key {key[0]} may be absent" if key is not None else "A key may be absent"
        fields = {"key": key[2] if key is not None else "", "told": told}
        fields["advice"] = "use 'get' with a default, or make sure that it is set"
        if seen.deliberate:
            fields |= {"told": f"{unit} raises KeyError itself", "advice": _ACCEPT, "raised_by": "own"}
        return _Verdict(rule=rules.KEY, line=line, symbols=(fields["key"] if known else "",), fields=fields)
    if one.is_a("ZeroDivisionError") or (one.is_a("RuntimeWarning") and "divide" in message[:60]):
        return _Verdict(rule=rules.ZERO_DIVISION, line=line)
    if one.is_a("FileNotFoundError"):
        return _Verdict(rule=rules.FILE_NOT_FOUND, line=line, symbols=seen.calls or ("open",))
    if one.is_a("OSError", "EOFError"):
        return _Verdict(rule=rules.OS, line=line, symbols=(one.short_exception, *seen.calls))
    if one.is_a("NameError"):
        return _undefined(seen)
    if one.is_a("ValueError", "OverflowError", "FloatingPointError", "ArithmeticError"):
        return _value(seen)
    return _of_last_resort(seen)


def _of_last_resort(seen: Seen) -> _Verdict | None:
    one, message, line, unit = seen.one, seen.message, seen.line, seen.unit
    if one.is_a("SystemExit", "KeyboardInterrupt"):
        return _Verdict(rule=rules.EXIT, line=line) if one.is_a("SystemExit") else None
    if one.is_a("Warning"):
        if one.is_a(*CARRIERS) or "never awaited" in message:
            return None
        return _Verdict(rule=rules.WARNING_ERROR, confidence=BY_CLASS, line=line, symbols=seen.calls)
    if one.is_a("StopIteration", "StopAsyncIteration") or message.endswith("raised StopIteration"):
        return _Verdict(rule=rules.STOP_ITERATION, line=line, symbols=("next",))
    if one.is_a("RuntimeError", "BufferError", "ReferenceError", "MemoryError"):
        if _LOOP.search(message):
            return _Verdict(rule=rules.STATE, confidence=0.3, line=line, fields={"told": "The event loop refused this"})
        if seen.deliberate:
            return _Verdict(rule=rules.OWN_ERROR, confidence=BY_CLASS, line=line, fields={"unit": unit})
        innermost = one.innermost
        if not _CHANGED.search(message) and innermost is not None and not innermost.inside and seen.calls:
            fields = {"callable": seen.calls[0], "package": seen.calls[0].partition(".")[0]}
            return _Verdict(rule=rules.LIBRARY_ERROR, confidence=BY_CLASS, line=line, symbols=seen.calls, fields=fields)
        told = (
            "A container was changed while it was iterated"
            if _CHANGED.search(message)
            else plain_objects(message.split("\n")[0])
        )
        fields = {"told": told[:70]}
        return _Verdict(rule=rules.STATE, confidence=BY_CLASS, line=line, symbols=seen.calls, fields=fields)
    plain = one.exception in ("Exception", "BaseException")
    if plain or seen.deliberate:
        sure = BY_CLASS if seen.deliberate else IN_DOUBT
        return _Verdict(rule=rules.OWN_ERROR, confidence=sure, line=line, fields={"unit": unit})
    if one.is_a("LookupError"):
        return _Verdict(rule=rules.KEY, confidence=IN_DOUBT, line=line, symbols=seen.calls)
    return None


def _value(seen: Seen) -> _Verdict:
    """A `ValueError`: the code's own refusal of its input, or that of what it called."""
    message = seen.message
    if seen.deliberate:
        fields = {"callable": seen.unit, "raised_by": "own", "advice": _ACCEPT}
        return _Verdict(rule=rules.VALUE, confidence=BY_CLASS, line=seen.line, fields=fields)
    named = _NAMED_CALL.search(normalise.exact(message))  # in one wording: not every version names what was called
    called = next((name for name in named.groups() if name), "") if named is not None else ""
    rule = rules.VALUE
    if "to unpack" in message:
        rule, symbol = rules.UNPACKING, "unpacking"
    elif "truth value of a" in message:
        rule, symbol = rules.TRUTH, "bool"
    else:
        symbol = api_name(seen.evidence.text, seen.line, called)
    fields = {"callable": symbol, "raised_by": "library", "advice": "check or convert it first"}
    return _Verdict(rule=rule, line=seen.line, symbols=(symbol,), fields=fields)


def _undefined(seen: Seen) -> _Verdict:
    """A name that nothing binds. Where an import would bind it, the detector of imports says so with more weight."""
    match = _UNDEFINED.search(seen.message)
    name = seen.one.facts.get("name") or (match[1] if match is not None else "")
    evidence = seen.evidence
    broken_test = evidence.in_test and seen.one.how == "self" and bool(evidence.test_text) and _is_tests_own(seen)
    return _Verdict(
        rule=rules.UNDEFINED_NAME,
        confidence=0.6,
        line=seen.line,
        fields={"name": name},
        scope="test" if broken_test else None,
    )


def _is_tests_own(seen: Seen) -> bool:
    """Whether the test's own code lacks the name: it was raised there, and nothing is imported wholesale."""
    innermost = seen.one.innermost
    return innermost is not None and innermost.path != seen.evidence.path and "import *" not in seen.evidence.test_text


def _is_literal_in(key: str, evidence: Evidence) -> bool:
    """Whether the code spells the key out: then it is part of the mistake, and no datum of the test."""
    return len(key) <= 30 and (f"'{key}'" in evidence.text or f'"{key}"' in evidence.text)


@hookimpl
def llmlearn_register_detectors(register: Callable[[Detector], None]) -> None:
    """Bring the detector of failures at run time."""
    register(RuntimeDetector())
