"""Fixes mined from red to green, in temporary projects: real pytest, plain and with workers; nothing is committed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn import Memory
from tests.projects import Project

USERS = '''# llmlearn: generated=model-a
import asyncio

USERS = {1: {"name": "Ada"}}


async def load_user(user_id):
    await asyncio.sleep(0)
    return USERS[user_id]


async def user_name(user_id):
    """The name."""
    user = load_user(user_id)
    return user["name"]


def total(rows):
    sum_ = 0
    for row in rows:
        sum_ += row
    return sum_ + 1


def count(rows):
    return len(rows)
'''
AWAITED = USERS.replace("= load_user", "= await load_user")
TESTS = '''import asyncio

from shop.users import count, total, user_name


def test_name():
    assert asyncio.run(user_name(1)) == "Ada"


def test_count():
    assert count([1]) == 1
'''
TOTAL = '''from shop.users import total


def test_total():
    assert total([1]) == 1
    assert total([]) == 0
'''


class Shop(Project):
    """A shop of which a model wrote the code; its tests are run plainly, or by two workers."""

    words: Sequence[str] = ()

    def tested(self, *words: str) -> str:
        done = self.run("pytest", "-p", "no:cacheprovider", "-p", "no:asyncio", *self.words, *words)
        assert "Traceback" not in done.stdout + done.stderr, done.stdout
        return done.stdout

    def healings(self) -> list[Any]:
        with Memory.open(self.root) as memory:
            return list(memory.healings())

    def verdicts(self) -> list[str]:
        return [one.verdict for one in self.healings()]

    def fixes(self) -> list[Any]:
        with Memory.open(self.root) as memory:
            return list(memory.fixes())


@pytest.fixture
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.words = ("-n", "2") if getattr(request, "param", "plain") == "workers" else ()
    shop.write(
        {
            "pyproject.toml": "[tool.llmlearn]\nenabled = true\n",
            "conftest.py": "",
            "shop/__init__.py": "",
            "shop/users.py": USERS,
            "tests/test_users.py": TESTS,
        }
    )
    return shop


PLAIN_AND_WORKERS = pytest.mark.parametrize("shop", ["plain", "workers"], indirect=True)


@PLAIN_AND_WORKERS
def test_a_repair_that_was_never_committed_is_a_fix(shop: Shop) -> None:
    """Red, an edit, green: the smallest hunk, with its test as witness, told in one line."""
    shop.tested()
    said = shop.write({"shop/users.py": AWAITED}).tested()
    assert "fixed: shop/users.py user_name — await was added (seen once)" in said
    (healing,) = shop.healings()
    assert (healing.verdict, healing.way, healing.nodeid) == ("fix", "watched", "tests/test_users.py::test_name")
    (fix,) = shop.fixes()
    assert 'user = load_user(user_id)' in fix.bad and 'user = await load_user(user_id)' in fix.good
    assert fix.signature == "async def user_name(user_id):"
    assert (fix.verified, fix.conflicting) == (1, False)
    assert shop.tested().count("fixed:") == 0
    assert len(shop.healings()) == 1
