"""Commits: which assistant signed, and who is a person after all."""

from __future__ import annotations

import pytest
from growth import growth

from pytest_llmlearn.domain.assistants import KNOWN, Assistant
from pytest_llmlearn.domain.authorship import AUTHOR, BODY, MAX_KNOWN, SUBJECT, TRAILER, Authors, authorship
from pytest_llmlearn.domain.provenance import Provenance
from pytest_llmlearn.domain.signs import Identity

ADA = Identity(name="Ada Byron", email="ada@example.org")


def with_trailers(*trailers: str, body: str = "") -> Provenance | None:
    """The authorship of a commit by a person with these lines at the message's end."""
    return authorship(ADA, ADA, "Sort the users\n\n" + (f"{body}\n\n" if body else "") + "\n".join(trailers) + "\n")


def by(
    name: str, email: str = "ada@example.org", message: str = "Sort the users", *, committer: Identity = ADA
) -> Provenance | None:
    """The authorship of a commit by that author."""
    return authorship(Identity(name=name, email=email), committer, message)


@pytest.mark.parametrize(
    ("trailer", "tool", "model"),
    [
        ("Co-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>", "claude", "Claude Sonnet 5"),
        ("Co-Authored-By: Claude Opus 4.6 (1M context) <noreply@anthropic.com>", "claude", "Claude Opus 4.6"),
        ("Co-Authored-By: Claude <noreply@anthropic.com>", "claude", None),
        ("Co-authored-by: Claude Code <noreply@anthropic.com>", "claude", None),
        ("Co-authored-by: Anthropic Claude Opus 4 <claude@anthropic.com>", "claude", "Claude Opus 4"),
        ("Co-authored-by: Claude", "claude", None),
        ("Signed-off-by: claude[bot] <41898282+claude[bot]@users.noreply.github.com>", "claude", None),
        ("Claude-Session: https://claude.ai/code/session_01", "claude", None),
        ("Claude-Generated-By: Claude Code (cli/claude-opus-4-5=100%)", "claude", "claude-opus-4-5"),
        ("Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>", "copilot", None),
        (
            "Co-authored-by: Copilot Autofix powered by AI "
            "<62310815+github-advanced-security[bot]@users.noreply.github.com>",
            "copilot",
            None,
        ),
        ("Co-authored-by: Cursor <cursoragent@cursor.com>", "cursor", None),
        ("Co-authored-by: Cursor AI <ai@cursor.sh>", "cursor", None),
        ("Co-authored-by: Cursor Agent <cursoragent@cursor.com>", "cursor", None),
        ("Co-authored-by: Cursor Grok 4.5 <grok@x.ai>", "cursor", "Grok 4.5"),
        ("Co-authored-by: mistral-nemo <cursoragent@cursor.com>", "cursor", "mistral-nemo"),
        ("Co-authored-by: Claude Opus 4.6 <cursoragent@cursor.com>", "cursor", "Claude Opus 4.6"),
        ("Co-authored-by: Codex <noreply@openai.com>", "codex", None),
        ("Co-authored-by: Codex (GPT-5.5) <codex@openai.com>", "codex", "GPT-5.5"),
        ("Co-authored-by: aider (gemini/gemini-2.5-pro) <aider@aider.chat>", "aider", "gemini/gemini-2.5-pro"),
        ("Co-authored-by: aider (codellama) <noreply@aider.chat>", "aider", "codellama"),
        ("Co-authored-by: Windsurf", "windsurf", None),
        ("Co-authored-by: Amp <amp@ampcode.com>", "amp", None),
        ("Amp-Thread-ID: https://ampcode.com/threads/T-1", "amp", None),
        ("Co-authored-by: Gemini CLI Agent <gemini-cli-agent@google.com>", "gemini", None),
        ("Co-authored-by: opencode <noreply@opencode.ai>", "opencode", None),
        ("Co-authored-by: Goose <opensource@block.xyz>", "goose", None),
        ("Co-authored-by: Cline <noreply@cline.bot>", "cline", None),
        ("Co-authored-by: Amazon Q Developer <noreply@amazon.com>", "amazon-q", None),
        ("Co-authored-by: Pi <noreply@pi.dev>", "pi", None),
        ("Co-authored-by: Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>", "devin", None),
        ("Co-authored-by: Claude Opus 4.5 <ada@example.org>", "claude", "Claude Opus 4.5"),
        ("Assisted-by: Codex:GPT-5", "codex", "GPT-5"),
        ("Assisted-by: ClaudeCode:claude-opus-4.8", "claude", "claude-opus-4.8"),
        ("Assisted-by: Claude:claude-3-opus coccinelle sparse", "claude", "claude-3-opus"),
        ("Assisted-by: Somebot:model-7", "somebot", "model-7"),
        ("Assisted-by: GitHub Copilot (Claude Sonnet 4.5)", "copilot", "Claude Sonnet 4.5"),
        ("Assisted-by: Grok Code Fast via Crush <crush@charm.land>", "crush", "Grok Code Fast"),
        ("Generated-by: Codestral", None, "Codestral"),
        ("Generated-by: starcoder-instruct-15B", None, "starcoder-instruct-15B"),
        ("Generated-by: llama3:8b", None, "llama3:8b"),
        ("Generated-by: Claude Opus 4.6", "claude", "Claude Opus 4.6"),
        ("Generated-by: Claude Code 2.1", "claude", None),
        ("Generated-by: [Claude Code](https://claude.com/claude-code)", "claude", None),
        ("AI-Model: gpt-4o", None, "gpt-4o"),
        ("AI-Session: 0f1e", None, None),
        ("AI-assisted: yes", None, None),
        ("Replit-Commit-Author: Agent", "replit", None),
    ],
)
def test_a_trailer_names_tool_and_model(trailer: str, tool: str | None, model: str | None) -> None:
    """Every spelling seen in real histories, with the model where it is given and only there."""
    found = with_trailers(trailer)
    assert found is not None
    assert (found.type, found.tool, found.model, found.confidence) == ("ai", tool, model, TRAILER)


