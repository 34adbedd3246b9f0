"""Write a corpus as a stream that `llmlearn evaluate` replays: one JSON object a line, in the corpus's order.

    python benchmarks/replay_stream.py FOLDER > stream.jsonl          # FOLDER holds replay_dev.jsonl and its outcomes
    python benchmarks/replay_stream.py FOLDER --split held --tasks odd > odd.jsonl

The schema stands in docs/evaluate.md. `llmlearn evaluate FOLDER` reads the folder itself; a file is needed where a
stream is to be cut, mixed or handed on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pytest_llmlearn.domain.replay import half
from pytest_llmlearn.entrypoints import replay_stream


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split")
    parser.add_argument(
        "--tasks", choices=["all", "odd", "even"], default="all", help="leave the others out altogether"
    )
    arguments = parser.parse_args()
    kept = half((attempt.task for attempt in replay_stream.read(arguments.folder, arguments.split)), arguments.tasks)
    for attempt in replay_stream.read(arguments.folder, arguments.split):
        if attempt.task in kept:
            print(json.dumps(replay_stream.to_line(attempt), ensure_ascii=False))


if __name__ == "__main__":
    main()
