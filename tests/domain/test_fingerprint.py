"""The identity of mistakes: what moves it, what does not, and that all versions of Python agree on it.

The failures are real: generated functions are run, and what they raise goes through `Memory.record`, detectors
included. The pure function is held to its laws with drawn values.
"""

from __future__ import annotations

import importlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from pytest_llmlearn import Memory, Occurrence
from pytest_llmlearn.domain.finding import CATEGORIES, Finding, Rule
from pytest_llmlearn.domain.fingerprint import VERSION, Fingerprint, digest, fingerprint

PATH = "app/report.py"
FORM = re.compile(re.escape(VERSION) + r":[0-9a-f]{24}")
WORDINGS = json.loads((Path(__file__).parents[1] / "data" / "wordings.json").read_text(encoding="utf-8"))
ERRORS: Mapping[str, Sequence[tuple[str, str, str]]] = WORDINGS["errors"]

# What the versions do not only word otherwise: what they raise is another class, or says less.
NOT_EQUAL = {
    "argparse.option": "ValueError became TypeError",
    "argparse.type-call": "ValueError became TypeError",
    "attribute.enum": "3.11 names the member alone, not its class",
    "attribute.unpickle-local": "AttributeError became PicklingError",
    "call.super-deleted": "RuntimeError became UnboundLocalError",
    "operand.context-async-as-sync": "3.14 says that the manager is asynchronous; before, only the source tells",
    "operand.unhashable-slice": "slices became hashable: TypeError became KeyError",
    "toml.type": "3.11 to 3.13 speak of bytes.replace, which they happened to call",
    "unittest.removed": "3.11 still had assertEquals",
    "value.random-float": "ValueError became TypeError",
    "value.random-int-float": "ValueError became TypeError",
}
# The bases of classes that only some versions have, or that are not importable by the name they show.
BASES = {
    "builtins.Failed": ("OutcomeException", "BaseException"),
    "builtins.Skipped": ("OutcomeException", "BaseException"),
    "pathlib._abc.UnsupportedOperation": ("NotImplementedError", "RuntimeError", "Exception", "BaseException"),
    "pathlib.UnsupportedOperation": ("NotImplementedError", "RuntimeError", "Exception", "BaseException"),
    "re.PatternError": ("Exception", "BaseException"),
}
# Modules of the project that stand in the way of a library's: 3.13 says so, before it we must see them.
SHADOWING = ("fractions.py", "graphlib.py", "requests.py")
AT_FAULT = {"shadow.library": "requests.py", "shadow.self": "graphlib.py"}


@dataclass(frozen=True)
class Told:
    """What the memory says of one failure."""

    exact: str
    symbol: str
    rule: str
    category: str


class Identities:
    """One memory, asked for the identity of failures."""

    def __init__(self, root: Path) -> None:
        self.memory = Memory.open(root)

    def of(self, *failures: Occurrence) -> list[Told]:
        """The four levels of each, in order."""
        found = self.memory.record(failures)
        told = {pattern.fingerprint: pattern for pattern in self.memory.patterns()}
        return [
            Told(exact, told[exact].symbol_key, told[exact].rule_id, told[exact].rule_id.partition(".")[0])
            for exact in found
        ]


@pytest.fixture(scope="module")
def identities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Identities]:
    """A memory of its own, in an empty project."""
    made = Identities(tmp_path_factory.mktemp("identities"))
    yield made
    made.memory.close()


def raised(code: str, nodeid: str = "tests/test_report.py::test_report", path: str = PATH) -> Occurrence:
    """What `report()` of this source raises, as the occurrence that would be handed in."""
    space: dict[str, object] = {"__name__": "app.report"}
    try:
        exec(compile(code, path, "exec"), space)
        space["report"]()  # type: ignore[operator]
    except Exception as error:
        place = error.__traceback__
        line = 0
        while place is not None:
            line = place.tb_lineno if place.tb_frame.f_code.co_filename == path else line
            place = place.tb_next
        return failure(type(error).__qualname__, str(error), code=code, line=line, nodeid=nodeid, path=path)
    raise AssertionError("the source raised nothing")


def failure(exception: str, message: str, **changes: object) -> Occurrence:
    """A failure handed in, laid on a function of `app/report.py`."""
    values: dict[str, object] = {
        "nodeid": "tests/test_report.py::test_report",
        "when": "call",
        "exception": exception,
        "mro": changes.get("mro") or (exception, *bases(exception)),
        "message": message,
        "path": PATH,
        "line": None,
        "function": None,
        "statement": None,
    }
    return Occurrence.from_dict({**values, **changes})


