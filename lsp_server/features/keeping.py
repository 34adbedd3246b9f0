"""What is done for a session beside the answers: warming it, and proving its matchers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lsp_server.features import publishing
from pytest_llmlearn.errors import LlmlearnError

if TYPE_CHECKING:
    from lsp_server.server import LessonsServer
    from lsp_server.session import Session

log = logging.getLogger(__name__)


async def prepare(server: LessonsServer, session: Session) -> None:
    """Open the session's memory before it is asked, and try its matchers on what the project has now."""
    try:
        await session.ask(lambda memory: memory.patterns(limit=1), urgent=False)
        await session.share()
        await session.work("proving", lambda memory: memory.prove_matchers(session.ended.is_set))
    except (LlmlearnError, OSError) as error:
        server.tell(str(error))
    else:
        session.round += 1
        publishing.refresh(server)
