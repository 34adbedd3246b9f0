"""Endpoints that speak OpenAI's embeddings API, and what they may answer: a real server on this machine, scripted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from typing import Any

import pytest

from pytest_llmlearn.adapters.embedders import openai
from pytest_llmlearn.adapters.embedders.openai import MAX_CHARACTERS, OpenAI
from pytest_llmlearn.errors import EmbedderUnavailable

pytestmark = pytest.mark.skipif(
    find_spec("numpy") is None, reason="vectors are not installed: pip install 'pytest-llmlearn[vectors]'"
)
KEY = "sk-test-0123456789"


class Endpoint:
    """The server's script and what it was asked. `answers` are handed out in order, then vectors of `dimension`."""

    def __init__(self, address: str) -> None:
        self.base = f"{address}/v1"
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answers: list[tuple[int, Any, dict[str, str]]] = []
        self.dimension = 3
        self.held = threading.Event()
        self.held.set()

    def answer(self, status: int, body: Any = None, **headers: str) -> None:
        self.answers.append((status, body, {name.replace("_", "-"): value for name, value in headers.items()}))

    def vectors(self, question: dict[str, Any]) -> dict[str, Any]:
        """Each text has the vector (its length, 1, 0, …); handed out in reverse, as the API allows."""
        rows = [
            {"object": "embedding", "index": at, "embedding": [float(len(text)), 1.0] + [0.0] * (self.dimension - 2)}
            for at, text in enumerate(question["input"])
        ]
        return {"object": "list", "data": rows[::-1], "model": question["model"]}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            script.asked.append(question)
            script.headers.append(dict(self.headers))
            script.paths.append(self.path)
            script.held.wait(10)
            status, body, headers = script.answers.pop(0) if script.answers else (200, None, {})
            body = script.vectors(question) if body is None and status == 200 else body
            sent = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(sent)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(sent)
            except ConnectionError:  # the client waited long enough
                return

        def log_message(self, *_: object) -> None:
            """Tests print for themselves."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script = Endpoint(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield script
        script.held.set()
        server.shutdown()
        thread.join(10)


class Patience:
    """Remembers how long was to be waited, and does not."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def __call__(self, seconds: float) -> None:
        self.waited.append(seconds)


def an_embedder(endpoint: Endpoint, **changes: Any) -> OpenAI:
    values: dict[str, Any] = {
        "environ": {"LLMLEARN_OPENAI_API_KEY": KEY},
        "seconds": 5.0,
        "wait": Patience(),
        **changes,
    }
    return OpenAI(f"{endpoint.base}#small", values.pop("environ"), **values)


def test_rows_keep_the_order_of_the_texts(endpoint: Endpoint) -> None:
    """In batches, of length 1, whatever the order of the answer."""
    import numpy

    rows = an_embedder(endpoint, batch=2).embed(["a", "bb", "cccc"])
    assert numpy.allclose(rows[:, 0] / rows[:, 1], [1, 2, 4])
    assert numpy.allclose(numpy.linalg.norm(rows, axis=1), 1)
    assert rows.dtype == numpy.float32
    assert [question["input"] for question in endpoint.asked] == [["a", "bb"], ["cccc"]]
    assert endpoint.asked[0]["model"] == "small"
    assert endpoint.paths[0] == "/v1/embeddings"


@pytest.mark.parametrize("dimension", [2, 384, 3072])
def test_the_dimension_is_that_of_the_first_answer(endpoint: Endpoint, dimension: int) -> None:
    """Asked once in a process, and known from then on."""
    endpoint.dimension = dimension
    embedder = an_embedder(endpoint)
    assert embedder.dimension == embedder.dimension == dimension
    assert embedder.embed([]).shape == (0, dimension)
    assert len(endpoint.asked) == 1


def test_the_name_tells_endpoint_and_model(endpoint: Endpoint) -> None:
    """And nothing else; a slash at the end makes no other embedder."""
    assert an_embedder(endpoint).name == f"openai:{endpoint.base}#small"
    assert OpenAI(f"{endpoint.base}/#small", {}).name == f"openai:{endpoint.base}#small"


def test_what_the_api_refuses_is_not_sent(endpoint: Endpoint) -> None:
    """An empty text is a blank, a long one is cut, a lone surrogate is replaced."""
    an_embedder(endpoint).embed(["", "x" * 20_000, "\ud800"])
    assert endpoint.asked[0]["input"] == [" ", "x" * MAX_CHARACTERS, "?"]


def test_too_many_requests_are_waited_out(endpoint: Endpoint) -> None:
    """As long as the server asks for, within reason, else twice as long each time."""
    endpoint.answer(429, {}, Retry_After="7")
    endpoint.answer(503, {}, Retry_After="9999")
    endpoint.answer(500, {}, Retry_After="Wed, 21 Oct 2026 07:28:00 GMT")
    patience = Patience()
    assert an_embedder(endpoint, wait=patience).embed(["a"]).shape == (1, 3)
    assert patience.waited == [7.0, 20.0, 2.0]


