"""What is told where the reader's eye is: hovers over mistakes and what they were made with, lenses over functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.convert_positions import to_place, to_range
from lsp_server.convert_words import Lens, lenses, markdown, plain
from lsp_server.features.acting import looked
from lsp_server.symbols import symbols_at, units_of
from pytest_llmlearn.domain.tree import Span
from pytest_llmlearn.errors import LlmlearnError

if TYPE_CHECKING:
    from lsp_server.documents import Document
    from lsp_server.looks import Look
    from lsp_server.server import LessonsServer
    from lsp_server.session import Session
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.domain.lesson import Lesson
    from pytest_llmlearn.domain.pattern import Pattern

Known = list[tuple["Pattern", "Lesson"]]
MOST = 3
"""Lessons in one hover."""


def register(server: LessonsServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(params: types.HoverParams) -> types.Hover | None:
        document = server.documents.get(params.text_document.uri)
        found = await looked(server, document) if document is not None else None
        if document is None or found is None:
            return None
        line, column = to_place(found[1].lines, params.position, server.documents.encoding)
        known, span = await _known_at(*found, line, column)
        if not known:
            return None
        return types.Hover(_content(server, known), to_range(found[1].lines, span, server.documents.encoding))

    @server.feature(types.TEXT_DOCUMENT_CODE_LENS, types.CodeLensOptions(resolve_provider=False))
    async def lens(params: types.CodeLensParams) -> list[types.CodeLens]:
        document = server.documents.get(params.text_document.uri)
        return await _lenses(server, document) if document is not None and document.is_python else []


async def _known_at(session: Session, look: Look, line: int, column: int) -> tuple[Known, Span]:
    """What is recognised in that line (from 0); else what was learned of the name at that column."""
    here = [one for one in look.seen if one.sighting.span.line <= line + 1 <= one.sighting.span.end_line]
    if here:
        return [(one.pattern, one.lesson) for one in here[:MOST]], here[0].sighting.span
    nowhere = Span(line + 1, column, line + 1, column)

    def ask(memory: Memory) -> tuple[Known, Span]:
        symbols, span = symbols_at(look.text, look.lines[line], line, column)
        return [(one, memory.lesson(one.fingerprint)) for one in memory.of_symbols(symbols)[:MOST]], span

    try:
        return await session.ask(ask)
    except LlmlearnError:  # what cannot be read now is not told; whoever hovers wants no error
        return [], nowhere


def _content(server: LessonsServer, known: Known) -> types.MarkupContent:
    document: Any = server.client_capabilities.text_document
    told = document.hover if document is not None else None
    formats = (told.content_format if told is not None else None) or ()
    if types.MarkupKind.Markdown in formats:
        return types.MarkupContent(types.MarkupKind.Markdown, "\n\n---\n\n".join(markdown(*one) for one in known))
    return types.MarkupContent(types.MarkupKind.PlainText, "\n\n".join(plain(*one) for one in known))


async def _lenses(server: LessonsServer, document: Document) -> list[types.CodeLens]:
    place = await server.place_of(document)
    if place is None:
        return []
    session, path = place
    text, uri = document.text, document.uri

    def ask(memory: Memory) -> list[Lens]:
        patterns = memory.in_file(path)
        return lenses(patterns, units_of(text)) if patterns else []

    try:
        found = await session.ask(ask)
    except LlmlearnError:  # what cannot be read now is not told
        return []
    return [
        types.CodeLens(
            types.Range(types.Position(one.line, 0), types.Position(one.line, 0)),
            types.Command(
                one.title,
                "llmlearn.explain",
                arguments=[{"fingerprint": one.fingerprint, "uri": uri, "show": True}],
            ),
        )
        for one in found
    ]