@pytest.mark.parametrize(
    "trailer",
    [
        "Co-authored-by: Claude Dupont <claude.dupont@example.org>",
        "Co-authored-by: Claude <claude@example.org>",
        "Co-authored-by: Ada Byron <ada+claude@example.org>",
        "Co-authored-by: Claude <123+claude@users.noreply.github.com>",
        "Co-authored-by: Devin",
        "Co-authored-by: Jules <jules@example.org>",
        "Co-authored-by: Grace Hopper <grace@anthropic.com>",
        "Co-authored-by: Grace Hopper <grace@openai.com>",
        "Co-authored-by: Cursor Team <team@cursor.com>",
        "Co-authored-by: Grace Hopper <opensource@block.xyz>",
        "Co-authored-by: Grace Hopper <noreply@amazon.com>",
        "Co-authored-by: coderabbitai[bot] <136622811+coderabbitai[bot]@users.noreply.github.com>",
        "Co-authored-by: gemini-code-assist[bot] <176961590+gemini-code-assist[bot]@users.noreply.github.com>",
        "Co-authored-by: gemini-cli-robot <gemini-cli-robot@google.com>",
        "Signed-off-by: Ada Byron <ada@example.org>",
        "Reviewed-by: Claude <noreply@anthropic.com>",
        "Assisted-by: Grace Hopper <grace@example.org>",
        "Assisted-by: Grace",
        "Generated-by: protoc",
        "Generated-by: scripts/build.py",
        "Generated-by: https://example.org/generator",
        "Generated-by: the Shanghai team",
        "Generated-by: Claude Dupont",
        "AI-assisted: no",
        "model: gpt-4-turbo",
        "tool: Claude Code",
    ],
)
def test_people_and_programs_are_no_assistants(trailer: str) -> None:
    """A person's name, a vendor's staff, a reviewing bot, a code generator and a benchmark's output sign nothing."""
    assert with_trailers(trailer) is None


