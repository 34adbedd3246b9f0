"""The commands on generations: what goes in, what comes out, and what is refused in one sentence."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pytest_llmlearn import Memory
from pytest_llmlearn.domain.generation_event import KEYS as KEYS_OF_AN_EVENT
from pytest_llmlearn.entrypoints.cli import main
from pytest_llmlearn.errors import BadGeneration
from tests.test_store_secrets import IN_CONTEXT, KEYS, SECRETS, TOKENS, spelled

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "generations.md"
BEFORE = "def fetch(url):\n    return get(url)\n"
AFTER = "async def fetch(url):\n    return await get(url)\n\n\ndef name(user):\n    return user.name\n"
EVENT: dict[str, Any] = {
    "path": "api.py",
    "time": "2026-01-23T14:30:00Z",
    "session": "550e8400-e29b-41d4-a716-446655440000",
    "task": "T-1",
    "attempt": 1,
    "function": "fetch",
    "complexity": "surgical",
    "prompt": "να περιμένει την απάντηση",
    "plan": "one function",
    "reasoning": "get is a coroutine function now",
    "before": BEFORE,
    "after": AFTER,
    "changes": "Made fetch async, Added name",
    "model": "gpt-4o",
    "tool": "an editor",
    "temperature": 0.333,
    "tokens_in": 900,
    "tokens_out": 120,
    "duration_ms": 1500,
    "guidance": ["1:0123456789abcdef"],
}
KEYS_OF_THE_OUTPUT = {
    "id", "time", "path", "function", "session", "task", "attempt", "operation", "complexity", "measured", "prompt",
    "plan", "reasoning", "before_hash", "after_hash", "unit_hash", "hunks", "before", "after", "changes", "preserved",
    "model", "tool", "temperature", "tokens_in", "tokens_out", "duration_ms", "guidance", "way", "commit", "passed",
    "failed", "first_pass", "run", "edited_again", "rating", "reverted", "reopened",
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project that is the current folder."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def llmlearn(*words: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, words, input=stdin)


def add(*events: dict[str, Any]) -> list[str]:
    """Hand in events; the ids."""
    done = llmlearn("generation", "add", "--json", "-", stdin="\n".join(map(json.dumps, events)))
    assert done.exit_code == 0, done.stderr
    return [line.split()[0] for line in done.stdout.splitlines()]


def parsed(*words: str) -> Any:
    done = llmlearn(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_keys_that_scripts_read(project: Path) -> None:
    """Keys may be added, never changed; what was handed in comes back, and what was derived stands beside it."""
    (identifier,) = add(EVENT)
    (row,) = parsed("generations")
    assert set(row) >= KEYS_OF_THE_OUTPUT
    assert row == parsed("generation", "show", identifier[:9])
    same = {"path", "session", "task", "attempt", "function", "complexity", "prompt", "plan", "reasoning", "model",
            "tool", "tokens_in", "tokens_out", "duration_ms", "guidance"}  # fmt: skip
    assert {key: row[key] for key in same} == {key: EVENT[key] for key in same}
    assert (row["id"], row["time"]) == (identifier, "2026-01-23T14:30:00.000000+00:00")
    assert (row["temperature"], row["operation"], row["measured"], row["way"]) == (0.33, "edit", "structural", "event")
    assert row["changes"] == [
        "Made fetch async", "Added name", "made fetch async", "added await in fetch", "added function name",
    ]  # fmt: skip
    assert "+    return await get(url)" in row["hunks"] and (row["before"], row["after"]) == (None, None)
    assert (row["passed"], row["first_pass"], row["edited_again"], row["reverted"]) == (None, None, False, False)


def test_the_same_event_twice_is_one_row(project: Path) -> None:
    """In whatever order its keys are, and however its path is spelled; the second time it is known."""
    again = {**dict(reversed(EVENT.items())), "path": str(project / "api.py")}
    lines = f"{json.dumps(EVENT)}\n{json.dumps(again)}\n"
    done = llmlearn("generation", "add", "--json", "-", stdin=lines)
    first, second = done.stdout.splitlines()
    assert first.split()[0] == second.split()[0] and (first.split()[1], second.split()[1]) == ("new", "known")
    report = json.loads(llmlearn("generation", "add", "--json", "-", "--format", "json", stdin=lines).stdout)
    assert report["recorded"] == 0 and [one["new"] for one in report["generations"]] == [False, False]
    assert len(parsed("generations")) == 1


def test_a_file_may_hold_one_event_a_list_or_lines(project: Path) -> None:
    """Printed on many lines, and behind a byte-order mark too."""
    events = [{"path": f"{name}.py", "time": 1_700_000_000} for name in "abcd"]
    texts = [json.dumps(events[0], indent=2), "\ufeff" + json.dumps(events[1:3]), f"\n{json.dumps(events[3])}\r\n\r\n"]
    for number, text in enumerate(texts):
        (project / f"{number}.json").write_text(text, encoding="utf-8", newline="")
        done = llmlearn("generation", "add", "--json", f"{number}.json")
        assert done.exit_code == 0, done.stderr
    assert [row["path"] for row in parsed("generations")] == ["a.py", "b.py", "c.py", "d.py"]


BAD = [
    ('{"path": "a.py", "time": 3, "promt": "x"}', "a generation has no key 'promt'; did you mean 'prompt'?"),
    ('{"path": "a.py"}', "a generation needs 'time'"),
    ('{"path": "../a.py", "time": 3}', "the path '../a.py' leaves the project"),
    ('{"path": "a.py", "time": "2026-01-23T14:30:00"}', "'time' must say its zone"),
    ('{"path": "a.py", "time": 3, "tokens_in": -1}', "'tokens_in' must be a whole number, 0 or more, not -1"),
    ("[1]", "an event is a JSON object"),
    ("{path: 3}", "no JSON: Expecting property name enclosed in double quotes at character 2"),
    ("[" * 100_000, "no JSON that can be read"),
    ('{"path": "a.py", "time": ' + "9" * 5000 + "}", "no JSON that can be read"),
]


@pytest.mark.parametrize(("line", "sentence"), BAD, ids=lambda value: str(value)[:40])
def test_a_bad_line_is_named_and_not_recorded_and_the_others_are(project: Path, line: str, sentence: str) -> None:
    """Its number, its key; exit status 1."""
    good = [json.dumps({"path": f"{name}.py", "time": 5}) for name in "xy"]
    done = llmlearn("generation", "add", "--json", "-", stdin=f"{good[0]}\n\n{line}\n{good[1]}\n")
    assert done.exit_code == 1
    (said,) = done.stderr.splitlines()
    assert said.startswith(f"llmlearn: line 3: {sentence}"), said
    assert [row["path"] for row in parsed("generations")] == ["x.py", "y.py"]


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [(b"", "standard input holds no event"), (b" \n", "standard input holds no event"),
     (b"\xff\xfe{", "standard input is no text in UTF-8: byte 0 is not"),
     (b'{"path": "a.py", "tme": 3}', "line 1: a generation has no key 'tme'; did you mean 'time'?"),
     (b"[3]", "event 1: an event is a JSON object")],
)  # fmt: skip
def test_what_holds_no_event_leaves_no_trace(project: Path, raw: bytes, sentence: str) -> None:
    """One sentence, exit status 1, and no folder is made."""
    done = llmlearn("generation", "add", "--json", "-", stdin=raw)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"llmlearn: {sentence}\n"
    assert not (project / ".llmlearn").exists()


def test_a_file_that_is_not_there_is_one_sentence(project: Path) -> None:
    """And standard output stays empty."""
    done = llmlearn("generation", "add", "--json", "gone.json")
    assert (done.exit_code, done.stdout) == (1, "") and len(done.stderr.splitlines()) == 1


def test_a_linked_root_has_two_names(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tool may use either, wherever we were started; the file is one."""
    link = project.parent / f"{project.name}-link"
    link.symlink_to(project, target_is_directory=True)
    for folder in (project, link):
        monkeypatch.chdir(folder)
        for path in (project / "api.py", link / "api.py", Path("api.py")):
            add({**EVENT, "path": str(path)})
    assert [row["path"] for row in parsed("generations")] == ["api.py"]


