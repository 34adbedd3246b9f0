"""Failed assertions: the code ran and gave something else than the test wants.

An assertion is a symptom. Its findings are the least grave, so that a detector that sees the cause speaks first; the
unit under test takes part in the identity, for the compared values are the test's.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Final

from pytest_llmlearn.domain import parsing
from pytest_llmlearn.domain.assertion import called_name
from pytest_llmlearn.domain.enclosing import enclosing
from pytest_llmlearn.domain.finding import Finding, Rule
from pytest_llmlearn.domain.literal import Kind
from pytest_llmlearn.domain.mismatch import Mismatch, mismatch
from pytest_llmlearn.domain.names import defined, dotted
from pytest_llmlearn.domain.normalise import exception_name
from pytest_llmlearn.domain.occurrence import Frame, Occurrence
from pytest_llmlearn.domain.raised import Raised, raised
from pytest_llmlearn.hookspecs import Detector, Evidence, hookimpl

ASSERTION_MISMATCH = Rule(
    rule_id="logic.assertion-mismatch",
    severity="minor",
    meaning="The code ran, and its result is not what the test asserts.",
    lesson="`{unit}` {told}: {advice}.",
    plain="Work out the asserted result by hand from the specification, and make the code give exactly that.",
)
DID_NOT_RAISE = Rule(
    rule_id="logic.did-not-raise",
    severity="major",
    meaning="The test expects an exception, and the code returned without one.",
    lesson="`{unit}` must raise {expected} for input that it cannot handle, not return.",
    plain="Raise the specified exception for input that cannot be handled, instead of returning.",
)
WRONG_EXCEPTION = Rule(
    rule_id="logic.wrong-exception",
    severity="major",
    meaning="The test expects one exception, and another was raised, or the same with another message.",
    lesson="`{unit}` must raise {expected} here; it raised {raised}.",
    plain="Raise exactly the exception class and message that the specification names.",
)
UNEXPECTED_PASS = Rule(
    rule_id="logic.unexpected-pass",
    severity="minor",
    meaning="A test marked as strictly expected to fail passed.",
    lesson="`{unit}` now does what a strict xfail says it cannot: remove the mark, or restore the behaviour.",
    plain="A strict xfail passed: remove the mark, or restore the behaviour that it describes.",
)
RULES: Final = (ASSERTION_MISMATCH, DID_NOT_RAISE, WRONG_EXCEPTION, UNEXPECTED_PASS)

ADVICE: Final[dict[Kind, str]] = {
    "value": "recompute the specified result step by step",
    "type": "return the specified type",
    "none": "return the result on every path",
    "truth": "check the condition and its edge cases",
    "length": "count what is kept and what is dropped",
    "missing element": "do not drop elements",
    "extra element": "leave out what was not asked for",
    "order": "keep the specified order",
    "float tolerance": "round only where it is specified",
    "off by one": "check bounds and the first index",
    "text case": "keep the specified upper and lower case",
    "white space": "keep spaces and line ends as specified",
    "shape": "return the specified shape",
    "call": "make the calls that are specified",
    "own check": "the code's own assertion does not hold",
    "explicit fail": "the test calls this result a failure",
}
TOLD_LIMIT: Final = 68
"""Characters of what was got and expected, so that a lesson stays one line of a terminal."""

_HOLDS: Final = {"something with ": "lacks", "something without ": "holds"}
"""How `mismatch` words what `in` and `not in` ask for, and what is then the case."""

CONTEXT: Final = 8
"""Characters of a common beginning that are shown before the first difference."""

_NOT_RAISED = (
    re.compile(r"^DID NOT (?:RAISE|WARN)\b(?: any of)?(?P<names>.*)", re.S),
    re.compile(r"^(?P<names>[\w.]+|\(<class .*?\)) not (?:raised|triggered)\b(?: by .*)?", re.S),
)
_OTHER_MESSAGE = re.compile(
    r"^(?:Regex pattern did not match|DID NOT WARN\. No warnings of type .{1,300}? matching the regex were emitted"
    r"|\"(?P<regex>.*)\" does not match \"|Pattern .* (?:not found|does not match)"
    r"|check .* did not return True|Raised exception(?: group)? did not match)",
    re.S,
)
_CLASS_NAME = re.compile(r"[A-Za-z_][\w.]*")
_CLASS = re.compile(r"<class '([\w.]+)'>")
_ACCIDENTS: Final = ("NameError", "AttributeError", "TypeError", "ImportError", "SyntaxError", "LookupError",
                     "ZeroDivisionError", "RecursionError")  # fmt: skip
_NOT_UNDER_TEST: Final = frozenset({"len", "isinstance", "type", "raises", "approx", "fail", "list", "sorted", "set"})
_ELSEWHERE = re.compile(r"^Timeout \(?>|async def functions are not|contains \d+ failed subtest")
"""What pytest's `Failed` also says, and other detectors explain."""
_SAME_CLASS: Final = {"IOError": "OSError", "EnvironmentError": "OSError", "socket.error": "OSError",
                      "select.error": "OSError", "socket.timeout": "TimeoutError"}  # fmt: skip


