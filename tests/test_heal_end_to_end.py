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
TESTS = """import asyncio

from shop.users import count, total, user_name


def test_name():
    assert asyncio.run(user_name(1)) == "Ada"


def test_count():
    assert count([1]) == 1
"""
TOTAL = """from shop.users import total


def test_total():
    assert total([1]) == 1
    assert total([]) == 0
"""


class Shop(Project):
    """A shop of which a model wrote the code; its tests are run plainly, or by two workers."""

    words: Sequence[str] = ()

    def tested(self, *words: str) -> str:
        done = self.run("pytest", "-p", "no:cacheprovider", "-p", "no:asyncio", *self.words, *words)
        assert "Traceback (most" not in done.stdout + done.stderr, done.stdout
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
    assert "user = load_user(user_id)" in fix.bad and "user = await load_user(user_id)" in fix.good
    assert fix.signature == "async def user_name(user_id):"
    assert (fix.verified, fix.conflicting) == (1, False)
    assert shop.tested().count("fixed:") == 0
    assert len(shop.healings()) == 1


def test_only_what_turned_green_is_healed(shop: Shop) -> None:
    """Two red tests, one repair: the other stays red until its own code is repaired."""
    shop.write({"tests/test_total.py": TOTAL}).tested()
    shop.write({"shop/users.py": AWAITED}).tested()
    assert [one.nodeid for one in shop.healings()] == ["tests/test_users.py::test_name"]
    repaired = AWAITED.replace("return sum_ + 1", "return sum_")
    assert "fixed: shop/users.py total" in shop.write({"shop/users.py": repaired}).tested()
    (fix,) = [fix for fix in shop.fixes() if fix.signature == "def total(rows):"]
    assert "return sum_ + 1" in fix.bad and fix.good == fix.bad.replace("sum_ + 1", "sum_")


def test_a_run_of_the_red_test_alone_heals_it(shop: Shop) -> None:
    """Which other tests are run does not matter."""
    shop.tested()
    shop.write({"shop/users.py": AWAITED}).tested("tests/test_users.py::test_count")
    assert shop.healings() == []
    assert "fixed:" in shop.tested("tests/test_users.py::test_name")


def test_a_test_that_gave_way_heals_nothing(shop: Shop) -> None:
    """It asserts less now, even beside a repair."""
    shop.tested()
    weaker = TESTS.replace('assert asyncio.run(user_name(1)) == "Ada"', "asyncio.run(user_name(1))")
    shop.write({"shop/users.py": AWAITED, "tests/test_users.py": weaker}).tested()
    assert (shop.verdicts(), shop.fixes()) == (["test-changed"], [])


@pytest.mark.parametrize("mark", ["skip", "xfail"])
def test_a_test_that_is_set_aside_stays_red(shop: Shop, mark: str) -> None:
    """That is written down, once; when it counts again and passes, the repair is a fix."""
    shop.tested()
    aside = TESTS.replace("def test_name", f"@pytest.mark.{mark}\ndef test_name").replace(
        "import", "import pytest\nimport", 1
    )
    shop.write({"tests/test_users.py": aside}).tested()
    shop.tested()
    assert (shop.verdicts(), shop.fixes()) == (["test-changed"], [])
    shop.write({"shop/users.py": AWAITED}).tested()
    assert shop.fixes() == []
    shop.write({"tests/test_users.py": TESTS}).tested()
    assert sorted(set(shop.verdicts())) == ["fix", "test-changed"]


def test_a_repaired_test_that_is_expected_to_fail_stays_red(shop: Shop) -> None:
    """It passes and nobody would hear if it did not: that its test gave way is written down."""
    shop.tested()
    aside = "import pytest\n" + TESTS.lstrip("\n").replace("def test_name", "@pytest.mark.xfail\ndef test_name")
    assert "1 xpassed" in shop.write({"tests/test_users.py": aside, "shop/users.py": AWAITED}).tested()
    assert (shop.verdicts(), shop.fixes()) == (["test-changed"], [])


def test_a_mistake_that_is_not_to_be_shown_is_not_told(shop: Shop) -> None:
    """Who muted a lesson reads neither that its mistake was made again nor what repaired it."""
    shop.tested()
    with Memory.open(shop.root) as memory:
        (pattern,) = memory.patterns()
        memory.mute(pattern.fingerprint)
    assert pattern.lesson not in (said := shop.tested()) and "1 of them not shown" in said
    assert "fixed:" not in shop.write({"shop/users.py": AWAITED}).tested()
    assert (shop.verdicts(), len(shop.fixes())) == (["fix"], 1)


def test_a_test_that_is_deleted_stays_red(shop: Shop) -> None:
    """Nobody saw it pass."""
    shop.tested()
    shop.write({"shop/users.py": AWAITED, "tests/test_users.py": "def test_else():\n    pass\n"}).tested()
    assert shop.healings() == []


def test_only_the_test_was_changed(shop: Shop) -> None:
    """It passes now, and the code is as it was."""
    shop.write({"tests/test_total.py": TOTAL}).tested()
    given = TOTAL.replace("== 1", "== 2").replace("== 0", "== 1")
    shop.write({"tests/test_total.py": given}).tested()
    assert (shop.verdicts(), shop.fixes()) == (["test-changed"], [])


