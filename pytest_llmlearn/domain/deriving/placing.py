"""Where what a fix has shown is looked for: anywhere, or first in the function that was repaired.

`json.load(text)` was wrong because of what `text` was, and is right in most other places; `numpy.product` is wrong
wherever it stands. Invariant: nothing is looked for in fewer places than the function of the fix's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from pytest_llmlearn.domain.deriving.fixing import function_of
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.matcher import Matcher

ELSEWHERE = 0.15
"""How much less sure a pattern is outside of that function, where values decide what is a mistake."""
_BY_VALUE = ("runtime.", "logic.", "type.")
_BY_NAME = frozenset({"type.unexpected-keyword", "type.wrong-arity", "runtime.undefined-name", "runtime.api-changed"})
"""Rules of those categories whose mistakes lie in the code alone."""
_ASYNC = frozenset({"async.never-awaited", "async.gather-not-awaited"})
"""Whether a call is awaited after all stands further down, where no pattern looks."""
_RAISED = {
    "import.missing-module": "ModuleNotFoundError", "import.missing-name": "ImportError",
    "import.module-attribute-missing": "AttributeError", "type.missing-attribute": "AttributeError",
    "type.unexpected-keyword": "TypeError", "type.wrong-arity": "TypeError", "runtime.key": "KeyError",
    "runtime.index": "IndexError", "runtime.zero-division": "ZeroDivisionError", "runtime.value": "ValueError",
}  # fmt: skip
"""What the mistake of a rule raises: no mistake where that is caught."""
_METHOD = re.compile(r"\$[A-Z]\w*\.\w+\(")


def placed(matchers: Sequence[Matcher], fix: Fix, rule_id: str) -> list[Matcher]:
    """The matchers of a fix as they are to be used: those of mistakes that values decide are looked for in the function
    of the fix's name at once, and elsewhere less surely, so that they have to be right there first."""
    function = function_of(fix)
    made: list[Matcher] = []
    for matcher in (_expected(matcher, rule_id) for matcher in matchers):
        if "inside" in matcher.body or not _is_by_value(rule_id, str(matcher.body["pattern"])):
            made.append(matcher)
            continue
        if function is not None:
            made.append(replace(matcher, body={**matcher.body, "inside": function.name}))
        made.append(replace(matcher, confidence=round(matcher.confidence - ELSEWHERE, 2)))
    return made


def _expected(matcher: Matcher, rule_id: str) -> Matcher:
    raised = _RAISED.get(rule_id)
    return matcher if raised is None else replace(matcher, body={**matcher.body, "raises": raised})


def _is_by_value(rule_id: str, pattern: str) -> bool:
    if rule_id == "type.missing-attribute":  # a method that was called says by its name what was missing
        return _METHOD.search(pattern) is None
    return rule_id in _ASYNC or (rule_id.startswith(_BY_VALUE) and rule_id not in _BY_NAME)