@pytest.mark.parametrize(
    ("name", "email", "tool"),
    [
        ("Claude", "noreply@anthropic.com", "claude"),
        ("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com", "copilot"),
        ("google-labs-jules[bot]", "161369871+google-labs-jules[bot]@users.noreply.github.com", "jules"),
        ("factory-droid[bot]", "138933559+factory-droid[bot]@users.noreply.github.com", "droid"),
        ("devin-ai-integration[bot]", "158243242+devin-ai-integration[bot]@users.noreply.github.com", "devin"),
        ("Cursor Agent", "cursoragent@cursor.com", "cursor"),
    ],
)
def test_an_author_that_is_an_assistant_is_surer_than_a_trailer(name: str, email: str, tool: str) -> None:
    """Identities weigh more than what a message claims."""
    found = by(name, email)
    assert found is not None
    assert (found.tool, found.model, found.confidence) == (tool, None, AUTHOR)


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("Claude Dupont", "claude@example.org"),
        ("Grace Hopper", "grace@anthropic.com"),
        ("Ada Byron", "ada+claude@example.org"),
        ("Ada Byron (she/her)", "ada@example.org"),
        ("Ada Byron (Cursor)", "ada@cursor.com"),
        ("Ada Byron (OpenAI)", "ada@openai.com"),
        ("coderabbitai[bot]", "136622811+coderabbitai[bot]@users.noreply.github.com"),
        ("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"),
        ("", ""),
    ],
)
def test_an_author_who_is_a_person_or_another_bot_is_none(name: str, email: str) -> None:
    """The account decides, not its domain; remarks in parentheses are people's own."""
    assert by(name, email) is None


def test_an_assistant_that_commits_counts_as_one_that_writes() -> None:
    """The committer's account is an identity, too."""
    found = by("Ada Byron", committer=Identity(name="Claude", email="noreply@anthropic.com"))
    assert found is not None
    assert (found.tool, found.confidence) == ("claude", AUTHOR)


@pytest.mark.parametrize(
    ("name", "tool", "model"),
    [
        ("Ada Byron (aider)", "aider", None),
        ("Ada Byron (claude)", "claude", None),
        ("Ada Byron (gemini-2.5-pro-preview-05-06)", None, "gemini-2.5-pro-preview-05-06"),
    ],
)
def test_a_mark_behind_the_authors_name_is_an_identity(name: str, tool: str | None, model: str | None) -> None:
    """Tools put their own name, or the model's, in parentheses behind the person's."""
    found = by(name)
    assert found is not None
    assert (found.tool, found.model, found.confidence) == (tool, model, AUTHOR)
    assert "Ada" not in found.evidence


def test_a_mark_on_the_committer_alone_is_a_persons_work() -> None:
    """The tool committed what a person had edited."""
    assert by("Ada Byron", committer=Identity(name="Ada Byron (aider)", email="ada@example.org")) is None


def test_the_trailer_names_the_model_of_a_marked_author() -> None:
    """The author says which tool, the trailer which model."""
    found = by("Ada Byron (aider)", message="Sort\n\nCo-authored-by: aider (o3-mini) <noreply@aider.chat>")
    assert found is not None
    assert (found.tool, found.model, found.confidence) == ("aider", "o3-mini", AUTHOR)


def test_a_persons_trailer_does_not_name_the_model_of_an_assistant() -> None:
    """Whoever asked an agent for the commit is its co-author."""
    found = by("copilot-swe-agent[bot]", "", "Sort\n\nCo-authored-by: Ada Byron <ada@example.org>")
    assert found is not None
    assert (found.tool, found.model) == ("copilot", None)


def test_a_trailer_buried_in_a_squashed_body_is_weak() -> None:
    """It was said of one of several commits."""
    body = "* Sort\n\nCo-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>\n\n* Reverse\n\nBy hand."
    found = with_trailers("Signed-off-by: Ada Byron <ada@example.org>", body=body)
    assert found is not None
    assert (found.type, found.model, found.confidence) == ("ai", "Claude Opus 4.6", BODY)