def test_green_although_the_code_is_as_it_was(shop: Shop) -> None:
    """Something else was changed: what, nothing tells."""
    shop.write({"shop/rate.py": "RATE = 2\n", "tests/test_total.py": RATED})
    shop.write({"shop/price.py": PRICE}).tested()
    shop.write({"shop/rate.py": "RATE = 1\n"}).tested()
    (healing,) = [one for one in shop.healings() if "price" in one.unit]
    assert (healing.verdict, healing.reason) == ("elsewhere", "its code is as it was: something else was changed")
    assert shop.fixes() == []


PRICE = """# llmlearn: generated=model-a
from shop import rate


def price(amount):
    return amount * rate.RATE
"""
RATED = """from shop.price import price


def test_price():
    assert price(3) == 3
"""


def test_code_that_was_written_anew_is_no_fix(shop: Shop) -> None:
    """Nothing tells which of it mattered."""
    shop.write({"tests/test_total.py": TOTAL}).tested()
    lines = "\n".join(f"    step_{n} = {n} * len(rows)" for n in range(14))
    anew = USERS.replace("    sum_ = 0\n", f"{lines}\n    sum_ = 0\n").replace("sum_ + 1", "sum_")
    shop.write({"shop/users.py": anew}).tested()
    assert "rewritten" in shop.verdicts() and not [one for one in shop.fixes() if "sum_" in one.good]


def test_a_coroutine_that_is_awaited_now_is_a_fix(shop: Shop) -> None:
    """The test passed all the time; what was found of it is gone."""
    forgotten = USERS.replace(
        'user = load_user(user_id)\n    return user["name"]', 'load_user(user_id)\n    return "Ada"'
    )
    shop.write({"shop/users.py": forgotten}).tested()
    assert shop.tested().count("fixed:") == 0 and shop.healings() == []
    mended = forgotten.replace("    load_user(user_id)", "    await load_user(user_id)")
    assert "await was added" in shop.write({"shop/users.py": mended}).tested()
    assert shop.verdicts() == ["fix"]


def test_an_import_that_could_not_be_found_is_repaired(shop: Shop) -> None:
    """What failed is the file; it is healed when tests of it pass and none of them fails."""
    broken = AWAITED.replace("import asyncio\n", "import asyncio\nfrom shop.nowhere import nothing\n", 1)
    shop.write({"shop/users.py": broken, "shop/nowhere.py": ""}).tested()
    shop.write({"shop/users.py": AWAITED}).tested()
    (healing,) = shop.healings()
    assert (healing.nodeid, healing.verdict) == ("tests/test_users.py", "fix")
    assert "shop.nowhere" in healing.fix.bad and "shop.nowhere" not in healing.fix.good


CASES = """import pytest

from shop.users import total


@pytest.mark.parametrize("rows", [{}])
def test_total(rows):
    assert total(rows) == sum(rows)
"""


def test_other_cases_have_other_ids(shop: Shop) -> None:
    """A test that has more cases now is the one that failed, if all of them pass and one is new."""
    cases = CASES
    shop.write({"tests/test_total.py": cases.replace("[{}]", "[[1, 2]]")}).tested()
    (red,) = [one for one in _red(shop) if "total" in one]
    assert red == "tests/test_total.py::test_total[rows0]"
    named = cases.replace("[{}]", "[pytest.param([1, 2], id='two'), pytest.param([3], id='one')]")
    repaired = USERS.replace("return sum_ + 1", "return sum_")
    shop.write({"tests/test_total.py": named, "shop/users.py": repaired}).tested()
    assert [(one.nodeid, one.verdict) for one in shop.healings()] == [(red, "fix")]
    assert red not in _red(shop)


def _red(shop: Shop) -> list[str]:
    with Memory.open(shop.root) as memory:
        return list(memory._fixes.red_tests())


def test_a_run_that_was_broken_off_heals_nothing(shop: Shop) -> None:
    """What it did not reach, and what it did, is left for the next one."""
    shop.tested()
    shop.write({"shop/users.py": AWAITED, "tests/test_zz.py": "def test_stop():\n    raise KeyboardInterrupt\n"})
    shop.run("pytest", "-p", "no:cacheprovider")
    assert shop.healings() == []
    (shop.root / "tests/test_zz.py").unlink()
    assert "fixed:" in shop.tested()


def test_a_passing_run_writes_nothing_once_all_is_known(shop: Shop) -> None:
    """Neither the database nor what stands beside it, until a test is new or red."""
    shop.tested()
    shop.write({"shop/users.py": AWAITED}).tested()
    state = shop.database.parent
    before = {path.name: path.stat().st_mtime_ns for path in state.iterdir()}
    shop.tested()
    assert {path.name: path.stat().st_mtime_ns for path in state.iterdir()} == before


