"""What does not exist is recognised in source text, where it was learned and is known to be missing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.deriving.named import from_pattern
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.matchers.api import Api
from pytest_llmlearn.domain.matchers.awaiting import Awaiting
from pytest_llmlearn.domain.matchers.pieces import names_of, together
from pytest_llmlearn.domain.matchers.text import Text
from pytest_llmlearn.domain.matchers.undefined import Undefined
from pytest_llmlearn.domain.matchers.view import Recogniser, View
from pytest_llmlearn.domain.tree import Node, Span
from pytest_llmlearn.hookspecs import Signature

RECOGNISERS: Mapping[str, Recogniser] = {one.kind: one for one in (Api(), Undefined(), Awaiting(), Text())}


@dataclass
class AWorld:
    """A made-up interpreter: `modules` and their names, `functions` with what they take, `classes` with attributes."""

    modules: Mapping[str, Collection[str]] = field(
        default_factory=lambda: {
            "paints": {"mix", "Brush", "tones", "fetch", "run", "old_mix", "decorated"},
            "paints.tones": {"warm"},
            "clock": {"sleep"},
        }
    )
    functions: Mapping[str, Signature] = field(
        default_factory=lambda: {"paints.mix": Signature(parameters=("one", "two", "share"), required=("one", "two"))}
    )
    coroutines: Collection[str] = ("paints.fetch",)
    classes: Mapping[str, Collection[str]] = field(
        default_factory=lambda: {
            "paints.Brush": {"stroke", "__aenter__", "__aexit__"},
            "builtins.list": {"append", "sort"},
            "builtins.str": {"split", "upper"},
        }
    )

    def installed(self, module: str) -> bool | None:
        return module in self.modules or None if module == "perhaps" else module in self.modules

    def own_module(self, module: str, near: str | None = None) -> str | None:
        return "own.py" if module == "own" else None

    def names(self, module: str) -> Collection[str] | None:
        return self.modules.get(module)

    def has(self, module: str, name: str) -> bool | None:
        names = self.modules.get(module)
        return name in names if names is not None else None

    def mentions(self, module: str, name: str) -> bool | None:
        return None

    def is_module(self, module: str) -> bool | None:
        return module in self.modules or None

    def signature(self, module: str, qualname: str) -> Signature | None:
        return self.functions.get(f"{module}.{qualname}")

    def takes(self, module: str, qualname: str, keyword: str, *, bare: bool = False) -> bool | None:
        if bare and qualname == "decorated":
            return False
        found = self.signature(module, qualname)
        return keyword in found.parameters if found is not None else None

    def members(self, module: str, qualname: str) -> Collection[str] | None:
        return self.classes.get(f"{module}.{qualname}")

    def is_coroutine(self, module: str, qualname: str) -> bool | None:
        return f"{module}.{qualname}" in self.coroutines

    def is_coroutine_function(self, name: str, near: str) -> bool | None:
        return None

    def version(self, module: str) -> str | None:
        return "3.2" if module == "paints" else None

    def builtin_names(self) -> Collection[str] | None:
        return {"print", "len", "NameError", "open"}

    def python(self) -> tuple[int, int] | None:
        return (3, 11)

    def forget(self) -> None:
        raise AssertionError("no recogniser asks for that")


def learned(rule: str, message: str = "", *symbols: str) -> list[Matcher]:
    return from_pattern(SimpleNamespace(fingerprint="f", rule_id=rule, message=message, symbols=symbols))


def lines(matchers: list[Matcher], text: str, world: AWorld | None = None) -> list[int]:
    """The lines at which any of the matchers fires."""
    nodes = syntax.nodes(text)
    names = together(map(names_of, nodes))
    found = set()
    for node in nodes:
        view = View(
            path="app/code.py", node=node, text=text, imports=names.imports, bound=names.bound, stars=names.stars,
            world=world or AWorld(),
        )  # fmt: skip
        for matcher in matchers:
            found |= {one.span.line for one in RECOGNISERS[matcher.kind].sightings(matcher, view)}
    return sorted(found)


MIXED = learned("import.missing-name", "cannot import name 'blend' from 'paints'", "paints.blend")
GONE_MODULE = learned("import.missing-module", "No module named 'paintz'", "paintz")
KEYWORD = learned("type.unexpected-keyword", "mix() got an unexpected keyword argument 'ratio'", "paints.mix.ratio")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from paints import blend", [1]),
        ("from paints import blend as b", [1]),
        ("import paints\npaints.blend(1)", [2]),
        ("import paints as p\n\ndef f():\n    return p.blend", [4]),
        ("from paints import mix", []),
        ("try:\n    from paints import blend\nexcept ImportError:\n    blend = None", []),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from paints import blend", []),
        ("import paints\nif hasattr(paints, 'blend'):\n    paints.blend()", []),
        ("import paints\npaints.blend = len", []),
        ("import paints\ndef f(paints):\n    return paints.blend", []),
        ("from unheard import blend", []),
        ("from paints.tones import cold", [1]),
        ("import paints\npaints.tones.cold()", [2]),
    ],
)
def test_a_name_that_the_module_lacks(text: str, expected: list[int]) -> None:
    """By import and by attribute, through aliases; where the code itself asks for it, or nothing is known, not."""
    world = AWorld()
    if "unheard" in text:
        world.modules = {**world.modules}
        world.installed = lambda module: True  # type: ignore[method-assign]
    assert lines(MIXED, text, world) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("import paintz", [1]), ("import paintz.tones as t", [1]), ("import perhaps", []), ("from . import paintz", [])],
)
def test_a_module_that_is_not_there(text: str, expected: list[int]) -> None:
    """A module that was missing fires as long as it is missing."""
    assert lines(GONE_MODULE, text) == expected


def test_another_package_that_is_missing_may_be_the_environments_affair() -> None:
    """Only the very package that was learned fires; of installed ones any module that they lack does."""
    assert lines(GONE_MODULE, "import brushes") == []
    assert lines(GONE_MODULE, "import paints.shades") == [1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from paints import mix\nmix(1, 2, ratio=3)", [2]),
        ("from paints import mix as m\nm(1, 2, ratio=3)", [2]),
        ("import paints as p\np.mix(1, 2, ratio=3)", [2]),
        ("import paints as p\np.mix(1, 2, share=3)", []),
        ("import paints as p\ntry:\n    p.mix(1, 2, ratio=3)\nexcept TypeError:\n    pass", []),
        ("import paints as p\np.old_mix(1, 2, ratio=3)", []),
        ("def mix(**more): ...\nmix(1, ratio=3)", []),
    ],
)
def test_a_keyword_that_is_not_taken(text: str, expected: list[int]) -> None:
    """Where the signature is known and has no such parameter."""
    assert lines(KEYWORD, text) == expected


def test_under_a_decorator_only_what_was_learned_counts() -> None:
    """A decorator may take more than what it decorates; that it did not was seen for this keyword alone."""
    own = learned("type.unexpected-keyword", "decorated() got an unexpected keyword argument 'a'", "paints.decorated.a")
    assert lines(own, "import paints\npaints.decorated(a=1)") == [2]
    assert lines(own, "import paints\npaints.decorated(b=1)") == []


def test_arguments_are_counted() -> None:
    """Too many by position, or a required one that is not given; not where they are unpacked."""
    arity = learned("type.wrong-arity", "mix() missing 1 required positional argument: 'two'", "paints.mix")
    text = "from paints import mix\nmix(1)\nmix(1, 2)\nmix(*all)\nmix(1, 2, 3, 4)\nmix(1, **more)\n"
    assert lines(arity, text) == [2, 5]


def test_an_attribute_of_a_value_whose_class_is_plain() -> None:
    """Of literals, and of variables that are bound once."""
    member = learned("type.missing-attribute", "'list' object has no attribute 'push'", "list.push")
    text = "def f(x):\n    rows = []\n    rows.push(1)\n    rows.append(1)\n    x.push(2)\n    [].push(3)\n"
    assert lines(member, text) == [3, 6]
    assert lines(member, "def f(x):\n    rows = []\n    rows = x\n    rows.push(1)") == []


def test_an_attribute_of_self_fires_only_where_it_was_learned() -> None:
    """A subclass may give what the class lacks."""
    member = learned("type.missing-attribute", "'Cart' object has no attribute 'total'", "Cart.total")
    text = "class Cart:\n    def pay(self):\n        return self.total + self.other\n"
    assert lines(member, text) == [3]
    assert lines(member, text.replace("total + ", "sum + ")) == []
    assert lines(member, text.replace("return", "self.total = self.other = 0; return")) == []


def test_what_a_library_says_that_it_took_away() -> None:
    """Fires where that version or a later one is installed."""
    message = "`old_mix` has been removed in Paints 3.1. Use `mix` instead."
    gone = learned("runtime.not-implemented", message, "paints.old_mix")
    text = "from paints import old_mix\nold_mix(1)\n"
    assert lines(gone, text) == [2]
    later = learned("runtime.not-implemented", message.replace("3.1", "4"), "paints.old_mix")
    assert lines(later, text) == []


def test_a_result_that_may_be_none() -> None:
    """Used at once, or by a variable at which nobody looks first."""
    none = learned("runtime.attribute-none", "'NoneType' object has no attribute 'x'", "paints.mix", "x")
    text = "import paints\ndef f():\n    a = paints.mix(1)\n    return a.x\ndef g():\n    return paints.mix(2).x\n"
    assert lines(none, text) == [4, 6]
    assert lines(none, text.replace("return a.x", "return a.x if a else 0")) == [6]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f():\n    return math.pi", [2]),
        ("import math\ndef f():\n    return math.pi", []),
        ("def f():\n    try:\n        math.pi\n    except NameError:\n        pass", []),
        ("from sums import *\nmath.pi", []),
        ("def f(math):\n    return [math for _ in math]", []),
        ("def f():\n    exec('math = 1')\n    return math", []),
        ("def f() -> math.X: ...", [1]),
        ("from __future__ import annotations\ndef f() -> math.X: ...", []),
        ("def f():\n    x: math.X = 1\n    return x", []),
        ("print(unknown, __file__, [y for y in open('a')])", [1]),
    ],
)
def test_a_name_that_nothing_binds(text: str, expected: list[int]) -> None:
    """The learned one, and any other; not what a scope, an import, a guard or the interpreter binds."""
    assert lines(learned("runtime.undefined-name", "name 'math' is not defined"), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import paints\nasync def f():\n    paints.fetch()", [3]),
        ("import paints\nasync def f():\n    return len(paints.fetch())", [3]),
        ("import paints\nasync def f():\n    x = paints.fetch()\n    return x.rows", [3]),
        ("import paints\nasync def f():\n    x = paints.fetch()\n    return await x", []),
        ("import paints\nasync def f():\n    await paints.fetch()", []),
        ("import paints\ndef f():\n    return paints.fetch()", []),
        ("import asyncio, paints\nasyncio.run(paints.fetch())", []),
        ("import asyncio, paints\nasync def f():\n    await asyncio.gather(paints.fetch(), paints.fetch())", []),
        ("class A:\n    async def load(self): ...\n    def go(self):\n        self.load()", [4]),
        ("class A:\n    async def rows(self):\n        yield 1\n    def go(self):\n        self.rows()", []),
    ],
)
def test_a_coroutine_that_nobody_awaits(text: str, expected: list[int]) -> None:
    """Dropped or used for its value; not where it is awaited, returned, or handed to what awaits it."""
    lost = learned("async.never-awaited", "coroutine 'fetch' was never awaited", "paints.fetch")
    assert lines(lost, text) == expected


def test_what_blocks_the_loop() -> None:
    """In `async def` alone, by whatever name it is imported."""
    blocks = learned("async.blocking-call", "", "clock.sleep")
    text = "from clock import sleep as doze\nasync def f():\n    doze(1)\ndef g():\n    doze(1)\n"
    assert lines(blocks, text) == [3]


def test_the_wrong_with() -> None:
    """`with` on what knows `async with` alone."""
    message = "'Brush' object does not support the context manager protocol"
    entered = learned("async.sync-context-manager-on-async", message, "Brush")
    text = "from paints import Brush\nasync def f():\n    with Brush() as b:\n        pass\n"
    assert lines(entered, text) == [3]
    assert lines(entered, text.replace("    with", "    async with")) == []


@pytest.mark.parametrize(
    ("rule", "text", "settled", "expected"),
    [
        ("syntax.prose-or-fence-in-code", "x = (\n```\nHere is the code you asked for:", True, 2),
        ("syntax.prose-or-fence-in-code", "x = (\n```", False, None),
        ("syntax.prose-or-fence-in-code", "def f(:\n    return 1", True, None),
        ("syntax.unterminated", "def f():\n    return [1,", True, 2),
        ("syntax.unterminated", "def f():\n    return [1,", False, None),
        ("syntax.unterminated", "def f(:\n    return 1)", True, None),
    ],
)
def test_text_that_is_no_code(rule: str, text: str, settled: bool, expected: int | None) -> None:
    """In what could not be read of a settled text; while somebody types, all code is cut off."""
    gap = Node("Gap", "", Span(1, 0, text.count("\n") + 1, 0))
    view = View(path="a.py", node=gap, text=text, settled=settled, last=True)
    (matcher,) = learned(rule)
    found = [one.span.line for one in Text().sightings(matcher, view)]
    assert found == ([] if expected is None else [expected])


def test_what_names_nothing_gives_no_matcher() -> None:
    """Other rooms look at the code of such failures."""
    assert learned("logic.wrong-result", "assert 1 == 2") == []
    assert learned("runtime.key", "'a'", "a") == []


def test_a_name_that_is_still_being_typed_is_not_told_of() -> None:
    """Something that is there begins so; where it was learned, or is settled, it is told all the same."""
    matchers = learned("import.missing-name", "cannot import name 'mi' from 'paints'", "paints.mi")
    (node, *_) = syntax.nodes("from paints import to, mi, zz\n")
    for settled, told in ((False, {"mi", "zz"}), (True, {"to", "mi", "zz"})):
        view = View(path="a.py", node=node, text="", imports={}, settled=settled, world=AWorld())
        found = {sighting.why for one in matchers for sighting in Api().sightings(one, view)}
        assert found == {f"`paints` has no `{name}`" for name in told}
