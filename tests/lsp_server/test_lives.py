"""The server lives through whatever a client sends, and ends when it should: a real process each."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from tests.lsp_server.raw import Client
from tests.lsp_server.taught import SERVER, WRONG, environment, teach


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("project")
    teach(made)
    return made


@pytest.fixture(scope="module")
def shared(root: Path) -> Iterator[Client]:
    """A server that one test after another tries to end."""
    client = Client(root)
    early = client.answer("textDocument/hover", {})
    assert early["error"]["code"] == -32002
    client.tell("textDocument/didOpen", {"textDocument": {}})
    client.begin(root)
    yield client
    assert client.close() == 0


def works(client: Client) -> bool:
    """Whether it still answers."""
    return bool(client.ask("llmlearn/relevantMistakes", {"text": "the total of an order"})["matches"])


def test_a_second_initialize_is_refused(shared: Client, root: Path) -> None:
    """There is one client, and it has come."""
    asked = {"processId": None, "rootUri": root.as_uri(), "capabilities": {}}
    assert shared.answer("initialize", asked)["error"]["code"] == -32600
    assert works(shared)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (b'Content-Length: 9\r\n\r\n{"a": 1,}', -32700),
        (b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc", -32700),
        (b"Content-Length: 4\r\n\r\nnull", -32600),
        (b"Content-Length: 2\r\n\r\n[]", -32600),
        (b'Content-Length: 17\r\n\r\n{"jsonrpc": "2.0"', -32700),
        (b'Content-Length: 37\r\n\r\n{"jsonrpc": "2.0", "id": {}, "me": 1}', -32600),
        (b"Content-Length: 99999999999\r\n\r\n", -32700),
    ],
)
def test_what_is_no_message_is_answered_as_that(shared: Client, sent: bytes, code: int) -> None:
    """And the next message is heard."""
    shared.send(sent)
    error = shared.read()
    assert (error["id"], error["error"]["code"]) == (None, code)
    assert works(shared)


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("textDocument/hover", None),
        ("textDocument/hover", []),
        ("textDocument/hover", {"textDocument": {"uri": "x"}, "position": {"line": "a"}}),
        ("textDocument/codeAction", {"textDocument": {"uri": 7}}),
        ("workspace/executeCommand", {"command": "llmlearn.unknown"}),
        ("workspace/executeCommand", {"command": "llmlearn.mute"}),
        ("workspace/executeCommand", {"command": "llmlearn.mute", "arguments": [{"fingerprint": 7}]}),
        ("workspace/executeCommand", {"command": "llmlearn.mute", "arguments": ["nobody"]}),
        ("workspace/executeCommand", {"command": "llmlearn.rate", "arguments": [{"fingerprint": "x", "word": "?"}]}),
        ("workspace/executeCommand", {"command": "llmlearn.chatMessage", "arguments": [{}]}),
        ("workspace/executeCommand", {"command": "llmlearn.recordGeneration", "arguments": [{"paht": "x"}]}),
        ("llmlearn/relevantMistakes", {"text": 1}),
        ("llmlearn/relevantMistakes", ["x"]),
        ("llmlearn/relevantMistakes", {"txt": "x"}),
    ],
)
def test_wrong_parameters_are_named_in_one_sentence(shared: Client, method: str, params: Any) -> None:
    """As the protocol's error for them."""
    error = shared.answer(method, params)["error"]
    assert error["code"] == -32602, error
    assert error["message"] and "\n" not in error["message"] and "Traceback" not in error["message"]
    assert works(shared)


def test_what_is_unknown_is_said_or_passed_over(shared: Client, root: Path) -> None:
    """Methods, documents, answers and cancelled requests that nobody knows."""
    nowhere = {"uri": (root / "nowhere.py").as_uri(), "version": 1}
    assert shared.answer("textDocument/unheardOf", {})["error"]["code"] == -32601
    shared.tell("$/unheardOf", {})
    shared.tell("$/cancelRequest", {"id": 999})
    shared.tell("textDocument/didChange", {"textDocument": nowhere, "contentChanges": [{"text": "x"}]})
    shared.tell("textDocument/didSave", {"textDocument": nowhere})
    shared.tell("textDocument/didClose", {"textDocument": nowhere})
    shared.tell("window/workDoneProgress/cancel", {"token": "none"})
    shared.send(b'Content-Length: 40\r\n\r\n{"jsonrpc": "2.0", "id": 77, "result": 1}')
    hover = {"textDocument": nowhere, "position": {"line": 0, "character": 0}}
    assert shared.ask("textDocument/hover", hover) is None
    assert works(shared)


