"""The server itself: thin handlers over `Memory`, and converters named for both shores.

It answers the command `llmlearn.relevantMistakes` (text, then optionally the file's URI, the model and the style of the
words) and the request `llmlearn/relevantMistakes` (`intent`, `textDocument`, `model`, `style`): what was learned that
matters for a text about to be written in that file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from pytest_llmlearn import __version__
from pytest_llmlearn.bootstrap import Memory, project_root
from pytest_llmlearn.domain.guidance import STYLES, Guidance, Query, Style
from pytest_llmlearn.errors import MissingExtra


def make_server() -> Any:
    """A pygls server, ready to be started.

    Raises:
        MissingExtra: pygls is not installed.
    """
    try:
        from pygls.exceptions import JsonRpcInvalidParams
        from pygls.lsp.server import LanguageServer
    except ImportError as error:
        raise MissingExtra("lsp", "the language server") from error
    server = LanguageServer("llmlearn", __version__)

    @server.command("llmlearn.relevantMistakes")
    def _command(*arguments: Any) -> dict[str, Any]:
        # pygls wants as many arguments as there are parameters; only the first is required here.
        text, uri, model, style = (*arguments, None, None, None, None)[:4]
        return answer(text, uri, model, style)

    @server.feature("llmlearn/relevantMistakes")
    def _request(parameters: Any) -> dict[str, Any]:
        document = getattr(parameters, "textDocument", None)
        uri = getattr(document, "uri", None)
        text = getattr(parameters, "intent", None) or getattr(parameters, "text", None)
        return answer(text, uri, getattr(parameters, "model", None), getattr(parameters, "style", None))

    def answer(text: Any, uri: Any, model: Any, named: Any) -> dict[str, Any]:
        for name, value in (("text", text), ("file's URI", uri), ("model", model)):
            if not isinstance(value, str | None):
                raise JsonRpcInvalidParams(f"relevantMistakes takes strings; the {name} is {type(value).__name__}")
        style = next((known for known in STYLES if known == (named or "text")), None)
        if style is None:
            raise JsonRpcInvalidParams(
                f"relevantMistakes words its answer as one of {', '.join(STYLES)}, not {named!r}"
            )
        return to_client(relevant(text or "", uri, model, server.workspace.root_path, style))

    return server


def relevant(text: str, uri: str | None, model: str | None, workspace: str | None, style: Style = "text") -> Guidance:
    """What the project's memory says of `text`, about to be written in the file at `uri`, worded in that style."""
    path = to_path(uri)
    root = project_root(path.parent if path is not None else Path(workspace) if workspace else Path.cwd()).path
    inside = path.relative_to(root).as_posix() if path is not None and path.is_relative_to(root) else None
    with Memory.open(root) as memory:
        return memory.recall(Query(text=text, path=inside, model=model, channel="lsp", style=style))


def to_path(uri: str | None) -> Path | None:
    """The file that a `file:` URI names; None for any other."""
    parts = urlsplit(uri or "")
    return Path(url2pathname(unquote(parts.path))) if parts.scheme == "file" else None


def to_client(guidance: Guidance) -> dict[str, Any]:
    """Guidance as JSON for the client: each lesson with its place."""
    return {
        "abstained": guidance.abstained,
        "text": guidance.text,
        "tokens": guidance.tokens,
        "style": guidance.query.style,
        "lessons": [
            {
                "fingerprint": match.pattern.fingerprint,
                "rule_id": match.pattern.rule_id,
                "score": match.score,
                "lesson": match.lesson.sentence,
                "path": match.pattern.path,
                "line": match.pattern.line,
                "always": match.always,
            }
            for match in guidance.matches
        ],
    }