def test_after_four_attempts_it_is_said(endpoint: Endpoint) -> None:
    """With the words of the endpoint, without the key that they quote."""
    for _ in range(4):
        endpoint.answer(503, {"error": {"message": f"overloaded,\n {KEY}"}})
    with pytest.raises(EmbedderUnavailable, match=r"gave no vectors: HTTP 503: overloaded, \*\*\*$"):
        an_embedder(endpoint).embed(["a"])
    assert len(endpoint.asked) == 4


def test_a_wrong_key_is_said_at_once(endpoint: Endpoint) -> None:
    """Asking again would not help; what the endpoint quotes of the key is not repeated."""
    endpoint.answer(401, {"error": {"message": "Incorrect API key provided: sk-test-****6789"}})
    with pytest.raises(EmbedderUnavailable, match="HTTP 401: is the key in LLMLEARN_OPENAI_API_KEY right") as caught:
        an_embedder(endpoint).embed(["a"])
    assert "6789" not in str(caught.value)
    assert len(endpoint.asked) == 1


def test_an_unknown_model_is_said_at_once(endpoint: Endpoint) -> None:
    """In the endpoint's words, or by its status where it has none."""
    endpoint.answer(404, {"error": {"message": "The model `small` does not exist"}})
    with pytest.raises(EmbedderUnavailable, match="HTTP 404: The model `small` does not exist"):
        an_embedder(endpoint).embed(["a"])
    endpoint.answer(404, b"<html>no</html>")
    with pytest.raises(EmbedderUnavailable, match="HTTP 404: Not Found"):
        an_embedder(endpoint).embed(["a"])


def test_a_silent_endpoint_is_given_up(endpoint: Endpoint) -> None:
    """After the time limit, and as many attempts."""
    endpoint.held.clear()
    with pytest.raises(EmbedderUnavailable, match="gave no vectors: timed out"):
        an_embedder(endpoint, seconds=0.1).embed(["a"])
    assert len(endpoint.asked) == 4


@pytest.mark.parametrize("slowly", [False, True], ids=["silent", "byte by byte"])
def test_who_is_in_a_hurry_asks_once_and_for_a_short_time(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, slowly: bool
) -> None:
    """Whatever the setting allows; nothing is waited out, nor asked again."""
    monkeypatch.setattr(openai, "HURRIED_SECONDS", 0.2)
    patience = Patience()
    embedder = an_embedder(endpoint, seconds=60.0, hurried=True, wait=patience)
    assert embedder.embed(["a", "bb"]).shape == (2, 3)
    if slowly:
        monkeypatch.setattr(OpenAI, "_read", lambda *_: endpoint.held.wait(10))
    endpoint.held.clear()
    before = time.monotonic()
    with pytest.raises(EmbedderUnavailable, match=r"gave no vectors: (timed out|no answer within 0\.2 seconds)"):
        embedder.embed(["a"])
    assert time.monotonic() - before < 5
    assert len(endpoint.asked) == 2 and patience.waited == []


def test_what_is_wrong_is_told_to_who_is_in_a_hurry(endpoint: Endpoint) -> None:
    """In the same words, at the first attempt."""
    endpoint.answer(503, {"error": {"message": "overloaded"}})
    with pytest.raises(EmbedderUnavailable, match="HTTP 503: overloaded"):
        an_embedder(endpoint, hurried=True).embed(["a"])
    endpoint.answer(200, {"data": []})
    with pytest.raises(EmbedderUnavailable, match="0 vectors for 1 texts"):
        an_embedder(endpoint, hurried=True).embed(["a"])
    assert len(endpoint.asked) == 2


def test_nobody_there_is_said() -> None:
    """A refused connection is an endpoint that does not answer."""
    with pytest.raises(EmbedderUnavailable, match=r"http://127\.0\.0\.1:9 gave no vectors: "):
        OpenAI("http://127.0.0.1:9#m", {}, wait=Patience()).embed(["a"])


