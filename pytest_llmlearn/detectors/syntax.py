"""Files that do not parse: cut off, wrongly indented, with chat text left in them, or plainly invalid.

Speaks only where the culprit's own text is what failed to compile: code that calls `eval` or `ast.parse` on bad
input raises the same exception and is no concern of this detector.
"""

from __future__ import annotations

import io
import re
import tokenize
import warnings
from collections.abc import Callable, Iterable, Sequence

from pytest_llmlearn.domain import parsing
from pytest_llmlearn.domain.finding import Finding, Rule
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.prose import is_prose, prose_told
from pytest_llmlearn.domain.source import lines_of, parse
from pytest_llmlearn.hookspecs import Detector, Evidence, hookimpl

INVALID = Rule(
    rule_id="syntax.invalid",
    severity="critical",
    meaning="The file is not valid Python.",
    lesson="Parse the file before handing it over (python -m py_compile): {problem}.",
    plain="Parse the file before handing it over (python -m py_compile).",
)
UNTERMINATED = Rule(
    rule_id="syntax.unterminated",
    severity="critical",
    meaning="A string, a bracket or a block is never closed: the answer was cut off, or a quote is missing.",
    lesson="Hand over the whole file: {what} is left open, as when an answer is cut off before its end.",
    plain="Hand over the whole file, with every string, bracket and block closed.",
)
INDENTATION = Rule(
    rule_id="syntax.indentation",
    severity="critical",
    meaning="Lines of one block are indented differently, or a block has no body.",
    lesson="Indent every line of a block alike, in fours from the file's margin: {problem}.",
    plain="Indent every line of a block alike, in fours from the file's margin.",
)
PROSE = Rule(
    rule_id="syntax.prose-or-fence-in-code",
    severity="critical",
    meaning="Text of the answer around the code, a Markdown fence or a chat marker was left in the file.",
    lesson="Write only code into a file: {what} belongs into the answer around it, or a comment.",
    plain="Write only code into a file: explanations and ``` lines belong into the answer around it.",
)
RULES = (INVALID, UNTERMINATED, INDENTATION, PROSE)

_LOCATION = re.compile(r"\s*\((?P<file>[^()]*?)(?:, )?line (?P<line>\d+)\)\s*$")
_OPENED_ON = re.compile(r"\bon line (\d+)$")
_UNTERMINATED = re.compile(
    r"unterminated|was never closed|unexpected EOF|EOF while scanning|EOF in multi-line|unexpected end of file"
)
_WRONG_ANYWAY = re.compile(
    r"unmatched|does not match|unexpected indent|unindent|inconsistent use|invalid|cannot assign|outside"
)
_DEEP = " " * 200
"""Deeper than any block that a person or a model writes."""

_NEAR = 12
"""Lines before the one in the error that may be the beginning of the same piece of prose."""


class SyntaxDetector:
    """Why a file of generated code does not compile, and the line where it goes wrong."""

    name = "syntax"
    rules: Sequence[Rule] = RULES

    def detect(self, occurrence: Occurrence, evidence: Evidence) -> Iterable[Finding]:
        if not occurrence.is_a("SyntaxError", "IndentationError", "TabError"):
            return
        message, file, line = _located(occurrence)
        if file.startswith("<") or _of_another_file(file, evidence) or _compiles(evidence.text):
            return
        if not evidence.text and _raised_by_code(file, occurrence):
            return
        yield _finding(message, line, evidence.text, indented=occurrence.is_a("IndentationError", "TabError"))


def _located(occurrence: Occurrence) -> tuple[str, str, int | None]:
    """The message without its place, and the place: the file's name and the line."""
    message = occurrence.message.strip().split("\n")[0]
    match = _LOCATION.search(message)
    told = occurrence.facts.get("lineno", "")
    line = int(told) if told.isdigit() else int(match["line"]) if match else occurrence.line
    return (message[: match.start()], match["file"], line) if match else (message, "", line)


def _of_another_file(file: str, evidence: Evidence) -> bool:
    """Whether the error is of some other file than the culprit: the test's, a library's."""
    return bool(file and evidence.path) and file.rpartition("/")[2] != (evidence.path or "").rpartition("/")[2]