def test_a_squash_that_git_indents_is_read() -> None:
    """`git merge --squash` writes the log of the commits, indented."""
    squashed = "Squashed commit of the following:\n\n    Sort\n\n    Assisted-by: Codex:GPT-5\n\nDone."
    found = authorship(ADA, ADA, squashed)
    assert found is not None
    assert (found.tool, found.model, found.confidence) == ("codex", "GPT-5", BODY)


@pytest.mark.parametrize(
    "message",
    [
        "Sort (#12)\n\n* Sort\n\n* Reverse\n\n---------\n\n{claude}",
        "Sort (#12)\n\n* Sort\n* Reverse\n\n{claude}",
        "Sort (#12)\r\n\r\n* Sort\r\n\r\n* Reverse\r\n\r\n{claude}",
        "Sort (#12)\n\nBoth ways.\n\nCo-authored-by: Grace Hopper <grace@example.org>\n{claude}",
        "Squashed commit of the following:\n\ncommit 1\n\n    Sort\n\n    {claude}",
    ],
)
def test_a_squash_that_unites_the_trailers_of_several_commits_is_weak(message: str) -> None:
    """They stand in the last paragraph then, and yet are said of one of them, not known which."""
    found = authorship(ADA, ADA, message.format(claude="Co-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"))
    assert found is not None
    assert (found.type, found.model, found.confidence) == ("ai", "Claude Opus 4.6", BODY)


@pytest.mark.parametrize(
    "message",
    [
        "Sort (#12)\n\nBoth ways.\n\n{claude}",
        "Sort (#12)\n\n* Both ways.\n\n{claude}",
        "Sort (#12)\n\n- Sort\n- Reverse\n\n{claude}",
        "Sort (#12)\n\n{claude}\nCo-authored-by: Claude Opus 4.6 (1M context) <noreply@anthropic.com>",
        "Sort\n\n* Sort\n* Reverse\n\n{claude}\nCo-authored-by: Grace Hopper <grace@example.org>",
        "Sort, see (#12) for why\n\n* Sort\n* Reverse\n\n{claude}",
    ],
)
def test_one_commits_trailer_is_a_trailer_also_when_it_was_squashed(message: str) -> None:
    """One commit keeps its message; and no list, and no second author, makes a squash of a commit that is none."""
    found = authorship(ADA, ADA, message.format(claude="Co-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"))
    assert found is not None
    assert (found.model, found.confidence) == ("Claude Opus 4.6", TRAILER)


def test_an_assistant_that_squashes_its_own_commits_wrote_them() -> None:
    """Whose commit it is, is no trailer."""
    found = by("Claude", "noreply@anthropic.com", "Sort (#12)\n\n* Sort\n\n* Reverse")
    assert found is not None
    assert found.confidence == AUTHOR


def test_a_roster_says_who_is_an_assistant() -> None:
    """Authors, marks and trailers of one that is not in the built-in table; and who is asked twice is the same."""
    roster = KNOWN.with_more([Assistant(tool="housebot", accounts=("bot@example.org",), own=("housebot",))])
    authors = Authors(roster)
    bot = Identity(name="Somebody", email="bot@example.org")
    for _ in range(2):
        for author, message in [
            (bot, "Sort"),
            (Identity(name="Ada Byron (housebot)", email="ada@example.org"), "Sort"),
            (ADA, "Sort\n\nCo-authored-by: Housebot <bot@example.org>"),
            (ADA, "Sort\n\nAssisted-by: housebot:model-7"),
        ]:
            found = authors.of(author, ADA, message)
            assert found is not None
            assert found.tool == "housebot"
    assert authorship(bot, ADA, "Sort") is None


def test_what_is_remembered_of_authors_does_not_grow_without_end() -> None:
    """A long history of people and trailers that are never the same costs no more than a short one."""
    authors = Authors()
    for number in range(MAX_KNOWN + 10):
        person = Identity(name=f"Ada {number}", email="ada@example.org")
        assert authors.of(person, ADA, f"Sort\n\nSigned-off-by: Ada {number} <ada@example.org>") is None
    found = authors.of(ADA, ADA, "Sort\n\nGenerated-by: GPT-5")
    assert found is not None
    assert len(authors._people) <= MAX_KNOWN
    assert len(authors._trailers) <= MAX_KNOWN


