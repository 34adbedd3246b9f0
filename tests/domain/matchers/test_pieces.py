"""What a file's pieces say of its names, and which matchers are asked of one."""

from __future__ import annotations

from pytest_llmlearn.adapters.parser import TolerantParser
from pytest_llmlearn.domain import syntax
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.matchers.index import MatcherIndex
from pytest_llmlearn.domain.matchers.pieces import Names, constants_of, names_of, read_in, together, words_of


def names(text: str) -> Names:
    return together(map(read_in, TolerantParser().pieces(text, lambda part: None)))


def test_imports_are_what_they_stand_for() -> None:
    """Wherever in the file; relative ones keep their dots."""
    text = (
        "import os.path, numpy as np\nfrom a.b import c, d as e\nfrom . import f\nfrom ..g import h\nimport i.j as k\n"
        "def x():\n    from m import *\n    import n\n"
    )
    found = names(text)
    assert found.imports == {
        "os": "os", "np": "numpy", "c": "a.b.c", "e": "a.b.d", "f": ".f", "h": "..g.h", "k": "i.j", "n": "n",
    }  # fmt: skip
    assert found.stars
    assert found.bound == {"x"}


def test_everything_that_binds_a_name_is_bound() -> None:
    """In whatever scope: targets, parameters, definitions, what is caught, captured or declared global."""
    text = (
        "a, (b, *c) = d[0] = e.f = 1\ng: int = 2\nh += 3\nfor i, j in k: pass\nwith l as m, n as (o, p): pass\n"
        "def q(r, /, s=1, *t, u, **v): global w; nonlocal x\n"
        "class y: z = [aa for bb in cc if (dd := 1)]\ntry: pass\nexcept E as ee: pass\n"
        "match ff:\n    case {'k': gg, **hh}: pass\n    case [ii, *jj] as kk: pass\n"
        "lambda ll: mm\nasync def nn(): pass\n"
    )
    expected = {*"abcghijmopqrstuvwxyz", "bb", "dd", "ee", "gg", "hh", "ii", "jj", "kk", "ll", "nn"}
    assert names(text).bound == expected


def test_what_could_not_be_read_may_bind_its_words() -> None:
    """But for those that are seen to be imported, and none of what could be read beside it."""
    found = names("import np\nsize = width = np.\ndef f():\n    return other\n")
    assert {"size", "width"} <= found.bound
    assert not {"np", "other"} & found.bound


def test_the_index_answers_those_whose_atoms_all_stand_there() -> None:
    """In their order; one without atoms always."""
    wanted = [{"a", "b"}, {"b"}, set(), {"a", "c"}, {"'x'"}]
    matchers = [
        Matcher(fingerprint=str(n), rule_id="r", kind="shape", body={}, atoms=frozenset(atoms))
        for n, atoms in enumerate(wanted)
    ]
    index = MatcherIndex(matchers)
    assert [one.fingerprint for one in index.standing_in({"a", "b", "d"})] == ["0", "1", "2"]
    assert [one.fingerprint for one in index.standing_in(["'x'"])] == ["2", "4"]


def test_words_and_literals_of_a_piece() -> None:
    """Words from all of the text, literals as `repr` writes them."""
    text = "x.y(0x10, 'a b')  # said\n"
    assert words_of(text) >= {"x", "y", "a", "b", "said"}
    (node,) = syntax.nodes(text)
    assert constants_of(node) == {"16", "'a b'"}
    assert names_of(node) == Names()
