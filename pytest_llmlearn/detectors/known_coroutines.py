"""Library calls that make coroutines, and library calls that block an event loop.

Facts from the libraries' own reference pages. A name that is missing from the tables proves nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_HTTP = "get post put patch delete head options request"

_FUNCTIONS = """
asyncio: create_subprocess_exec create_subprocess_shell open_connection open_unix_connection sleep start_server
asyncio: start_unix_server to_thread wait wait_for
anyio: aclose_forcefully connect_tcp open_file run_process sleep sleep_forever sleep_until
anyio.to_thread: run_sync
trio: open_file open_tcp_stream run_process sleep sleep_forever sleep_until
asyncpg: connect
starlette.concurrency: run_in_threadpool
fastapi.concurrency: run_in_threadpool
"""

_METHODS = f"""
asyncio.Queue: get put join
asyncio.LifoQueue: get put join
asyncio.PriorityQueue: get put join
asyncio.Event: wait
asyncio.Lock: acquire
asyncio.Semaphore: acquire
asyncio.BoundedSemaphore: acquire
asyncio.Condition: acquire wait wait_for
asyncio.Barrier: wait reset abort
asyncio.StreamReader: read readline readexactly readuntil
asyncio.StreamWriter: drain wait_closed
httpx.AsyncClient: {_HTTP} send aclose
aiohttp.ClientSession: close
redis.asyncio.Redis: get set delete exists expire hget hset incr lpush rpush publish ping aclose
sqlalchemy.ext.asyncio.AsyncSession: execute scalar scalars commit rollback flush refresh get delete close merge
motor.motor_asyncio.AsyncIOMotorCollection: find_one insert_one insert_many update_one delete_one count_documents
"""

BLOCKING: Mapping[str, str] = MappingProxyType(
    {
        "time.sleep": "await asyncio.sleep",
        "urllib.request.urlopen": "an async HTTP client or asyncio.to_thread",
        "subprocess.run": "asyncio.create_subprocess_exec",
        "subprocess.call": "asyncio.create_subprocess_exec",
        "subprocess.check_call": "asyncio.create_subprocess_exec",
        "subprocess.check_output": "asyncio.create_subprocess_exec",
        "subprocess.getoutput": "asyncio.create_subprocess_shell",
        "os.system": "asyncio.create_subprocess_shell",
        "os.wait": "asyncio.create_subprocess_exec",
        "socket.create_connection": "asyncio.open_connection",
        "input": "asyncio.to_thread",
        **{f"requests.{verb}": "an async HTTP client or asyncio.to_thread" for verb in _HTTP.split()},
        **{f"httpx.{verb}": "httpx.AsyncClient" for verb in _HTTP.split()},
    }
)
"""Call that blocks, to what to use in a coroutine."""

BLOCKING_METHODS: Mapping[str, tuple[frozenset[str], str]] = MappingProxyType(
    {
        "requests.Session": (frozenset(_HTTP.split()), "an async HTTP client or asyncio.to_thread"),
        "httpx.Client": (frozenset(_HTTP.split()), "httpx.AsyncClient"),
        "queue.Queue": (frozenset({"get", "put", "join"}), "asyncio.Queue"),
        "threading.Event": (frozenset({"wait"}), "asyncio.Event"),
        "threading.Thread": (frozenset({"join"}), "asyncio.to_thread"),
    }
)
"""Class, to its methods that block and what to use in a coroutine."""

ASYNC_ONLY = frozenset(
    {"AsyncClient", "AsyncExitStack", "AsyncSession", "BoundedSemaphore", "ClientSession", "Condition", "Connection"}
    | {"Lock", "Pool", "Semaphore", "TaskGroup", "Timeout", "_AsyncGeneratorContextManager", "_RequestContextManager"}
    | {"_WSRequestContextManager", "AsyncConnection", "AsyncTransaction"}
)
"""Class names of well-known objects that are entered by `async with` alone."""


def _table(text: str) -> frozenset[str]:
    found: set[str] = set()
    for line in text.strip().splitlines():
        owner, _, names = line.partition(": ")
        found.update(f"{owner}.{name}" for name in names.split())
    return frozenset(found)


COROUTINES = _table(_FUNCTIONS) | _table(_METHODS)
"""Dotted names, of functions and of methods by their class, whose call makes a coroutine."""