def bases(name: str) -> tuple[str, ...]:
    """The bases of a class by its dotted name, as an occurrence spells them."""
    if name in BASES:
        return BASES[name]
    module, _, short = name.rpartition(".")
    found = getattr(importlib.import_module(module or "builtins"), short)
    return tuple(
        base.__qualname__ if base.__module__ == "builtins" else f"{base.__module__}.{base.__qualname__}"
        for base in found.__mro__[1:-1]
    )


# Sources of the same mistake; `{a}` and `{b}` are the author's own names, which are no part of it.
MISTAKES = {
    "none-value": "def report():\n    {a} = None\n    for {b} in {a}:\n        print({b})\n",
    "unexpected-keyword": "import json\n\n\ndef report():\n    {a} = [1]\n    return json.dumps({a}, indents=2)\n",
    "missing-attribute": "def report():\n    {a} = [1]\n    return {a}.push(2)\n",
    "attribute-none": "import re\n\n\ndef report():\n    {a} = re.match('x', 'y')\n    return {a}.group()\n",
    "module-attribute": "import math\n\n\ndef report():\n    {a} = 3\n    return math.square({a})\n",
    "unsupported-operand": "def report():\n    {a}, {b} = 1, 'x'\n    return {a} + {b}\n",
    "undefined-name": "def report():\n    {a} = 1\n    return {a} + {b}_of\n",
    "unbound-local": "def report():\n    if not report:\n        {a} = 1\n    return {a}\n",
    "zero-division": "def report():\n    {a} = 0\n    return 1 / {a}\n",
    "invalid-literal": "def report():\n    {a} = 'n/a'\n    return int({a})\n",
    "file-not-found": "def report():\n    {a} = '/no/such/place.csv'\n    with open({a}) as {b}:\n        return {b}\n",
    "index": "def report():\n    {a} = [1]\n    return {a}[7]\n",
    "unpack": "def report():\n    {a}, {b} = [1, 2, 3]\n    return {a}\n",
    "not-callable": "def report():\n    {a} = 3\n    return {a}()\n",
    "recursion": "def report({a}=1):\n    return report({a})\n",
}
MOVED = st.sampled_from(["", "\n\n\n", "# a comment\n" * 7, "LIMIT = 3\n\n\ndef before():\n    return LIMIT\n\n\n"])
NAMES = st.from_regex(r"[a-z][a-z_]{3,12}", fullmatch=True).filter(
    lambda name: name not in ("json", "math", "print", "open", "report", "None") and not name.startswith("__")
)
QUICK = settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    # The memory is meant to be the same for every example: that it already knows a mistake must change nothing.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize("mistake", MISTAKES)
@settings(QUICK, max_examples=6)
@given(before=MOVED, after=MOVED, test=st.text(min_size=1, max_size=30))
def test_lines_that_move_and_tests_that_are_renamed_change_nothing(
    identities: Identities, mistake: str, before: str, after: str, test: str
) -> None:
    """All four levels stay, wherever the function stands and whatever test met it, run after run."""
    code = MISTAKES[mistake].format(a="rows", b="entry")
    first, again, moved = identities.of(
        raised(code), raised(code), raised(f"{before}{code}\n{after}", nodeid=f"tests/test_other.py::test_{test}")
    )
    assert first == again == moved


@pytest.mark.parametrize("mistake", MISTAKES)
@settings(QUICK, max_examples=6)
@given(a=NAMES, b=NAMES)
def test_the_authors_own_names_are_no_part_of_the_symbol_level(
    identities: Identities, mistake: str, a: str, b: str
) -> None:
    """Other variables, the same mistake one level up."""
    assume(a != b)
    first, renamed = identities.of(
        raised(MISTAKES[mistake].format(a="rows", b="entry")), raised(MISTAKES[mistake].format(a=a, b=b))
    )
    assert (first.symbol, first.rule, first.category) == (renamed.symbol, renamed.rule, renamed.category)


def test_different_mistakes_are_different_at_every_level_above_the_rule(identities: Identities) -> None:
    """No two of the sources share an exact identity or a symbol level."""
    found = identities.of(*(raised(code.format(a="rows", b="entry")) for code in MISTAKES.values()))
    assert len({told.exact for told in found}) == len({told.symbol for told in found}) == len(MISTAKES)
    assert "runtime.unknown" not in {told.rule for told in found}


