"""A made-up memory: requests as people write them, and the mistakes that models made of them.

Words follow Zipf's law, as those of real requests do; of four requests one is another wording of an earlier one; half
of all mistakes are failed assertions, the other half exceptions of sixteen kinds. Equal seeds give equal memories.
"""

import bisect
import itertools
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measure import say


def listed(words: str) -> list[str]:
    """The words of a text."""
    return words.split()


MODELS = ("claude-opus-4.5", "gpt-5.1", "gemini-3-pro", "qwen3-coder", "deepseek-v3.2")
VERBS = listed(
    """
    apply build cancel collect compute convert count decode delete encode export fetch filter find format import
    index load merge normalize parse publish rank read refresh render reserve resolve save send sort split sum
    sync update validate verify write
    """
)
NOUNS = listed(
    """
    address basket batch booking budget channel coupon customer date delivery discount document edge event file
    graph image index invoice label matrix message node number order page parcel path payment permission price
    quota receipt record refund route schema sequence shipment snapshot string ticket timestamp token tree user
    word
    """
)
AREAS = listed(
    """
    billing catalog checkout delivery geometry identity inventory ledger mailing parsing pricing profile
    reporting scheduling search session statistics storage tariff telemetry upload wallet webhook
    """
)
PACKAGES = ("requests", "httpx", "sqlalchemy", "pandas", "numpy", "pydantic", "fastapi", "redis", "aiohttp", "boto3")
CASES = listed("empty order duplicate missing large negative unicode default limit nested")
PLAIN = listed(
    """
    the of and for with each all from by into when must before after between without only first last given two
    every most least same other more than until where it is are has have that which as on at an a or not
    """
)
SYLLABLES = listed("ba ce di fo gu ka le mi no pu ra se ti vo zu bran clor dent fris glan")
SEEN_OFTEN = 1.1
"""The exponent of Zipf's law: the second word is about half as frequent as the first."""
LEAST, MOST = 200, 2_000
"""Characters of a request."""
TOGETHER = 20
"""Mistakes in one recording."""
QUESTIONS = (
    "write an async endpoint that loads a user",
    "parse the invoice rows of a csv file into records and sum the discount",
    "def refresh_token(session, user): renew the token and save it",
    "fix the failing test of checkout: KeyError 'coupon' in apply_coupon",
    "export all shipments of a customer with pandas, grouped by route, as an excel document " * 6,
    "a haiku about the sea",
)
"""Questions that no seed makes; the last one is about nothing that any memory knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked, and the names of what was to be written."""

    text: str
    area: str
    verb: str
    noun: str
    unit: str


