"""How often does a memory speak where it has nothing to say?

A memory that learned one stream of generations is asked with the prompts of the others, and with questions that have
nothing to do with code. Counted are the lessons shown at the default threshold; each should be silence.

    python benchmarks/off_topic.py FOLDER... [--split dev]
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Sequence
from pathlib import Path

from pytest_llmlearn import Query
from pytest_llmlearn.bootstrap.scratch import embedder, scratches
from pytest_llmlearn.domain.replay import Attempt
from pytest_llmlearn.entrypoints.replay_stream import read
from pytest_llmlearn.settings import Settings

QUESTIONS = Path(__file__).resolve().parent.parent / "tests/data/off_topic.txt"


def questions() -> dict[str, list[str]]:
    """The questions under each heading of the file."""
    found: dict[str, list[str]] = {}
    heading = ""
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        if line.startswith("# ["):
            heading = line.strip("# []")
        elif line.strip() and not line.startswith("#"):
            found.setdefault(heading, []).append(line)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="+", type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--words-alone", action="store_true", help="without vectors")
    arguments = parser.parse_args()
    settings = Settings()
    opened = scratches(settings, None if arguments.words_alone else embedder(settings)[0])
    streams: dict[str, Sequence[Attempt]] = {one.name: list(read(one, arguments.split)) for one in arguments.folder}
    figures: dict[str, dict[str, float]] = {}
    for name, attempts in streams.items():
        with opened() as scratch:
            for attempt in attempts:
                scratch.learn(attempt)
            asked = {
                other: [(one.prompt, one.model) for one in {one.prompt: one for one in theirs}.values()]
                for other, theirs in streams.items()
                if other != name
            }
            asked |= {heading: [(text, None) for text in texts] for heading, texts in questions().items()}
            figures[name] = {}
            for other, texts in asked.items():
                shown = [len(scratch.recall(Query(text=text, model=model)).matches) for text, model in texts]
                figures[name][other] = statistics.fmean(shown)
                print(f"{name:12s} asked with {other:14s} {len(texts):4d} questions  "
                      f"{statistics.fmean(shown):.2f} lessons a question  "
                      f"{sum(not n for n in shown) / len(shown):.0%} silent", flush=True)  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
