"""What the daemon answers: the same as without it, whatever was written meanwhile."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from pytest_llmlearn import Memory, Query
from pytest_llmlearn.daemon import client
from pytest_llmlearn.domain.guidance import STYLES
from pytest_llmlearn.domain.plain_guidance import guidance
from pytest_llmlearn.settings import Settings
from tests.daemon.serving import QUESTIONS, an_occurrence, served, until


def asked(root: Path, text: str, **more: Any) -> dict[str, Any]:
    answer = client.ask(root, {"do": "recall", "text": text, "environ": {"LLMLEARN_EMBEDDER": "none"}, **more}, 10.0)
    assert answer is not None
    found: dict[str, Any] = answer["guidance"]
    return found


def directly(root: Path, text: str, **more: Any) -> dict[str, Any]:
    """What the same question is answered by a process that reads the memory itself."""
    with Memory.open(root) as memory:
        return json.loads(json.dumps(guidance(memory.recall(Query(text=text, **more)))))  # type: ignore[no-any-return]


def close(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two answers are one, but for what a moment more makes of their age."""

    def bare(answer: dict[str, Any]) -> Any:
        return json.loads(json.dumps(answer), parse_float=lambda number: round(float(number), 3))

    return bool(bare(one) == bare(other))


@pytest.mark.parametrize("style", STYLES)
def test_an_answer_is_the_one_without_a_daemon(project: Path, style: str) -> None:
    """In every style, with and without a file, a model, a limit, and when asked again."""
    (project / "api.py").write_text("import requests\n\ndef load_user(): ...\n", encoding="utf-8")
    with served(project):
        for text in QUESTIONS:
            for more in ({}, {"path": "api.py"}, {"model": "gpt-4o", "limit": 1}, {"threshold": 0.0, "compact": True}):
                expected = directly(project, text, style=style, **more)
                for _ in range(2):
                    assert close(asked(project, text, style=style, **more), expected), (text, more)


def test_what_others_write_is_seen_at_once(project: Path) -> None:
    """No answer is older than the question: new mistakes, muted ones, reworded ones, and an erased memory."""
    text = "merge two ledgers of a customer"
    with served(project):
        assert asked(project, text)["abstained"]
        with Memory.open(project) as memory:
            (fingerprint,) = memory.record(
                [an_occurrence("ledgers.py", "merge_ledgers", "KeyError", "'customer of merged ledgers'")]
            )
        found = asked(project, text)
        assert [match["fingerprint"] for match in found["matches"]] == [fingerprint]
        assert close(found, directly(project, text))
        with Memory.open(project) as memory:
            memory.reword(fingerprint, instead="Look customers up with get().")
        assert asked(project, text)["matches"][0]["lesson"] == "Look customers up with get()."
        with Memory.open(project) as memory:
            memory.mute(fingerprint)
        assert asked(project, text)["abstained"]
        with Memory.open(project) as memory:
            memory.clear()
        assert all(asked(project, question)["abstained"] for question in QUESTIONS)


def test_a_file_that_changes_is_read_again(project: Path) -> None:
    """Its imports are part of the question, as they are when it is asked."""
    with served(project):
        (project / "new.py").write_text("x = 1\n", encoding="utf-8")
        for source in ("x = 1\n", "import requests\n\ndef fetch_page(): ...\n", "def parse_date(report): ...\n"):
            (project / "new.py").write_text(source, encoding="utf-8")
            more: dict[str, Any] = {"path": "new.py", "threshold": 0.0}
            assert close(asked(project, "write it", **more), directly(project, "write it", **more))


def test_what_is_shown_is_written_down(project: Path) -> None:
    """As without a daemon."""
    with served(project):
        shown = asked(project, QUESTIONS[0], session="s-1", channel="command")["matches"]
    assert shown
    with Memory.open(project) as memory:
        assert memory.effect(shown[0]["fingerprint"]).shown.awaiting == 1


def test_who_has_other_settings_reads_the_memory_itself(project: Path) -> None:
    """Only what a question brings along anyway may differ."""
    request = {"do": "recall", "text": QUESTIONS[0]}
    with served(project):
        own = {"LLMLEARN_EMBEDDER": "none"}
        assert client.ask(project, {**request, "environ": {**own, "LLMLEARN_LIMIT": "2"}}, 5.0) is not None
        for other in ({}, {**own, "LLMLEARN_MIN_CONFIDENCE": "0.9"}, {**own, "LLMLEARN_NO_SETTING": "1"}):
            refused = client.exchange(project, {**request, "environ": other}, 5.0)
            assert refused is not None and refused["error"]["code"] == "other-settings"
        assert client.ask(project, {**request, "environ": {**own, "LLMLEARN_DAEMON": "off"}}, 5.0) is None


