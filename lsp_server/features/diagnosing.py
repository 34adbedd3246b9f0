"""What a document goes through, and the diagnostics that come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from lsp_server.convert_diagnostics import result_id
from lsp_server.features import keeping, scanning
from lsp_server.features.publishing import diagnostics_of, publish, publish_soon, pulls

if TYPE_CHECKING:
    from lsp_server.server import LessonsServer


def register(server: LessonsServer) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        publish_soon(server, params.text_document.uri, at_once=True)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        server.looks.outdate(params.text_document.uri)
        publish_soon(server, params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        document = server.documents.get(params.text_document.uri)
        if document is not None:
            if document.is_python and not document.settled:
                server.begin(keeping.saved(server, document))
            document.save()
            publish_soon(server, document.uri, at_once=True)
            scanning.saved(server, document)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        about_to_be_told = server.telling.pop(params.text_document.uri, None)
        if about_to_be_told is not None:
            about_to_be_told.cancel()  # nobody would take it back
        server.looks.forget(params.text_document.uri)
        server.scanning.pop(params.text_document.uri, None)
        server.flaws.pop(params.text_document.uri, None)
        if not pulls(server):
            publish(server, params.text_document.uri, None, [])
            server.told.pop(params.text_document.uri, None)

    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, types.DiagnosticOptions(False, False, identifier="llmlearn"))
    async def pulled(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        document = server.documents.get(params.text_document.uri)
        found = await diagnostics_of(server, document) if document is not None else []
        name = result_id(found)
        if name == params.previous_result_id:
            return types.RelatedUnchangedDocumentDiagnosticReport(result_id=name)
        return types.RelatedFullDocumentDiagnosticReport(items=found, result_id=name)
