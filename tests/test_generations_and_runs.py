"""Generations, commits and test runs together, in temporary projects: real git, real pytest, with and without xdist."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn import Memory
from pytest_llmlearn.domain.generation import Generation
from tests.projects import Project

CART = "def total(items):\n    return sum(items) + 1\n\n\ndef count(items):\n    return len(items)\n"
REPAIRED = CART.replace(" + 1", "")
TESTS = """from shop.cart import count, total


def test_total():
    assert total([1]) == 1


def test_count():
    assert count([1]) == 1
"""
CLAUDE = "Work\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"


PLAIN_AND_WORKERS = pytest.mark.parametrize("shop", ["plain", "workers"], indirect=True)


class Shop(Project):
    """A shop whose tests are run plainly, or by two workers."""

    words: Sequence[str] = ()

    def tested(self, *words: str) -> Any:
        return self.run("pytest", "-p", "no:cacheprovider", "-p", "no:asyncio", *self.words, *words)

    def add(self, **event: Any) -> None:
        """Record an edit of the cart, now where no time is told."""
        with Memory.open(self.root) as memory:
            memory.record_generation(
                **{"path": "shop/cart.py", "time": datetime.now(UTC).isoformat(), "model": "model-a", **event}
            )

    def generations(self) -> list[Generation]:
        with Memory.open(self.root) as memory:
            memory.import_history()
            return memory.generations()


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    """A committed project that a person began."""
    shop = Shop(tmp_path)
    shop.words = ("-n", "2") if getattr(request, "param", "plain") == "workers" else ()
    shop.write(
        {
            "pyproject.toml": "[tool.llmlearn]\nenabled = true\n",
            ".gitignore": ".llmlearn/\n__pycache__/\n",
            "conftest.py": "",
            "shop/__init__.py": "",
            "shop/cart.py": CART,
            "tests/test_cart.py": TESTS,
        }
    )
    shop.commit("Begin")
    return shop


def test_a_red_first_run_fails_the_generation(shop: Shop) -> None:
    """Nothing was known of the code but the event."""
    shop.add(function="total")
    done = shop.tested()
    assert done.returncode == 1
    (one,) = shop.generations()
    assert (one.outcome.passed, one.outcome.failed, one.outcome.first_pass) == (0, 1, False)


def test_a_green_first_run_is_told_although_nothing_failed(shop: Shop) -> None:
    """And the run says nothing of it."""
    shop.write({"shop/cart.py": REPAIRED})
    shop.add(function="total")
    done = shop.tested()
    assert done.returncode == 0
    assert "= llmlearn =" not in done.stdout
    (one,) = shop.generations()
    assert (one.outcome.passed, one.outcome.failed, one.outcome.first_pass) == (1, 0, True)


def test_red_then_edited_then_green_are_two_first_runs(shop: Shop) -> None:
    """The first was edited again within five minutes."""
    shop.add(function="total", before="", after=CART)
    shop.tested()
    shop.write({"shop/cart.py": REPAIRED})
    shop.add(function="total", before=CART, after=REPAIRED)
    shop.tested()
    first, second = shop.generations()
    assert (first.outcome.first_pass, first.outcome.edited_again) == (False, True)
    assert (second.outcome.first_pass, second.outcome.edited_again) == (True, False)


@PLAIN_AND_WORKERS
def test_a_commit_of_an_assistants_is_judged_by_the_next_run(shop: Shop) -> None:
    """The file is as it was committed."""
    shop.add(function="count")
    shop.tested()
    shop.write({"shop/more.py": "def twice(x):\n    return 2 * x\n"})
    shop.write({"tests/test_more.py": "from shop.more import twice\n\n\ndef test_twice():\n    assert twice(1) == 2\n"})
    shop.commit(CLAUDE)
    shop.tested()
    found = {one.path: one for one in shop.generations() if one.way == "git"}
    assert (found["shop/more.py"].model, found["shop/more.py"].outcome.first_pass) == ("Claude Opus 4.6", True)
    assert found["tests/test_more.py"].outcome.first_pass is None


def test_a_commit_that_was_edited_before_the_run_is_never_judged(shop: Shop) -> None:
    """The run saw another file than the one that was committed."""
    shop.add(path="shop/__init__.py")
    shop.tested()
    shop.write({"shop/cart.py": REPAIRED}).commit(CLAUDE)
    shop.write({"shop/cart.py": REPAIRED + "\n\nMORE = 1\n"})
    shop.tested()
    found = [one for one in shop.generations() if one.way == "git"]
    assert [one.outcome.first_pass for one in found] == [None]


def test_a_run_without_a_memory_leaves_none(shop: Shop) -> None:
    """A passing run creates nothing."""
    shop.write({"shop/cart.py": REPAIRED})
    assert shop.tested().returncode == 0
    assert not (shop.root / ".llmlearn").exists()


def test_the_second_run_alike_opens_nothing(shop: Shop) -> None:
    """Neither the database nor what was seen are touched."""
    shop.write({"shop/cart.py": REPAIRED})
    shop.add(function="total")
    shop.tested()
    seen = shop.database.with_name("seen.json")
    os.utime(seen, ns=(1, 1))
    shop.database.write_bytes(b"whoever opens this finds it damaged")
    assert shop.tested().returncode == 0
    assert seen.stat().st_mtime_ns == 1
    assert shop.database.read_bytes().startswith(b"whoever")


def test_files_loaded_by_tests_are_the_denominator(shop: Shop) -> None:
    """Of two generated files only the one that tests load."""
    marker = "# llmlearn: generated=model-a\n"
    shop.write({"shop/cart.py": marker + REPAIRED, "shop/unused.py": marker + CART})
    shop.add(function="total")
    shop.tested()
    (one,) = shop.json("models")["models"]
    assert one["functions"] == 2


def test_a_run_that_is_broken_off_judges_nothing(shop: Shop) -> None:
    """Tests that were to come might have failed."""
    shop.add(function="count")
    shop.write({"tests/test_stop.py": "def test_stop():\n    raise KeyboardInterrupt\n"})
    assert shop.run("pytest", "-p", "no:cacheprovider", "-k", "count or stop").returncode == 2
    assert shop.generations()[0].outcome.first_pass is None


def test_a_collection_error_of_its_code_fails_the_generation(shop: Shop) -> None:
    """No test could run at all."""
    shop.write({"shop/cart.py": "import nothing_of_that_name\n\n" + REPAIRED})
    shop.add()
    assert shop.tested().returncode != 0
    (one,) = shop.generations()
    assert (one.outcome.passed, one.outcome.failed) == (0, 1)


@pytest.mark.parametrize("content", [b"", b"{]", b'{"version": 1, "loaded": [3], "store": "x"}'])
def test_what_was_seen_may_be_damaged(shop: Shop, content: bytes) -> None:
    """The run is looked at as if it were the first, and it is written anew."""
    shop.write({"shop/cart.py": REPAIRED})
    shop.add(function="total")
    shop.database.with_name("seen.json").write_bytes(content)
    done = shop.tested()
    assert done.returncode == 0
    assert "= llmlearn =" not in done.stdout
    assert shop.generations()[0].outcome.first_pass is True
    assert json.loads(shop.database.with_name("seen.json").read_bytes())["awaiting"] is False


def test_a_fault_of_ours_costs_one_line(shop: Shop) -> None:
    """The run's status and the rest of what it prints are as they were."""
    shop.write({"shop/cart.py": REPAIRED})
    shop.add(function="total")
    plugin = (
        "from pytest_llmlearn.app.runs import Runs\n\n"
        "def broken(*_, **__):\n    raise RuntimeError('ours')\n\nRuns.run = broken\n"
    )
    shop.write({"conftest.py": plugin})
    done = shop.tested()
    assert done.returncode == 0
    assert [line for line in done.stdout.splitlines() if "RuntimeError" in line] == [
        "llmlearn: this run was not joined with the generations: RuntimeError: ours"
    ]


