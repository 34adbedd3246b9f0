"""The environment of an assistant, and environments that only look like one."""

from __future__ import annotations

import pytest

from pytest_llmlearn.domain.assistants import an_assistant, roster_with
from pytest_llmlearn.domain.sessions import MAX_ID, MAX_NAME, Session, live_session, session_id


@pytest.mark.parametrize(
    ("environ", "tool"),
    [
        ({"CURSOR_TRACE_ID": "0f1e"}, "cursor"),
        ({"CURSOR_AGENT": "1"}, "cursor"),
        ({"CURSOR_EXTENSION_HOST_ROLE": "agent-exec"}, "cursor"),
        ({"GEMINI_CLI": "1"}, "gemini"),
        ({"CODEX_SANDBOX": "seatbelt"}, "codex"),
        ({"CODEX_CI": "1"}, "codex"),
        ({"CODEX_THREAD_ID": "0f1e"}, "codex"),
        ({"ANTIGRAVITY_AGENT": "1"}, "antigravity"),
        ({"AUGMENT_AGENT": "1"}, "augment"),
        ({"OPENCODE": "1"}, "opencode"),
        ({"OPENCODE_CLIENT": "cli"}, "opencode"),
        ({"CLAUDECODE": "1"}, "claude"),
        ({"CLAUDE_CODE": "1", "CLAUDE_CODE_IS_COWORK": "1"}, "claude"),
        ({"CLAUDE_CODE_SESSION_ID": "0f1e"}, "claude"),
        ({"REPL_ID": "0f1e"}, "replit"),
        ({"COPILOT_ALLOW_ALL": "1"}, "copilot"),
        ({"CLINE_ACTIVE": "true"}, "cline"),
    ],
)
def test_each_tools_own_variable_tells_of_it(environ: dict[str, str], tool: str) -> None:
    """The first variable is the evidence."""
    assert live_session(environ) == Session(tool=tool, variable=next(iter(environ)))


@pytest.mark.parametrize("value", ["", " ", "0", "false", "False", "no", "off", "none"])
@pytest.mark.parametrize("variable", ["CLAUDECODE", "AI_AGENT", "AGENT", "CURSOR_AGENT", "OPENCODE", "CLINE_ACTIVE"])
def test_a_variable_that_says_no_is_none(variable: str, value: str) -> None:
    """Set, and switched off."""
    assert live_session({variable: value}) is None


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"CURSOR_EXTENSION_HOST_ROLE": "user"},
        {"OPENCODE": "/usr/lib/opencode"},
        {"CLAUDE_CONFIG_DIR": "/home/ada/.claude"},
        {"CLAUDE_CODE_IS_COWORK": "1"},
        {"PATH": "/usr/bin"},
    ],
)
def test_other_variables_tell_nothing(environ: dict[str, str]) -> None:
    """Roles of another kind, folders, and settings of an assistant that is not at work."""
    assert live_session(environ) is None


@pytest.mark.parametrize(
    ("value", "tool"),
    [
        ("claude-code", "claude"),
        ("claude_code", "claude"),
        ("Claude Code", "claude"),
        ("claude-code/2.1.0/agent", "claude"),
        ("cursor-cli", "cursor"),
        ("github-copilot", "copilot"),
        ("goose", "goose"),
        ("augment", "augment"),
        ("warp@1", "warp"),
        ("amazon-q", "amazon-q"),
        ("somebot", "somebot"),
        ("Some\x1b[31m\nBot", "Some [31m Bot"),
        ("1", None),
        ("true", None),
    ],
)
def test_the_value_of_ai_agent_is_a_name(value: str, tool: str | None) -> None:
    """A known assistant's in any spelling, else as it is given, fit to be shown; `1` names nobody."""
    assert live_session({"AI_AGENT": value}) == Session(tool=tool, variable="AI_AGENT")


@pytest.mark.parametrize("value", ["amp", "goose", "Claude Code", "codex"])
def test_agent_counts_where_it_names_a_known_assistant(value: str) -> None:
    """Its value decides."""
    found = live_session({"AGENT": value})
    assert found is not None
    assert found.variable == "AGENT"


@pytest.mark.parametrize("value", ["1", "true", "jenkins", "build-7", "ssh-agent", "/usr/bin/agent", "Mozilla/5.0"])
def test_agent_means_many_other_things(value: str) -> None:
    """Build servers and keys have agents, too."""
    assert live_session({"AGENT": value}) is None


def test_the_generic_name_comes_first_and_agent_last() -> None:
    """The tables' order decides where several are set."""
    everything = {"AGENT": "amp", "CLAUDECODE": "1", "CURSOR_TRACE_ID": "0f1e", "AI_AGENT": "goose"}
    found = []
    while (session := live_session(everything)) is not None:
        found.append(session.tool)
        del everything[session.variable]
    assert found == ["goose", "cursor", "claude", "amp"]


def test_copilot_names_its_model() -> None:
    """Whichever of its variables gave it away."""
    assert live_session({"COPILOT_MODEL": "gpt-5"}) == Session(tool="copilot", model="gpt-5", variable="COPILOT_MODEL")


def test_another_tools_model_is_not_named() -> None:
    """Copilot's model, left in the environment, is not Claude's."""
    found = live_session({"CLAUDECODE": "1", "COPILOT_MODEL": "gpt-5"})
    assert found is not None
    assert (found.tool, found.model) == ("claude", None)


def test_a_token_is_evidence_by_its_name_alone() -> None:
    """Its value is a secret."""
    assert "hunter2" not in repr(live_session({"COPILOT_GITHUB_TOKEN": "hunter2"}))


def test_the_projects_own_assistants_are_known_by_name() -> None:
    """The setting adds to the names that count."""
    roster = roster_with((an_assistant("acme", names=["Acme Coder"]),))
    found = live_session({"AGENT": "acme-coder"}, roster)
    assert found is not None
    assert found.tool == "acme"
    assert live_session({"AGENT": "acme-coder"}) is None


def test_an_endless_value_is_cut() -> None:
    """What is stored and shown has an end."""
    found = live_session({"AI_AGENT": "x" * 1_000_000})
    assert found is not None
    assert found.tool == "x" * MAX_NAME


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"CLAUDE_CODE_SESSION_ID": "0f1e-2d"}, "0f1e-2d"),
        ({"CODEX_THREAD_ID": " 42 "}, "42"),
        ({"CLAUDE_CODE_SESSION_ID": "", "CODEX_THREAD_ID": "42"}, "42"),
        ({"CLAUDE_CODE_SESSION_ID": "x" * MAX_ID}, "x" * MAX_ID),
        ({"CLAUDE_CODE_SESSION_ID": "x" * (MAX_ID + 1)}, None),
        ({"CLAUDE_CODE_SESSION_ID": "two\nlines"}, None),
        ({"CLAUDE_CODE_SESSION_ID": "0"}, None),
        ({"CLAUDECODE": "1", "GEMINI_CLI": "1", "CURSOR_TRACE_ID": "0f1e"}, None),
        ({}, None),
    ],
    ids=str,
)
def test_a_session_is_known_by_its_own_name(environ: dict[str, str], name: str | None) -> None:
    """Where the tool tells it; that somebody is there is no name."""
    assert session_id(environ) == name
