"""A repository with a long history, made by `git fast-import` and equal for equal seeds.

People and assistants touch its files, mostly one at a time; branches are merged, files renamed, pull requests
squashed with every trailer in the body, one commit reformats and is listed in `.git-blame-ignore-revs`, and
`.mailmap` joins a person's two addresses. Each commit knows what it should be taken for; `git blame` knows the rest.
"""

import argparse
import os
import random
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

START = 1_700_000_000
STEP = 1_800  # seconds between two commits: 13,000 of them are nine months
WORDS = ("total", "user", "order", "price", "item", "queue", "token", "cache", "entry", "field", "index", "limit")

PEOPLE = (
    ("Robin Reviewer", "robin@example.org"),
    ("R. Reviewer", "robin@old.example.org"),  # the same person, by .mailmap
    ("Ada Person", "ada@example.org"),
    ("Claude Dupont", "claude.dupont@example.org"),
    ("Kim Staff", "kim@anthropic.com"),
)
# (weight, author or None for one of the people, trailers)
ASSISTANTS = (
    (30, None, "Co-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"),
    (10, None, "Co-Authored-By: Claude Opus 4.6 (1M context) <noreply@anthropic.com>"),
    (10, None, "Co-Authored-By: Claude <noreply@anthropic.com>"),
    (8, None, "Co-authored-by: Cursor <cursoragent@cursor.com>"),
    (8, None, "Assisted-by: Codex:gpt-5.2-codex pylint"),
    (6, ("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com"), ""),
    (6, ("Robin Reviewer (aider)", "robin@example.org"), "Co-authored-by: aider (gpt-4.1) <noreply@aider.chat>"),
    (4, ("google-labs-jules[bot]", "161369871+google-labs-jules[bot]@users.noreply.github.com"), ""),
    (4, None, "Claude-Session: https://claude.ai/code/session_01"),
)


@dataclass(slots=True)
class _File:
    path: str
    lines: list[str]
    marks: list[int] = field(default_factory=list)


