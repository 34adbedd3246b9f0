"""Write failures down: attribute, classify, identify, redact, then store in one transaction."""

from __future__ import annotations

import ast
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from pathlib import PurePosixPath

from pytest_llmlearn.app.attribute import Attribution
from pytest_llmlearn.app.classify import Classifier
from pytest_llmlearn.app.ports import Store
from pytest_llmlearn.app.shown import kept
from pytest_llmlearn.app.shown import shown as as_shown
from pytest_llmlearn.domain import request, source, stub, words
from pytest_llmlearn.domain.contexts import contexts
from pytest_llmlearn.domain.culprit import Culprit
from pytest_llmlearn.domain.entry import Counted, Entry, FindingRow, Held, Run
from pytest_llmlearn.domain.finding import Finding, quotable
from pytest_llmlearn.domain.fingerprint import fingerprint
from pytest_llmlearn.domain.kin import kin
from pytest_llmlearn.domain.names import imports
from pytest_llmlearn.domain.occurrence import (
    MESSAGE_LIMIT,
    PROMPT_LIMIT,
    SCANS,
    STATEMENT_LIMIT,
    Occurrence,
    is_inside,
)
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.domain.redaction import redact as own_redact
from pytest_llmlearn.domain.source import Unit
from pytest_llmlearn.hookspecs import Evidence, Surroundings