def test_places_outside_of_the_text_are_no_end(shared: Client, root: Path) -> None:
    """Edits beyond lines, before them, within a surrogate pair, backwards: the nearest place, and it goes on."""
    uri = (root / "odd.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "# 😋\n"}
    shared.tell("textDocument/didOpen", {"textDocument": item})
    far = {"line": 2_000_000_000, "character": 2_000_000_000}
    ranges = [(far, far), ({"line": 0, "character": 3}, far), (far, {"line": 0, "character": 3})]
    for version, (start, end) in enumerate(ranges, 2):
        change = {"range": {"start": start, "end": end}, "text": "\n# \ud83d \n"}
        document = {"uri": uri, "version": version}
        shared.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    negative = {"range": {"start": {"line": -1, "character": -1}, "end": {"line": 0, "character": 0}}, "text": "x"}
    shared.tell("textDocument/didChange", {"textDocument": {"uri": uri, "version": 9}, "contentChanges": [negative]})
    assert shared.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": far}) is None
    assert works(shared)
    shared.tell("textDocument/didClose", {"textDocument": {"uri": uri}})


def test_a_document_of_twenty_megabytes_is_passed_over(shared: Client, root: Path) -> None:
    """It is not looked at, and costs nobody else an answer."""
    uri = (root / "huge.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": "x = order['total']\n" * 1_100_000}
    shared.tell("textDocument/didOpen", {"textDocument": item})
    while (told := shared.until("textDocument/publishDiagnostics"))["uri"] != uri:
        pass
    assert told["diagnostics"] == []
    shared.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
    assert works(shared)


def test_it_ends_with_its_input(root: Path) -> None:
    """A client that dies says nothing: without a goodbye the status is 1."""
    client = Client(root)
    client.begin(root)
    client.process.stdin.close()  # type: ignore[union-attr]
    assert client.process.wait(10) == 1


def test_it_ends_with_its_clients_process(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody else keeps the input open."""
    editor = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    client = Client(root)
    client.begin(root, process=editor.pid)
    assert works(client)
    editor.communicate(b"\n")
    assert client.process.wait(10) == 1


def test_exit_without_shutdown_is_not_in_order(root: Path) -> None:
    """As the protocol has it: status 1. After `shutdown` nothing else is answered."""
    client = Client(root)
    client.begin(root)
    client.tell("exit", None)
    assert client.process.wait(10) == 1
    client = Client(root)
    client.begin(root)
    client.ask("shutdown", None)
    assert client.answer("textDocument/hover", {})["error"]["code"] == -32600
    client.tell("exit", None)
    assert client.process.wait(10) == 0


def test_a_socket_is_its_owners_and_serves_several(root: Path, tmp_path: Path) -> None:
    """Each client has a server of its own; the socket goes with the process, and no second one takes its place."""
    path = tmp_path / "s"
    served = subprocess.Popen([*SERVER, "--socket", str(path)], cwd=root, env=environment())
    try:
        for _ in range(200):
            if path.is_socket():
                break
            time.sleep(0.05)
        assert path.stat().st_mode & 0o777 == 0o600
        for _ in range(2):
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                client.settimeout(10)
                body = b'{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"processId": null, '
                body += b'"rootUri": null, "capabilities": {}}}'
                client.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                assert b'"name": "llmlearn"' in client.recv(65_536)
        same = path.stat().st_ino
        second = subprocess.run(
            [*SERVER, "--socket", str(path)], cwd=root, env=environment(), capture_output=True, text=True, timeout=20,
            check=False,
        )  # fmt: skip
        assert second.returncode == 1 and "listens" in second.stderr
        assert path.stat().st_ino == same
        served.terminate()
        assert served.wait(10) == 0
        assert not path.exists()
    finally:
        served.kill()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--tcp", "0.0.0.0:0"], "--force"),
        (["--tcp", "example.org:1"], "--force"),
        (["--tcp", "here"], "HOST:PORT"),
        (["--tcp", "127.0.0.1:99999"], "HOST:PORT"),
        (["--log-level", "loud"], "--log-level"),
    ],
)
def test_wrong_usage_is_said_with_status_two(options: list[str], told: str) -> None:
    """Nobody listens where other machines can come in, but who was forced to."""
    done = subprocess.run(
        [*SERVER, *options], capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment(), check=False
    )
    assert (done.returncode, told in done.stderr, done.stdout) == (2, True, "")


def test_the_command_line_becomes_the_server(root: Path, tmp_path: Path) -> None:
    """`llmlearn lsp` is the same process, with the same options; it logs to a private file where it is asked to."""
    log = tmp_path / "log"
    command = [sys.executable, "-m", "pytest_llmlearn.entrypoints.cli", "lsp", "--log-level", "info", "--log-file"]
    done = subprocess.run(
        [*command, str(log)], input=b"Content-Length: 3\r\n\r\n{\"}", capture_output=True, cwd=root, check=False,
        env=environment(), timeout=30,
    )  # fmt: skip
    assert done.returncode == 1 and b"-32700" in done.stdout
    assert "passed over what cannot be read" in log.read_text() and log.stat().st_mode & 0o777 == 0o600


def test_a_mistake_is_told_of_a_file_outside_of_all_folders(root: Path, tmp_path: Path) -> None:
    """By its own project's memory; a file of a project without one is left in silence."""
    client = Client(tmp_path)
    (tmp_path / "empty").mkdir()
    client.begin(tmp_path / "empty")
    for uri, count in (((tmp_path / "a.py").as_uri(), 0), ((root / "b.py").as_uri(), 1)):
        item = {"uri": uri, "languageId": "python", "version": 1, "text": WRONG}
        client.tell("textDocument/didOpen", {"textDocument": item})
        told = client.until("textDocument/publishDiagnostics")
        assert (told["uri"], len(told["diagnostics"])) == (uri, count)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]
    assert client.close() == 0
