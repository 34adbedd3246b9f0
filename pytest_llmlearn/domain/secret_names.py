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
from pytest_llmlearn.domain.secret_values import NAME_LIKE, NO_VALUE, is_code, is_numbered_name, is_secret_literal

__all__ = ["hide_named_values"]

_REACH = 400
"""Characters of one line that are looked at before a name, to tell whether it stands in a string."""

_LONGEST_TRIPLE = 16_384

_HINTS = ("passw", "passp", "passc", "pw", "secret", "token", "cred", "contrase", "authori", "cookie", "jwt",
          "session")  # fmt: skip
_KEY_OWNERS = (
    "api|app|access|auth|private|priv|service|account|db|database|client|consumer|encryption|signing|master|license|storage"
    "|shared|ssh|deploy|webhook|bot|hmac|crypt|cipher|subscription"
)
# Words that code is full of count only as a part of a name or before something that may be a value.
_COMMON_HINTS = (
    re.compile(rf"key(?![a-z])(?:{'|'.join(f'(?<={o}key)|(?<={o}[-_. ]key)' for o in _KEY_OWNERS.split('|'))})"),
    re.compile(r"pass(?:e[sd])?(?![a-z])[\w\"'`\]-]{0,40}[ \t]*(?:[=:,(!\[]|(?<=[ \t])[^\s#])"),
    re.compile(r"auth(?![a-z])[\w\"'`\]-]{0,40}[ \t]*(?:[=:,(!\[]|(?<=[ \t])[^\s#])"),
)

