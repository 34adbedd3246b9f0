"""The server: pygls with the project's sessions, documents and looks; what it answers stands in `lsp_server.features`.

Each handler reads what the client sent, asks, converts and returns; what takes time is done in a session's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from pytest_llmlearn import __version__
from pytest_llmlearn.errors import MissingExtra

try:
    from lsprotocol import types
    from pygls.lsp.server import LanguageServer
except ImportError as error:
    raise MissingExtra("lsp", "the language server") from error

from lsp_server.convert_diagnostics import Terms
from lsp_server.convert_edits import Abilities
from lsp_server.documents import Document, Documents
from lsp_server.looks import Looks
from lsp_server.protocol import Protocol
from lsp_server.session import OpenMemory, Session, open_memory
from lsp_server.sessions import Sessions, to_path

if TYPE_CHECKING:
    from pytest_llmlearn.domain.flaw import Flaw

log = logging.getLogger(__name__)


class LessonsServer(LanguageServer):
    """One client's server."""

    protocol: Protocol

    def __init__(self, open_memory: OpenMemory = open_memory) -> None:
        super().__init__("llmlearn", __version__, protocol_cls=Protocol)
        self.sessions = Sessions(tell=self._tell_from_thread, begun=self._begun, open_memory=open_memory)
        self.looks = Looks()
        self.terms = Terms()
        self.abilities = Abilities()
        self.ready = asyncio.Event()
        """Set once the client's options are known."""
        self.telling: dict[str, asyncio.Task[Any]] = {}
        """What is about to be told of each document."""
        self.told: dict[str, tuple[int | None, str]] = {}
        """Of which version of each document the client was told what."""
        self.scanning: dict[str, asyncio.Task[Any]] = {}
        """What is scanned of each document."""
        self.flaws: dict[str, Sequence[Flaw]] = {}
        """What the last scan found in each open document's file."""
        self.client: int | None = None
        """The client's process, where it is one of this machine."""
        self._shown: set[str] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def documents(self) -> Documents:
        return self.protocol.documents

    def begin(self, job: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Do something beside; what goes wrong with it is logged."""
        self._loop = asyncio.get_running_loop()
        task = self._loop.create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("what was done beside failed", exc_info=error)

    async def place_of(self, document: Document) -> tuple[Session, str] | None:
        """The session of a document's project, and the document's path there; None where there is none."""
        await self.ready.wait()
        path = to_path(document.uri)
        session = await self.sessions.of(document.uri) if path is not None else None
        inside = session.relative(path) if session is not None and path is not None else None
        return (session, inside) if session is not None and inside is not None else None

    def tell(self, sentence: str) -> None:
        """Show a person a sentence, once, and log it."""
        if sentence in self._shown:
            return
        self._shown.add(sentence)
        log.warning("%s", sentence)
        self.window_show_message(types.ShowMessageParams(types.MessageType.Warning, f"llmlearn: {sentence}"))

    def _tell_from_thread(self, sentence: str) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.tell, sentence)

    def _begun(self, session: Session) -> None:
        from lsp_server.features import keeping

        self.begin(keeping.prepare(self, session))

    async def leave(self) -> None:
        """The client is gone: end what is under way and close what is open."""
        for task in tuple(self._tasks):
            task.cancel()
        self.looks.forget()
        await self.sessions.forget()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Not shown to anybody: it is logged where it happened."""
        log.error("%s", error)


def make_server(open_memory: OpenMemory = open_memory) -> LessonsServer:
    """A server with all its features, for one client."""
    from lsp_server.features import register

    server = LessonsServer(open_memory)
    register(server)
    return server
