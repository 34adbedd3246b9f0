"""Values that are secret by the name they stand under: `password = "…"`, `API_KEY=…`, `{"token": "…"}`, `--secret …`.

The text may be code, a message, a config file or a piece of any; it need not parse. So a name is found first, then the
few characters after it say what kind of value follows. A quoted value under a name that always means a secret goes,
whatever it is; a bare value, which in code is a name or a call, goes only where it cannot be one or where the line is
a config file's. Names that code uses for other things (`token`, `auth`) count only with a value that looks drawn.

What is looked at around a name is bounded, so the whole is linear in the text.
"""

import re
from dataclasses import dataclass

from pytest_llmlearn.domain.randomness import looks_random
from pytest_llmlearn.domain.secret_shapes import MASK

__all__ = ["hide_named_values"]

_REACH = 400
"""Characters of one line that are looked at before a name, to tell whether it stands in a string."""

_LONGEST_TRIPLE = 16_384

_HINTS = ("pass", "pwd", "secret", "token", "key", "auth", "cred", "contrase", "bearer", "cookie", "basic ", "_pw", "-u")

# Matched on the lower-cased text. `weak` names mean a secret only with a value that looks like one.
_NAME = re.compile(
    r"(?:(?P<weak>token|auth(?![a-z])|credential|creds?(?![a-z])|cookie|jwt(?![a-z])|session[-_]?(?:id|key))"
    r"|(?P<short>pass(?:e[sd])?(?![a-z])|pwd|pw(?![a-z]))"
    r"|pass(?:word|wd|phrase|code)|secret|contrase(?:ñ|n)a|authorization"
    r"|(?:api|app|access|auth|private|priv|service|account|db|database|client|consumer|encryption|signing|master|license"
    r"|storage|shared|ssh|deploy|webhook|bot|hmac|crypt|cipher|subscription)[-_. ]?key(?![a-z]))"
    r"(?P<plural>s(?![a-z]))?"
)

_QUALIFIED_TOKEN = re.compile(
    r"(?:access|auth|api|bearer|refresh|secret|id|session|csrf|bot|user|login|security|deploy|github|gh|gitlab|slack|npm"
    r"|pypi|hf|huggingface|discord|telegram|vault|jwt|oauth|private|client|service|admin|registration|webhook)[-_.]?\Z"
)

# A name that goes on like this says something about a secret and holds none.
_ABOUT = re.compile(
    r"[-_]?(?:type|url|uri|endpoint|name|field|label|hint|help|prompt|error|err|message|msg|policy|length|len|size|min|max"
    r"|minimum|maximum|required|count|counts|index|idx|pos|position|expir\w*|expires\w*|ttl|lifetime|file|filename|path"
    r"|dir|regex|re|pattern|header|headers|prefix|suffix|column|format|fmt|algorithm|algo|alg|scheme|schemes|method|class"
    r"|cls|validator|validators|strength|status|state|provider|backend|backends|manager|version|rotation|usage|used|limit"
    r"|budget|limits|rules|rule|mode|model|enabled|valid|is_valid|exists|changed|reset_url|ref|arn|env|env_var|var"
    r"|constraint|param|parameter|params|input|placeholder|context|scope|scopes|kind|id_field|types|names|module)\Z"
)

_TAIL = re.compile(r"[A-Za-z0-9_-]{0,40}+")
_AFTER = re.compile(
    r"(?P<close>\\{0,3}[\"'`])?(?P<subscript>[ \t]?\])?(?:\[[0-9]{0,4}\])?[ \t]*"
    r"(?:(?P<annotated>:[ \t]*[A-Za-z_][\w.]{0,60}(?:\[[^\[\]\n=\"']{0,60}(?:\[[^\[\]\n=\"']{0,60}\][^\[\]\n=\"']{0,60})?\])?"
    r"(?:[ \t]*\|[ \t]*[\w.]{1,60}){0,4}[ \t]*=(?!=))"
    r"|(?P<operator>:=|=>|={1,3}|!={1,2}|:(?!:)|,(?=[ \t]))"
    r"|(?P<call>\())?"
    r"[ \t]*"
)
_OPENING = re.compile(r"(?P<prefix>[rRbBuUfF]{0,2})(?P<quote>\"\"\"|'''|\\{1,3}[\"']|[\"'`])")
_INSIDE = {
    '"': re.compile(r'(?:[^"\\\n]|\\.)*+'),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*+"),
    "`": re.compile(r"[^`\n]*+"),
}
_BARE = re.compile(r"[^\s\"'`,;&<>(){}\[\]|\\]+")
_BARE_OF_PAIRS = re.compile(r"[^\s\"'`;]+")
_PAIRS = re.compile(r"[^\s\"'`;]{1,200};")
_CALL = re.compile(r"[\w.]+\([^()]*\)")