TEMPORARY = st.one_of(
    st.from_regex(r"/tmp/tmp[a-z0-9_]{7}[0-9]", fullmatch=True),
    st.from_regex(r"/tmp/pytest-of-[a-z]{3,8}/pytest-[0-9]{1,4}/test_[a-z]{3,9}[0-9]", fullmatch=True),
    st.from_regex(r"/var/folders/[a-z0-9]{2}/[a-z0-9]{20}/T/tmp[a-z0-9_]{7}[0-9]", fullmatch=True),
    st.from_regex(r"/home/[a-z]{3,8}/work/[a-z]{3,8}", fullmatch=True),
    st.from_regex(r"/Users/[a-z]{3,8}/Code/[a-z]{3,8}", fullmatch=True),
    st.from_regex(r"/builds/[a-z]{3,8}/[a-z]{3,8}", fullmatch=True),
    st.from_regex(r"[CD]:\\Users\\[a-z]{3,8}\\AppData\\Local\\Temp\\tmp[a-z0-9_]{7}[0-9]", fullmatch=True),
)


@QUICK
@given(one=TEMPORARY, other=TEMPORARY, quoted=st.booleans())
@example(one="/home/robin/work/shop", other="/builds/shop/shop", quoted=True)
@example(one="/root/shop", other="/tmp/shop/x", quoted=False)
def test_a_folder_by_another_name_changes_nothing(identities: Identities, one: str, other: str, quoted: bool) -> None:
    """A temporary folder, somebody's home, the folder of a build: the file's own name stays."""

    def in_folder(folder: str) -> Occurrence:
        place = folder + ("\\" if ":" in folder else "/") + "users.csv"
        shown = repr(place).replace("\\\\", "\\") if quoted else place
        return failure("FileNotFoundError", f"[Errno 2] No such file or directory: {shown}")

    first, second = identities.of(in_folder(one), in_folder(other))
    assert first == second
    assert first != identities.of(failure("FileNotFoundError", "[Errno 2] No such file or directory: 'prices.csv'"))[0]


@QUICK
@given(
    numbers=st.lists(st.integers(), min_size=2, max_size=2),
    ids=st.lists(st.uuids(), min_size=2, max_size=2),
    at=st.lists(st.integers(0x7F0000000000, 0x7FFFFFFFFFFF), min_size=2, max_size=2),
    days=st.lists(st.datetimes(), min_size=2, max_size=2),
)
def test_numbers_addresses_and_dates_change_nothing(
    identities: Identities, numbers: list[int], ids: list[object], at: list[int], days: list[object]
) -> None:
    """What is drawn anew in every run is no part of the mistake."""
    first, second = identities.of(
        *(
            failure("ValueError", f"row {number}: no user {uuid} in <app.Store object at {hex(place)}> since {day}")
            for number, uuid, place, day in zip(numbers, ids, at, days, strict=True)
        )
    )
    assert first == second


@pytest.mark.parametrize(
    ("call", "texts"),
    [
        ("int({text!r})", ("n/a", "", "it's 7", "7.5", '"')),
        ("float({text!r})", ("n/a", "1,5", "")),
        ("datetime.strptime({text!r}, '%Y-%m-%d')", ("today", "1/2/2026")),
        ("datetime.fromisoformat({text!r})", ("today", "it is noon")),
        ("Fraction({text!r})", ("a half", "'")),
        ("ip_address({text!r})", ("localhost", "10.0.0")),
    ],
)
def test_texts_that_cannot_be_read_are_one_mistake(identities: Identities, call: str, texts: tuple[str, ...]) -> None:
    """The text is the test's own: a function that stumbles over five of them is wrong in one way."""
    head = "from datetime import datetime\nfrom fractions import Fraction\nfrom ipaddress import ip_address\n\n\n"
    found = identities.of(*(raised(f"{head}def report():\n    return {call.format(text=text)}\n") for text in texts))
    assert len(set(found)) == 1


UNITS = """\
def double(n):
    return n + n


def triple(n):
    return n + n


class Sum:
    def of(self):
        pass
"""


