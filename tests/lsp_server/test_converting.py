"""What was learned, as clients take it: diagnostics, words, flaws, names, options, questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from lsp_server.convert_diagnostics import Terms, message_of, result_id, to_diagnostic, to_diagnostics
from lsp_server.convert_edits import Abilities, is_wanted, to_action, to_workspace_edit
from lsp_server.convert_flaws import still_there
from lsp_server.convert_guidance import from_arguments
from lsp_server.convert_words import fenced, lens_title, lenses, markdown, plain
from lsp_server.looks import Look, Seen, told_once
from lsp_server.options import given as options_given
from lsp_server.options import settings_with
from lsp_server.symbols import imports_of, symbols_at, units_of
from pytest_llmlearn.domain.flaw import Flaw, placed
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.domain.matcher import Matcher, Sighting
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.tree import Span
from tests.builders import at

ROOT = Path("/project")
PATTERN = Pattern(
    fingerprint="1:aaaa", symbol_key="s", rule_id="runtime.key", category="runtime", severity="major",
    exception="KeyError", message="'total'", lesson="Use get.", frequency=3, raw_count=4, state="active",
    first_seen=at(0), last_seen=at(1), models=("gpt-4o",), path="shop.py", line=5, unit="shop:Order.total",
)  # fmt: skip
LESSON = Lesson(
    rule_id="runtime.key", when="", instead="Use get.", because="a key was read that is not there",
    standing="seen 3 times", bad="order['total']", good="order.get('total')",
)  # fmt: skip


def seen(**changes: Any) -> Seen:
    """A learned mistake in the first line, characters 4 to 9."""
    pattern = replace(PATTERN, **changes)
    matcher = Matcher(fingerprint="1:aaaa", rule_id=pattern.rule_id, kind="shape", body={"pattern": "$X['total']"})
    span = Span(1, 4, 1, 9)
    return Seen(sighting=Sighting(matcher=matcher, span=span, confidence=0.9, why="…"), pattern=pattern, lesson=LESSON)


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ("critical", types.DiagnosticSeverity.Warning),
        ("major", types.DiagnosticSeverity.Warning),
        ("minor", types.DiagnosticSeverity.Information),
    ],
)
def test_no_lesson_is_an_error(severity: str, expected: types.DiagnosticSeverity) -> None:
    """The code may be right."""
    assert to_diagnostic(seen(severity=severity), ["x = order['total']"], ROOT, Terms()).severity == expected


def test_a_message_says_what_and_instead_and_how_often() -> None:
    """On one line; what a shape was recognised by is no words for people."""
    assert message_of(seen()) == "A key was read that is not there. Use get (seen 3 times, by gpt-4o)."


def test_a_message_names_what_stands_there() -> None:
    """The lesson says it where it is the very mistake; of another one of its kind, the lesson's names are not those."""
    body = {"what": "attribute", "module": "statistics", "name": "average"}
    matcher = Matcher(fingerprint="1:aaaa", rule_id="runtime.key", kind="api", body=body)
    very = replace(seen().sighting, matcher=matcher, why="`statistics` has no `average`")
    assert message_of(replace(seen(), sighting=very)) == "Use get (seen 3 times, by gpt-4o)."
    other = replace(very, matcher=replace(matcher, body={"what": "attribute", "any": True}), why="`json` has no `dmp`")
    expected = "`json` has no `dmp`. A key was read that is not there (seen 3 times, by gpt-4o)."
    assert message_of(replace(seen(), sighting=other)) == expected


def test_tags_and_related_places_are_for_clients_that_know_them() -> None:
    """Others get a diagnostic without."""
    gone = seen(rule_id="import.removed-name")
    told = to_diagnostic(gone, ["x"], ROOT, Terms(related=True, tags=frozenset({types.DiagnosticTag.Deprecated})))
    assert told.tags == [types.DiagnosticTag.Deprecated]
    (before,) = told.related_information or ()
    assert (before.location.uri, before.location.range.start.line) == ("file:///project/shop.py", 4)
    bare = to_diagnostic(gone, ["x"], ROOT, Terms())
    assert bare.tags is None and bare.related_information is None


def test_equal_diagnostics_have_one_name() -> None:
    """By which a client is spared what it has."""
    one, other = seen(), seen(frequency=4)
    lines = ["x = order['total']"]
    assert result_id([to_diagnostic(one, lines, ROOT, Terms())]) == result_id(
        [to_diagnostic(one, lines, ROOT, Terms())]
    )
    assert result_id([to_diagnostic(one, lines, ROOT, Terms())]) != result_id(
        [to_diagnostic(other, lines, ROOT, Terms())]
    )