def test_a_redirection_is_not_followed(endpoint: Endpoint) -> None:
    """It would carry the key to wherever it points."""
    endpoint.answer(307, {}, Location=f"{endpoint.base}/elsewhere")
    with pytest.raises(EmbedderUnavailable, match="HTTP 307"):
        an_embedder(endpoint).embed(["a"])
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"not json", "it is no JSON"),
        (b"\xff\xfe", "it is no JSON"),
        ([], "it has no list of data"),
        ({"data": None}, "it has no list of data"),
        ({"data": ["x"]}, "it has no list of data"),
        ({"data": []}, "0 vectors for 1 texts"),
        ({"data": [{"index": 0, "embedding": [1.0]}] * 2}, "2 vectors for 1 texts"),
        ({"data": [{"index": 0}]}, "an embedding is no list of numbers"),
        ({"data": [{"index": 0, "embedding": []}]}, "an embedding is no list of numbers"),
        ({"data": [{"index": 0, "embedding": [1.0, "2"]}]}, "an embedding is no list of numbers"),
        ({"data": [{"index": 0, "embedding": [True, False]}]}, "an embedding is no list of numbers"),
        ({"data": [{"index": 0, "embedding": [0.0, 0.0]}]}, "a vector has no direction"),
        (b'{"data": [{"index": 0, "embedding": [NaN, 1.0]}]}', "a vector has no direction"),
        (b'{"data": [{"index": 0, "embedding": [1e400, 1.0]}]}', "a vector has no direction"),
        ({"data": [{"index": 0, "embedding": [10**400]}]}, "a vector has no direction"),
    ],
)
def test_an_answer_that_is_no_vectors_is_said(endpoint: Endpoint, answer: Any, why: str) -> None:
    """Never taken for vectors, whatever it is."""
    endpoint.answer(200, answer)
    with pytest.raises(EmbedderUnavailable, match=f"cannot be used: {why}"):
        an_embedder(endpoint).embed(["a"])


def test_vectors_of_two_dimensions_are_said(endpoint: Endpoint) -> None:
    """The endpoint changed its model under the same name."""
    embedder = an_embedder(endpoint)
    embedder.embed(["a"])
    endpoint.dimension = 4
    with pytest.raises(EmbedderUnavailable, match="a vector has 4 numbers, others have 3"):
        embedder.embed(["a"])


def test_the_key_comes_from_the_environment(endpoint: Endpoint) -> None:
    """Our own variable first, then the common one; without either none is sent."""
    both = {"LLMLEARN_OPENAI_API_KEY": KEY, "OPENAI_API_KEY": "other"}
    for environ in (both, {"OPENAI_API_KEY": "other"}, {}):
        an_embedder(endpoint, environ=environ).embed(["a"])
    assert [headers.get("Authorization") for headers in endpoint.headers] == [f"Bearer {KEY}", "Bearer other", None]


def test_the_common_key_goes_only_where_it_belongs() -> None:
    """A project names the address, and must not be handed the key of another service for it."""
    from pytest_llmlearn.adapters.embedders.openai import _checked

    common = {"OPENAI_API_KEY": "common"}
    assert _checked("https://api.openai.com/v1", "m", common) == "common"
    assert _checked("http://localhost:11434/v1", "m", common) == "common"
    assert _checked("https://api.example.org/v1", "m", common) == ""
    assert _checked("https://api.openai.com.example.org/v1", "m", common) == ""
    named = {**common, "OPENAI_BASE_URL": "https://api.example.org/v1"}
    assert _checked("https://api.example.org/v1", "m", named) == "common"


def test_no_key_travels_in_the_clear() -> None:
    """Plain http is for this machine, or for endpoints that want no key."""
    own = {"LLMLEARN_OPENAI_API_KEY": KEY}
    with pytest.raises(EmbedderUnavailable, match="would be sent the key in the clear") as caught:
        OpenAI("http://embeddings.example.org#m", own)
    assert KEY not in str(caught.value)
    assert OpenAI("http://embeddings.example.org#m", {}).name == "openai:http://embeddings.example.org#m"
    assert OpenAI("http://[::1]:8080/v1#m", own).name.endswith("#m")


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("api.openai.com/v1#m", "its address begins with neither https:// nor http://"),
        ("https://api.openai.com/v1", "it names no #MODEL"),
        ("https://x#", "it names no #MODEL"),
        ("ftp://user:secret@x#m", "its address begins with ftp://, which is neither https:// nor http://"),
        ("https://x:port#m", "its address cannot be read"),
        ("https://#m", "its address names no host"),
        ("https://x?key=secret#m", "its address must have no query"),
    ],
)
def test_an_address_of_another_form_is_said(place: str, why: str) -> None:
    """What is wrong with it, and an example of the right one; not the address, which may hold a key."""
    with pytest.raises(EmbedderUnavailable, match="wants BASE_URL#MODEL, as in openai:https") as caught:
        OpenAI(place, {})
    assert f"cannot be asked: {why}; " in str(caught.value) and "secret" not in str(caught.value)


def test_a_key_in_the_address_is_refused() -> None:
    """It would be kept as part of the embedder's name."""
    with pytest.raises(EmbedderUnavailable, match="must hold no key: put it in LLMLEARN_OPENAI_API_KEY") as caught:
        OpenAI("https://user:secret@api.example.org#m", {})
    assert "secret" not in str(caught.value)
