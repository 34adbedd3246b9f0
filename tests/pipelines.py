"""A made-up repository of five commits, its runners, and what a store came to."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmlearn.bootstrap import Memory
from pytest_llmlearn.domain.entry import Run
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.settings import Settings
from tests.builders import an_occurrence, at
from tests.projects import Project

COMMITS: tuple[dict[str, str], ...] = (
    {
        "pyproject.toml": '[tool.llmlearn]\ngenerated = ["shop/*.py=model-x", "made/*.py=model-y"]\n',
        ".gitignore": "__pycache__/\n.pytest_cache/\n*.jsonl.events\n",
        "conftest.py": "",
        "shop/__init__.py": "",
        "made/__init__.py": "",
        "shop/cart.py": (
            "def total(cart):\n    return cart.summ()\n\n\ndef first(cart):\n    return cart['first']\n\n\n"
            "def middle(cart):\n    return cart[0] / len(cart)\n"
        ),
        "tests/test_cart.py": (
            "from shop.cart import first, middle, total\n\n\ndef test_total():\n    assert total([1]) == 1\n\n\n"
            "def test_first():\n    assert first({'a': 1}) == 1\n\n\ndef test_middle():\n    assert middle([1]) == 1\n"
        ),
    },
    {
        "shop/cart.py": (
            "def total(cart):\n    return cart.summ()\n\n\ndef first(cart):\n    return cart['first']\n\n\n"
            "def middle(cart):\n    return cart.middle / len(cart)\n"
        ),
    },
    {
        "made/text.py": "def shout(text):\n    return text.uppercase()\n\n\ndef key(row):\n    return row['first']\n",
        "tests/test_text.py": (
            "from made.text import key, shout\n\n\ndef test_shout():\n    assert shout('a') == 'A'\n\n\n"
            "def test_key():\n    assert key({'a': 1}) == 1\n"
        ),
        "shop/cart.py": (
            "def total(cart):\n    return sum(cart)\n\n\ndef first(cart):\n    return cart['first']\n\n\n"
            "def middle(cart):\n    return cart[0] / len(cart)\n"
        ),
    },
    {"made/text.py": "def shout(text):\n    return text.upper()\n\n\ndef key(row):\n    return row['first']\n"},
    {
        "shop/cart.py": (
            "def total(cart):\n    return cart.summ()\n\n\ndef first(cart):\n    return cart.get('a')\n\n\n"
            "def middle(cart):\n    return cart[0] / len(cart)\n"
        ),
    },
)
"""What each commit writes. `total` breaks, is repaired, and breaks again; `shout` and `first` are repaired."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A repository with its commits, oldest first."""

    project: Project
    commits: tuple[str, ...]

    def clone(self, folder: Path, commit: int) -> Project:
        """A fresh clone at one of the commits: a runner."""
        self.project.git("clone", "-q", "--no-hardlinks", str(self.project.root), str(folder))
        found = Project(folder)
        found.git("checkout", "-q", self.commits[commit])
        return found


def an_origin(folder: Path, commits: Sequence[dict[str, str]] = COMMITS) -> Origin:
    """The repository at `folder`, with one commit for each of these."""
    folder.mkdir(parents=True)
    project = Project(folder)
    made = []
    for number, files in enumerate(commits):
        project.write(files).commit(f"Commit {number + 1}")
        made.append(project.git("rev-parse", "HEAD").strip())
    return Origin(project, tuple(made))


