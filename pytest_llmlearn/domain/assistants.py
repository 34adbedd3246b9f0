"""The coding assistants: their accounts, and the names that are theirs alone.

A vendor's staff are people, and so is somebody called Claude; the table says which names decide by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Some assistants, and who is meant by an account or a name. Two rosters of the same assistants are equal.

    `bystanders` sign what others wrote; `ambiguous` names may mean a person or no more than the word. The indexes are
    made once, with the value: every commit's author is looked up in them. Their keys are in lower case.
    """

    assistants: tuple[Assistant, ...]
    bystanders: frozenset[str] = frozenset()
    ambiguous: frozenset[str] = frozenset()
    by_account: dict[str, Assistant] = field(init=False, repr=False, compare=False)
    by_office: dict[str, Assistant] = field(init=False, repr=False, compare=False)
    by_name: dict[str, Assistant] = field(init=False, repr=False, compare=False)
    plain: frozenset[str] = field(init=False, repr=False, compare=False)
    longest_first: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {name: entry for entry in self.assistants for name in (*entry.own, *entry.shared)}
        indexes = {
            "by_account": {account: entry for entry in self.assistants for account in entry.accounts},
            "by_office": {address: entry for entry in self.assistants for address in entry.offices},
            "by_name": names,
            "plain": frozenset(name for entry in self.assistants for name in entry.plain),
            "longest_first": tuple(sorted(names, key=len, reverse=True)),
        }
        for name, index in indexes.items():
            object.__setattr__(self, name, index)  # frozen from here on

    def with_more(self, more: Iterable[Assistant]) -> Roster:
        """This roster and `more`, whose word is taken: what they claim is no other assistant's, nor ambiguous.

        One whose tool is known already adds to what is known of it.
        """
        entries = {entry.tool: entry for entry in self.assistants}
        claimed: set[str] = set()
        for entry in more:
            taken = {*entry.accounts, *entry.own, *entry.shared, *entry.offices}
            entries = {tool: other if tool == entry.tool else _without(other, taken) for tool, other in entries.items()}
            known = entries.get(entry.tool, Assistant(tool=entry.tool))
            entries[entry.tool] = _united(known, entry)
            claimed |= taken | set(entry.plain)  # a bystander's login, with and without `[bot]`
        return Roster(
            assistants=tuple(entries.values()),
            bystanders=self.bystanders - claimed,
            ambiguous=self.ambiguous - claimed,
        )

    @property
    def digest(self) -> str:
        """Of all that decides an answer: equal rosters have equal ones, in every process."""
        return _digest(self)


@lru_cache(maxsize=4)  # several readers ask, of one roster, in the two milliseconds that a remembered answer may take
def _digest(roster: Roster) -> str:
    said = repr((roster.assistants, sorted(roster.bystanders), sorted(roster.ambiguous)))
    return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


_LISTS = ("accounts", "own", "shared", "plain", "offices")


def _united(one: Assistant, other: Assistant) -> Assistant:
    lists = {name: tuple(dict.fromkeys((*getattr(one, name), *getattr(other, name)))) for name in _LISTS}
    # Whoever calls a name an assistant's own knows of nobody else who bears it.
    lists["shared"] = tuple(name for name in lists["shared"] if name not in lists["own"])
    return Assistant(tool=one.tool, **lists)


def _without(entry: Assistant, taken: set[str]) -> Assistant:
    if taken.isdisjoint(name for key in _LISTS for name in getattr(entry, key)):
        return entry
    left = {key: tuple(name for name in getattr(entry, key) if name not in taken) for key in _LISTS}
    return Assistant(tool=entry.tool, **left)


def an_assistant(tool: str, accounts: Sequence[str] = (), names: Sequence[str] = ()) -> Assistant:
    """An assistant as a person describes it: its e-mail addresses and logins, and the names that it alone bears.

    A login that ends in `[bot]` is such a name, too. Its tool's name and its logins say nothing of a model.
    """
    spelled = [" ".join(account.lower().split()) for account in accounts]
    logins = [account for account in spelled if "@" not in account]
    own = [*(" ".join(name.lower().split()) for name in names), *(name for name in logins if name.endswith("[bot]"))]
    return Assistant(
        tool=tool,
        accounts=tuple(dict.fromkeys(spelled)),
        own=tuple(dict.fromkeys(own)),
        plain=tuple(dict.fromkeys((tool.lower(), *logins, *(login.removesuffix("[bot]") for login in logins)))),
    )


KNOWN = Roster(assistants=ASSISTANTS, bystanders=BYSTANDERS, ambiguous=WORDS_AND_NAMES)
"""The built-in table."""


@lru_cache(maxsize=8)
def roster_with(more: tuple[Assistant, ...] = ()) -> Roster:
    """The built-in table and `more`, made once."""
    return KNOWN.with_more(more) if more else KNOWN
