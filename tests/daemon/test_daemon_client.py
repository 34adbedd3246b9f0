"""The client: quick, patient no longer than it may be, and never an error; and the command that uses it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pytest_llmlearn.daemon import client, place
from pytest_llmlearn.entrypoints import asking_daemon, command
from pytest_llmlearn.entrypoints.cli import main, shared
from pytest_llmlearn.settings import OTHER_VARIABLES, Settings
from tests.daemon.serving import QUESTIONS, served

PING = {"do": "ping"}


@contextmanager
def answering(root: Path, *lines: bytes, hang: bool = False) -> Iterator[None]:
    """Something that listens where a daemon would, and says these lines to whoever comes."""
    path = place.socket_path(root, os.environ)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(path))
        listening.listen(8)
        place.point(root, {"socket": str(path), "pid": os.getpid(), "version": client.__version__})
        ending = threading.Event()

        def serve() -> None:
            listening.settimeout(0.05)
            while not ending.is_set():
                try:
                    connection, _ = listening.accept()
                except TimeoutError:
                    continue
                with connection:
                    connection.recv(1 << 16)
                    for line in lines:
                        connection.sendall(line)
                    if hang:
                        ending.wait(5)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()


@pytest.mark.parametrize(
    "lines",
    [(), (b"",), (b"nonsense\n",), (b"[]\n",), (b'{"v": 2, "ok": {}}\n',), (b'{"v": 1, "ok": 7}\n',), (b'{"v": 1',)],
)
def test_whatever_is_no_answer_is_none(project: Path, lines: tuple[bytes, ...]) -> None:
    """A daemon gone mad costs the answer of nobody."""
    with answering(project, *lines):
        assert client.ask(project, PING, 1.0) is None


def test_a_deadline_is_kept(project: Path) -> None:
    """By one that says nothing, and by one that never ends."""
    for lines in ((), (b'{"v": 1, "ok": "', b"x" * 1000)):
        with answering(project, *lines, hang=True):
            begun = time.monotonic()
            assert client.ask(project, PING, 0.3) is None
            assert 0.2 < time.monotonic() - begun < 2.0


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"socket": 1}', b'{"socket": "/etc/passwd"}', b'{"socket": "/dev/log"}', b"\xff"]
)
def test_a_pointer_to_nowhere_private_is_none(project: Path, content: bytes) -> None:
    """A checkout may bring one that points at anything."""
    place.pointer(project).write_bytes(content)
    assert client.pointer(project) is None and client.ask(project, PING, 1.0) is None


def test_a_socket_in_a_folder_that_others_can_write_is_not_asked(project: Path) -> None:
    """Nor one that is no socket."""
    with served(project):
        folder = place.socket_path(project, os.environ).parent
        folder.chmod(0o755)
        assert client.ask(project, PING, 1.0) is None
        folder.chmod(0o700)
        assert client.ask(project, PING, 5.0) is not None


def test_importing_the_client_costs_next_to_nothing() -> None:
    """It loads nothing that the interpreter has not loaded by itself, before it is asked."""
    face = "import pytest_llmlearn.entrypoints.command"
    code = f"import sys; before = set(sys.modules); {face}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False, env=_env())
    loaded = {name for name in done.stdout.split() if not name.startswith("pytest_llmlearn")}
    assert done.returncode == 0, done.stderr
    assert loaded <= {"__future__", "_opcode"} | {
        "os",
        "stat",
        "posixpath",
        "genericpath",
        "os.path",
        "abc",
        "_abc",
        "_stat",
        "_collections_abc",
    }


def _env() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def test_no_setting_is_kept_from_the_daemon() -> None:
    """What is not sent along is no setting; what is a secret is not sent."""
    environ = {f"LLMLEARN_{field.name.upper()}": "x" for field in fields(Settings)}
    secret = {name: "x" for name in OTHER_VARIABLES if name.endswith(("_KEY", "_HEADERS"))}
    assert secret
    assert asking_daemon.settings_of({**environ, **secret, "HOME": "x"}) == environ


# The command


def recall(root: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest_llmlearn.entrypoints.command", "--root", str(root), "recall", *words],
        capture_output=True,
        input=b"load a user in an async endpoint",
        timeout=60,
        cwd=root,
    )
    assert done.returncode == 0, done.stderr
    return done


ASKED: tuple[tuple[str, ...], ...] = (
    (QUESTIONS[0],),
    ("-", "--format=markdown"),
    (QUESTIONS[1], "--explain", "--threshold", "0"),
    (QUESTIONS[2], "--compact", "--limit", "1", "--path", "dates.py"),
    (QUESTIONS[4], "--format", "context"),
)


def test_it_prints_the_same_with_a_daemon(project: Path) -> None:
    """Byte for byte, whether the daemon answers before the commands are loaded or after, or there is none."""
    alone = [recall(project, *words, "--no-daemon").stdout for words in ASKED]
    with served(project) as daemon:
        assert [recall(project, *words).stdout for words in ASKED] == alone
        assert daemon.status()["by_request"]["recall"] == len(ASKED)
        for words, expected in zip(ASKED, alone, strict=True):
            done = CliRunner().invoke(
                main, ["--root", str(project), "recall", *words], input=b"load a user in an async endpoint"
            )
            if "--path" not in words:
                assert done.stdout_bytes == expected
        assert daemon.status()["by_request"]["recall"] == 2 * len(ASKED)


def test_the_daemon_can_be_left_out(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By an option, by the environment, by the project's settings."""
    with served(project) as daemon:
        runner = CliRunner()
        runner.invoke(main, ["--root", str(project), "recall", QUESTIONS[0], "--no-daemon"])
        monkeypatch.setenv("LLMLEARN_DAEMON", "off")
        runner.invoke(main, ["--root", str(project), "recall", QUESTIONS[0]])
        monkeypatch.delenv("LLMLEARN_DAEMON")
        (project / "pyproject.toml").write_text('[tool.llmlearn]\ndaemon = "off"\n', encoding="utf-8")
        done = runner.invoke(main, ["--root", str(project), "recall", QUESTIONS[0]])
        assert done.exit_code == 0 and "users.py" in done.output
        assert "recall" not in daemon.status()["by_request"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("recall text", {"TEXT": "text", "--format": "text"}),
        ("--root x recall text --limit=3", {"--root": "x", "TEXT": "text", "--limit": 3, "--format": "text"}),
        ("--root=x recall - --threshold 0.5", {"--root": "x", "TEXT": "-", "--threshold": 0.5, "--format": "text"}),
        ("recall text --format json --explain", {"TEXT": "text", "--format": "json", "--explain": True}),
        ("recall text --format prompt --explain", None),
        ("recall", None),
        ("recall one two", None),
        ("recall text --limit 11", None),
        ("recall text --limit x", None),
        ("recall text --no-daemon", None),
        ("recall text --help", None),
        ("recall text --model", None),
        ("recall -- text", None),
        ("recall text --form json", None),
        ("recall text --threshold nan", None),
        ("patterns", None),
        ("--version recall text", None),
    ],
)
def test_only_a_plain_question_is_read_without_the_commands(words: str, expected: dict[str, Any] | None) -> None:
    """Whatever else there is to it, is theirs."""
    assert command.plain(words.split()) == expected


