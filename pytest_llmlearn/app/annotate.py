"""Make annotations of what was recorded: each occurrence at its place, with all that is known of its mistake.

What may not be shown (muted, not proven here, not written yet), what the environment or the test itself is to blame
for, and what passed in the end makes none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.app.ports import Known, Lessons, Store
from pytest_llmlearn.domain.annotation import PHASES, Annotation, Phase, Remedy, distinct, ordered
from pytest_llmlearn.domain.finding import Finding, Rule
from pytest_llmlearn.domain.fingerprint import fingerprint
from pytest_llmlearn.domain.flaw import Flaw, is_of_scan, path_of
from pytest_llmlearn.domain.lesson import Lesson, best_fix, lesson
from pytest_llmlearn.domain.occurrence import SCANS, is_inside
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.recurring import Standing
from pytest_llmlearn.domain.redaction import redact as own_redact

if TYPE_CHECKING:
    from pytest_llmlearn.app.record import Recording
    from pytest_llmlearn.domain.entry import Entry

ANNOTATIONS = 25_000
"""Made of one run at most: no format takes more."""
LOOKED_BACK = 2_000
"""Occurrences among which a run is looked for by the beginning of its id."""
SCOPES = ("generated", "other")
UNSURE = 0.5
"""How sure it is where no finding says that."""
_TOLD = (
    "path",
    "line",
    "function",
    "nodeid",
    "when",
    "source",
    "message",
    "rule_id",
    "category",
    "severity",
    "model",
    "scope",
)
_PHASES: Mapping[str, Phase] = {phase: phase for phase in PHASES}
_BESIDE_TESTS = frozenset({"warning", "thread", "unraisable", "log"})
"""Sources of what no test failed of: something was warned of, or logged."""

Standings = Callable[[Collection[str]], Mapping[str, Standing]]
"""How the patterns of these fingerprints stand; those of which nothing is known may be left out."""


class Annotating:
    """The use case. `rules` are by their ids; `standings` tells how patterns stand."""

    def __init__(
        self, *, store: Store, lessons: Lessons, rules: Callable[[], Mapping[str, Rule]], standings: Standings
    ) -> None:
        self._store = store
        self._lessons = lessons
        self._rules = rules
        self._standings = standings

    def recorded(self, recording: Recording) -> list[Annotation]:
        """Of what a run recorded, most recurrent first, each mistake once a place."""
        pairs = zip(recording.entries, recording.counted, strict=True)
        told = [
            _of_entry(entry, counted.fingerprint)
            for entry, counted in pairs
            if entry.scope in SCOPES and not entry.flaky and not counted.hidden
        ]
        return self._annotations(told)

    def stored(self, run: str) -> list[Annotation]:
        """The same of a run of the past, by its id, with what is known today."""
        rows = self._store.occurrences(run=run)
        return self._annotations([_of_row(row) for row in rows if row["scope"] in SCOPES and not row["flaky"]])

    def scanned(self, flaws: Sequence[Flaw]) -> list[Annotation]:
        """Of what a scan found, whoever wrote it; what nobody recorded is new."""
        named = [(flaw, _identity(flaw)) for flaw in flaws[:ANNOTATIONS]]
        standings = self._standings({identity for _, identity in named})
        facts = self._facts([identity for _, identity in named])
        return ordered(
            _worded(_of_flaw(flaw, identity), facts.get(identity), standings.get(identity)) for flaw, identity in named
        )

    def run_named(self, name: str) -> str | None:
        """The id that is, or begins with, this; None where none does, or several do.

        `last` is the last run of the tests that recorded anything, or the last scan where no run of the tests did.
        """
        if name != "last" and self._store.occurrences(run=name, limit=1):
            return name
        latest = self._store.occurrences(limit=LOOKED_BACK)
        if name == "last":
            runs = [row["run"] for row in latest if row["source"] not in SCANS] or [row["run"] for row in latest]
            return str(runs[-1]) if runs else None
        begun = {str(row["run"]) for row in latest if str(row["run"]).startswith(name)} if name else set()
        return begun.pop() if len(begun) == 1 else None

    def _annotations(self, told: Sequence[Annotation]) -> list[Annotation]:
        fingerprints = [one.fingerprint for one in told]
        facts = self._facts(fingerprints)
        standings = self._standings(set(fingerprints))
        # What is not among the patterns that may be shown is hidden: a person muted it since, or it was forgotten.
        made = (
            _worded(one, facts[one.fingerprint], standings.get(one.fingerprint))
            for one in told
            if one.fingerprint in facts
        )
        return distinct(ordered(made))[:ANNOTATIONS]

    def _facts(self, fingerprints: Iterable[str]) -> dict[str, _Facts]:
        asked = list(dict.fromkeys(fingerprints))
        if not asked:
            return {}
        patterns = [hit.pattern for hit in self._store.named(asked)]
        known = self._lessons.known([pattern.fingerprint for pattern in patterns])
        rules = self._rules()
        return {
            pattern.fingerprint: _facts(pattern, known.get(pattern.fingerprint, Known()), rules.get(pattern.rule_id))
            for pattern in patterns
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    pattern: Pattern
    lesson: Lesson
    remedy: Remedy | None
    title: str


def _facts(pattern: Pattern, known: Known, rule: Rule | None) -> _Facts:
    worded = lesson(pattern, rule=rule, contexts=known.contexts, fixes=known.fixes, reworded=known.reworded)
    best = best_fix(known.fixes)
    remedy = Remedy(bad=best.bad, good=best.good, verified=True) if best is not None else None
    if worded.by == "person" and worded.good:  # what a person wrote stands before what was mined
        remedy = Remedy(bad=worded.bad, good=worded.good, verified=False)
    return _Facts(pattern=pattern, lesson=worded, remedy=remedy, title=worded.because or pattern.rule_id)


def _sentence(bare: Annotation, known: Lesson) -> str:
    if known.by == "person" and known.instead:
        return known.instead
    return bare.lesson or known.instead or known.because


def _worded(bare: Annotation, facts: _Facts | None, standing: Standing | None) -> Annotation:
    """With what is known of the pattern, and of how it stands."""
    if facts is not None:
        pattern = facts.pattern
        bare = replace(
            bare,
            title=facts.title,
            # What the detector said of this very failure names its symbols: only a person's words say more.
            lesson=_sentence(bare, facts.lesson),
            seen=max(pattern.frequency, 1),
            first_seen=pattern.first_seen,
            models=pattern.models,
            fix=facts.remedy,
            enforced=pattern.state == "enforced",
        )
    if standing is not None and standing.seen:
        fix = standing.fix
        bare = replace(
            bare,
            seen=max(standing.seen, bare.seen),
            first_seen=standing.first_seen or bare.first_seen,
            models=standing.models or bare.models,
            recurring=standing.recurring,
            enforced=standing.enforced or bare.enforced,
            fix=Remedy(bad=fix.bad, good=fix.good, verified=True) if bare.fix is None and fix is not None else bare.fix,
        )
    return bare


def _of_entry(entry: Entry, counted: str) -> Annotation:
    confidence = entry.findings[0].confidence if entry.findings else UNSURE
    told = {name: getattr(entry, name) for name in _TOLD}
    return _of_row({**told, "lesson": entry.lesson, "fingerprint": counted, "findings": [{"confidence": confidence}]})


def _of_row(row: Mapping[str, Any]) -> Annotation:
    path, line = _place(row["path"], row["line"], row["nodeid"])
    findings = row["findings"]
    return Annotation(
        path=path,
        line=line,
        end_line=line,
        fingerprint=row["fingerprint"],
        rule_id=row["rule_id"],
        category=row["category"],
        severity=row["severity"],
        title=row["rule_id"],
        lesson=row.get("lesson", ""),
        message=row["message"],
        models=(row["model"],),
        phase=_phase(row["source"], row["when"]),
        source=row["source"],
        confidence=findings[0]["confidence"] if findings else UNSURE,
        generated=row["scope"] == "generated",
        nodeid=row["nodeid"],
        function=row["function"] or "",
    )


def _place(path: str | None, line: int | None, nodeid: str) -> tuple[str, int]:
    """Where it is laid; where that is no file of the project, the file of its test."""
    if path and is_inside(path):
        return path, max(line or 1, 1)
    test = path_of(nodeid) if is_of_scan(nodeid) else nodeid.partition("::")[0]
    return (test, 1) if is_inside(test) else ("", 1)


def _phase(source: str, when: str) -> Phase:
    if source in SCANS:
        return "scan"
    if source in _BESIDE_TESTS:
        return "warning"
    return _PHASES.get(when, "call")


def _identity(flaw: Flaw) -> str:
    """The fingerprint that it is, or would be, recorded with."""
    found = Finding(rule=flaw.rule, symbols=flaw.symbols)
    return fingerprint(found, flaw.occurrence(0).exception, own_redact(flaw.message)).exact


def _of_flaw(flaw: Flaw, identity: str) -> Annotation:
    return Annotation(
        path=flaw.path,
        line=flaw.line,
        end_line=max(flaw.end_line, flaw.line),
        column=flaw.column or None,
        end_column=flaw.end_column or None,
        fingerprint=identity,
        rule_id=flaw.rule_id,
        category=flaw.category,
        severity=flaw.severity,
        title=flaw.message or flaw.rule_id,
        lesson=flaw.fix or flaw.message,
        message=flaw.message if flaw.fix else "",
        phase="scan",
        source=flaw.source,
        confidence=flaw.certainty,
        nodeid=flaw.nodeid,
        function=flaw.function,
        labels=(*flaw.cwe, *flaw.owasp),
    )
