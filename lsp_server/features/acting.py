"""Code actions where a mistake is recognised: the verified fix, and what people say of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.convert_diagnostics import to_diagnostic
from lsp_server.convert_edits import QUICK, is_wanted, to_action, to_text_edits, to_workspace_edit
from lsp_server.convert_positions import to_span
from lsp_server.looks import Look, Outdated, Seen
from lsp_server.protocol import Refused, Retrigger
from pytest_llmlearn.errors import LlmlearnError

if TYPE_CHECKING:
    from lsp_server.documents import Document
    from lsp_server.server import LessonsServer
    from lsp_server.session import Session

Actions = list[types.CodeAction | types.Command]


def register(server: LessonsServer) -> None:
    options = types.CodeActionOptions(code_action_kinds=[QUICK], resolve_provider=True)

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, options)
    async def actions(params: types.CodeActionParams) -> Actions:
        document = server.documents.get(params.text_document.uri)
        if document is None or not is_wanted(params.context.only):
            return []
        found = await looked(server, document)
        if found is None:
            return []
        session, look = found
        area = to_span(look.lines, params.range, server.documents.encoding)
        here = [one for one in look.seen if one.sighting.span.line <= area.end_line]
        here = [one for one in here if one.sighting.span.end_line >= area.line]
        return [action for one in here for action in await _of(server, document, session, look, one)]

    @server.feature(types.CODE_ACTION_RESOLVE)
    async def resolve(action: types.CodeAction) -> types.CodeAction:
        data: Any = action.data
        document = server.documents.get(str(data.get("uri"))) if isinstance(data, dict) else None
        found = await looked(server, document) if document is not None else None
        if document is None or found is None:
            return action
        session, look = found
        here = [one for one in look.seen if one.sighting.matcher.key == data.get("matcher")]
        here.sort(key=lambda one: abs(one.sighting.span.line - data.get("line", 0)))
        edit = await _edit(server, document, session, look, here[0]) if here else None
        if edit is None:
            raise Refused("the code has changed, and the fix does not apply to it any more")
        action.edit = edit[1]
        return action


async def looked(server: LessonsServer, document: Document) -> tuple[Session, Look] | None:
    """The session of the document's project and what is recognised in the document now; None where there is none.

    Raises:
        Retrigger: it has changed meanwhile.
    """
    place = await server.place_of(document) if document.is_python else None
    if place is None:
        return None
    try:
        return place[0], await server.looks.of(document, *place)
    except Outdated:
        raise Retrigger from None


async def _of(server: LessonsServer, document: Document, session: Session, look: Look, one: Seen) -> Actions:
    diagnostic = to_diagnostic(one, look.lines, session.root, server.terms)
    made: Actions = []
    fix = await _edit(server, document, session, look, one) if server.abilities.literals else None
    if fix is not None:
        made.append(_fix(server, document, one, diagnostic, *fix))
    said: dict[str, Any] = {
        "fingerprint": one.pattern.fingerprint,
        "matcher": one.sighting.matcher.key,
        "uri": document.uri,
    }
    said = {**said, "line": one.sighting.span.line - 1, "show": True, "word": "wrong"}
    commands = [
        ("Copy the lesson", "llmlearn.copyLesson"),
        ("Explain", "llmlearn.explain"),
        *([("Open where it failed before", "llmlearn.openPattern")] if one.pattern.path is not None else []),
        ("Not here", "llmlearn.notHere"),
        ("Wrong: this code is right", "llmlearn.rate"),
        ("Never again: mute", "llmlearn.mute"),
    ]
    named = [(f"{title} ({one.pattern.rule_id})", command) for title, command in commands]
    return made + [to_action(title, command, said, [diagnostic], server.abilities) for title, command in named]


def _fix(
    server: LessonsServer,
    document: Document,
    one: Seen,
    diagnostic: types.Diagnostic,
    title: str,
    edit: types.WorkspaceEdit,
) -> types.CodeAction:
    """The verified fix; with the edit itself only for clients that do not ask for it when they need it."""
    later = server.abilities.resolves
    data = {"uri": document.uri, "matcher": one.sighting.matcher.key, "line": one.sighting.span.line}
    return types.CodeAction(
        title,
        kind=QUICK,
        diagnostics=[diagnostic],
        is_preferred=True if server.abilities.prefers else None,
        edit=None if later else edit,
        data=data if later else None,
    )


async def _edit(
    server: LessonsServer, document: Document, session: Session, look: Look, one: Seen
) -> tuple[str, types.WorkspaceEdit] | None:
    """What the fix is called and what it changes; None where none surely applies."""
    try:
        mend = await session.ask(lambda memory: memory.mend(look.path, look.text, one.sighting))
    except LlmlearnError:  # the fixes cannot be read now: the rest of what is offered does not need them
        return None
    if mend is None:
        return None
    edits: Sequence[types.TextEdit] = to_text_edits(mend.edits, look.lines, server.documents.encoding)
    return mend.title, to_workspace_edit(document.uri, look.version, edits, server.abilities)