_INTERPOLATED = re.compile(
    r"(?:\$?\{\{?[^{}\n]*\}?\}|\$\([^()\n]*\)|\$\w+|%\(\w+\)s|%[srd]|<[^<>\n]*>|\[[A-Za-z _-]*\]|[xX]{3,}|[*•._-]+|…)*"
)
_NO_VALUE = frozenset(
    "none null nil true false undefined yes no on off required optional missing empty unset redacted hidden str int bytes"
    " bool float object any string text number date datetime dict list tuple set ... ellipsis not self cls".split()
)
_ORDINARY_STEM = re.compile(
    r"(?:(?:\w+_)?(?:password|passwd|passphrase|pass|pwd|pw|secret|token|tok|key|credential|cred|auth|value|val|arg|param"
    r"|var|name|user|usr|expected|result|res|data|str|string|text|sha|md|base|oauth|utf|hash|line|item|node|obj|env|opt"
    r"|field|input|node|col|row|idx|index)s?|[a-z]{1,3})_?[0-9]{1,3}"
)
_NAME_LIKE = re.compile(r"[^\W\d]\w*")
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_CONFIG_LEAD = re.compile(r"[ \t]*(?:export[ \t]+|set[ \t]+|ENV[ \t]+|ARG[ \t]+|-e[ \t]+|\$env:|-[ \t]+)?[\w.-]*\Z")
_SECTION = re.compile(r"^\[[\w .:-]+\][ \t]*$", re.MULTILINE)
_PROSE_AFTER_OPTION = frozenset(
    "is to must or and for was requires required option flag not in with as from has can may should if when on at a an the"
    " are be will cannot given argument arguments parameter value values of instead before after text string".split()
)
_KEY_AND_VALUE_CALL = re.compile(
    r"(?:setenv|setdefault|getenv|environ\.get|\.get|get|pop|setattr|putenv|set|set_key|add_header|header|setheader|set_cookie"
    r"|update|append|add|option|patch|param|arg|execute)\([ \t]*(?:[\w.]{1,40},[ \t]*)?[bru]?[\"'][\w.-]*\Z"
)
_WORD_START = re.compile(r"[\w$!#]")
_ASKING = re.compile(r"(?:get|load|read|fetch|find|lookup|from|generate|make|create|prompt)_?\Z")
_DEFAULT = re.compile(r"[^\n#]{0,200}?\b(?:or|else)[ \t]+(?=[rbu]?[\"'])")
_DASHES = re.compile(r"(?<![\w-])--?(?:[A-Za-z][\w-]{0,40})?\Z")
_NAME_PART = re.compile(r"(?<![\w.\[\"'])[\w.\[\"']*\Z")
_BASIC_PAIR = re.compile(
    r"[ \t]*(?:\w{1,40}\.)?(?:HTTPBasicAuth|BasicAuth|HTTPDigestAuth)?\([ \t]*(?:[\"'][^\"'\n]{0,80}[\"']|[\w.]{1,60})[ \t]*,[ \t]*")

_SCHEMES = re.compile(
    r"(?P<keep>\b(?:(?P<sure>authorization[\"']?[ \t]{0,3}[:=,][ \t]{0,3}[\"']?(?:[a-z]{3,20}[ \t]{1,3})?)|bearer[ \t]{1,3}|basic[ \t]{1,3}))"
    r"(?P<value>[\w.~+/-]{6,}+={0,2})",
    re.IGNORECASE,
)
_NETRC = re.compile(
    r"(?P<keep>\b(?:machine[ \t\r\n]{1,4}\S{1,255}|default)[ \t\r\n]{1,8}login[ \t\r\n]{1,8}\S{1,255}[ \t\r\n]{1,8}password[ \t]{1,8})"
    r"(?P<value>\S+)"
)
_PGPASS = re.compile(
    r"^(?P<keep>(?![\w./-]*\.py:)[\w.*-]{1,255}:(?:[0-9]{4,5}|\*):[^:\s]{1,64}:[^:\s]{1,64}:)(?P<value>\S+)$", re.MULTILINE
)
_USER_OPTION = re.compile(
    r"(?P<keep>(?:\bcurl\b[^\n]{0,200}?|\bwget\b[^\n]{0,200}?)[ \t](?:-u|--user|--proxy-user)[ \t=]{1,2}[\"']?[^\s:\"']{1,64}:)"
    r"(?P<value>[^\s\"']+)"
    r"|(?P<keep2>\bsshpass[ \t]+-p[ \t]*[\"']?)(?P<value2>[^\s\"']+)"
)


