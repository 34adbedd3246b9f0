"""Commands: what people say of lessons, and what assistants hand in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.convert_arguments import About, one_object, to_about
from lsp_server.convert_words import explained, pattern_json
from lsp_server.features import life
from lsp_server.features.asking import session_of
from lsp_server.looks import text_at
from lsp_server.protocol import Refused
from lsp_server.sessions import to_path
from pytest_llmlearn.errors import BadGeneration, BadInput, LlmlearnError, UnknownGeneration, UnknownPattern

if TYPE_CHECKING:
    from lsp_server.server import LessonsServer
    from pytest_llmlearn.bootstrap import Memory
    from pytest_llmlearn.domain.pattern import Pattern

T = TypeVar("T")
WORDS = ("right", "wrong", "enforce")


def register(server: LessonsServer) -> None:
    @server.command("llmlearn.mute")
    async def mute(*arguments: Any) -> dict[str, Any]:
        about = to_about("llmlearn.mute", arguments)
        pattern = await _ask(server, about.uri, lambda memory: memory.mute(about.fingerprint))
        life.look_again(server)
        return pattern_json(pattern)

    @server.command("llmlearn.notHere")
    async def not_here(*arguments: Any) -> None:
        _silence(server, to_about("llmlearn.notHere", arguments))

    @server.command("llmlearn.rate")
    async def rate(*arguments: Any) -> dict[str, Any]:
        return await _rate(server, one_object("llmlearn.rate", arguments))

    @server.command("llmlearn.explain")
    async def explain(*arguments: Any) -> dict[str, Any]:
        about = to_about("llmlearn.explain", arguments)
        told = await _ask(server, about.uri, lambda memory: explained(memory, about.fingerprint))
        return _shown(server, about, told, told["markdown"])

    @server.command("llmlearn.copyLesson")
    async def copy_lesson(*arguments: Any) -> dict[str, Any]:
        about = to_about("llmlearn.copyLesson", arguments)
        text = await _ask(server, about.uri, lambda memory: memory.lesson(about.fingerprint).worded())
        return _shown(server, about, {"fingerprint": about.fingerprint, "text": text}, text)

    @server.command("llmlearn.openPattern")
    async def open_pattern(*arguments: Any) -> dict[str, Any]:
        about = to_about("llmlearn.openPattern", arguments)
        session = await session_of(server, about.uri)
        pattern = await _ask(server, about.uri, lambda memory: memory.pattern(about.fingerprint))
        if pattern.path is None:
            raise Refused("nobody knows where this mistake was made")
        place = types.Position(max((pattern.line or 1) - 1, 0), 0)
        uri = (session.root / pattern.path).as_uri()
        if server.abilities.shows:
            wanted = types.ShowDocumentParams(uri, take_focus=True, selection=types.Range(place, place))
            server.begin(server.window_show_document_async(wanted))
        return {"uri": uri, "line": place.line}

    @server.command("llmlearn.reload")
    async def reload(*_: Any) -> None:
        await life.renew(server)

    @server.command("llmlearn.recordGeneration")
    async def record_generation(*arguments: Any) -> dict[str, Any]:
        event = dict(one_object("llmlearn.recordGeneration", arguments))
        uri = event.pop("uri", None)
        path = to_path(uri) if isinstance(uri, str) else None
        if path is not None:
            event.setdefault("path", str(path))
        recorded = await _ask(server, uri if path is not None else None, lambda memory: memory.add_generation(event))
        return {"id": recorded.id, "new": recorded.new}

    @server.command("llmlearn.chatMessage")
    async def chat_message(*arguments: Any) -> None:
        message = one_object("llmlearn.chatMessage", arguments)
        uri = message.get("uri")
        await _ask(server, uri if isinstance(uri, str) else None, lambda memory: memory.hear(message))


async def _ask(server: LessonsServer, uri: str | None, question: Callable[[Memory], T]) -> T:
    """The memory's answer; what it refuses is the caller's mistake, or said in its own sentence."""
    session = await session_of(server, uri)
    try:
        return await session.ask(question)
    except (UnknownPattern, UnknownGeneration, BadGeneration, BadInput) as error:
        raise JsonRpcInvalidParams(str(error)) from error
    except LlmlearnError as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(f"it cannot be written down: {error.strerror or error}") from error


async def _rate(server: LessonsServer, given: Mapping[str, Any]) -> dict[str, Any]:
    """A person's word on a lesson, on one place where it was told, or on a generation."""
    if "generation" in given:
        named, rating = given["generation"], given.get("rating")
        if not isinstance(named, str) or isinstance(rating, bool) or not isinstance(rating, int | str):
            raise JsonRpcInvalidParams("llmlearn.rate needs a generation's id and a rating: 1 to 5, up or down")
        rated = await _ask(server, None, lambda memory: memory.rate(named, rating))
        return {"id": rated.id, "rating": rated.outcome.rating}
    about = to_about("llmlearn.rate", [given])
    word = given.get("word")
    if word not in WORDS:
        raise JsonRpcInvalidParams(f"llmlearn.rate needs a word, one of {', '.join(WORDS)}")
    if word == "wrong" and about.matcher is not None:
        return await _mistaken(server, about, about.matcher)
    say: Callable[[Memory], Any] = {
        "right": lambda memory: memory.approve(about.fingerprint),
        "enforce": lambda memory: memory.enforce(about.fingerprint),
        "wrong": lambda memory: memory.mute(about.fingerprint),
    }[word]
    pattern = await _ask(server, about.uri, say)
    life.look_again(server)
    return pattern_json(pattern)


async def _mistaken(server: LessonsServer, about: About, matcher: str) -> dict[str, Any]:
    """The lesson may hold, but what recognised it here was mistaken: told to it, and silenced here."""
    line = _silence(server, about)

    def say(memory: Memory) -> Pattern:
        memory.mistaken(matcher, line)
        return memory.pattern(about.fingerprint)

    return pattern_json(await _ask(server, about.uri, say))


def _silence(server: LessonsServer, about: About) -> str:
    """Not in this line, as long as the server runs, however lines move; the line's text."""
    look = server.looks.latest(about.uri) if about.uri is not None else None
    if about.matcher is None or look is None or about.line is None:
        raise JsonRpcInvalidParams(
            "where it is not to be told must be named: matcher, uri and line of an open document"
        )
    line = text_at(look.lines, about.line + 1)
    server.looks.silenced.add((about.fingerprint, look.path, line))
    life.look_again(server)
    return line


def _shown(server: LessonsServer, about: About, told: dict[str, Any], text: str) -> dict[str, Any]:
    """The answer; and where a person asked through the editor, who sees no answers of commands, as a message too."""
    if about.show:
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))
    return told
