"""A memory in which much happened, for reports: mistakes of some weeks, repairs, and lessons that were shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports.exposures import Showing, Shown
from pytest_llmlearn.domain.effect import Outcome
from pytest_llmlearn.domain.entry import Entry
from pytest_llmlearn.domain.fix import Fix, Healing
from tests.builders import a_fingerprint, a_run, an_entry

LESSONS = (
    (
        "async.never-awaited", "critical", "app/payments/client.py", "fetch_rates",
        "coroutine 'fetch_rates' was never awaited", "Await the call: a coroutine that is only called does nothing.",
        "async def total(order):\n    rates = fetch_rates(order.currency)\n    return order.amount * rates['eur']",
        "    rates = await fetch_rates(order.currency)",
    ),
    (
        "type.none-value", "major", "app/users/repository.py", "load_user",
        "'NoneType' object is not subscriptable", "Check what `find_one` returned before using it: it may be None.",
        "def load_user(user_id):\n    row = users.find_one(id=user_id)\n    return User(row['name'], row['mail'])",
        "    if row is None:\n        raise UnknownUser(user_id)",
    ),
    (
        "import.no-such-name", "major", "app/schemas.py", "<module>",
        "cannot import name 'BaseSettings' from 'pydantic'", "Import `BaseSettings` from `pydantic_settings`.",
        "from pydantic import BaseModel, BaseSettings", "from pydantic_settings import BaseSettings",
    ),
    (
        "security.sql-built-from-parts", "critical", "app/reports/queries.py", "by_customer",
        "SQL is built from parts of strings", "Use parameterized queries: `execute(sql, (value,))`.",
        "cursor.execute(f\"SELECT * FROM orders WHERE customer = '{name}'\")",
        "cursor.execute(\"SELECT * FROM orders WHERE customer = ?\", (name,))",
    ),
    (
        "logic.off-by-one", "minor", "app/pages.py", "page_of",
        "assert [3, 4] == [2, 3]", "Pages begin with 1: subtract one before multiplying.",
        "start = page * size", "start = (page - 1) * size",
    ),
    (
        "runtime.key-missing", "major", "app/config.py", "read",
        "KeyError: 'timeout'", "Use `.get` with a default for keys that a file may lack.",
        "timeout = table['timeout']", "timeout = table.get('timeout', 30)",
    ),
    (
        "async.blocking-call", "major", "app/payments/client.py", "poll",
        "time.sleep called in a coroutine", "Use `await asyncio.sleep(…)` in coroutines.",
        "time.sleep(delay)", "await asyncio.sleep(delay)",
    ),
)  # fmt: skip
MODELS = ("model-a-4.5", "model-b-mini", "model-c-pro")


def _entry(number: int, time: datetime, code: int) -> Entry:
    rule_id, severity, path, function, message, lesson, bad, _ = LESSONS[number % len(LESSONS)]
    variant = number // len(LESSONS)
    module = path.removesuffix(".py").replace("/", ".")
    return an_entry(
        a_fingerprint(f"1:{number:08x}", rule=rule_id),
        time=time,
        severity=severity,
        path=path if variant == 0 else f"app/generated/part_{number:05d}.py",
        line=10 + number % 90,
        function=function,
        unit=f"{module}:{function}_{variant}",
        unit_hash=f"code-{number}-{code}",
        message=message,
        lesson=lesson,
        snippet=bad,
        model=MODELS[(number + code) % len(MODELS)],
        nodeid=f"tests/test_{function.strip('<>')}.py::test_{variant}_{code % 3}",
        symbols=(),
    )


def filled(root: Path, now: datetime, *, mistakes: int = 12, weeks: int = 10) -> SqliteStore:
    """A store at `root` of so many mistakes in runs of so many weeks before `now`, the first ones most often seen."""
    store = SqliteStore(root, clock=lambda: now)
    for week in range(weeks):
        time = now - timedelta(weeks=weeks - 1 - week, days=1)
        # The first of them come back every few weeks in other code; the others are of one week.
        seen = [number for number in range(min(mistakes, 8)) if week % (number + 1) == 0]
        seen += [number for number in range(8, mistakes) if number % weeks == week]
        entries = [_entry(number, time, week) for number in seen]
        run = a_run(
            f"run-{week:02d}", started=time, finished=time, failed=len(entries), state=f"git:{week:040x}", passed=120
        )
        store.record(run, entries)
    for number in (0, 2, 5):
        _repair(store, number, now - timedelta(days=number + 1))
    _show(store, 0, now - timedelta(days=9), ("avoided",) * 9 + ("recurred",) * 2)
    _show(store, 1, now - timedelta(days=8), ("avoided", "avoided", "other-failure"))
    return store


def _repair(store: SqliteStore, number: int, time: datetime) -> None:
    _, _, _, function, _, _, bad, good = LESSONS[number]
    fix = Fix(
        fingerprint=f"1:{number:08x}",
        digest=f"fix-{number}",
        bad=bad.split("\n")[-1 if "\n" not in bad else 1].strip(),
        good=good.strip(),
        signature=f"def {function}(…):" if function != "<module>" else "",
        difference="`await` was added" if number == 0 else "the statement was changed",
    )
    healing = Healing(
        occurrence=None,
        fingerprint=fix.fingerprint,
        nodeid="tests/test_it.py::test_it",
        unit=f"app:{function}",
        verdict="fix",
        reason="",
        time=time,
        red_hash=f"red-{number}",
        green_hash=f"green-{number}",
        fix=fix,
    )
    store.fixes().note(time=time, green=(), healed=(), healings=[healing])


def _show(store: SqliteStore, number: int, time: datetime, outcomes: tuple[Outcome, ...]) -> None:
    exposures = store.exposures()
    for session, _ in enumerate(outcomes):
        lesson = Shown(fingerprint=f"1:{number:08x}")
        exposures.show(Showing(time=time, channel="hook", lessons=(lesson,), session=f"session-{session}"))
    waiting = [one.id for one in exposures.awaiting(1_000)]
    exposures.judge(dict(zip(waiting, outcomes, strict=True)), run="run-09", time=time + timedelta(days=1))