@pytest.mark.parametrize("path", ["a.py", "./b/a.py", "b//a.py", "../a.py", "/else/where.py", "ROOT/a.py", "ROOT", "."])
def test_a_path_is_named_as_the_commands_name_it(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the root, from below it and from beside it."""
    for where in (tmp_path, tmp_path / "below", tmp_path.parent):
        where.mkdir(exist_ok=True)
        monkeypatch.chdir(where)
        given = path.replace("ROOT", str(tmp_path))
        assert command.relative(given, str(tmp_path)) == shared.relative(given, tmp_path)


def test_the_root_is_found_as_the_settings_find_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Upwards; by name; and left to them where a file has to be read."""
    inner = tmp_path / "project" / "package"
    inner.mkdir(parents=True)
    (tmp_path / "project" / ".llmlearn").mkdir()
    monkeypatch.chdir(inner)
    assert command.root_of(None, {}) == str(tmp_path / "project")
    assert command.root_of("..", {}) == str(inner / "..")
    assert command.root_of(None, {"LLMLEARN_ROOT": str(tmp_path / "x" / ".llmlearn")}) == str(tmp_path / "x")
    assert command.root_of("~/x", {}) is None
    (inner / "pyproject.toml").write_text("[tool.llmlearn]\n", encoding="utf-8")
    assert command.root_of(None, {}) is None
    assert json.dumps(command.plain(["recall", "x"]))
