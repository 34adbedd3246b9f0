"""A git repository as an assistant leaves it: modules under its trailer, a person's tests, and known mistakes.

Forty modules of ten functions, each function with five tests: 2,000 tests. A broken function fails exactly its
last test, so that the number of mistakes is the number of failing tests. Equal arguments give equal files.
"""

import subprocess
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

FUNCTIONS = 10
TRAILERS = (
    "Co-Authored-By: Claude Opus 4.5 <noreply@anthropic.com>",
    "Assisted-by: Codex:gpt-5.1",
    "Co-authored-by: aider (gpt-4o) <noreply@aider.chat>",
    "Co-authored-by: Cursor <cursoragent@cursor.com>",
)
NOUNS = (
    "order",
    "invoice",
    "ticket",
    "account",
    "device",
    "sensor",
    "parcel",
    "booking",
    "recipe",
    "route",
    "player",
    "course",
    "patient",
    "shelf",
    "vehicle",
    "garden",
    "channel",
    "album",
    "station",
    "contract",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A function in its right and its broken form, with five tests of which only the last tells them apart.

    `{f}` stands for the function's name and `{n}` for a number of its own.
    """

    verb: str
    right: str
    broken: str
    tests: tuple[str, str, str, str, str]


KINDS = (
    Kind(
        verb="total",
        right="def {f}(values):\n    scaled = [value * {n} for value in values]\n    return sum(scaled)\n",
        broken="def {f}(values):\n    scaled = [value * {n} for value in values[:3]]\n    return sum(scaled)\n",
        tests=(
            "assert {f}([]) == 0",
            "assert {f}([1]) == {n}",
            "assert {f}([1, 1]) == 2 * {n}",
            "assert {f}([1, 0, 1]) == 2 * {n}",
            "assert {f}([1, 1, 1, 1]) == 4 * {n}",
        ),
    ),
    Kind(
        verb="name",
        right='def {f}(record):\n    name = record.get("name") or "unnamed"\n    return name.strip()[:{n}0]\n',
        broken='def {f}(record):\n    name = record.get("name")\n    return name.strip()[:{n}0]\n',
        tests=(
            'assert {f}({{"name": "a"}}) == "a"',
            'assert {f}({{"name": " b"}}) == "b"',
            'assert {f}({{"name": "c "}}) == "c"',
            'assert {f}({{"name": "d d"}}) == "d d"',
            'assert {f}({{}}) == "unnamed"',
        ),
    ),
    Kind(
        verb="price",
        right='def {f}(kind):\n    table = {{"small": {n}, "large": {n}0}}\n    return table.get(kind, 0)\n',
        broken='def {f}(kind):\n    table = {{"small": {n}, "large": {n}0}}\n    return table[kind]\n',
        tests=(
            'assert {f}("small") == {n}',
            'assert {f}("large") == {n}0',
            'assert {f}("small") > 0',
            'assert {f}("large") > {f}("small")',
            'assert {f}("medium") == 0',
        ),
    ),
    Kind(
        verb="latest",
        right="def {f}(items, limit={n}):\n    if not items:\n        return None\n    return items[-1]\n",
        broken="def {f}(items, limit={n}):\n    newest = items[-1]\n    return newest\n",
        tests=(
            "assert {f}([1]) == 1",
            "assert {f}([1, 2]) == 2",
            "assert {f}([3, 2]) == 2",
            "assert {f}([None, 4]) == 4",
            "assert {f}([]) is None",
        ),
    ),
    Kind(
        verb="average",
        right="def {f}(values):\n    if not values:\n        return 0.0\n    return sum(values) * {n} / len(values)\n",
        broken="def {f}(values):\n    count = len(values)\n    return sum(values) * {n} / count\n",
        tests=(
            "assert {f}([1]) == {n}",
            "assert {f}([1, 1]) == {n}",
            "assert {f}([0]) == 0",
            "assert {f}([2, 0]) == {n}",
            "assert {f}([]) == 0.0",
        ),
    ),
    Kind(
        verb="parse",
        right='def {f}(text):\n    digits = text.removesuffix("px").strip()\n    return int(digits) * {n}\n',
        broken="def {f}(text):\n    digits = text.strip()\n    return int(digits) * {n}\n",
        tests=(
            'assert {f}("1") == {n}',
            'assert {f}(" 2") == 2 * {n}',
            'assert {f}("0") == 0',
            'assert {f}("10 ") == 10 * {n}',
            'assert {f}("3px") == 3 * {n}',
        ),
    ),
    Kind(
        verb="combine",
        right="def {f}(first, second=None):\n    second = {n} if second is None else second\n"
        "    return first + second\n",
        broken="def {f}(first, second=None):\n    result = first + second\n    return result\n",
        tests=(
            "assert {f}(1, 2) == 3",
            "assert {f}(0, 0) == 0",
            "assert {f}(-1, 1) == 0",
            "assert {f}(5, 5) == 10",
            "assert {f}(1) == 1 + {n}",
        ),
    ),
    Kind(
        verb="check",
        right='def {f}(amount):\n    if amount < 0:\n        raise ValueError("negative amount")\n'
        "    return amount + {n}\n",
        broken="def {f}(amount):\n    checked = amount\n    return checked + {n}\n",
        tests=(
            "assert {f}(0) == {n}",
            "assert {f}(1) == 1 + {n}",
            "assert {f}(2) > {f}(1)",
            "assert {f}(10) == 10 + {n}",
            "with pytest.raises(ValueError):\n        {f}(-1)",
        ),
    ),
    Kind(
        verb="round",
        right="def {f}(value):\n    if value > 100:\n        return int(value)\n    return value * {n}\n",
        broken="def {f}(value):\n    if value > 100:\n        return truncate(value)\n    return value * {n}\n",
        tests=(
            "assert {f}(0) == 0",
            "assert {f}(1) == {n}",
            "assert {f}(2) == 2 * {n}",
            "assert {f}(100) == 100 * {n}",
            "assert {f}(100.5) == 100",
        ),
    ),
    Kind(
        verb="load",
        right='def {f}(text):\n    known = json.loads(text or "{{}}")\n    return known.get("id", {n})\n',
        broken='def {f}(text):\n    known = json.loads(text)\n    return known.get("id", {n})\n',
        tests=(
            "assert {f}('{{\"id\": 1}}') == 1",
            "assert {f}('{{\"id\": 2}}') == 2",
            "assert {f}('{{}}') == {n}",
            "assert {f}('{{\"x\": 2}}') == {n}",
            'assert {f}("") == {n}',
        ),
    ),
)


def lay(root: Path, *, broken: Mapping[int, Collection[int]], modules: int = 40) -> int:
    """Write and commit the project in the new folder `root`; return the number of tests that will fail.

    `broken` tells the functions (0 to 9) that are broken in each module (0 to `modules` - 1).
    """
    (root / "app").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "app" / "__init__.py").write_text("")
    (root / ".gitignore").write_text("__pycache__/\n.pytest_cache/\n")
    (root / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\ntestpaths = ["tests"]\n')
    for number in range(modules):
        (root / "tests" / f"test_{_module(number)}.py").write_text(_tests(number))
    _git(root, "init", "-q", "-b", "main")
    _commit(root, "Lay out the project and its tests")
    for number in range(modules):
        (root / "app" / f"{_module(number)}.py").write_text(_source(number, broken.get(number, ())))
        _commit(root, f"Add {_module(number)}\n\n{TRAILERS[number % len(TRAILERS)]}")
    return sum(len(set(functions)) for functions in broken.values())


def _module(number: int) -> str:
    return f"{NOUNS[number % len(NOUNS)]}_{number:02d}"


def _function(number: int, kind: Kind) -> str:
    return f"{kind.verb}_{NOUNS[number % len(NOUNS)]}_{number:02d}"


def _source(number: int, broken: Collection[int]) -> str:
    parts = [f'"""What the shop knows of one {NOUNS[number % len(NOUNS)]}."""\nimport json\n']
    for index, kind in enumerate(KINDS):
        text = kind.broken if index in broken else kind.right
        parts.append(text.format(f=_function(number, kind), n=number + 2))
    return "\n\n".join(parts)


def _tests(number: int) -> str:
    names = ", ".join(_function(number, kind) for kind in KINDS)
    parts = [f"import pytest\n\nfrom app.{_module(number)} import (\n    {names},\n)\n"]
    for kind in KINDS:
        function = _function(number, kind)
        for index, text in enumerate(kind.tests):
            parts.append(f"def test_{function}_{index}():\n    {text.format(f=function, n=number + 2)}\n")
    return "\n\n".join(parts)


def _commit(root: Path, message: str) -> None:
    person = {"user.name": "Robin Reviewer", "user.email": "robin@example.org", "commit.gpgsign": "false"}
    _git(root, "add", "-A")
    settings = [word for key, value in person.items() for word in ("-c", f"{key}={value}")]
    _git(root, *settings, "commit", "-q", "-m", message)


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(root), *words], check=True, stdout=subprocess.DEVNULL)