def test_a_list_can_be_narrowed(project: Path) -> None:
    """By model, by file, by number; in words where nobody asks for JSON."""
    add(
        {"path": "a.py", "time": 100, "model": "m"},
        {"path": "b/c.py", "time": 200, "model": "n", "function": "f", "operation": "create"},
        {"path": "a.py", "time": 9000},
    )
    assert [row["time"][11:19] for row in parsed("generations", "--path", "a.py")] == ["00:01:40", "02:30:00"]
    assert [row["path"] for row in parsed("generations", "--model", "n")] == ["b/c.py"]
    assert [row["path"] for row in parsed("generations", "--path", "b/c.py")] == ["b/c.py"]
    assert [row["model"] for row in parsed("generations", "--limit", "2")] == ["n", None]
    lines = llmlearn("generations").stdout.splitlines()
    assert "create  b/c.py:f  by n  no test yet" in lines[1] and "by unknown" in lines[2]


def test_edited_again_within_the_window_is_shown(project: Path) -> None:
    """Five minutes, or what the settings say."""
    add(EVENT, {**EVENT, "time": "2026-01-23T14:35:00Z"}, {**EVENT, "time": "2026-01-23T14:40:01Z"})
    assert [row["edited_again"] for row in parsed("generations")] == [True, False, False]
    assert llmlearn("generations").stdout.count("edited again") == 1
    llmlearn("clear", "--yes")
    (project / "pyproject.toml").write_text("[tool.llmlearn]\nedited_again_seconds = 10\n", encoding="utf-8")
    add(EVENT, {**EVENT, "time": "2026-01-23T14:35:00Z"})
    assert not any(row["edited_again"] for row in parsed("generations"))


