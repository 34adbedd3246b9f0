"""What the server answers, a room for each kind of question. A room's `register` gives its handlers to a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lsp_server.server import LessonsServer


def register(server: LessonsServer) -> None:
    """All of them."""
    from lsp_server.features import acting, asking, commanding, diagnosing, life, reading

    for room in (life, diagnosing, asking, acting, commanding, reading):
        room.register(server)