# Matched on the lower-cased text. `weak` names mean a secret only with a value that looks like one.
_NAME = re.compile(
    r"(?:(?P<weak>token|auth(?![a-z])|credential|creds?(?![a-z])|cookie|jwt(?![a-z])|session[-_]?(?:id|key))"
    r"|(?P<short>pass(?:e[sd])?(?![a-z])|pwd|pw(?![a-z]))"
    r"|pass(?:word|wd|phrase|code)|secret|contrase(?:ñ|n)a|authorization"
    rf"|(?:{_KEY_OWNERS})[-_. ]?key(?![a-z]))"
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
    r"(?:(?P<annotated>:[ \t]*[A-Za-z_][\w.]{0,60}"
    r"(?:\[[^\[\]\n\"']{0,60}(?:\[[^\[\]\n\"']{0,60}\][^\[\]\n\"']{0,60})?\])?"
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
_CONFIG_LEAD = re.compile(r"[ \t]*(?:export[ \t]+|set[ \t]+|ENV[ \t]+|ARG[ \t]+|-e[ \t]+|\$env:|-[ \t]+)?[\w.-]*\Z")
_PAIR_LEAD = re.compile(r"(?:\A|[ \t;,:])[A-Z0-9_]{0,40}\Z")
_SECTION = re.compile(r"^\[[\w .:-]+\][ \t]*$", re.MULTILINE)
_WORD_OF_PROSE = re.compile(
    r"(?:is|to|must|or|and|for|was|requires|required|option|flag|not|in|with|as|from|has|can|may|should|if|when|on|at|an?|the"
    r"|are|be|will|cannot|given|arguments?|parameter|values?|of|instead|before|after|text|string)",
    re.IGNORECASE,
)
_KEY_AND_VALUE_CALL = re.compile(
    r"(?:setenv|setdefault|getenv|environ\.get|\.get|get|pop|setattr|putenv|set|set_key|add_header|header|setheader|set_cookie"
    r"|update|append|add|option|patch|param|arg|execute)\([ \t]*(?:[\w.]{1,40},[ \t]*)?[bru]?[\"'][\w.-]*\Z"
)
_SAID = re.compile(r"(?:is|was)[ \t]{1,4}(?=[\"'])")
_WORD_START = re.compile(r"[\w$!#]")
_ASKING = re.compile(r"(?:get|load|read|fetch|find|lookup|from|generate|make|create|prompt)_?\Z")
_DEFAULT = re.compile(r"[^\n#]{0,200}?\b(?:or|else)[ \t]+(?=[rbu]?[\"'])")
_CONTINUED = re.compile(r"[ \t]*\+[ \t]*(?=[rbuf]?[\"'])|[^\n#;,)\]}\"']{0,200}?\b(?:or|else)[ \t]+(?=[rbuf]?[\"'])")
_DASHES = re.compile(r"(?<![\w-])--?(?:[A-Za-z][\w-]{0,40})?\Z")
_NAME_PART = re.compile(r"(?<![\w.\[\"'])[\w.\[\"']*\Z")
_BASIC_PAIR = re.compile(
    r"[ \t]*(?:\w{1,40}\.)?(?:HTTPBasicAuth|BasicAuth|HTTPDigestAuth)?\("
    r"[ \t]*(?:[\"'][^\"'\n]{0,80}[\"']|[\w.]{1,60})[ \t]*,[ \t]*"
)


def hide_named_values(text: str) -> str:
    """The text with the values that stand under a secret's name replaced by `MASK`; quotes and brackets stay."""
    folded = text.lower()
    if not any(hint in folded for hint in _HINTS) and not any(hint.search(folded) for hint in _COMMON_HINTS):
        return text
    return _NamedValues(text, folded).hidden()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    """A secret's name where it was found: `lead` is its line up to it, `closed` says that a quote follows it, `upper`
    that it is written as environments write it."""

    lead: str
    upper: bool
    weak: bool
    plural: bool
    closed: bool


class _NamedValues:
    """One reading of one text, left to right; spans to hide are gathered in order and never overlap."""

    __slots__ = ("_config", "_end", "_folded", "_spans", "_text")

    def __init__(self, text: str, folded: str) -> None:
        if len(folded) != len(text):  # a few letters grow when folded; then only ASCII is
            folded = "".join(c.lower() if c.isascii() else c for c in text)
        self._text = text
        self._folded = folded
        self._config: bool | None = None
        self._end = 0
        self._spans: list[tuple[int, int]] = []

    def hidden(self) -> str:
        text = self._text
        for name in _NAME.finditer(self._folded):
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
        if after.islower() or (
            (name["short"] is not None or name["weak"] in ("auth", "cred", "creds"))
            and (before.isalpha() and not (before.islower() and text[start].isupper()))
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
            (text[start:end].isupper() and before == "_" and name["plural"] is None)
            or (name["weak"] == "token" and _QUALIFIED_TOKEN.search(lead[-24:].lower()) is not None)
        )
        upper, closed = text[start:end].isupper(), following["close"] is not None
        found = _Name(lead=lead, upper=upper, weak=weak, plural=bool(name["plural"]), closed=closed)
        value, operator = following.end(), following["operator"]
        if following["annotated"] or operator in (":=", "==", "===", "!=", "!=="):
            self._quoted(value, found)
        elif operator in ("=", ":", "=>"):
            if not self._quoted(value, found):
                self._bare(value, following.start("operator"), operator, found)
        elif operator == ",":
            called = _KEY_AND_VALUE_CALL.search(lead[-120:] + text[start:tail_end]) is not None
            option = lead.endswith("--") and not text.startswith(("'-", '"-'), value)  # ["--password", "…"]
            if found.closed and (called or option):
                self._quoted(value, found)
        elif following["call"]:
            if _ASKING.search(lead[-24:].lower()) is None:
                self._quoted(value, found)
        elif not found.closed and text[tail_end : tail_end + 1] in (" ", "\t"):
            said = _SAID.match(text, value)
            if said is not None:
                self._quoted(said.end(), found, alone=True)  # in a message: SECRET_KEY is '…'
            elif text.startswith("passw", start) and _OPENING.match(text, value) is not None:
                self._quoted(value, found, alone=True)  # in a message: wrong password '…'
            else:
                self._option(value, found)
        self._compared_before(start, found)

    # What may stand as a value ------------------------------------------------------------------------------------

    def _quoted(self, position: int, name: _Name, *, alone: bool = False) -> bool:
        """Hide the literal, or the literals in brackets, at a position; whether one stands there.

        Literals that follow are joined to it in code, and in a message (`alone`) are no part of it.
        """
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
        inside = not name.closed and (name.lead.count(quote) - name.lead.count("\\" + quote)) & 1
        if inside and opening["prefix"]:
            return False  # 'password=b': what looks like a prefix is the value
        if inside and _WORD_START.match(text, opening.end()) is None:
            return True  # the name stands in a string, and this quote ends it: no word follows it directly
        end = self._literal(position, name.weak)
        while end is not None and not alone:
            position = _skip_space(text, end)
            if container and text[position : position + 1] == ",":
                position = _skip_space(text, position + 1)
            elif "\n" in text[end:position] and not container:
                break
            opening = _OPENING.match(text, position)
            if opening is None:
                continued = _CONTINUED.match(text, end)
                if continued is None:
                    break
                position = continued.end()
            elif opening["quote"][0] in "\\`":
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
            if stop < 0:  # cut off: the line's rest
                newline = text.find("\n", start, limit)
                stop = newline if newline >= 0 else min(len(text), limit)
        closed = text.startswith(quote, stop)
        if is_secret_literal(text[start:stop], weak=weak):
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
            if not is_code(value, following) and self._is_secret_word(
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
            return (
                len(value) >= 8
                and digits
                and letters
                and not is_numbered_name(value)
                and NAME_LIKE.match(value) is not None
            )
        if not letters:  # a number: in code it counts something
            return digits and len(value) >= 4 and (config or embedded or operator == ":" or self._is_config())
        if NAME_LIKE.fullmatch(value) is None:
            return digits or any(c in "!$#?^~@" for c in value) or (config and "-" in value)
        if digits:
            return not is_numbered_name(value) and ("_" not in value or config or embedded or looks_random(value))
        if operator == ":":  # an annotation or a line of YAML; a word of prose has others after it
            return config and "_" not in value and value.islower() and len(value) > 3
        if self._is_config():
            return True
        # In a message, `UID=sa, PWD=word`; in code what stands in capitals has blanks around its sign.
        told = name.upper and not spaced and name.lead.count("(") <= name.lead.count(")")
        told = told and _PAIR_LEAD.search(name.lead[-80:]) is not None
        if embedded or config or (told and following in ("", " ", "\n", "\r", ",", ";")):
            return "_" not in value and not is_numbered_name(value + "0") and len(value) > 3
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
        if value[:1] in ("-", "$", "%", "=", "") or _WORD_OF_PROSE.fullmatch(value) or value.lower() in NO_VALUE:
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
        if opening >= 0 and begin >= self._end and is_secret_literal(left[opening + 1 : -1], weak=name.weak):
            self._hide(begin, start - len(name.lead) + len(left) - 1)


def _skip_space(text: str, position: int) -> int:
    """The position after white space, looking at 200 characters of it at most."""
    end = min(len(text), position + 200)
    while position < end and text[position].isspace():
        position += 1
    return position
