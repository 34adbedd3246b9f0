"""Matchers as Semgrep rules: found by Semgrep itself where they fire, and nowhere else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.semgrep.rule_tests import SemgrepRuleTests
from pytest_llmlearn.domain.fix import Fix
from pytest_llmlearn.domain.graduation import Graduate, graduate
from pytest_llmlearn.domain.lesson import Lesson
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.domain.pattern import Pattern
from pytest_llmlearn.domain.rule_file import RuleFile
from pytest_llmlearn.domain.rule_formula import fired, formula
from tests.builders import at
from tests.fake_matchers import a_matcher

SEMGREP = shutil.which("semgrep", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
MAPPING = {
    "pattern": "row['...']", "either": ["row.get(...)", "$_ in row"], "inside": "load", "raises": "TypeError",
    "unless": ["isinstance(row, ...)", "hasattr(row, ...)"],
}  # fmt: skip
METHOD = {"pattern": "row[$X]", "inside": "Store.load", "raises": "IndexError"}
SHAPES: dict[str, dict[str, Any]] = {"mapping": MAPPING, "method": METHOD}
FIX = Fix(
    fingerprint="1:a", digest="b2:1", bad="    name = row['name']\n    return name",
    good="    name = row.name if hasattr(row, 'name') else row['name']\n    return name",
    signature="def load(row):", verified=1,
)  # fmt: skip
CODE = """
def load(row):
    return row['name']

def load(row):
    if 'name' in row:
        return row.get('name')
    try:
        return row['other']
    except (KeyError, TypeError) as error:
        pass
    else:
        pass
    finally:
        pass

def load(row):
    match row:
        case _ if isinstance(row, dict):
            return row['name']

def load(row, other):
    with open(hasattr(row, 'a')):
        return row['name']

def save(row):
    return row['name']

class Store(Base):
    async def load(self, row):
        x = row[1]
        try:
            return row[2]
        except ValueError:
            return row[3]

    def other(self, row):
        def load(row):
            return row[4]

class Shelf:
    class Store:
        def load(self, row):
            return row[5]

    def load(self, row):
        return row[6]
"""


def shape(name: str, **changes: Any) -> Matcher:
    return a_matcher(body={**SHAPES[name], **changes}, atoms=frozenset())


def api(**body: Any) -> Matcher:
    return a_matcher(kind="api", body=body, atoms=frozenset(), origin="pattern")


def ruled(matcher: Matcher, number: int, *fixes: Fix) -> Graduate | str:
    pattern = Pattern(
        fingerprint=f"1:abc{number}", symbol_key="", rule_id=f"r{number}", category="type", severity="major",
        exception="TypeError", message="", lesson="", frequency=3, raw_count=3, state="enforced", first_seen=at(1),
        last_seen=at(2),
    )  # fmt: skip
    lesson = Lesson(rule_id=pattern.rule_id, when="", instead="Ask first.", because="It fails.", standing="")
    return graduate(pattern, matcher, lesson, fixes)


@pytest.mark.skipif(SEMGREP is None, reason="Semgrep is not installed")
@pytest.mark.slow
def test_a_rule_is_silent_wherever_its_matcher_is(tmp_path: Path) -> None:
    """Guards, handlers of the exception, other functions and classes of the same name; and it finds what is plain."""
    matchers = [shape("mapping"), shape("method")]
    blocks = []
    for number, matcher in enumerate(matchers):
        what = formula(matcher)
        assert not isinstance(what, str)
        head = f"  - id: r{number}\n    languages: [python]\n    severity: INFO\n    message: m\n"
        blocks.append(("", head + "\n".join(what.lines()) + "\n"))
    (tmp_path / "rules.yml").write_text(RuleFile(blocks=tuple(blocks)).text())
    (tmp_path / "code.py").write_text(CODE)
    command = [str(SEMGREP), "scan", "--metrics=off", "--disable-version-check", "--json", "--config", "rules.yml"]
    done = subprocess.run([*command, "code.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert not told["errors"]
    for number, (matcher, plain) in enumerate(zip(matchers, ({3, 6, 7}, {31}), strict=True)):
        found = {each["start"]["line"] for each in told["results"] if each["check_id"].endswith(f"r{number}")}
        assert plain <= found <= fired(matcher, CODE)


@pytest.mark.skipif(SEMGREP is None, reason="Semgrep is not installed")
@pytest.mark.slow
def test_the_rules_pass_their_own_tests() -> None:
    """Shapes by a fix; what does not exist by its name, tried, asked for and set elsewhere."""
    made = [
        ruled(shape("mapping"), 0, FIX),
        ruled(api(what="module", module="nomod"), 1),
        ruled(api(what="name", module="numpy", name="bool"), 2, FIX),
        ruled(api(what="keyword", callable="skimage.feature.peak", keyword="indices"), 3),
    ]
    rules = [one for one in made if isinstance(one, Graduate)]
    assert len(rules) == len(made), made
    assert SemgrepRuleTests(os.environ, str(SEMGREP)).failing(rules) == {}


@pytest.mark.parametrize(
    "matcher",
    [
        api(what="name", any=True),
        api(what="member", **{"class": "dict", "name": "has_key"}),
        api(what="keyword", callable="Image.rotate", keyword="grow"),
        api(what="keyword", callable="rotate", keyword="grow"),
        shape("mapping", unless=["$X in row"]),
        shape("method", inside="A.B.load"),
        shape("method", pattern="$X"),
    ],
)
def test_what_semgrep_cannot_say_is_left_out(matcher: Matcher) -> None:
    """In a sentence."""
    told = ruled(matcher, 0, FIX)
    assert isinstance(told, str) and " " in told