def test_a_person_says_how_good_it_was(project: Path) -> None:
    """From 1 to 5, up or down; the last word counts; nothing else is a rating."""
    (identifier,) = add(EVENT)
    for word, rating in (("2", 2), ("up", 5), ("down", 1), ("4", 4)):
        assert llmlearn("rate", identifier[:8], word).stdout == f"{identifier} is rated {rating}\n"
        assert parsed("generations")[0]["rating"] == rating
    for word in ("0", "6", "good"):
        assert llmlearn("rate", identifier, word).exit_code == 2
    assert parsed("generations")[0]["rating"] == 4


def test_a_task_is_reopened_with_a_reason(project: Path) -> None:
    """Redacted as everything; without a reason it is not."""
    (identifier,) = add(EVENT)
    secret = TOKENS["github"]
    assert llmlearn("reopen", identifier[:8], "--why", f"it lost {secret}").exit_code == 0
    (row,) = parsed("generations")
    assert row["reopened"].startswith("it lost ") and secret not in row["reopened"]
    assert llmlearn("reopen", identifier).exit_code == 2
    blank = llmlearn("reopen", identifier, "--why", "  ")
    assert (blank.exit_code, blank.stderr) == (1, "llmlearn: say why the task is taken up again\n")


@pytest.mark.parametrize("words", [("generation", "show"), ("rate",), ("reopen",)], ids=lambda words: words[-1])
def test_an_id_that_names_none_or_several_is_one_sentence(project: Path, words: tuple[str, ...]) -> None:
    """With the way out."""
    add({"path": "a.py", "time": 1, "id": "gen-1"}, {"path": "a.py", "time": 2, "id": "gen-2"})
    more = {"rate": ("up",), "reopen": ("--why", "x")}.get(words[0], ())
    unknown = llmlearn(*words, "nope", *more)
    assert (unknown.exit_code, unknown.stdout) == (1, "")
    assert unknown.stderr == "llmlearn: no generation has the id 'nope'; `llmlearn generations` lists them\n"
    several = llmlearn(*words, "gen", *more)
    assert several.stderr == "llmlearn: 'gen' is the beginning of 2 generations: gen-1, gen-2\n"
    assert llmlearn(*words, "gen-1", *more).exit_code == 0


def test_an_id_that_looks_like_a_secret_names_its_generation_all_the_same(project: Path) -> None:
    """It is kept as its digest."""
    odd = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    (identifier,) = add({"path": "a.py", "time": 1, "id": odd})
    assert identifier.startswith("b2:")
    assert parsed("generation", "show", odd)["id"] == identifier


