"""Places as clients count them and as Python does, and documents under change."""

from __future__ import annotations

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from hypothesis import given, settings
from hypothesis import strategies as st
from lsprotocol import types

from lsp_server.convert_positions import (
    Encoding,
    lines_of,
    to_character,
    to_column,
    to_place,
    to_position,
    to_range,
    to_span,
    units,
)
from lsp_server.documents import Document, Documents
from pytest_llmlearn.domain.tree import Span

ENCODINGS = st.sampled_from(("utf-8", "utf-16", "utf-32"))
CHARACTERS = st.sampled_from("ab \t\f\u2028\x85é€😋𝔘\n\r")
TEXTS = st.lists(CHARACTERS, max_size=40).map("".join)
PLACES = st.builds(types.Position, st.integers(0, 12), st.integers(0, 40))


@given(text=TEXTS, encoding=ENCODINGS)
def test_every_place_is_found_again(text: str, encoding: Encoding) -> None:
    """There and back, for each column of each line, whatever characters stand before it."""
    lines = lines_of(text)
    for number, line in enumerate(lines):
        for column in range(len(line.rstrip("\r\n")) + 1):
            assert to_place(lines, to_position(lines, number, column, encoding), encoding) == (number, column)


@given(text=TEXTS)
def test_lines_are_those_of_the_protocol(text: str) -> None:
    """Ended by line feeds, carriage returns or both; a form feed or a Unicode separator ends none."""
    lines = lines_of(text)
    assert "".join(lines) == text
    assert len(lines) == len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert not lines[-1].endswith(("\r", "\n"))


@given(line=st.text(max_size=20), character=st.integers(-3, 90), encoding=ENCODINGS)
def test_any_number_is_a_column_of_the_line(line: str, character: int, encoding: Encoding) -> None:
    """Beyond its end the end, within a character what is before it."""
    column = to_column(line, character, encoding)
    assert 0 <= column <= len(line)
    assert to_character(line, column, encoding) <= max(character, 0)


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", 7), ("utf-16", 5), ("utf-32", 4)])
def test_the_example_of_the_protocol(encoding: Encoding, end: int) -> None:
    """The closing quotation mark of x="😋"."""
    assert units('x="😋', encoding) == end
    assert to_column('x="😋"', end, encoding) == 4
    assert to_column('x="😋"', end - 1, encoding) == 3


def test_a_surrogate_alone_is_a_character() -> None:
    """JSON can bring half a pair; it counts as one unit, and is no reason to fail."""
    assert units("a\ud800b", "utf-16") == 3
    assert Document("file:///a.py", 1, "python", "a\ud800b").text == "a?b"


@given(text=TEXTS, start=PLACES, end=PLACES, encoding=ENCODINGS)
def test_a_range_never_ends_before_it_begins(
    text: str, start: types.Position, end: types.Position, encoding: Encoding
) -> None:
    """Whatever was sent, and wherever it points."""
    lines = lines_of(text)
    span = to_span(lines, types.Range(start, end), encoding)
    assert (span.line, span.column) <= (span.end_line, span.end_column)
    assert to_span(lines, to_range(lines, span, encoding), encoding) == span


def test_a_span_outside_of_the_text_is_laid_on_its_end() -> None:
    """What was recognised in an older text must not point at nothing."""
    assert to_range(["ab"], Span(7, 0, 9, 3), "utf-16") == types.Range(types.Position(0, 2), types.Position(0, 2))


def changed(text: str, change: types.TextDocumentContentChangePartial, encoding: Encoding) -> str:
    """As the protocol tells it, without a thought for speed."""
    lines = lines_of(text)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines))]
    first, last = sorted(
        starts[line] + column
        for line, column in (to_place(lines, place, encoding) for place in (change.range.start, change.range.end))
    )
    return text[:first] + change.text + text[last:]


@settings(max_examples=300)
@given(text=TEXTS, changes=st.lists(st.tuples(PLACES, PLACES, TEXTS), max_size=6), encoding=ENCODINGS)
def test_changes_in_place_give_the_text_that_they_tell(
    text: str, changes: list[tuple[types.Position, types.Position, str]], encoding: Encoding
) -> None:
    """However ends of lines are torn and joined, and wherever a change points."""
    document = Document("file:///a.py", 1, "python", text)
    for start, end, new in changes:
        change = types.TextDocumentContentChangePartial(types.Range(start, end), new)
        text = changed(text, change, encoding)
        document.change(change, encoding)
        assert document.text == text
        assert document.lines == lines_of(text)


def test_a_document_is_found_however_its_uri_is_escaped() -> None:
    """Editors escape in their own ways, some in two at a time."""
    documents = Documents()
    documents.put(types.TextDocumentItem("file:///a%20b%3A.py", "python", 1, "x"))
    found = documents.get("file:///a b:.py")
    assert found is not None and found.text == "x"


def test_a_change_unsettles_what_a_save_settles() -> None:
    """What is cut off while it is typed was not left so."""
    document = Document("file:///a.py", 1, "python", "x")
    assert document.settled
    document.change(types.TextDocumentContentChangeWholeDocument("y"), "utf-16")
    assert not document.settled and document.serial == 1
    document.save()
    assert document.settled and document.serial == 2
