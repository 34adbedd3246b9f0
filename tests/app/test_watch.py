"""Watching what is written."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pytest_llmlearn.adapters.parser import TolerantParser
from pytest_llmlearn.app import memory_watch, watch
from pytest_llmlearn.app.watch import Looked, Watch
from pytest_llmlearn.domain.matcher import Kind, Matcher, Sighting, Trials
from pytest_llmlearn.domain.matchers.pattern import atoms_of
from pytest_llmlearn.domain.matchers.shape import Shapes
from pytest_llmlearn.domain.matchers.view import View


class Learned:
    """Matchers in memory; the second of a pair is a candidate's."""

    def __init__(self, *matchers: Matcher, candidates: Sequence[Matcher] = ()) -> None:
        self.matchers, self.candidates, self.changes = list(matchers), list(candidates), 0

    def kept(self, *, candidates: bool = False) -> Sequence[Matcher]:
        return [*self.matchers, *(self.candidates if candidates else ())]

    def put(self, matchers: Collection[Matcher]) -> None:
        self.matchers += matchers
        self.changes += 1

    def tried(self, trials: Mapping[str, Trials], code: str) -> None:
        raise AssertionError("a look tries nothing")

    def revision(self) -> int:
        return self.changes


class Counting:
    """Fires at names that nothing binds, and counts the pieces it is asked about."""

    kind: Kind = "undefined"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def sightings(self, matcher: Matcher, view: View) -> Iterator[Sighting]:
        self.asked.append(view.text)
        if matcher.body["name"] in view.text and matcher.body["name"] not in {*view.bound, *view.imports}:
            yield Sighting(matcher=matcher, span=view.node.span, confidence=matcher.confidence)


class Failing:
    """A recogniser with a fault."""

    kind: Kind = "text"

    def sightings(self, matcher: Matcher, view: View) -> Iterator[Sighting]:
        raise RuntimeError("a fault of its own")


def shape(pattern: str, fingerprint: str = "f", **more: float) -> Matcher:
    return Matcher(
        fingerprint=fingerprint,
        rule_id="r",
        kind="shape",
        body={"pattern": pattern},
        atoms=atoms_of(pattern),
        **more,  # type: ignore[arg-type]
    )


def undefined(name: str) -> Matcher:
    return Matcher(fingerprint="u", rule_id="r", kind="undefined", body={"name": name}, atoms=frozenset({name}))


def watching(learned: Learned, *more: object) -> Watch:
    return Watch(learned, TolerantParser(), (Shapes(), *more))  # type: ignore[arg-type]


def lines(looked: Looked) -> list[int]:
    return [sighting.span.line for sighting in looked]


def test_what_was_learned_is_seen_where_it_stands() -> None:
    """By line, through the file's imports, in code that is broken elsewhere."""
    looker = watching(Learned(shape("numpy.bool(...)")))
    text = "def f(:\n    return np.bool(1)\n\n\ndef g():\n    x = (\n    return np.bool(2)\n\n\nimport numpy as np\n"
    looked = looker.look("a.py", text)
    assert lines(looked) == [2, 7]
    assert [gap.line for gap in looked.gaps] == [1, 6]


def test_of_a_pattern_one_sighting_a_line_the_surest_first() -> None:
    """Two matchers of one pattern do not say the same twice."""
    learned = Learned(shape("f(1)", confidence=0.3), shape("f(...)", confidence=0.9), shape("g(...)", "other"))
    looked = watching(learned).look("a.py", "g(f(1), f(1))\n")
    assert [(one.matcher.fingerprint, one.confidence) for one in looked] == [("f", 0.9), ("other", 0.5)]


def test_candidates_count_where_they_are_asked_for() -> None:
    """And are not left over for who does not ask."""
    looker = watching(Learned(shape("f()"), candidates=[shape("g()", "c")]))
    assert lines(looker.look("a.py", "f()\ng()\n")) == [1]
    assert lines(looker.look("a.py", "f()\ng()\n", candidates=True)) == [1, 2]
    assert lines(looker.look("a.py", "f()\ng()\n")) == [1]


