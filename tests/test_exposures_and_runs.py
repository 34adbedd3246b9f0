"""Lessons shown, code written and tests run: what came of it, in temporary projects with real pytest."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn import Memory, Query
from pytest_llmlearn.domain.effect import Arm, Channel, Effect, held_back
from tests.projects import Project

WRONG = """import json


def load(text):
    return json.load_text(text)
"""
RIGHT = WRONG.replace("load_text", "loads")
TESTS = """from shop.{module} import {function}


def test_{function}():
    assert {function}("[1]") == [1]
"""
MORE = """

def again(text):
    return json.{name}(text)
"""
SECOND = "import json\n\n\ndef parse(text):\n    return json.{name}(text)\n"


class Shop(Project):
    """A shop of model-written code, in which JSON was read by a name that there is not."""

    def tested(self, *words: str) -> Any:
        return self.run("pytest", "-p", "no:cacheprovider", "-p", "no:asyncio", *words)

    def ask(
        self, path: str | None, session: str | None = None, channel: Channel = "library", text: str = "read json"
    ) -> list[str]:
        """The lessons that are shown to somebody about to write in the file."""
        with Memory.open(self.root) as memory:
            query = Query(text=text, path=path, session=session, channel=channel, threshold=0)
            return [match.pattern.fingerprint for match in memory.recall(query).matches]

    @property
    def effect(self) -> Effect:
        with Memory.open(self.root) as memory:
            return memory.effect()

    def write_second(self, name: str) -> None:
        self.write({"shop/second.py": SECOND.format(name=name)})
        self.write({"tests/test_second.py": TESTS.format(module="second", function="parse")})


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """The mistake was made once, and repaired."""
    shop = Shop(tmp_path)
    shop.write(
        {
            "pyproject.toml": '[tool.llmlearn]\nenabled = true\ngenerated = ["shop/**=model-a"]\n',
            "conftest.py": "",
            "shop/__init__.py": "",
            "shop/first.py": WRONG,
            "tests/test_first.py": TESTS.format(module="first", function="load"),
        }
    )
    assert shop.tested().returncode == 1
    shop.write({"shop/first.py": RIGHT})
    assert shop.tested().returncode == 0
    return shop


def test_code_written_afterwards_that_passes_is_a_mistake_avoided(shop: Shop) -> None:
    """In a new file that uses the same module."""
    assert len(shop.ask("shop/second.py")) == 1
    assert shop.effect.shown == Arm(awaiting=1)
    shop.write_second("loads")
    assert shop.tested().returncode == 0
    assert shop.effect.shown == Arm(avoided=1)


def test_the_mistake_made_again_is_told(shop: Shop) -> None:
    """By the symbol, in a new file."""
    shop.ask("shop/second.py")
    shop.write_second("load_text")
    assert shop.tested().returncode == 1
    assert shop.effect.shown == Arm(recurred=1)


def test_another_failure_of_such_code_is_no_success(shop: Shop) -> None:
    """It uses the module rightly, and the answer is wrong."""
    shop.ask("shop/second.py")
    shop.write_second("dumps")
    assert shop.tested().returncode == 1
    assert shop.effect.shown == Arm(other=1)


def test_nothing_written_is_no_success(shop: Shop) -> None:
    """The same code passes again and again."""
    shop.ask("shop/first.py")
    assert shop.tested().returncode == 0
    assert shop.effect.shown == Arm(awaiting=1)


def test_other_code_written_is_no_success(shop: Shop) -> None:
    """In the same file, and tested; the mistake could not be made in it."""
    shop.ask("shop/first.py")
    shop.write({"shop/first.py": f"{RIGHT}\n\ndef count(text):\n    return len(text)\n"})
    shop.write(
        {"tests/test_count.py": 'from shop.first import count\n\n\ndef test_count():\n    assert count("") == 0\n'}
    )
    assert shop.tested().returncode == 0
    assert shop.effect.shown == Arm(awaiting=1)


def test_what_no_test_reaches_is_no_success(shop: Shop) -> None:
    """The file is loaded; the new function in it is called by nobody."""
    shop.ask("shop/first.py")
    shop.write({"shop/first.py": RIGHT + MORE.format(name="loads")})
    assert shop.tested().returncode == 0
    assert shop.effect.shown == Arm(awaiting=1)
    shop.write({"tests/test_again.py": TESTS.format(module="first", function="again")})
    assert shop.tested().returncode == 0
    assert shop.effect.shown == Arm(avoided=1)


def test_a_formatted_file_is_no_new_code(shop: Shop) -> None:
    """Other quotes, comments and blank lines."""
    shop.ask("shop/first.py")
    shop.write({"shop/first.py": "# Read things.\n" + RIGHT.replace("(text)", "(\n    text,  # a text\n)")})
    assert shop.tested().returncode == 0
    assert shop.effect.shown == Arm(awaiting=1)


def test_without_a_file_the_ledger_tells_what_was_written(shop: Shop) -> None:
    """By the same session; what another one wrote says nothing of this one."""
    shop.ask(None, session="one")
    shop.ask(None, session="two")
    shop.write_second("loads")
    with Memory.open(shop.root) as memory:
        memory.record_generation(
            path="shop/second.py", time=datetime.now(UTC).isoformat(), session="one", operation="create"
        )
    assert shop.tested().returncode == 0
    assert shop.effect.shown == Arm(avoided=1, awaiting=1)


def test_without_a_ledger_the_lines_in_no_commit_tell(shop: Shop) -> None:
    """What was committed before is not taken for new, although the file was touched."""
    shop.write({".gitignore": ".llmlearn/\n__pycache__/\n"})
    shop.commit("Begin")
    shop.ask(None)
    (shop.root / "shop/first.py").write_text(RIGHT + "\n", encoding="utf-8")
    assert shop.tested().returncode == 0
    assert shop.effect.shown == Arm(awaiting=1)
    shop.write_second("loads")
    assert shop.tested().returncode == 0
    assert shop.effect.shown == Arm(avoided=1)


def test_workers_tell_the_same(shop: Shop) -> None:
    """What they loaded and passed comes together."""
    shop.ask("shop/second.py")
    shop.write_second("loads")
    assert shop.tested("-n", "2").returncode == 0
    assert shop.effect.shown == Arm(avoided=1)


def test_a_lesson_held_back_is_judged_alike(shop: Shop) -> None:
    """In a session in which chance decided so; the answer lacks it."""
    (fingerprint,) = shop.ask(None, channel="evaluate")
    out = next(name for name in map(str, range(1000)) if held_back(fingerprint, name, 0.1))
    within = next(name for name in map(str, range(1000)) if not held_back(fingerprint, name, 0.1))
    assert shop.ask("shop/second.py", session=out, channel="hook") == []
    assert shop.ask("shop/second.py", session=within, channel="hook") == [fingerprint]
    shop.write_second("loads")
    assert shop.tested().returncode == 0
    assert (shop.effect.shown, shop.effect.held) == (Arm(avoided=1), Arm(avoided=1))


def test_a_passing_run_opens_nothing_where_nothing_more_can_be_told(shop: Shop) -> None:
    """Shown, run, and run again: the third run does not see that the database is damaged; one of other code does."""
    shop.ask("shop/second.py")
    shop.tested()
    shop.database.write_bytes(b"damaged")
    assert "damaged" not in shop.tested().stdout
    shop.write({"shop/first.py": RIGHT + MORE.format(name="loads")})
    assert "damaged" in shop.tested().stdout


def test_the_command_tells_the_effect(shop: Shop) -> None:
    """With counts, and without a verdict that too few cases cannot give."""
    shop.ask("shop/second.py")
    shop.write_second("loads")
    shop.tested()
    told = shop.json("effect")
    assert told["shown"]["avoided"] == 1
    assert (told["success_rate_after_injection"], told["comparison"]["verdict"]) == (None, "inconclusive")
    assert "inconclusive, not enough data" in shop.run("llmlearn", "effect").stdout


def test_a_persons_recall_is_an_exposure_and_never_held_back(shop: Shop) -> None:
    """Even where everything else is."""
    done = shop.run("llmlearn", "recall", "read json", "--threshold", "0", LLMLEARN_HOLDBACK="1")
    assert "json" in done.stdout
    assert shop.effect.shown == Arm(awaiting=1)