def test_a_failed_assertion_is_told_by_its_unit_and_its_kind(identities: Identities) -> None:
    """Other values of one kind are one mistake; another unit, another file or another kind is another."""

    def failed(message: str, line: int, path: str = PATH) -> Occurrence:
        return failure("AssertionError", message, code=UNITS, line=line, path=path)

    first, value, triple, method, file, kind = identities.of(
        failed("assert 5 == 60", 2),
        failed("assert 7 == 90", 2),
        failed("assert 5 == 60", 6),
        failed("assert 5 == 60", 11),
        failed("assert 5 == 60", 2, "app/other.py"),
        failed("assert None == 60", 2),
    )
    assert first == value
    assert len({told.exact for told in (first, triple, method, file, kind)}) == 5
    assert first.symbol == kind.symbol
    assert len({told.symbol for told in (first, triple, method, file)}) == 4


# The pure function ------------------------------------------------------------------------------------------------

NO_LESSON = {"severity": "major", "meaning": "", "lesson": "", "plain": ""}
RULES = [Rule(rule_id=f"{category}.{name}", **NO_LESSON) for category in CATEGORIES for name in ("a", "b")]  # type: ignore[arg-type]
MESSAGES = st.one_of(
    st.text(max_size=80),
    st.sampled_from(["name 'x' is not defined", "'int' object is not iterable", "no row", ""]),
    # Longer than what is looked at: such messages begin alike and end differently.
    st.builds(
        lambda word, tail: f"{word} " * 30 + tail,
        st.sampled_from(["'quoted'", "because of it"]),
        st.sampled_from(["", "'a' and 'b'", "end()", "'open", "/tmp/x/y.csv"]),
    ),
)
FINDINGS = st.builds(
    lambda rule, symbols, decides, kind: Finding(
        rule=rule, symbols=tuple(symbols), unit_decides=decides, fields={"kind": kind}
    ),
    st.sampled_from(RULES),
    st.lists(st.sampled_from(["json.dumps", "numpy.asscalar", "a.b"]), max_size=2, unique=True),
    st.booleans(),
    st.sampled_from(["value", "type"]),
)
EXCEPTIONS = st.sampled_from(["TypeError", "ValueError", "re.error", "re.PatternError", "app.Own"])
SEEN = st.tuples(FINDINGS, EXCEPTIONS, MESSAGES, st.sampled_from(["", "app:f", "app:g"]))


@settings(QUICK, max_examples=40)
@given(st.lists(SEEN, min_size=6, max_size=12))
def test_each_level_is_coarser_than_the_one_before(
    seen: list[tuple[Finding, str, str, str]],
) -> None:
    """Equal at one level is equal at all coarser ones, whatever the messages."""
    # Each finding with each message, so that there is something to be equal.
    found = [
        fingerprint(finding, exception, message, unit)
        for finding, exception, _, unit in seen
        for _, _, message, _ in seen
    ]
    for finer, coarser in (("exact", "symbol"), ("symbol", "rule"), ("rule", "category")):
        joined = defaultdict(set)
        for each in found:
            joined[getattr(each, finer)].add(getattr(each, coarser))
        assert all(len(values) == 1 for values in joined.values()), finer
    assert all(FORM.fullmatch(each.exact) and FORM.fullmatch(each.symbol) for each in found)
    assert all(str(each) == each.exact and each.rule.partition(".")[0] == each.category for each in found)


def test_long_messages_that_begin_alike_are_equal_at_every_level() -> None:
    """The exact text is cut, so the coarser level must not look behind the cut."""
    finding = Finding(rule=RULES[0])
    head = "no column 'of some length' in it, " * 8
    first, second = (fingerprint(finding, "ValueError", head + tail) for tail in ("in 'users'", "but another"))
    assert first == second


@settings(QUICK, max_examples=60)
@given(finding=FINDINGS, exception=EXCEPTIONS, message=MESSAGES, unit=st.sampled_from(["app:f", "app:g"]))
def test_rules_symbols_exceptions_and_units_tell_mistakes_apart(
    finding: Finding, exception: str, message: str, unit: str
) -> None:
    """Whatever the message: what makes it that mistake is in its identity."""

    def of(rule: Rule, symbols: tuple[str, ...], raised_as: str, where: str) -> Fingerprint:
        changed = Finding(rule=rule, symbols=symbols, fields=finding.fields, unit_decides=finding.unit_decides)
        return fingerprint(changed, raised_as, message, where)

    same = of(finding.rule, finding.symbols, exception, unit)
    assert same == fingerprint(finding, exception, message, unit)
    assert same == of(finding.rule, finding.symbols[::-1], exception, unit)
    other_rule = next(rule for rule in RULES if rule is not finding.rule and rule.category == finding.category)
    ruled = of(other_rule, finding.symbols, exception, unit)
    assert ruled.exact != same.exact and ruled.symbol != same.symbol and ruled.category == same.category
    assert of(finding.rule, finding.symbols, "KeyError", unit).exact != same.exact
    named = of(finding.rule, (*finding.symbols, "requests.get"), exception, unit)
    moved = of(finding.rule, finding.symbols, exception, f"{unit}.inner")
    told_by_unit = finding.unit_decides
    assert (named.exact == same.exact) is (named.symbol == same.symbol) is told_by_unit
    assert (moved.exact == same.exact) is (moved.symbol == same.symbol) is not told_by_unit


