"""The server: one thread that listens, a few that answer, and one that follows what is learned.

Pure standard library. Runs inside an editor's server as well as alone: `start` comes back at once, and says whether
this is the process that serves the project. Invariant: no client, however it behaves, costs another one its answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from pytest_llmlearn import __version__
from pytest_llmlearn.bootstrap import Memory
from pytest_llmlearn.daemon import client, place, wire
from pytest_llmlearn.daemon.answers import Answers, Refused
from pytest_llmlearn.daemon.following import Following
from pytest_llmlearn.settings import Settings

log = logging.getLogger("pytest_llmlearn.daemon")

CLIENTS = 256
"""At once; more are turned away."""
WORKERS = 2
"""Answers under way at once: while one waits for its vector, which takes no lock, another one reads."""
WHOLE_SECONDS = 10.0
"""Within which a request has to be there whole, and an answer to be taken."""
IDLE_SECONDS = 300.0
"""For which a client may say nothing between two requests."""
SKIPPED = 64 * 1024 * 1024
"""Bytes of a request that is too large which are read before the connection is cut, so that the reply is seen."""
LOOK_SECONDS = 1.0
"""Between two looks whether to go on."""
YIELD_SECONDS = 5.0
"""For which a server of another version is waited for."""
_CHUNK = 1 << 16


class Daemon:
    """Serves the project at `root`, from `start` to `stop`.

    `memory`, opened with `settings`, is that of the process it runs in; without it one is opened when it is first
    needed. `kind` says to others what it runs in: `editor` or `alone`. After `idle_minutes` without a request it stops
    (0: never).
    """

    def __init__(
        self,
        root: Path,
        *,
        memory: Memory | None = None,
        settings: Settings | None = None,
        environ: Mapping[str, str] | None = None,
        kind: str = "editor",
        idle_minutes: float = 0.0,
    ) -> None:
        self.root = root.absolute()
        self.why = ""
        self._environ = dict(os.environ if environ is None else environ)
        self._kind = kind
        self._idle_seconds = 60.0 * idle_minutes
        self._answers = Answers(
            root=self.root,
            memory=memory,
            settings=settings,
            environ=self._environ,
            status=self.status,
            stop=self._end_soon,
        )
        self._following = Following(self._answers)
        self._held = ExitStack()
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="llmlearn-answer")
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._stopped = threading.Event()
        self._socket: Path | None = None
        self._pointer = b""
        self._started = time.time()
        self._last = time.monotonic()
        self._served: Counter[str] = Counter()
        self._connections: set[asyncio.Task[None]] = set()

    # From outside

    def start(self) -> bool:
        """Listen. False where this process is not to serve the project; `why` says the reason in a sentence.

        A server of another version is asked to make place. Nothing is made in a project without a memory.
        """
        try:
            listening = self._listen()
        except (OSError, ValueError) as error:
            self.why = f"nobody can listen here: {error}"
            listening = None
        if listening is None:
            self._held.close()
            self._stopped.set()
            return False
        begun = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(listening, begun), name="llmlearn-daemon", daemon=True)
        self._thread.start()
        begun.wait()
        self._following.start()
        return True

    def stop(self, seconds: float = 10.0) -> None:
        """Listen no more, and let go of the memory that was opened here; what is being answered is waited for."""
        self._end_soon()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)

    def wait(self, seconds: float | None = None) -> bool:
        """Until it has stopped, or so long; whether it has."""
        return self._stopped.wait(seconds)

    def status(self) -> dict[str, Any]:
        """What is known of it, as builtins."""
        return {
            "pid": os.getpid(),
            "version": __version__,
            "kind": self._kind,
            "root": str(self.root),
            "socket": str(self._socket),
            "uptime_seconds": round(time.time() - self._started, 1),
            "requests": sum(self._served.values()),
            "by_request": dict(sorted(self._served.items())),
            "clients": len(self._connections),
            "memory_mb": memory_mb(),
            "vectors_complete": self._following.complete,
        }

    # Listening

    def _listen(self) -> socket.socket | None:
        if os.name != "posix" or not hasattr(socket, "AF_UNIX"):
            self.why = "there are no Unix sockets here: everything runs without a daemon"
            return None
        if not place.state(self.root).is_dir():
            self.why = "nothing was learned in this project yet"
            return None
        if not self._alone():
            self.why = "another process serves this project"
            return None
        path = place.socket_path(self.root, self._environ)
        with suppress(FileNotFoundError):  # nobody listens there any more, for the lock is ours
            path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._held.callback(listening.close)
        listening.bind(str(path))
        path.chmod(0o600)  # until now the folder kept others out
        listening.listen(CLIENTS)
        listening.setblocking(False)
        self._socket = path
        told = {
            "socket": str(path),
            "pid": os.getpid(),
            "version": __version__,
            "started": self._started,
            "kind": self._kind,
            "birth": place.birth(os.getpid()),
        }
        place.point(self.root, told)
        self._pointer = place.pointer(self.root).read_bytes()
        return listening

    def _alone(self) -> bool:
        """Take the lock; from a server of another version, once it has ended."""
        if self._held.enter_context(place.lock(self.root)):
            return True
        there = client.pointer(self.root)
        if there is None or there.get("version") == __version__:
            return False
        client.ask(self.root, {"do": "stop"}, 1.0, alike=False)
        until = time.monotonic() + YIELD_SECONDS
        while time.monotonic() < until:
            if self._held.enter_context(place.lock(self.root)):
                return True
            time.sleep(0.05)
        return False

    def _end_soon(self) -> None:
        loop, ending = self._loop, self._ending
        if loop is not None and ending is not None:
            with suppress(RuntimeError):  # it has ended meanwhile
                loop.call_soon_threadsafe(ending.set)

    # The thread that listens

    def _run(self, listening: socket.socket, begun: threading.Event) -> None:
        try:
            asyncio.run(self._serve(listening, begun))
        except Exception:  # a thread's fault would be printed into the editor's protocol
            log.exception("the daemon of %s failed", self.root)
        finally:
            begun.set()
            self._workers.shutdown(wait=True, cancel_futures=True)
            self._following.stop()
            self._answers.close()
            self._leave()
            self._stopped.set()

    def _leave(self) -> None:
        """Take away what leads here, as long as the lock is held: what another one put there stays."""
        with suppress(OSError):
            if place.pointer(self.root).read_bytes() == self._pointer:
                place.pointer(self.root).unlink()
        with suppress(OSError):
            if self._socket is not None:
                self._socket.unlink()
        self._held.close()

    async def _serve(self, listening: socket.socket, begun: threading.Event) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_unix_server(self._client, sock=listening, limit=_CHUNK)
        begun.set()
        try:
            while not self._ending.is_set() and self._goes_on():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ending.wait(), LOOK_SECONDS)
        finally:
            server.close()
            for task in list(self._connections):
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _goes_on(self) -> bool:
        """Not where nobody asked for long, and not where the project or its pointer have gone."""
        if self._idle_seconds and time.monotonic() - self._last > self._idle_seconds:
            log.info("nobody asked for %.0f s: it ends", self._idle_seconds)
            return False
        try:
            return place.pointer(self.root).read_bytes() == self._pointer
        except OSError:
            log.info("the project's pointer has gone: it ends")
            return False

    # One client

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if len(self._connections) > CLIENTS or not self._ours(writer):
                log.warning("a client was turned away: too many, or another user's")
                return
            lines = Lines(reader)
            while True:
                line = await lines.next()
                if line is None:
                    return
                self._last = time.monotonic()
                answer = await self._answered(line)
                writer.write(json.dumps(answer).encode("ascii") + b"\n")
                async with asyncio.timeout(WHOLE_SECONDS):
                    await writer.drain()
                self._last = time.monotonic()
                if answer.get("error", {}).get("code") == wire.TOO_LARGE and lines.lost:
                    return
        except TimeoutError:
            log.warning("a client was dropped: it sent half a request, or did not take its answer")
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            log.info("a client left: %s", error)
        except asyncio.CancelledError:
            pass  # the daemon ends
        finally:
            self._connections.discard(task)
            # Not `close`: what a client does not take would be kept for it for ever.
            if writer.transport.get_write_buffer_size():
                writer.transport.abort()
            else:
                writer.close()

    @staticmethod
    def _ours(writer: asyncio.StreamWriter) -> bool:
        connection = writer.get_extra_info("socket")
        return client.peer(connection) in (None, os.geteuid())

    async def _answered(self, line: bytes | int) -> dict[str, Any]:
        identifier: Any = None
        try:
            if isinstance(line, int):
                raise Refused(wire.TOO_LARGE, f"a request may have {wire.LARGEST_REQUEST} bytes")
            try:
                request = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise Refused(wire.BAD_JSON, f"that is no JSON: {error}") from error
            if not isinstance(request, dict):
                raise Refused(wire.BAD_JSON, "a request is a JSON object")
            identifier = request.get("id")
            name = request.get("do")
            assert self._loop is not None
            told = await self._loop.run_in_executor(self._workers, self._answers.answer, request)
            self._served[str(name)] += 1
            self._following.wake()
            return {"v": wire.PROTOCOL, "id": identifier, "ok": told}
        except Refused as error:
            self._served["refused"] += 1
            return _error(identifier, error.code, str(error))
        except Exception:  # one client's request must not end the server; what is wrong here is in the log
            log.exception("a request failed")
            self._served["failed"] += 1
            return _error(identifier, wire.FAILED, "the request failed here; the log says more")


class Lines:
    """The lines of one client, each within bounds of size and time."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._rest = bytearray()
        self.lost = False
        """Whether a line was so long that nothing after it can be read."""

    async def next(self) -> bytes | int | None:
        """The next line; its size where it is too long; None where the client has left.

        Raises:
            TimeoutError: nothing came, or not all of it.
        """
        whole, searched, skipped = self._rest, 0, 0
        until = asyncio.get_running_loop().time() + (WHOLE_SECONDS if whole else IDLE_SECONDS)
        while True:
            end = whole.find(b"\n", searched)
            if end >= 0:
                line, self._rest = bytes(whole[:end]), whole[end + 1 :]
                return line if not skipped and end <= wire.LARGEST_REQUEST else skipped + end
            searched = len(whole)
            if searched > wire.LARGEST_REQUEST:
                skipped, searched = skipped + searched, 0
                whole.clear()
                if skipped > SKIPPED:
                    self.lost = True
                    return skipped
            async with asyncio.timeout_at(until):
                part = await self._reader.read(_CHUNK)
            if not part:
                return None
            if not whole and not skipped:
                until = asyncio.get_running_loop().time() + WHOLE_SECONDS
            whole += part


def _error(identifier: Any, code: str, message: str) -> dict[str, Any]:
    return {"v": wire.PROTOCOL, "id": identifier, "error": {"code": code, "message": message}}


def memory_mb() -> float | None:
    """Megabytes that this process holds now; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
    except (OSError, ValueError, IndexError):
        return None
