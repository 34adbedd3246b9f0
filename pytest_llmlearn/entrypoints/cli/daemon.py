"""The commands around the daemon: start one beside everything else, look at it, end it, or be it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from pytest_llmlearn.entrypoints.cli.shared import Failure, errors, formats, print_json, root_of
from pytest_llmlearn.settings import Settings

START_SECONDS = 15.0
STOP_SECONDS = 5.0
ASK_SECONDS = 1.0
_LOOK = 0.05


@click.group()
def daemon() -> None:
    """Keep the project's memory warm, for `llmlearn recall` and other short-lived askers.

    Nothing needs it: without one the memory is read directly. It listens on a Unix socket that this user alone can
    reach, and ends by itself once nobody has asked for long (the setting daemon_idle_minutes).
    """


@daemon.command()
@click.pass_context
def start(context: click.Context) -> None:
    """Start a daemon in the background, unless the project is served already."""
    from pytest_llmlearn.daemon import client
    from pytest_llmlearn.entrypoints import background

    root = _root(context)
    there = client.ask(root, {"do": "status"}, ASK_SECONDS)
    if there is not None:
        click.echo(f"already served by {_who(there)}")
        return
    with errors():
        from pytest_llmlearn.adapters.sqlite_store import folder

        folder.make(root)
        background.begin(root, os.environ, ("daemon", "run", "--quiet"))
    there = _within(START_SECONDS, lambda: client.ask(root, {"do": "status"}, ASK_SECONDS))
    if there is None:
        from pytest_llmlearn.daemon import place

        raise Failure(f"no daemon answers within {START_SECONDS:.0f} s; {place.state(root) / place.LOG} may say why")
    click.echo(f"started: {_who(there)}")


@daemon.command()
@click.pass_context
def stop(context: click.Context) -> None:
    """End the project's daemon. An editor's server stops listening, and goes on otherwise."""
    from pytest_llmlearn.daemon import client, place

    root = _root(context)
    there = client.pointer(root)
    if not place.served(root):
        click.echo("no daemon runs")
        return
    # One that ends at once may take its answer with it.
    client.ask(root, {"do": "stop"}, ASK_SECONDS, alike=False)
    if _within(STOP_SECONDS, lambda: not place.served(root) or None):
        click.echo("ended")
        return
    # It holds the lock, so it lives; what it wrote tells who it is, and that it is no editor's.
    if there is None or not _is_it(there):
        raise Failure("a process serves this project that neither answers nor can be told for sure; nothing was ended")
    _signal(int(there["pid"]), "SIGTERM")
    if not _within(STOP_SECONDS, lambda: not place.served(root) or None):
        _signal(int(there["pid"]), "SIGKILL")
        _within(STOP_SECONDS, lambda: not place.served(root) or None)
    click.echo(f"ended by its number, {there['pid']}")


@daemon.command()
@formats("text", "json")
@click.pass_context
def status(context: click.Context, style: str) -> None:
    """Say who serves the project: its number, since when, how many requests, how much memory."""
    from pytest_llmlearn.daemon import client, place

    root = _root(context)
    there = client.ask(root, {"do": "status"}, ASK_SECONDS, alike=False)
    if style == "json":
        print_json({"running": there is not None, **(there or {})})
        return
    if there is not None:
        click.echo("\n".join(_lines(there)))
    elif place.served(root):
        click.echo("a process serves this project, and does not answer")
    else:
        click.echo("no daemon runs")


@daemon.command()
@click.option("--quiet", is_flag=True, help="Print nothing, and write what goes wrong into state/daemon.log.")
@click.pass_context
def run(context: click.Context, quiet: bool) -> None:
    """Be the daemon, in this process, until it is stopped or nobody has asked for long."""
    import gc
    import signal
    from threading import Event

    from pytest_llmlearn.daemon import resting
    from pytest_llmlearn.daemon.server import Daemon

    root = _root(context)
    with errors():
        from pytest_llmlearn.adapters.sqlite_store import folder

        settings = Settings.load(root, os.environ)
        folder.make(root)
        _log(root, quiet=quiet)
        # The folder it was started from may be removed meanwhile, or its disk taken out.
        os.chdir("/")
    resting.one_thread(os.environ)
    gc.set_threshold(*resting.GARBAGE)
    told = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    server = Daemon(root, kind="alone", idle_minutes=settings.daemon_idle_minutes)
    if settings.daemon == "off":
        raise Failure("the setting daemon is off: nobody would ask it")
    if not server.start():
        raise Failure(server.why)
    if not quiet:
        click.echo(f"serving {root} as process {os.getpid()}", err=True)
    while not server.wait(0.2) and not told.is_set():
        pass
    server.stop()


def _root(context: click.Context) -> Path:
    with errors():
        return root_of(context).path


def _within(seconds: float, look: Callable[[], Any]) -> Any:
    """What `look` finds, asked again and again for so long; None where it finds nothing."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None or time.monotonic() > until:
            return found
        time.sleep(_LOOK)


def _is_it(there: dict[str, Any]) -> bool:
    """Whether that process is the daemon that wrote this, and nothing else besides."""
    from pytest_llmlearn.daemon import place

    pid = there.get("pid")
    if not isinstance(pid, int) or pid < 2 or there.get("kind") != "alone":
        return False
    return place.birth(pid) == there.get("birth")


def _signal(pid: int, name: str) -> None:
    import signal

    try:
        os.kill(pid, getattr(signal, name))
    except ProcessLookupError:
        pass  # it ended meanwhile
    except OSError as error:
        raise Failure(f"process {pid} cannot be ended: {error.strerror}") from error


def _log(root: Path, *, quiet: bool) -> None:
    import logging
    from logging.handlers import RotatingFileHandler

    from pytest_llmlearn.daemon import place

    handler: logging.Handler
    if quiet:
        path = place.state(root) / place.LOG
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        handler = RotatingFileHandler(path, maxBytes=256_000, backupCount=1, encoding="utf-8")
    else:
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log = logging.getLogger("pytest_llmlearn")
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def _who(there: dict[str, Any]) -> str:
    inside = "an editor's server, " if there["kind"] == "editor" else ""
    return f"{inside}process {there['pid']}, version {there['version']}"


def _lines(there: dict[str, Any]) -> list[str]:
    seconds = int(there["uptime_seconds"])
    lines = [
        f"served by {_who(there)}",
        f"up for {seconds // 3600} h {seconds % 3600 // 60} min {seconds % 60} s, {there['requests']} requests",
        f"socket {there['socket']}",
    ]
    if there.get("memory_mb") is not None:
        lines.append(f"memory {there['memory_mb']:.0f} MB")
    return lines
