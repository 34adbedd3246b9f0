"""`llmlearn demo`: the whole loop in a small project, by real runs.

A repository with three modules that an assistant committed, its trailer included, and their tests: a failing run,
the repair of one module, a run that passes there, and the lesson when the next piece of code is asked for.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from pytest_llmlearn.errors import BadInput

MODEL = "Claude Sonnet 5"
QUESTION = "write an async endpoint that loads a user"

USERS = '''"""Users of the shop."""

import asyncio

USERS = {1: {"name": "Ada", "mail": "ada@example.org"}}


async def load_user(user_id: int) -> dict[str, str]:
    await asyncio.sleep(0)
    return USERS[user_id]


async def user_name(user_id: int) -> str:
    user = load_user(user_id)
    return user["name"]
'''
REPAIRED = USERS.replace("user = load_user", "user = await load_user")
PRICES = '''"""Prices of the shop."""

import statistics


def usual(prices: list[float]) -> float:
    return statistics.average(prices)
'''
ORDERS = '''"""Orders of the shop."""


def shipping(order: dict[str, float]) -> float:
    return 0.0 if order["total"] > 50 else 4.9
'''
TESTS = {
    "tests/test_users.py": """import asyncio

from shop.users import user_name


def test_the_name_of_a_user() -> None:
    assert asyncio.run(user_name(1)) == "Ada"
""",
    "tests/test_prices.py": """from shop.prices import usual


def test_the_usual_price() -> None:
    assert usual([3.0, 5.0]) == 4.0
""",
    "tests/test_orders.py": """from shop.orders import shipping


def test_shipping_is_free_from_fifty() -> None:
    assert shipping({"total": 50.0}) == 0.0
""",
}
MODULES = {
    "shop/__init__.py": '"""A small shop."""\n',
    "shop/users.py": USERS,
    "shop/prices.py": PRICES,
    "shop/orders.py": ORDERS,
}
CONFIGURATION = '[tool.pytest.ini_options]\npythonpath = ["."]\n\n[tool.llmlearn]\n'
PERSON = ("Robin", "robin@example.org")


def run(keep: Path | None, say: Callable[[str], object]) -> None:
    """Lay the project out, run its tests twice, and ask; `say` prints a line.

    Raises:
        BadInput: git is missing, or `keep` is a folder with something in it.
    """
    if shutil.which("git") is None:
        raise BadInput("the demo commits code as an assistant would: it needs git on the PATH")
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise BadInput(f"{keep} is not empty; name a new folder for the demo")
    with _folder(keep) as folder:
        _lay(folder)
        say(f"A small repository whose package `shop` {MODEL} wrote: the commit's trailer says so.\n")
        _show(folder, say, "pytest", "--llm-learn", "-q", "--tb=no")
        say("\nOne line of shop/users.py is repaired: `user = await load_user(user_id)`. Nothing is committed.\n")
        (folder / "shop/users.py").write_text(REPAIRED, encoding="utf-8")
        _show(folder, say, "pytest", "--llm-learn", "-q", "--tb=no", "tests/test_users.py")
        say("\nBefore the next piece of code is written:\n")
        _show(folder, say, "llmlearn", "recall", QUESTION)
        say("")
        _show(folder, say, "llmlearn", "patterns")
        say("\nOne pattern in full:\n")
        _show(folder, say, "llmlearn", "show", _first_pattern(folder))
        say(
            '\nNext: `pytest --llm-learn` in your own repository, then `llmlearn recall "what you are about to write"`.'
        )
        if keep is not None:
            say(f"The project stays in {keep}.")


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="llmlearn-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _lay(folder: Path) -> None:
    _write(folder, {"pyproject.toml": CONFIGURATION, **TESTS})
    _git(folder, "init", "-q")
    _commit(folder, "Add the tests")
    _write(folder, MODULES)
    _commit(folder, f"Add the shop\n\nCo-Authored-By: {MODEL} <noreply@anthropic.com>")


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _commit(folder: Path, message: str) -> None:
    _git(folder, "add", "-A")
    name, mail = PERSON
    _git(
        folder,
        "-c",
        f"user.name={name}",
        "-c",
        f"user.email={mail}",
        "-c",
        "commit.gpgsign=false",
        "commit",
        "-q",
        "--no-verify",
        "-m",
        message,
    )


def _git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, env=_environment(), stdin=subprocess.DEVNULL)


def _environment() -> dict[str, str]:
    """The environment without what would lead git, pytest or us to another project."""
    foreign = ("GIT_", "LLMLEARN", "PYTEST_")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}


def _show(folder: Path, say: Callable[[str], object], *words: str) -> None:
    say(f"$ {shlex.join(words)}")
    module = {"pytest": "pytest", "llmlearn": "pytest_llmlearn.entrypoints.cli"}[words[0]]
    command = [sys.executable, "-m", module, *words[1:]]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**_environment(), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )
    expected = done.returncode in (0, 1)  # pytest's 1 is the failing run itself; what is beside it is not the demo's
    for line in (done.stdout if expected else done.stdout + done.stderr).strip().splitlines():
        say(f"  {line}")


def _first_pattern(folder: Path) -> str:
    from pytest_llmlearn.bootstrap import Memory

    with Memory.open(folder) as memory:
        found = memory.patterns()
    if not found:
        raise BadInput(
            "the demo's failing run recorded no pattern; `llmlearn doctor` in its folder tells more (--keep)"
        )
    wanted = [pattern for pattern in found if pattern.category == "async"]
    return (wanted or found)[0].fingerprint