def _compiles(text: str) -> bool:
    """Whether the text is valid after all, so that the error is of something else: of `eval`, of another file."""
    if not text.strip() or parse(text) is None:
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a warning of the compiler is no news, and must not become an error here
        try:
            compile(text, "<culprit>", "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # what the parser lets pass: `return` outside
            return False
    return True


def _raised_by_code(file: str, occurrence: Occurrence) -> bool:
    """Whether running code raised it: a function of the culprit, and no file and line in the message."""
    return not file and occurrence.function not in (None, "<module>", "<syntax>", "")


def _finding(message: str, line: int | None, text: str, *, indented: bool) -> Finding:
    lines = lines_of(text) if text else ()
    prose = _prose_at(lines, line)
    if prose is not None:
        outer = _string_before(text, lines, prose)
        if outer is not None:
            return _unterminated("a triple-quoted string", outer, 0.75)
        return Finding(
            rule=PROSE,
            line=prose,
            fields={"what": prose_told(lines[prose - 1])},
            confidence=0.9,
        )
    if _UNTERMINATED.search(message):
        return _unterminated(_opened(message), line, 0.95)
    opened = _OPENED_ON.search(message)
    if message.startswith("expected an indented block"):
        if lines and _takes_body(text):
            return _unterminated("the last statement", int(opened.group(1)) if opened else line, 0.8)
    elif line is not None and lines and _is_last(lines, line) and _at_end(message):
        return _unterminated("the last statement", line, 0.8)
    rule = INDENTATION if indented else INVALID
    at = line
    if opened and "does not match" in message:  # two brackets that do not fit: the first is as likely the wrong one
        at = int(opened.group(1))
    return Finding(rule=rule, line=at, fields={"problem": message or "it does not parse"}, confidence=0.9)


def _unterminated(what: str, line: int | None, confidence: float) -> Finding:
    return Finding(rule=UNTERMINATED, line=line, fields={"what": what}, confidence=confidence)


def _opened(message: str) -> str:
    if "triple" in message:
        return "a triple-quoted string"
    if "string" in message:
        return "a string"
    bracket = re.search(r"'(.)' was never closed", message)
    return f"a bracket '{bracket.group(1)}'" if bracket else "a statement"


def _is_last(lines: tuple[str, ...], line: int) -> bool:
    return not any(entry.strip() for entry in lines[line:])


def _at_end(message: str) -> bool:
    """Whether more text might have made it valid."""
    return message == "invalid syntax" or not _WRONG_ANYWAY.search(message)


def _takes_body(text: str) -> bool:
    """Whether the block without a body is the one at the end: then a body that is added there is taken for its own."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsing.module(f"{text.rstrip()}\n{_DEEP}pass\n")
    except IndentationError:
        return False
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # the body fits, and something after it is missing
        return True
    return True


def _prose_at(lines: tuple[str, ...], line: int | None) -> int | None:
    """The first line of the prose, fence or marker that stands where the parser stopped; None where it is code."""
    if line is None or not 0 < line <= len(lines):
        return None
    at = next((near for near in (line, line - 1) if near > 0 and is_prose(lines[near - 1])), None)
    if at is None:
        return None
    first = at
    for near in range(at - 1, max(at - _NEAR, 0), -1):
        entry = lines[near - 1]
        if entry.strip() and not is_prose(entry):
            break
        if entry.strip():
            first = near
    return first


def _string_before(text: str, lines: tuple[str, ...], prose: int) -> int | None:
    """Where the string began that a lone triple quote right above the prose closes, if one does.

    Then the sentence is a docstring's, turned inside out by a quote that is missing further up.
    """
    above = next((near for near in range(prose - 1, 0, -1) if lines[near - 1].strip()), None)
    if above is None or lines[above - 1].strip() not in ('"""', "'''", 'r"""'):
        return None
    reader = io.StringIO("\n".join(lines[:above]) + "\n").readline
    start: int | None = None
    try:
        for token in tokenize.generate_tokens(reader):
            if token.type == tokenize.STRING and token.end[0] == above:
                start = token.start[0]
    except (tokenize.TokenError, SyntaxError):  # the part above is not whole either: what was seen so far stands
        pass
    return start


@hookimpl
def llmlearn_register_detectors(register: Callable[[Detector], None]) -> None:
    """Brings the detector of files that do not parse."""
    register(SyntaxDetector())
