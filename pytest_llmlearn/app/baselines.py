"""Simple retrievers over the same patterns, as opponents in a replay: what memory must at least be better than.

None of them is ever silent. Each can leave out all that one task taught, counts included.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pytest_llmlearn.domain.replay import Attempt, Failure
from pytest_llmlearn.domain.words import words

if TYPE_CHECKING:
    from pytest_llmlearn.app.ports.vectors import Embedder

WORDY = ("frequency", "recency", "same-model", "bm25")
DENSE = ("dense", "dense+frequency", "rrf")
NAMES = (*WORDY, *DENSE)
"""Those of `DENSE` need an embedder."""

# Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; the usual k1. Lengths are not
# evened out (b = 0): a pattern's document grows as it recurs, which must not count against it. On three streams of
# real generations this was the strongest of five choices.
BM25_K1 = 1.2
# Cormack, Clarke, Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning methods", 2009.
RRF_K = 60
FREQUENCY_BESIDE_COSINE = 0.1

_Order = Callable[[str], Any]


class Baselines:
    """All of them, fed by the same stream. A pattern's document is its messages and the requests that led to it."""

    def __init__(self, names: Iterable[str] = NAMES, embedder: Embedder | None = None) -> None:
        wanted = set(names)
        self.names = tuple(name for name in NAMES if name in wanted and (embedder is not None or name in WORDY))
        self._embedder = embedder
        self._learned = 0
        self._laid = 0
        self._counts: dict[str, Counter[str]] = {}  # by fingerprint, then by task, as are the next four
        self._first: dict[str, dict[str, int]] = {}
        self._last: dict[str, dict[str, int]] = {}
        self._models: dict[str, dict[str, Counter[str]]] = {}
        self._prompts: dict[str, dict[str, set[int]]] = {}
        self._messages: set[tuple[str, str, str]] = set()
        self._standing: dict[str, Counter[str]] = defaultdict(Counter)  # by word: how often in which document
        self._of_task: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._words: dict[str, tuple[str, ...]] = {}
        self._numbers: dict[str, int] = {}
        self._vectors: list[Any] = []

    def learn(self, attempt: Attempt, laid: Sequence[tuple[str, Failure]]) -> None:
        """The failures of an attempt, each with the fingerprint of its pattern."""
        self._learned += 1
        task = attempt.task
        number = self._number(attempt.prompt)
        for fingerprint in dict.fromkeys(fingerprint for fingerprint, _ in laid):
            self._counts.setdefault(fingerprint, Counter())[task] += 1
            self._laid += 1
            self._first.setdefault(fingerprint, {}).setdefault(task, self._laid)
            self._last.setdefault(fingerprint, {})[task] = self._learned
            self._models.setdefault(fingerprint, {}).setdefault(task, Counter())[attempt.model] += 1
            prompts = self._prompts.setdefault(fingerprint, {}).setdefault(task, set())
            if number not in prompts:
                prompts.add(number)
                self._write(fingerprint, task, self._split(attempt.prompt))
        for fingerprint, failure in laid:
            message = (fingerprint, task, failure.message.partition("\n")[0])
            if message not in self._messages:
                self._messages.add(message)
                self._write(fingerprint, task, tuple(dict.fromkeys(words(message[2]))))

    def ranked(self, attempt: Attempt, limit: int, but: str | None = None) -> dict[str, list[str]]:
        """For each retriever the fingerprints that it would show, best first; nothing of the task `but` takes part."""
        known = {one: tasks.total() - (tasks[but] if but is not None else 0) for one, tasks in self._counts.items()}
        # Equals stay in the order in which they came first, elsewhere than under the task that is left out.
        first = {
            one: min(at for task, at in self._first[one].items() if task != but)
            for one, count in known.items()
            if count
        }
        counts = {one: known[one] for one in sorted(first, key=first.__getitem__)}
        if not counts:
            return {name: [] for name in self.names}
        orders = self._orders(attempt, counts, but)
        return {name: _best(counts, orders[name])[:limit] for name in self.names}

    def _orders(self, attempt: Attempt, counts: Mapping[str, int], but: str | None) -> dict[str, _Order]:
        last = {one: max(at for task, at in self._last[one].items() if task != but) for one in counts}
        model = {
            one: sum(seen[attempt.model] for task, seen in self._models[one].items() if task != but) for one in counts
        }
        found: dict[str, _Order] = {
            "frequency": counts.__getitem__,
            "recency": last.__getitem__,
            "same-model": lambda one: (model[one], counts[one]),
        }
        if "bm25" in self.names or "rrf" in self.names:
            weights = self._bm25(attempt, counts, but)
            found["bm25"] = lambda one: weights.get(one, 0.0)
        if self._embedder is not None and set(self.names) & set(DENSE):
            near = self._cosines(attempt, counts, but)
            found["dense"] = near.__getitem__
            found["dense+frequency"] = lambda one: near[one] + FREQUENCY_BESIDE_COSINE * math.log1p(counts[one])
            if "rrf" in self.names:
                fused = dict.fromkeys(counts, 0.0)
                for name in ("bm25", "dense", "frequency"):
                    for place, one in enumerate(_best(counts, found[name])):
                        fused[one] += 1 / (RRF_K + place)
                found["rrf"] = fused.__getitem__
        return found

    def _bm25(self, attempt: Attempt, counts: Mapping[str, int], but: str | None) -> dict[str, float]:
        nothing: Counter[str] = Counter()
        own = self._of_task.get(but, {}) if but is not None else {}
        scores: dict[str, float] = defaultdict(float)
        for word in self._split(attempt.prompt):
            left_out = own.get(word, nothing)
            standing = [
                (one, often - left_out[one])
                for one, often in self._standing.get(word, {}).items()
                if often > left_out[one]
            ]
            rarity = math.log(1 + (len(counts) - len(standing) + 0.5) / (len(standing) + 0.5))
            for one, often in standing:
                scores[one] += rarity * often * (BM25_K1 + 1) / (often + BM25_K1)
        return scores

    def _cosines(self, attempt: Attempt, counts: Mapping[str, int], but: str | None) -> dict[str, float]:
        """How near the nearest request is under which the pattern came."""
        import numpy

        asked = self._vectors[self._number(attempt.prompt)]
        near = numpy.stack(self._vectors) @ asked
        return {
            one: float(max(near[number] for task, kept in self._prompts[one].items() if task != but for number in kept))
            for one in counts
        }

    def _number(self, prompt: str) -> int:
        number = self._numbers.get(prompt)
        if number is None:
            number = self._numbers[prompt] = len(self._numbers)
            if self._embedder is not None:
                self._vectors.append(self._embedder.embed([prompt])[0])
        return number

    def _split(self, prompt: str) -> tuple[str, ...]:
        if prompt not in self._words:
            self._words[prompt] = tuple(dict.fromkeys(words(prompt)))
        return self._words[prompt]

    def _write(self, fingerprint: str, task: str, told: Sequence[str]) -> None:
        for word in told:
            self._standing[word][fingerprint] += 1
            self._of_task[task][word][fingerprint] += 1


def _best(fingerprints: Iterable[str], order: _Order) -> list[str]:
    """Best first; of equals the one that came first."""
    return sorted(fingerprints, key=order, reverse=True)