class LogicDetector:
    """Names failed assertions, exceptions that did not come, and exceptions that came instead of others."""

    name = "logic"
    rules: Sequence[Rule] = RULES

    def detect(self, occurrence: Occurrence, evidence: Evidence) -> Iterable[Finding]:
        statement = _Statement(occurrence, evidence)
        unit = _unit_name(evidence, statement)
        told: set[str] = set()
        for one in raised(occurrence):
            for finding in _of(one, occurrence, evidence, statement, unit):
                if finding.rule_id not in told:  # the members of a group often fail alike
                    told.add(finding.rule_id)
                    yield finding


class _Statement:
    """The test's statement that was running, found when it is first asked for."""

    def __init__(self, occurrence: Occurrence, evidence: Evidence) -> None:
        self.frame = _test_frame(occurrence, evidence)
        self.text = evidence.test_text

    @cached_property
    def node(self) -> ast.stmt | None:
        """Its syntax tree, or None where it is not known."""
        if self.frame is None:
            return None
        try:
            with warnings.catch_warnings():  # Python has warned of this text when it compiled it
                warnings.simplefilter("ignore")
                return parsing.module(self.frame.statement.strip()).body[0]
        except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):
            around = enclosing(self.text, self.frame.line)  # it spans lines, or is the head of a block
            return around[-1] if around else None

    @property
    def called(self) -> str | None:
        """The callable under test, where the statement shows one: the first call that is no assertion's."""
        node = self.node
        for part in ast.walk(node) if node is not None else ():
            name = called_name(part) if isinstance(part, ast.Call) else ""
            if name and not name.startswith("assert") and name not in _NOT_UNDER_TEST:
                return name
        return None


def _unit_name(evidence: Evidence, statement: _Statement) -> str:
    """The unit under test; of a class the method that the statement calls."""
    name = evidence.unit.qualname
    if not name:
        return statement.called or "the code under test"
    method = f"{name}.{statement.called}" if evidence.unit.kind == "class" else ""
    return method if method in defined(evidence.text) else name


def _test_frame(occurrence: Occurrence, evidence: Evidence) -> Frame | None:
    path = occurrence.test_path or occurrence.nodeid.partition("::")[0]
    inside = [frame for frame in occurrence.frames if frame.path == path]
    return inside[-1] if inside else None


def _of(one: Raised, occurrence: Occurrence, evidence: Evidence, statement: _Statement, unit: str) -> Iterator[Finding]:
    if one.message.startswith("[XPASS(strict)]"):
        yield _finding(UNEXPECTED_PASS, {"unit": unit, "kind": "unexpected pass"}, confidence=0.9 * one.weight)
    elif one.is_a("AssertionError", "Failed"):
        yield from _failed(one, evidence, statement, unit)
    elif one.how == "self" and occurrence.source in ("test", "handed-in"):
        wanted = _wanted(statement)
        if not wanted or one.is_a(*wanted, "Skipped", "Exit", "KeyboardInterrupt"):
            return
        came = exception_name(one.exception).rpartition(".")[2]
        fields = {"unit": unit, "expected": " or ".join(wanted), "raised": came}
        fields["kind"] = f"{came} instead of {fields['expected']}"
        # An accident, unlike a deliberate `raise`, is better told by the detector that knows its kind.
        frame = one.innermost
        accident = one.is_a(*_ACCIDENTS) and not (frame is not None and frame.statement.startswith("raise "))
        symbols = (*wanted, came)
        yield _finding(WRONG_EXCEPTION, fields, symbols=symbols, confidence=0.5 if accident else 0.9)


def _failed(one: Raised, evidence: Evidence, statement: _Statement, unit: str) -> Iterator[Finding]:
    message = one.message
    if _ELSEWHERE.search(message[:300]):
        return
    if (other := _OTHER_MESSAGE.match(message)) is not None:
        regex = other["regex"] or _after(message, "Expected regex:") or _after(message, "Regex:")
        kind = "a warning" if "WARN" in other[0] else "an error"
        fields = {"unit": unit, "expected": f"{kind} {_quoted_message(regex)}", "kind": "message"}
        fields["raised"] = "one with another message"
        yield _finding(WRONG_EXCEPTION, fields, confidence=0.9 * one.weight)
        return
    for pattern in _NOT_RAISED:
        if (match := pattern.match(message)) is not None:
            names = _names(match["names"])
            expected = " or ".join(names) or "an exception"
            fields = {"unit": unit, "expected": expected, "kind": f"{expected} not raised"}
            yield _finding(DID_NOT_RAISE, fields, symbols=names, confidence=0.95 * one.weight)
            return
    found = _mismatch(one, evidence, statement)
    fields = {"unit": unit, "kind": found.kind, "told": _told(found), "advice": ADVICE.get(found.kind, ADVICE["value"])}
    if found.got is not None:
        fields["got"] = found.got
    if found.expected is not None:
        fields["expected"] = found.expected
    yield _finding(ASSERTION_MISMATCH, fields, confidence=0.9 * one.weight)


