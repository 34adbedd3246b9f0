"""Derive matchers from what is learned: the one place where all derivers are asked.

What is known already is tried on the code that failed before anything new is made of it, so that nothing is proved by
the code it comes from. Nothing secret gets into a matcher: what redaction would touch is not kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING

from pytest_llmlearn.domain.deriving.failure import Failed, from_failure
from pytest_llmlearn.domain.deriving.fixing import from_fix, lines_matched, sides
from pytest_llmlearn.domain.deriving.named import from_pattern
from pytest_llmlearn.domain.deriving.placing import placed
from pytest_llmlearn.domain.matcher import Matcher, Trials
from pytest_llmlearn.domain.matchers.pieces import words_of
from pytest_llmlearn.domain.occurrence import SCANS

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.matchers import Matchers
    from pytest_llmlearn.app.trying import Trying
    from pytest_llmlearn.domain.entry import Entry
    from pytest_llmlearn.domain.fix import Fix
    from pytest_llmlearn.domain.tree import Span

TEXT = 400_000
"""Characters of a file that is looked at; a longer one was hardly written by hand or by a model."""
NEAR = 1
"""Lines that a matcher may be beside the failing one and still be right."""
_SHAPELESS = frozenset(
    {
        *("AssertionError", "Failed", "XPASS(strict)"),
        *("SyntaxError", "IndentationError", "TabError", "NameError", "UnboundLocalError"),
    }
)
"""What no shape is made of: what tests raise tells what was expected, not what is wrong; a name that is bound nowhere
is known for it by itself, whatever is done with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """What is read of a pattern by the derivers of what it names."""

    fingerprint: str
    rule_id: str
    message: str
    symbols: Sequence[str]


class Deriving:
    """The use case. `redact` makes text fit to be written down.

    `shapes` tries shapes and asks nobody what exists, for it is waited for at the end of a run; `trying` tries all.
    """

    def __init__(
        self, matchers: Matchers, *, shapes: Trying, trying: Trying, redact: Callable[[str], str]
    ) -> None:  # fmt: skip
        self._matchers = matchers
        self._shapes = shapes
        self._trying = trying
        self._safe = lru_cache(maxsize=4096)(lambda text: redact(text) == text)

    def failed(self, failures: Sequence[tuple[Entry, str]]) -> Sequence[Matcher]:
        """Learn from failures that were recorded, each with the text of the file it is laid on.

        Returns:
            The matchers that were not known before.

        Raises:
            StoreError: they cannot be written.
        """
        # Together what is of one text, and there of one place: each text is read once.
        usable = sorted(
            ((entry, text) for entry, text in failures if _is_usable(entry, text)),
            key=lambda one: (one[0].path or "", _digest(one[1]), one[0].line or 0),
        )
        self._confirm(usable)
        made: dict[str, Matcher] = {}
        codes: dict[str, set[str]] = {}
        for entry, text in usable:
            for matcher in self._derived(entry, text):
                made.setdefault(matcher.key, matcher)
                codes.setdefault(_code_of(entry), set()).add(matcher.key)
        return self._put(made, codes)

    def mined(self, fixes: Iterable[tuple[Fix, str]]) -> Sequence[Matcher]:
        """Learn from verified fixes, each with the rule of its pattern; fixes of one pattern all at once.

        Returns:
            The matchers that were not known before.

        Raises:
            StoreError: they cannot be written.
        """
        given = list(fixes)
        made: dict[str, Matcher] = {}
        for fix, rule_id in given:
            others = [other for other, _ in given if other.fingerprint == fix.fingerprint and other is not fix]
            for matcher in placed(from_fix(fix, rule_id, others=others), fix, rule_id):
                if self._safe(_body(matcher)):
                    made.setdefault(matcher.key, matcher)
        self._refute([fix for fix, _ in given])
        return self._put(made, {})

    def _refute(self, fixes: Sequence[Fix]) -> None:
        """Tell the shapes of what failed that they are still seen in what was verified in its place."""
        known = [one for one in self._matchers.every() if one.kind == "shape"] if fixes else []
        for fix in fixes:
            good = [piece.text for piece in sides(fix)[1]]
            told = {
                one.key: Trials(wrong=1)
                for one in known
                if one.fingerprint == fix.fingerprint and any(_is_in(one, text) for text in good)
            }
            if told:
                self._matchers.tried(told, _digest(fix.good))

    def passed(self, texts: Sequence[tuple[str, str]], *, among: Sequence[Matcher] | None = None) -> None:
        """Learn from files whose tests pass, each with its path: what fires there was wrong.

        `among` are the matchers it is told to, else all.

        Raises:
            StoreError: it cannot be written.
        """
        matchers = self._matchers.every() if among is None else among
        looked_at = [(path, text) for path, text in texts if len(text) <= TEXT]
        for (_, text), fired in zip(looked_at, self._trying.each(matchers, looked_at), strict=True):
            self._matchers.tried({key: Trials(wrong=1) for key in fired}, _digest(text))
            self.silent(text, [matcher for matcher in matchers if matcher.key not in fired])

    def silent(self, text: str, matchers: Sequence[Matcher]) -> None:
        """Tell those of these matchers, none of which fires in this passing text, whose function stands in it. The same
        code of a function is told once, whatever stands around it.

        Raises:
            StoreError: it cannot be written.
        """
        told: dict[str, list[str]] = {}
        for matcher in matchers:
            inside = str(matcher.body.get("inside") or "")
            if inside:
                told.setdefault(inside, []).append(matcher.key)
        by_code: dict[str, dict[str, Trials]] = {}
        for inside, keys in told.items():
            code = _functions(text, inside)
            if code:
                by_code.setdefault(_digest(code), {}).update(dict.fromkeys(keys, Trials(silent=1)))
        for digest, trials in by_code.items():
            self._matchers.tried(trials, digest)

    def _confirm(self, failures: Sequence[tuple[Entry, str]]) -> None:
        """Tell matchers that are known where they were right: on the line that failed, or beside it."""
        by_file: dict[tuple[str, str], list[Entry]] = {}
        for entry, text in failures:
            by_file.setdefault((entry.path or "", text), []).append(entry)
        words = frozenset().union(*(words_of(text) for _, text in by_file))
        known = self._matchers.shapes_among(words) if by_file else []
        for fired, entries in zip(self._shapes.each(known, by_file), by_file.values(), strict=True):
            by_code: dict[str, dict[str, Trials]] = {}
            for entry in entries:
                said = {key: Trials(right=1) for key, spans in fired.items() if is_near(spans, entry.line or 0)}
                by_code.setdefault(_code_of(entry), {}).update(said)
            for code, told in by_code.items():
                self._matchers.tried(told, code)

    def _derived(self, entry: Entry, text: str) -> list[Matcher]:
        fingerprint = entry.fingerprint.exact
        named = Named(
            fingerprint=fingerprint, rule_id=entry.rule_id, message=entry.message, symbols=entry.symbols
        )  # fmt: skip
        made = list(from_pattern(named))
        if entry.line is not None and entry.exception.rpartition(".")[2] not in _SHAPELESS:
            failure = Failed(
                fingerprint=fingerprint,
                rule_id=entry.rule_id,
                exception=entry.exception,
                message=entry.message,
                text=text,
                line=entry.line,
            )
            made += from_failure(failure, safe=self._safe)
        return [matcher for matcher in made if self._safe(_body(matcher))]

    def _put(self, made: Mapping[str, Matcher], codes: Mapping[str, Iterable[str]]) -> Sequence[Matcher]:
        if not made:
            return ()
        new = self._matchers.put(list(made.values()))
        fresh = {matcher.key for matcher in new}
        for code, keys in codes.items():
            # So that the very code it was made of does not confirm it in the next run.
            self._matchers.tried({key: Trials() for key in keys if key in fresh}, code)
        return new


