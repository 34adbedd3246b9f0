"""The server over its real protocol: a process, standard input and output, JSON-RPC by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmlearn import Memory, Occurrence
from tests.lsp_server.raw import Client

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")


def test_an_editor_asks_for_the_mistakes_that_matter(tmp_path: Path) -> None:
    """By the command, and by the request with the document's place and a style; an unrelated question gets silence."""
    (tmp_path / ".git").mkdir()
    with Memory.open(tmp_path) as memory:
        memory.record(
            [
                Occurrence.from_dict(
                    {
                        "nodeid": "t.py::t", "when": "call", "exception": "KeyError", "mro": ["KeyError"],
                        "message": "'total'", "path": "shop.py", "line": 2, "function": "total",
                        "statement": "return order['total']", "model": "gpt-4o",
                        "code": "def total(order):\n    return order['total']\n",
                    }
                )
            ]
        )  # fmt: skip
    client = Client(tmp_path)
    uri = (tmp_path / "shop.py").as_uri()
    started = client.ask("initialize", {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}})
    client.tell("initialized", {})
    assert started["serverInfo"]["name"] == "llmlearn"
    command = {"command": "llmlearn.relevantMistakes", "arguments": ["the total of an order", uri]}
    by_command = client.ask("workspace/executeCommand", command)
    asked = {"textDocument": {"uri": uri}, "intent": "the total of an order"}
    by_request = client.ask("llmlearn/relevantMistakes", asked)
    silent = client.ask("llmlearn/relevantMistakes", {"intent": "draw a bar chart of rainfall"})
    stated = client.ask("llmlearn/relevantMistakes", {**asked, "style": "context"})
    shouted = client.answer("llmlearn/relevantMistakes", {**asked, "style": "shouted"})
    assert by_command["lessons"][0]["rule_id"] == "runtime.key" and not by_command["abstained"]
    assert by_request["lessons"] == by_command["lessons"]
    assert silent["abstained"] and silent["lessons"] == []
    assert stated["style"] == "context" and stated["text"].startswith("From the test outcomes of this repository")
    assert by_request["style"] == "text" and "one of text, context, prompt, markdown" in shouted["error"]["message"]
    assert client.close() == 0


def test_arguments_that_are_no_strings_are_named(tmp_path: Path) -> None:
    """As the protocol's own error for wrong parameters, and the server goes on."""
    client = Client(tmp_path)
    client.ask("initialize", {"processId": None, "rootUri": tmp_path.as_uri(), "capabilities": {}})
    client.tell("initialized", {})
    command = {"command": "llmlearn.relevantMistakes", "arguments": [{"text": 5}]}
    error = client.answer("workspace/executeCommand", command)["error"]
    assert error["code"] == -32602 and "the text is a number" in error["message"]
    assert client.ask("llmlearn/relevantMistakes", {"intent": "an order"})["abstained"]
    assert client.close() == 0


def test_its_version_is_the_packages() -> None:
    """`llmlearn-lsp --version`, without a client."""
    done = subprocess.run(
        [sys.executable, "-m", "lsp_server", "--version"], capture_output=True, text=True, check=True,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stdout.startswith("llmlearn-lsp ")
