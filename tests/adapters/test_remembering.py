"""What a connection remembers is what reading it now would give, whoever writes."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.app.ports.exposures import Showing, Shown
from pytest_llmlearn.domain import words
from tests.builders import a_fingerprint, a_run, an_entry

TEXTS = (
    "parse a date out of a report",
    "load a user and its orders",
    "cancel an order of a user",
    "fetch the page of a report",
    "merge two orders into one",
)


def entry(number: int, chance: random.Random) -> Any:
    """A failure of one of a few patterns, some of which share words, kins and requests."""
    kind = number % 7
    return an_entry(
        a_fingerprint(f"1:{kind:04d}", f"s:{kind}"),
        message=f"{TEXTS[kind % 5]} failed",
        model=chance.choice(("one", "two")),
        words=" ".join(words.words(TEXTS[kind % 5])),
        kin=f"kin {kind % 3}",
        prompt=TEXTS[chance.randrange(5)],
        unit=f"app.py:f{number}",
        unit_hash=f"h{number}",
    )


def asked(store: SqliteStore) -> list[Any]:
    """All that answers are made of."""
    requests, lessons = store.requests(), store.lessons()
    found: list[Any] = []
    for text in TEXTS:
        terms = list(words.words(text))
        glimpses = store.glimpses(terms, ["requests.fetch"], ["1:0001", "1:0002"], 10)
        like = requests.like(b"x" * 16, terms, [], 10)
        keys = [one.key for one in like]
        found += [
            glimpses,
            like,
            store.rarity(terms),
            requests.rarity(terms),
            list(store.named([one.fingerprint for one in glimpses])),
            [requests.experience(keys, ["kin 0", "kin 9"], model, common=4) for model in (None, "one")],
            requests.experience(keys, ["kin 1"], "two", common=2, only=True, near=set(keys[:1])),
        ]
    return [*found, lessons.frequent(1, 5), lessons.known(["1:0000", "1:0003"])]


def test_what_others_write_is_never_missed(tmp_path: Path) -> None:
    """A store that is asked all the time, while another one records, merges, mutes, shows, judges and erases."""
    chance = random.Random(3)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    warm, other = SqliteStore(tmp_path), SqliteStore(tmp_path)
    numbers = iter(range(1_000))

    def record() -> None:
        number = next(numbers)
        other.record(a_run(f"run-{number}"), [entry(number, chance) for _ in range(2)])

    def show(store: SqliteStore) -> None:
        lessons = (Shown(fingerprint=f"1:{chance.randrange(7):04d}"),)
        store.exposures().show(Showing(time=now, channel="command", lessons=lessons, session="s"))

    def judge() -> None:
        waiting = other.exposures().awaiting(3)
        outcome = chance.choice(("avoided", "recurred", "other-failure"))
        other.exposures().judge({one.id: outcome for one in waiting}, run="r", time=now)  # type: ignore[dict-item]

    steps: list[Callable[[], object]] = [
        record,
        record,
        lambda: show(warm),
        lambda: show(other),
        judge,
        lambda: other.say("1:0001", chance.choice(("mute", "right", None))),
        lambda: other.merge("1:0002", "1:0003"),
        lambda: other.split("1:0003"),
        lambda: other.requests().passed([(None, "one")]),
        lambda: other.lessons().reword("1:0000", {"instead": f"Words {chance.random()}"}, now),
        lambda: other.upkeep().forget(f"1:{chance.randrange(7):04d}"),
    ]
    for _ in range(8):
        record()
    for number in range(60):
        step = chance.choice(steps)
        try:
            step()
        except Exception as error:
            # A pattern that was forgotten before cannot be merged or spoken of: that is for others to test.
            assert type(error).__name__ in ("UnknownPattern", "CannotMerge"), (number, error)
        fresh = SqliteStore(tmp_path)
        assert asked(warm) == asked(fresh), number
        fresh.close()
    warm.close()
    other.close()


def test_what_it_shows_itself_costs_it_no_memory(tmp_path: Path) -> None:
    """Notes are no part of answers; what others write together with one is."""
    store, other = SqliteStore(tmp_path), SqliteStore(tmp_path)
    chance = random.Random(1)
    other.record(a_run("run-1"), [entry(1, chance)])
    showing = Showing(
        time=datetime(2026, 1, 1, tzinfo=UTC), channel="command", lessons=(Shown(fingerprint="1:0001"),), session="s"
    )
    asked(store)
    reading = store._file._reading
    assert reading is not None and reading.kept("glimpses")
    known = reading.kept("glimpses")
    assert store.exposures().show(showing)
    asked(store)
    assert reading.kept("glimpses") is known
    other.record(a_run("run-2"), [entry(2, chance)])
    assert store.exposures().show(showing)  # at a moment at which what is remembered is old already
    asked(store)
    assert reading.kept("glimpses") is not known
    store.close()
    other.close()


def test_what_is_shown_waits_for_the_disk_seldom(tmp_path: Path) -> None:
    """Thousands of notes stay in the log of writes, which whoever records something has moved into the file."""
    store = SqliteStore(tmp_path)
    store.record(a_run("run-1"), [an_entry("1:0001")])
    log = tmp_path / ".llmlearn" / "state" / "memory.db-wal"
    lessons = (Shown(fingerprint="1:0001"),)
    for number in range(400):
        time = datetime(2026, 1, 1, tzinfo=UTC)
        assert store.exposures().show(Showing(time=time, channel="command", lessons=lessons, session=f"s{number}"))
    assert log.stat().st_size > 1_500 * 4096  # by itself SQLite empties it at a thousand pages
    store.close()
    assert not log.exists()
