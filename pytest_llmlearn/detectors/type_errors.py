"""Values of a wrong type: `TypeError`, and `AttributeError` on objects.

The messages of the interpreter are read in the wordings of Python 3.11 to 3.14. What a module lacks belongs to the
imports, what an un-awaited coroutine cannot do to async: here they are passed over or named with little confidence.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Final

from pytest_llmlearn.detectors.known_mistakes import meant_of_class
from pytest_llmlearn.domain.enclosing import api_name, library_calls
from pytest_llmlearn.domain.finding import Finding, Rule
from pytest_llmlearn.domain.names import defined
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.domain.raised import Raised, raised
from pytest_llmlearn.domain.type_wordings import read_attribute_error, read_type_error, suggested
from pytest_llmlearn.hookspecs import Detector, Evidence, hookimpl

NONE_VALUE = Rule(
    rule_id="type.none-value",
    severity="major",
    meaning="None was used where a value is needed.",
    lesson="None came where {needed} is needed: check for None first, or return a value on every path.",
    plain="Check for None before the value is used, and return a value on every path.",
)
MISSING_ATTRIBUTE = Rule(
    rule_id="type.missing-attribute",
    severity="major",
    meaning="An object has no attribute or method of that name.",
    lesson="`{of}` has no attribute `{name}`{instead}: {advice}.",
    plain="Use attributes and methods that the object's class really has, or define them.",
)
UNEXPECTED_KEYWORD = Rule(
    rule_id="type.unexpected-keyword",
    severity="major",
    meaning="A callable was given a keyword argument that it does not take.",
    lesson="`{callable}` takes no argument `{argument}`{instead}: {advice}.",
    plain="Pass only keyword arguments that the callable's signature has in the version installed.",
)
WRONG_ARITY = Rule(
    rule_id="type.wrong-arity",
    severity="major",
    meaning="A callable was given too few or too many arguments.",
    lesson="`{callable}` {told}: {advice}.",
    plain="Call with exactly the arguments that the signature requires, and define the signature callers expect.",
)
WITHOUT_SELF = replace(
    WRONG_ARITY, lesson="`{callable}` is a method without `self`: give it `self` as its first parameter."
)
NOT_ITERABLE = Rule(
    rule_id="type.not-iterable",
    severity="major",
    meaning="A value that cannot be iterated was looped over, unpacked or searched.",
    lesson="A value of type `{type}` cannot be iterated: pass a sequence, or return one.",
    plain="Iterate over sequences only: pass one, or return one.",
)
NOT_SUBSCRIPTABLE = Rule(
    rule_id="type.not-subscriptable",
    severity="major",
    meaning="A value that holds no items was indexed, or changed through an index.",
    lesson="A value of type `{type}` cannot be indexed this way: use its attributes, or a list or dict.",
    plain="Index only lists, dicts and the like; use attributes of other objects.",
)
BAD_INDEX_TYPE = Rule(
    rule_id="type.bad-index-type",
    severity="major",
    meaning="A sequence was indexed with something that is no integer or slice.",
    lesson="A `{type}` takes integers as index, not `{got}`: it may hold other values than the code supposes.",
    plain="Index sequences with integers; look items up by name in a dict.",
)
NOT_CALLABLE = Rule(
    rule_id="type.not-callable",
    severity="major",
    meaning="A value that is no function was called.",
    lesson="A value of type `{type}` was called: a name is shadowed, or the parentheses are one pair too many.",
    plain="Call functions only: look for a name that is shadowed by a value, or for surplus parentheses.",
)
UNSUPPORTED_OPERAND = Rule(
    rule_id="type.unsupported-operand",
    severity="major",
    meaning="An operator was applied to types that it does not join or compare.",
    lesson="`{operator}` does not work on {types}: convert them to one type first.",
    plain="Convert both operands to one type before joining or comparing them.",
)
SOME_OPERAND = replace(
    UNSUPPORTED_OPERAND, lesson="An operator was used that does not join {types}: convert them to one type first."
)
BAD_ARGUMENT_TYPE = Rule(
    rule_id="type.bad-argument-type",
    severity="major",
    meaning="A callable was given an argument of a type that it does not take.",
    lesson="{callable} wants {wanted}, not {got}: convert the value before the call.",
    plain="Convert the value to the type that the callable documents before the call.",
)
ABSTRACT_CLASS = Rule(
    rule_id="type.abstract-class",
    severity="major",
    meaning="A class that still has abstract methods was instantiated.",
    lesson="`{type}` is abstract: implement {methods}, or do not mark it as abstract.",
    plain="Implement every abstract method, or do not mark it as abstract where callers make instances.",
)
RULES: Final = (
    NONE_VALUE, MISSING_ATTRIBUTE, UNEXPECTED_KEYWORD, WRONG_ARITY, NOT_ITERABLE, NOT_SUBSCRIPTABLE, BAD_INDEX_TYPE,
    NOT_CALLABLE, UNSUPPORTED_OPERAND, BAD_ARGUMENT_TYPE, ABSTRACT_CLASS,
)  # fmt: skip

EXACT: Final = 0.9
"""Confidence where the message has a shape that says just this."""
BY_TYPE: Final = 0.5
"""Confidence where only the exception's class speaks."""
LISTED: Final = 4
"""Parameters of a signature that a lesson lists."""
AWAITABLE: Final = 0.3
"""Confidence where a coroutine was used like its result: the missing `await` is the mistake."""

