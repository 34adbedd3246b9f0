"""What a text may keep before it is stored: no secret, and nothing that says who or where somebody is.

`redact` is pure, deterministic and idempotent, and takes time linear in the text. Code that parses still parses:
literals keep their quotes, addresses their brackets, and no line is added or lost. It would rather hide too much than
leak: hexadecimal of 32 digits and more in quotes goes, as does any four-part number that might be an address.

What stays, by decision: UUIDs, bare 40-digit git object names and digests labelled as such, loopback and unspecified
addresses, four-part versions after a version's sign (`==1.2.3.4`, `v1.2.3.4`), IPv6 addresses (indistinguishable from
times, slices and hashes), and what stands under a name that only describes a secret (`password_file`, `token_type`).
"""

import re
from collections.abc import Sequence

from pytest_llmlearn.domain.credential_lines import hide_credential_lines
from pytest_llmlearn.domain.private_keys import hide_private_keys
from pytest_llmlearn.domain.randomness import long_words, random_spans
from pytest_llmlearn.domain.secret_names import hide_named_values
from pytest_llmlearn.domain.secret_shapes import MASK, hide_tokens

__all__ = ["EMAIL", "HOME", "IP", "MASK", "redact"]

EMAIL = "<email>"
HOME = "<home>"
IP = "<ip>"
_PLACEHOLDERS = (MASK, EMAIL, HOME, IP)

_MOST_ROUNDS = 4
"""What one pass uncovers for another (a key inside a decoded query, say) is gone after the second; two are in hand."""


def redact(text: str, *, extra: Sequence[str] = (), home: str | None = None) -> str:
    """The text without secrets, e-mail addresses, IPv4 addresses and home folders.

    Secrets become `***`, e-mail addresses `<email>`, IPv4 addresses `<ip>`; a home folder becomes `<home>` with the
    path below it kept; a URL keeps scheme, host and path and loses credentials, query and fragment.

    `extra` holds literal secrets that another scanner found: each occurrence becomes `***` (one shorter than eight
    characters only where it stands apart from other letters and digits). `home` is the user's home folder, for those
    outside `/home`, `/Users` and the like. Never raises for a `str`, whatever it holds.
    """
    literals = _literals(extra)
    folder = _home_folder(home)
    for _ in range(_MOST_ROUNDS):
        redacted = _redact_once(text, literals, folder)
        if redacted == text:
            break
        text = redacted
    return text


def _redact_once(text: str, literals: re.Pattern[str] | None, folder: re.Pattern[str] | None) -> str:
    """One pass. Each step stands behind the cheapest test that most texts fail."""
    if literals is not None:
        text = literals.sub(_hide_literal, text)
    if "PRIVATE KEY" in text or "PuTTY" in text:
        text = hide_private_keys(text)
    seen, words = text, long_words(text)
    if words:
        text = hide_tokens(text, words)
    if "://" in text:
        text = _URL.sub(_hide_url, text)
    text = hide_named_values(hide_credential_lines(text))
    if "@" in text and _AT.search(text) is not None:
        text = _EMAIL.sub(_hide_email, text)
    if folder is not None:
        text = folder.sub(HOME, text)
    if any(hint in text for hint in _HOME_HINTS):
        text = _HOMES.sub(HOME, text)
    if _DOTTED_NUMBERS.search(text) is not None:
        text = _IPV4.sub(_hide_ip, text)
    if text is not seen:
        words = long_words(text)
    if words and next(random_spans(words), None) is not None:
        text = _hide_random(text)
    return text


# What the caller knows --------------------------------------------------------------------------------------------


def _literals(extra: Sequence[str]) -> re.Pattern[str] | None:
    """One expression for all, the longest first; placeholders match before and are kept, so that a second pass finds
    what the first one left."""
    known = sorted({secret for secret in extra if secret.strip()} - set(_PLACEHOLDERS), key=lambda s: (-len(s), s))
    if not known:
        return None
    kept = "|".join(map(re.escape, _PLACEHOLDERS))
    return re.compile(f"(?P<kept>{kept})|" + "|".join(map(_literal_pattern, known)))


def _literal_pattern(secret: str) -> str:
    pattern = re.escape(secret)
    return pattern if len(secret) >= 8 else rf"(?<!\w){pattern}(?!\w)"


def _hide_literal(match: re.Match[str]) -> str:
    return match["kept"] or MASK


def _home_folder(home: str | None) -> re.Pattern[str] | None:
    """The given folder with either separator, single or escaped, where no longer name goes on from it."""
    parts = [part for part in re.split(r"[\\/]+", home or "") if part]
    if not parts or home is None:
        return None
    root = r"[\\/]{1,4}" if home[0] in "\\/" else ""
    return re.compile(root + r"[\\/]{1,4}".join(map(re.escape, parts)) + r"(?![\w-])")


# Addresses of pages and servers -----------------------------------------------------------------------------------

# From `//` on; the scheme stands before and is kept by not being matched. A backslash ends it: in a literal it begins
# an escape.
_URL = re.compile(r"//(?<=://)(?P<rest>[\w\[{%$*:.~-][^\s\"'`<>\\]*)")
_QUERY = re.compile(r"[?#]")


