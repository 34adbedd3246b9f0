"""A scan from the code to the lesson: by command, beside the tests, and through the library."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn import Memory
from pytest_llmlearn.domain.guidance import Query
from pytest_llmlearn.entrypoints.cli import main
from pytest_llmlearn.errors import BadInput, ScannerUnavailable
from pytest_llmlearn.settings import Settings
from tests.projects import Project
from tests.scanning import FakeSemgrep

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")

BAD = 'import sqlite3\n\n\ndef find(cursor, name):\n    cursor.execute(f"SELECT {name}")\n    return cursor\n'
GOOD = BAD.replace('f"SELECT {name}"', '"SELECT ?", (name,)')
RULE = "security.sql-built-from-parts"


class Shop:
    """A project with a file that a model wrote, and one that nobody is known to have written."""

    def __init__(self, root: Path, fake: FakeSemgrep) -> None:
        self.fake = fake
        self.project = Project(
            root, {"LLMLEARN_SCAN_PROGRAM": str(fake.program), "LLMLEARN_SCAN_GRACE": "60", "CI": ""}
        )
        self.project.write(
            {
                "pyproject.toml": '[tool.llmlearn]\ngenerated = ["made/**=gpt-4o"]\n',
                "made/db.py": BAD,
                "own/db.py": BAD,
                "test_it.py": "def test_it():\n    pass\n",
            }
        )

    def memory(self, **settings: Any) -> Memory:
        given = {"scan_program": str(self.fake.program), "generated": ["made/**=gpt-4o"], **settings}
        return Memory.open(self.project.root, settings=Settings.load(self.project.root, {}, given))

    def command(self, *words: str) -> Result:
        """`llmlearn scan …`, in this process."""
        return CliRunner().invoke(main, ["--root", str(self.project.root), "scan", *words])

    def write(self, path: str, text: str) -> None:
        self.project.write({path: text})


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    (tmp_path / "shop").mkdir()
    monkeypatch.chdir(tmp_path / "shop")
    monkeypatch.setenv("LLMLEARN_SCAN_PROGRAM", str(tmp_path / "bin/semgrep"))
    return Shop(tmp_path / "shop", FakeSemgrep(tmp_path / "bin"))


def test_a_finding_in_model_written_code_is_an_occurrence(shop: Shop) -> None:
    """With its rule, weakness, place, function and model, and a lesson that says what to do instead."""
    with shop.memory() as memory:
        found = memory.scan()
        (row,) = memory.occurrences()
        (pattern,) = memory.patterns()
        assert memory.recall(Query(text="select by name with cursor.execute", path="made/db.py")).matches
    assert [flaw.path for flaw in found.flaws] == ["made/db.py"]
    assert (row["source"], row["rule_id"], row["severity"], row["path"]) == (
        "security_scan",
        RULE,
        "critical",
        "made/db.py",
    )
    assert (row["line"], row["function"], row["model"]) == (5, "find", "gpt-4o")
    assert row["findings"][0]["detail"] == "CWE-89; A03"
    assert (pattern.category, pattern.frequency) == ("security", 1)
    assert pattern.lesson.startswith("Use parameterized queries") and pattern.by_scan
    told = CliRunner().invoke(main, ["--root", str(shop.project.root), "recall", "cursor.execute select"])
    assert "A value is put into SQL. Instead: Use parameterized queries" in told.stdout, told.output


def test_what_has_not_changed_is_not_scanned_again(shop: Shop) -> None:
    """Nor is what was only touched; its findings are told all the same, and counted once."""
    with shop.memory() as memory:
        memory.scan()
    os.utime(shop.project.root / "made/db.py")
    with shop.memory() as memory:
        again = memory.scan()
        assert len(memory.occurrences()) == 1
    assert len(shop.fake.asked) == 1
    assert (len(again.flaws), again.files, again.looked) == (1, 1, 0)
    shop.write("made/db.py", f"{BAD}\n\nx = 1\n")
    with shop.memory() as memory:
        assert memory.scan().looked == 1
    assert len(shop.fake.asked) == 2


def test_a_finding_that_is_gone_is_a_verified_fix(shop: Shop) -> None:
    """The rule is the witness: what was changed in that function is the repair."""
    with shop.memory() as memory:
        memory.scan()
    shop.write("made/db.py", GOOD)
    with shop.memory() as memory:
        healed = memory.scan()
        (fix,) = memory.fixes()
        (pattern,) = memory.patterns()
        assert list(memory._fixes.red_scans()) == []
    assert [one.qualname for one in healed.fixes] == ["find"]
    assert "(name,)" in fix.good and 'f"SELECT' in fix.bad
    assert (pattern.state, pattern.fixes) == ("active", 1)


@pytest.mark.parametrize(
    ("path", "text"),
    [("made/db.py", BAD.replace('")', '")  # nosemgrep')), ("made/db.py", GOOD.replace("def find(", "def ("))],
    ids=["silenced", "does not parse"],
)
def test_what_is_not_seen_any_more_need_not_be_mended(shop: Shop, path: str, text: str) -> None:
    """A comment repairs nothing, and of a file that does not parse whole nobody knows."""
    with shop.memory() as memory:
        memory.scan()
    shop.write(path, text)
    with shop.memory() as memory:
        assert not memory.scan().fixes
        assert not memory.fixes()


def test_a_finding_in_a_file_that_does_not_parse_is_kept_and_marked(shop: Shop) -> None:
    """And so is one in a test."""
    shop.write("made/db.py", f"{BAD}\n\ndef (:\n")
    shop.write("made/test_db.py", BAD.replace("def find", "def test_find"))
    with shop.memory() as memory:
        marks = {flaw.path: (flaw.partial, flaw.in_test) for flaw in memory.scan().flaws}
        assert len(memory.occurrences()) == 2
    assert marks == {"made/db.py": (True, False), "made/test_db.py": (False, True)}


def test_a_lesson_that_was_shown_is_judged_by_the_scan(shop: Shop) -> None:
    """Avoided where the code written since does without the mistake; no passing test could tell."""
    with shop.memory() as memory:
        memory.scan()
        assert memory.recall(Query(text="cursor.execute select name", path="made/db.py", channel="command")).matches
    shop.write("made/db.py", GOOD)
    with shop.memory() as memory:
        memory.scan()
        effect = memory.effect()
    assert effect.shown.avoided + effect.held.avoided == 1


def test_files_that_are_named_are_scanned_whoever_wrote_them(shop: Shop) -> None:
    """What a person wrote is told, and teaches nothing."""
    with shop.memory() as memory:
        assert [flaw.path for flaw in memory.scan(["own"]).flaws] == ["own/db.py"]
        assert not memory.occurrences()
        with pytest.raises(BadInput, match="does not exist"):
            memory.scan(["nowhere.py"])


def test_what_was_scanned_before_its_author_was_known_is_learned_then(shop: Shop) -> None:
    """A hook scans what changed, the commit names its author, and the run of the tests learns it: once."""
    shop.project.commit("all")
    shop.write("new/db.py", BAD)
    assert shop.command("--changed").exit_code == 0
    with shop.memory() as memory:
        assert not memory.occurrences()
    shop.project.commit("More\n\nCo-Authored-By: Claude <noreply@anthropic.com>")
    with shop.memory() as memory:
        assert [flaw.path for flaw in memory.scan().flaws] == ["made/db.py", "new/db.py"]
        assert sorted(row["path"] for row in memory.occurrences()) == ["made/db.py", "new/db.py"]
    with shop.memory() as memory:
        again = memory.scan()
        assert again.recording is None and len(again.flaws) == 2
        assert len(memory.occurrences()) == 2
    assert len(shop.fake.asked) == 2


def test_a_run_of_the_tests_tells_what_an_earlier_scan_had_found(shop: Shop) -> None:
    """And says that nothing was looked at for it."""
    with shop.memory(generated=[]) as memory:
        memory.scan(["made"], make=True)
        assert not memory.occurrences()
    done = shop.project.run("pytest", "--llm-learn", "--llm-learn-scan=auto", "-p", "no:cacheprovider")
    assert "the scan found 1 mistake in code scanned before: 1 new pattern" in done.stdout


def test_a_scan_of_what_models_wrote_leaves_out_what_was_scanned_by_name(shop: Shop) -> None:
    """What a person wrote is no part of it, whatever was asked before."""
    shop.write("made/db.py", GOOD)
    with shop.memory() as memory:
        assert memory.scan(["own"], make=True).flaws
    with shop.memory() as memory:
        assert memory.scan().flaws == ()
    assert shop.command("--fail-on", "minor").exit_code == 0


@pytest.mark.parametrize("program", ["", "/nowhere"], ids=["Semgrep", "without it"])
@pytest.mark.parametrize("name", ["", f": {RULE}"])
def test_what_is_silenced_is_neither_told_nor_recorded(shop: Shop, program: str, name: str) -> None:
    """By the rule's name as it is printed, too, whatever looks."""
    text = BAD.replace("{name}", "* FROM users WHERE name = {name}").replace('")', f'")  # nosemgrep{name}')
    shop.write("made/db.py", text)
    with shop.memory(**({"scan_program": program} if program else {})) as memory:
        assert memory.scan().flaws == ()
        assert not memory.occurrences()
    shop.write("made/db.py", text.replace(f"nosemgrep{name}", "nosemgrep: security.other"))
    with shop.memory(scan_program="/nowhere") as memory:
        assert [flaw.rule_id for flaw in memory.scan().flaws] == [RULE]


