"""The coding assistants: their accounts, and the names that are theirs alone.

A vendor's staff are people, and so is somebody called Claude; the table says which names decide by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """One assistant, all in lower case.

    `accounts` are its e-mail addresses and GitHub logins (apps end in `[bot]`). `own` names are borne by nobody else;
    `shared` ones by people too, and count only at its account or where no address is given. `plain` names say nothing
    of the model at its account. `offices` are addresses that others use too: they count together with a name.
    """

    tool: str
    accounts: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    offices: tuple[str, ...] = ()


# Addresses and logins as the tools themselves write them, and as they are found in public histories.
ASSISTANTS = (
    Assistant(
        tool="claude",
        accounts=(
            "noreply@anthropic.com",
            "claude@anthropic.com",
            "claude[bot]",
            "anthropic-code-agent[bot]",
            "242468646+claude@users.noreply.github.com",
        ),
        own=(
            "claude code",
            "claude-code",
            "claudecode",
            "claude[bot]",
            "claude ai",
            "claude code agent",
            "claude code assistant",
            "claude code cli",
            "claude code action",
            "claude cli",
            "anthropic-code-agent[bot]",
        ),
        shared=("claude",),
        plain=("claude agent", "claude assistant", "claude bot", "anthropic"),
        offices=("81847+claude@users.noreply.github.com",),
    ),
    Assistant(
        tool="copilot",
        accounts=("copilot@github.com", "copilot", "copilot[bot]", "copilot-swe-agent[bot]"),
        own=(
            "copilot",
            "github copilot",
            "copilot-swe-agent[bot]",
            "copilot-swe-agent",
            "copilot autofix",
            "copilot autofix powered by ai",
            "copilot cli",
            "github copilot cli",
            "copilot coding agent",
            "copilot chat",
            "github copilot chat",
            "copilot agent",
            "github copilot agent",
        ),
    ),
    Assistant(
        tool="cursor",
        accounts=("cursoragent@cursor.com", "ai@cursor.sh", "cursor[bot]", "cursoragent"),
        own=("cursor", "cursor ai", "cursor agent", "cursor-agent", "cursoragent", "cursor[bot]", "cursor cli"),
    ),
    Assistant(
        tool="codex",
        accounts=("noreply@openai.com", "codex@openai.com", "codex[bot]"),
        own=("codex", "openai codex", "codex cli", "codex-cli", "openai codex cli", "codex agent"),
        plain=("openai",),
    ),
    Assistant(tool="chatgpt", own=("chatgpt", "openai chatgpt")),
    Assistant(
        tool="gemini",
        accounts=("gemini-cli-agent@google.com", "gemini-cli@google.com"),
        own=("gemini cli", "gemini-cli", "gemini cli agent", "google gemini"),
        shared=("gemini",),
        offices=("noreply@google.com",),
    ),
    Assistant(
        tool="jules",
        accounts=("google-labs-jules[bot]", "jules@google.com"),
        own=("google jules", "google-labs-jules[bot]"),
        shared=("jules",),
    ),
    Assistant(
        tool="aider",
        accounts=("noreply@aider.chat", "aider@aider.chat"),
        own=("aider", "aider-chat"),
    ),
    Assistant(
        tool="devin",
        accounts=("devin-ai-integration[bot]", "devin@cognition.ai"),
        own=("devin ai", "devin-ai-integration[bot]", "devin-ai-integration"),
        shared=("devin",),
    ),
    Assistant(
        tool="droid",
        accounts=("factory-droid[bot]", "droid@factory.ai"),
        own=("factory droid", "factory-droid[bot]"),
        shared=("droid",),
    ),
    Assistant(
        tool="opencode",
        accounts=("noreply@opencode.ai", "opencode-agent[bot]"),
        own=("opencode", "opencode-agent[bot]"),
    ),
    Assistant(tool="amp", accounts=("amp@ampcode.com",), own=("ampcode", "sourcegraph amp"), shared=("amp",)),
    Assistant(tool="goose", shared=("goose",), offices=("opensource@block.xyz",)),
    Assistant(tool="cline", accounts=("noreply@cline.bot",), shared=("cline",)),
    Assistant(
        tool="windsurf",
        accounts=("noreply@codeium.com", "noreply@windsurf.com"),
        own=("windsurf", "windsurf cascade"),
        shared=("cascade",),
    ),
    Assistant(
        tool="amazon-q",
        accounts=("amazon-q-developer[bot]",),
        own=("amazon q developer", "amazon q", "amazon-q-developer[bot]"),
        offices=("noreply@amazon.com",),
    ),
    Assistant(tool="pi", accounts=("noreply@pi.dev",), shared=("pi",)),
    Assistant(tool="grok", accounts=("grok@x.ai",), shared=("grok",)),
    Assistant(tool="crush", accounts=("crush@charm.land",), shared=("crush",)),
    Assistant(tool="warp", accounts=("agent@warp.dev", "oz-agent@warp.dev"), shared=("warp", "oz")),
    Assistant(
        tool="qwen-code",
        accounts=("qwen-coder@alibabacloud.com",),
        own=("qwen-coder", "qwen coder", "qwen code", "qwen-code"),
    ),
    Assistant(
        tool="openhands",
        accounts=("openhands@all-hands.dev", "openhands-agent"),
        own=("openhands", "openhands-agent"),
    ),
    Assistant(tool="lovable", accounts=("gpt-engineer-app[bot]", "lovable-dev[bot]", "noreply@lovable.dev")),
    Assistant(tool="sweep", accounts=("sweep-ai[bot]",), own=("sweep ai", "sweep-ai[bot]")),
)

# They review, answer or release; what they sign was written by somebody else.
BYSTANDERS = frozenset({
    "coderabbitai[bot]", "coderabbitai", "gemini-code-assist[bot]", "gemini-code-assist", "gemini-cli-robot",
    "chatgpt-codex-connector[bot]", "copilot-pull-request-reviewer[bot]", "cursor-bugbot[bot]",
})  # fmt: skip

# Bare, these may mean a person, or no more than the word.
WORDS_AND_NAMES = frozenset(
    {"devin", "jules", "amp", "goose", "cline", "pi", "droid", "crush", "warp", "oz", "cascade"}
)
