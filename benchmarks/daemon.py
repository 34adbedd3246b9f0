"""Fifty clients on a daemon's socket, one killed every second: wrong answers, memory, and what the command takes.

A made-up memory (`made_up.py`) is served by `llmlearn daemon run`. What each question is answered is asked once of the
memory directly; every answer of the daemon is held against it. See README.md beside this file.
"""

import argparse
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from made_up import QUESTIONS, fill
from measure import ROOT, clean_environment, machine, say, spread, timed, write_json
from recall_speed import questions

CLIENTS = 50
COMMAND = (sys.executable, "-P", "-m", "pytest_llmlearn.entrypoints.command")
KILLED = """
import sys
from pytest_llmlearn.daemon import client
while True:
    client.ask(sys.argv[1], {"do": "recall", "text": sys.argv[2]}, 5.0)
"""


def main() -> None:
    """Serve, ask, count."""
    words = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    words.add_argument("--patterns", type=int, default=1_000, metavar="N", help="in the memory (%(default)s)")
    words.add_argument("--seconds", type=float, default=60.0, help="for which they ask (%(default)s)")
    words.add_argument("--clients", type=int, default=CLIENTS)
    words.add_argument("--rounds", type=int, default=15, help="of the command, with and without (%(default)s)")
    words.add_argument("--keep", type=Path, help="keep the memory in this folder, and take one that is there")
    words.add_argument("--json", type=Path, help="write all figures to this file")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="ll-") as folder:
        base = Path(folder).resolve()
        root = made(((given.keep or base).resolve()) / f"{given.patterns}", given.patterns)
        data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
        env = clean_environment(base, PYTHONPATH=str(ROOT), XDG_DATA_HOME=data, OMP_NUM_THREADS="1")
        env["XDG_RUNTIME_DIR"] = str(base)
        os.environ["XDG_RUNTIME_DIR"] = str(base)
        figures: dict[str, Any] = {"machine": machine(), "command without (ms)": command(root, env, base, given.rounds)}
        with daemon(root, env) as process:
            figures |= crowd(root, process, given.clients, given.seconds)
            figures["command with (ms)"] = command(root, env, base, given.rounds)
        figures["python alone (ms)"] = command(root, env, base, given.rounds, [sys.executable, "-c", "pass"])
    print(json.dumps(figures, indent=1))
    write_json(given.json, figures)


def made(root: Path, size: int) -> Path:
    """A memory of that size; one that is there is taken."""
    if not (root / ".llmlearn").exists():
        root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        fill(root, size, 0)
    return root


@contextmanager
def daemon(root: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon as a child process, ready to answer with vectors."""
    from pytest_llmlearn.daemon import client

    process = subprocess.Popen([*COMMAND, "--root", str(root), "daemon", "run"], env=env)
    try:
        until = time.monotonic() + 600
        while not (client.ask(root, {"do": "status"}, 5.0) or {}).get("vectors_complete"):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit("the daemon does not answer")
            time.sleep(0.1)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def crowd(root: Path, process: "subprocess.Popen[bytes]", clients: int, seconds: float) -> dict[str, Any]:
    """All of them at once, for so long."""
    from pytest_llmlearn.daemon import client

    asked = questions(8, 1)
    texts = [*QUESTIONS, *(text for kind in asked.values() for text in kind)]
    expected = {text: shown(root, text) for text in texts}
    counts: Counter[str] = Counter()
    took: list[float] = []
    wrong: list[str] = []
    ending = time.monotonic() + seconds

    def asks(number: int) -> None:
        chance = random.Random(number)
        while time.monotonic() < ending:
            text = chance.choice(texts)
            kind = chance.choices(("recall", "status", "ping", "nonsense"), (8, 1, 1, 1))[0]
            begun = time.perf_counter()
            answer = client.exchange(root, {"do": kind, "text": text, "id": number}, 60.0)
            if kind == "recall":
                took.append(time.perf_counter() - begun)
            counts[kind] += 1
            if answer is None or answer["id"] != number:
                wrong.append(f"{kind}: {answer}")
            elif (
                kind == "recall"
                and [one["fingerprint"] for one in answer["ok"]["guidance"]["matches"]] != expected[text]
            ):
                wrong.append(text)

    threads = [threading.Thread(target=asks, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    held: list[float] = []
    while time.monotonic() < ending:
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(root), texts[0]])
        time.sleep(1.0)
        child.kill()
        child.wait()
        counts["killed"] += 1
        told = client.ask(root, {"do": "status"}, 60.0)
        held.append(told["memory_mb"] if told else float("nan"))
    for thread in threads:
        thread.join()
    third = max(len(held) // 3, 1)
    middle, last = statistics.mean(held[third : 2 * third] or held), statistics.mean(held[-third:])
    took.sort()
    return {
        "clients": clients,
        "requests": dict(counts),
        "wrong answers": len(wrong),
        "examples of wrong answers": wrong[:3],
        "alive": process.poll() is None,
        "MB in the second third": round(middle, 1),
        "MB in the last third": round(last, 1),
        "memory grew by": round(last / middle - 1, 4),
        "a recall under this load, p50 and p99 (ms)": [
            round(1_000 * took[int(len(took) * at)], 1) for at in (0.5, 0.99)
        ],
    }


def shown(root: Path, text: str) -> list[str]:
    """What the memory itself shows."""
    from pytest_llmlearn import Memory, Query

    global _direct
    if _direct is None:
        _direct = Memory.open(root, warm=True, patient=True)
    return [match.pattern.fingerprint for match in _direct.recall(Query(text=text)).matches]


_direct: Any = None


def command(root: Path, env: dict[str, str], base: Path, rounds: int, words: list[str] | None = None) -> dict[str, Any]:
    """Milliseconds of one recall from the start of its process to its end, or of these words."""
    words = words or [*COMMAND, "recall", "--format", "json", QUESTIONS[1]]
    output = base / "answer.json"
    timed(words, cwd=root, env=env, output=output)
    say(" ".join(words[-3:]))
    taken = [timed(words, cwd=root, env=env, output=output) for _ in range(rounds)]
    return {
        "wall": spread(1_000 * one.wall for one in taken).to_dict(),
        "processor": spread(1_000 * one.cpu for one in taken).to_dict(),
    }


if __name__ == "__main__":
    if shutil.which("git") is None:
        sys.exit("git is needed")
    main()
