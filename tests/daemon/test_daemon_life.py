"""Who serves a project: one process at a time, found by a pointer, replaced when it has gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_llmlearn.daemon import client, place
from pytest_llmlearn.daemon.server import Daemon
from tests.daemon.serving import learned, served, until

COMMAND = (sys.executable, "-P", "-m", "pytest_llmlearn.entrypoints.command")
PING = {"do": "ping"}


def llmlearn(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, as a process."""
    return subprocess.run(
        [*COMMAND, "--root", str(root), *words], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )


def test_nobody_else_reaches_it(project: Path, apart: Path) -> None:
    """The socket, its folder and the pointer are the user's alone, and gone afterwards."""
    with served(project):
        pointer = place.pointer(project)
        told = json.loads(pointer.read_text(encoding="ascii"))
        path = Path(told["socket"])
        assert path.is_relative_to(apart) and len(os.fsencode(path)) <= 107
        assert [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent, pointer)] == [0o600, 0o700, 0o600]
        assert told["pid"] == os.getpid() and told["version"]
    assert not path.exists() and not pointer.exists()


@pytest.mark.parametrize("runtime", ["", "relative", "/" + "long/" * 30])
def test_without_a_runtime_folder_a_private_one_is_made(
    project: Path, monkeypatch: pytest.MonkeyPatch, runtime: str, apart: Path
) -> None:
    """In the temporary folder, under the user's number; in /tmp where that one's name is too long."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
    monkeypatch.setattr("tempfile.tempdir", str(apart))
    found = place.socket_path(project, os.environ)
    assert found.parent == apart / f"llmlearn-{os.geteuid()}" and stat.S_IMODE(found.parent.stat().st_mode) == 0o700
    monkeypatch.setattr("tempfile.tempdir", "/tmp/" + "x" * 200)
    assert len(os.fsencode(place.socket_path(project, os.environ))) <= place.LONGEST


def test_a_folder_that_is_not_ours_is_not_used(project: Path, monkeypatch: pytest.MonkeyPatch, apart: Path) -> None:
    """A link that somebody put in the temporary folder leads nowhere private."""
    (apart / "elsewhere").mkdir()
    (apart / "llmlearn").symlink_to(apart / "elsewhere")
    assert not place.socket_path(project, os.environ).is_relative_to(apart / "llmlearn")


def test_a_second_server_leaves_the_first_alone(project: Path) -> None:
    """It says so, and runs without; when the first has ended it may serve."""
    second = Daemon(project)
    with served(project):
        assert not second.start() and second.why == "another process serves this project"
        assert client.ask(project, PING, 5.0) is not None
    with served(project):
        assert client.ask(project, PING, 5.0) is not None


def test_what_a_killed_server_left_is_replaced(project: Path) -> None:
    """Its socket, on which nobody listens, its pointer and its lock."""
    child = subprocess.Popen([*COMMAND, "--root", str(project), "daemon", "run"], stderr=subprocess.DEVNULL)
    try:
        until(lambda: client.ask(project, PING, 1.0) is not None)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    left = client.pointer(project)
    assert left is not None and Path(left["socket"]).exists() and client.ask(project, PING, 1.0) is None
    with served(project):
        assert client.ask(project, PING, 5.0) == {"version": left["version"], "pid": os.getpid()}


def test_one_of_another_version_makes_place(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of ours do not ask it, and a server of ours has it end first."""
    old = Daemon(project)
    assert old.start()
    pointer = place.pointer(project)
    for module in ("daemon.client", "daemon.server", "daemon.answers"):
        monkeypatch.setattr(f"pytest_llmlearn.{module}.__version__", "99.0")
    assert client.ask(project, PING, 5.0) is None
    with served(project):
        assert old.wait(5)
        assert json.loads(pointer.read_text(encoding="ascii"))["version"] == "99.0"
        assert client.ask(project, PING, 5.0) is not None


