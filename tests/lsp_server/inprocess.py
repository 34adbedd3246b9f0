"""A server in this process, a client made of lists, and a memory that takes its time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lsp_server.framing import Frames
from lsp_server.server import LessonsServer, make_server
from pytest_llmlearn.app.scan import Scanned
from pytest_llmlearn.app.watch import Looked
from pytest_llmlearn.domain.flaw import Flaw
from pytest_llmlearn.errors import StoreUnavailable
from pytest_llmlearn.settings import Settings


class SlowMemory:
    """Sees nothing, slowly, and counts; `at_once` are the most looks that ran together."""

    def __init__(self, seconds: float) -> None:
        self.notices: list[str] = []
        self.looks: list[str] = []
        self.stopped = 0
        self.at_once = 0
        self.asked = 0
        self.forgotten = 0
        self.proved = 0
        self.proof_due = True
        self.closed = False
        self.scanned: list[str] = []
        self.flaws: tuple[Flaw, ...] = ()
        self._seconds = seconds
        self._now = 0
        self._lock = threading.Lock()

    def look(self, path: str, text: str, *, candidates: bool, settled: bool, stop: Callable[[], bool]) -> Looked:
        with self._lock:
            self._now += 1
            self.at_once = max(self.at_once, self._now)
            self.looks.append(text)
        end = time.monotonic() + self._seconds
        while time.monotonic() < end and not stop():
            time.sleep(0.001)
        self.stopped += stop()
        with self._lock:
            self._now -= 1
        return Looked(path=path, abandoned=stop())

    def forget_looks(self) -> None:
        self.forgotten += 1

    def patterns(self, limit: int | None = None) -> list[Any]:
        return []

    def scan(self, paths: Sequence[str]) -> Scanned:
        self.scanned += paths
        time.sleep(self._seconds)
        return Scanned(flaws=self.flaws)

    def prove_matchers(self, stop: Callable[[], bool]) -> None:
        self.proved += 1
        self.proof_due = False

    def recall(self, query: Any) -> Any:
        self.asked += 1
        if query.text == "locked":
            raise StoreUnavailable("memory.db", "it is locked")
        time.sleep(self._seconds)
        raise AssertionError("a question that nobody waits for was answered")

    def close(self) -> None:
        self.closed = True


class Client:
    """Hands messages to a server of its own and keeps what comes back."""

    def __init__(self, root: Path, memory: SlowMemory, **options: Any) -> None:
        self.opened: list[tuple[Path, Settings]] = []

        def opened(root: Path, settings: Settings, *, warm: bool) -> Any:
            self.opened += [(root, settings)] if warm else []
            return memory

        self.server: LessonsServer = make_server(opened)
        self.server.protocol.set_writer(self)  # type: ignore[arg-type] # as much of a writer as is asked of one
        self.received: list[dict[str, Any]] = []
        self.uri = (root / "a.py").as_uri()
        self._frames = Frames()
        self._root = root
        self._options = options

    def write(self, data: bytes) -> None:
        self.received += self._frames.feed(data)

    def close(self) -> None:
        return None

    def tell(self, method: str, **params: Any) -> None:
        self.server.protocol.receive({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, number: int, method: str, **params: Any) -> None:
        self.server.protocol.receive({"jsonrpc": "2.0", "id": number, "method": method, "params": params})

    async def begin(self, text: str = "", **capabilities: Any) -> None:
        """Initialize with the root as folder, and open `uri` with that text."""
        folder = {"uri": self._root.as_uri(), "name": "x"}
        self.ask(
            0, "initialize", processId=None, rootUri=None, capabilities=capabilities, workspaceFolders=[folder],
            initializationOptions=self._options,
        )  # fmt: skip
        self.tell("initialized")
        item = {"uri": self.uri, "languageId": "python", "version": 0, "text": text}
        self.tell("textDocument/didOpen", textDocument=item)
        await self.until(lambda: any("publishDiagnostics" in one.get("method", "") for one in self.received))
        # What is done beside at the beginning has the document looked at once more.
        await self.until(lambda: all(session.round for session in self.server.sessions))
        await asyncio.sleep(0.02)

    def type(self, version: int, text: str) -> None:
        """Put text before all else."""
        nowhere = {"line": 0, "character": 0}
        change = {"range": {"start": nowhere, "end": nowhere}, "text": text}
        document = {"uri": self.uri, "version": version}
        self.tell("textDocument/didChange", textDocument=document, contentChanges=[change])

    def asked(self, method: str) -> list[dict[str, Any]]:
        """What the server sent of that method."""
        return [one for one in self.received if one.get("method") == method]

    def answer(self, number: int) -> dict[str, Any] | None:
        return next((one for one in self.received if one.get("id") == number), None)

    async def until(self, true: Callable[[], object]) -> None:
        for _ in range(500):
            if true():
                return
            await asyncio.sleep(0.005)
        raise AssertionError("it did not come")

    def versions(self) -> list[int]:
        told = [one["params"] for one in self.received if one.get("method") == "textDocument/publishDiagnostics"]
        return [params["version"] for params in told]