def make(folder: Path, *, files: int = 150, commits: int = 13_000, seed: int = 7) -> None:
    """Make `folder` a repository with that many commits, packed the way `git gc` leaves it, checked out at `main`.

    Raises subprocess.CalledProcessError where git refuses.
    """
    folder.mkdir(parents=True)
    _run(folder, "init", "-q", "-b", "main")
    _run(folder, "config", "gc.auto", "0")
    with tempfile.TemporaryFile() as stream:
        _write(stream, files=files, commits=commits, chance=random.Random(seed))
        stream.seek(0)
        subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet", "--depth=50"], stdin=stream, check=True)
    _run(folder, "checkout", "-q", "-f", "main")
    reformat = subprocess.run(
        ["git", "-C", str(folder), "log", "--format=%H", "--grep=^Reformat", "main"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (folder / ".git-blame-ignore-revs").write_text(reformat, encoding="ascii")
    (folder / ".mailmap").write_text("Robin Reviewer <robin@example.org> <robin@old.example.org>\n", encoding="utf-8")
    commit(folder, "Name the commit that only reformats", day=START + commits * STEP)
    _run(folder, "gc", "-q")


def commit(folder: Path, message: str, *, day: int, author: tuple[str, str] = PEOPLE[0]) -> None:
    """Commit all of the working tree at `day` (seconds since 1970)."""
    _run(folder, "add", "-A")
    identity = [f"user.name={author[0]}", f"user.email={author[1]}"]
    dates = {"GIT_AUTHOR_DATE": f"{day} +0000", "GIT_COMMITTER_DATE": f"{day} +0000"}
    words = [word for setting in identity for word in ("-c", setting)]
    # Over standard input: a message may be longer than an argument.
    _run(folder, *words, "commit", "-q", "-F", "-", given=message, **dates)


def _run(folder: Path, *words: str, given: str = "", **environment: str) -> None:
    command = ["git", "-C", str(folder), *words]
    subprocess.run(command, check=True, env={**os.environ, **environment}, input=given.encode())


def _line(chance: random.Random, number: int) -> str:
    first, second, third = chance.choices(WORDS, k=3)
    return f"    {first}_{number} = {second}({third}, {chance.randrange(1000)})"


def _write(stream: BinaryIO, *, files: int, commits: int, chance: random.Random) -> None:
    """Write the whole history as a fast-import stream.

    Blobs come file by file, so that each is stored as a difference to the one before it; the commits follow, and
    take the versions of each file in their order.
    """
    counter = iter(range(1, 10**9))
    number = iter(range(1, 10**9))
    everything = [
        _File(
            path=f"src/part_{at % 12:02d}/module_{at:03d}.py", lines=[_line(chance, next(number)) for _ in range(450)]
        )
        for at in range(files)
    ]
    plan = list(_plan(commits=commits, files=files, chance=chance))
    versions = [0] * files
    for step in plan:
        for at in step.touched:
            versions[at] += 1
    for at, file in enumerate(everything):
        for version in range(versions[at] + 1):
            if version:
                _edit(file.lines, chance, number)
            mark = next(counter)
            file.marks.append(mark)
            text = ("\n".join(file.lines) + "\n").encode()
            stream.write(b"blob\nmark :%d\ndata %d\n%b\n" % (mark, len(text), text))
    _write_commits(stream, everything, plan, counter, chance)


def _edit(lines: list[str], chance: random.Random, number: Iterator[int]) -> None:
    """Change, add and take away a few lines, and keep the file between 300 and 600 of them."""
    at = chance.randrange(len(lines))
    old = chance.randint(0, 8) if len(lines) > 310 else 0
    new = chance.randint(1, 9) if len(lines) < 590 else 1
    lines[at : at + old] = [_line(chance, next(number)) for _ in range(new)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One commit to be made: the files it touches, and whether it opens, is on, or ends a side branch."""

    touched: tuple[int, ...]
    on: str = "main"
    merges: bool = False
    renames: int | None = None
    reformats: bool = False


def _plan(*, commits: int, files: int, chance: random.Random) -> Iterator[_Step]:
    """Yield the steps: two thirds on main, the rest on short branches of their own files, merged after."""
    made = 1  # the first commit brings every file
    while made < commits - 1:
        if made == commits // 2:
            yield _Step(touched=tuple(range(0, files, 3)), reformats=True)
            made += 1
            continue
        if chance.random() < 0.06 and commits - made > 12 and abs(made - commits // 2) > 12:
            branch = chance.sample(range(files), 4)
            other = [at for at in range(files) if at not in branch]
            length = chance.randint(2, 6)
            for _ in range(length):
                yield _Step(touched=(chance.choice(branch),), on="side")
                yield _Step(touched=(chance.choice(other),))
            yield _Step(touched=(), merges=True)
            made += 2 * length + 1
        elif chance.random() < 0.002:
            yield _Step(touched=(), renames=chance.randrange(files))
            made += 1
        else:
            count = 1 if chance.random() < 0.95 else 2
            yield _Step(touched=tuple(chance.sample(range(files), count)))
            made += 1


def _write_commits(
    stream: BinaryIO, everything: list[_File], plan: list[_Step], counter: Iterator[int], chance: random.Random
) -> None:
    at = [0] * len(everything)
    when = START
    main = next(counter)
    everyone = [(f"M 100644 :{file.marks[0]} {file.path}") for file in everything]
    _commit(stream, main, PEOPLE[0], PEOPLE[0], when, "Begin", [], everyone)
    side: int | None = None
    on_side: dict[int, None] = {}
    moved = 0
    for step in plan:
        when += STEP
        changes = []
        for index in step.touched:
            at[index] += 1
            changes.append(f"M 100644 :{everything[index].marks[at[index]]} {everything[index].path}")
        mark = next(counter)
        author, committer, message = _signed(step, chance)
        if step.on == "side":
            _commit(stream, mark, author, committer, when, message, [side or main], changes, ref="refs/heads/side")
            side = mark
            on_side.update(dict.fromkeys(step.touched))
            continue
        parents = [main]
        if step.merges and side is not None:
            parents.append(side)
            changes = [f"M 100644 :{everything[i].marks[at[i]]} {everything[i].path}" for i in on_side]
            message, author, side, on_side = "Merge branch 'side'", PEOPLE[0], None, {}
        elif step.renames is not None:
            moved += 1
            file = everything[step.renames]
            new = f"src/moved/module_{moved:03d}.py"
            changes, file.path = [f"R {file.path} {new}"], new
        _commit(stream, mark, author, committer, when, message, parents, changes)
        main = mark
    stream.write(b"reset refs/heads/main\nfrom :%d\n\nreset refs/heads/side\nfrom %s\n\n" % (main, b"0" * 40))


def _signed(step: _Step, chance: random.Random) -> tuple[tuple[str, str], tuple[str, str], str]:
    """Return (author, committer, message) of a step: 45 in 100 by people alone, and some of the known traps."""
    person = chance.choice(PEOPLE)
    subject = f"{chance.choice(('Add', 'Fix', 'Simplify', 'Speed up'))} the {chance.choice(WORDS)}"
    if step.reformats:
        return PEOPLE[0], PEOPLE[0], "Reformat everything"
    draw = chance.random()
    if draw < 0.45:
        return person, person, f"{subject}\n\nmodel: gpt-4 took 3 s in the benchmark.\n" if draw < 0.02 else subject
    if draw < 0.47:
        return PEOPLE[0], ("Robin Reviewer (aider)", "robin@example.org"), subject
    if draw < 0.49:
        body = "* first part\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>\n\n* review\n\nAnd a last word."
        return person, ("GitHub", "noreply@github.com"), f"{subject} (#{chance.randrange(900)})\n\n{body}"
    if draw < 0.50:
        return (
            person,
            person,
            f"{subject}\n\nCo-authored-by: coderabbitai[bot] <136622811+coderabbitai[bot]@users.noreply.github.com>",
        )
    _, author, trailer = chance.choices(ASSISTANTS, weights=[weight for weight, _, _ in ASSISTANTS])[0]
    return author or person, PEOPLE[0], f"{subject}\n\n{trailer}" if trailer else subject


def _commit(
    stream: BinaryIO,
    mark: int,
    author: tuple[str, str],
    committer: tuple[str, str],
    when: int,
    message: str,
    parents: list[int],
    changes: list[str],
    *,
    ref: str = "refs/heads/main",
) -> None:
    text = message.encode()
    words = [f"commit {ref}", f"mark :{mark}"]
    words += [
        f"{role} {who[0]} <{who[1]}> {when} +0000" for role, who in (("author", author), ("committer", committer))
    ]
    stream.write("\n".join(words).encode() + b"\ndata %d\n%b\n" % (len(text), text))
    links = [f"{'from' if number == 0 else 'merge'} :{parent}" for number, parent in enumerate(parents)]
    stream.write(("\n".join([*links, *changes]) + "\n\n").encode())


def main() -> None:
    """Make such a repository by hand."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=150)
    parser.add_argument("--commits", type=int, default=13_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    make(asked.folder, files=asked.files, commits=asked.commits, seed=asked.seed)


if __name__ == "__main__":
    main()
