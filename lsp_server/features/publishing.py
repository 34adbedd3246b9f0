"""Telling diagnostics: to clients that wait for them, and for those that ask.

After a change it is waited for the next one, so that typing is never looked at letter by letter.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.convert_diagnostics import result_id, to_diagnostics
from lsp_server.convert_flaws import still_there
from lsp_server.documents import Document
from lsp_server.looks import Outdated
from lsp_server.protocol import Retrigger

if TYPE_CHECKING:
    from lsp_server.server import LessonsServer


async def diagnostics_of(server: LessonsServer, document: Document) -> list[types.Diagnostic]:
    """What is known to be wrong in the document now.

    Raises:
        Retrigger: it has changed meanwhile; the client may ask again.
    """
    place = await server.place_of(document) if document.is_python else None
    if place is None:
        return []
    session, path = place
    try:
        look = await server.looks.of(document, session, path)
    except Outdated:
        raise Retrigger from None
    flaws = still_there(server.flaws.get(document.uri, ()), look.lines)
    return to_diagnostics(look, flaws, session.root, server.terms)


def pulls(server: LessonsServer) -> bool:
    """Whether the client asks for diagnostics: one that does is not told them too, or it would show them twice."""
    document = server.client_capabilities.text_document
    return document is not None and document.diagnostic is not None


def refresh(server: LessonsServer) -> None:
    """What is recognised in the open documents may be another now, though they have not changed."""
    if not pulls(server):
        for document in server.documents:
            publish_soon(server, document.uri, at_once=True)
        return
    _ask_to_pull(server)


def told_anew(server: LessonsServer, document: Document) -> None:
    """The same for one document."""
    if pulls(server):
        _ask_to_pull(server)
    else:
        publish_soon(server, document.uri, at_once=True)


def _ask_to_pull(server: LessonsServer) -> None:
    workspace = server.client_capabilities.workspace
    told: Any = workspace.diagnostics if workspace is not None else None
    if told is not None and told.refresh_support:
        server.begin(server.workspace_diagnostic_refresh_async(None))


def publish_soon(server: LessonsServer, uri: str, *, at_once: bool = False) -> None:
    """Tell the client of the document's diagnostics, unless it changes before."""
    document = server.documents.get(uri)
    if document is None or pulls(server) or not document.is_python:
        return
    before = server.telling.pop(document.uri, None)
    if before is not None:
        before.cancel()
    server.telling[document.uri] = server.begin(_after_pause(server, document, at_once))


async def _after_pause(server: LessonsServer, document: Document, at_once: bool) -> None:
    if not at_once:
        await asyncio.sleep(await _pause(server, document))
    try:
        found = await diagnostics_of(server, document)
    except Retrigger:  # whatever changed it has begun another one
        return
    publish(server, document.uri, document.version, found)


async def _pause(server: LessonsServer, document: Document) -> float:
    place = await server.place_of(document)
    return place[0].settings.lsp_debounce_ms / 1000 if place is not None else 0.0


def publish(server: LessonsServer, uri: str, version: int | None, found: list[types.Diagnostic]) -> None:
    """Tell the client, unless it was told the same of that version before."""
    now = version, result_id(found)
    if server.told.get(uri) == now:
        return
    server.told[uri] = now
    server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))
