"""The server's ways in: standard input and output, a TCP port of this machine, or a Unix socket.

On standard input there is one client, and the process ends with it: after `exit`, at the end of the input, and where
the process that `initialize` named is gone. On a port or a socket each client has a server of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from lsp_server.framing import Frames
from lsp_server.processes import is_alive

PIECE = 1 << 16
WAITING = 64
"""Pieces of input that are read ahead of their handling."""
CLIENT_SECONDS = 2.0
"""How often the client's process is looked for."""
SERVERS_SOCKET = 0o600

log = logging.getLogger(__name__)

MakeServer = Callable[[], Any]


def serve_stdio(make: MakeServer) -> int:
    """Serve the client at standard input and output; the exit status."""
    output = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    # A print of anybody's must not come between two messages.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return asyncio.run(_stdio(make(), sys.stdin.buffer, output))


async def _stdio(server: Any, source: BinaryIO, output: BinaryIO) -> int:
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[bytes] = asyncio.Queue(WAITING)
    writer = Output(output)
    server.protocol.set_writer(writer)

    def read() -> None:
        while True:
            try:
                piece = os.read(source.fileno(), PIECE)
            except OSError:  # closed under us: the same as its end
                piece = b""
            try:
                asyncio.run_coroutine_threadsafe(pieces.put(piece), loop).result()
            except (RuntimeError, asyncio.CancelledError):  # nobody listens any more
                return
            if not piece:
                return

    threading.Thread(target=read, name="input", daemon=True).start()
    watching = asyncio.create_task(_until_gone(server))
    reading = asyncio.create_task(_listen(server, pieces.get))
    ended = [asyncio.create_task(writer.broken()), watching, reading]
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows; not the main thread
            loop.add_signal_handler(number, reading.cancel)
    await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
    for task in ended:
        task.cancel()
    await server.leave()
    writer.close()
    status: int | None = server.protocol.status
    return 1 if status is None else status


async def _listen(server: Any, more: Callable[[], Any]) -> None:
    frames = Frames()
    while piece := await more():
        for message in frames.feed(piece):
            server.protocol.receive(message)
            if server.protocol.status is not None:
                return
            await asyncio.sleep(0)  # what was asked before comes first
    log.info("the client's side is closed")


async def _until_gone(server: Any) -> None:
    """Comes back when the process that `initialize` named is there no more."""
    while server.client is None or is_alive(server.client):
        await asyncio.sleep(CLIENT_SECONDS)
    log.warning("the client's process %s is gone", server.client)


class Output:
    """Writes in a thread of its own: a client that does not read must not stop the server from listening."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._broken = asyncio.Event()
        self._thread = threading.Thread(target=self._write, name="output", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        self._waiting.put(data)

    def close(self) -> None:
        """Write what waits, within a second."""
        self._waiting.put(None)
        self._thread.join(1.0)

    async def broken(self) -> None:
        """Comes back when nobody reads any more."""
        await self._broken.wait()

    def _write(self) -> None:
        try:
            while (data := self._waiting.get()) is not None:
                left = memoryview(data)
                while left:
                    left = left[self._stream.write(left) or 0 :]
        except OSError:
            with contextlib.suppress(RuntimeError):  # the loop has ended before
                self._loop.call_soon_threadsafe(self._broken.set)


def serve_tcp(make: MakeServer, host: str, port: int) -> int:
    """Serve every client that comes in at that port; the exit status.

    Raises:
        OSError: it cannot be listened there.
    """
    return asyncio.run(_clients(make, lambda client: asyncio.start_server(client, host, port), f"{host}:{port}"))


def serve_socket(make: MakeServer, path: Path) -> int:
    """Serve every client that comes in at that Unix socket, which only its owner can; the exit status.

    Raises:
        OSError: it cannot be listened there, or somebody listens there already.
    """
    _clear_stale(path)
    before = os.umask(0o777 & ~SERVERS_SOCKET)

    async def begin(client: Any) -> asyncio.Server:
        try:
            return await asyncio.start_unix_server(client, path)
        finally:
            os.umask(before)

    try:
        return asyncio.run(_clients(make, begin, str(path)))
    finally:
        path.unlink(missing_ok=True)


def _clear_stale(path: Path) -> None:
    """Remove a socket at which nobody answers.

    Raises:
        OSError: somebody does. asyncio would take the place of that one.
    """
    import errno
    import socket

    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(str(path))
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
    raise OSError(errno.EADDRINUSE, f"somebody listens at {path} already")


async def _clients(make: MakeServer, begin: Callable[[Any], Any], where: str) -> int:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = make()
        server.protocol.set_writer(Stream(writer))
        try:
            await _listen(server, lambda: reader.read(PIECE))
        except ConnectionError as error:
            log.info("a client is gone: %s", error)
        finally:
            await server.leave()
            writer.close()

    listening = await begin(client)
    log.info("listening at %s", where)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows; not the main thread
            loop.add_signal_handler(number, ended.set)
    await ended.wait()
    listening.close()
    return 0


class Stream:
    """asyncio's writer as pygls asks for one."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)

    def close(self) -> None:
        self._writer.close()