def test_all_that_is_known_of_one_is_shown(project: Path) -> None:
    """The reasoning whole, the changed lines, the lists."""
    (identifier,) = add(EVENT)
    text = llmlearn("generation", "show", identifier).stdout
    for part in ("get is a coroutine function now", "declared surgical, measured structural", "tokens_in: 900",
                 "    -def fetch(url):", "    added await in fetch", "να περιμένει"):  # fmt: skip
        assert part in text, part


def test_the_library_records_the_same_row(project: Path) -> None:
    """`Memory.record_generation` takes the same keys and finds the same event."""
    with Memory.open(project) as memory:
        identifier = memory.record_generation(**EVENT)
        assert memory.record_generation(**EVENT) == identifier
        with pytest.raises(BadGeneration, match="did you mean 'prompt'"):
            memory.record_generation(**EVENT, promt="x")
        assert memory.rate(identifier, "up").outcome.rating == 5
        assert memory.reopen(identifier, "again").outcome.reopened == "again"
        (row,) = memory.generations(path=str(project / "api.py"), model="gpt-4o")
        assert (row.id, row.way) == (identifier, "library") and memory.generation(identifier[:6]) == row
    assert add(EVENT) == [identifier]


def test_a_clock_that_is_ahead_is_told(project: Path) -> None:
    """On standard error; the event is recorded."""
    done = llmlearn("generation", "add", "--json", "-", stdin='{"path": "a.py", "time": 4000000000}')
    assert done.exit_code == 0 and "ahead of the clock" in done.stderr
    assert parsed("generations")[0]["time"] < "2096"


def traces(project: Path) -> list[Any]:
    log = project / ".llmlearn" / "traces.jsonl"
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []


def test_a_new_generation_leaves_a_trace_of_its_lines(project: Path) -> None:
    """Once; with the model, the lines and their hashes, and no code."""
    (identifier,) = add(EVENT)
    add(EVENT, {"path": "b.py", "time": 5, "after": "x = 1\n"})
    (record,) = traces(project)
    (file,) = record["files"]
    (conversation,) = file["conversations"]
    assert (file["path"], record["metadata"]["dev.llmlearn"]["generation"]) == ("api.py", identifier)
    assert conversation["contributor"] == {"type": "ai", "model_id": "gpt-4o"}
    assert [(one["start_line"], one["end_line"]) for one in conversation["ranges"]] == [(1, 6)]
    assert "await" not in json.dumps(record)


def test_a_trace_that_cannot_be_written_is_told_and_the_generation_kept(project: Path) -> None:
    """The ledger is what counts."""
    add({"path": "a.py", "time": 5})
    (project / ".llmlearn" / "traces.jsonl").mkdir()
    done = llmlearn("generation", "add", "--json", "-", stdin=json.dumps(EVENT))
    assert done.exit_code == 0 and "api.py: the lines' trace was not written" in done.stderr
    assert len(parsed("generations")) == 2


def test_whole_code_is_kept_by_choice_only(project: Path) -> None:
    """`store_full_code`; redacted even then."""
    secret = TOKENS["stripe"]
    (project / "pyproject.toml").write_text("[tool.llmlearn]\nstore_full_code = true\n", encoding="utf-8")
    add({**EVENT, "after": f"{AFTER}KEY = '{secret}'\n"})
    (row,) = parsed("generations")
    assert row["before"] == BEFORE and row["after"].startswith(AFTER) and secret not in row["after"]


def test_reading_creates_nothing_and_clear_erases_them(project: Path) -> None:
    """A look leaves no trace, and what is erased is gone from the bytes."""
    assert llmlearn("generations").stdout.startswith("no generations in ")
    assert not (project / ".llmlearn").exists()
    add({"path": "a.py", "time": 5, "reasoning": "a sentence like no other"})
    assert "Erase 0 patterns, 0 occurrences and 1 generations" in llmlearn("clear", stdin="n\n").stdout
    assert "erased 0 patterns, 0 occurrences and 1 generations" in llmlearn("clear", "--yes").stdout
    assert parsed("generations") == []
    for path in (project / ".llmlearn" / "state").iterdir():
        assert b"a sentence like no other" not in path.read_bytes(), path