def hide_named_values(text: str) -> str:
    """The text with the values that stand under a secret's name replaced by `MASK`; quotes and brackets stay."""
    if text.count(":") > 3:
        text = _PGPASS.sub(_hide_kept, text)
    folded = text.lower()
    if not any(hint in folded for hint in _HINTS):
        return text
    if "bearer" in folded or "basic " in folded or "authorization" in folded:
        text = _SCHEMES.sub(_hide_scheme, text)
    if "login" in folded and "password" in folded:
        text = _NETRC.sub(_hide_kept, text)
    if "curl" in folded or "wget" in folded or "sshpass" in folded:
        text = _USER_OPTION.sub(_hide_kept, text)
    return _NamedValues(text).hidden()


def _hide_kept(match: re.Match[str]) -> str:
    return (match["keep"] or match[match.lastindex - 1 if match.lastindex else 0]) + MASK


def _hide_scheme(match: re.Match[str]) -> str:
    """`Authorization: …` always; `Bearer` and `Basic` in other places only before what cannot be a word."""
    value, sure = match["value"], match["sure"]
    if sure is None or (value.isalpha() and not sure[-1:].isspace()) or value.lower() in ("bearer", "basic", "header"):
        drawn = any(map(str.isdigit, value)) or not (value.islower() or value.isupper() or value.istitle())
        if not drawn and len(value) < 24 and not value.endswith("="):
            return match.group()
    return match["keep"] + MASK


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A secret's name where it was found: `lead` is its line up to it, `closed` says that a quote follows it."""

    lead: str
    weak: bool
    plural: bool
    closed: bool


