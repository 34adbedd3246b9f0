"""The rules of failures at run time: what each means, and what to do instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pytest_llmlearn.domain.finding import Rule, Severity


def _rule(name: str, severity: Severity, meaning: str, lesson: str, plain: str | None = None) -> Rule:
    return Rule(rule_id=f"runtime.{name}", severity=severity, meaning=meaning, lesson=lesson, plain=plain or lesson)


INDEX = _rule(
    "index",
    "major",
    "A position was read that the sequence does not have.",
    "Check that the sequence is long enough before the position is read; empty input is the usual case.",
)
KEY = _rule(
    "key",
    "major",
    "A key was read that the mapping does not have.",
    "{told}: {advice}.",
    "A key may be absent: use `get` with a default, or make sure that it is set.",
)
VALUE = _rule(
    "value",
    "major",
    "A value of the right type but of no use was given to an operation.",
    "`{callable}` refuses this value: {advice}.",
    "Check or convert the value before the operation that refuses it.",
)
UNPACKING = replace(
    VALUE, lesson="Unpack exactly as many values as come: the numbers of names and of values differ here."
)
TRUTH = replace(VALUE, lesson="An array is neither true nor false: ask for `any()` or `all()` of its elements.")
ATTRIBUTE_NONE = _rule(
    "attribute-none",
    "major",
    "An attribute of None was used: something returned None where an object is needed.",
    "None has no `{name}`: handle the case in which the value before it is None.",
    "Handle the case in which a value is None before its attributes are used.",
)
ZERO_DIVISION = _rule(
    "zero-division",
    "major",
    "A number was divided by zero.",
    "The divisor can be zero, mostly for empty input: decide that case before the division.",
)
RECURSION = _rule(
    "recursion",
    "critical",
    "A function called itself without end.",
    "Give the recursion in `{unit}` a case that ends it, or use a loop.",
    "Give the recursion a case that ends it, or use a loop.",
)
FILE_NOT_FOUND = _rule(
    "file-not-found",
    "major",
    "A file was opened that does not exist.",
    "Do not suppose that a file exists: take its path as an argument, and decide what happens without it.",
)
OS = _rule(
    "os",
    "major",
    "The operating system refused an operation: files, network, standard input.",
    "{exception} from the operating system: handle it, and do not rely on files, network or input in tests.",
    "Handle errors of the operating system, and do not rely on network or standard input.",
)
TIMEOUT = _rule(
    "timeout",
    "critical",
    "The code did not end in the time it was given.",
    "`{unit}` does not end in time: look for a loop whose condition never changes, or a wait without a limit.",
    "Look for a loop whose condition never changes, or a wait without a limit.",
)
NOT_IMPLEMENTED = _rule(
    "not-implemented",
    "critical",
    "A part of the code, or of the library it calls, is only announced.",
    "`{callable}` is not implemented: write the body, or call what replaced it.",
    "Write every body that is announced, and do not call what a library has removed.",
)
ENCODING = _rule(
    "encoding",
    "major",
    "Text could not be decoded or encoded.",
    "Name the encoding of text explicitly (`{encoding}` failed here), and decide what happens to other bytes.",
    "Name the encoding of text explicitly, and decide what happens to bytes that do not fit it.",
)
JSON = _rule(
    "json",
    "major",
    "Text was not JSON, or a value cannot be written as JSON.",
    "{told}: convert values to plain types before `dumps`, and expect bad text in `loads`.",
    "Convert values to plain types before `dumps`, and expect bad text in `loads`.",
)
DATABASE = _rule(
    "database",
    "major",
    "The database refused a statement.",
    "`{package}` refused the statement ({exception}): check tables, parameters and the connection's state.",
    "Check tables, parameters and the connection's state before the statement.",
)
LIBRARY_ERROR = _rule(
    "library-error",
    "major",
    "A library refused its input with an error class of its own.",
    "`{callable}` refuses this input ({exception}): check type, shape and range against its documentation.",
    "Check type, shape and range of what is given to a library against its documentation.",
)
COMMAND = replace(
    LIBRARY_ERROR,
    lesson="The command that `{callable}` runs failed ({exception}): handle that, or look at the exit status.",
)
REQUEST = replace(
    LIBRARY_ERROR,
    lesson="The request that `{callable}` makes failed ({exception}): requests can fail, so handle that there.",
)
OWN_ERROR = _rule(
    "own-error",
    "minor",
    "The code raised an error of its own for input that the test holds valid.",
    "`{unit}` raises {exception} for input that the test holds valid: accept it as specified.",
    "Do not refuse input that the specification allows.",
)
STATE = _rule(
    "state",
    "major",
    "An operation was asked of something in a state that does not allow it.",
    "{told}: change the order of the operations, or work on a copy.",
    "Change the order of the operations, or work on a copy.",
)
STOP_ITERATION = _rule(
    "stop-iteration",
    "major",
    "An iterator had no more items, and nobody expected that.",
    "Give `next()` a default for an iterator without items, and let no StopIteration out of a generator.",
)
EXIT = _rule(
    "exit",
    "major",
    "The code ended the interpreter.",
    "Do not call `exit` outside the program's entry point: raise an exception, or return.",
)
WARNING_ERROR = _rule(
    "warning-error",
    "minor",
    "A warning was raised, and warnings count as errors here.",
    "{exception} counts as an error here: use what the warning recommends.",
    "Use what the warning recommends: warnings count as errors here.",
)
UNDEFINED_NAME = _rule(
    "undefined-name",
    "major",
    "A name was used that nothing has bound.",
    "The name `{name}` is used before anything binds it: define, assign or import it first.",
    "Define, assign or import every name before it is used.",
)
CRASH = _rule(
    "crash",
    "critical",
    "The interpreter ended while the test ran.",
    "The interpreter crashed in this test: look for native code given bad input, `os._exit`, or endless memory.",
)
THREAD_EXCEPTION = _rule(
    "thread-exception",
    "minor",
    "A thread ended with an exception that nobody saw.",
    "Catch exceptions inside the thread's function, and hand them to the caller.",
)
UNRAISABLE = _rule(
    "unraisable",
    "minor",
    "An exception was raised where nobody can catch it, as in `__del__`.",
    "Do not let `__del__` and callbacks raise; close resources explicitly.",
)
UNKNOWN = _rule(
    "unknown",
    "minor",
    "A failure that no rule describes.",
    "{exception}: read the message, and check the failing line against the specification.",
    "Read the message, and check the failing line against the specification.",
)

RULES: Final = (
    INDEX, KEY, VALUE, ATTRIBUTE_NONE, ZERO_DIVISION, RECURSION, FILE_NOT_FOUND, OS, TIMEOUT, NOT_IMPLEMENTED,
    ENCODING, JSON, DATABASE, LIBRARY_ERROR, OWN_ERROR, STATE, STOP_ITERATION, EXIT, WARNING_ERROR, UNDEFINED_NAME,
    CRASH, THREAD_EXCEPTION, UNRAISABLE, UNKNOWN,
)  # fmt: skip
