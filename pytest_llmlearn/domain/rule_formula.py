"""What a matcher fires on, in the words of a Semgrep rule; or in a sentence why they cannot say it.

Invariant: a formula is silent wherever its matcher is; it may be silent in more places, for Semgrep cannot ask which
names stand in a condition, or which exception a handler takes among others. Rule syntax:
https://semgrep.dev/docs/writing-rules/rule-syntax
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.matchers.pattern import compiled
from pytest_llmlearn.domain.matchers.shape import Shapes
from pytest_llmlearn.domain.matchers.view import View
from pytest_llmlearn.domain.names import imported
from pytest_llmlearn.errors import BadPattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """What is to be found: any of `wanted`, within `within`, and not within any of `without`, all patterns; with
    `unasked`, only where the function's body has none of these words.

    `example` is Python in which each line that ends with `FOUND` is found, and no other; empty where only a verified
    fix can show it.
    """

    wanted: tuple[str, ...]
    within: str = ""
    without: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()
    example: str = ""

    def lines(self) -> list[str]:
        """The rule's `options` and `patterns`."""
        # What a name holds is no syntax: a matcher does not follow it.
        told = ["    options:", "      constant_propagation: false", "    patterns:"]
        if len(self.wanted) == 1:
            told += scalar("      - pattern: |", self.wanted[0], 10)
        else:
            told.append("      - pattern-either:")
            for each in self.wanted:
                told += scalar("          - pattern: |", each, 14)
        if self.within:
            told += scalar("      - pattern-inside: |", self.within, 10)
        if self.unasked:
            told += ["      - metavariable-regex:", f"          metavariable: {_BODY}"]
            told.append(rf"          regex: '^(?![\s\S]*\b(?:{'|'.join(self.unasked)})\b)'")
        for each in self.without:
            told += scalar("      - pattern-not-inside: |", each, 10)
        return told


FOUND = "  # found"
_BODY = "$...BODY"
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_OF_MODULES = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*\.[A-Za-z_]\w*")
"""A dotted name that begins with modules: one of a class is no name that imports lead to."""
_HANDLED = tuple(
    f"try:\n    ...\nexcept ...:\n    ...{tail}{last}"
    for tail, last in product(("", "\nelse:\n    ..."), ("", "\nfinally:\n    ..."))
)
"""Any `try` that handles anything; each of its clauses has to be spelled out."""
_CONDITIONS = ("if $C:\n    ...", "while $C:\n    ...", "with $C:\n    ...", "with $C as $D:\n    ...")
_CHOICES = ("$A if $C else $B", "$A and $B", "$A or $B")
_EXPECTED = ("raises(...)", "$T.raises(...)", "$T.assertRaises(...)", "$T.assertRaisesRegex(...)", "$T.warns(...)")


def formula(matcher: Matcher) -> Formula | str:
    """The formula of a matcher; in a sentence why there is none."""
    if matcher.kind == "shape":
        return _of_shape(matcher.body)
    if matcher.kind == "api" and not matcher.body.get("any"):
        return _of_api(matcher.body)
    return "what it looks for cannot be told by syntax alone"


def fired(matcher: Matcher, text: str) -> frozenset[int]:
    """The lines of a whole text on which a shape fires; none where the text cannot be read."""
    try:
        nodes = syntax.nodes(text)
    except (SyntaxError, syntax.TooDeep, RecursionError):
        return frozenset()
    imports, shapes = imported(text), Shapes()
    views = (View(path="", node=node, text=text, imports=imports) for node in nodes)
    return frozenset(sighting.span.line for view in views for sighting in shapes.sightings(matcher, view))


def scalar(head: str, text: str, indent: int) -> list[str]:
    """A text of several lines, as a value of YAML."""
    return [head, *(f"{' ' * indent}{line}" if line else "" for line in text.split("\n"))]


