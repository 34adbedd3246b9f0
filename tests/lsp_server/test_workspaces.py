"""Folders, options and scans come and go while the server runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from pytest_llmlearn.domain.flaw import Flaw, placed
from tests.lsp_server.inprocess import Client, SlowMemory

pytestmark = pytest.mark.asyncio
TEXT = "import db\nrun(a + b)\n"
FLAW = placed(
    Flaw(
        path="a.py", line=2, end_line=2, check="sql-built-from-parts", category="security", severity="critical",
        confidence="medium", message="SQL is built.", fix="Use parameters.", column=1, end_column=11,
    ),
    TEXT, in_test=False, partial=False,
)  # fmt: skip


def folder(path: Path) -> dict[str, str]:
    path.mkdir(exist_ok=True)
    return {"uri": path.as_uri(), "name": path.name}


async def test_each_folder_has_a_memory_and_loses_it_when_it_goes(tmp_path: Path) -> None:
    """A folder within one that has `.llmlearn/` is a project of its own."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory)
    await client.begin()
    other, inner = tmp_path.with_name(f"{tmp_path.name}-other"), tmp_path / "inner"
    (inner / ".llmlearn").mkdir(parents=True)
    client.tell("workspace/didChangeWorkspaceFolders", event={"added": [folder(other)], "removed": []})
    await client.until(lambda: len(client.opened) == 2)
    item = {"uri": (inner / "b.py").as_uri(), "languageId": "python", "version": 0, "text": ""}
    client.tell("textDocument/didOpen", textDocument=item)
    await client.until(lambda: len(client.opened) == 3)
    assert [root for root, _ in client.opened] == [tmp_path, other, inner]
    client.tell("workspace/didChangeWorkspaceFolders", event={"added": [], "removed": [folder(other)]})
    await client.until(lambda: {session.root for session in client.server.sessions} == {tmp_path, inner})
    await client.server.leave()


async def test_changed_options_hold_at_once(tmp_path: Path) -> None:
    """Sent with the notification; what is wrong with them is shown, and shown once."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory, limit=2)
    await client.begin()
    assert client.opened[-1][1].limit == 2
    for _ in range(2):
        client.tell("workspace/didChangeConfiguration", settings={"llmlearn": {"limit": 7, "budjet": 1}})
        await client.until(lambda: client.opened[-1][1].limit == 7)
        await asyncio.sleep(0.05)
    shown = [one["params"]["message"] for one in client.received if one.get("method") == "window/showMessage"]
    assert len(shown) == 1 and "budjet" in shown[0]
    await client.server.leave()


async def test_a_changed_pyproject_is_read_again(tmp_path: Path) -> None:
    """Where the editor watches it for the server; other files have documents looked at again."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory)
    await client.begin("x")
    (tmp_path / "pyproject.toml").write_text("[tool.llmlearn]\nlimit = 4\n")
    client.tell("workspace/didChangeWatchedFiles", changes=[{"uri": (tmp_path / "pyproject.toml").as_uri(), "type": 2}])
    await client.until(lambda: client.opened[-1][1].limit == 4)
    await asyncio.sleep(0.05)
    before = len(memory.looks)
    stored = (tmp_path / ".llmlearn/state/memory.db").as_uri()
    client.tell("workspace/didChangeWatchedFiles", changes=[{"uri": stored, "type": 2}])
    await client.until(lambda: len(memory.looks) > before)
    await client.server.leave()


async def save(client: Client) -> None:
    client.tell("textDocument/didSave", textDocument={"uri": client.uri})
    await asyncio.sleep(0)


def told(client: Client) -> list[dict[str, Any]]:
    """The diagnostics told last."""
    every = [one["params"] for one in client.received if one.get("method") == "textDocument/publishDiagnostics"]
    found: list[dict[str, Any]] = every[-1]["diagnostics"]
    return found


async def test_what_a_scan_finds_on_save_is_shown_until_its_line_changes(tmp_path: Path) -> None:
    """And moves with it."""
    memory = SlowMemory(seconds=0)
    memory.flaws = (FLAW,)
    client = Client(tmp_path, memory, lsp_debounce_ms=0)
    await client.begin(TEXT)
    await save(client)
    await client.until(lambda: told(client))
    (found,) = told(client)
    assert (found["code"], found["range"]["start"]["line"]) == ("security.sql-built-from-parts", 1)
    assert memory.scanned == [str(tmp_path / "a.py")]
    client.type(1, "\n\n")
    await client.until(lambda: told(client) and told(client)[0]["range"]["start"]["line"] == 3)
    change = {"range": {"start": {"line": 3, "character": 0}, "end": {"line": 3, "character": 5}}, "text": "f("}
    document = {"uri": client.uri, "version": 2}
    client.tell("textDocument/didChange", textDocument=document, contentChanges=[change])
    await client.until(lambda: told(client) == [])
    await client.server.leave()


async def test_nothing_is_scanned_where_the_setting_says_so(tmp_path: Path) -> None:
    """The rest goes on."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory, lsp_scan_on_save=False)
    await client.begin(TEXT)
    await save(client)
    await asyncio.sleep(0.1)
    assert memory.scanned == []
    await client.server.leave()


async def test_a_long_scan_shows_its_progress_and_can_be_called_off(tmp_path: Path) -> None:
    """Then nothing of it is told."""
    memory = SlowMemory(seconds=0)
    memory.flaws = (FLAW,)
    client = Client(tmp_path, memory)
    await client.begin(TEXT, window={"workDoneProgress": True})
    memory._seconds = 1.5
    await save(client)
    await client.until(lambda: client.asked("window/workDoneProgress/create"))
    (create,) = client.asked("window/workDoneProgress/create")
    token = create["params"]["token"]
    client.server.protocol.receive({"jsonrpc": "2.0", "id": create["id"], "result": None})
    await client.until(lambda: client.asked("$/progress"))
    client.tell("window/workDoneProgress/cancel", token=token)
    await client.until(lambda: len(client.asked("$/progress")) == 2)
    kinds = [one["params"]["value"]["kind"] for one in client.asked("$/progress")]
    assert kinds == ["begin", "end"]
    await asyncio.sleep(1.2)
    assert told(client) == []
    await client.server.leave()
