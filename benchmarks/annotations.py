"""What it costs to mark many findings for a CI: each format, and the whole command over a stored run.

The findings are made up: so many in files of 300 lines, with messages, lessons and fixes that differ, in a tenth as
many patterns. The writers are timed in a process of their own, whose largest resident set is told.
"""

import argparse
import gzip
import json
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from measure import clean_environment, machine, say, spread, table, timed, write_json

ASKED = {"seconds": 2.0, "megabytes": 200.0, "compressed": 10_000_000}
FORMATS = ("sarif", "github", "markdown", "codequality", "rdjson")
LINES = 300
WORDS = ("load", "parse", "user", "order", "invoice", "token", "cache", "index", "route", "parcel", "shelf", "record")
RULES = (
    "async.never-awaited",
    "type.none-value",
    "import.missing-name",
    "logic.wrong-result",
    "security.sql-built-from-parts",
)
START = datetime(2026, 3, 1, tzinfo=UTC)
CLI = ("-m", "pytest_llmlearn.entrypoints.cli")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--findings", type=int, default=10_000)
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("--json", type=Path, metavar="PATH")
    options.add_argument("--child", metavar="FORMAT", help=argparse.SUPPRESS)
    options.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    asked = options.parse_args()
    if asked.child:
        child(asked.child, asked.root, asked.findings)
        return
    figures: dict[str, Any] = {"machine": machine(), "findings": asked.findings, "asked": ASKED}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        files(root, asked.findings)
        rows = [["format", "seconds", "of processor", "resident, MB", "bytes", "compressed"]]
        for style in FORMATS:
            say(f"{style}: {asked.repeat} times")
            told = [watched(style, root, asked.findings) for _ in range(asked.repeat)]
            figures[style] = told
            seconds = spread(one["seconds"] for one in told)
            rows.append(
                [
                    style,
                    f"{seconds.median:.2f}",
                    f"{spread(one['processor'] for one in told).median:.2f}",
                    f"{max(one['megabytes'] for one in told):.0f}",
                    f"{told[0]['bytes']:,}",
                    f"{told[0]['compressed']:,}",
                ]
            )
        print(table(rows, title=f"{asked.findings:,} findings, from values to text"))
        say("a store with as many occurrences")
        stored(root, asked.findings)
        whole = [
            timed(
                [
                    sys.executable,
                    *CLI,
                    "--root",
                    str(root),
                    "annotate",
                    "--format",
                    "sarif",
                    "--output",
                    str(root / "x"),
                ],
                cwd=root,
                env=clean_environment(root / "home"),
            ).wall
            for _ in range(asked.repeat)
        ]
        figures["command"] = whole
        print(f"\n`llmlearn annotate --format sarif` over that run: {spread(whole).median:.2f} s\n")
    write_json(asked.json, figures)


def watched(style: str, root: Path, findings: int) -> dict[str, Any]:
    """What a process of its own says of one format."""
    command = [sys.executable, __file__, "--child", style, "--root", str(root), "--findings", str(findings)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def child(style: str, root: Path, findings: int) -> None:
    """Time one format, and print what it took."""
    import resource

    from pytest_llmlearn.entrypoints.annotations import publish
    from pytest_llmlearn.entrypoints.annotations.places import Places

    made = annotations(findings)
    begun, busy = time.perf_counter(), time.process_time()
    text = publish.text(Places(root, {}).placed(made), style)
    seconds, busy = time.perf_counter() - begun, time.process_time() - busy
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    raw = text.encode()
    told = {
        "seconds": seconds,
        "processor": busy,
        "megabytes": megabytes,
        "bytes": len(raw),
        "compressed": len(gzip.compress(raw)),
    }
    print(json.dumps(told))


def place(number: int, findings: int) -> tuple[str, int]:
    """A file and a line for each finding; each file has a hundred."""
    files = max(findings // 100, 1)
    return f"made/part{number % files}.py", 1 + number // files * 3 % LINES


def files(root: Path, findings: int) -> None:
    """The files in which the findings lie."""
    chance = random.Random(1)
    (root / "made").mkdir()
    (root / ".git").mkdir()
    (root / "pyproject.toml").write_text("[tool.llmlearn]\n")
    for number in range(max(findings // 100, 1)):
        lines = [f"{' ' * 4 * (at % 3)}{words(chance, 2, '_')} = {words(chance, 3, '(')}" for at in range(LINES)]
        (root / f"made/part{number}.py").write_text("\n".join(lines))


def words(chance: random.Random, count: int, between: str = " ") -> str:
    """So many words by lot."""
    return between.join(chance.choice(WORDS) for _ in range(count))


def annotations(findings: int) -> list[Any]:
    """So many, of a tenth as many mistakes."""
    from pytest_llmlearn.domain.annotation import Annotation, Remedy

    chance = random.Random(2)
    made = []
    for number in range(findings):
        path, line = place(number, findings)
        rule = RULES[number % len(RULES)]
        pattern = number % max(findings // 10, 1)
        made.append(
            Annotation(
                path=path,
                line=line,
                end_line=line,
                fingerprint=f"1:{pattern:024x}",
                rule_id=rule,
                category=rule.partition(".")[0],
                severity=("critical", "major", "minor")[pattern % 3],
                title=f"A mistake of the rule {rule}.",
                lesson=f"Await or convert {words(chance, 6)} before {words(chance, 4)}.",
                message=f"'{words(chance, 1)}' object has no {words(chance, 8)} at {chance.random():.6f}",
                seen=1 + pattern % 40,
                first_seen=START + timedelta(hours=pattern),
                models=("gpt-5.1", "claude-opus-4.5"),
                recurring=pattern % 3 > 0,
                fix=Remedy(bad=words(chance, 3, "("), good=words(chance, 4, "("), verified=True)
                if pattern % 2
                else None,
                nodeid=f"tests/test_part{number % 100}.py::test_{words(chance, 2, '_')}_{number}",
                function=words(chance, 2, "."),
            )
        )
    return made


def stored(root: Path, findings: int) -> None:
    """The same as occurrences of one run."""
    from pytest_llmlearn.adapters.sqlite_store import SqliteStore
    from pytest_llmlearn.domain.entry import Entry, FindingRow, Run
    from pytest_llmlearn.domain.fingerprint import Fingerprint

    entries = [
        Entry(
            nodeid=one.nodeid,
            when="call",
            source="test",
            time=START,
            exception="TypeError",
            message=one.message,
            path=one.path,
            line=one.line,
            function=one.function,
            statement=None,
            unit=f"{one.path}:{one.function}",
            unit_hash=f"b2:{number}",
            model="gpt-5.1",
            tool=None,
            provenance="ai",
            confidence=0.9,
            scope="generated",
            chosen_by="frame",
            flaky=False,
            fingerprint=Fingerprint(
                exact=one.fingerprint, symbol=one.fingerprint, rule=one.rule_id, category=one.category
            ),
            rule_id=one.rule_id,
            category=one.category,
            severity=one.severity,
            symbols=(),
            lesson=one.lesson,
            snippet="",
            words=one.lesson.lower(),
            findings=(
                FindingRow(rule_id=one.rule_id, severity=one.severity, line=one.line, confidence=0.9, detail=""),
            ),
        )
        for number, one in enumerate(annotations(findings))
    ]
    store = SqliteStore(root)
    store.record(Run(run_id="benchmark", started=START, finished=START, command="pytest", failed=findings), entries)
    store.close()


if __name__ == "__main__":
    main()