FLAW = Flaw(
    path="db.py", line=2, end_line=2, check="sql-built-from-parts", category="security", severity="critical",
    confidence="medium", message="SQL is built.", fix="Use parameters.", column=5, end_column=8,
)  # fmt: skip


def test_what_a_scan_found_follows_its_line() -> None:
    """As long as the line is there as it was; then it is told no more."""
    text = "import db\nrun(a + b)\n"
    flaw = placed(FLAW, text, in_test=False, partial=False)
    assert still_there([flaw], text.split("\n")) == [flaw]
    (moved,) = still_there([flaw], ["import db", "", "", "  run(a  + b)"])
    assert (moved.line, moved.end_line) == (4, 4)
    assert still_there([flaw], ["import db", "run(a, b)"]) == []


def test_a_mistake_that_scan_and_look_both_see_is_told_once() -> None:
    """By its rule and its line."""
    flaw = replace(FLAW, line=1, end_line=1)
    look = Look(serial=0, version=1, path="db.py", lines=["run(a + b)"], text="run(a + b)", seen=(seen(),))
    same = replace(look, seen=(seen(rule_id="security.sql-built-from-parts"),))
    assert len(to_diagnostics(look, [flaw], ROOT, Terms())) == 2
    assert len(to_diagnostics(same, [flaw], ROOT, Terms())) == 1


@given(code=st.text(alphabet="`~a\n", max_size=30))
def test_code_cannot_end_its_fence(code: str) -> None:
    """Whatever was written into a test."""
    first, *inside, last = fenced(code).split("\n")
    assert first == f"{last}python" and not any(line.strip().startswith(last) for line in inside)


def test_a_lesson_is_escaped_for_markdown_and_plain_for_others() -> None:
    """A message of a test must not become a link or a heading."""
    nasty = replace(LESSON, because="see [here](http://x) <b>*now*</b> # `x`")
    told = markdown(PATTERN, nasty)
    assert "[here](" not in told and "<b>" not in told and "order.get('total')" in told
    assert "see [here](http://x)" in plain(PATTERN, nasty)
    for address in ("http://evil.example", "HTTPS://evil.example", "www.evil.example", "a@evil.example"):
        assert address not in markdown(PATTERN, replace(LESSON, because=address))  # editors make links of them


def test_lenses_stand_over_what_is_still_there() -> None:
    """Each function once, however many mistakes; what is gone has none."""
    again = replace(PATTERN, fingerprint="1:bbbb", frequency=1)
    gone = replace(PATTERN, unit="shop:removed")
    (lens,) = lenses([PATTERN, again, gone], {"Order": 1, "Order.total": 2})
    assert (lens.line, lens.title) == (1, "2 past mistakes of generated code here, 1 recurring")
    assert lens_title([again]) == "1 past mistake of generated code here"


BROKEN = (
    "import numpy as np\nfrom os import (path)\nclass A:\n    async def f(self):\n        return np.array(\ndef g(:\n"
)


def test_names_are_found_in_code_that_is_being_written() -> None:
    """By the lines alone, where it does not parse."""
    assert units_of(BROKEN) == {"A": 3, "A.f": 4, "g": 6}
    assert dict(imports_of(BROKEN)) == {"np": "numpy", "path": "os.path"}
    whole = "import numpy as np\nclass A:\n    def f(self): ...\n"
    assert units_of(whole) == {"A": 2, "A.f": 3}


@pytest.mark.parametrize(
    ("pointed", "expected"),
    [
        ("return n|p.linalg.norm(x, x.shape)", ("numpy",)),
        ("return np.lin|alg.norm(x, x.shape)", ("numpy.linalg",)),
        ("return np.linalg.nor|m(x, x.shape)", ("numpy.linalg.norm",)),
        ("return np.linalg.norm(x, x.sha|pe)", ("x.shape", "shape")),
        ("return np.linalg.norm(x,| x.shape)", ()),
    ],
)
def test_the_name_under_the_pointer_is_the_part_up_to_it(pointed: str, expected: tuple[str, ...]) -> None:
    """With what its import stands for; between names there is none."""
    line = pointed.replace("|", "")
    found, span = symbols_at(f"import numpy as np\n{line}", line, 1, pointed.index("|"))
    assert found == expected
    assert span.line == 2