def _mismatch(one: Raised, evidence: Evidence, statement: _Statement) -> Mismatch:
    innermost = one.innermost
    if innermost is not None and innermost.path == evidence.path and not evidence.in_test:
        return Mismatch(kind="own check")
    node = statement.node
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and called_name(node.value) == "fail":
        return Mismatch(kind="explicit fail")
    if one.is_a("Failed"):
        return Mismatch(kind="explicit fail")
    return mismatch(one.message, node)


def _finding(rule: Rule, fields: dict[str, str], *, symbols: tuple[str, ...] = (), confidence: float) -> Finding:
    return Finding(rule=rule, fields=fields, symbols=symbols, confidence=round(confidence, 2), unit_decides=True)


def _told(found: Mismatch) -> str:
    """What was got and what is wanted, in few words."""
    if found.kind == "explicit fail":
        return "leads the test to call `fail`"
    if found.kind == "own check":
        return "fails a check of its own"
    if found.kind == "call":
        return "does not make a call that the test expects"
    if found.got is None or found.expected is None:
        return "gives nothing (None)" if found.kind == "none" else f"fails an assertion ({found.kind})"
    half = (TOLD_LIMIT - len("gives , not  ()") - len(found.kind)) // 2
    for opening, verb in _HOLDS.items():
        if found.expected.startswith(opening):
            return f"gives {_cut(found.got, half)}, which {verb} {_cut(found.expected.removeprefix(opening), half)}"
    if found.got == found.expected and found.got.startswith(("a ", "an ")):
        return f"gives {_cut(found.got, half)} that is not the one expected"
    got, expected = _from_difference(found.got, found.expected, half)
    return f"gives {_cut(got, half)}, not {_cut(expected, half)} ({found.kind})"


def _from_difference(got: str, expected: str, limit: int) -> tuple[str, str]:
    """Both without most of their common beginning, where they are too long to be shown whole."""
    shared = next((at for at, (a, b) in enumerate(zip(got, expected, strict=False)) if a != b), 0)
    if max(len(got), len(expected)) <= limit or shared <= CONTEXT:
        return got, expected
    return f"…{got[shared - CONTEXT :]}", f"…{expected[shared - CONTEXT :]}"


def _cut(text: str, limit: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"


def _after(message: str, label: str) -> str | None:
    _, found, rest = message.partition(label)
    return rest.strip().partition("\n")[0].strip("'\"") if found else None


def _quoted_message(regex: str | None) -> str:
    return f"whose message matches {_cut(regex, 40)!r}" if regex else "with the specified message"


def _names(text: str) -> tuple[str, ...]:
    """The class names in `<class 'ValueError'>`, `(ValueError, KeyError)`, `ValueError`; at most three."""
    words = _CLASS.findall(text[:300]) or [word for word in _CLASS_NAME.findall(text[:300]) if word != "class"]
    found = [exception_name(name).rpartition(".")[2] for name in words]
    return tuple(dict.fromkeys(found))[:3]


def _wanted(statement: _Statement) -> tuple[str, ...]:
    """The exceptions that the test expects around the line that failed; empty where it expects none."""
    if statement.frame is None or "aises" not in statement.text:  # pytest.raises, assertRaises, RaisesGroup
        return ()
    around = enclosing(statement.text, statement.frame.line)
    for outer in reversed(around):
        if isinstance(outer, ast.With | ast.AsyncWith):
            heads = [item.context_expr for item in outer.items]
            within = outer.body[0].lineno <= statement.frame.line
        else:
            heads, within = [outer.value] if isinstance(outer, ast.Expr) else [], True
        for call in heads:
            called_here = isinstance(outer, ast.Expr)
            if within and isinstance(call, ast.Call) and (names := _expected_by(call, calls=called_here)):
                return names
    return ()


def _expected_by(call: ast.Call, *, calls: bool) -> tuple[str, ...]:
    """The classes of `raises(…)`; `calls` says that it stands alone, with the callable among its arguments."""
    named = called_name(call) in ("raises", "assertRaises", "assertRaisesRegex", "RaisesExc")
    if not named or len(call.args) < (2 if calls else 1):
        return ()
    first = call.args[0]
    parts = first.elts if isinstance(first, ast.Tuple) else [first]
    names = [dotted(part) or "" for part in parts]
    # A name in lower case may be a variable that holds any class.
    known = all(name and (name[:1].isupper() or "." in name) for name in names)
    return tuple(_SAME_CLASS.get(name, name.rpartition(".")[2]) for name in names) if known else ()


@hookimpl
def llmlearn_register_detectors(register: Callable[[Detector], None]) -> None:
    """Bring the detector of failed assertions."""
    register(LogicDetector())