_BY_SHAPE: Final = {rule.rule_id.partition(".")[2]: rule for rule in RULES}
_WANTED_INSTEAD: Final = (("unhashable", "a hashable value such as a tuple"), ("has no len", "a sized value"))
_OPERATOR_OF: Final = {"concat": "+", "subtract": "-", "compare": "<"}
_ORDERINGS: Final = frozenset({"<", ">", "<=", ">="})
_COROUTINE = re.compile(r"\b(?:coroutine|async_generator)\b")
_OF_ASYNC = re.compile(
    r"'await' expression|can't be awaited|^'async |asynchronous context manager|awaitable is required"
)


class TypeDetector:
    """Names what a value of a wrong type was used for, and the API that refused it."""

    name = "type"
    rules: Sequence[Rule] = RULES

    def detect(self, occurrence: Occurrence, evidence: Evidence) -> Iterable[Finding]:
        told: set[str] = set()
        for one in raised(occurrence):
            if one.is_a("TypeError"):
                found = _type_error(one, occurrence, evidence)
            elif one.is_a("AttributeError") and not one.is_a("FrozenInstanceError"):
                found = _attribute_error(one, occurrence, evidence)
            else:
                continue
            for finding in found:
                if finding.rule_id not in told:
                    told.add(finding.rule_id)
                    yield finding


def _type_error(one: Raised, occurrence: Occurrence, evidence: Evidence) -> Iterator[Finding]:
    message = one.message
    if _OF_ASYNC.search(message) or " is not JSON serializable" in message:
        return  # explained by the detectors of async and of run time
    line = _line(one, occurrence, evidence)
    wording = read_type_error(message)
    if wording is None:  # every other TypeError says that something was given which is not taken
        symbols = library_calls(evidence.text, line)[:1]
        yield _finding(BAD_ARGUMENT_TYPE, line, symbols, {}, BY_TYPE * one.weight)
        return
    rule = _BY_SHAPE[wording.shape]
    confidence = (AWAITABLE if _COROUTINE.search(message) else EXACT) * one.weight
    if rule in (UNEXPECTED_KEYWORD, WRONG_ARITY):
        yield _about_call(rule, wording.parts, one, evidence, line, confidence)
    else:
        fields, symbols = _details(rule, wording.parts, message, evidence, line)
        if rule is UNSUPPORTED_OPERAND and "operator" not in fields:
            rule = SOME_OPERAND
        yield _finding(rule, line, symbols, fields, confidence)