log = logging.getLogger(__name__)
STORED_MESSAGE_LIMIT = 800
MODEL_LIMIT = 80
WORD_LIMIT = 160
FINDING_LIMIT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What came of recording a run: each entry with what it did to its pattern, in order.

    `unlaid` failures could not be laid on LLM-written code and were not recorded; `unknown` are the files of which
    nothing says who wrote them, and on which some of these would else have been laid.
    """

    entries: tuple[Entry, ...]
    counted: tuple[Counted, ...]
    unlaid: int
    unknown: tuple[str, ...] = ()


class Recorder:
    """The use case. `redact` makes text fit to be written down; `hold` says whether red units are kept for healing.

    `learned` is told what was recorded, each entry with the text of the file that it is laid on.
    """

    def __init__(
        self,
        *,
        store: Store,
        surroundings: Surroundings,
        attribution: Attribution,
        classifier: Classifier,
        redact: Callable[[str], str],
        hold: bool,
        learned: Callable[[Sequence[tuple[Entry, str]]], object] | None = None,
    ) -> None:
        self._learned = learned
        self._store = store
        self._surroundings = surroundings
        self._attribution = attribution
        self._classifier = classifier
        self._redact = lru_cache(maxsize=2048)(redact)  # one unit fails many tests
        self._hold = hold
        self._contexts = lru_cache(maxsize=512)(self._contexts_of)

    def record(self, run: Run, occurrences: Sequence[Occurrence]) -> Recording:
        """Record what can be laid on code; nothing is written where nothing can."""
        laid = [one for one in self._laid(run, occurrences) if one is not None]
        entries = tuple(entry for entry, _ in laid)
        counted = tuple(self._store.record(run, entries)) if entries else ()
        if entries and self._learned is not None:
            try:
                self._learned(laid)
            except Exception:  # what is learned from a failure beyond it must not lose the failure
                log.exception("nothing that recognises %d failures could be derived", len(entries))
        return Recording(
            entries=entries,
            counted=counted,
            unlaid=len(occurrences) - len(entries),
            unknown=tuple(sorted(self._attribution.unknown)),
        )

    def entries(self, run: Run, occurrences: Sequence[Occurrence]) -> list[Entry | None]:
        """What would be recorded of each, in order; None for what cannot be laid on code. Nothing is written."""
        return [laid[0] if laid is not None else None for laid in self._laid(run, occurrences)]

    def _laid(self, run: Run, occurrences: Sequence[Occurrence]) -> Iterator[tuple[Entry, str] | None]:
        """What would be recorded of each, with the text that it is laid on."""
        culprits = self._attribution.attribute(occurrences)
        for occurrence, culprit in zip(occurrences, culprits, strict=True):
            if culprit is None:
                yield None
            else:
                code = occurrence.code
                text = code if code is not None else self._surroundings.text(culprit.path) or ""
                yield self._entry(run, occurrence, culprit, text), text

    def _entry(self, run: Run, occurrence: Occurrence, culprit: Culprit, text: str) -> Entry:
        evidence = Evidence(
            path=culprit.path or None,
            text=text,
            unit=culprit.unit,
            surroundings=self._surroundings,
            in_test=culprit.in_test,
            test_text=self._surroundings.text(occurrence.test_path or occurrence.nodeid.partition("::")[0]) or "",
        )
        findings = self._classifier.findings(occurrence, evidence)
        chief = findings[0]
        unit_name = f"{module_name(culprit.path, self._surroundings)}:{culprit.unit.qualname}".rstrip(":")
        line = _line(culprit, findings)
        redact = self._redact
        message = redact(occurrence.message[:MESSAGE_LIMIT])[:STORED_MESSAGE_LIMIT]
        # Without any text every call is a code state of its own: what was not seen cannot be called equal.
        code_state = source.unit_hash(text, culprit.unit) if text else f"run:{run.run_id}"
        shown = as_shown(text, self._redact)
        statement = redact(occurrence.statement or "") or source.line_text(shown, line)
        statement = statement[:STATEMENT_LIMIT]
        lesson = redact(replace(chief, fields={"exception": occurrence.short_exception, **chief.fields}).lesson)
        return Entry(
            nodeid=redact(occurrence.nodeid),
            when=occurrence.when,
            source=occurrence.source,
            time=datetime.fromtimestamp(occurrence.time, UTC) if occurrence.time is not None else run.finished,
            exception=redact(occurrence.exception),
            message=message,
            path=(culprit.path if is_inside(culprit.path) else redact(culprit.path)) or None,
            line=line,
            function=culprit.unit.qualname or None,
            statement=statement or None,
            unit=unit_name,
            unit_hash=code_state,
            model=quotable(redact(_model(occurrence, culprit.provenance)))[:MODEL_LIMIT],
            tool=culprit.provenance.tool,
            provenance=culprit.provenance.type,
            confidence=culprit.provenance.confidence,
            scope=_scope(occurrence, culprit, chief),
            chosen_by=culprit.chosen_by,
            flaky=occurrence.flaky,
            # By our own table alone: what else is installed must not make it another mistake.
            fingerprint=fingerprint(chief, occurrence.exception, own_redact(occurrence.message), unit_name),
            rule_id=chief.rule_id,
            category=chief.category,
            severity=chief.severity,
            symbols=tuple(redact(symbol) for symbol in chief.symbols),
            lesson=lesson,
            snippet=source.snippet(text, line, shown, culprit.unit) or statement,
            words=" ".join(_words(occurrence, chief, message, unit_name, statement, redact)),
            findings=tuple(
                FindingRow(
                    rule_id=finding.rule_id,
                    severity=finding.severity,
                    line=finding.line,
                    confidence=finding.confidence,
                    detail=redact(finding.detail)[:200],
                )
                for finding in findings[:FINDING_LIMIT]
            ),
            task=redact(occurrence.task) if occurrence.task else None,
            held=tuple(self._held(occurrence, culprit, text)) if self._hold else (),
            contexts=self._contexts(text, culprit.unit, culprit.path),
            stub=_is_stub(occurrence, culprit.unit, text),
            kin=_kin(occurrence, chief, redact),
            # Cut once more: the half of a secret that the first limit leaves is not known for one.
            prompt=redact(occurrence.prompt[:PROMPT_LIMIT])[: request.LIMIT] if occurrence.prompt else None,
        )

    def _contexts_of(self, text: str, unit: Unit, path: str) -> tuple[str, ...]:
        """In what surroundings the unit stands; modules of the project's own say nothing."""
        if not text:
            return ()
        tops = {entry.module.partition(".")[0] for entry in imports(text)}
        own = frozenset(top for top in tops if top and self._surroundings.own_module(top, path) is not None)
        return tuple(map(self._redact, contexts(text, unit, path, own)))

    def _held(self, occurrence: Occurrence, culprit: Culprit, text: str) -> Iterator[Held]:
        """The failing unit and the failing test as they are now: the usual loop commits nothing before the repair."""
        if occurrence.source == "handed-in" or culprit.broken_test or not text:
            return
        yield self._keep("unit", culprit.path, culprit.unit, text)
        if occurrence.source in SCANS:
            return
        path = occurrence.test_path or occurrence.nodeid.partition("::")[0]
        test_text = self._surroundings.text(path)
        name = ".".join(part.partition("[")[0] for part in occurrence.nodeid.split("::")[1:])
        test = source.unit_named(test_text, name) if test_text else None
        if test is not None and test_text:
            yield self._keep("test", path, test, test_text)

    def _keep(self, kind: str, path: str, unit: Unit, text: str) -> Held:
        text = kept(as_shown(text, self._redact), unit)
        content = "\0".join((path, unit.qualname, text)).encode("utf-8", "replace")
        digest = f"b2:{blake2b(content, digest_size=12).hexdigest()}"
        return Held(
            digest=digest, kind="test" if kind == "test" else "unit", path=path, qualname=unit.qualname, text=text
        )


