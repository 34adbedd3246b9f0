"""Times of child processes, in pairs.

A single time on a shared machine says little; the ratio of two runs made one after the other says more, and
the median of many such ratios says enough. Nothing here asserts: a benchmark reports, a reader judges.
"""

import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What a child needs of our environment. A list of what to keep, not of what to drop: assistants, CI systems and
# our own settings announce themselves through variables, and each of them would change what is measured.
KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "SSL_CERT_FILE")


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """Return an environment with `home` as the home folder and no trace of who started the benchmark.

    Code is not scanned beside tests: that is measured by itself.
    """
    kept = {key: os.environ[key] for key in KEPT if key in os.environ} | {"LLMLEARN_SCAN": "off"}
    return {**kept, "HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One child process: wall and processor time in seconds (its own children included), its exit status."""

    wall: float
    cpu: float
    status: int
    started: float
    ended: float


def timed(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], output: Path | None = None) -> Timed:
    """Run `command` to its end; its output goes to the file `output`, or nowhere.

    `started` and `ended` are readings of the monotonic clock, which all processes of a machine share.
    """
    with (output or Path(os.devnull)).open("wb") as sink:
        before = _children_cpu()
        started = time.monotonic()
        done = subprocess.run(
            [str(word) for word in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        ended = time.monotonic()
    return Timed(
        wall=ended - started, cpu=_children_cpu() - before, status=done.returncode, started=started, ended=ended
    )


def _children_cpu() -> float:
    times = os.times()
    return times.children_user + times.children_system


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A median with the interval that holds the true median in at least 95 of 100 such measurements."""

    median: float
    low: float
    high: float
    count: int

    def show(self, form: str = "{:.3f}") -> str:
        return f"{form.format(self.median)} [{form.format(self.low)}, {form.format(self.high)}]"

    def to_dict(self) -> dict[str, float | int]:
        return asdict(self)


def spread(values: Iterable[float]) -> Spread:
    """Return the median of `values` and its interval by order statistics.

    No shape of the distribution is assumed. Fewer than six values cannot carry 95 %: then the interval is their
    whole range. Raises ValueError where there are none.
    """
    ordered = sorted(values)
    if not ordered:
        raise ValueError("no values to take a median of")
    cut = _rank(len(ordered))
    return Spread(
        median=statistics.median(ordered), low=ordered[cut], high=ordered[len(ordered) - 1 - cut], count=len(ordered)
    )


def _rank(count: int) -> int:
    """Return how many values may be cut at either end for the rest to cover the median with 95 %.

    The median lies below the rest with the chance that at most `cut` of `count` fair coins fall on one side.
    """
    tail, cut = 0.0, 0
    for rank in range(count):
        tail += math.comb(count, rank) / 2**count
        if 2 * tail > 0.05:
            break
        cut = rank
    return cut


def table(rows: Sequence[Sequence[str]], *, title: str) -> str:
    """Return `rows` (the first is the head) as aligned columns under a title."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([title, *("  " + line for line in lines)])


def machine() -> dict[str, str | int | None]:
    """Return what a reader must know of the machine to judge a time."""
    return {"python": sys.version.split()[0], "platform": sys.platform, "processors": os.cpu_count()}


def write_json(path: Path | None, figures: Mapping[str, object]) -> None:
    """Write `figures` to `path`, if one was asked for."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(f"figures written to {path}")


def say(sentence: str) -> None:
    """Print a line of progress to standard error, so that tables may be piped."""
    print(f"[{time.strftime('%H:%M:%S')}] {sentence}", file=sys.stderr, flush=True)
