"""What is done for a session beside the answers: warming it, proving its matchers, keeping up with the project."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lsp_server.features import publishing
from pytest_llmlearn.errors import LlmlearnError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lsp_server.documents import Document
    from lsp_server.server import LessonsServer
    from lsp_server.session import Session
    from pytest_llmlearn.bootstrap import Memory

log = logging.getLogger(__name__)


async def prepare(server: LessonsServer, session: Session) -> None:
    """Open the session's memory before it is asked, and try its matchers on what the project has now."""
    try:
        await session.ask(lambda memory: memory.patterns(limit=1), urgent=False)
        await session.share()
    except (LlmlearnError, OSError) as error:
        server.tell(str(error))
    await prove(server, session)


async def prove(server: LessonsServer, session: Session) -> None:
    """Try matchers on the code that passes, where either is new: what was just learned is to prove itself too."""
    if session.proving:
        return
    session.proving = True
    try:
        done = await session.work("proving", lambda memory: _proved(memory, session.ended.is_set))
    except (LlmlearnError, OSError) as error:
        server.tell(str(error))
    else:
        if done:
            session.round += 1
            publishing.refresh(server)
    finally:
        session.proving = False


def _proved(memory: Memory, ended: Callable[[], bool]) -> bool:
    if not memory.proof_due:
        return False
    memory.prove_matchers(ended)
    return True


async def saved(server: LessonsServer, document: Document) -> None:
    """The document's file is another now."""
    place = await server.place_of(document)
    if place is not None:
        await made_anew(server, place[0])


async def made_anew(server: LessonsServer, session: Session) -> None:
    """The project's Python files are others now: what exists there is asked anew, by all that is open of it.

    Packages that came or went meanwhile are seen with it, for no client tells of those.
    """
    await session.ask(lambda memory: memory.forget_looks())
    session.round += 1
    publishing.refresh(server)
    server.begin(prove(server, session))