def test_it_ends_when_nobody_asks(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And when the project's pointer has gone, for its folder was removed."""
    monkeypatch.setattr("pytest_llmlearn.daemon.server.LOOK_SECONDS", 0.05)
    idle = Daemon(project, idle_minutes=0.3 / 60)
    assert idle.start() and idle.wait(5)
    lost = Daemon(project)
    assert lost.start()
    place.pointer(project).unlink()
    assert lost.wait(5)


def test_nothing_is_made_where_nothing_was_learned(tmp_path: Path) -> None:
    """An editor's server does not fill folders."""
    daemon = Daemon(tmp_path)
    assert not daemon.start() and daemon.why == "nothing was learned in this project yet"
    assert list(tmp_path.iterdir()) == []


def test_where_there_are_no_unix_sockets_there_is_no_daemon(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: everything runs without."""
    monkeypatch.delattr(socket, "AF_UNIX")
    daemon = Daemon(project)
    assert not daemon.start() and "no Unix sockets" in daemon.why


def test_the_commands_start_tell_and_end_it(project: Path) -> None:
    """Each in one line; the process is nobody's child, and keeps no pipe open."""
    assert llmlearn(project, "daemon", "status").stdout == "no daemon runs\n"
    begun = time.monotonic()
    started = llmlearn(project, "daemon", "start")
    assert started.returncode == 0 and started.stdout.startswith("started: process "), started.stderr
    assert time.monotonic() - begun < 15
    there = client.ask(project, {"do": "status"}, 5.0)
    assert there is not None and there["kind"] == "alone"
    try:
        assert (
            llmlearn(project, "daemon", "start").stdout == f"already served by process {there['pid']}, version 0.1.0\n"
        )
        told = json.loads(llmlearn(project, "daemon", "status", "--format", "json").stdout)
        assert told["running"] and told["pid"] == there["pid"] and told["requests"] >= 2
        assert Path(f"/proc/{there['pid']}").exists()
    finally:
        assert llmlearn(project, "daemon", "stop").stdout == "ended\n"
    assert not place.served(project)
    assert llmlearn(project, "daemon", "stop").stdout == "no daemon runs\n"


def test_one_that_hangs_is_ended_by_its_number(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """But only where what it wrote surely tells who it is."""
    for name in ("STOP_SECONDS", "ASK_SECONDS"):
        monkeypatch.setattr(f"pytest_llmlearn.entrypoints.cli.daemon.{name}", 0.3)
    from click.testing import CliRunner

    from pytest_llmlearn.entrypoints.cli import main

    child = subprocess.Popen([*COMMAND, "--root", str(project), "daemon", "run"], stderr=subprocess.DEVNULL)
    try:
        until(lambda: client.ask(project, PING, 1.0) is not None)
        child.send_signal(signal.SIGSTOP)
        pointer = place.pointer(project)
        told = json.loads(pointer.read_text(encoding="ascii"))
        for changed in ({"birth": "1"}, {"kind": "editor"}, {"pid": 1}, {"pid": "1"}):
            place.point(project, {**told, **changed})
            refused = CliRunner().invoke(main, ["--root", str(project), "daemon", "stop"])
            assert refused.exit_code == 1 and "nothing was ended" in refused.output
        assert child.poll() is None
        place.point(project, told)
        done = CliRunner().invoke(main, ["--root", str(project), "daemon", "stop"])
        assert done.exit_code == 0 and done.output == f"ended by its number, {child.pid}\n"
    finally:
        child.kill()
        child.wait()


def test_vectors_are_made_for_what_is_learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the background, so that a question finds them."""
    pytest.importorskip("numpy")
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "hashing")
    project = learned(tmp_path)
    with served(project):
        until(lambda: (client.ask(project, {"do": "status"}, 5.0) or {}).get("vectors_complete"))
    from pytest_llmlearn.bootstrap import vectors
    from pytest_llmlearn.settings import Settings

    with vectors.opened(project, Settings(embedder="hashing")) as (kept, embedding):
        assert embedding is not None
        made, texts = kept.covered(embedding.name)
    assert made == texts > 0
