"""How soon the language server is there, and what typing costs it.

    python benchmarks/language_server.py

Starts the real server some times over a project whose memory knows one mistake: seconds to the answer of `initialize`
and to the first answer of `relevantMistakes`, then milliseconds of a round trip. Then types a hundred characters a
second for ten seconds into a file of a thousand lines: how many looks that took, how many ever waited, and how long
after the last character the diagnostics were there. A quiet machine tells more.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from lsp_server.session import open_memory  # noqa: E402
from tests.lsp_server.inprocess import Client as InProcess  # noqa: E402
from tests.lsp_server.raw import Client  # noqa: E402
from tests.lsp_server.taught import WRONG, teach  # noqa: E402

STARTS = 9
ASKED = {"text": "the total of an order"}


def starts(root: Path) -> None:
    ready, first, later = [], [], []
    for _ in range(STARTS):
        begun = time.perf_counter()
        client = Client(root)
        client.begin(root)
        ready.append(time.perf_counter() - begun)
        client.ask("llmlearn/relevantMistakes", ASKED)
        first.append(time.perf_counter() - begun)
        for _ in range(50):
            asked = time.perf_counter()
            client.ask("llmlearn/relevantMistakes", ASKED)
            later.append(1000 * (time.perf_counter() - asked))
        client.close()
    print(f"initialize answered: median {statistics.median(ready):.2f} s, best {min(ready):.2f} s")
    print(f"first answer: median {statistics.median(first):.2f} s, best {min(first):.2f} s")
    print(f"round trip: median {statistics.median(later):.1f} ms, p99 {sorted(later)[int(len(later) * 0.99)]:.1f} ms")


async def typing(root: Path, pause: int) -> None:
    class Opened:
        """The real memory, by the way of the tests' client."""

    client = InProcess(root, Opened(), lsp_debounce_ms=pause)  # type: ignore[arg-type] # replaced below
    client.server.sessions._open = open_memory
    await client.begin(WRONG * 200)
    (session,) = client.server.sessions
    begun, looks, most = time.perf_counter(), client.server.looks.begun, 0
    for version in range(1, 1001):
        client.type(version, "#" if version % 40 else "\n")
        most = max(most, session.looking.waiting)
        await asyncio.sleep(max(0.0, begun + version * 0.01 - time.perf_counter()))
    last = time.perf_counter()
    await client.until(lambda: client.versions()[-1] == 1000)
    told: dict[str, Any] = client.asked("textDocument/publishDiagnostics")[-1]["params"]
    looks = client.server.looks.begun - looks
    print(f"typing 1000 characters in {last - begun:.1f} s, looked at {pause} ms after each: {looks} looks")
    print(f"    at most {most} waited for its turn")
    print(f"    {len(told['diagnostics'])} diagnostics {time.perf_counter() - last:.2f} s after the last character")
    await client.server.leave()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "project"
        teach(root)
        starts(root)
        for pause in (0, 150):
            asyncio.run(typing(root, pause))


if __name__ == "__main__":
    main()
