"""Clients that behave badly, and many at once: the daemon lives, and answers the others."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pytest_llmlearn.daemon import client, server, wire
from tests.daemon.serving import QUESTIONS, connected, reply, served

OWN = {"LLMLEARN_EMBEDDER": "none"}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", "bad-json"),
        (b"{", "bad-json"),
        (b"\xff\xfe\x00", "bad-json"),
        (b"[" * 100_000, "bad-json"),
        (b"[1, 2]", "bad-json"),
        (b'{"do": "ping"}', "other-version"),
        (b'{"v": 1, "do": ["ping"]}', "unknown-request"),
        (b'{"v": 1, "do": "recall", "text": "\\ud800", "environ": {"LLMLEARN_EMBEDDER": "none"}}', None),
    ],
)
def test_a_line_that_is_no_request_gets_an_error(project: Path, line: bytes, code: str | None) -> None:
    """And the connection goes on."""
    with served(project), connected(project) as connection:
        connection.sendall(line + b"\n")
        answer = reply(connection)
        assert answer.get("error", {}).get("code") == code
        connection.sendall(b'{"v": 1, "do": "ping", "id": [7]}\n')
        assert reply(connection)["id"] == [7]


def test_a_text_of_20_megabytes_is_refused(project: Path) -> None:
    """With a reply, after which the connection goes on; the client does not even send it."""
    with served(project):
        with connected(project) as connection:
            line = json.dumps({"v": 1, "do": "recall", "text": "x" * 20_000_000, "environ": OWN}).encode()
            connection.sendall(line + b"\n")
            assert reply(connection)["error"]["code"] == wire.TOO_LARGE
            connection.sendall(b'{"v": 1, "do": "ping"}\n')
            assert "ok" in reply(connection)
        assert client.ask(project, {"do": "recall", "text": "x" * 20_000_000}, 5.0) is None


def test_several_requests_in_one_go_are_answered_in_order(project: Path) -> None:
    """A line split anywhere too."""
    with served(project), connected(project) as connection:
        lines = b"".join(b'{"v": 1, "do": "ping", "id": %d}\n' % number for number in range(20))
        for start in range(0, len(lines), 7):
            connection.sendall(lines[start : start + 7])
        found = b""
        while found.count(b"\n") < 20:
            found += connection.recv(1 << 16)
        assert [json.loads(line)["id"] for line in found.splitlines()] == list(range(20))


def test_half_a_request_is_dropped_in_time(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others are answered meanwhile."""
    monkeypatch.setattr(server, "WHOLE_SECONDS", 0.3)
    with served(project), connected(project) as half:
        half.sendall(b'{"v": 1, "do": ')
        assert client.ask(project, {"do": "ping"}, 5.0) is not None
        assert half.recv(100) == b""  # it hung up


def test_who_never_reads_is_dropped(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it does not take is not kept for it."""
    monkeypatch.setattr(server, "WHOLE_SECONDS", 0.3)
    with served(project) as daemon, connected(project, 5.0) as deaf:
        line = json.dumps({"v": 1, "do": "recall", "text": QUESTIONS[0], "threshold": 0.0, "environ": OWN}).encode()
        with pytest.raises((ConnectionError, TimeoutError)):
            for _ in range(100_000):
                deaf.sendall(line + b"\n")
        assert client.ask(project, {"do": "ping"}, 5.0) is not None
        for _ in range(100):
            if daemon.status()["clients"] == 0:
                break
            time.sleep(0.05)
        assert daemon.status()["clients"] == 0


def test_too_many_clients_are_turned_away(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are there go on."""
    monkeypatch.setattr(server, "CLIENTS", 2)
    with served(project), connected(project) as first, connected(project):
        first.sendall(b'{"v": 1, "do": "ping"}\n')
        assert "ok" in reply(first)
        with connected(project) as third:
            assert third.recv(10) == b""
        first.sendall(b'{"v": 1, "do": "ping"}\n')
        assert "ok" in reply(first)


def test_another_users_process_is_turned_away(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the modes of the files say."""
    with served(project):
        monkeypatch.setattr(client, "peer", lambda connection: 12_345)
        with connected(project) as connection:
            assert connection.recv(10) == b""


CLIENT = """
import sys
from pytest_llmlearn.daemon import client
while True:
    client.ask(sys.argv[1], {"do": "recall", "text": sys.argv[2], "environ": {"LLMLEARN_EMBEDDER": "none"}}, 5.0)
"""


def test_many_clients_get_their_own_answers(project: Path) -> None:
    """Mixed requests on twenty connections for three seconds, while processes are killed in the middle of theirs."""
    with served(project) as daemon:
        expected = {}
        for text in QUESTIONS:
            answer = client.ask(project, {"do": "recall", "text": text, "environ": OWN}, 10.0)
            assert answer is not None
            expected[text] = [match["fingerprint"] for match in answer["guidance"]["matches"]]
        wrong: list[object] = []
        until = time.monotonic() + 3.0
        done = [0] * 20

        def asks(number: int) -> None:
            chance = random.Random(number)
            while time.monotonic() < until:
                text = chance.choice(QUESTIONS)
                request = chance.choice(
                    ({"do": "recall", "text": text, "environ": OWN}, {"do": "status"}, {"do": "no"})
                )
                answer = client.exchange(project, {**request, "id": number}, 10.0)
                if answer is None or answer.get("id") != number:
                    wrong.append((request, answer))
                elif request["do"] == "recall":
                    found = [match["fingerprint"] for match in answer["ok"]["guidance"]["matches"]]
                    wrong.extend([(text, found)] if found != expected[text] else [])
                done[number] += 1

        threads = [threading.Thread(target=asks, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            child = subprocess.Popen([sys.executable, "-c", CLIENT, str(project), QUESTIONS[0]])
            time.sleep(0.7)
            child.send_signal(signal.SIGKILL)
            child.wait()
        for thread in threads:
            thread.join()
        assert not wrong, wrong[:3]
        assert min(done) > 0
        assert client.ask(project, {"do": "ping"}, 5.0) is not None
        assert daemon.status()["by_request"].get("failed", 0) == 0
