"""What was recognised, as the client's diagnostics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.convert_positions import Encoding, to_range
from pytest_llmlearn.domain.tree import Span

if TYPE_CHECKING:
    from lsp_server.looks import Look, Seen
    from pytest_llmlearn.domain.flaw import Flaw
    from pytest_llmlearn.domain.pattern import Pattern

SOURCE = "llmlearn"
_SEVERITY = {
    "critical": types.DiagnosticSeverity.Warning,
    "major": types.DiagnosticSeverity.Warning,
    "minor": types.DiagnosticSeverity.Information,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the client understands of diagnostics, and how it counts characters."""

    encoding: Encoding = "utf-16"
    related: bool = False
    tags: frozenset[types.DiagnosticTag] = frozenset()
    data: bool = True


def to_diagnostics(look: Look, flaws: Sequence[Flaw], root: Path, terms: Terms) -> list[types.Diagnostic]:
    """All that is known to be wrong in one state of a document."""
    seen = [to_diagnostic(one, look.lines, root, terms) for one in look.seen]
    told = {(one.code, one.range.start.line) for one in seen}
    scanned = [flaw_to_diagnostic(flaw, look.lines, terms) for flaw in flaws]
    return seen + [one for one in scanned if (one.code, one.range.start.line) not in told]


def to_diagnostic(one: Seen, lines: Sequence[str], root: Path, terms: Terms) -> types.Diagnostic:
    """A recognised mistake: never an error, for the code may be right."""
    pattern, matcher = one.pattern, one.sighting.matcher
    return types.Diagnostic(
        range=to_range(lines, one.sighting.span, terms.encoding),
        message=message_of(one),
        severity=_SEVERITY[pattern.severity],
        code=pattern.rule_id,
        source=SOURCE,
        tags=_tags(pattern.rule_id, terms) or None,
        related_information=_before(pattern, root) if terms.related else None,
        data={"fingerprint": pattern.fingerprint, "matcher": matcher.key} if terms.data else None,
    )


def message_of(one: Seen) -> str:
    """What goes wrong here, what to do instead, and how often it went wrong; one line."""
    from pytest_llmlearn.domain.lesson import times  # the server's start needs no words

    lesson, pattern, matcher = one.lesson, one.pattern, one.sighting.matcher
    if matcher.body.get("any"):
        # Recognised as a mistake of that rule, with names of its own: the lesson speaks of others.
        said = [one.sighting.why, lesson.because]
    elif matcher.kind == "shape":
        # What a shape was recognised by is its pattern, which says nothing to people.
        said = [lesson.because, lesson.instead or pattern.lesson]
    else:
        said = [lesson.instead or pattern.lesson or one.sighting.why]
    parts = [part.strip().rstrip(".") for part in dict.fromkeys(said) if part.strip()]
    stated = ". ".join(f"{part[:1].upper()}{part[1:]}" for part in parts) or pattern.rule_id
    by = f", by {pattern.models[0]}" if pattern.models else ""
    often = f"seen {times(pattern.frequency)}{by}" if pattern.frequency else "learned elsewhere"
    return f"{stated} ({often})."


def flaw_to_diagnostic(flaw: Flaw, lines: Sequence[str], terms: Terms) -> types.Diagnostic:
    """What a scan found."""
    end = flaw.end_column - 1 if flaw.end_column else len(lines[min(flaw.end_line, len(lines)) - 1])
    span = Span(flaw.line, max(flaw.column - 1, 0), flaw.end_line, end)
    instead = f" Instead: {flaw.fix}" if flaw.fix and flaw.fix != flaw.message else ""
    return types.Diagnostic(
        range=to_range(lines, span, terms.encoding),
        message=f"{flaw.message}{instead}",
        severity=_SEVERITY[flaw.severity],
        code=flaw.rule_id,
        source=SOURCE,
        data={"rule": flaw.rule_id, "scan": True} if terms.data else None,
    )


def _before(pattern: Pattern, root: Path) -> list[types.DiagnosticRelatedInformation] | None:
    """Where the mistake was seen last."""
    if pattern.path is None:
        return None
    place = types.Position(max((pattern.line or 1) - 1, 0), 0)
    told = f"here it failed before: {pattern.message or pattern.exception}"
    location = types.Location((root / pattern.path).as_uri(), types.Range(place, place))
    return [types.DiagnosticRelatedInformation(location, told)]


def _tags(rule_id: str, terms: Terms) -> list[types.DiagnosticTag]:
    tag = None
    if any(word in rule_id for word in ("removed", "moved", "deprecated")):
        tag = types.DiagnosticTag.Deprecated
    elif rule_id == "syntax.prose-or-fence-in-code":
        tag = types.DiagnosticTag.Unnecessary
    return [tag] if tag is not None and tag in terms.tags else []


def result_id(diagnostics: Sequence[types.Diagnostic]) -> str:
    """A name of exactly these: equal ones have the same."""
    digest = blake2b(digest_size=8)
    for one in diagnostics:
        digest.update(repr((one.range, one.message, one.severity, one.code, one.tags, one.data)).encode())
    return digest.hexdigest()


def to_terms(capabilities: types.ClientCapabilities, encoding: Encoding) -> Terms:
    """What the client said of itself."""
    document = capabilities.text_document
    told: Any = document.publish_diagnostics if document is not None else None
    supported = told.tag_support.value_set if told is not None and told.tag_support is not None else ()
    return Terms(
        encoding=encoding,
        related=bool(told is not None and told.related_information),
        tags=frozenset(supported),
        data=True,
    )