def _details(
    rule: Rule, groups: Mapping[str, str], message: str, evidence: Evidence, line: int | None
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Fields and symbols of a finding about a value."""
    if rule is NONE_VALUE:
        return dict(groups), library_calls(evidence.text, line)[:1]
    if rule is UNSUPPORTED_OPERAND:
        types = [f"'{groups[side]}'" for side in ("left", "right") if side in groups]
        told = groups.get("operator") or _OPERATOR_OF.get(groups.get("verb", ""), "+" if "concat" in message else "")
        fields = {"types": " and ".join(types) or "these types"} | ({"operator": told} if told else {})
        # Some versions name the comparison and some do not, and `<` on these types is no other mistake than `>=`.
        operator = "<" if told in _ORDERINGS else told
        named = (f"operator {operator}",) if operator else ()
        return fields, (*named, *(name.strip("'") for name in types)) if types else ()
    if rule is BAD_ARGUMENT_TYPE:
        called = api_name(evidence.text, line, groups.get("callable", ""))
        wanted = groups.get("wanted") or next((word for key, word in _WANTED_INSTEAD if key in message), "")
        fields = {"callable": called or "The call", "wanted": wanted.strip()}
        if "got" in groups:
            fields["got"] = groups["got"].strip(" '")
        return {key: value for key, value in fields.items() if value}, (called,) if called else ()
    if rule is ABSTRACT_CLASS:
        methods = ", ".join(re.findall(r"\w+", groups.get("methods", ""))[:4])
        return {**groups, "methods": methods}, tuple(value for value in (groups.get("type"),) if value)
    kind = groups.get("type", "")
    return dict(groups), (kind,) if kind else ()


def _about_call(
    rule: Rule, groups: Mapping[str, str], one: Raised, evidence: Evidence, line: int | None, confidence: float
) -> Finding:
    """A call that does not fit a signature. Which side is wrong depends on who wrote the callable."""
    short = groups.get("callable", "").removesuffix(".__init__").removesuffix(".__new__").rpartition("<locals>.")[2]
    own = bool(short) and short.partition(".")[0] in defined(evidence.text)
    name = short if own else api_name(evidence.text, line, short) or evidence.unit.qualname
    fields = {"callable": name or "the callable", "kind": "own" if own else "library"}
    argument = groups.get("argument", "")
    if own and evidence.in_test:
        fields["advice"] = "callers pass other arguments, so give it the specified signature"
    elif own:
        fields["advice"] = "make the call and its definition agree"
    else:
        fields["advice"] = "use the signature of the installed version"
    if rule is UNEXPECTED_KEYWORD:
        if argument:
            fields["argument"] = argument
        fields["instead"] = _instead(argument, name, one, evidence)
    else:
        fields["told"] = _arity(groups)
    for key in ("missing", "takes", "given", "twice"):
        if key in groups:
            fields[key] = groups[key]
    symbols = (f"{name}.{argument}" if argument else name,) if name else ()
    if rule is WRONG_ARITY and _lacks_self(short, groups, evidence):
        rule = WITHOUT_SELF
    return _finding(rule, line, symbols, fields, confidence)


def _lacks_self(short: str, groups: Mapping[str, str], evidence: Evidence) -> bool:
    """Whether one argument too many was given to a method whose first parameter is not the instance."""
    within, _, last = short.rpartition(".")
    takes, given = groups.get("takes", "").rpartition(" ")[2], groups.get("given", "")
    if not (takes.isdigit() and given.isdigit() and int(given) == int(takes) + 1):
        return False
    written = defined(evidence.text)
    owner = within or evidence.unit.qualname.rpartition(".")[0] or evidence.unit.qualname
    method = written.get(f"{owner}.{last}")
    if not isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    parameters = [*method.args.posonlyargs, *method.args.args]
    bare = not any(getattr(entry, "id", "") in ("staticmethod", "classmethod") for entry in method.decorator_list)
    named = bool(parameters) and parameters[0].arg in ("self", "cls", "mcs", "this", "_")
    return bare and not named and isinstance(written.get(owner), ast.ClassDef)


def _instead(argument: str, name: str, one: Raised, evidence: Evidence) -> str:
    """What the callable does take: the parameter that was meant, where one resembles it, else the first ones."""
    told = one.facts.get("parameters", "")
    names = [entry for entry in told.split(",") if entry.isidentifier()]
    module, _, function = name.rpartition(".")
    if not names and module:
        signature = evidence.surroundings.signature(module, function)
        names = [entry for entry in signature.parameters if entry not in ("self", "cls")] if signature else []
    near = suggested(one.message) or next(iter(get_close_matches(argument, names, 1)), "")
    if near:
        return f", there is {near}"
    listed = ", ".join(names[:LISTED])
    return f", it takes {listed}{', …' if len(names) > LISTED else ''}" if listed else ""


def _arity(groups: Mapping[str, str]) -> str:
    if "missing" in groups:
        return f"was not given {_plain_list(groups['missing'])}"
    if "twice" in groups:
        return f"was given {groups['twice']} twice"
    if "takes" in groups:
        given = f", {groups['given']} given" if "given" in groups else ""
        noun = "argument" if groups["takes"].rpartition(" ")[2] in ("1", "one") else "arguments"
        return f"takes {groups['takes']} {noun}{given}"
    return "was given other arguments than it takes"


def _plain_list(quoted: str) -> str:
    return ", ".join(re.findall(r"'(\w+)'", quoted)[:6]) or "all its arguments"


def _attribute_error(one: Raised, occurrence: Occurrence, evidence: Evidence) -> Iterator[Finding]:
    kind = one.facts.get("of_kind", "")
    message = one.message
    if kind == "module" or message.startswith(("module ", "partially initialized module", "<module ")):
        return  # what a module lacks is for the imports to name
    if kind == "none" or message.startswith("'NoneType' object"):
        return  # named as runtime.attribute-none
    line = _line(one, occurrence, evidence)
    read = read_attribute_error(message)
    of, name = read if read is not None else (one.facts.get("of", ""), one.facts.get("name", ""))
    if not name or not of:
        yield _finding(MISSING_ATTRIBUTE, line, library_calls(evidence.text, line)[:1], {}, BY_TYPE * one.weight)
        return
    # A library's own wording for what one of its modules lacks.
    module = "." in of and of.islower() and " object " not in message and not kind
    near = one.facts.get("near") or suggested(message)
    fields = {"of": of, "name": name, "instead": f", there is {near.partition(',')[0]}" if near else ""}
    own = of.partition(".")[0] in defined(evidence.text)
    fields["kind"] = "own" if own else "other"
    fields["advice"] = "define it, for callers use it" if own else "use a name that this class really has"
    if meant := meant_of_class(of.removeprefix("collections."), name):
        fields |= {"instead": "", "advice": f"use {meant}"}
    confidence = AWAITABLE if kind == "coroutine" or _COROUTINE.search(of) or module else EXACT
    yield _finding(MISSING_ATTRIBUTE, line, (f"{_public(of, one)}.{name}",), fields, confidence * one.weight)


def _public(of: str, one: Raised) -> str:
    """The class as its users write it: `pandas.DataFrame` for `pandas.core.frame.DataFrame`."""
    full = one.facts.get("of", "")
    if full.rpartition(".")[2] != of or full.count(".") == 0 or full.startswith("builtins."):
        return of
    return f"{full.partition('.')[0]}.{of}"


def _line(one: Raised, occurrence: Occurrence, evidence: Evidence) -> int | None:
    """The innermost line of this exception in the culprit's file."""
    told = one.line_in(evidence.path)
    handed_in = occurrence.line if one.how == "self" and not occurrence.frames and not evidence.in_test else None
    return told or handed_in


def _finding(
    rule: Rule, line: int | None, symbols: tuple[str, ...], fields: dict[str, str], confidence: float
) -> Finding:
    return Finding(rule=rule, line=line, symbols=symbols, fields=fields, confidence=round(confidence, 2))


@hookimpl
def llmlearn_register_detectors(register: Callable[[Detector], None]) -> None:
    """Bring the detector of type errors."""
    register(TypeDetector())