def test_settings_that_change_are_followed(project: Path) -> None:
    """A daemon goes by what pyproject.toml says now."""
    with served(project):
        assert not asked(project, QUESTIONS[0])["abstained"]
        (project / "pyproject.toml").write_text("[tool.llmlearn]\nmin_confidence = 1.0\n", encoding="utf-8")
        assert asked(project, QUESTIONS[0])["abstained"]


def test_a_memory_that_is_handed_in_stays_open(project: Path) -> None:
    """It belongs to the editor's server, which alone looks at texts with it."""
    with Memory.open(project, warm=True) as memory:
        settings = Settings.load(project, {"LLMLEARN_EMBEDDER": "none"})
        with served(project, memory=memory, settings=settings):
            until(lambda: memory.ready)
            expected = directly(project, QUESTIONS[0])
            assert close(asked(project, QUESTIONS[0]), expected)
            assert client.ask(project, {"do": "reload"}, 5.0) == {"reloaded": False}
            assert close(asked(project, QUESTIONS[0]), expected)
            assert client.ask(project, {"do": "look", "path": "x.py", "text": ""}, 5.0) is None
        assert memory.recall(Query(text=QUESTIONS[0])).matches


class Slow:
    """An embedder that is loaded when it is told so."""

    name, dimension = "slow", 3

    def __init__(self) -> None:
        self.loaded = Event()

    def embed(self, texts: Any) -> Any:
        import numpy

        self.loaded.wait(10)
        return numpy.ones((len(texts), 3), dtype=numpy.float32) / 3**0.5


def test_no_answer_lacks_what_is_being_loaded(project: Path) -> None:
    """An editor's server answers its editor by words meanwhile; others read the memory themselves."""
    pytest.importorskip("numpy")
    slow = Slow()
    settings = Settings.load(project, {"LLMLEARN_EMBEDDER": "none"})
    request = {"do": "recall", "text": QUESTIONS[0], "environ": {"LLMLEARN_EMBEDDER": "none"}}
    with (
        Memory.open(project, settings=settings, embedder=slow, warm=True) as memory,
        served(project, memory=memory, settings=settings),
    ):
        refused = client.exchange(project, request, 5.0)
        assert refused is not None and refused["error"]["code"] == "not-ready"
        slow.loaded.set()
        until(lambda: memory.ready)
        assert client.ask(project, request, 10.0) is not None


def test_a_text_is_looked_at(project: Path) -> None:
    """What is recognised there, as `Memory.look` tells it."""
    text = "import requests\n\ndef load():\n    return requests.fetch('x')\n"
    with served(project):
        request = {"do": "look", "path": "new.py", "text": text, "environ": {"LLMLEARN_EMBEDDER": "none"}}
        told = client.ask(project, request, 10.0)
    with Memory.open(project) as memory:
        expected = memory.look("new.py", text, settled=True)
    assert told is not None and told["path"] == "new.py"
    assert [one["matcher"] for one in told["sightings"]] == [one.matcher.key for one in expected.sightings]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"do": "recall"}, "bad-request"),
        ({"do": "recall", "text": 1}, "bad-request"),
        ({"do": "recall", "text": "x", "limit": True}, "bad-request"),
        ({"do": "recall", "text": "x", "limit": 0}, "bad-request"),
        ({"do": "recall", "text": "x", "style": "loud"}, "bad-request"),
        ({"do": "recall", "text": "x", "channel": "shout"}, "bad-request"),
        ({"do": "recall", "text": "x", "environ": ["a"]}, "bad-request"),
        ({"do": "look", "path": "x.py"}, "bad-request"),
        ({"do": "dance"}, "unknown-request"),
        ({"do": None}, "unknown-request"),
        ({"do": "ping", "root": "/elsewhere"}, "other-root"),
        ({"do": "ping", "v": 9}, "other-version"),
        ({"do": "ping", "version": "0.0.0"}, "other-version"),
    ],
)
def test_what_is_not_answered_is_refused_by_a_code(project: Path, request_: dict[str, Any], code: str) -> None:
    """Each in one sentence, and the next request is answered."""
    with served(project):
        answer = client.exchange(project, request_, 5.0, alike=False)
        assert answer is not None and answer["error"]["code"] == code and answer["error"]["message"]
        assert client.ask(project, {"do": "ping"}, 5.0) is not None