class _NamedValues:
    """One reading of one text, left to right; spans to hide are gathered in order and never overlap."""

    __slots__ = ("_config", "_end", "_spans", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._config: bool | None = None
        self._end = 0
        self._spans: list[tuple[int, int]] = []

    def hidden(self) -> str:
        text = self._text
        folded = text.lower()
        if len(folded) != len(text):  # a few letters grow when folded; then only ASCII is
            folded = "".join(c.lower() if c.isascii() else c for c in text)
        for name in _NAME.finditer(folded):
            if name.start() >= self._end:
                self._read(name)
        if not self._spans:
            return text
        pieces: list[str] = []
        done = 0
        for start, end in self._spans:
            pieces += (text[done:start], MASK, "\n" * text.count("\n", start, end))
            done = end
        pieces.append(text[done:])
        return "".join(pieces)

    def _hide(self, start: int, end: int) -> None:
        if start >= self._end and end > start and self._text[start:end] != MASK:
            self._spans.append((start, end))
        self._end = max(self._end, end)

    def _read(self, name: re.Match[str]) -> None:
        """Look at what stands around one name and hide its value, if it has one that is secret."""
        text = self._text
        start, end = name.span()
        before, after = text[start - 1 : start] if start else "", text[end : end + 1]
        if after.islower() or (name["short"] is not None or name["weak"] in ("auth", "cred", "creds")) and (
            before.isalpha() and not (before.islower() and text[start].isupper())
        ):
            return
        tail = _TAIL.match(text, end)
        tail_end = tail.end() if tail is not None else end
        about = text[end:tail_end].lower()
        if about and _ABOUT.match(about):
            return
        following = _AFTER.match(text, tail_end)
        if following is None:  # every part is optional, so this cannot be
            return
        line_start = max(text.rfind("\n", max(0, start - _REACH), start) + 1, start - _REACH)
        lead = text[line_start:start]
        weak = name["weak"] is not None and not (
            text[start:end].isupper() and before == "_"
            or (name["weak"] == "token" and _QUALIFIED_TOKEN.search(lead[-24:].lower()) is not None)
        )
        found = _Name(lead=lead, weak=weak, plural=bool(name["plural"]), closed=following["close"] is not None)
        value, operator = following.end(), following["operator"]
        if following["annotated"] or operator in (":=", "==", "===", "!=", "!=="):
            self._quoted(value, found)
        elif operator in ("=", ":", "=>"):
            if not self._quoted(value, found):
                self._bare(value, following.start("operator"), operator, found)
        elif operator == ",":
            if found.closed and _KEY_AND_VALUE_CALL.search(lead[-120:] + text[start:tail_end]):
                self._quoted(value, found)
            elif found.closed and lead.rstrip("\"'").endswith("--"):
                if not text.startswith(("'-", '"-'), value):
                    self._quoted(value, found)
        elif following["call"]:
            if _ASKING.search(lead[-24:].lower()) is None:
                self._quoted(value, found)
        elif not found.closed and text[tail_end : tail_end + 1] in (" ", "\t"):
            self._option(value, found)
        self._compared_before(start, found)

    # What may stand as a value ------------------------------------------------------------------------------------

    def _quoted(self, position: int, name: _Name) -> bool:
        """Hide the literal, or the literals in brackets, at a position; whether one stands there."""
        text = self._text
        pair = _BASIC_PAIR.match(text, position) if name.weak else None
        if pair is not None:  # auth=("user", "…")
            self._literal(pair.end(), weak=False)
            return True
        container = text[position : position + 1] in ("[", "(") and not name.weak
        if container:
            position = _skip_space(text, position + 1)
        opening = _OPENING.match(text, position)
        if opening is None:
            return False
        quote = opening["quote"]
        if not (name.closed or opening["prefix"]) and (name.lead.count(quote) - name.lead.count("\\" + quote)) & 1:
            # The name stands in a string that this quote ends, unless a word follows it directly.
            if text[opening.end() : opening.end() + 1].isspace() or not _WORD_START.match(text, opening.end()):
                return True
        end = self._literal(position, name.weak)
        while end is not None:
            position = _skip_space(text, end)
            if container and text[position : position + 1] == ",":
                position = _skip_space(text, position + 1)
            elif "\n" in text[end:position] and not container:
                break
            opening = _OPENING.match(text, position)
            if opening is None or opening["quote"][0] in "\\`":
                break
            end = self._literal(position, name.weak)
        return True

    def _literal(self, position: int, weak: bool) -> int | None:
        """Hide the inside of the literal at a position if it is secret; the end of the literal, if it has one."""
        text = self._text
        opening = _OPENING.match(text, position)
        if opening is None:
            return None
        start, quote = opening.end(), opening["quote"]
        if quote in _INSIDE:
            inside = _INSIDE[quote].match(text, start)
            stop = inside.end() if inside is not None else start
        else:
            limit = start + _LONGEST_TRIPLE
            if quote[0] == "\\":
                newline = text.find("\n", start, limit)
                limit = newline if newline >= 0 else limit
            stop = text.find(quote, start, limit)
            if stop < 0:
                stop = min(len(text), limit) if len(text) < limit else text.find("\n", start, limit) % (len(text) + 1)
        closed = text.startswith(quote, stop)
        if _secret_literal(text[start:stop], weak):
            self._hide(start, stop)
        self._end = max(self._end, stop)
        return stop + len(quote) if closed else None

    def _bare(self, position: int, operator_at: int, operator: str, name: "_Name") -> None:
        """Hide a value without quotes, where it cannot be a name, a call or a word of prose."""
        text = self._text
        spaced = text[operator_at - 1].isspace() or text[operator_at + len(operator) :][:1].isspace()
        in_string = not name.closed and (name.lead.count('"') & 1 or name.lead.count("'") & 1) == 1
        pairs = not spaced and _PAIRS.match(text, position) is not None  # `Server=…;Password=…;`
        bare = (_BARE_OF_PAIRS if pairs else _BARE).match(text, position)
        if bare is not None:
            value, following = bare.group(), text[bare.end() : bare.end() + 1]
            if operator == ":":
                value = value.rstrip(".!?:")
            config = (
                _CONFIG_LEAD.match(name.lead) is not None
                and (operator == ":" or not (spaced or name.lead[:1].isspace()))
                and following in ("", "\n", "\r")
            )
            if not _is_code(value, following) and self._is_secret_word(
                value, following, operator, name, spaced=spaced, config=config, embedded=in_string or pairs
            ):
                self._hide(position, position + len(value))
                return
        default = _DEFAULT.match(text, position) if operator == "=" else None
        if default is not None:  # password = given or "…"
            self._literal(default.end(), name.weak)

    def _is_secret_word(
        self, value: str, following: str, operator: str, name: "_Name", *, spaced: bool, config: bool, embedded: bool
    ) -> bool:
        """Whether a bare value is a secret and no name: by its characters, else by the line it stands in.

        `config` is a line of an env or YAML file, `embedded` a value inside a string, as in a connection's.
        """
        digits, letters = any(map(str.isdigit, value)), any(map(str.isalpha, value))
        if name.weak or name.plural:
            return len(value) >= 8 and digits and letters and not _ordinary(value) and _NAME_LIKE.match(value) is not None
        if not letters:  # a number: in code it counts something
            return digits and len(value) >= 4 and (config or embedded or operator == ":" or self._is_config())
        if _NAME_LIKE.fullmatch(value) is None:
            return digits or any(c in "!$#?^~@" for c in value) or (config and "-" in value)
        if digits:
            return not _ordinary(value)
        if operator == ":":  # an annotation or a line of YAML; a word of prose has others after it
            return config and "_" not in value and value.islower() and len(value) > 3
        if self._is_config():
            return True
        if embedded or config:
            return "_" not in value and not _ordinary(value + "0") and len(value) > 3
        # `host=db password=word user=me`: the pairs of a connection's string, which in code have commas between them.
        pair = name.lead[-80:].rstrip().rpartition(" ")[2] if name.lead[-1:].isspace() else ""
        return "=" in pair[1:-1] and not any(c in pair for c in "(,") and following in ("", " ", "\n", "\r")

    def _is_config(self) -> bool:
        """Whether the text has a section's head, as .ini, .toml and .aws/credentials have."""
        if self._config is None:
            self._config = _SECTION.search(self._text) is not None
        return self._config

    def _option(self, position: int, name: _Name) -> None:
        """`--password VALUE`; without the dashes it is prose, where a word follows."""
        if _DASHES.search(name.lead[-60:]) is None:
            return
        opening = _OPENING.match(self._text, position)
        if opening is not None:
            if _WORD_START.match(self._text, opening.end()):
                self._literal(position, weak=False)
            return
        bare = _BARE.match(self._text, position)
        if bare is None:
            return
        value = bare.group().rstrip(".,:")
        digits = any(map(str.isdigit, value))
        if value[:1] in ("-", "$", "%", "=", "") or value.lower() in _PROSE_AFTER_OPTION | _NO_VALUE:
            return
        if digits or not (value.isupper() or name.weak):  # an upper-case word is the option's metavar in a help text
            self._hide(position, position + len(value))

    def _compared_before(self, start: int, name: _Name) -> None:
        """`"…" == password`."""
        if "==" not in name.lead and "!=" not in name.lead:
            return
        left = _NAME_PART.sub("", name.lead[-80:])
        left = name.lead[: len(name.lead) - len(name.lead[-80:]) + len(left)].rstrip()
        if not left.endswith(("==", "!=")):
            return
        left = left.rstrip("=!").rstrip()
        quote = left[-1:]
        if quote not in ("'", '"'):
            return
        opening = left.rfind(quote, 0, len(left) - 1)
        begin = start - len(name.lead) + opening + 1
        if opening >= 0 and begin >= self._end and _secret_literal(left[opening + 1 : -1], name.weak):
            self._hide(begin, start - len(name.lead) + len(left) - 1)


def _is_code(value: str, following: str) -> bool:
    """Whether a bare value is a call, a subscript, a constant, a path, a field to be filled in or an operator."""
    if following in ("(", "[") and value[-1].isalnum() or _DOTTED.fullmatch(value) or _CALL.fullmatch(value):
        return True
    if _INTERPOLATED.fullmatch(value) or value.lower() in _NO_VALUE or value[0] in "$=*" and MASK not in value[3:]:
        return True
    return value[0] in "/.~" and not looks_random(value)


def _secret_literal(value: str, weak: bool) -> bool:
    """Whether what stands between quotes under a secret's name is to be hidden."""
    value = value.strip()
    if not value or _INTERPOLATED.fullmatch(value) or MASK in value and len(value) < 12:
        return False
    if not weak:
        return True
    if any(map(str.isspace, value)) or len(value) < 6:
        return False
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and not _ordinary(value) or looks_random(value)


def _ordinary(value: str) -> bool:
    """A numbered name: `password2`, `sha256`, `token_1`."""
    return _ORDINARY_STEM.fullmatch(value.lower()) is not None


def _skip_space(text: str, position: int) -> int:
    """The position after white space, looking at 200 characters of it at most."""
    end = min(len(text), position + 200)
    while position < end and text[position].isspace():
        position += 1
    return position

