"""How Chroma is loaded and opened: what it may not do is said here, and not left to the environment.

Chroma takes settings from environment variables and from a `.env` in the current folder, which may be any project's.
Nothing of ours depends on them: telemetry and tracing are off, no embedding function is ever made (one would download
its weights), and where the files are is what the caller says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from pytest_llmlearn.errors import IndexUnavailable, LlmlearnError, MissingExtra

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.config import Settings

PATIENCE = 10.0
"""Seconds that a server may take for an answer; Chroma's own client waits for ever."""
# Names from `chromadb.config.Settings`, https://github.com/chroma-core/chroma
_QUIET: Mapping[str, Any] = {
    "anonymized_telemetry": False,
    "chroma_otel_collection_endpoint": "",
    "chroma_otel_granularity": None,
    "chroma_client_auth_provider": None,
    "chroma_client_auth_credentials": None,
    "chroma_overwrite_singleton_tenant_database_access_from_auth": False,
    "chroma_server_ssl_verify": None,
    "allow_reset": False,
    "migrations": "apply",
    "migrations_hash_algorithm": "md5",
}


def folder(path: Path) -> ClientAPI:
    """Chroma over the files in that folder.

    Raises:
        MissingExtra: it is not installed.
        IndexUnavailable: it cannot read them.
    """
    with translated(f"the index in {path} cannot be opened"):
        import chromadb

        settings = _settings(chroma_api_impl="chromadb.api.rust.RustBindingsAPI")
        try:
            return chromadb.PersistentClient(path=path, settings=settings)
        except BaseException:  # raised again: what could not be opened would be handed out at the next try
            _forget(str(path))
            raise


def server(url: str, *, tenant: str, database: str, headers: Mapping[str, str], patience: float) -> ClientAPI:
    """Chroma over HTTP; `url` is `http(s)://HOST[:PORT]`, and `patience` the seconds that an answer may take.

    Raises:
        MissingExtra: it is not installed.
        IndexUnavailable: nobody answers there, or not for that tenant and database.
    """
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 8000)
    with translated(f"the Chroma server at {url} cannot be used"):
        import chromadb

        # Asked before Chroma's client does, which would wait for ever.
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        beat = Request(f"{parts.scheme}://{host}:{port}/api/v2/heartbeat", headers=dict(headers))
        with urlopen(beat, timeout=patience):
            pass
        settings = _settings(chroma_server_host=parts.hostname, chroma_server_http_port=port)
        client = chromadb.HttpClient(
            host=parts.hostname or "localhost",
            port=port,
            ssl=parts.scheme == "https",
            headers=dict(headers),
            settings=settings,
            tenant=tenant,
            database=database,
        )
    # There is no public way to say how long it may wait.
    session = getattr(getattr(client, "_server", None), "_session", None)
    if session is not None:
        session.timeout = patience
    return client


def _forget(identifier: str) -> None:
    """Chroma keeps what it opened by its path in a register of the process, and leaves there what failed halfway."""
    from chromadb.api.shared_system_client import SharedSystemClient

    for register in ("_identifier_to_system", "_identifier_to_refcount"):
        getattr(SharedSystemClient, register, {}).pop(identifier, None)


def _settings(**ours: Any) -> Settings:
    from chromadb.config import Settings

    return Settings(_env_file=None, **_QUIET, **ours)  # type: ignore[call-arg, unused-ignore]


def let_go(client: ClientAPI) -> None:
    """Close it. A damaged one cannot always be; nobody uses it any more all the same."""
    with suppress(IndexUnavailable), translated("closing"):
        closing: Any = client  # its interface does not say that it can be closed
        closing.close()


@contextmanager
def translated(sentence: str) -> Iterator[None]:
    """Whatever Chroma raises, as `IndexUnavailable` that begins with `sentence`; errors of ours pass."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, LlmlearnError):
        raise
    except ImportError as error:
        raise MissingExtra("vectors", "an index in Chroma") from error
    # Its errors come from its own tree, httpx, pydantic (what the environment says to it) and, as panics of the part
    # that is written in Rust, from no Exception at all.
    except BaseException as error:
        said = " ".join(str(error).split())
        raise IndexUnavailable(f"{sentence}: {said[:300] or type(error).__name__}") from error
