"""What one detector says of an occurrence, and the rules in whose terms it says so.

A rule is the kind of mistake (`async.never-awaited`); a finding is that rule seen in one occurrence, with the
typed fields from which its lesson is worded. Text that anyone can write (messages, test names) enters a lesson
only through these fields, cut and escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Category = Literal["async", "type", "import", "security", "syntax", "logic", "runtime"]
Severity = Literal["critical", "major", "minor"]
Scope = Literal["generated", "other", "environment", "test"]

CATEGORIES: tuple[str, ...] = get_args(Category)
SEVERITIES: tuple[str, ...] = get_args(Severity)
"""Gravest first."""
SCOPES: tuple[str, ...] = get_args(Scope)
"""`generated`: laid on LLM-written code; `other`: on other code, recorded because all was asked for;
`environment`: a package that exists but is not installed here; `test`: the test itself is broken. The last two
are told apart and teach nothing."""

FIELD_LIMIT = 120
"""Characters of one field that may enter a lesson."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A kind of mistake.

    `meaning` is one sentence of what it is. `lesson` is one sentence of what to do instead, a template over the
    finding's fields (`{name}`, `{module}` …); `plain` is the same sentence where those fields are missing.
    """

    rule_id: str
    severity: Severity
    meaning: str
    lesson: str
    plain: str

    @property
    def category(self) -> str:
        """The part of the rule's id before the first dot."""
        return self.rule_id.partition(".")[0]


UNKNOWN = Rule(
    rule_id="runtime.unknown",
    severity="minor",
    meaning="A failure that no detector recognised.",
    lesson="Code like this failed with {exception}; check it against its test.",
    plain="Code like this failed; check it against its test.",
)
"""What remains where no detector says anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule seen in one occurrence.

    `line` is the line of the culprit's file that is wrong, where the detector can name it; it need not be the line
    that raised. `symbols` are the API names that make it this mistake (`numpy.asscalar`), most telling first.
    `fields` fill the lesson's template. `confidence` is 0 to 1. `scope` is set where the detector can tell that
    the generated code is not to blame (`environment`, `test`). `unit_decides` says that the identity of the
    mistake holds the unit under test, as it does for failed assertions.
    """

    rule: Rule
    line: int | None = None
    symbols: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    confidence: float = 0.8
    detail: str = ""
    scope: Scope | None = None
    unit_decides: bool = False
    detector: str = ""

    @property
    def rule_id(self) -> str:
        return self.rule.rule_id

    @property
    def category(self) -> str:
        return self.rule.category

    @property
    def severity(self) -> Severity:
        return self.rule.severity

    @property
    def lesson(self) -> str:
        """The rule's sentence, filled with this finding's fields."""
        return fill(self.rule, self.fields)


def fill(rule: Rule, fields: Mapping[str, str]) -> str:
    """The rule's lesson with these fields, or its plain form where the template wants one that is missing."""
    try:
        filled = rule.lesson.format_map({key: quotable(value) for key, value in fields.items()})
    except (KeyError, IndexError, ValueError):  # a field that this finding lacks: the plain sentence is still true
        return rule.plain
    return _BEFORE_COLON.sub("", _TWO_ENDS.sub("", filled))


_TWO_ENDS = re.compile(r"(?<=[.?!…])\.$")
_BEFORE_COLON = re.compile(r"(?<![.,;])[.,;](?=: )")
"""Punctuation with which a field ended and the sentence goes on in its own way."""

_OPERATOR = re.compile(r"(?<![^\s'\"(])(?:[<>]=?|<<|>>|->)(?![^\s'\"),.:;])")
"""A comparison, a shift or an arrow that stands alone: it can open or close no tag."""


def quotable(text: str) -> str:
    """`text` made safe to stand inside a sentence: one line, printable, no fence or tag, cut at `FIELD_LIMIT`.

    `<` and `>` become `‹` and `›`, but for operators that stand alone.
    """
    flat = " ".join("".join(char if char.isprintable() else " " for char in text).split()).replace("`", "'")
    kept = 0
    pieces: list[str] = []
    for operator in _OPERATOR.finditer(flat):
        pieces += (_untagged(flat[kept : operator.start()]), operator.group())
        kept = operator.end()
    flat = "".join((*pieces, _untagged(flat[kept:])))
    return flat if len(flat) <= FIELD_LIMIT else flat[: FIELD_LIMIT - 1] + "…"


def _untagged(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted by severity, then confidence; equals keep the order in which they came."""
    return tuple(sorted(findings, key=lambda finding: (SEVERITIES.index(finding.severity), -finding.confidence)))