def _is_in(matcher: Matcher, text: str) -> bool:
    """Whether a shape is seen in a piece of code; where that asks first, or catches, it is not sure to be."""
    if matcher.body.get("raises") and "except" in text:
        return False
    if any(lines_matched(str(pattern), text) for pattern in matcher.body.get("unless", ())):
        return False
    return any(lines_matched(str(one), text) for one in (matcher.body["pattern"], *matcher.body.get("either", ())))


def is_near(spans: Iterable[Span], line: int) -> bool:
    """Whether one of these places is on that line, or within `NEAR` lines of it."""
    return any(span.line - NEAR <= line <= span.end_line + NEAR for span in spans)


def _is_usable(entry: Entry, text: str) -> bool:
    ours = entry.scope in ("generated", "other") and not entry.flaky
    return ours and entry.source not in SCANS and bool(text) and len(text) <= TEXT


def _code_of(entry: Entry) -> str:
    """The code that failed, by what it is and what it is called: the same function, unchanged, fails many tests and
    runs, and in whatever file it stands it is one witness."""
    return _digest(f"{entry.unit.rpartition(':')[2]}\0{entry.unit_hash}")


def _functions(text: str, qualname: str) -> str:
    """The lines of the functions of that name, whatever they are in; nothing where there seems to be none."""
    name = qualname.rpartition(".")[2]
    if f"def {name}(" not in text:
        return ""
    found: list[str] = []
    depth: int | None = None
    for line in text.splitlines():
        within = len(line) - len(line.lstrip())
        if re.match(rf"\s*(?:async\s+)?def {re.escape(name)}\(", line):
            depth = within if depth is None else min(depth, within)
        elif depth is not None and line.strip() and within <= depth and not line.lstrip().startswith((")", "#")):
            depth = None
        if depth is not None:
            found.append(line.rstrip())
    return "\n".join(found).rstrip()


def _digest(text: str) -> str:
    return blake2b(text.encode(errors="surrogatepass"), digest_size=12).hexdigest()


def _body(matcher: Matcher) -> str:
    return json.dumps(matcher.body, ensure_ascii=False, sort_keys=True)