def test_trailers_that_differ_are_weak_and_lay_it_on_no_model() -> None:
    """Which of the two wrote this line is not known."""
    found = with_trailers(
        "Co-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>", "Co-authored-by: Codex (GPT-5.5) <codex@openai.com>"
    )
    assert found is not None
    assert (found.type, found.tool, found.model, found.confidence) == ("ai", None, None, BODY)


def test_trailers_that_complete_one_another_are_one_claim() -> None:
    """A session's address and the co-author of the same tool agree."""
    found = with_trailers(
        "Claude-Session: https://claude.ai/code/session_01", "Co-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>"
    )
    assert found is not None
    assert (found.tool, found.model, found.confidence) == ("claude", "Claude Sonnet 5", TRAILER)


@pytest.mark.parametrize(
    "trailer",
    [
        "Co-authored-by: Claude Opus 4.6, GPT-5.4, Gemini 3 Pro",
        "Co-authored-by: Claude Opus 4.6 + GPT-5.4 + Gemini 3 Pro <models@example.org>",
        "Generated-by: GPT-5.4 and Claude Opus 4.6",
        "Claude-Generated-By: Claude Code (cli/claude-opus-4-5=60%, cli/claude-haiku-4-5=40%)",
    ],
)
def test_several_models_on_one_line_are_a_model_without_a_name(trailer: str) -> None:
    """It was generated; by which of them is not known."""
    found = with_trailers(trailer)
    assert found is not None
    assert (found.type, found.model) == ("ai", None)


def test_the_sentence_that_an_assistant_leaves_is_weak() -> None:
    """*Generated with* is no trailer, and can be quoted."""
    found = with_trailers("🤖 Generated with [Claude Code](https://claude.com/claude-code)")
    assert found is not None
    assert (found.tool, found.confidence) == ("claude", BODY)


@pytest.mark.parametrize(
    "body", ["Remove the line 'Generated with Claude Code'.", "Generated with protoc.", "Generated by Claude Dupont."]
)
def test_a_sentence_about_something_else_is_none(body: str) -> None:
    """A message that speaks of generated things was not generated by that."""
    assert with_trailers(body) is None


def test_a_subject_that_only_begins_with_aider_is_weaker_still() -> None:
    """It may be about aider."""
    found = by("Ada Byron", message="aider: sort the users")
    assert found is not None
    assert (found.tool, found.confidence) == ("aider", SUBJECT)


def test_evidence_holds_no_address() -> None:
    """It is stored and shown."""
    found = with_trailers("Co-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>")
    assert found is not None
    assert found.evidence == "trailer Co-Authored-By: Claude Sonnet 5"


def test_windows_line_ends_do_not_hide_a_trailer() -> None:
    """Messages are written with CRLF, too."""
    found = authorship(ADA, ADA, "Sort\r\n\r\nCo-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>\r\n")
    assert found is not None
    assert (found.model, found.confidence) == ("Claude Sonnet 5", TRAILER)


@pytest.mark.parametrize(
    "long",
    [
        "Co-authored-by: " + "x" * 1_000_000,
        "Co-authored-by: x <x@example.org>\n" * 30_000,
        " " * 1_000_000,
        "\n" * 1_000_000,
    ],
    ids=["trailer", "trailers", "blanks", "lines"],
)
def test_an_endless_message_is_read_in_bounded_time(long: str) -> None:
    """Its end is read all the same."""
    found = authorship(ADA, ADA, f"Sort\n\n{long}\nGenerated-by: GPT-5")
    assert found is not None
    assert found.model == "GPT-5"
    assert len(found.evidence) < 200
    quarter = long[: len(long) // 4]
    assert growth(lambda: authorship(ADA, ADA, quarter), lambda: authorship(ADA, ADA, long)) <= 10
