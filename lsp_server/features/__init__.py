"""What the server answers, a room for each kind of question. A room's `register` gives its handlers to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lsp_server.server import LessonsServer


def register(server: LessonsServer) -> None:
    """All of them."""
    from lsp_server.features import asking, diagnosing, life

    for room in (life, diagnosing, asking):
        room.register(server)
