"""How long `relevantMistakes` takes over the language server's standard streams, and over the daemon's socket.

Round trips of a client in a process of its own, by the clock: short questions, prompts that were asked before, new long
ones. Beside them what embedding such a question alone takes on this machine at this time, to read the figures by. The
memory is made up and filled as by `recall_speed.py`. See README.md beside this file.
"""

import argparse
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from measure import ROOT, clean_environment, machine, say, table, write_json
from recall_speed import MODELS, embedded, fill, questions

ROUNDS = 200
ASKED = {"short": 20.0, "short again": 20.0, "long again": 20.0, "long": 60.0}
"""Milliseconds that the 99th of a hundred may take."""


def main() -> None:
    """Ask both, and print."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("--patterns", type=int, default=10_000, metavar="N", help="in the memory (%(default)s)")
    words.add_argument("--rounds", type=int, default=ROUNDS, help="questions of each kind (%(default)s)")
    words.add_argument("--over", nargs="+", default=["lsp", "daemon"], choices=["lsp", "daemon"])
    words.add_argument("--keep", type=Path, help="keep the memory in this folder, and take one that is there")
    words.add_argument("--json", type=Path, help="write all figures to this file")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        base = Path(folder).resolve()
        root = ((given.keep or base) / f"{given.patterns}").resolve()
        if not (root / ".llmlearn").exists():
            root.mkdir(parents=True, exist_ok=True)
            subprocess.run(["git", "init", "-q", str(root)], check=True)
            (root / "filling.json").write_text(json.dumps({**fill(root, given.patterns, 0), **embedded(root)}))
        data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
        env = clean_environment(base, PYTHONPATH=str(ROOT), XDG_DATA_HOME=data, OMP_NUM_THREADS="1")
        env["XDG_RUNTIME_DIR"] = os.environ["XDG_RUNTIME_DIR"] = str(base)
        figures: dict[str, Any] = {"machine": machine(), "embedding alone (ms)": alone(given.rounds // 4)}
        if "lsp" in given.over:
            figures["lsp"] = over_lsp(root, env, given.rounds)
        if "daemon" in given.over:
            figures["daemon"] = over_daemon(root, env, given.rounds)
    report(figures)
    write_json(given.json, figures)


def alone(rounds: int) -> dict[str, dict[str, float]]:
    """What embedding takes in this process."""
    from pytest_llmlearn.adapters import embedders
    from pytest_llmlearn.domain import facets

    model = embedders.choose("minilm")
    assert model is not None
    model.embed(["loads the model"])
    asked = questions(rounds, 5)
    return {
        kind: spread_of([clocked(lambda text=text: model.embed([facets.asked(text)])) for text in asked[kind]])
        for kind in ("short", "long")
    }


def clocked(step: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    step()
    return 1_000 * (time.perf_counter() - begun)


def spread_of(taken: list[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    order = sorted(taken)
    return {f"p{at}": round(order[min(len(order) * at // 100, len(order) - 1)], 2) for at in (50, 95, 99)}


def rounds_of(ask: Callable[[str, str | None], Any], rounds: int) -> dict[str, dict[str, float]]:
    """Round trips of each kind; the first tenth of the short ones is not counted, in which what is new is read."""
    asked = questions(rounds + rounds // 10, 3)
    found: dict[str, dict[str, float]] = {}
    for number, text in enumerate(asked["short"][rounds:]):
        ask(text, MODELS[number % len(MODELS)])
    for kind in ("short", "long"):
        for name in (kind, f"{kind} again"):
            say(name)
            taken = []
            for number, text in enumerate(asked[kind][:rounds]):
                model = (None, *MODELS)[number % (1 + len(MODELS))]
                taken.append(clocked(lambda text=text, model=model: ask(text, model)))
            found[name] = spread_of(taken)
    return found


# The language server


class Editor:
    """As much of an editor as sends requests and waits for the answers."""

    def __init__(self, root: Path, env: dict[str, str]) -> None:
        command = [sys.executable, "-P", "-m", "lsp_server"]
        self.process = subprocess.Popen(command, cwd=root, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._number = 0

    def request(self, method: str, parameters: Any) -> Any:
        """The result of a request; what the server asks meanwhile is answered with nothing."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        while True:
            message = self._next()
            if "method" in message and "id" in message:
                items = (message.get("params") or {}).get("items")
                self._send({"id": message["id"], "result": [None] * len(items) if items else None})
            elif message.get("id") == self._number:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']}")
                return message["result"]

    def notify(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(content) + content)
        self.process.stdin.flush()

    def _next(self) -> dict[str, Any]:
        stream = self.process.stdout
        assert stream is not None
        size = 0
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        if not size:
            sys.exit("the language server hung up")
        message: dict[str, Any] = json.loads(stream.read(size))
        return message

    def pause(self, seconds: float) -> None:
        """Wait, and read what comes meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if select.select([self.process.stdout], [], [], left)[0]:
                message = self._next()
                if "method" in message and "id" in message:
                    items = (message.get("params") or {}).get("items")
                    self._send({"id": message["id"], "result": [None] * len(items) if items else None})


def over_lsp(root: Path, env: dict[str, str], rounds: int) -> dict[str, Any]:
    """Figures of the language server: its start, its first answers, its round trips."""
    begun = time.perf_counter()
    editor = Editor(root, env)
    try:
        uri = root.as_uri()
        folders = [{"uri": uri, "name": root.name}]
        given = {"processId": os.getpid(), "rootUri": uri, "workspaceFolders": folders, "capabilities": {}}
        editor.request("initialize", given)
        ready = time.perf_counter() - begun
        editor.notify("initialized", {})

        def ask(text: str, model: str | None) -> Any:
            place = {"uri": f"{uri}/app/orders/new.py"}
            return editor.request("llmlearn/relevantMistakes", {"text": text, "textDocument": place, "model": model})

        ask("the first question of all", None)
        first = time.perf_counter() - begun
        editor.pause(5.0)  # in which vectors are loaded
        found = {"ready (s)": round(ready, 3), "first answer (s)": round(first, 3), **rounds_of(ask, rounds)}
        editor.request("shutdown", None)
        editor.notify("exit", None)
        editor.process.wait(20)
        return found
    finally:
        editor.process.kill()


# The daemon


def over_daemon(root: Path, env: dict[str, str], rounds: int) -> dict[str, Any]:
    """The same of the daemon; its answers are as of a process that has all that it needs."""
    from pytest_llmlearn.daemon import client

    command = [sys.executable, "-P", "-m", "pytest_llmlearn.entrypoints.command", "--root", str(root), "daemon", "run"]
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=env)
    try:
        while client.ask(root, {"do": "ping"}, 1.0) is None:
            if process.poll() is not None:
                sys.exit("the daemon ended")
            time.sleep(0.01)
        ready = time.perf_counter() - begun

        def ask(text: str, model: str | None) -> Any:
            answer = client.ask(root, {"do": "recall", "text": text, "model": model, "channel": "lsp"}, 60.0)
            if answer is None:
                sys.exit("the daemon did not answer")
            return answer

        ask("the first question of all", None)
        first = time.perf_counter() - begun
        return {"ready (s)": round(ready, 3), "first answer (s)": round(first, 3), **rounds_of(ask, rounds)}
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def report(figures: dict[str, Any]) -> None:
    """A table for each way, with what is asked for beside it."""
    for kind, told in figures["embedding alone (ms)"].items():
        print(f"embedding a {kind} question alone: p50 {told['p50']} ms, p99 {told['p99']} ms")
    for way in ("lsp", "daemon"):
        if way in figures:
            told = figures[way]
            rows = [("question", "p50", "p95", "p99", "asked for: p99")]
            rows += [
                (name, *(f"{told[name][at]:.1f}" for at in told[name]), f"≤ {most:.0f}") for name, most in ASKED.items()
            ]
            print(table(rows, title=f"round trips over the {way}, ms"))
            print(
                f"  ready after {told['ready (s)']} s (≤ 0.6), first answer after {told['first answer (s)']} s (≤ 1.5)"
            )


if __name__ == "__main__":
    if shutil.which("git") is None:
        sys.exit("git is needed")
    main()