def test_a_trace_that_a_tool_left_is_judged_by_the_next_run(shop: Shop) -> None:
    """Nothing else of the project has changed."""
    shop.write({"shop/cart.py": REPAIRED})
    earlier = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    shop.add(function="count", time=earlier)
    shop.tested()
    said = {
        "contributor": {"type": "ai", "model_id": "anthropic/claude-opus-4-5"},
        "ranges": [{"start_line": 1, "end_line": 2}],
    }
    record = {
        "version": "0.1.0",
        "id": "550e8400-e29b-41d4-a716-446655440000",
        "timestamp": datetime.now(UTC).isoformat(),
        "tool": {"name": "cursor"},
        "files": [{"path": "shop/cart.py", "conversations": [said]}],
    }
    shop.write({".agent-trace/traces.jsonl": json.dumps(record) + "\n"})
    shop.tested()
    (one,) = [one for one in shop.generations() if one.way == "trace"]
    assert (one.outcome.passed, one.outcome.failed, one.tool) == (2, 0, "cursor")


def test_the_status_and_the_words_of_a_run_are_the_same_with_and_without(shop: Shop) -> None:
    """A ledger beside it changes nothing that a passing run prints."""
    shop.write({"shop/cart.py": REPAIRED})
    before = shop.tested("-q")
    shop.add(function="total")
    after = shop.tested("-q")

    def shown(text: str) -> list[str]:
        return [line.partition(" in ")[0] for line in text.splitlines()]

    assert (before.returncode, shown(before.stdout)) == (after.returncode, shown(after.stdout))
