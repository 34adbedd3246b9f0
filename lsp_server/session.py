"""One project, while the server runs: its memory, kept and warm, and the threads that ask it.

Invariant: what an editor asks of a memory is asked in one thread, never in that of the event loop; the daemon that
shares the memory has threads of its own, and looks at no text. What may take long (scans, proofs) has a thread and a
memory of its own, so that no answer waits for it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, get_args

from lsp_server.options import settings_with
from lsp_server.worker import Worker

if TYPE_CHECKING:
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.daemon.server import Daemon
    from pytest_llmlearn.settings import Settings

T = TypeVar("T")
Labour = Literal["scanning", "proving"]
"""What may take long."""
CLOSING_SECONDS = 2.0

log = logging.getLogger(__name__)


class OpenMemory(Protocol):
    """Opens the memory of a project; `warm` where many questions will be asked of it."""

    def __call__(self, root: Path, settings: Settings, *, warm: bool) -> Memory: ...


def open_memory(root: Path, settings: Settings, *, warm: bool) -> Memory:
    from pytest_llmlearn.bootstrap import Memory

    return Memory.open(root, settings=settings, warm=warm)


class Session:
    """The project at `root`, under the client's `options`. `tell` hears what a person should read, from any thread.

    `round` counts what may have changed its answers from outside: reloading, and files of the project that changed.
    """

    def __init__(
        self,
        root: Path,
        options: Mapping[str, Any],
        *,
        tell: Callable[[str], None],
        open_memory: OpenMemory = open_memory,
    ) -> None:
        self.root = root
        self.round = 0
        self.proving = False
        self.ended = threading.Event()
        """What takes long asks it whether to go on."""
        self.settings, wrong = settings_with(root, os.environ, options)
        self.looking = Worker(f"asking {root.name}")
        self._labouring: dict[Labour, Worker] = {
            labour: Worker(f"{labour} in {root.name}") for labour in get_args(Labour)
        }
        self._worked: dict[Labour, Memory] = {}
        self._open = open_memory
        self._tell = tell
        self._asked: Memory | None = None
        self._daemon: Daemon | None = None
        for sentence in wrong:
            tell(sentence)

    async def ask(self, question: Callable[[Memory], T], *, urgent: bool = True) -> T:
        """The memory's answer, in its thread."""
        return await self.looking.run(lambda: question(self._warm()), urgent=urgent)

    async def work(self, labour: Labour, job: Callable[[Memory], T]) -> T:
        """The same for what may take long: each kind has a thread and a memory of its own."""
        return await self._labouring[labour].run(lambda: job(self._cold(labour)))

    def relative(self, path: Path) -> str | None:
        """The file's path from the root with `/`; None outside of it."""
        for root in (self.root, self.root.resolve()):
            if path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        return None

    async def share(self) -> None:
        """Serve the warm memory to short-lived processes of the same project too, where nobody does yet."""
        if self.settings.daemon == "auto" and os.name == "posix":
            self._daemon = await self.looking.run(lambda: self._shared(self._warm()))

    def close(self) -> None:
        """Let go of the store, once what runs is done, or soon."""
        self.ended.set()
        if self._daemon is not None:
            self._daemon.stop(CLOSING_SECONDS)
        self.looking.end(lambda: self._asked.close() if self._asked is not None else None, CLOSING_SECONDS)
        for labour, worker in self._labouring.items():
            worker.end(partial(self._let_go, labour), 0.0)

    def _warm(self) -> Memory:
        if self._asked is None:
            self._asked = self._open(self.root, self.settings, warm=True)
            log.info("opened the memory of %s", self.root)
        for notice in self._asked.notices:
            self._tell(notice)
        return self._asked

    def _cold(self, labour: Labour) -> Memory:
        if labour not in self._worked:
            self._worked[labour] = self._open(self.root, self.settings, warm=False)
        return self._worked[labour]

    def _let_go(self, labour: Labour) -> None:
        if labour in self._worked:
            self._worked.pop(labour).close()

    def _shared(self, memory: Memory) -> Daemon | None:
        from pytest_llmlearn.daemon.server import Daemon

        daemon = Daemon(self.root, memory=memory, settings=self.settings)
        if daemon.start():
            return daemon
        log.info("the memory of %s is not shared: %s", self.root, daemon.why)
        return None
