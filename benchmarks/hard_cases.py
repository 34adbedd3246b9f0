"""Repositories that nobody means to have, and what must be answered for them, in what time.

Each case is asked in a process of its own, so that a time is a time from nothing, and a crash is an answer.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from long_history import START, commit

CLAUDE = "Co-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"
MEGABYTE = 1_000_000
FIRST = "src/first.py"

ASK = """
import json, sys, time
from pytest_llmlearn import LlmlearnError, Memory
root, path = sys.argv[1:]
start = time.perf_counter()
try:
    with Memory.open(root) as memory:
        answer = {"lines": [[line.type, line.model] for line in memory.provenance(path).lines]}
except LlmlearnError as error:
    answer = {"refused": str(error)}
print(json.dumps({"seconds": time.perf_counter() - start, **answer}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: seconds it took and may take, whether the answer is the right one, and the answer in words."""

    name: str
    seconds: float
    most: float
    right: bool
    answer: str


def hard_cases(work: Path, env: Mapping[str, str]) -> Iterator[Case]:
    """Make each case in a folder below `work`, and yield how it went.

    The time a case may take is thrice that of an ordinary repository of one commit, and a tenth of a second.
    """
    plain = _repository(work / "plain")
    most = 3 * max(_ask(plain, FIRST, env)["seconds"] for _ in range(3)) + 0.1
    opus, human = [["ai", "Claude Opus 4.6"]] * 3, [["human", None]] * 3
    for name, make, expected in (
        ("ordinary", lambda root: None, opus),
        ("a trailer of 1 MB", _long_trailer, human),
        ("1 MB before the trailer", _long_body, opus),
        ("20,000 trailers", _many_trailers, opus),
        ("a trace file of 20,000 broken lines", _broken_traces, opus),
        ("a trace of 1 MB in one broken line", _long_trace, opus),
        ("a notes ref that is not git-ai's", _foreign_notes, opus),
        ("a notes ref that is no commit", _notes_of_a_blob, opus),
        ("a clock in the future", _future, opus),
        ("a mailmap and an ignore list of noise", _noise, opus),
    ):
        root = _repository(work / name.replace(" ", "-").replace(",", "").replace("'", ""), make)
        told = _ask(root, FIRST, env)
        lines = told.get("lines")
        if "trace" in name:
            yield _said_once(root, name, env, most)
        yield Case(
            name=name,
            seconds=told["seconds"],
            most=most,
            right=lines == expected,
            answer=f"{name}: {json.dumps(told)[:300]}",
        )
    yield from _outside(_repository(work / "outside"), env, most)


def _said_once(root: Path, name: str, env: Mapping[str, str], most: float) -> Case:
    """What could not be read is counted and said in one sentence, not line by line."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "pytest_llmlearn.entrypoints.cli", "provenance", FIRST, "--format", "json"]
    done = subprocess.run(command, cwd=root, env=dict(env), capture_output=True, text=True)
    notices = json.loads(done.stdout).get("notices", []) if done.returncode == 0 else []
    about = [notice for notice in notices if "traces.jsonl" in notice]
    # Two files hold the same broken lines: one sentence each at most.
    return Case(
        name=f"{name}, said once",
        seconds=time.perf_counter() - begun,
        most=most + 1.0,  # the start of a process
        right=1 <= len(about) <= 2 and len(done.stderr) < 2_000,
        answer=f"{name}: {json.dumps(notices)[:300]} {done.stderr[-200:]}",
    )


def _outside(root: Path, env: Mapping[str, str], most: float) -> Iterator[Case]:
    (root.parent / "secret.py").write_text("SECRET = 1\n", encoding="utf-8")
    (root / "link.py").symlink_to(root.parent / "secret.py")
    for path in ("../secret.py", "/etc/passwd", "src/../../secret.py", "link.py", "nowhere.py", "src", ".git/config"):
        told = _ask(root, path, env)
        # Refused in a sentence, or known to be nobody's: never somebody's lines.
        right = "refused" in told or all(line[0] == "unknown" for line in told.get("lines", [["crash", None]]))
        begun = time.perf_counter()
        command = [sys.executable, "-m", "pytest_llmlearn.entrypoints.cli", "provenance", path, "--format", "json"]
        done = subprocess.run(command, cwd=root, env=dict(env), capture_output=True, text=True)
        traceback = "Traceback" in done.stderr
        yield Case(
            name=f"path {path}",
            seconds=told["seconds"],
            most=most,
            right=right and not traceback and "SECRET" not in done.stdout,
            answer=(
                f"{path}: {json.dumps(told)[:200]}; command line in {time.perf_counter() - begun:.2f} s, status "
                f"{done.returncode}: {(done.stderr or done.stdout).strip()[-200:]}"
            ),
        )


def _ask(root: Path, path: str, env: Mapping[str, str]) -> dict[str, Any]:
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(root), path], env=dict(env), capture_output=True, text=True, timeout=120
    )
    if done.returncode:
        return {"seconds": time.perf_counter() - begun, "crashed": done.stderr.strip()[-500:]}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _repository(root: Path, make: Callable[[Path], object] = lambda root: None) -> Path:
    """A repository whose one file of three lines is an assistant's, unless `make` commits it before."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "src").mkdir(parents=True)
    _git(root, "init", "-q", "-b", "main")
    make(root)
    if not (root / FIRST).exists():
        _first(root, f"Add it\n\n{CLAUDE}")
    return root


def _first(root: Path, message: str, *, day: int = START) -> None:
    (root / FIRST).write_text("one = 1\ntwo = 2\nthree = 3\n", encoding="utf-8")
    commit(root, message, day=day)


def _git(root: Path, *words: str, given: bytes | None = None) -> str:
    name = ["-c", "user.name=robin", "-c", "user.email=robin@example.org"]
    done = subprocess.run(["git", "-C", str(root), *name, *words], input=given, check=True, capture_output=True)
    return done.stdout.decode().strip()


def _long_trailer(root: Path) -> None:
    # Too long for any name that a model has: who signs so is nobody that is known.
    _first(root, f"Add it\n\nCo-Authored-By: {'x' * MEGABYTE} <robin@example.org>")


def _long_body(root: Path) -> None:
    body = "Lorem ipsum: dolor sit amet (consectetur)\n" * (MEGABYTE // 42)
    _first(root, f"Add it\n\n{body}\n{CLAUDE}")


def _many_trailers(root: Path) -> None:
    people = "".join(f"Co-authored-by: Person {n} <p{n}@example.org>\n" for n in range(20_000))
    _first(root, f"Add it\n\n{people}{CLAUDE}")


def _broken_traces(root: Path) -> None:
    _traces(root, "".join(f'{{"version": "0.1.0", "files": [{{"path": {n}\n' for n in range(20_000)))


def _long_trace(root: Path) -> None:
    _traces(root, "[" * MEGABYTE + "\n")


def _traces(root: Path, text: str) -> None:
    _first(root, f"Add it\n\n{CLAUDE}")
    for folder in (".agent-trace", ".llmlearn"):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "traces.jsonl").write_text(text, encoding="utf-8")


def _foreign_notes(root: Path) -> None:
    _first(root, f"Add it\n\n{CLAUDE}")
    (root / ".git" / "note").write_bytes(b"Reviewed: looks good\n---\n{not json\n\xff\xfe" + b"-" * MEGABYTE)
    _git(root, "notes", "--ref=ai", "add", "-F", ".git/note", "HEAD")


def _notes_of_a_blob(root: Path) -> None:
    _first(root, f"Add it\n\n{CLAUDE}")
    _git(root, "update-ref", "refs/notes/ai", _git(root, "hash-object", "-w", "--stdin", given=b"a blob"))


def _future(root: Path) -> None:
    _first(root, f"Add it\n\n{CLAUDE}", day=4_000_000_000)


def _noise(root: Path) -> None:
    (root / ".mailmap").write_bytes(b"<<<>>> <\xff\n" * 10_000 + b"# " + b"x" * MEGABYTE)
    (root / ".git-blame-ignore-revs").write_text("HEAD\nnot a commit\n" + f"{'0' * 39}1\n" * 1_000, encoding="utf-8")
    _first(root, f"Add it\n\n{CLAUDE}")