@settings(QUICK, max_examples=100)
@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
@example(["a\0b"], ["a", "b"])
@example(["a\\0b"], ["a\0b"])
@example(["\ud800"], ["?"])
@example(["a", ""], ["a"])
def test_a_digest_is_of_the_parts_and_not_of_their_sum(one: list[str], other: list[str]) -> None:
    """No part can pass for two, whatever characters it holds."""
    assume(one and other)
    assert (digest(*one) == digest(*other)) is (one == other)


def test_a_class_by_its_old_name_is_the_same_class() -> None:
    """`re.error` and `re.PatternError` are one; so are the private and the public home of a class."""
    finding = Finding(rule=RULES[0])
    assert fingerprint(finding, "re.error", "x") == fingerprint(finding, "re.PatternError", "x")
    assert fingerprint(finding, "builtins.TypeError", "x") == fingerprint(finding, "TypeError", "x")


# Python 3.11 to 3.14 ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def over_versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[str, str]]]:
    """For each measured error, the exact fingerprint and the rule of each wording, through the whole pipeline."""
    root = tmp_path_factory.mktemp("versions")
    for name in SHADOWING:
        (root / name).write_text("", encoding="utf-8")
    rows = [(key, name, message) for key, wordings in ERRORS.items() for _, name, message in wordings]
    with Memory.open(root) as memory:
        found = memory.record(
            [
                failure(
                    name.removeprefix("builtins."),
                    message,
                    mro=(name.removeprefix("builtins."), *bases(name)),
                    path=AT_FAULT.get(key, PATH),
                )
                for key, name, message in rows
            ]
        )
        rules = {pattern.fingerprint: pattern.rule_id for pattern in memory.patterns()}
    joined: dict[str, list[tuple[str, str]]] = {}
    for (key, _, _), exact in zip(rows, found, strict=True):
        joined.setdefault(key, []).append((exact, rules[exact]))
    return joined


def test_every_version_gives_one_fingerprint(over_versions: dict[str, list[tuple[str, str]]]) -> None:
    """However Python or pytest words it, the whole pipeline sees one mistake, but for the list; and that is honest."""
    assert {key for key, found in over_versions.items() if len(set(found)) > 1} == NOT_EQUAL.keys()


def test_far_more_than_thirty_changed_wordings_are_one_mistake(
    over_versions: dict[str, list[tuple[str, str]]],
) -> None:
    """Of the errors of Python itself, measured on all four versions, whose words differ beyond numbers and paths."""
    pythons = {"3.11", "3.12", "3.13", "3.14"}
    varying = re.compile(r"0x[0-9a-f]+|\d+|'?/[^ ']+'?")
    changed = [
        key
        for key, wordings in ERRORS.items()
        if pythons <= {version for versions, _, _ in wordings for version in versions.split()}
        and len({varying.sub("#", message) for _, _, message in wordings}) > 1
        and len(set(over_versions[key])) == 1
    ]
    assert len(changed) >= 100
    assert not {rule for key in changed for _, rule in over_versions[key]} <= {"runtime.unknown"}


def test_the_source_tells_an_asynchronous_manager_where_the_message_does_not(identities: Identities) -> None:
    """What 3.14 says in words, the class in the file says on every version."""
    code = (
        "class Session:\n    async def __aenter__(self):\n        return self\n\n"
        "    async def __aexit__(self, *error):\n        return None\n\n\n"
        "def report():\n    with Session() as session:\n        return session\n"
    )
    plain = "'Session' object does not support the context manager protocol"
    said = (
        f"{plain} (missed __exit__ method) but it supports the asynchronous context manager protocol. "
        "Did you mean to use 'async with'?"
    )
    older, newer = identities.of(*(failure("TypeError", text, code=code, line=10) for text in (plain, said)))
    assert older == newer
    assert older.rule == "async.sync-context-manager-on-async"
