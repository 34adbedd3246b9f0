"""Whether a long token was drawn by a machine or named by a person.

Shannon entropy alone cannot tell `AbstractAsyncContextManager` from an API key of the same length: both use many
different letters. What tells them apart is which letters stand side by side. The 200 commonest letter pairs of the
standard library's own identifiers cover 90 % of the pairs of any identifier, but only 30 % of the pairs of a random
string, so the share of common pairs separates the two with little overlap already at 20 characters.

Every function here is linear in its argument and pure.
"""

import re
from collections.abc import Iterator

__all__ = ["long_words", "looks_random", "random_spans"]

_LEAST_LENGTH = 20
"""Shorter tokens carry too few pairs to judge, and vendors' keys are longer."""

_LEAST_LETTER_PAIRS = 5
_MOST_COMMON_SHARE = 0.6
"""Measured on 1,101 identifiers of 20 characters and more of the standard library and on 4,000 random tokens of each
length: identifiers lie above it but for alphabets and digests, 99 % of random tokens of 24 characters below."""

_FOLLOWERS = {
    "a": "bcdgilmnprstuv", "b": "aeilu", "c": "aehiklortu", "d": "adeiosu", "e": "acdefglmnprstvwx", "f": "aefiloru",
    "g": "einrs", "h": "aeio", "i": "abcdefglmnoprstvxz", "k": "e", "l": "adeilostuy", "m": "abeiop",
    "n": "acdefgiostuv", "o": "abcdflmnoprstuw", "p": "aeiloprty", "q": "u", "r": "acdegimnorstuy",
    "s": "acehilopstuy", "t": "acehiloprstuy", "u": "beilmnprst", "v": "aei", "w": "air", "x": "t", "y": "ps",
    "z": "e",
}  # fmt: skip
_COMMON_PAIRS = frozenset(first + second for first, seconds in _FOLLOWERS.items() for second in seconds)

# A token starts where the previous character is none of its own, so that a long run is read once and not from each
# of its characters. Between the tokens' characters `=` is padding only at the end.
_CANDIDATE = re.compile(r"[A-Za-z0-9+/_-](?<![A-Za-z0-9+/_-][A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{19,}+={0,2}")
_QUOTES = ("'", '"', "`")
_DIGIT = re.compile(r"[0-9]")
_JOINTS = re.compile(r"[^A-Za-z0-9]+")
_HEX = re.compile(r"(?:0x)?([0-9a-f]{32,}|[0-9A-F]{32,})")
_LABELLED_DIGEST = re.compile(
    r"(?:sha-?(?:1|224|256|384|512)|md5|blake2[bs]?|digest|commit|revision|rev)[:= @-]{1,2}\Z", re.IGNORECASE
)
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


def long_words(text: str) -> str:
    """The words of a text that are long enough to hold a token, one a line: 12 characters with a digit, 20 without.

    Whatever `looks_random` accepts and whatever vendors issue lies within one of them.
    """
    return "\n".join([w for w in text.split() if len(w) >= 12 and (len(w) >= 20 or _DIGIT.search(w) is not None)])


def looks_random(token: str) -> bool:
    """Whether a token of letters, digits and `+/_-=` looks drawn at random rather than written by a person.

    Hexadecimal digits alone are not judged here (`random_spans` does, by where they stand): their letters have no
    pairs to speak of. Tokens under 20 characters are never random.
    """
    token = token.rstrip("=")
    if len(token) < _LEAST_LENGTH:
        return False
    letters = sum(map(str.isalpha, token))
    if 2 * letters < len(token):  # numbers, dates, versions, rulers
        return False
    if token.islower() or token.isupper():
        if token.isalpha():
            return False  # words run together
        if not token.isalnum():  # words and numbers joined by `_`, `-`, `/`: the longest is judged for itself
            return looks_random(max(_JOINTS.split(token), key=len))
    if len(token) < 30 and not any(map(str.isdigit, token)):
        return False  # 1 random token in 70 of 24 characters has no digit; long names never need one
    pairs = common = steps = 0
    previous = ""
    for character in token.lower():
        if character.isalpha() and previous.isalpha():
            pairs += 1
            common += previous + character in _COMMON_PAIRS
            steps += -1 <= ord(character) - ord(previous) <= 1  # alphabets, and one character repeated
        previous = character
    return pairs >= _LEAST_LETTER_PAIRS and common < _MOST_COMMON_SHARE * pairs and 2 * steps < pairs


def random_spans(text: str) -> Iterator[tuple[int, int]]:
    """The (start, end) of each random-looking token in a text, in order, none overlapping.

    Hexadecimal tokens of 32 digits and more count when they stand in quotes, where API keys stand, or bare unless
    they are a git object's name (40 digits) or labelled as a digest (`sha256:`, `commit `): those tell which code it
    was. UUIDs never count: they are identifiers, and a UUID that is a secret stands under a secret's name.
    """
    for match in _CANDIDATE.finditer(text):
        start, end = match.span()
        token = match.group()
        bare = token.rstrip("=")
        hexadecimal = _HEX.fullmatch(bare)
        if hexadecimal is not None:
            if bare.isdigit():
                continue
            quoted = text[start - 1 : start] in _QUOTES and text[end : end + 1] in _QUOTES
            labelled = len(hexadecimal.group(1)) == 40 or _LABELLED_DIGEST.search(text, max(0, start - 12), start)
            if quoted or not labelled:
                yield start, end
        elif _UUID.fullmatch(bare):
            continue
        elif "/" not in token:
            if looks_random(token):
                yield start, end
        else:
            yield from _random_path(token, start)


def _random_path(token: str, start: int) -> Iterator[tuple[int, int]]:
    """Random parts of a token with slashes: one component of a path, or base64 whose alphabet has the slash."""
    found = False
    position = start
    for component in token.split("/"):
        if looks_random(component) or (_HEX.fullmatch(component) and not component.isdigit() and len(component) != 40):
            found = True
            yield position, position + len(component)
        position += len(component) + 1
    # Base64 that has the slash in its alphabet has neither `_` nor `-`, one slash in 64 characters, and both cases.
    bare = token.replace("/", "").replace("+", "").rstrip("=")
    base64 = bare.isalnum() and not (bare.islower() or bare.isupper()) and token.count("/") * 8 <= len(token)
    if base64 and not found and token[0] != "/" and looks_random(bare):
        yield start, start + len(token)
