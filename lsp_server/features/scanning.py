"""Semgrep over each file that is saved, in the background; whoever has none hears nothing of it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from uuid import uuid4

from lsprotocol import types

from lsp_server.features import publishing
from pytest_llmlearn.errors import LlmlearnError, ScannerUnavailable

if TYPE_CHECKING:
    from lsp_server.documents import Document
    from lsp_server.server import LessonsServer
    from lsp_server.session import Session
    from pytest_llmlearn.app.scan import Scanned

QUIET_SECONDS = 0.5
"""How long a scan may take before it is told that there is one."""

log = logging.getLogger(__name__)


def saved(server: LessonsServer, document: Document) -> None:
    """Scan the file that was saved, in place of what is still scanned of it."""
    before = server.scanning.pop(document.uri, None)
    if before is not None:
        before.cancel()
    server.scanning[document.uri] = server.begin(_scan(server, document))


async def _scan(server: LessonsServer, document: Document) -> None:
    place = await server.place_of(document) if document.is_python else None
    if place is None or not place[0].settings.lsp_scan_on_save or place[0].settings.scan == "off":
        return
    session, path = place
    scan = asyncio.ensure_future(_scanned(session, path))
    try:
        done, _ = await asyncio.wait([scan], timeout=QUIET_SECONDS)
        found = scan.result() if done else await _with_progress(server, scan, path)
    finally:
        scan.cancel()
    if found is not None and server.documents.get(document.uri) is document:  # else it was closed meanwhile
        server.flaws[document.uri] = found.flaws
        publishing.told_anew(server, document)


async def _scanned(session: Session, path: str) -> Scanned | None:
    """What the scan found; None where it cannot be scanned."""
    try:
        return await session.work("scanning", lambda memory: memory.scan([str(session.root / path)]))
    except ScannerUnavailable as error:
        log.info("%s was not scanned: %s", path, error)
    except (LlmlearnError, OSError) as error:
        log.warning("%s was not scanned: %s", path, error)
    return None


async def _with_progress(server: LessonsServer, scan: asyncio.Future[Scanned | None], path: str) -> Scanned | None:
    """The scan's answer; None where a person called it off."""
    window = server.client_capabilities.window
    if window is None or not window.work_done_progress:
        return await scan
    token, progress = f"llmlearn-{uuid4().hex}", server.work_done_progress
    try:
        await progress.create_async(token)
    except Exception as error:  # a client that wants none of it gets none, but what was found all the same
        log.info("the client shows no progress: %s", error)
        return await scan
    progress.begin(token, types.WorkDoneProgressBegin(f"llmlearn: scanning {path}", cancellable=True))
    called_off = asyncio.wrap_future(progress.tokens[token])
    try:
        await asyncio.wait([scan, called_off], return_when=asyncio.FIRST_COMPLETED)
        return scan.result() if scan.done() and not scan.cancelled() else None
    finally:
        called_off.cancel()
        progress.tokens.pop(token, None)
        progress.end(token, types.WorkDoneProgressEnd())
