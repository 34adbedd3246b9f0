"""What is asked before code is written: the command and the request `relevantMistakes`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.convert_guidance import Asked, from_arguments, from_object, to_client
from lsp_server.convert_positions import to_span
from lsp_server.protocol import Refused
from lsp_server.sessions import to_path
from pytest_llmlearn.errors import LlmlearnError

if TYPE_CHECKING:
    from lsp_server.server import LessonsServer
    from lsp_server.session import Session

NAME = "relevantMistakes"


def register(server: LessonsServer) -> None:
    @server.command(f"llmlearn.{NAME}")
    async def command(*arguments: Any) -> dict[str, Any]:
        return await answer(server, from_arguments(arguments))

    @server.feature(f"llmlearn/{NAME}")
    async def request(parameters: Any) -> dict[str, Any]:
        return await answer(server, from_object(parameters))


async def answer(server: LessonsServer, asked: Asked) -> dict[str, Any]:
    """What was learned that matters for a text about to be written.

    Raises:
        Refused: no project is open, or its memory cannot be asked.
    """
    from pytest_llmlearn.domain.guidance import Query

    session = await session_of(server, asked.uri)
    path = to_path(asked.uri)
    terms = session.settings
    query = Query(
        text=asked.text,
        path=session.relative(path) if path is not None else None,
        model=asked.model,
        limit=asked.limit or terms.limit,
        budget=terms.budget if asked.budget is None else asked.budget,
        threshold=terms.threshold if asked.threshold is None else asked.threshold,
        unit=_unit(server, asked),
        channel="lsp",
        style=asked.style,
    )
    try:
        return to_client(await session.ask(lambda memory: memory.recall(query)))
    except LlmlearnError as error:
        raise Refused(str(error)) from error


async def session_of(server: LessonsServer, uri: str | None) -> Session:
    """The session of the file's project, of the first folder's, or of the one that the server was started in.

    Raises:
        Refused: the file belongs to no project with a memory.
    """
    await server.ready.wait()
    session = await server.sessions.of(uri) if uri is not None else None
    session = session or await server.sessions.first()
    if session is None:
        raise Refused("no folder is open, and there is no project here that anything was learned in")
    return session


def _unit(server: LessonsServer, asked: Asked) -> str | None:
    """The function or class that the range lies in."""
    document = server.documents.get(asked.uri) if asked.uri is not None else None
    if document is None or asked.range is None:
        return None
    try:
        area = server.protocol.structure(asked.range, types.Range)
    except ValueError as error:
        raise JsonRpcInvalidParams(f"{NAME}: range: {error}") from None
    from pytest_llmlearn.domain.source import unit_at

    span = to_span(document.lines, area, server.documents.encoding)
    return unit_at(document.text, span.line).qualname or None