def test_a_comment_that_silences_mends_nothing_whatever_else_was_changed(shop: Shop) -> None:
    """The mistake may still be in that function."""
    with shop.memory() as memory:
        memory.scan()
    shop.write("made/db.py", BAD.replace('{name}")', '{name!r}")  # nosemgrep'))
    with shop.memory() as memory:
        assert not memory.scan().fixes and not memory.fixes()
        assert len(memory._fixes.red_scans()) == 1


@pytest.mark.parametrize("kept", [True, False], ids=["asked again", "not asked"])
def test_only_a_rule_that_was_asked_finds_a_mistake_mended(shop: Shop, kept: bool) -> None:
    """A user's rule that is gone from the settings says nothing, however its function was changed since."""
    shop.write("mine.yml", "rules:\n- id: my-yaml\n  languages: [python]\n")
    shop.write("made/db.py", "import yaml\n\n\ndef load(text):\n    return yaml.load(text)\n")
    with shop.memory(scan_configs=["mine.yml"]) as memory:
        memory.scan()
        assert [row["rule_id"] for row in memory.occurrences()] == ["security.my-yaml"]
    shop.write("made/db.py", "import yaml\n\n\ndef load(text):\n    return yaml.safe_load(text)\n")
    with shop.memory(scan_configs=["mine.yml"] if kept else []) as memory:
        assert len(memory.scan().fixes) == len(memory.fixes()) == kept
        assert len(memory._fixes.red_scans()) == (not kept)