def test_what_is_committed_beside_the_memory_outlives_it(project: Path) -> None:
    """Traces say who wrote which lines, and no more: a list made anew knows no prompt."""
    add(EVENT)
    llmlearn("clear", "--yes")
    (row,) = parsed("generations")
    assert (row["way"], row["path"], row["model"], row["prompt"], row["hunks"]) == (
        "trace", "api.py", "gpt-4o", None, None,
    )  # fmt: skip


def test_an_event_and_its_trace_are_one(project: Path) -> None:
    """However often the list is looked at."""
    add(EVENT)
    assert [row["way"] for row in parsed("generations")] == ["event"] == [row["way"] for row in parsed("generations")]


def test_doctor_tells_how_much_is_known(project: Path) -> None:
    """How many have a prompt, a reasoning, a model, and an answer of the tests."""
    add(EVENT, {"path": "b.py", "time": 5, "model": "m"})
    assert parsed("doctor")["generations"] == {"generations": 2, "prompt": 1, "reasoning": 1, "model": 2, "tested": 0}
    said = "generations: 2; prompt known of 1, reasoning known of 1, model known of 2; tested 0"
    assert said in llmlearn("doctor").stdout


def documented(heading: str) -> list[str]:
    """The keys in the first column of the table below that heading, in order."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")
    cells = [line.split("|")[1] for line in rest.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    return [key for cell in cells for key in re.findall(r"`(\w+)`", cell)]


def test_the_documented_keys_are_those_that_are_taken_and_printed(project: Path) -> None:
    """Every one, and no other."""
    assert sorted(documented("The keys of an event")) == sorted(KEYS_OF_AN_EVENT)
    add(EVENT)
    assert sorted(documented("`llmlearn generations --format json`")) == sorted(parsed("generations")[0])


def test_the_documented_example_does_what_it_shows(project: Path) -> None:
    """Its event is taken, under the id that stands there."""
    page = PAGE.read_text(encoding="utf-8")
    event, _, said = page.partition("--json - <<'EVENT'\n")[2].partition("\nEVENT\n")
    assert llmlearn("generation", "add", "--json", "-", stdin=event).stdout == said.partition("```")[0]


def hidden(template: str, secret: str) -> str:
    return template.replace("@@", secret)


def test_no_secret_of_any_kind_reaches_the_disk(project: Path) -> None:
    """In prompts, in code before and after, in lists, in names: not in the database, not in its log, not in traces."""
    prompts = [f"use {token} for it" for token in TOKENS.values()]
    prompts += [hidden(said, secret) for secret, line, said in IN_CONTEXT if line]
    prompts += [f"the key is\n{key}\nand no other" for key in KEYS.values()]
    codes = [f'connect = partial(print, "{token}")' for token in TOKENS.values()]
    codes += [hidden(line, secret) for secret, line, _ in IN_CONTEXT if line]
    codes += [f'KEY = """{key}"""' for key in KEYS.values()]
    whole = "\n".join(codes)
    (project / "pyproject.toml").write_text("[tool.llmlearn]\nstore_full_code = true\n", encoding="utf-8")
    with Memory.open(project) as memory:
        for number, (prompt, code) in enumerate(zip(prompts, codes, strict=True)):
            memory.record_generation(
                path="a.py", time=1_700_000_000 + number, prompt=prompt, plan=code, reasoning=prompt, before="",
                after=f"{code}\n", changes=[prompt, code], preserved=[code], task=prompt[:100].replace("\n", " "),
            )  # fmt: skip
        for secret in TOKENS.values():
            memory.record_generation(path="b.py", time=5, id=secret, session=secret, model=secret, tool=secret,
                                     function=secret, guidance=[secret])  # fmt: skip
        memory.record_generation(path="c.py", time=6, before=whole, after=f"import os\n{whole}\n", prompt="x" * 20_000)
        kept = [
            (str(path.relative_to(project)), path.read_bytes())
            for path in (project / ".llmlearn").rglob("*")
            if path.is_file()
        ]
        assert len(memory.generations()) == len(prompts) + len(TOKENS) + 1
    assert {".llmlearn/state/memory.db", ".llmlearn/traces.jsonl"} <= {name.replace(os.sep, "/") for name, _ in kept}
    leaks = {secret: [name for name, content in kept if spelled(secret, content)] for secret in SECRETS}
    assert {secret: names for secret, names in leaks.items() if names} == {}
