"""Which words of programming speak of one thing: "coroutine" and `await`, "regex" and "pattern".

For what has no model of meaning. A line is one concept, a word may have several; words that are too common to tell one
request from another ("without", "none") count here, for together with others they tell one mistake from another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import islice

from pytest_llmlearn.domain.words import stem

_TABLE = """
await: await async coroutine asyncio awaitable anyio trio awaited
concurrent: concurrently concurrent parallel simultaneously gather task taskgroup semaphore background
event loop: loop blocking blocks blocked freezes freeze stalls synchronous sleep run_until_complete
absent: missing without forgot forgotten forgets lacks lack lacking absent omitted never unset undeclared undefined
none: none null nonetype optional nullable nothing
argument: argument parameter keyword kwarg kwargs signature positional args params
call: call calls called calling callable invoked parentheses parenthesis
attribute: attribute property member attributeerror
import: import imports imported module package library dependency installed modulenotfounderror importerror pip
made up: hallucinated invented nonexistent exist exists
circular: circular cycle cyclic mutually
outdated: outdated deprecated removed obsolete renamed moved dropped newer
shadow: shadows shadowed hides hidden named
text: string str text characters
number: int float integer number decimal numeric digits arithmetic amount
convert: convert converting converted conversion cast coerce casting
unsupported: unsupported operand concatenate joined concatenated operator
bytes: bytes encoding unicode decode utf codec unicodedecodeerror encode
sequence: list array sequence tuple elements items
mapping: dict dictionary mapping keys key keyerror lookup
position: index position subscript subscripted subscriptable indexerror bounds slice indices
boundary: range off fencepost inclusive exclusive last bounds one
empty: empty blank zero samples
division: division divide divides divided zerodivisionerror average mean ratio
iterate: iterate iterating iteration iterable loop loops looping looped iterator
unpack: unpack unpacking values assignment names
file: file path folder directory filename filenotfounderror
close: close closed leak leaks release released releases finally handle resource connection session
time limit: timeout hang hangs ever forever limit deadline
lock: lock race deadlock mutex thread threads
query: sql query cursor select statement database interpolated parameterised bound
injection: injection shell subprocess command traversal unescaped scripting
untrusted: untrusted user unchecked unsafe uploaded client
secret: secret password token credential credentials apikey login
sign in: login sign account password authenticate
digest: hash hashing md5 sha1 bcrypt scrypt digest salt unsalted
random: random randomly predictable pseudo guessed generator
certificate: tls ssl certificate verify https
deserialise: deserialise deserialising pickle unpickling unpickle yaml loader
evaluate: eval exec executed executes evaluated
markup: html template escaping escape escaped unescaped
grammar: syntax syntaxerror colon bracket brackets quote unterminated indent
open end: closed unterminated unclosed unbalanced closing bracket parenthesis cut ends incomplete truncated middle
chat: markdown fence chat answer assistant explanation sentence introductory sentences
indentation: indent indentation dedent unindent tabs indented indentationerror
pattern: regex regexp regular pattern match
calendar: date datetime day month timezone utc naive aware
failure: error exception raise raised raises fails crashes
wrong: wrong incorrect bad invalid mistaken
remove: remove removing delete deleting deleted pop drops
change: modify modified change changed mutate mutable mutated deleting removing
copy: copy shared clone alias same
order: order sort sorted sorting scrambled lexicographic
again: retry retries again attempt backoff twice repeated
duplicate: duplicate duplicates repeated twice
web: http request requests httpx url download downloader fetch response aiohttp reply
settings: environment environ env setting settings config configuration
fallback: default fallback get
method: self method instance class
silence: swallowed swallow silenced silence suppressed ignored pass unnoticed hides
negate: inverted negated opposite reversed not
endless: recursion recursive endless infinite ever depth recursionerror
compare: compare comparing compared comparison equal equals equality
rounding: rounding rounded round precision isclose exactly
give back: return returns returned yields
log: log logging logged print debug
large: large big huge bounded
evict: cache lru evicts memoise expires
count: count frequency occurs often frequent top
serialise: json serialise serializable dump dumps xml
guard: check checking guard validated validation validate handled handling
"""
LONGEST = 2000
"""Words of a text that are looked at."""
_LACKING = "missing without forgot forgets forgetting lacks lack lacking omitted never no not nobody"
LACKING = frozenset(_LACKING.split())
"""Of what comes after these a text says that it is not there."""
LACKED = frozenset(("missing", "forgotten", "absent", "omitted", "dropped"))
"""And of what comes before these."""
REACH = 4
"""Words further on that are looked through for what is lacking."""
_TOKEN = re.compile(r"[^\W_]+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_EMPTY_WORDS = "a an the to any its your of in on at is are was were be been being and or"
_EMPTY = frozenset(_EMPTY_WORDS.split())


def concepts(text: str) -> Iterator[str]:
    """The concepts that the words of a text speak of, in order, as often as they do.

    Of an identifier its parts count, and the whole (`KeyError`: "keyerror", "key", "error"). What is said to be lacking
    is a concept more: "no await" of "forgot to await", "never awaited" and "await is missing", but not of "awaited a
    plain value".
    """
    tokens = list(islice((match[0] for match in _TOKEN.finditer(text)), LONGEST))
    for at, token in enumerate(tokens):
        yield from _of(token)
        if token in LACKING:
            yield from _first(tokens[at + 1 : at + 1 + REACH])
        if token in LACKED:
            yield from _first(tokens[max(0, at - REACH) : at][::-1])


def _first(tokens: Sequence[str]) -> tuple[str, ...]:
    return next((lacking for token in tokens if (lacking := _lacking(token)) is not None), ())


def _lacking(word: str) -> tuple[str, ...] | None:
    """What it is to lack this; None where the word says nothing of its own, and the next one may."""
    return None if word.lower() in _EMPTY else tuple(f"no {concept}" for concept in _of(word) or (stem(word.lower()),))


@lru_cache(maxsize=8192)
def _of(token: str) -> tuple[str, ...]:
    named = _BY_STEM.get(stem(token.lower()), ())
    if named or token.islower():
        return named
    parts = [_BY_STEM.get(stem(part.lower()), ()) for part in _PART.findall(token)]
    return tuple(dict.fromkeys(concept for of in parts for concept in of))


def _by_stem() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _TABLE.strip().splitlines():
        concept, _, listed = line.partition(":")
        for word in dict.fromkeys(stem(word) for word in listed.split()):
            found[word] = (*found.get(word, ()), concept)
    return found


_BY_STEM = _by_stem()
