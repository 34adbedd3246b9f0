"""A client that speaks the protocol by hand, to the real server in a process of its own."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.lsp_server.taught import SERVER, environment


class Client:
    """A client that waits for each answer; the process ends with it."""

    def __init__(self, root: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [*SERVER, *options], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment(),
        )  # fmt: skip
        self._number = 0

    def begin(self, root: Path, process: int | None = None, **capabilities: Any) -> dict[str, Any]:
        """Initialize, with the folder open; what the server says of itself."""
        asked = {"processId": process, "rootUri": root.as_uri(), "capabilities": capabilities}
        started: dict[str, Any] = self.ask("initialize", asked)
        self.tell("initialized", {})
        return started

    def ask(self, method: str, parameters: Any) -> Any:
        message = self.answer(method, parameters)
        assert "error" not in message, message
        return message["result"]

    def answer(self, method: str, parameters: Any) -> dict[str, Any]:
        """The whole answer, be it an error."""
        self._number += 1
        self._send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": parameters})
        for _ in range(20):  # notifications may come in between, but not for ever
            message = self.read()
            if message.get("id") == self._number:
                return message
        raise AssertionError(f"no answer to {method}")

    def tell(self, method: str, parameters: Any) -> None:
        self._send({"jsonrpc": "2.0", "method": method, "params": parameters})

    def close(self) -> int:
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(timeout=20)

    def send(self, data: bytes) -> None:
        """Bytes as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        self.send(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def until(self, method: str) -> dict[str, Any]:
        """The parameters of the next notification of that method."""
        for _ in range(50):
            message = self.read()
            if message.get("method") == method:
                params: dict[str, Any] = message["params"]
                return params
        raise AssertionError(f"no {method}")

    def read(self) -> dict[str, Any]:
        """The next message; EOFError where the server has gone."""
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline()) not in (b"\r\n", b"\n"):
            if not line:
                raise EOFError
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self.process.stdout.read(length))
        return message
