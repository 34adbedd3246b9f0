"""Credentials told by their place: in headers, netrc, .pgpass, XML, options of curl and sshpass.

The formats: RFC 7617 and RFC 6750 (headers), the manuals of ftp's netrc, of libpq's password file and of curl.
"""

import re

from pytest_llmlearn.domain.secret_shapes import MASK

__all__ = ["hide_credential_lines"]

_HEADER_HINT = re.compile(r"(?:[bB]earer|BEARER|[bB]asic|BASIC|[aA]uthorization|AUTHORIZATION)[\"']?[ \t:=,]")
_HEADER = re.compile(
    r"(?P<keep>\b(?:(?P<named>authorization[\"']?[ \t]{0,3}[:=,][ \t]{0,3}[\"']?(?:[a-z]{3,20}[ \t]{1,3})?)"
    r"|(?:bearer|basic)[ \t]{1,3}))(?P<value>[\w.~+/-]{6,}+={0,2})",
    re.IGNORECASE,
)
_NETRC = re.compile(
    r"(?P<keep>\b(?:machine[ \t\r\n]{1,4}\S{1,255}|default)[ \t\r\n]{1,8}login[ \t\r\n]{1,8}\S{1,255}"
    r"[ \t\r\n]{1,8}password[ \t]{1,8})\S+"
)
_PGPASS_HINT = re.compile(r":(?:[0-9]{4,5}|\*):")
_PGPASS = re.compile(
    r"^(?P<keep>(?![\w./-]{1,255}\.py:)[\w.*-]{1,255}:(?:[0-9]{4,5}|\*):[^:\s]{1,64}:[^:\s]{1,64}:)\S+$", re.MULTILINE
)
_CURL_USER = re.compile(
    r"(?P<keep>\b(?:curl|wget)\b[^\n]{0,200}?[ \t](?:-u|--user|--proxy-user)[ \t=]{1,2}[\"']?[^\s:\"']{1,64}:)[^\s\"']+"
)
_SSHPASS = re.compile(r"(?P<keep>\bsshpass[ \t]{1,4}-p[ \t]{0,4}[\"']?)[^\s\"']+")

_ELEMENT = re.compile(
    r"(?P<keep><[\w.:-]{0,40}(?:password|passwd|pwd|secret|token|api-?key)[\w.-]{0,20}>)[^<>\s]+(?=</)", re.IGNORECASE
)


def hide_credential_lines(text: str) -> str:
    """The text with the credentials of such lines replaced by `MASK`, and all else kept."""
    if _PGPASS_HINT.search(text) is not None:
        text = _PGPASS.sub(_hide, text)
    if "password" in text and "login" in text:
        text = _NETRC.sub(_hide, text)
    if "curl" in text or "wget" in text:
        text = _CURL_USER.sub(_hide, text)
    if "sshpass" in text:
        text = _SSHPASS.sub(_hide, text)
    if "</" in text:
        text = _ELEMENT.sub(_hide, text)
    if _HEADER_HINT.search(text) is not None:
        text = _HEADER.sub(_hide_header, text)
    return text


def _hide(match: re.Match[str]) -> str:
    return match["keep"] + MASK


def _hide_header(match: re.Match[str]) -> str:
    """`Authorization: …` always; `Bearer` and `Basic` in other places only before what cannot be a word."""
    value, named = match["value"], match["named"]
    if (
        named is None
        or (value.isalpha() and not named[-1:].isspace())
        or value.lower() in ("bearer", "basic", "header")
    ):
        drawn = any(map(str.isdigit, value)) or not (value.islower() or value.isupper() or value.istitle())
        if not drawn and len(value) < 24 and not value.endswith("="):
            return match.group()
    return match["keep"] + MASK