def _is_stub(occurrence: Occurrence, unit: Unit, text: str) -> bool:
    """Whether it failed because it is not written yet: it says so, or it does nothing."""
    if occurrence.short_exception == "NotImplementedError":
        return True
    if not text or unit.kind not in ("function", "class"):
        return False
    node = next((node for name, node in source.defined(text) if name == unit.qualname), None)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and sum(map(_does_something, node.body)) > 1:
        return False  # told by the tree that is there already: most units need not be parsed by themselves
    return _is_stub_text(source.unit_text(text, unit))


def _does_something(node: ast.stmt) -> bool:
    return not isinstance(node, ast.Pass) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


_is_stub_text = lru_cache(maxsize=512)(stub.is_stub)  # one unit fails many tests


def module_name(path: str, surroundings: Surroundings) -> str:
    """The dotted name under which a file is imported: as many folders as hold an `__init__.py`."""
    pure = PurePosixPath(path)
    parts = [] if pure.stem == "__init__" else [pure.stem]
    for folder in pure.parents:
        if not folder.name or surroundings.text(f"{folder}/__init__.py") is None:
            break
        parts.append(folder.name)
    return ".".join(reversed(parts)) or pure.stem


def _line(culprit: Culprit, findings: Sequence[Finding]) -> int:
    """The failing statement where it is the culprit's own, else what a detector named, else the unit's `def` line."""
    if culprit.line is not None:
        return culprit.line
    inside = [finding.line for finding in findings if finding.line is not None and culprit.unit.holds(finding.line)]
    return inside[0] if inside else culprit.unit.line


def _model(occurrence: Occurrence, provenance: Provenance) -> str:
    if occurrence.source == "handed-in" and occurrence.model:
        return occurrence.model
    return provenance.model or occurrence.model or provenance.tool or "unknown"


def _scope(occurrence: Occurrence, culprit: Culprit, chief: Finding) -> str:
    if chief.scope is not None:
        return chief.scope
    if culprit.broken_test:
        return "test"
    written = culprit.provenance.generated or (occurrence.source == "handed-in" and occurrence.model is not None)
    return "generated" if written else "other"


def _kin(occurrence: Occurrence, chief: Finding, redact: Callable[[str], str]) -> str:
    """What a scan found is kin by its rule, whatever the rule says of it."""
    if occurrence.source in SCANS:
        return f"{occurrence.source}:{chief.rule_id}"
    return kin(
        redact(occurrence.exception),
        redact(occurrence.message[:MESSAGE_LIMIT]),
        redact(occurrence.nodeid),
        asserted=chief.unit_decides,
    )


def _words(
    occurrence: Occurrence, chief: Finding, message: str, unit_name: str, statement: str, redact: Callable[[str], str]
) -> list[str]:
    """The stemmed words by which the pattern can be found, most telling first, without repetition.

    What this failure says, never the fixed prose of its rule: that one stands in every pattern of the rule, and would
    answer questions that happen to use an English word of it.
    """
    fields = map(redact, (*chief.symbols, *chief.fields.values()))
    # What a scan says of a place is its rule's prose.
    said = "" if occurrence.source in SCANS else message
    told = (chief.rule_id.replace(".", " "), *fields, unit_name, said)
    found = dict.fromkeys(word for text in (*told, statement) for word in words.words(text))
    return list(found)[:WORD_LIMIT]