def test_what_is_accepted_muted_or_excluded_is_left_out(shop: Shop) -> None:
    """By the baseline wherever the line moves, by a person's word, and by a glob."""
    with shop.memory() as memory:
        memory.scan(accept=True)
        assert not memory.occurrences()
    baseline = json.loads((shop.project.root / ".llmlearn/baseline.json").read_text(encoding="utf-8"))
    assert [(one["path"], one["rule_id"]) for one in baseline["accepted"]] == [("made/db.py", RULE)]
    shop.write("made/db.py", f"# moved\n{BAD}\n\ndef other(cursor, x):\n    cursor.execute(f'{{x}}')\n")
    with shop.memory() as memory:
        found = memory.scan()
        assert ([flaw.function for flaw in found.flaws], found.accepted) == (["other"], 1)
        (pattern,) = memory.patterns()
        memory.mute(pattern.fingerprint)
        muted = memory.scan()
    assert (muted.flaws, muted.muted) == ((), 1)
    with shop.memory(scan_exclude=["made"]) as memory:
        assert memory.scan().files == 0


def test_a_scan_that_fails_writes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the file is still to be scanned."""
    monkeypatch.setenv("FAKE_SEMGREP", "crash")
    with shop.memory() as memory, pytest.raises(ScannerUnavailable):
        memory.scan(make=True)
    assert not (shop.project.root / ".llmlearn").exists()
    monkeypatch.setenv("FAKE_SEMGREP", "")
    with shop.memory() as memory:
        assert memory.scan().looked == 1


def test_without_the_program_the_plainest_mistakes_are_found(shop: Shop) -> None:
    """Under the same name, so that it is one pattern; but nothing is mended by not being found so."""
    shop.write("made/db.py", BAD.replace("{name}", "* FROM users WHERE name = {name}"))
    with shop.memory() as memory:
        memory.scan()
    shop.write("made/db.py", GOOD)
    with shop.memory(scan_program="/nowhere") as memory:
        found = memory.scan()
        assert not found.fixes and not memory.fixes()
        assert [problem.message for problem in found.problems] == [
            "there is no program /nowhere (setting scan_program); only the plainest mistakes were looked for"
        ]
    shop.write("made/db.py", BAD.replace("{name}", "* FROM users WHERE name = {name}") + "x = 1\n")
    with shop.memory(scan_program="/nowhere") as memory:
        assert [flaw.rule_id for flaw in memory.scan().flaws] == [RULE]
        assert {row["rule_id"] for row in memory.occurrences()} == {RULE}


def test_secrets_in_the_code_are_nowhere_written(shop: Shop) -> None:
    """Neither the state nor the store holds the line of a hard-coded secret as it is."""
    secret = "AKIAIOSFODNN7EXAMPLQ"
    shop.write("made/db.py", BAD.replace("SELECT", secret))
    with shop.memory() as memory:
        memory.scan()
    for file in (shop.project.root / ".llmlearn").rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_the_command_prints_json_and_fails_as_asked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exactly the keys that are documented; `--fail-on` is by severity."""
    done = shop.command("own", "--format", "json", "--fail-on", "major")
    assert done.exit_code == 1, done.output
    told = json.loads(done.stdout)
    (finding,) = told["findings"]
    assert list(finding) == [
        "path", "line", "end_line", "rule_id", "category", "severity", "confidence", "cwe", "message", "fix",
    ]  # fmt: skip
    assert (finding["path"], finding["rule_id"], finding["cwe"], told["errors"]) == ("own/db.py", RULE, ["CWE-89"], [])
    assert shop.command("own").exit_code == 0
    assert shop.command("own", "--staged").exit_code == 2
    for path in ("nowhere.py", "/"):
        assert shop.command(path, "--fail-on", "minor").exit_code == 2
    monkeypatch.setenv("FAKE_SEMGREP", "crash")
    shop.write("own/db.py", f"{BAD}\n")
    broken = shop.command("own", "--format", "json")
    assert broken.exit_code == 3
    assert json.loads(broken.stdout)["findings"] == []


