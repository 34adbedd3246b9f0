"""Messages of chats are kept redacted, privately, and erased with all else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pytest_llmlearn import Memory
from pytest_llmlearn.adapters import chat_log
from pytest_llmlearn.adapters.chat_log import ChatFile
from pytest_llmlearn.app.chats import MAX_CHARACTERS, Chats
from pytest_llmlearn.errors import BadInput


class Lines:
    """A log in memory."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def append(self, line: str) -> None:
        self.lines.append(line)

    def clear(self) -> None:
        self.lines.clear()


def chats(log: Lines) -> Chats:
    return Chats(log, redact=lambda text: text.replace("s3cret", "***"), clock=lambda: datetime(2026, 1, 2, tzinfo=UTC))


def test_a_message_is_kept_as_it_comes_but_for_secrets() -> None:
    """Whatever else is known of it stays beside its text."""
    log = Lines()
    chats(log).hear({"text": "the key is s3cret", "role": "user", "parts": [{"s3cret": 1, "of": ["s3cret", None]}]})
    (line,) = log.lines
    assert json.loads(line) == {
        "text": "the key is ***", "role": "user", "parts": [{"***": 1, "of": ["***", None]}],
        "heard": "2026-01-02T00:00:00+00:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({}, "needs its text"),
        ({"text": "  "}, "needs its text"),
        ({"text": 3}, "needs its text"),
        ({"text": "x" * MAX_CHARACTERS}, "are the most"),
        ({"text": "x", "of": {1, 2}}, "must be JSON"),
        ({"text": "x", "of": float("nan")}, "must be JSON"),
    ],
)
def test_what_is_no_message_is_refused_in_one_sentence(message: dict[str, object], told: str) -> None:
    """And nothing of it is kept."""
    log = Lines()
    with pytest.raises(BadInput, match=told):
        chats(log).hear(message)
    assert log.lines == []


def test_a_message_of_boxes_in_boxes_is_refused() -> None:
    """Before Python's own depth is reached."""
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(BadInput, match="within one another"):
        chats(Lines()).hear({"text": "x", "of": deep})


def test_the_file_is_private_and_erased_with_the_memory(tmp_path: Path) -> None:
    """It quotes what people said."""
    file = tmp_path / chat_log.FILE
    with Memory.open(tmp_path) as memory:
        memory.hear({"text": "hello"})
        memory.hear({"text": "again"})
        assert [json.loads(line)["text"] for line in file.read_text().splitlines()] == ["hello", "again"]
        assert file.stat().st_mode & 0o777 == 0o600
        memory.clear()
    assert not file.exists()


def test_a_file_that_is_full_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are kept, so that the latest messages are always there."""
    monkeypatch.setattr(chat_log, "MAX_BYTES", 10)
    (tmp_path / chat_log.FILE).parent.mkdir(parents=True)
    log = ChatFile(tmp_path, lambda: None)
    for word in ("first message", "second message", "third message"):
        log.append(word)
    assert (tmp_path / chat_log.FILE).read_text() == "third message\n"
    assert (tmp_path / chat_log.BEFORE).read_text() == "second message\n"