def _of_shape(body: Mapping[str, Any]) -> Formula | str:
    wanted = tuple(dict.fromkeys(map(str, (body.get("pattern", ""), *body.get("either", ())))))
    try:
        for each in wanted:
            compiled(each)
    except BadPattern as error:
        return f"its pattern cannot be written as Semgrep writes them: {error}"
    unasked: tuple[str, ...] = ()
    if body.get("unless"):
        unasked = tuple(sorted({str(each).partition("(")[0] for each in body["unless"]}))
        if not all(each.isidentifier() for each in unasked):
            return "where it is no mistake Semgrep cannot tell"
    within, without = "", list(_HANDLED if body.get("raises") else ())
    inside = str(body.get("inside") or "")
    if inside:
        *classes, name = inside.split(".")
        if len(classes) > 1:
            return "the function that it is about is too deep in others"
        held = _BODY if unasked else "..."
        within = f"def {name}(...):\n    {held}"
        if classes:
            within = f"class {classes[0]}(...):\n    ...\n    def {name}(...):\n        {held}\n    ..."
            # `...` looks into whatever stands there; the function has to be the class's own.
            without.append(f"def $OUTER(...):\n    ...\n    def {name}(...):\n        ...\n    ...")
            without.append(f"class {classes[0]}(...):\n    ...\n    class $INNER(...):\n        ...\n    ...")
    elif unasked:
        return "where it is no mistake Semgrep cannot tell"
    return Formula(wanted=wanted, within=within, without=tuple(without), unasked=unasked)


def _of_api(body: Mapping[str, Any]) -> Formula | str:
    what = body.get("what")
    module, name = str(body.get("module", "")), str(body.get("name", ""))
    if what == "module" and _DOTTED.fullmatch(module):
        return _of_import((f"import {module}",), f"import {module}")
    if what == "name" and _DOTTED.fullmatch(module) and name.isidentifier():
        return _of_name(module, name)
    called, keyword = str(body.get("callable", "")), str(body.get("keyword", ""))
    if what == "keyword" and _OF_MODULES.fullmatch(called) and keyword.isidentifier():
        owner, _, function = called.rpartition(".")
        example = (
            f"import {owner}\n\n{owner}.{function}({keyword}=1){FOUND}\n{owner}.{function}()\n"
            f"try:\n    {owner}.{function}({keyword}=1)\nexcept TypeError:\n    pass\n"
        )
        return Formula(
            wanted=(f"{called}(..., {keyword}=$X, ...)",),
            without=(*_HANDLED, *_CONDITIONS, *_CHOICES, *_EXPECTED, *_rebound(called)),
            example=example,
        )
    return "whether it is a mistake depends on what exists, which Semgrep does not know"


def _of_import(wanted: Sequence[str], statement: str) -> Formula:
    """A statement that imports what is not there, under no condition."""
    example = f"{statement}{FOUND}\ntry:\n    {statement}\nexcept ImportError:\n    pass\n"
    return Formula(wanted=tuple(wanted), without=(*_HANDLED, *_CONDITIONS), example=example)


def _of_name(module: str, name: str) -> Formula:
    """A name that a module lacks, imported from it or behind it."""
    whole = f"{module}.{name}"
    example = (
        f"import {module}\nfrom {module} import {name} as mistaken{FOUND}\n\n"
        f"first = {whole}{FOUND}\nother = {module}\n"
        f"try:\n    second = {whole}\nexcept AttributeError:\n    pass\n"
    )
    asked = f'hasattr({module}, "{name}")'
    shims = (f"...\n{whole} = $V\n...", f"...\nif <... {asked} ...>:\n    ...\n...")
    return Formula(
        wanted=(f"from {module} import {name}", whole),
        without=(*_HANDLED, *_CONDITIONS, *_CHOICES, *_EXPECTED, *_rebound(whole), f"{whole} = $V", *shims),
        example=example,
    )


def _rebound(whole: str) -> Iterable[str]:
    """Where the module's name stands for something else."""
    owner = whole.rpartition(".")[0]
    yield f"{owner} = $V\n..."