def test_only_what_changed_is_looked_at_again() -> None:
    """A piece that moved keeps what was seen in it, on its new line."""
    counting = Counting()
    looker = watching(Learned(undefined("x")), counting)
    looker.look("a.py", "def f():\n    x\n\ndef g():\n    x\n")
    assert len(counting.asked) == 2
    looked = looker.look("a.py", "# more\n\ndef f():\n    x\n\ndef g():\n    return x\n")
    assert (lines(looked), len(counting.asked)) == ([3, 6], 3)
    looker.forget("a.py")
    looker.look("a.py", "def f():\n    x\n")
    assert len(counting.asked) == 4
    looker.look("a.py", "def f():\n    x\n")
    assert len(counting.asked) == 4
    looker.forget()
    assert lines(looker.look("a.py", "def f():\n    x\n")) == [1]
    assert len(counting.asked) == 5


def test_a_name_that_is_bound_elsewhere_counts_at_once() -> None:
    """Pieces with that name are looked at again, others are not; nor is anything for a name that nobody uses."""
    counting = Counting()
    looker = watching(Learned(undefined("x")), counting)
    looker.look("a.py", "def f():\n    x\n\ndef g():\n    x + y\n")
    assert lines(looker.look("a.py", "def f():\n    x\n\ndef g():\n    x + y\n\nx = 1\n")) == []
    assert len(counting.asked) == 5
    assert lines(looker.look("a.py", "def f():\n    x\n\ndef g():\n    x + y\n\ny = z = 1\n")) == [1, 4]
    assert lines(looker.look("a.py", "def f():\n    x\n\ndef g():\n    x + y\n\nimport x\n")) == []


def test_what_is_learned_meanwhile_is_seen() -> None:
    """The matchers' revision ages what was seen."""
    learned = Learned(shape("f()"))
    looker = watching(learned)
    assert lines(looker.look("a.py", "f()\ng()\n")) == [1]
    learned.put([shape("g()", "new")])
    assert lines(looker.look("a.py", "f()\ng()\n")) == [1, 2]


def test_a_look_that_nobody_waits_for_stops() -> None:
    """Nothing is told of it, and the next one is whole."""
    counting = Counting()
    looker = watching(Learned(undefined("x")), counting)
    text = "".join(f"def f{n}():\n    x\n\n" for n in range(50))
    looked = looker.look("a.py", text, stop=lambda: len(counting.asked) >= 10)
    assert (looked.abandoned, looked.sightings, len(counting.asked)) == (True, (), 10)
    assert len(looker.look("a.py", text).sightings) == 50


def test_a_recogniser_that_fails_is_named_once_and_hides_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The others go on."""
    text = Matcher(fingerprint="t", rule_id="r", kind="text", body={})
    looker = watching(Learned(text, shape("f()")), Failing())
    assert lines(looker.look("a.py", "f()\n\ng()\n")) == [1]
    looker.look("b.py", "f()\n")
    assert [record.getMessage() for record in caplog.records] == ["the text matcher of pattern t failed on a.py"]


def test_memory_is_bounded() -> None:
    """By documents and by characters; the last one looked at stays."""
    looker = Watch(Learned(shape("f()")), TolerantParser(), (Shapes(),), documents=3, characters=100)
    for n in range(5):
        looker.look(f"{n}.py", "f()\n")
    assert sorted(looker._known) == ["2.py", "3.py", "4.py"]
    looker.look("large.py", "f()\n" * 100)
    assert sorted(looker._known) == ["large.py"]


def test_an_answer_never_depends_on_what_was_looked_at_before() -> None:
    """A text that is typed, broken, undone: each state looks like a first look at it, from several threads too."""
    source = Path(memory_watch.__file__).read_text(encoding="utf-8") + 'x = """\nimport a\n"""\nb = [\n1]\n'
    learned = Learned(shape("$X.get(...)", "a"), shape("return $X", "b"), shape("$X._watch()", "c"), undefined("Names"))
    looker = watching(learned, Counting())
    dice = random.Random(5)
    states = [source]
    for _ in range(150):
        text = states[-1] if dice.random() < 0.7 else source
        at = dice.randrange(len(text))
        cut = dice.choice([0, 0, 1, 30])
        states.append(text[:at] + dice.choice(["", "(", '"""', "\nNames = 1\n", "x.get(1)", "    "]) + text[at + cut :])

    def seen(text: str) -> bool:
        warm = looker.look("a.py", text)
        return warm == watching(learned, Counting()).look("a.py", text)

    assert all(map(seen, states))
    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(seen, states[:40]))


def test_a_huge_text_is_not_looked_at() -> None:
    """It is one gap, and costs nothing."""
    looker = watching(Learned(shape("f()")))
    looked = looker.look("a.py", "f()\n" * (watch.LARGEST // 4 + 1))
    assert (len(looked.sightings), len(looked.gaps), looker._known) == (0, 1, {})
