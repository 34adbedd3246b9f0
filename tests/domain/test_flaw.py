"""What a rule found: its names, its place, and how it is told again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_llmlearn.domain import flaw as flaws
from pytest_llmlearn.domain.flaw import Flaw, placed, symbols_at

TEXT = """\
import numpy as np
from flask import request
import pickle


class Shop:
    def find(self, cursor):
        return pickle.loads(request.get_data()), cursor.execute("x".format(1)), np.load("a")
"""


def a_flaw(**changes: object) -> Flaw:
    values: dict[str, object] = {
        "path": "app.py", "line": 8, "end_line": 8, "check": "object-from-bytes", "category": "security",
        "severity": "critical", "confidence": "high", "message": "Bytes are unpickled.", "fix": "json.loads.",
    }  # fmt: skip
    return Flaw(**{**values, **changes})  # type: ignore[arg-type]


def test_symbols_have_the_names_that_they_have_everywhere() -> None:
    """What is imported is named in full, a method by itself; what stands in all code tells nothing."""
    assert symbols_at(TEXT, 8, 8) == ("pickle.loads", "execute", "numpy.load", "flask.request.get_data")
    assert symbols_at(TEXT, 1, 3) == ()
    assert symbols_at("def (", 1, 1) == ()


@pytest.mark.parametrize(
    ("above", "comment", "silenced"),
    [
        ("", "# nosemgrep", True),
        ("", "# NOSEM: object-from-bytes", True),
        ("", "# nosemgrep: security.object-from-bytes", True),
        ("", "# nosemgrep: other, security.object-from-bytes -- ours", True),
        ("", "# noqa: S301  # nosemgrep: rules.of.mine.object-from-bytes", True),
        ("", "# nosemgrep: security.other", False),
        ("", "# nosemgrepping is no word for it", False),
        ("# nosemgrep: security.object-from-bytes", "", True),
        ("x = 1  # nosemgrep", "", False),
        ("", "", False),
    ],
)
def test_a_finding_is_silenced_by_the_name_that_is_printed(above: str, comment: str, silenced: bool) -> None:
    """As by the one that Semgrep has for its rule, by all of them, or in a comment right above."""
    text = f"{above}\nload(data)  {comment}\n"
    assert flaws.is_silenced(a_flaw(line=2, end_line=2), text) is silenced


def test_the_category_stands_before_the_rule_once() -> None:
    """As detectors name theirs."""
    assert a_flaw().rule_id == "security.object-from-bytes"
    static = a_flaw(category="async", check="async-sleeps-blocking")
    assert (static.rule_id, static.source) == ("async.sleeps-blocking", "static")


def test_an_id_names_the_place_and_no_test() -> None:
    """Path, function and rule; the path can be read back."""
    found = placed(a_flaw(), TEXT, in_test=False, partial=False)
    assert found.nodeid == "scan:app.py::Shop.find[security.object-from-bytes]"
    assert flaws.is_of_scan(found.nodeid) and not flaws.is_of_scan("tests/test_a.py::test_b")
    assert flaws.path_of(found.nodeid) == "app.py"


def test_a_line_is_told_by_its_text_wherever_it_stands() -> None:
    """Moved or indented it is the same; another line, or another rule, is another."""
    found = placed(a_flaw(), TEXT, in_test=False, partial=False)
    moved = placed(a_flaw(line=9), f"\n{TEXT}", in_test=False, partial=False)
    other = placed(a_flaw(check="other"), TEXT, in_test=False, partial=False)
    assert found.mark == moved.mark != other.mark
    assert placed(a_flaw(line=99, end_line=120), TEXT, in_test=False, partial=False).end_line <= 99


def test_as_many_are_left_out_as_were_accepted() -> None:
    """A second one of the same text is new."""
    found = placed(a_flaw(), TEXT, in_test=False, partial=False)
    twin = replace(found, line=9)
    assert flaws.without([found, twin], {found.key: 1}) == (twin,)
    assert flaws.without([found], {}) == (found,)


def test_it_survives_being_written_down() -> None:
    """What is read back is what was written."""
    found = placed(a_flaw(cwe=("CWE-502",)), TEXT, in_test=True, partial=True)
    assert Flaw.from_dict({**found.to_dict(), "cwe": ["CWE-502"], "symbols": list(found.symbols)}) == found


def test_a_fix_with_braces_is_a_lesson_as_it_stands() -> None:
    """A rule's sentence is no template."""
    rule = a_flaw(fix='format_html("<b>{}</b>", value)').rule
    assert rule.lesson.format_map({}) == 'format_html("<b>{}</b>", value)'
