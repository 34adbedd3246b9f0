"""What a value that stands under a secret's name is: a secret, or code, a placeholder, a word for no value."""

import re

from pytest_llmlearn.domain.randomness import looks_random

__all__ = ["NAME_LIKE", "NO_VALUE", "is_code", "is_numbered_name", "is_secret_literal"]

NAME_LIKE = re.compile(r"[^\W\d]\w*")
"""An identifier, as far as a whole match goes."""

NO_VALUE = frozenset(
    {"none", "null", "nil", "true", "false", "undefined", "yes", "no", "on", "off", "required", "optional", "missing",
     "empty", "unset", "redacted", "hidden", "str", "int", "bytes", "bool", "float", "object", "any", "string", "text",
     "number", "date", "datetime", "dict", "list", "tuple", "set", "...", "ellipsis", "not", "self", "cls"}
)  # fmt: skip
"""Lower-case words that stand where no value, or only its type, is given."""

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")
_CALL = re.compile(r"[\w.]+\([^()]*\)")
# Possessive throughout: the parts match the same characters in many ways.
_PLACEHOLDER = re.compile(
    r"(?:\$?\{\{?[^{}\n]*+\}?\}|\$\([^()\n]*+\)|\$\w++|%\(\w++\)s|%[srd]|<[^<>\n]*+>|\[[A-Za-z _-]*+\]|[xX]{3,}+"
    r"|[*•._-]++|…)*+"
)
_NUMBERED_NAME = re.compile(
    r"(?:(?:\w+_)?(?:password|passwd|passphrase|pass|pwd|pw|secret|token|tok|key|credential|cred|auth|value|val|arg|param"
    r"|var|name|user|usr|expected|result|res|data|str|string|text|sha|md|base|oauth|utf|hash|line|item|node|obj|env|opt"
    r"|field|input|node|col|row|idx|index)s?|[a-z]{1,3})_?[0-9]{1,3}"
)


def is_code(value: str, following: str) -> bool:
    """Whether a bare value is a call, a subscript, a constant, a path, a field to be filled in or an operator.

    `following` is the character after it, or nothing.
    """
    if (following in ("(", "[") and value[-1].isalnum()) or _DOTTED.fullmatch(value) or _CALL.fullmatch(value):
        return True
    if _PLACEHOLDER.fullmatch(value) or value.lower() in NO_VALUE or value[0] in "=*":
        return True
    return value[0] in "/.~" and not looks_random(value)


def is_secret_literal(value: str, *, weak: bool) -> bool:
    """Whether what stands between quotes under a secret's name is a secret.

    Under a name that always means one, everything is but a placeholder; under a `weak` name what no person would
    choose: letters and digits of six characters and more, or a random token.
    """
    value = value.strip()
    if not value or _PLACEHOLDER.fullmatch(value):
        return False
    if not weak:
        return True
    if any(map(str.isspace, value)) or len(value) < 6:
        return False
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return (mixed and not is_numbered_name(value)) or looks_random(value)


def is_numbered_name(value: str) -> bool:
    """Whether a value is a name with a number that code is full of: `password2`, `sha256`, `token_1`."""
    return _NUMBERED_NAME.fullmatch(value.lower()) is not None