def test_the_command_prints_sarif(shop: Shop) -> None:
    """With what code scanning asks for: rules, regions, fingerprints, and a severity for security alone."""
    (run,) = json.loads(shop.command("own", "--format", "sarif").stdout)["runs"]
    (rule,) = run["tool"]["driver"]["rules"]
    assert (rule["id"], rule["properties"]["security-severity"]) == (RULE, "9.0")
    (result,) = run["results"]
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == (RULE, 0, "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "own/db.py"
    assert place["region"] == {"startLine": 5, "startColumn": 5, "endLine": 5, "endColumn": 9}
    assert result["partialFingerprints"]["primaryLocationLineHash"].endswith(":1")


def test_the_command_takes_what_changed_or_is_staged(shop: Shop) -> None:
    """Seen from the last commit; whoever wrote it."""
    shop.project.commit("all")
    shop.write("own/db.py", f"{BAD}\n\nx = 1\n")
    shop.write("own/new.py", BAD)

    def paths(*words: str) -> list[str]:
        return [one["path"] for one in json.loads(shop.command(*words, "--format", "json").stdout)["findings"]]

    assert paths("--changed") == ["own/db.py", "own/new.py"]
    assert paths("--staged") == []
    shop.project.git("add", "own/new.py")
    assert paths("--staged") == ["own/new.py"]


def test_a_run_of_the_tests_scans_beside_them(shop: Shop) -> None:
    """Told in the section, with no failure at all; the next run has nothing to say."""
    done = shop.project.run("pytest", "--llm-learn", "--llm-learn-scan=auto", "-p", "no:cacheprovider")
    assert "the scan found 1 mistake in 1 changed file: 1 new pattern" in done.stdout
    assert f"new: made/db.py:5 [{RULE}] Use parameterized queries" in done.stdout
    again = shop.project.run("pytest", "--llm-learn", "--llm-learn-scan=auto", "-p", "no:cacheprovider")
    assert "llmlearn ==" not in again.stdout
    assert (done.returncode, again.returncode, len(shop.fake.asked)) == (0, 0, 1)


def test_a_scan_that_is_not_ready_goes_on_by_itself(shop: Shop) -> None:
    """The run says so in one line and ends; what is found lands in the store."""
    environ = {"FAKE_SEMGREP": "slow", "LLMLEARN_SCAN_GRACE": "0"}
    done = shop.project.run("pytest", "--llm-learn", "--llm-learn-scan=on", "-p", "no:cacheprovider", **environ)
    assert done.returncode == 0
    assert done.stdout.count("the scan of the code goes on in the background") == 1
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with shop.memory() as memory:
            if memory.occurrences():
                break
        time.sleep(0.1)
    else:
        pytest.fail("nothing landed in the store")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"LLMLEARN_SCAN_PROGRAM": "/nowhere"}, "there is no program /nowhere"),
        ({"FAKE_SEMGREP": "crash"}, "Stack_overflow"),
    ],
    ids=["missing", "crashing"],
)
def test_what_goes_wrong_is_one_sentence_and_the_run_untouched(shop: Shop, how: dict[str, str], said: str) -> None:
    """Where it was asked for; in a run that does not ask, a missing Semgrep is no news."""
    done = shop.project.run("pytest", "--llm-learn-scan=on", "-p", "no:cacheprovider", **how)
    assert done.returncode == 0
    assert sum(said in line for line in done.stdout.splitlines()) == 1
    assert "Traceback" not in done.stdout + done.stderr