_DUMPED = {
    "patterns": """
        SELECT p.fingerprint, frequency, raw_count, state, first_seen, last_seen, severity, lesson, path, line, unit,
            symbols, recurrences, verified_fixes, good, fix_applied, stub, kin, b.text, m.text
        FROM patterns AS p JOIN occurrence_texts AS b ON b.id = p.bad_id
        JOIN occurrence_texts AS m ON m.id = p.message_id""",
    "models": "SELECT p.fingerprint, model, count FROM pattern_models JOIN patterns AS p ON p.id = pattern",
    "contexts": "SELECT p.fingerprint, context, count FROM pattern_contexts JOIN patterns AS p ON p.id = pattern",
    "codes": """
        SELECT fingerprint, c.unit, unit_hash, counted
        FROM occurrence_codes AS c JOIN patterns AS p ON p.id = c.pattern""",
    "occurrences": """
        SELECT r.run_id, p.fingerprint, o.nodeid, o.time, o.model, o.scope, o.promotes, o.path, o.line
        FROM occurrences AS o JOIN runs AS r ON r.id = o.run JOIN patterns AS p ON p.id = o.pattern""",
    "runs": "SELECT run_id, started, finished, commit_id, state, passed, failed FROM runs",
    "tests": "SELECT nodeid, green, red FROM tests",
    "fixes": "SELECT fingerprint, digest, bad, good, verified, first_seen, last_seen FROM fix_rows WHERE verified > 0",
    "healings": """
        SELECT p.fingerprint, h.nodeid, h.unit, verdict, reason, red_hash, green_hash, red_commit, green_commit, h.time
        FROM healings AS h JOIN patterns AS p ON p.id = h.pattern""",
    "attempts": "SELECT kind, name, model, count FROM attempts WHERE count > 0",
}


def dump(project: Project) -> dict[str, list[tuple[Any, ...]]]:
    """What a store came to, without what only tells when and in which order it was written."""
    with closing(sqlite3.connect(project.database)) as db:
        found = {name: sorted(db.execute(statement).fetchall(), key=repr) for name, statement in _DUMPED.items()}
        words = db.execute("SELECT fingerprint, words FROM patterns ORDER BY fingerprint").fetchall()
    return {**found, "words": [(name, *sorted(text.split())) for name, text in words]}


def watch(project: Project, number: int, events: Path | None = None) -> None:
    """Learn from the tests of a project as a run of that number does, without a pytest of its own."""
    passed, failures = _outcomes(project.root)
    run = Run(
        run_id=f"run-{number}",
        started=at(days=number),
        finished=at(1, days=number),
        commit=project.git("rev-parse", "HEAD").strip(),
        passed=len(passed),
        failed=len(failures),
    )
    told = {"events": str(events)} if events is not None else {}
    with Memory.open(project.root, settings=Settings.load(project.root, {}, told)) as memory:
        memory.record_run(run, failures)
        memory.heal(run, passed=passed, occurrences=failures)


def _outcomes(root: Path) -> tuple[list[str], list[Occurrence]]:
    """What the tests of the made-up repository say: each file of them tests one module, whose functions it calls."""
    passed, failures = [], []
    for file in sorted((root / "tests").glob("test_*.py")):
        head, _, body = file.read_text(encoding="utf-8").partition("\n")
        path = f"{head.split()[1].replace('.', '/')}.py"
        names: dict[str, Any] = {}
        exec(compile((root / path).read_text(encoding="utf-8"), path, "exec"), names)
        exec(compile(f"\n{body}", str(file), "exec"), names)
        for name in [one for one in names if one.startswith("test_")]:
            nodeid = f"tests/{file.name}::{name}"
            try:
                names[name]()
            except Exception as error:  # whatever the code under test does is what is wanted here
                failures.append(_failure(error, nodeid, path, (root / path).read_text(encoding="utf-8")))
            else:
                passed.append(nodeid)
    return passed, failures


def _failure(error: Exception, nodeid: str, path: str, text: str) -> Occurrence:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return an_occurrence(
        nodeid=nodeid,
        exception=type(error).__name__,
        mro=tuple(one.__name__ for one in type(error).__mro__[:-1]),
        message=str(error),
        path=path,
        line=last.lineno,
        function=last.name,
        statement=text.splitlines()[(last.lineno or 1) - 1].strip(),
    )
