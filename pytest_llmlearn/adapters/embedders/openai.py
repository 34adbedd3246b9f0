"""Any endpoint that speaks OpenAI's embeddings API: `POST BASE_URL/embeddings`.

https://platform.openai.com/docs/api-reference/embeddings. The key comes from the environment alone, is sent to nobody
but the host that it is meant for, and is never printed. Redirections are not followed: they could carry it elsewhere.
"""

from __future__ import annotations

import json
import math
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from http.client import HTTPException
from importlib.util import find_spec
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from pytest_llmlearn.errors import EmbedderUnavailable, MissingExtra

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Matrix

PREFIX = "openai:"
OWN_KEY, COMMON_KEY, COMMON_BASE = "LLMLEARN_OPENAI_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL"
COMMON_HOST = "api.openai.com"
MAX_CHARACTERS = 8_000
"""Of each text: the endpoints' limit is about 8,192 tokens, and no token is shorter than a character of code."""
ATTEMPTS = 4
HURRIED_SECONDS = 2.0
"""What a question waits for at most: by then it is better answered by words alone."""
WORTH_ANOTHER = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_LONGEST_WAIT = 20.0
_LONGEST_ANSWER = 256 << 20


class OpenAI:
    """The embedder. Asks nobody before the first text. Safe to use from several threads."""

    def __init__(
        self,
        place: str,
        environ: Mapping[str, str],
        *,
        batch: int = 32,
        seconds: float = 10.0,
        hurried: bool = False,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """`place` is `BASE_URL#MODEL`; `seconds` is how long each of at most four attempts may take.

        One that is `hurried` makes a single attempt, and is done within `seconds` or 2, whichever is less.

        Raises:
            MissingExtra: numpy is not installed.
            EmbedderUnavailable: `place` is not of that form, or would send the key in the clear.
        """
        if find_spec("numpy") is None:
            raise MissingExtra("vectors", "finding lessons by meaning")
        base, _, model = place.partition("#")
        self._base, self._model = base.rstrip("/"), model
        self._key = _checked(self._base, model, environ)
        self._batch = batch
        self._seconds = min(seconds, HURRIED_SECONDS) if hurried else seconds
        self._attempts = 1 if hurried else ATTEMPTS
        self._hurried = hurried
        self._wait = wait
        self._dimension: int | None = None
        handlers: list[urllib.request.BaseHandler] = [_NoRedirection()]
        if _loopback(urlsplit(base).hostname or ""):
            handlers.append(urllib.request.ProxyHandler({}))  # no proxy reaches this machine's own servers
        self._opener = urllib.request.build_opener(*handlers)

    @property
    def name(self) -> str:
        return f"{PREFIX}{self._base}#{self._model}"

    @property
    def dimension(self) -> int:
        """Numbers a vector, as the first answer has them; without one yet, the endpoint is asked.

        Raises:
            EmbedderUnavailable: it does not answer.
        """
        if self._dimension is None:
            self.embed(["dimension"])
        assert self._dimension is not None
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row of length 1 for each text, in order; what comes after 8,000 characters is not sent.

        Raises:
            EmbedderUnavailable: the endpoint does not answer, refuses, or answers what is no such rows.
        """
        return self._in_time(texts) if self._hurried else self._embedded(texts)

    def _in_time(self, texts: Sequence[str]) -> Matrix:
        """In a thread of its own: looking up a host's name, or an endpoint that sends its answer byte by byte, knows no
        limit of time."""
        answer: Future[Matrix] = Future()

        def ask() -> None:
            try:
                answer.set_result(self._embedded(texts))
            except Exception as error:  # whatever it is, it is raised to who waits
                answer.set_exception(error)

        threading.Thread(target=ask, name="llmlearn-embedding", daemon=True).start()
        try:
            return answer.result(self._seconds)
        except TimeoutError:
            raise EmbedderUnavailable(
                f"{self._base} gave no vectors: no answer within {self._seconds:g} seconds"
            ) from None

    def _embedded(self, texts: Sequence[str]) -> Matrix:
        import numpy

        rows: list[list[float]] = []
        for start in range(0, len(texts), self._batch):
            rows += self._rows(texts[start : start + self._batch])
        if not rows:
            return numpy.empty((0, self.dimension), dtype=numpy.float32)
        return numpy.array(rows, dtype=numpy.float32)

    def _rows(self, texts: Sequence[str]) -> list[list[float]]:
        # An empty text is refused by the API; a lone surrogate cannot be sent.
        sent = [text[:MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8") or " " for text in texts]
        answer = self._asked({"model": self._model, "input": sent, "encoding_format": "float"})
        entries = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise self._unfit("it has no list of data")
        if len(entries) != len(texts):
            raise self._unfit(f"{len(entries)} vectors for {len(texts)} texts")
        if sorted(str(entry.get("index")) for entry in entries) == sorted(str(at) for at in range(len(texts))):
            entries = sorted(entries, key=lambda entry: int(entry["index"]))
        return [self._row(entry.get("embedding")) for entry in entries]

    def _row(self, numbers: Any) -> list[float]:
        """Of length 1."""
        if not isinstance(numbers, list) or not numbers or not all(type(number) in (int, float) for number in numbers):
            raise self._unfit("an embedding is no list of numbers")
        if self._dimension is None:
            self._dimension = len(numbers)
        if len(numbers) != self._dimension:
            raise self._unfit(f"a vector has {len(numbers)} numbers, others have {self._dimension}")
        try:
            length = math.hypot(*numbers)
        except OverflowError:  # a whole number beyond all floats
            length = math.inf
        if not math.isfinite(length) or length == 0:
            raise self._unfit("a vector has no direction")
        return [number / length for number in numbers]

    def _unfit(self, why: str) -> EmbedderUnavailable:
        return EmbedderUnavailable(f"the answer of {self._base} cannot be used: {why}")

    def _asked(self, question: Mapping[str, object]) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "pytest-llmlearn"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        request = urllib.request.Request(f"{self._base}/embeddings", json.dumps(question).encode(), headers)
        for attempt in range(1, self._attempts + 1):
            asked_to_wait = 0.0
            try:
                with self._opener.open(request, timeout=self._seconds) as answer:
                    read = self._read(answer)
                break
            except urllib.error.HTTPError as error:
                with error:
                    why = self._told(error)
                    asked_to_wait = _seconds_of(error.headers.get("Retry-After"))
                lost = error.code not in WORTH_ANOTHER
            except (OSError, HTTPException) as error:  # time out, refused, no such host, a broken answer
                reason = error.reason if isinstance(error, urllib.error.URLError) else error
                why, lost = f"{reason or type(error).__name__}", False
            if lost or attempt == self._attempts:
                raise EmbedderUnavailable(f"{self._base} gave no vectors: {why}") from None
            self._wait(min(max(asked_to_wait, 0.5 * 2 ** (attempt - 1)), _LONGEST_WAIT))
        try:
            return json.loads(read)
        except ValueError:
            raise self._unfit("it is no JSON") from None

    def _read(self, answer: Any) -> bytes:
        """The whole answer; the opener's own limit is for each piece, of which a slow endpoint may send many."""
        read, end = bytearray(), time.monotonic() + self._seconds
        while piece := answer.read1(1 << 20):
            read += piece
            if time.monotonic() > end or len(read) > _LONGEST_ANSWER:
                raise TimeoutError(f"its answer did not end within {self._seconds:g} seconds")
        return bytes(read)

    def _told(self, error: urllib.error.HTTPError) -> str:
        """What an error answers, for people: the status, and its own words without the key."""
        if error.code in (401, 403):  # some endpoints quote parts of the key
            return f"HTTP {error.code}: is the key in {OWN_KEY} right?"
        try:
            told = json.loads(error.read(65_536))["error"]["message"]
        except (ValueError, KeyError, TypeError, OSError, HTTPException):  # no words in the form of the API
            told = error.reason
        words = " ".join(str(told).split())[:200]
        return f"HTTP {error.code}: {words.replace(self._key, '***') if self._key else words}"


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def _checked(base: str, model: str, environ: Mapping[str, str]) -> str:
    """The key to send, "" for none."""
    try:
        address = urlsplit(base)
        address.port  # noqa: B018 -- reading it checks it
    except ValueError:
        raise _misnamed("its address cannot be read") from None
    host = address.hostname or ""
    if address.scheme not in ("http", "https"):
        neither = f"{address.scheme}://, which is neither" if address.scheme else "neither"
        raise _misnamed(f"its address begins with {neither} https:// nor http://")
    if not host:
        raise _misnamed("its address names no host")
    if address.query:
        raise _misnamed("its address must have no query")
    if not model:
        raise _misnamed("it names no #MODEL")
    if address.username or address.password:
        raise EmbedderUnavailable(f"the embedder's address must hold no key: put it in {OWN_KEY}")
    key = environ.get(OWN_KEY, "").strip() or (
        environ.get(COMMON_KEY, "").strip() if _meant_for(address, environ) else ""
    )
    if key and address.scheme == "http" and not _loopback(host):
        raise EmbedderUnavailable(f"{base} would be sent the key in the clear: use https, or unset {OWN_KEY}")
    return key


def _misnamed(why: str) -> EmbedderUnavailable:
    """Without the address itself: there may be a key in it."""
    return EmbedderUnavailable(
        f"the embedder {PREFIX}… cannot be asked: {why}; it wants BASE_URL#MODEL, as in "
        f"{PREFIX}https://{COMMON_HOST}/v1#text-embedding-3-small"
    )


def _meant_for(address: SplitResult, environ: Mapping[str, str]) -> bool:
    """Whether OPENAI_API_KEY may go there. A project's settings name the address, and a project may be anyone's: the
    key of another service is not theirs to ask for."""
    host = address.hostname or ""
    if address.scheme == "https" and host == COMMON_HOST:
        return True
    named = urlsplit(environ.get(COMMON_BASE, ""))
    return _loopback(host) or (
        bool(named.hostname) and (named.scheme, named.netloc) == (address.scheme, address.netloc)
    )


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _seconds_of(header: str | None) -> float:
    """Of `Retry-After`; its other form, a date, is rare, and the usual waiting serves."""
    try:
        return max(0.0, float(header or 0))
    except ValueError:
        return 0.0
