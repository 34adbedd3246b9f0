"""What is to be learned from a pattern, in words: when, instead, because, and code that failed and passed.

Made by template from typed fields, anew whenever it is read; only what a person wrote is kept. Invariant: nothing that
anyone wrote into a test reaches the words but cleaned, cut, and where it is code fenced; facts are stated, no one is
commanded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, get_args

from pytest_llmlearn.domain.cleaning import clean
from pytest_llmlearn.domain.evolution import detailed
from pytest_llmlearn.domain.finding import Rule, fill, quotable
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.pattern import Pattern

By = Literal["template", "person"]
Part = Literal["when", "instead", "because", "bad", "good"]
PARTS: tuple[Part, ...] = get_args(Part)
"""What a person may reword."""

SENTENCE_LIMIT = 320
"""Characters of one part in words."""
LINE_LIMIT = 480
"""Characters of a lesson on one line."""
CODE_LINES = 12
CODE_WIDTH = 200
"""Of one piece of code; what is mined has at most five lines, a person may need more."""
NAMED = 3
"""Symbols, contexts, models and imports that are named of many."""
RIVALS = 2
"""Other fixes of the same code that are shown beside the best."""

_EXAMPLES = {
    False: ("failed", "passed instead", "passed too, another way"),
    True: ("with the mistake", "without it", "without it, another way"),
}
"""What examples are called where a test failed, and where a scan found them."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewording:
    """What a person wrote in place of single parts; None leaves a part to the template. `version` counts from 1."""

    version: int
    when: str | None = None
    instead: str | None = None
    because: str | None = None
    bad: str | None = None
    good: str | None = None

    @property
    def says_anything(self) -> bool:
        """Whether any part is a person's: a version without one took back what was written before."""
        return any(getattr(self, part) is not None for part in PARTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One lesson, fit to be shown anywhere.

    `when` names the surroundings, `because` says what goes wrong, `instead` what is right; each is one line, and may
    be empty. `bad` failed and `good` passed, at most `CODE_LINES` lines each, with the `signature` around them and the
    `imports` that `good` needs. `rivals` are other verified fixes of the same code. `standing` says how well it is
    founded. `version` is 0 for what the template made, else that of the person's rewording. `by_scan` says that a scan
    found it: its `bad` was not run, and its `good` is what was not found any more.
    """

    rule_id: str
    when: str
    instead: str
    because: str
    standing: str
    bad: str = ""
    good: str = ""
    signature: str = ""
    imports: tuple[str, ...] = ()
    rivals: tuple[str, ...] = ()
    version: int = 0
    by: By = "template"
    by_scan: bool = False

    @property
    def sentence(self) -> str:
        """What to do instead, or what goes wrong where nobody can say that; of what a scan found both.

        What a rule has to say instead is often code alone, which says nothing without what is wrong.
        """
        if self.by_scan and self.because and self.instead:
            return f"{_open(self.because)}. Instead: {self.instead}"
        return self.instead or self.because

    @property
    def failed(self) -> str:
        """The code that failed, inside its signature; "" where there is none."""
        return _inside(self.signature, self.bad)

    @property
    def passed(self) -> str:
        """The code that passed instead, inside its signature and below the imports it needs; "" where there is none."""
        return _inside(self.signature, self.good, self.imports)

    @property
    def passed_too(self) -> tuple[str, ...]:
        """Other code that passed, each inside the signature."""
        return tuple(_inside(self.signature, rival) for rival in self.rivals)

    def line(self) -> str:
        """The lesson as one sentence on one line."""
        stated = "; ".join(part for part in (_open(self.because), _labelled("instead", self.instead)) if part)
        surroundings = f"In {self.when}: " if self.when else ""
        return _cut(f"{surroundings}{stated or self.rule_id} ({self.standing}).", LINE_LIMIT)

    def worded(self) -> str:
        """The lesson as several lines, code fenced."""
        lines = [
            " ".join(
                part for part in (f"- [{self.rule_id}]", self.because or self.instead, f"({self.standing})") if part
            )
        ]
        if self.because and self.instead:
            lines.append(f"  instead: {self.instead}")
        if self.when:
            lines.append(f"  when: {self.when}")
        failed, passed, too = _EXAMPLES[self.by_scan]
        lines += _example(failed, self.failed)
        lines += _example(passed, self.passed)
        for rival in self.passed_too:
            lines += _example(too, rival)
        return "\n".join(lines)

    def bare(self) -> Lesson:
        """The lesson without code, for where room is short."""
        return replace(self, bad="", good="", signature="", imports=(), rivals=())


def lesson(
    pattern: Pattern,
    *,
    rule: Rule | None = None,
    fields: Mapping[str, str] | None = None,
    contexts: Sequence[str] = (),
    fixes: Iterable[Fix] = (),
    reworded: Rewording | None = None,
) -> Lesson:
    """Word what the pattern teaches.

    `rule` is None where nobody knows the pattern's rule any more; its stored sentence then stands alone. `fields` fill
    the rule's template anew; without them the stored sentence is taken. `contexts` are the pattern's, most frequent
    first. Contexts and fixes are left out while the pattern is new (below five occurrences). What a person wrote
    stands in place of the template's, part by part.
    """
    known = list(fixes)
    shown = known if detailed(pattern.seen) else []
    best = best_fix(shown)
    instead = safe(_instead(pattern, rule, fields))
    because = safe(rule.meaning) if rule is not None else safe(pattern.message) if pattern.by_scan else ""
    made = Lesson(
        rule_id=quotable(pattern.rule_id),
        when=_when(pattern, contexts if detailed(pattern.seen) else ()),
        # A user's rule may have nothing to say beside what is wrong.
        instead="" if pattern.by_scan and instead == because else instead,
        because=because,
        standing=_standing(pattern, known),
        bad=_code(best.bad if best is not None else pattern.bad),
        good=_code(best.good) if best is not None else "",
        signature=_code(best.signature) if best is not None else "",
        imports=_imports(best) if best is not None else (),
        rivals=tuple(_code(rival.good) for rival in rivals(best, shown)[:RIVALS]) if best is not None else (),
        by_scan=pattern.by_scan,
    )
    return made if reworded is None else _overridden(made, reworded)


def best_fix(fixes: Iterable[Fix]) -> Fix | None:
    """The fix that was verified most often, of equals the latest; None where none was verified."""
    verified = [fix for fix in fixes if fix.verified > 0]
    return max(verified, key=_worth, default=None)


def _worth(fix: Fix) -> tuple[int, datetime, str]:
    return fix.verified, fix.last_seen or _EARLIEST, fix.digest


def rivals(best: Fix, fixes: Iterable[Fix]) -> list[Fix]:
    """Verified fixes that change the same code as `best` into something else, the best of them first."""
    others = [fix for fix in fixes if fix.verified > 0 and fix.bad == best.bad and fix.good != best.good]
    return sorted(others, key=_worth, reverse=True)


def _overridden(made: Lesson, reworded: Rewording) -> Lesson:
    own_code = reworded.bad is not None or reworded.good is not None
    good = made.good if reworded.good is None else _code(reworded.good)
    return replace(
        made,
        when=made.when if reworded.when is None else safe(reworded.when),
        instead=made.instead if reworded.instead is None else safe(reworded.instead),
        because=made.because if reworded.because is None else safe(reworded.because),
        bad=made.bad if reworded.bad is None else _code(reworded.bad),
        good=good,
        # What stood around the mined code need not stand around a person's.
        signature="" if own_code else made.signature,
        imports=() if reworded.good is not None else made.imports,
        rivals=() if own_code else made.rivals,
        version=reworded.version,
        by="person",
    )


def _instead(pattern: Pattern, rule: Rule | None, fields: Mapping[str, str] | None) -> str:
    if rule is not None and fields is not None:
        return fill(rule, fields)
    return pattern.lesson or (rule.plain if rule is not None else "")


def _when(pattern: Pattern, contexts: Sequence[str]) -> str:
    named, symbols = _named(contexts), _named(pattern.symbols)
    uses = f"code that uses {', '.join(symbols)}" if symbols else ""
    surroundings = f"surroundings such as {', '.join(named)}" if named else ""
    return ", in ".join(part for part in (uses, surroundings) if part)


def _named(names: Sequence[str]) -> list[str]:
    return [shown for name in names[:NAMED] if (shown := quotable(name))]


def _standing(pattern: Pattern, fixes: Sequence[Fix]) -> str:
    """How often it was seen and by whom, and what proves it."""
    models = [model for model in _named(pattern.models) if model != "unknown"]
    seen = f"seen {times(pattern.seen)}{', by ' + ', '.join(models) if models else ''}"
    if pattern.state == "candidate":
        return f"{seen}, not yet proven"
    if pattern.state == "quarantined":
        return f"{seen}, imported and not yet proven here"
    healed = sum(fix.verified for fix in fixes)
    witness = "scan" if pattern.by_scan else "test"
    proof = f", repaired {times(healed)}, each verified by a {witness}" if healed > 1 else ""
    proof = f", repaired once, verified by a {witness}" if healed == 1 else proof
    return f"{seen}{proof}{', enforced here' if pattern.state == 'enforced' else ''}"


def times(count: int) -> str:
    """A count in words: once, twice, 3 times."""
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


_TAG = re.compile(r"<(?=/?[A-Za-z!|])")
_FENCE = re.compile(r"`{3,}|~{3,}")


def safe(text: str, limit: int = SENTENCE_LIMIT) -> str:
    """Text as one line to stand in a sentence: cleaned and cut, with nothing in it that reads as a tag or a fence."""
    flat = " ".join(clean(text[: 4 * limit]).split())
    return _cut(_FENCE.sub("'''", _TAG.sub("‹", flat)), limit)


def fenced(code: str) -> list[str]:
    """Code as evidence inside a prompt: fenced by more backticks than it holds, nothing in it that reads as a tag."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return [f"{fence}python", *_TAG.sub("‹", code).split("\n"), fence]


def _code(text: str) -> str:
    """Code cleaned and cut; blank lines at its ends go."""
    # A carriage return within a line would end it for some readers and not for others: clean() has replaced it.
    lines = clean(text[: 4 * CODE_LINES * CODE_WIDTH]).strip("\n").split("\n")
    kept = [line[:CODE_WIDTH].rstrip() for line in lines[:CODE_LINES]]
    return "\n".join(kept) if any(kept) else ""


def bounded(part: Part, text: str) -> str:
    """What a person wrote for a part as it is kept: cleaned and cut as it will be shown."""
    return _code(text) if part in ("bad", "good") else safe(text)


def _imports(fix: Fix) -> tuple[str, ...]:
    lines = (" ".join(_code(entry).split()) for entry in fix.imports[:NAMED])
    return tuple(line for line in lines if line)


def _inside(signature: str, code: str, imports: Sequence[str] = ()) -> str:
    if not code:
        return ""
    inner = "    " * len(signature.split("\n")) if signature else ""
    body = [f"{inner}{line}" if line else "" for line in code.split("\n")]
    return "\n".join((*imports, *(signature.split("\n") if signature else ()), *body))


def _example(label: str, code: str) -> list[str]:
    return [f"  {label}:", *(f"  {line}" for line in fenced(code))] if code else []


def _open(sentence: str) -> str:
    """A sentence without its end, to go on with another."""
    return sentence.rstrip(".!?… ")


def _labelled(label: str, sentence: str) -> str:
    return f"{label}: {_open(sentence)}" if sentence else ""


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