def _hide_url(match: re.Match[str]) -> str:
    rest = match["rest"]
    at = rest.find("@")
    if at >= 0:
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        _, colon, password = authority.partition(":")
        web = match.string.endswith(("http:", "https:"), max(0, match.start() - 6), match.start())
        if "@" in authority and (web or not colon):
            rest = MASK + rest[authority.rindex("@") :]
        elif colon and "]" not in authority and not (password.isdigit() or password.startswith("{")):
            # What follows the colon is no port: a password, maybe with `/`, `?` or `@`, which should be escaped in it.
            rest = MASK + rest[rest.rindex("@") :]
    query = _QUERY.search(rest)
    if query is None or len(rest) <= query.end():
        return "//" + rest
    return "//" + rest[: query.end()] + _hide_query(rest[query.end() :])


def _hide_query(query: str) -> str:
    """`***` for what follows `?` or `#`, without the brackets and stops that belong to the text around the URL."""
    depth, end = 0, len(query)
    for index, character in enumerate(query):
        if character in "{[(":
            depth += 1
        elif character in "}])":
            depth -= 1
            if depth < 0:
                end = index
                break
    if depth > 0:  # an f-string's field with a quote in it: the rest of the field stands beyond the quote
        end = min(query.index(c) for c in "{[(" if c in query)
    value, after = query[:end], query[end:]
    if not after:
        bare = value.rstrip(".,;:!")
        value, after = bare, value[len(bare) :]
    if after and not value:
        return after
    return (MASK if value else "") + after


# People and machines ----------------------------------------------------------------------------------------------

_AT = re.compile(r"@(?<=[\w%+-]@)\w")
_EMAIL = re.compile(
    r"(?P<local>[\w.%+-](?<![\w.%+-][\w.%+-])[\w.%+-]{0,63}+)@(?P<domain>(?:[^\W_][\w-]{0,62}\.){1,8}(?P<top>[^\W\d_]{2,24})|localhost)"
    r"(?![\w@(\[-])"
)
_COMMON_TOP = re.compile(
    r"(?:com|org|net|edu|gov|mil|int|info|biz|name|pro|dev|app|cloud|online|site|store|shop|tech|xyz|email|company|group|world"
    r"|live|life|today|agency|digital|network|solutions|systems|services|software|studio|design|media|news|blog|wiki"
    r"|test|example|invalid|local|localhost|internal|localdomain|home|lan|corp|museum|travel|jobs|mobi|academy|ai|io)",
    re.IGNORECASE,
)
_NOT_A_DOMAIN = frozenset({"self", "cls", "np", "torch", "tf", "jnp"})


def _hide_email(match: re.Match[str]) -> str:
    """An address, or `a@b.shape`, a product of matrices: the quotes and the top-level domain tell."""
    local, domain, top = match["local"], match["domain"], match["top"]
    text, (start, end) = match.string, match.span()
    quoted = text[start - 1 : start] in ("'", '"', "<", "`") or text[end : end + 1] in ("'", '"', ">", "`")
    if local == "git" or domain.partition(".")[0] in _NOT_A_DOMAIN:
        return match.group()
    if quoted or (top is not None and (_COMMON_TOP.fullmatch(top) or (len(top) == 2 and len(local) > 1))):
        return EMAIL
    return match.group()


_NAME = r"[\w.@+-]*\w"
_HOME_HINTS = ("/home/", "Users", "users", "/root", "~", "Documents and")
_HOMES = re.compile(
    r"(?<![\w.)\]}>-])(?:[A-Za-z]:)?(?:"
    rf"/home/(?!<){_NAME}|(?:/mnt/[a-z])?/Users/(?!<){_NAME}"
    r"|/(?:var/)?root(?![\w.<-])"
    r"|(?<=:)[\\/]{1,4}(?:[Uu]sers|Documents and Settings)[\\/]{1,4}"
    r"(?:[^\\/:*?\"'<>|\s][^\\/:*?\"'<>|\r\n]{0,40}(?=[\\/])|[^\\/:*?\"'<>|\s,;)\]}]+)"
    r")"
    r"|(?:(?<=[\"'`=:])|(?<![^\n]))~[A-Za-z_][\w.-]{0,31}(?=/)"
    r"|(?<=\s)~[A-Za-z_][\w.-]{0,31}(?=/[\w.-]{1,64}[/.]\w)"
)

_DOTTED_NUMBERS = re.compile(r"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_IPV4 = re.compile(r"[0-9](?<![\w.][0-9])[0-9]{0,2}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9]|\.[0-9]|[A-Za-z_-])")
# An address is assigned and compared as well, but then it stands in quotes of its own.
_VERSION_SIGN = re.compile(r"(?:[=<>~!^]=?[ ]?|[\w]-|(?:\bv|version|release)[ :\"'=_]{0,6})\Z", re.IGNORECASE)


def _hide_ip(match: re.Match[str]) -> str:
    octets = match.group().split(".")
    if any(int(octet) > 255 for octet in octets) or octets[0] in ("0", "127") or octets == ["255"] * 4:
        return match.group()
    if _VERSION_SIGN.search(match.string, max(0, match.start() - 16), match.start()):
        return match.group()
    return IP


def _hide_random(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for start, end in random_spans(text):
        pieces += (text[done:start], MASK)
        done = end
    if not pieces:
        return text
    pieces.append(text[done:])
    return "".join(pieces)
