"""Rules that enforce what was learned: exported, used by a scan, told no more, and taken back."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn.adapters.learned_rules import NAME
from pytest_llmlearn.adapters.sqlite_store import SqliteStore
from pytest_llmlearn.bootstrap import Memory, parts
from pytest_llmlearn.domain.fix import Fix, Healing
from pytest_llmlearn.domain.guidance import Query
from pytest_llmlearn.domain.matcher import Matcher
from pytest_llmlearn.entrypoints.cli import main
from pytest_llmlearn.settings import Settings
from tests.builders import a_run, an_entry, at

SEMGREP = shutil.which("semgrep", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
ROTATE = Fix(
    fingerprint="1:aaaa1111",
    digest="b2:f1",
    bad="turned = image.rotate(degrees, expand=True)",
    good="turned = image.rotate(degrees)",
    signature="def turn(image, degrees):",
    difference="`image.rotate(degrees, expand=True)` became `image.rotate(degrees)`",
)
AWAIT = Fix(
    fingerprint="1:bbbb2222",
    digest="b2:f2",
    bad="user = client.fetch_user(name)",
    good="user = await client.fetch_user(name)",
    signature="async def user_of(client, name):",
    difference="await was added",
)
ODD = Fix(
    fingerprint="1:cccc3333",
    digest="b2:f3",
    bad="total = width + height",
    good="total = width * height",
    signature="",
    difference="`width + height` became `width * height`",
)


def learn(root: Path, *fixes: Fix) -> None:
    store = SqliteStore(root)
    store.record(a_run(), [an_entry(fix.fingerprint, unit=f"m:{fix.digest}") for fix in fixes])
    store.fixes().note(
        time=at(5),
        healings=[
            Healing(
                occurrence=None, fingerprint=fix.fingerprint, nodeid="t.py::t", unit=f"m:{fix.digest}", verdict="fix",
                reason="", time=at(5), red_hash="h1", green_hash="h2", fix=fix,
            )
            for fix in fixes
        ],
    )  # fmt: skip
    store.close()


def llmlearn(*words: str) -> Result:
    return CliRunner().invoke(main, words)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project that is the current folder, with three mended mistakes, which a person enforces."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMLEARN_EMBEDDER", "none")
    learn(tmp_path, ROTATE, AWAIT, ODD)
    for fix in (ROTATE, AWAIT, ODD):
        assert llmlearn("enforce", fix.fingerprint).exit_code == 0
    yield tmp_path


@pytest.mark.skipif(SEMGREP is None, reason="Semgrep is not installed")
@pytest.mark.slow
def test_what_holds_graduates_and_is_told_no_more(project: Path) -> None:
    """Tested by Semgrep itself; a rule that is taken back lets the lesson be told again."""
    asked = Query(text="rotate an image by some degrees", threshold=0.0)
    done = llmlearn("rules", "export", "--tests", "cases", "--format", "json")
    told = json.loads(done.stdout)
    assert done.exit_code == 0, done.output
    assert told["enforced"] == [ROTATE.fingerprint, AWAIT.fingerprint]
    assert [(one["fingerprint"], one["why"]) for one in told["left_out"]] == [
        (ODD.fingerprint, "nothing of it can be recognised by its syntax alone")
    ]
    written = (project / ".llmlearn/rules/learned.yml").read_text(encoding="utf-8")
    assert "$X.rotate($Y, expand=True)" in written or "$Y.rotate($X, expand=True)" in written
    assert "    fix: |-" in written
    assert sorted(path.suffix for path in (project / "cases").iterdir()) == [".py", ".py", ".yml", ".yml"]
    assert all("# ruleid: learned-" in path.read_text(encoding="utf-8") for path in (project / "cases").glob("*.py"))
    with Memory.open(project, settings=replace(Settings(), embedder="none")) as memory:
        assert [match.pattern.fingerprint for match in memory.recall(asked).matches] == [ODD.fingerprint]
    assert llmlearn("rules", "take-back", "1:aaaa").stdout == f"taken back: {ROTATE.fingerprint}\n"
    assert ROTATE.fingerprint not in llmlearn("rules", "list").stdout
    with Memory.open(project, settings=replace(Settings(), embedder="none")) as memory:
        shown = {match.pattern.fingerprint for match in memory.recall(asked).matches}
    assert shown == {ROTATE.fingerprint, ODD.fingerprint}


@pytest.mark.skipif(SEMGREP is None, reason="Semgrep is not installed")
@pytest.mark.slow
def test_a_rule_is_made_of_what_the_fix_tells_apart(project: Path) -> None:
    """What was made of the failure may be surer, but no fix shows imports; then the fix's own pattern speaks."""
    fingerprint = ROTATE.fingerprint
    with Memory.open(project) as memory:
        memory._matchers.put(
            [
                Matcher(
                    fingerprint=fingerprint, rule_id="type.unexpected-keyword", kind="shape",
                    body={"pattern": "pictures.rotated(...)"}, atoms=frozenset({"rotated"}), confidence=0.8,
                )
            ]
        )  # fmt: skip
        memory.derive_from_fixes(memory._fixes.fixes(fingerprint))
        memory.enforce(fingerprint)
    assert ROTATE.fingerprint not in llmlearn("rules", "export").stdout  # as left out
    assert "expand=True" in (project / NAME).read_text(encoding="utf-8")


def test_a_scan_uses_the_rules_that_were_learned(project: Path) -> None:
    """By themselves, where there are any; named in the settings too they are not asked twice."""
    assert parts.learned_configs(project, ("own.yml",)) == ("own.yml",)
    (project / ".llmlearn/rules").mkdir()
    (project / NAME).write_text("rules: []\n", encoding="utf-8")
    assert parts.learned_configs(project, ("own.yml",)) == ("own.yml", NAME)
    assert parts.learned_configs(project, (NAME,)) == (NAME,)


def test_without_semgrep_no_rule_is_made(project: Path) -> None:
    """A rule that nothing has checked is none; one sentence says what is missing, and nothing is written."""
    (project / "pyproject.toml").write_text('[tool.llmlearn]\nscan_program = "no-such-semgrep"\n', encoding="utf-8")
    done = llmlearn("rules", "export")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Semgrep" in done.stderr
    assert not (project / ".llmlearn/rules").exists()


def test_a_rule_that_nobody_knows_cannot_be_taken_back(project: Path) -> None:
    """In one sentence."""
    done = llmlearn("rules", "take-back", "1:aaaa")
    assert done.exit_code == 1
    assert "no rule enforces a pattern '1:aaaa'" in done.stderr
    assert llmlearn("rules", "list").stdout.startswith("no rule enforces anything yet")
