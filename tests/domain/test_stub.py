"""What is a unit that nobody has written yet, and what only looks like one."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.stub import is_stub

STUBS = {
    "pass": "def f(a):\n    pass",
    "an ellipsis": "def f(a): ...",
    "a docstring": 'def f(a):\n    """Add one."""',
    "a docstring and pass": 'async def f(a):\n    """Add one."""\n    pass',
    "NotImplementedError": "def f(a):\n    raise NotImplementedError",
    "NotImplementedError with words": 'def f(a):\n    raise NotImplementedError("later")',
    "NotImplemented, raised by mistake": "def f(a):\n    raise NotImplemented()",
    "the words in another exception": 'def f(a):\n    raise RuntimeError("Not implemented yet")',
    "TODO and None": "def f(a):\n    # TODO: write this\n    return None",
    "TODO and an empty list": "def f(a):\n    return []  # TODO",
    "TODO and zero": "def f(a):\n    # placeholder\n    return 0",
    "TODO below": "def f(a):\n    pass\n    # TODO",
    "a constructor to be done": "def __init__(self):\n    # TODO\n    pass",
    "a decorated one": "@cache\ndef f(a):\n    raise NotImplementedError",
    "a class of stubs": "class A:\n    def f(self):\n        pass\n\n    def g(self):\n        ...",
    "a class that only stores": "class A:\n    def __init__(self):\n        self.a = 1\n    def f(self):\n        pass",
    "a method that could not be dedented": '    def f(self):\n        """Words\nat the margin."""\n        pass',
}
WRITTEN = {
    "a return": "def f(a):\n    return a + 1",
    "None without a TODO": "def f(a):\n    return None",
    "an empty list without a TODO": "def f(a):\n    return []",
    "a TODO beside code": "def f(a):\n    # TODO: faster\n    return sorted(a)",
    "a branch that is not implemented": "def f(a):\n    if a:\n        return 1\n    raise NotImplementedError",
    "another exception": 'def f(a):\n    raise ValueError("no such thing")',
    "an abstract method": "@abstractmethod\ndef f(self):\n    raise NotImplementedError",
    "an overload": "@typing.overload\ndef f(self, a: int) -> int: ...",
    "a class with one method written": "class A:\n    def f(self):\n        pass\n\n    def g(self):\n        return 1",
    "an exception": "class Refused(Exception):\n    pass",
    "a variable": "RATE = 1",
    "text that does not parse": "def f(:\n    pass",
    "an import": "import os",
    "a TODO in a string": 'def f():\n    return "# not a TODO"[:0] + name',
    "a constructor that does nothing": "def __init__(self):\n    pass",
    "nothing": "",
}


@pytest.mark.parametrize("text", STUBS.values(), ids=STUBS)
def test_a_body_that_does_nothing_is_a_stub(text: str) -> None:
    """Its failures are no mistakes."""
    assert is_stub(text)


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_what_does_something_is_none(text: str) -> None:
    """Also where it is short, or says in one branch that it is not done."""
    assert not is_stub(text)
