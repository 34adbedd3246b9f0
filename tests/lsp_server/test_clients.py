"""The server as Neovim, Emacs and VS Code drive it: a real process, and what these editors say of themselves."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")
pytest_lsp = pytest.importorskip("pytest_lsp", reason="the extra `test` is not installed")

from lsprotocol import types  # noqa: E402
from pygls.exceptions import JsonRpcException  # noqa: E402
from pytest_lsp import LanguageClient  # noqa: E402

from tests.lsp_server.taught import SERVER, WRONG, WRONG_LINE, environment, teach  # noqa: E402

EDITORS = ("neovim@0.11.0", "emacs@29.1", "visual-studio-code@1.65.2")
pytestmark = pytest.mark.asyncio(loop_scope="module")
_numbers = iter(range(1, 1000))


@pytest_lsp.fixture(
    scope="module",
    params=EDITORS,
    config=pytest_lsp.ClientServerConfig(server_command=SERVER, server_env=environment()),
)
async def editor(
    request: pytest.FixtureRequest, lsp_client: LanguageClient, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    """The editor with a project open; `lsp_client.root` is its root, `fingerprint` what its memory knows."""
    root: Path = tmp_path_factory.mktemp("project")
    lsp_client.fingerprint = teach(root)
    lsp_client.root = root
    lsp_client.set_configuration({"llmlearn": {"limit": 3, "lspDebounce": 5, "lsp_debounce_ms": 20}})
    lsp_client.registered = []

    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(params: types.RegistrationParams) -> None:
        lsp_client.registered += [one.method for one in params.registrations]

    await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=pytest_lsp.client_capabilities(request.param),
            root_uri=root.as_uri(),
            workspace_folders=[types.WorkspaceFolder(root.as_uri(), root.name)],
        )
    )
    yield
    await lsp_client.shutdown_session()


async def opened(editor: LanguageClient, text: str = WRONG) -> str:
    """Open a new file with that text; its URI."""
    uri = (editor.root / f"shop_{next(_numbers)}.py").as_uri()
    item = types.TextDocumentItem(uri, "python", 1, text)
    editor.text_document_did_open(types.DidOpenTextDocumentParams(item))
    return uri


def pulls(editor: LanguageClient) -> bool:
    return editor.capabilities.text_document.diagnostic is not None


async def diagnostics(editor: LanguageClient, uri: str, count: int) -> list[types.Diagnostic]:
    """Those of the document once there are so many, pushed or pulled as the editor has it."""
    for _ in range(200):
        if pulls(editor):
            params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
            found = list((await editor.text_document_diagnostic_async(params)).items)
        else:
            found = list(editor.diagnostics.get(uri, [types.Diagnostic] * 9))
        if len(found) == count:
            return found
        await asyncio.sleep(0.03)
    raise AssertionError(f"not {count}: {found}")


def here(uri: str) -> types.CodeActionParams:
    place = types.Position(WRONG_LINE, 12)
    context = types.CodeActionContext(diagnostics=[])
    return types.CodeActionParams(types.TextDocumentIdentifier(uri), types.Range(place, place), context)


def command_of(action: types.CodeAction | types.Command) -> tuple[str, Sequence[Any]]:
    """The command that the action runs, with its arguments; no name where it runs none."""
    if isinstance(action, types.Command) and action.command.startswith("{"):
        # The client's library takes an action that has a command for a command, and writes out what it has.
        read: dict[str, Any] = ast.literal_eval(action.command)
        return read["command"], read["arguments"]
    command = action if isinstance(action, types.Command) else action.command
    return (command.command, command.arguments or ()) if command is not None else ("", ())


async def run(editor: LanguageClient, command: str, *arguments: object) -> Any:
    return await editor.workspace_execute_command_async(types.ExecuteCommandParams(command, arguments=list(arguments)))


async def test_a_learned_mistake_is_shown_at_its_line(editor: LanguageClient) -> None:
    """With its rule and what to do instead; never as an error."""
    uri = await opened(editor)
    (found,) = await diagnostics(editor, uri, 1)
    assert (found.range.start.line, found.code, found.source) == (WRONG_LINE, "runtime.key", "llmlearn")
    assert found.severity == types.DiagnosticSeverity.Warning
    assert "use 'get' with a default" in found.message and found.message.endswith("(seen once, by gpt-4o).")
    assert found.data["fingerprint"] == editor.fingerprint
    told = editor.capabilities.text_document.publish_diagnostics
    if told is not None and told.related_information:
        (before,) = found.related_information
        assert before.location.uri == (editor.root / "shop.py").as_uri() and before.location.range.start.line == 4


async def test_it_is_gone_where_the_verified_fix_is_applied(editor: LanguageClient) -> None:
    """The fix is offered first, with its edit at once or when it is asked for, and the diagnostic goes."""
    uri = await opened(editor)
    await diagnostics(editor, uri, 1)
    actions = await editor.text_document_code_action_async(here(uri))
    offered = [action for action in actions if isinstance(action, types.CodeAction) and action.command is None]
    if editor.capabilities.text_document.code_action.code_action_literal_support is None:
        assert offered == []
        return
    (fix,) = offered
    assert actions[0] == fix and fix.kind == types.CodeActionKind.QuickFix
    if fix.edit is None:
        fix = await editor.code_action_resolve_async(fix)
    if fix.edit.document_changes is not None:
        (change,) = fix.edit.document_changes
        assert (change.text_document.uri, change.text_document.version) == (uri, 1)
        (edit,) = change.edits
    else:
        ((edit,),) = fix.edit.changes.values()
    editor.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(2, uri),
            [types.TextDocumentContentChangePartial(range=edit.range, text=edit.new_text)],
        )
    )
    assert await diagnostics(editor, uri, 0) == []


async def test_what_it_says_can_be_answered(editor: LanguageClient) -> None:
    """Commands stand beside the fix; "not here" silences the line and no other."""
    uri = await opened(editor, WRONG + "\n\ndef total(order):\n    return 2 * order['total']\n")
    await diagnostics(editor, uri, 2)
    actions = await editor.text_document_code_action_async(here(uri))
    commands = {name: arguments for name, arguments in map(command_of, actions) if name}
    assert {"llmlearn.copyLesson", "llmlearn.explain", "llmlearn.rate", "llmlearn.mute"} < set(commands)
    await run(editor, "llmlearn.notHere", *commands["llmlearn.notHere"])
    (left,) = await diagnostics(editor, uri, 1)
    assert left.range.start.line > WRONG_LINE


async def test_a_line_that_is_said_to_be_right_stays_unmarked(editor: LanguageClient) -> None:
    """By whatever else of the same mistake recognises it."""
    uri = await opened(editor)
    await diagnostics(editor, uri, 1)
    for _ in range(2):
        actions = await editor.text_document_code_action_async(here(uri))
        said = {name: arguments for name, arguments in map(command_of, actions) if name}
        if "llmlearn.rate" in said:
            await run(editor, "llmlearn.rate", *said["llmlearn.rate"])
        assert await diagnostics(editor, uri, 0) == []
        await editor.workspace_execute_command_async(types.ExecuteCommandParams("llmlearn.reload", []))


async def test_a_hover_tells_the_lesson(editor: LanguageClient) -> None:
    """In Markdown for those that show it."""
    uri = await opened(editor)
    told = await editor.text_document_hover_async(
        types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(WRONG_LINE, 12))
    )
    formats = editor.capabilities.text_document.hover.content_format or []
    assert told.contents.kind.value in [one.value for one in formats]
    assert "A key was read that the mapping does not have" in told.contents.value
    nothing = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(1, 0))
    assert await editor.text_document_hover_async(nothing) is None


async def test_functions_say_what_went_wrong_in_them(editor: LanguageClient) -> None:
    """A lens above the function of the file in which it was."""
    uri = (editor.root / "shop.py").as_uri()
    text = "# moved\n" + WRONG
    editor.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, "python", 1, text)))
    (lens,) = await editor.text_document_code_lens_async(types.CodeLensParams(types.TextDocumentIdentifier(uri)))
    assert (lens.range.start.line, lens.command.title) == (4, "1 past mistake of generated code here")
    editor.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))


async def test_a_question_is_answered_by_command_and_request(editor: LanguageClient) -> None:
    """With the keys of `llmlearn recall`, and those of before."""
    asked = {"text": "the total of an order", "textDocument": {"uri": (editor.root / "shop.py").as_uri()}}
    by_command = await run(editor, "llmlearn.relevantMistakes", asked)
    by_request = await editor.protocol.send_request_async("llmlearn/relevantMistakes", asked)
    assert by_command["matches"][0]["rule_id"] == by_command["lessons"][0]["rule_id"] == "runtime.key"
    assert by_request.matches[0].fingerprint == editor.fingerprint
    with pytest.raises(JsonRpcException, match="limit must be a whole number from 1 to 10"):
        await run(editor, "llmlearn.relevantMistakes", {**asked, "limit": 99})


async def test_a_wrong_option_is_shown_once_and_left_out(editor: LanguageClient) -> None:
    """Beside it the others hold."""
    await opened(editor)
    workspace = editor.capabilities.workspace
    shown = [message.message for message in editor.messages if "lspDebounce" in message.message]
    assert len(shown) == (1 if workspace.configuration else 0)


async def test_it_asks_to_be_told_what_changes(editor: LanguageClient) -> None:
    """Of editors that are to be asked for that."""
    workspace = editor.capabilities.workspace
    files, options = workspace.did_change_watched_files, workspace.did_change_configuration
    wanted = {
        types.WORKSPACE_DID_CHANGE_WATCHED_FILES: files is not None and files.dynamic_registration,
        types.WORKSPACE_DID_CHANGE_CONFIGURATION: options is not None and options.dynamic_registration,
    }
    assert sorted(editor.registered) == sorted(method for method, asked in wanted.items() if asked)