class World:
    """Requests and mistakes by lot; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        # Names of a project's own are few letters' work; they are the same in every world, or no two would meet.
        self._own = ["".join(parts) for parts in itertools.product(SYLLABLES, repeat=3)]
        random.Random("the project's own words").shuffle(self._own)
        self._words = [*NOUNS, *VERBS, *AREAS, *self._own]
        weights = itertools.accumulate((rank + 3) ** -SEEN_OFTEN for rank in range(len(self._words)))
        self._weights = list(weights)
        self._earlier: list[Request] = []
        self._number = seed * 1_000_000

    def word(self) -> str:
        """A word, the first of all most often."""
        at = bisect.bisect(self._weights, self.chance.random() * self._weights[-1])
        return self._words[min(at, len(self._words) - 1)]

    def sentence(self) -> str:
        """Eight to twenty words, half of them such as stand in every sentence."""
        count = self.chance.randint(8, 20)
        return " ".join(self.word() if at % 2 else self.chance.choice(PLAIN) for at in range(count)).capitalize() + "."

    def request(self, length: int | None = None) -> Request:
        """A request of about `length` characters (by lot where there is none), every fourth one an earlier one in
        other words."""
        length = length or self.chance.randint(LEAST, MOST)
        if self._earlier and self.chance.random() < 0.25:
            return self.again(self.chance.choice(self._earlier), length)
        self._number += 1
        verb, noun, area = self.chance.choice(VERBS), self.chance.choice(NOUNS), self.chance.choice(AREAS)
        unit = f"{verb}_{noun}_{self.word()}"
        lines = [f"Please write {unit}({noun}, {self.word()}) of {area}: {verb} the {noun}.", ""]
        while sum(map(len, lines)) + len(lines) < length:
            lines.append(self.sentence())
        made = Request(text=" ".join(lines)[:length].strip(), area=area, verb=verb, noun=noun, unit=unit)
        if len(self._earlier) < 2_000:
            self._earlier.append(made)
        return made

    def again(self, earlier: Request, length: int) -> Request:
        """The same request with a few sentences of its own."""
        sentences = earlier.text.split(". ")
        for _ in range(max(1, len(sentences) // 5)):
            sentences[self.chance.randrange(len(sentences))] = self.sentence().rstrip(".")
        while sum(map(len, sentences)) + 2 * len(sentences) < length:
            sentences.append(self.sentence().rstrip("."))
        return Request(
            text=". ".join(sentences)[:length].strip(),
            area=earlier.area,
            verb=earlier.verb,
            noun=earlier.noun,
            unit=earlier.unit,
        )

    def question(self, words: int) -> str:
        """A question of so many words about something that may have been asked before."""
        about = self.chance.choice(self._earlier)
        told = f"write a function {about.unit} that must {about.verb} the {about.noun} of the {about.area} and".split()
        told += [word for _ in range(words) for word in self.sentence().rstrip(".").lower().split()]
        return " ".join(told[:words])

    def mistakes(self, of: Request) -> Iterator[dict[str, Any]]:
        """One to eight mistakes that models made of it, in the shape that `Occurrence.from_dict` takes."""
        for _ in range(self.chance.randint(1, 8)):
            self._number += 1
            yield self._mistake(of)

    def _mistake(self, of: Request) -> dict[str, Any]:
        other = self.chance.choice(self._own)
        exception, bases, message, statement, test = self._failure(of, other)
        # What fails is what was asked for, or what it calls.
        unit = of.unit if self.chance.random() < 0.4 else f"{of.verb}_{other}"
        lines = [
            "import json",
            f"import {self.chance.choice(PACKAGES)}",
            "",
            "",
            f"def {unit}({of.noun}, {other}_id=None):",
            f'    """Here we {of.verb} the {of.noun}."""',
            f"    known = json.loads({of.noun}.text)",
            f"    {other} = [{self.word()} for {self.word()} in known if {self.word()}]",
            f"    if not {other}:",
            f"        return {self.chance.choice(('None', '[]', '{}', '0'))}",
            f"    {statement}",
            "    return known",
        ]
        return {
            "nodeid": f"tests/test_{of.area}.py::{test}",
            "when": "call",
            "exception": exception,
            "mro": [exception, *bases, "Exception", "BaseException"],
            "message": message,
            "path": f"app/{of.area}/{of.noun}.py",
            "line": len(lines) - 1,
            "function": unit,
            "statement": statement,
            "code": "\n".join(lines) + "\n",
            "model": self.chance.choice(MODELS),
            "prompt": of.text,
        }

    def _failure(self, of: Request, other: str) -> tuple[str, list[str], str, str, str]:
        """Exception, its own bases, message, statement and test of one mistake."""
        chance, verb, noun = self.chance, of.verb, of.noun
        test = f"test_{of.unit}_{chance.choice(CASES)}"
        if chance.random() < 0.5:
            wrong, right = chance.randrange(99), self._number
            return "AssertionError", [], f"assert {wrong} == {right}", f"known = len({other})", f"{test}_{self.word()}"
        attribute, package = f"{chance.choice(VERBS)}_{other}", chance.choice(PACKAGES)
        kind = noun.title()
        exception, bases, message, statement = chance.choice(
            [
                ("AttributeError", [], f"'{kind}' object has no attribute '{attribute}'", f"{noun}.{attribute}()"),
                ("AttributeError", [], f"'NoneType' object has no attribute '{attribute}'", f"{noun}.{attribute}"),
                ("AttributeError", [], f"module '{package}' has no attribute '{attribute}'", f"{package}.{attribute}"),
                ("TypeError", [], f"{of.unit}() got an unexpected keyword argument '{other}'", f"{of.unit}({other}=1)"),
                ("TypeError", [], f"{of.unit}() missing 1 required positional argument: '{other}'", f"{of.unit}()"),
                ("TypeError", [], f"unsupported operand type(s) for +: 'int' and '{kind}'", f"known += {other}"),
                ("TypeError", [], f"'{kind}' object is not {chance.choice(('iterable', 'callable'))}", other),
                ("KeyError", ["LookupError"], f"'{other}_{noun}'", f"known = known['{other}_{noun}']"),
                ("IndexError", ["LookupError"], f"{chance.choice(('list', 'tuple'))} index out of range", other),
                ("ImportError", [], f"cannot import name '{attribute}' from '{package}'", f"import {other}"),
                ("ModuleNotFoundError", ["ImportError"], f"No module named '{package}_{other}'", f"import {other}"),
                ("NameError", [], f"name '{attribute}' is not defined", f"known = {attribute}(known)"),
                ("ValueError", [], f"invalid {other} for {noun}: expected {verb} first", f"raise ValueError({other})"),
                ("ValueError", [], f"could not convert string to float: '{other}'", f"known = float({other})"),
                ("RecursionError", ["RuntimeError"], "maximum recursion depth exceeded", f"return {of.unit}({other})"),
                ("UnboundLocalError", ["NameError"], f"cannot access local variable '{other}'", f"known = {other}"),
            ]
        )
        return exception, bases, message, statement, test


def fill(root: Path, count: int, seed: int) -> dict[str, Any]:
    """Fill the memory of the project at `root` until it holds `count` patterns; return what that took.

    Ends the program where four times as many mistakes do not make so many patterns.
    """
    from pytest_llmlearn import Memory, Occurrence  # imported here: --help and a missing install need no traceback

    world = World(seed)
    seen: set[str] = set()
    batch: list[Any] = []
    used = requests = 0
    started, worked = time.perf_counter(), time.process_time()
    with Memory.open(root) as memory:
        stored = _Clocked(memory)
        while len(seen) < count and used < 4 * count:
            request = world.request()
            requests += 1
            batch += [Occurrence.from_dict(values) for values in world.mistakes(request)]
            if len(batch) >= TOGETHER:
                seen.update(memory.record(batch))
                used += len(batch)
                batch = []
                if used % 5_000 < TOGETHER:
                    say(f"{used} mistakes, {len(seen)} patterns, {time.perf_counter() - started:.1f} s")
    if len(seen) < count:
        sys.exit(f"{used} mistakes made only {len(seen)} patterns: different mistakes meet in one fingerprint")
    return {
        "patterns": len(seen),
        "mistakes": used,
        "requests": requests,
        "seconds to record": round(time.perf_counter() - started, 2),
        "ms of processor to record a mistake": round(1_000 * (time.process_time() - worked) / used, 3),
        "ms of processor to insert it into the store": round(1_000 * stored.worked / used, 3),
        "ms to insert it into the store": round(1_000 * stored.took / used, 3),
    }


class _Clocked:
    """Adds up what the store alone takes of a memory's recording."""

    def __init__(self, memory: Any) -> None:
        self.took = self.worked = 0.0
        store = memory._store
        inner = store.record

        def record(run: Any, entries: Sequence[Any]) -> Any:
            started, worked = time.perf_counter(), time.process_time()
            try:
                return inner(run, entries)
            finally:
                self.took += time.perf_counter() - started
                self.worked += time.process_time() - worked

        store.record = record
