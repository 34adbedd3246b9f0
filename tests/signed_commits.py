"""What assistants and people leave in a commit, and what its lines are by that: the answers are known by hand.

The forms are those seen in public histories, and the traps that lie in them.
"""

from __future__ import annotations

from dataclasses import dataclass

ROBIN = "Robin Reviewer <robin@example.org>"
ADA = "Ada Person <ada@example.org>"
GITHUB = "GitHub <noreply@github.com>"
CLAUDE = "Co-Authored-By: Claude Opus 4.6 <noreply@anthropic.com>"

Line = tuple[str, str | None]
"""Type and model of one line, as they must be told."""

HUMAN: Line = ("human", None)
UNKNOWN: Line = ("unknown", None)
AI: Line = ("ai", None)


def ai(model: str) -> Line:
    """A line of this model's."""
    return ("ai", model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What one commit says of its author, what its lines are by that, and how sure one may be at most."""

    name: str
    expected: Line
    message: str = "Add it"
    author: str = ROBIN
    committer: str = ROBIN
    at_most: float = 1.0


def trailed(name: str, trailer: str, expected: Line, **more: str) -> Signed:
    """A commit of a person's that ends with a trailer: weak evidence by its kind."""
    return Signed(name=name, message=f"Add it\n\n{trailer}", expected=expected, at_most=0.6, **more)


SIGNED: tuple[Signed, ...] = (
    Signed(name="person", expected=HUMAN),
    # Trailers as assistants leave them.
    trailed("claude_model", CLAUDE, ai("Claude Opus 4.6")),
    trailed("claude_1m", CLAUDE.replace("4.6", "4.6 (1M context)"), ai("Claude Opus 4.6")),
    trailed("claude_plain", "Co-Authored-By: Claude <noreply@anthropic.com>", AI),
    trailed("claude_code", "Co-Authored-By: Claude Code <noreply@anthropic.com>", AI),
    trailed("claude_vendor", "Co-Authored-By: Anthropic Claude Opus 4 <claude@anthropic.com>", ai("Claude Opus 4")),
    trailed("claude_nobody", "Co-authored-by: Claude", AI),
    trailed("windsurf_nobody", "Co-authored-by: Windsurf", AI),
    trailed("claude_session", "Claude-Session: https://claude.ai/code/session_01AbCd", AI),
    trailed("claude_generated", "Claude-Generated-By: Claude Code (cli/claude-opus-4-5=100%)", ai("claude-opus-4-5")),
    trailed("claude_bot", "Co-authored-by: claude[bot] <41898282+claude[bot]@users.noreply.github.com>", AI),
    trailed("claude_signs", "Signed-off-by: claude[bot] <41898282+claude[bot]@users.noreply.github.com>", AI),
    trailed("cursor", "Co-authored-by: Cursor <cursoragent@cursor.com>", AI),
    trailed("cursor_ai", "Co-authored-by: Cursor AI <ai@cursor.sh>", AI),
    trailed("cursor_grok", "Co-authored-by: Cursor Grok 4.5 <grok@x.ai>", ai("Grok 4.5")),
    trailed("copilot_2", "Co-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>", AI),
    trailed("copilot_1", "Co-authored-by: Copilot <175728472+Copilot@users.noreply.github.com>", AI),
    trailed(
        "copilot_autofix",
        "Co-authored-by: Copilot Autofix powered by AI "
        "<62310815+github-advanced-security[bot]@users.noreply.github.com>",
        AI,
    ),
    trailed("codex", "Co-authored-by: Codex <noreply@openai.com>", AI),
    trailed("codex_other", "Co-authored-by: Codex <codex@openai.com>", AI),
    trailed("codex_model", "Co-authored-by: Codex (GPT-5.5) <codex@openai.com>", ai("GPT-5.5")),
    trailed("gemini", "Co-authored-by: Gemini CLI Agent <gemini-cli-agent@google.com>", AI),
    trailed("opencode", "Co-authored-by: opencode <noreply@opencode.ai>", AI),
    trailed("amp", "Amp-Thread-ID: https://ampcode.com/threads/T-1\nCo-authored-by: Amp <amp@ampcode.com>", AI),
    trailed("goose", "Co-authored-by: Goose <opensource@block.xyz>", AI),
    trailed("cline", "Co-authored-by: Cline <noreply@cline.bot>", AI),
    trailed("windsurf", "Co-authored-by: Windsurf <noreply@codeium.com>", AI),
    trailed("amazon_q", "Co-authored-by: Amazon Q Developer <noreply@amazon.com>", AI),
    trailed("pi", "Co-authored-by: Pi <noreply@pi.dev>", AI),
    trailed("devin", "Co-authored-by: Devin AI <158243242+devin-ai-integration[bot]@users.noreply.github.com>", AI),
    trailed("assisted_kernel", "Assisted-by: ClaudeCode:claude-opus-4.8 coccinelle sparse", ai("claude-opus-4.8")),
    trailed("assisted_codex", "Assisted-by: Codex:gpt-5.2-codex", ai("gpt-5.2-codex")),
    trailed("assisted_vendor", "Assisted-by: DeepSeek:deepseek-v3.2", ai("deepseek-v3.2")),
    trailed("assisted_size", "Assisted-by: qwen2.5-coder:32b", ai("qwen2.5-coder:32b")),
    trailed("assisted_unknown", "Assisted-by: Codex:unknown", AI),
    trailed("tier_to_come", "Co-Authored-By: Claude Saga 7 <noreply@anthropic.com>", ai("Claude Saga 7")),
    trailed("generated_to_come", "Generated-by: Claude Saga 7", ai("Claude Saga 7")),
    trailed("model_to_come", "AI-Model: Claude Saga 7", ai("Claude Saga 7")),
    trailed("generated_apache", "Generated-by: Claude Opus 4.1", ai("Claude Opus 4.1")),
    trailed("whogitit", "AI-Session: 5f0c\nAI-Model: claude-opus-4-5\nAI-Lines: 4", ai("claude-opus-4-5")),
    trailed("three_models", "Co-authored-by: Claude Opus 4.6, GPT-5.2 and Gemini 2.5 Pro <noreply@anthropic.com>", AI),
    trailed("lower_case", CLAUDE.replace("Co-Authored-By", "co-authored-by"), ai("Claude Opus 4.6")),
    trailed("carriage_returns", CLAUDE + "\r", ai("Claude Opus 4.6")),
    Signed(
        name="footer",
        message="Add it\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)",
        expected=AI,
        at_most=0.6,
    ),
    # Authors that are assistants.
    Signed(
        name="copilot_agent",
        author="copilot-swe-agent[bot] <198982749+Copilot@users.noreply.github.com>",
        expected=AI,
    ),
    Signed(
        name="jules",
        author="google-labs-jules[bot] <161369871+google-labs-jules[bot]@users.noreply.github.com>",
        expected=AI,
    ),
    Signed(
        name="droid",
        author="factory-droid[bot] <138933559+factory-droid[bot]@users.noreply.github.com>",
        expected=AI,
    ),
    Signed(name="claude_author", author="Claude <noreply@anthropic.com>", expected=AI),
    Signed(
        name="author_and_trailer",
        author="Claude <noreply@anthropic.com>",
        message=f"Add it\n\n{CLAUDE}",
        expected=ai("Claude Opus 4.6"),
    ),
    Signed(name="claude_commits", committer="Claude <noreply@anthropic.com>", expected=AI),
    Signed(name="aider_author", author="Robin Reviewer (aider) <robin@example.org>", expected=AI),
    Signed(
        name="aider_model",
        author="Robin Reviewer (aider) <robin@example.org>",
        message="Add it\n\nCo-authored-by: aider (gemini/gemini-2.5-pro) <aider@aider.chat>",
        expected=ai("gemini/gemini-2.5-pro"),
    ),
    # 1: aider committed what a person had written.
    Signed(name="aider_commits", committer="Robin Reviewer (aider) <robin@example.org>", expected=HUMAN),
    # 2: the account decides, neither the domain nor a first name.
    Signed(name="staff_author", author="Kim Staff <kim@anthropic.com>", expected=HUMAN),
    trailed("staff_openai", "Co-authored-by: Sam Staff <sam@openai.com>", HUMAN),
    trailed("staff_cursor", "Co-authored-by: Lee Staff <lee@cursor.com>", HUMAN),
    trailed("named_claude", "Co-authored-by: Claude Dupont <claude.dupont@example.org>", HUMAN),
    Signed(name="claude_dupont", author="Claude Dupont <claude@dupont.example>", expected=HUMAN),
    trailed("first_name", "Co-authored-by: Claude <claude@dupont.example>", HUMAN),
    trailed("plus_claude", "Co-authored-by: Jo Person <jo+claude@example.org>", HUMAN),
    trailed("block_staff", "Co-authored-by: Block Open Source <opensource@block.xyz>", HUMAN),
    # 3: a subject alone is weak.
    Signed(name="aider_subject", message="aider: Add it", expected=AI, at_most=0.5),
    # 4: what a benchmark printed.
    Signed(
        name="benchmark_output",
        message="Add results\n\nmodel: gpt-4-0613\nedit_format: diff\npass_rate: 61.3\n",
        expected=HUMAN,
    ),
    Signed(
        name="talks_of_it",
        message="Fix the co-authored-by: Claude parser\n\nSee noreply@anthropic.com.",
        expected=HUMAN,
    ),
    # 5: other marks on the author.
    Signed(name="suffix_claude", author="Robin Reviewer (claude) <robin@example.org>", expected=AI),
    Signed(
        name="suffix_model",
        author="Robin Reviewer (gemini-2.5-pro-preview-05-06) <robin@example.org>",
        expected=ai("gemini-2.5-pro-preview-05-06"),
    ),
    Signed(name="suffix_employer", author="Lee Staff (Cursor) <lee@cursor.com>", expected=HUMAN),
    Signed(name="suffix_company", author="Robin Reviewer (Example Ltd) <robin@example.org>", expected=HUMAN),
    # 6: who reviews or releases has not written.
    trailed(
        "reviewed_by_bot",
        "Co-authored-by: coderabbitai[bot] <136622811+coderabbitai[bot]@users.noreply.github.com>",
        HUMAN,
    ),
    trailed(
        "gemini_assist",
        "Co-authored-by: gemini-code-assist[bot] <176961590+gemini-code-assist[bot]@users.noreply.github.com>",
        HUMAN,
    ),
    trailed("assisted_by_reviewer", "Assisted-by: gemini-code-assist[bot]", HUMAN),
    trailed("assisted_by_robot", "Assisted-by: gemini-cli-robot", HUMAN),
    trailed("reviewed_by_claude", "Reviewed-by: Claude Opus 4.6 <noreply@anthropic.com>", HUMAN),
    trailed("generated_by_protoc", "Generated-by: protoc 3.21", HUMAN),
    trailed("assisted_by_person", "Assisted-by: Ada Person <ada@example.org>", HUMAN),
    # 7: buried by a squash.
    Signed(
        name="squash",
        committer=GITHUB,
        message=f"Add it (#12)\n\n* first part\n\n{CLAUDE}\n\n* second part\n\nCo-authored-by: {ADA}",
        expected=ai("Claude Opus 4.6"),
        at_most=0.5,
    ),
    Signed(
        name="squash_several",
        committer=GITHUB,
        message=(
            f"Add it (#13)\n\n* one\n\n{CLAUDE}\n\n* two\n\nCo-authored-by: Codex (GPT-5.5) <codex@openai.com>\n\n"
            "* three\n\nAnd an end without a trailer."
        ),
        expected=AI,
        at_most=0.5,
    ),
)
