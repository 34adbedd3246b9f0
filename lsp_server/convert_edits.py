"""Edits of a text as the client's, and code actions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from lsp_server.convert_positions import Encoding, to_range

if TYPE_CHECKING:
    from pytest_llmlearn.domain.mending import Edit

QUICK = types.CodeActionKind.QuickFix


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What the client can do with code actions: take them whole (else commands alone), ask for their edits later, mark
    one as preferred, take edits of one version of a document."""

    literals: bool = False
    resolves: bool = False
    prefers: bool = False
    versions: bool = False
    shows: bool = False
    """Whether it opens a document that it is told to."""


def to_abilities(capabilities: types.ClientCapabilities) -> Abilities:
    """What the client said of itself."""
    document: Any = capabilities.text_document
    actions: Any = document.code_action if document is not None else None
    workspace: Any = capabilities.workspace
    edits: Any = workspace.workspace_edit if workspace is not None else None
    window: Any = capabilities.window
    resolving: Any = actions.resolve_support if actions is not None else None
    return Abilities(
        literals=bool(actions is not None and actions.code_action_literal_support),
        resolves=bool(resolving is not None and "edit" in resolving.properties and actions.data_support),
        prefers=bool(actions is not None and actions.is_preferred_support),
        versions=bool(edits is not None and edits.document_changes),
        shows=bool(window is not None and window.show_document is not None and window.show_document.support),
    )


def to_text_edits(edits: Sequence[Edit], lines: Sequence[str], encoding: Encoding) -> list[types.TextEdit]:
    return [types.TextEdit(to_range(lines, edit.span, encoding), edit.text) for edit in edits]


def to_workspace_edit(
    uri: str, version: int | None, edits: Sequence[types.TextEdit], abilities: Abilities
) -> types.WorkspaceEdit:
    """Edits of one document, in that version of it where the client can tell versions."""
    if not abilities.versions:
        return types.WorkspaceEdit(changes={uri: list(edits)})
    of = types.OptionalVersionedTextDocumentIdentifier(uri, version)
    return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(of, list(edits))])


def to_action(
    title: str, command: str, argument: Mapping[str, Any], diagnostics: Sequence[types.Diagnostic], abilities: Abilities
) -> types.CodeAction | types.Command:
    """What runs a command of the server's."""
    run = types.Command(title, command, arguments=[dict(argument)])
    if not abilities.literals:
        return run
    return types.CodeAction(title, kind=QUICK, diagnostics=list(diagnostics), command=run)


def is_wanted(only: Sequence[str] | None, kind: str = QUICK.value) -> bool:
    """Whether the client wants actions of that kind: it may name kinds, or what they begin with."""
    return only is None or any(not one or kind == one or kind.startswith(f"{one}.") for one in map(_value, only))


def _value(kind: Any) -> str:
    return str(getattr(kind, "value", kind))
