"""The open documents, as the client has them: texts, changed in place.

A change outside of the text changes the nearest place in it; one of a document that nobody opened changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote

from lsprotocol import types

from lsp_server.convert_positions import Encoding, lines_of, to_place


class Document:
    """One open document. `serial` counts its states, for versions are the client's to choose.

    `settled` says that it is as it was opened or saved, and nobody is in the middle of a word.
    """

    def __init__(self, uri: str, version: int | None, language: str, text: str) -> None:
        self.uri = uri
        self.version = version
        self.language = language
        self.lines = lines_of(text)
        self.serial = 0
        self.settled = True
        self._text: str | None = text

    @property
    def text(self) -> str:
        """The whole text; what is no character at all (half a surrogate pair) is a question mark in it."""
        if self._text is None:
            self._text = "".join(self.lines)
        if not self._text.isascii():
            self._text = self._text.encode("utf-8", "replace").decode("utf-8")
        return self._text

    @property
    def size(self) -> int:
        """Characters."""
        return len(self._text) if self._text is not None else sum(map(len, self.lines))

    @property
    def is_python(self) -> bool:
        return self.language == "python" or self.uri.endswith((".py", ".pyi"))

    def change(self, change: types.TextDocumentContentChangeEvent, encoding: Encoding) -> None:
        """Put the new text in place of a range of the old, or of all of it."""
        given = getattr(change, "range", None)
        if given is None:
            self.lines = lines_of(change.text)
            self._text = change.text
        else:
            first, last = sorted(
                (to_place(self.lines, given.start, encoding), to_place(self.lines, given.end, encoding))
            )
            new = self.lines[first[0]][: first[1]] + change.text + self.lines[last[0]][last[1] :]
            top = first[0]
            if top and new.startswith("\n") and self.lines[top - 1].endswith("\r"):
                top -= 1  # what were the ends of two lines is one now
                new = self.lines[top] + new
            written = lines_of(new)
            if last[0] + 1 < len(self.lines):
                written.pop()  # behind the end of its last line: there goes on what was below
            self.lines[top : last[0] + 1] = written
            self._text = None
        self.serial += 1
        self.settled = False

    def save(self) -> None:
        """It is saved: what was not looked at while it was typed is looked at now."""
        if not self.settled:
            self.settled = True
            self.serial += 1


class Documents:
    """All of them, by their URIs, however these are escaped."""

    def __init__(self) -> None:
        self._open: dict[str, Document] = {}
        self.encoding: Encoding = "utf-16"

    def put(self, item: types.TextDocumentItem) -> Document:
        document = Document(item.uri, item.version, str(item.language_id), item.text)
        self._open[unquote(item.uri)] = document
        return document

    def get(self, uri: str) -> Document | None:
        return self._open.get(unquote(uri))

    def remove(self, uri: str) -> Document | None:
        return self._open.pop(unquote(uri), None)

    def __iter__(self) -> Iterator[Document]:
        return iter(tuple(self._open.values()))