def test_options_are_settings_wherever_they_come_from(tmp_path: Path) -> None:
    """As the section or holding it; null is nothing, and the editor's own keys are its own."""
    assert options_given({"llmlearn": {"limit": 3, "trace": {"server": "off"}, "budget": None}}) == {"limit": 3}
    assert options_given({"limit": 2}) == {"limit": 2}
    assert options_given(None) == options_given([1]) == options_given("x") == {}
    settings, wrong = settings_with(tmp_path, {}, {"limit": 3, "lmit": 4, "threshold": "high", "lsp-debounce-ms": 7})
    assert (settings.limit, settings.lsp_debounce_ms) == (3, 7)
    assert len(wrong) == 2 and "did you mean 'limit'?" in wrong[0] and "threshold must be" in wrong[1]


def test_a_project_whose_settings_are_wrong_is_served_with_the_editors(tmp_path: Path) -> None:
    """And a person is told."""
    (tmp_path / "pyproject.toml").write_text("[tool.llmlearn]\nlimit = 'many'\n")
    settings, (wrong,) = settings_with(tmp_path, {}, {"budget": 7})
    assert (settings.limit, settings.budget) == (5, 7) and "pyproject.toml" in wrong


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((1,), "the text is a number"),
        (("x", 2), "the file's URI is a number"),
        (("x", None, None, None, None), "4 arguments"),
        (({"text": "x", "limit": True},), "limit must be"),
        (({"text": "x", "budget": -1},), "budget must be"),
        (({"text": "x", "threshold": 2},), "threshold must be"),
        (({"text": "x", "style": "loud"},), "one of text, context, prompt, markdown"),
        (({"text": "x", "textDocument": "u"},), "textDocument must be an object"),
        (({"text": "x", "range": 3},), "range must be an object"),
        (({"txet": "x"},), "no key 'txet'"),
    ],
)
def test_a_question_that_cannot_be_asked_says_why(arguments: tuple[Any, ...], told: str) -> None:
    """In one sentence."""
    with pytest.raises(JsonRpcInvalidParams, match=told):
        from_arguments(arguments)


def test_a_question_is_plain_strings_or_an_object() -> None:
    """Those of before go on."""
    plainly = from_arguments(("total", "file:///a.py", "gpt-4o", "context"))
    asked = {"text": "total", "textDocument": {"uri": "file:///a.py"}, "model": "gpt-4o", "style": "context"}
    assert plainly == from_arguments((asked,))
    assert from_arguments(()).text == ""


def test_edits_and_actions_are_what_the_client_can_take() -> None:
    """Versions, literals and kinds are asked of what it said of itself."""
    edit = types.TextEdit(types.Range(types.Position(0, 0), types.Position(0, 1)), "x")
    assert to_workspace_edit("u", 3, [edit], Abilities()).changes == {"u": [edit]}
    (change,) = to_workspace_edit("u", 3, [edit], Abilities(versions=True)).document_changes or ()
    assert isinstance(change, types.TextDocumentEdit) and change.text_document.version == 3
    assert isinstance(to_action("t", "c", {}, [], Abilities()), types.Command)
    assert isinstance(to_action("t", "c", {}, [], Abilities(literals=True)), types.CodeAction)
    assert is_wanted(None) and is_wanted([""]) and is_wanted([types.CodeActionKind.QuickFix])
    assert not is_wanted(["source"]) and not is_wanted(["quickfix.more"]) and not is_wanted([])


def test_what_many_patterns_see_at_large_is_told_once() -> None:
    """And not at all where a matcher of the very mistake tells it; elsewhere in the line it is."""
    large, named = {"what": "name", "any": True}, {"what": "name", "module": "numpy", "name": "float"}

    def sighted(fingerprint: str, body: dict[str, Any], column: int, why: str) -> Sighting:
        matcher = Matcher(fingerprint=fingerprint, rule_id="import.missing-name", kind="api", body=body)
        return Sighting(matcher=matcher, span=Span(1, column, 1, column + 8), confidence=0.6, why=why)

    float_, bool_ = "`numpy` has no `float`", "`numpy` has no `bool`"
    found = [
        sighted("a", large, 4, float_), sighted("b", named, 4, float_), sighted("c", large, 4, float_),
        sighted("a", large, 20, bool_), sighted("c", large, 20, bool_),
    ]  # fmt: skip
    assert [(one.matcher.fingerprint, one.span.column) for one in told_once(found)] == [("b", 4), ("a", 20)]
