"""A verified fix applied to other code: what is edited, what is let be, and when nothing is offered."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.mending import applied, mend
from pytest_llmlearn.domain.tree import Span
from tests.builders import at


def a_fix(bad: str, good: str, **changes: object) -> Fix:
    values: dict[str, object] = {"fingerprint": "1:aaaa", "digest": "b2:1", "bad": bad, "good": good, "verified": 1}
    return Fix(**{**values, **changes})  # type: ignore[arg-type]


def mended(text: str, line: int, *fixes: Fix) -> str | None:
    found = mend(text, fixes, Span(line, 0, line, 1))
    return applied(text, found.edits) if found is not None else None


@pytest.mark.parametrize(
    ("fix", "text", "line", "expected"),
    [
        pytest.param(
            a_fix("user = client.get_user(user_id)", "user = await client.get_user(user_id)"),
            "async def f(api, key):\n    who = api.get_user(key)  # the user\n    return who\n",
            2,
            "async def f(api, key):\n    who = await api.get_user(key)  # the user\n    return who\n",
            id="other names, a comment stays",
        ),
        pytest.param(
            a_fix("parts = key.split('_')", "if not key:\n    return key\nparts = key.split('_')"),
            "class A:\n    def f(self, name):\n        words = name.split('_')\n        return words\n",
            3,
            "class A:\n    def f(self, name):\n        if not name:\n            return name\n"
            "        words = name.split('_')\n        return words\n",
            id="statements put before, indented",
        ),
        pytest.param(
            a_fix("for i in range(1, len(xs)):", "for i in range(len(xs)):"),
            "def f(ys):\n    for k in range(1, len(ys)):\n        print(k)\n",
            2,
            "def f(ys):\n    for k in range(len(ys)):\n        print(k)\n",
            id="a head, whatever stands below it",
        ),
        pytest.param(
            a_fix("mask = image.astype(np.bool)", "mask = image.astype(bool)"),
            "import numpy as np\n\ndef f(é):\n    return g(é.astype(np.bool), 'ü')\n",
            4,
            "import numpy as np\n\ndef f(é):\n    return g(é.astype(bool), 'ü')\n",
            id="the piece alone, in another statement",
        ),
        pytest.param(
            a_fix("def load(path):\n    return open(path)", "async def load(path):\n    return open(path)"),
            "def load(path):\n    return open(path)\n",
            1,
            "async def load(path):\n    return open(path)\n",
            id="async",
        ),
        pytest.param(
            a_fix("x = math.sqrt(y)", "x = math.sqrt(y)", imports=("import math",)),
            '"""A module."""\nimport os\n\ndef f(y):\n    x = math.sqrt(y)\n    return x\n',
            5,
            '"""A module."""\nimport os\nimport math\n\ndef f(y):\n    x = math.sqrt(y)\n    return x\n',
            id="an import",
        ),
        pytest.param(
            a_fix("x = load(s)", "x = json.loads(s)", imports=("import json",)),
            "def f(s):\r\n    x = load(s)\r\n    return x\r\n",
            2,
            "import json\r\ndef f(s):\r\n    x = json.loads(s)\r\n    return x\r\n",
            id="lines end as they did",
        ),
        pytest.param(
            a_fix("if n < 0:\n    return 0\nreturn n / d", "return n / d"),
            "def f(a, b):\n    if a < 0:\n        return 0\n    return a / b\n",
            2,
            "def f(a, b):\n    pass\n    return a / b\n",
            id="statements taken out",
        ),
        pytest.param(
            a_fix(
                "count = len(rows)\nraise ValueError('no currency')",
                "count = len(rows)\nreturn None",
                signature="def convert(amount, currency):",
            ),
            'def convert(a, c):\n    """Convert."""\n    if not a:\n        raise ValueError(\'unknown\')\n',
            4,
            'def convert(a, c):\n    """Convert."""\n    if not a:\n        return None\n',
            id="what the fix changes alone, in the function of that name",
        ),
    ],
)
def test_where_the_bad_side_stands_it_is_put_right(fix: Fix, text: str, line: int, expected: str) -> None:
    """Names may differ, and what stands around keeps its layout."""
    assert mended(text, line, fix) == expected


@pytest.mark.parametrize(
    ("fix", "text", "line"),
    [
        pytest.param(a_fix("x = a + b", "x = a - b"), "def f(a, b):\n    x = a * b\n", 2, id="it stands elsewhere"),
        pytest.param(a_fix("x = a + b", "x = a - b"), "def f(a):\n    x = a + a\n", 2, id="two names are one"),
        pytest.param(a_fix("x = a + b", "x = a - b"), "def f(a, b):\n    x = a + b\n\ny = 1\n", 4, id="another line"),
        pytest.param(
            a_fix("x = f(a)", "x = f(a, limit)"),
            "def g(a):\n    x = f(a)\n    return x\n",
            2,
            id="a name bound nowhere",
        ),
        pytest.param(
            a_fix("x = f(a)", "x = self.clean(a)"),
            "class A:\n    def g(self, a):\n        x = f(a)\n",
            3,
            id="no such method",
        ),
        pytest.param(
            a_fix("n, m = f(a)\nreturn n", "k = g(a)\nreturn k"),
            "def h(a):\n    n, m = f(a)\n    return n\n    print(m)\n\ndef g(a):\n    return a\n",
            2,
            id="a name that is still read would be bound no more",
        ),
        pytest.param(
            a_fix("def g(d, k):\n    return d[f(k)]", "def g(d, k):\n    at = f(k)\n    return d[at]"),
            "def g(d, k):\n    return d[f(k)]\n",
            2,
            id="nothing changes",
        ),
        pytest.param(
            a_fix("x = a + b", "x = a - b", difference="3 statements were changed"),
            "def f(a, b):\n    x = a + b\n",
            2,
            id="more was changed than is shown",
        ),
        pytest.param(
            a_fix("x = a + b\n…", "x = a - b\n…"), "def f(a, b):\n    x = a + b\n", 2, id="the change goes on"
        ),
        pytest.param(a_fix("x = a + b", "x = a - b", verified=0), "def f(a, b):\n    x = a + b\n", 2, id="unverified"),
        pytest.param(
            a_fix("x = a + b", "x = a - b", conflicting=True), "def f(a, b):\n    x = a + b\n", 2, id="conflicting"
        ),
        pytest.param(
            a_fix("x = sqrt(y)", "x = sqrt(y)", imports=("from math import sqrt",)),
            "def f(y):\n    x = cbrt(y)\n",
            2,
            id="an import of a name that is not read there",
        ),
        pytest.param(
            a_fix("x = a + b", "x = a - b"), "def f(a, b):\n    x = a + b\n  y = (\n", 2, id="it does not parse"
        ),
    ],
)
def test_what_is_not_sure_is_not_offered(fix: Fix, text: str, line: int) -> None:
    """An edit that would be a guess is none."""
    assert mended(text, line, fix) is None


def test_the_fix_that_was_verified_most_often_is_applied() -> None:
    """And a mend names the fix, and says what it does."""
    text = "def f(a, b):\n    x = a + b\n"
    seldom = a_fix("x = a + b", "x = a - b", digest="b2:1", verified=1, last_seen=at(9))
    often = a_fix(
        "z = a + b", "z = a * b", digest="b2:2", verified=3, last_seen=at(1), difference="`a + b` became `a * b`"
    )
    found = mend(text, [seldom, often], Span(2, 0, 2, 1))
    assert found is not None
    assert (found.digest, found.title) == ("b2:2", "Apply the verified fix: `a + b` became `a * b`")
    assert applied(text, found.edits) == "def f(a, b):\n    x = a * b\n"


def test_a_fix_after_which_the_mistake_is_still_seen_is_not_offered() -> None:
    """What recognises it has the last word."""
    text = "def f(a, b):\n    x = a + b\n"
    fix = a_fix("x = a + b", "x = a - b")
    assert mend(text, [fix], Span(2, 0, 2, 1), gone=lambda result: "-" not in result) is None