def test_moved_and_repaired_code_is_found(shop: Shop) -> None:
    """Into a class, under another line."""
    shop.write({"tests/test_total.py": TOTAL}).tested()
    moved = USERS.replace("def total(rows):", "# a comment\n\n\ndef total(rows: list) -> int:").replace(
        "sum_ + 1", "sum_"
    )
    shop.write({"shop/users.py": moved}).tested()
    assert [one.verdict for one in shop.healings() if "total" in one.nodeid] == ["fix"]


def test_secrets_of_red_code_are_in_no_fix(shop: Shop) -> None:
    """Neither of the code as it was nor of what it became."""
    secret = "sk-proj-" + "aB3dE5gH7jK9mN1pQ3sT5vX7zA2cD4fG6hJ8"
    bad = USERS.replace("    sum_ = 0\n", f'    key = "{secret}"\n    sum_ = 0\n')
    shop.write({"shop/users.py": bad, "tests/test_total.py": TOTAL}).tested()
    shop.write({"shop/users.py": bad.replace("sum_ + 1", "sum_").replace("key = ", "token = ")}).tested()
    assert "fix" in shop.verdicts()
    assert secret.encode() not in shop.database.read_bytes()
    assert not any(secret in f"{fix.bad}{fix.good}{fix.difference}" for fix in shop.fixes())


# Between two commits


@pytest.fixture
def history(shop: Shop) -> Shop:
    """A red commit, a green one after it, and nothing that was watched."""
    shop.write({".gitignore": ".llmlearn/\n__pycache__/\n"}).commit("Begin")
    return shop.write({"shop/users.py": AWAITED}).commit("Repair")


def test_a_fix_is_mined_from_two_commits(history: Shop) -> None:
    """The tests that the difference concerns are run at both; asked again, nothing is counted twice."""
    hook = history.root / ".git/hooks/post-checkout"
    hook.write_text("#!/bin/sh\ntouch hooked\n")
    hook.chmod(0o755)
    index = (history.root / ".git/index").read_bytes()
    for _ in range(2):
        told = history.json("heal", "--between", "HEAD~1", "HEAD")
        assert told["ran"] == ["tests/test_users.py"]
        assert told["failing"] == ["tests/test_users.py::test_name"]
        (fix,) = told["fixes"]
        assert (fix["difference"], fix["verified"]) == ("await was added", 1)
    (healing,) = history.healings()
    assert (healing.way, healing.red_commit, healing.green_commit) == ("between", told["red"], told["green"])
    (pattern,) = history.json("patterns")
    assert (pattern["frequency"], pattern["raw_count"]) == (1, 1)
    assert history.git("worktree", "list").count("\n") == 1
    assert history.git("status", "--short") == ""
    assert (history.root / ".git/index").read_bytes() == index
    assert not (history.root / "hooked").exists()
    assert _red(history) == []


def test_a_test_can_be_named(history: Shop) -> None:
    """It alone is run."""
    told = history.json("heal", "--between", "HEAD~1", "HEAD", "--test", "tests/test_users.py::test_name")
    assert told["ran"] == ["tests/test_users.py::test_name"] and len(told["fixes"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("HEAD~1", "nowhere"), "git knows no commit called 'nowhere'"),
        (("HEAD~1", "--output=x"), "git knows no commit called '--output=x'"),
        (("HEAD", "HEAD"), "are the same commit"),
        (("HEAD~1", "HEAD", "--test", "tests/test_users.py::test_count"), "passes at HEAD~1"),
        (("HEAD~1", "HEAD", "--test", "tests/test_users.py::test_none"), "there is no test"),
        (("HEAD~1", "HEAD", "--python", "/nowhere/python"), "/nowhere/python does not answer"),
        (("HEAD", "HEAD~1", "--test", "tests/test_users.py::test_name"), "passes at HEAD"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_why_nothing_can_be_healed_is_said_in_a_sentence(history: Shop, words: Sequence[str], said: str) -> None:
    """Exit status 1; nothing is left behind."""
    done = history.run("llmlearn", "heal", "--between", *words)
    assert (done.returncode, said in done.stderr, done.stderr.count("\n")) == (1, True, 1), done.stderr
    assert history.git("worktree", "list").count("\n") == 1
    assert not history.database.exists()


def test_a_test_that_still_fails_is_named(history: Shop) -> None:
    """Red at both."""
    history.write({"tests/test_total.py": TOTAL}).commit("Test more")
    history.write({"shop/users.py": AWAITED + "\n"}).commit("Layout")
    done = history.run("llmlearn", "heal", "--between", "HEAD~1", "HEAD", "--test", "tests/test_total.py::test_total")
    assert "fails at HEAD" in done.stderr and done.returncode == 1


def test_what_turned_green_elsewhere_is_said(shop: Shop) -> None:
    """Nothing changed in the code that failed."""
    shop.write({"shop/rate.py": "RATE = 2\n", "shop/price.py": PRICE, "tests/test_price.py": RATED}).commit("Begin")
    shop.write({"shop/rate.py": "RATE = 1\n"}).commit("Rate")
    done = shop.run("llmlearn", "heal", "--between", "HEAD~1", "HEAD")
    assert "elsewhere: tests/test_price.py::test_price" in done.stdout and done.returncode == 0
