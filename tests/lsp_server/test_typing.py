"""Typing and cancelling, against a memory that takes its time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from tests.lsp_server.inprocess import Client, SlowMemory

pytestmark = pytest.mark.asyncio


async def test_typing_never_queues_more_than_one_look(tmp_path: Path) -> None:
    """A hundred characters a second, each of which would be looked at at once: one look runs, one may wait."""
    memory = SlowMemory(seconds=0.08)
    client = Client(tmp_path, memory, lsp_debounce_ms=0)
    await client.begin()
    (session,) = client.server.sessions
    most = 0
    for version in range(1, 101):
        client.type(version, "x")
        await asyncio.sleep(0.01)
        most = max(most, session.looking.waiting)
    await client.until(lambda: client.versions()[-1] == 100)
    assert most <= 1 and memory.at_once == 1
    assert memory.looks[-1] == "x" * 100
    assert memory.stopped > 10  # what looked at an older text gave up
    await client.server.leave()
    assert memory.closed


async def test_a_pause_in_typing_is_waited_for(tmp_path: Path) -> None:
    """Of twenty quick changes the last alone is looked at, and told of once."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory, lsp_debounce_ms=100)
    await client.begin()
    before = len(memory.looks)
    for version in range(1, 21):
        client.type(version, "x")
        await asyncio.sleep(0.002)
    await client.until(lambda: client.versions()[-1] == 20)
    assert memory.looks[before:] == ["x" * 20]
    assert client.versions().count(20) == 1
    await client.server.leave()


async def test_pulled_again_what_has_not_changed_is_not_told_again(tmp_path: Path) -> None:
    """The client has it under its name; and nothing is looked at for it."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory)
    await client.begin()
    document = {"uri": client.uri}
    client.ask(1, "textDocument/diagnostic", textDocument=document)
    await client.until(lambda: client.answer(1))
    first = client.answer(1)["result"]  # type: ignore[index]
    before = len(memory.looks)
    client.ask(2, "textDocument/diagnostic", textDocument=document, previousResultId=first["resultId"])
    await client.until(lambda: client.answer(2))
    assert first["kind"] == "full" and client.answer(2)["result"]["kind"] == "unchanged"  # type: ignore[index]
    assert len(memory.looks) == before
    await client.server.leave()


async def test_a_pull_that_is_overtaken_by_typing_may_be_asked_again(tmp_path: Path) -> None:
    """It stops, and says so as the protocol has it."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory, lsp_debounce_ms=60_000)
    await client.begin()
    memory._seconds = 5.0
    client.type(1, "x")
    client.ask(1, "textDocument/diagnostic", textDocument={"uri": client.uri})
    await client.until(lambda: memory.looks[-1] == "x")
    client.type(2, "y")
    await client.until(lambda: client.answer(1))
    error = client.answer(1)["error"]  # type: ignore[index]
    assert (error["code"], error["data"]) == (-32802, {"retriggerRequest": True})
    await client.server.leave()


async def test_what_is_cancelled_is_computed_no_further(tmp_path: Path) -> None:
    """A question that waits is never begun; a look that runs stops; both are answered as cancelled."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory, lsp_debounce_ms=60_000)
    await client.begin()
    memory._seconds = 5.0
    client.type(1, "x")
    client.ask(1, "textDocument/diagnostic", textDocument={"uri": client.uri})
    await client.until(lambda: memory.looks[-1] == "x")
    for number in (2, 3):
        command = {"command": "llmlearn.relevantMistakes", "arguments": ["x"]}
        client.ask(number, "workspace/executeCommand", **command)
    await asyncio.sleep(0.02)
    for number in (2, 3, 1):  # once the look stops, what waits behind it and is not cancelled yet begins
        client.tell("$/cancelRequest", id=number)
    await client.until(lambda: all(client.answer(number) for number in (1, 2, 3)))
    assert {client.answer(number)["error"]["code"] for number in (1, 2, 3)} == {-32800}  # type: ignore[index]
    await client.until(lambda: memory.stopped)
    assert memory.asked == 0
    await client.server.leave()


async def test_a_memory_that_cannot_be_asked_is_a_sentence(tmp_path: Path) -> None:
    """As an error of that request, and the server goes on."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory)
    await client.begin()
    client.ask(1, "llmlearn/relevantMistakes", text="locked")
    await client.until(lambda: client.answer(1))
    error = client.answer(1)["error"]  # type: ignore[index]
    assert error["code"] == -32803 and "it is locked" in error["message"]
    await client.server.leave()


async def test_a_project_can_be_served_without_diagnostics(tmp_path: Path) -> None:
    """Where the setting says so, nothing is looked at; what is asked is answered."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory, diagnose="off")
    await client.begin("x")
    assert memory.looks == [] and client.versions() == [0]
    await client.server.leave()


async def test_what_was_closed_is_told_no_more(tmp_path: Path) -> None:
    """Closed in the pause after the last letter: the client hears that nothing is wrong, and nothing after it."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory, lsp_debounce_ms=50)
    await client.begin()
    before = len(memory.looks)
    client.type(1, "x")
    await asyncio.sleep(0.01)
    client.tell("textDocument/didClose", textDocument={"uri": client.uri})
    await asyncio.sleep(0.15)
    (last, *_) = reversed(client.asked("textDocument/publishDiagnostics"))
    assert "version" not in last["params"] and last["params"]["diagnostics"] == []
    assert len(memory.looks) == before
    await client.server.leave()


async def test_what_exists_is_asked_anew_once_a_file_is_another(tmp_path: Path) -> None:
    """After a change that was saved, or was made outside of the editor, in the project; else nothing is forgotten."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory, lsp_debounce_ms=0)
    await client.begin()
    (session,) = client.server.sessions
    document, rounds = {"uri": client.uri}, session.round

    def changed(path: Path) -> None:
        client.tell("workspace/didChangeWatchedFiles", changes=[{"uri": path.as_uri(), "type": 2}])

    client.tell("textDocument/didSave", textDocument=document)
    changed(tmp_path.parent / "elsewhere.py")
    await asyncio.sleep(0.05)
    assert (memory.forgotten, session.round) == (0, rounds)
    client.type(1, "x")
    client.tell("textDocument/didSave", textDocument=document)
    changed(tmp_path / "a.py")
    await client.until(lambda: session.round == rounds + 1)
    assert memory.forgotten == 1
    looks = len(memory.looks)
    changed(tmp_path / "b.py")
    await client.until(lambda: session.round == rounds + 2)
    await client.until(lambda: len(memory.looks) > looks)
    assert memory.forgotten == 2
    await client.server.leave()


async def test_matchers_prove_themselves_again_where_something_is_new(tmp_path: Path) -> None:
    """What a run of the tests taught while the editor was open is tried on the code that passes, once."""
    memory = SlowMemory(seconds=0)
    client = Client(tmp_path, memory, lsp_debounce_ms=0)
    await client.begin()
    await client.until(lambda: memory.proved == 1)
    client.type(1, "x")
    client.tell("textDocument/didSave", textDocument={"uri": client.uri})
    await client.until(lambda: memory.forgotten == 1)
    await asyncio.sleep(0.05)
    assert memory.proved == 1
    memory.proof_due = True
    change = {"uri": (tmp_path / ".llmlearn" / "state" / "memory.db").as_uri(), "type": 2}
    client.tell("workspace/didChangeWatchedFiles", changes=[change])
    await client.until(lambda: memory.proved == 2)
    await client.server.leave()
