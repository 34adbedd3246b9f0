"""What a name, a trailer's value or a phrase says of the assistant that wrote something.

A sign is an assistant's own account, a name that only an assistant bears, or a model's name with its version. What
is left is nobody's sign.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pytest_llmlearn.domain.assistants import KNOWN, Assistant, Roster
from pytest_llmlearn.domain.tool_names import plain_name

MAX_VALUE = 300
"""Characters of a name or a trailer's value that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A name and an e-mail address, as a commit or a trailer gives them; either may be empty."""

    name: str
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """An assistant was named: which tool and which model, each where it can be told."""

    tool: str | None = None
    model: str | None = None


_GITHUB = re.compile(r"(?:\d+\+)?([^@+]+)@users\.noreply\.github\.com")
_CONTEXT = re.compile(r"\s*\(\s*\d+\s*[km]\b[^()]*\)", re.IGNORECASE)
_PARENTHESIS = re.compile(r"(.*?)\s*\(([^()]*)\)\s*")
_VENDOR = re.compile(r"(?:anthropic|openai|google|github|microsoft|xai|meta)(?:['’]s)?\s+(?=\S)", re.IGNORECASE)
_FAMILY = re.compile(
    r"(?<![a-z])(?:claude|opus|sonnet|haiku|(?:chat)?gpt|o[134](?:-(?:mini|pro|preview)\b|\b)|davinci|gemini|"
    r"(?:code)?gemma|grok|(?:code)?llama|mistral|mixtral|codestral|devstral|magistral|ministral|qwen|qwq|deepseek|kimi|"
    r"(?:chat)?glm|minimax|command-r|phi-?\d|star-?coder|wizard(?:coder|lm)|magicoder|codegen|granite|composer|"
    r"swe-1|yi-|internlm|nemotron|olmo|jamba|polycoder|incoder|santacoder|phind|hunyuan|doubao|ernie)(?![a-z])",
    re.IGNORECASE,
)
_TIER = (
    r"(?:opus|sonnet|haiku|instant|pro|flash|ultra|nano|mini|turbo|oss|codex|fast|code|lite|max|coder|instruct|large|"
    r"medium|small|preview|thinking|scout|maverick|v?\d[\w.]*)"
)
_MODEL_NAME = re.compile(
    r"(?:claude|(?:chat)?gpt|gemini|gemma|grok|(?:code)?llama|mistral|mixtral|codestral|devstral|qwen|deepseek|kimi|glm|"
    rf"minimax|composer|o[134])(?:[\w.]*\d[\w.]*)?(?:[\s/-]+{_TIER}(?![a-z]))*",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[A-Za-z]+[ -]v?\d[\w.]*")
_SEVERAL = re.compile(r"\s*(?:,|;|\+|&|\band\b)\s+|\s+\+\s*")
_TOKEN = re.compile(r"[A-Za-z][\w.:/@+-]*")
_AGENT_AND_MODEL = re.compile(r"([A-Za-z][\w. -]{0,40}?)\s*:(?!//)\s*(\S+(?:\s+[A-Z0-9][\w.+-]*)*)")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_MAIL = re.compile(r"([^<>]*)<([^<>]*)>")
_SHARE = re.compile(r"(?:cli/)?(.+?)(?:\s*=\s*\d+\s*%)?")
_NOTHING = frozenset({"", "no", "none", "false", "n/a", "na", "0", "never", "nobody", "human"})
_ALL = frozenset({"yes", "true", "1", "ai", "llm", "fully", "partially"})
# Programs that write code from a definition: no model had a hand in it.
_GENERATORS = re.compile(
    r"(?:protoc|buf|grpc|openapi|swagger|sphinx|antlr|thrift|flatc?|bison|flex|swig|cython|cookiecutter|copier|rector|"
    r"dependabot|renovate|pre-commit|make|cmake|script|python|bash|sh|git|github|gitlab|jenkins|ci|bot|tool|autotools|"
    r"sqlc|prisma|alembic|django|rails|yeoman|hygen|bazel|gazelle|nix|lerna|changesets?|release|semantic-release)"
    r"(?![a-z])|.*\[bot\]|.*\.(?:py|sh|js|ts|rb|pl|go)\b",
    re.IGNORECASE,
)


def tidy(name: str) -> str:
    """The name on one line, cut, unquoted, without a remark on the size of the context."""
    return " ".join(_CONTEXT.sub("", name[:MAX_VALUE]).split()).strip("\"'“”*_` ")


def github_login(email: str) -> str | None:
    """The login in an address of GitHub's own, such as `1+Copilot@users.noreply.github.com`, in lower case."""
    match = _GITHUB.fullmatch(email.lower())
    return match[1] if match else None


def identify(person: Identity, roster: Roster = KNOWN) -> Sign | None:
    """The assistant that this name and address stand for, or None for a person."""
    name, email = tidy(person.name), person.email.strip().lower()
    login = github_login(email)
    if name.lower() in roster.bystanders or login in roster.bystanders:
        return None
    product, rest = _product(name, roster)
    account = roster.by_account.get(email) or (roster.by_account.get(login) if login else None)
    if account is None and product is not None and roster.by_office.get(email) is product:
        account = product
    if account is None:
        return _unaddressed(name, product, rest, roster, named_alone=not email)
    if product not in (None, account) and _FAMILY.search(rest) and _owns(product, name[: len(name) - len(rest)]):
        account = product  # as in `Cursor Grok 4.5` at the model vendor's account
    return Sign(tool=account.tool, model=_model(name, account, roster))


def _unaddressed(name: str, product: Assistant | None, rest: str, roster: Roster, *, named_alone: bool) -> Sign | None:
    """What a name says by itself, beside an address that is no assistant's."""
    if product is None:
        return Sign(model=name) if _is_versioned(name) else None
    if not rest:
        own = _bare(name).lower() in product.own or name.lower() in product.own
        return Sign(tool=product.tool) if own or (named_alone and name.lower() not in roster.ambiguous) else None
    if _is_versioned(_bare(name)):
        return Sign(tool=product.tool, model=_model(name, product, roster))
    inner = _PARENTHESIS.fullmatch(name)
    if inner and _owns(product, inner[1]):
        return Sign(tool=product.tool, model=_model(name, product, roster))
    if _owns(product, name[: len(name) - len(rest)]) and _FAMILY.search(rest):
        return Sign(tool=product.tool, model=_without_parentheses(rest))
    return None


def _owns(product: Assistant, name: str) -> bool:
    return _bare(name.strip()).lower() in product.own or name.strip().lower() in product.own


def _bare(name: str) -> str:
    return _VENDOR.sub("", name, count=1) if _VENDOR.match(name) else name


def _is_versioned(name: str) -> bool:
    """Whether the whole of it is a model's name with a number in it."""
    return bool(_MODEL_NAME.fullmatch(name)) and any(character.isdigit() for character in name)


def _is_model(word: str) -> bool:
    """Whether one word without a slash is a model's name with a number in it."""
    return bool(_FAMILY.match(word)) and any(map(str.isdigit, word)) and not re.search(r"[\s/]", word)


def marked(text: str, roster: Roster = KNOWN) -> Sign | None:
    """What a tool puts in parentheses behind a person's name, as in `Robin (aider)`; None for a remark of theirs."""
    known = roster.by_name.get(text)
    if known is not None and text not in roster.ambiguous:
        return Sign(tool=known.tool)
    return Sign(model=text) if _is_model(text) or _is_versioned(text) else None


def _product(name: str, roster: Roster) -> tuple[Assistant | None, str]:
    """The assistant that the name begins with, and what follows it."""
    for spelled in dict.fromkeys((name, _bare(name))):
        lower = spelled.lower()
        for known in roster.longest_first:
            if lower.startswith(known) and (len(lower) == len(known) or lower[len(known)] in " (:"):
                return roster.by_name[known], spelled[len(known) :].strip(" :")
    return None, ""


def _without_parentheses(text: str) -> str:
    return text.strip("() ")


def _model(name: str, assistant: Assistant, roster: Roster) -> str | None:
    """The model that a name at an assistant's account gives, if it gives one."""
    inside = _PARENTHESIS.fullmatch(name)
    if inside:
        if inside[2].strip() and (assistant.tool == "aider" or _FAMILY.search(inside[2])):
            shared = _SHARE.fullmatch(inside[2].strip())
            return shared[1] if shared else inside[2].strip()
        name = inside[1]
    name = _bare(name.split(" via ")[0])
    lower = name.lower()
    if not name or lower in roster.plain or roster.by_name.get(lower) is assistant or lower.endswith("[bot]"):
        return None
    product, rest = _product(name, roster)
    if product is not None and rest:
        if lower[: len(lower) - len(rest)].strip(" :(") in product.own:
            return rest if _FAMILY.search(rest) else None
        # A tier that nobody has heard of yet has its number all the same.
        return name if _MODEL_NAME.fullmatch(name) or _NUMBERED.fullmatch(rest) else None
    return name if " " not in name or _FAMILY.search(name) or any(map(str.isdigit, name)) else None


def declared(value: str, roster: Roster = KNOWN, *, any_token: bool = False, any_agent: bool = False) -> list[Sign]:
    """The assistants that the value of a trailer such as `Assisted-by` or `Generated-by` names; several at times.

    `any_token` takes a single word that is no known generator for a model; `any_agent` takes any `AGENT:MODEL`, the
    form of the Linux kernel's `Assisted-by`.
    """
    value = _LINK.sub(r"\1", value[:MAX_VALUE]).strip()
    mail = _MAIL.search(value)
    if mail:
        sign = identify(Identity(name=mail[1], email=mail[2]), roster)
        return [sign] if sign else []
    value = tidy(value)
    if value.lower() in _NOTHING:
        return []
    if value.lower() in _ALL:
        return [Sign()]
    shares = _PARENTHESIS.fullmatch(value)
    parts = _SEVERAL.split(shares[2] if shares else value)
    if len(parts) > 1:
        product = _product(value, roster)[0] if shares else None
        signs = [sign for part in parts if part for sign in _one(part, roster, any_token=False, any_agent=False)]
        return [Sign(tool=product.tool, model=sign.model) for sign in signs] if product else signs
    return _one(value, roster, any_token=any_token, any_agent=any_agent)


def _one(value: str, roster: Roster, *, any_token: bool, any_agent: bool) -> list[Sign]:
    if value.lower() in roster.bystanders:
        return []
    pair = _AGENT_AND_MODEL.match(value)
    if pair:
        agent, model = pair[1].strip(), pair[2].strip(",;")
        known = roster.by_name.get(agent.lower())
        # `DeepSeek:deepseek-v3.2` is an agent with its model, `qwen2.5-coder:32b` a model with its size.
        if known is not None or (any_agent and (not _FAMILY.search(agent) or _FAMILY.match(model))):
            return [Sign(tool=known.tool if known else agent.lower(), model=plain_name(model))]
    product, rest = _product(value, roster)
    if product is not None:
        if not rest:
            return [Sign(tool=product.tool)]
        inside = _PARENTHESIS.fullmatch(value)
        own = value[: len(value) - len(rest)].strip(" (:").lower() in product.own
        if inside or own or _MODEL_NAME.fullmatch(_bare(value)) or _NUMBERED.fullmatch(rest):
            return [Sign(tool=product.tool, model=_model(_share(value), product, roster))]
        return []
    value = _share(value)
    if _MODEL_NAME.fullmatch(value) or (_FAMILY.search(value) and len(value.split()) <= 4):
        return [Sign(model=value)]
    if any_token and _TOKEN.fullmatch(value) and not _GENERATORS.match(value) and "://" not in value:
        return [Sign(model=value)]
    return []


def _share(value: str) -> str:
    shared = _SHARE.fullmatch(value)
    return shared[1] if shared else value


_LEAD = re.compile(r"[\s\[*`\"“:]*(?:(?:the\s+)?help\s+(?:of|from)\s+)?(?:(?:an?|the)\s+)?", re.IGNORECASE)
_ANY_MODEL = re.compile(
    r"(?:generative\s+)?(?:ai|llms?|(?:large\s+)?language\s+models?)(?:\s+(?:assistants?|tools?|models?|agents?))?"
    r"(?=[\s.,;:!)\]*`\"”]|$)",
    re.IGNORECASE,
)
_AFTER = re.compile(r"(?!['’\w/]|-\w|\.\w)(?!\s+[A-Z][a-z])")
# Nobody writes of a database's cursor or of a codex with a capital.
_CAPITAL = frozenset({"cursor", "codex", "windsurf", "copilot"})


def credited(text: str, roster: Roster = KNOWN) -> Sign | None:
    """The assistant that free text names at its beginning, behind words such as *generated by*; None for all else."""
    lead = _LEAD.match(text[:MAX_VALUE])
    said = text[lead.end() : MAX_VALUE] if lead else text[:MAX_VALUE]
    anything = _ANY_MODEL.match(said)
    if anything:
        return Sign()
    said = _bare(said)
    model = _MODEL_NAME.match(said)
    if model and _AFTER.match(said, model.end()) and (any(map(str.isdigit, model[0])) or re.search("[ -]", model[0])):
        product = _product(model[0], roster)[0]
        own = product is not None and _owns(product, model[0])
        return Sign(tool=product.tool if product else None, model=None if own else tidy(model[0]).rstrip("."))
    for known in roster.longest_first:
        if said.lower().startswith(known) and _AFTER.match(said, len(known)) and known not in roster.ambiguous:
            if known in _CAPITAL and not said[0].isupper():
                return None
            return Sign(tool=roster.by_name[known].tool)
    token = _TOKEN.match(said)
    word = token[0].rstrip(".:/-") if token else ""
    if _is_model(word) and _AFTER.match(said, len(word)):
        return Sign(model=word)
    return None
