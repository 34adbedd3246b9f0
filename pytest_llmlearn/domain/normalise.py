"""What of an exception's message belongs to the mistake, and what only to the run that met it.

`exact` takes out what differs between two runs of one mistake: numbers, addresses, folders, dates, temporary names and
the wording of the Python version. `shape` takes out the user's own names and values as well. `exception_name` gives a
class one spelling.

Invariant: pure, and total over `str`: lone surrogates, NUL and megabytes included. Only the first line takes part, of
it at most INPUT characters, so the work is bounded whatever the message; `exact(exact(m)) == exact(m)`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from functools import cache
from keyword import kwlist

from pytest_llmlearn.domain.wordings import canonical

LIMIT = 200
"""Characters of a result."""
INPUT = 1000
"""Characters of a message's first line that are looked at."""


@cache
def _re(pattern: str) -> re.Pattern[str]:
    # Compiled at first use: a run without a failure, or a recall, should not pay for twenty patterns.
    return re.compile(pattern)


# Every boundary that `str.splitlines` knows: a message is one line for us exactly where it is one for a reader.
_BREAK = r"\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
_FIRST_LINE = rf"\S[^{_BREAK}]{{0,{INPUT - 1}}}"
_UNPRINTABLE = r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]"
_SPACES = r"\s{2,}|[^\S ]"
_POSITION = r" \([^()]*, line \d+\)$"
_LOCALS = r"(?:[\w.]|<lambda>|<locals>\.)*<locals>\."
_DOUBLE_QUOTED = r'(?<!\w)"([^"\'\\]*)"(?!\w)'

_CLOCK = r"\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|GMT|[AP]M|[+-]\d\d:?\d\d))?(?!\w)"
_WEEKDAY = r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_DATE = (
    r"\bdatetime\.(\w+)\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
    rf"|(?<![\w.:/-])(?:\d{{4}}-\d\d?-\d\d?|\d{{4}}/\d\d?/\d\d?|\d\d?[/.]\d\d?[/.]\d{{4}})(?:(?:T|,? ){_CLOCK}|(?!\w))"
    rf"|(?<![\w.:/-]){_WEEKDAY}?(?:\d\d? {_MONTH},? \d{{4}}|{_MONTH} \d\d?(?: {_CLOCK})?,? \d{{4}})(?: {_CLOCK}|(?!\w))"
    rf"|(?<![\w.:/-]){_CLOCK}"
)
_HEXADECIMAL = (
    r"(?P<uuid>(?<![\w-])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![\w-]))"
    r"|(?P<at> at 0x[0-9a-fA-F]+)|\b0[xX][0-9a-fA-F]+\b"
    r"|(?<!\w)(?=[a-fA-F]*\d)(?=\d*[a-fA-F])[0-9a-fA-F]{12,}(?!\w)"
)
# A number is no number inside a name (`utf8`, `x1`), nor in the names of encodings and digests (`utf-8`, `sha-256`).
_NUMBER = (
    r"(?<!\w)(?:(?<![)\]])[-+])?(?<!(?i:utf|iso|sha)-)(?<!8859-)(?<!(?i:latin)-)"
    r"(?:\d+(?:[._]\d+)*|(?<!\.)\.\d+)(?:[eE][-+]?\d+)?(?:ms|[uµn]?s|min|[KMGkmg]i?[Bb]|B|j)?(?!\w)"
)
_TEMPORARY = r"\btmp(?=[a-z_]*\d)[a-z0-9_]{5,12}(?![A-Za-z0-9_])|\bpytest-of-[\w.-]+"

_ROOT = (
    r"tmp|var|home|Users|root|usr|private|opt|etc|mnt|media|srv|work|workspaces?|builds|github|app|Volumes|lib|proc|dev"
    r"|nix|content|kaggle|run|__w"
)
# A message may have been redacted before: a home folder is the machine's as any other.
_QUOTED_PATH = r"(?<!\w)(['\"])((?:file://|~)?/[^'\"]*|(?:<home>|[A-Za-z]:)[\\/][^'\"]*)\1"
_BARE_PATH = r"(?<![\w./:\\'\"~-])(?:(?:file://|~)?(?:/[\w.@+%=,~-]+)+/?|(?:<home>|[A-Za-z]:)[\\/][^\s'\":*?<>|]+)"
_SEPARATORS = r"[\\/]+"
_RUN_FOLDER = r"pytest-\d+|popen-gw\d+|pytest-of-.*"
_TEMPORARY_BASE = r"tmp[a-z0-9_]{5,12}(?=\.|$)"


def exact(message: str, exception: str = "") -> str:
    """The message as one string for every run, machine and Python version; at most LIMIT characters.

    Numbers become `N`, addresses and long hexadecimal `X`, uuids `U`, dates and times `D`, temporary names `T`; of an
    absolute path its base name stays; quoted names stay. A leading `exception: ` is taken off, as is what follows the
    first line that is not blank.
    """
    return _settled(_line(message, exception))


def shape(message: str, exception: str = "", symbols: Collection[str] = ()) -> str:
    """`exact` without the user's own names and values: what is quoted or called becomes `Q`, at most LIMIT characters.

    Names of `symbols` stay (a dotted symbol keeps its parts too), and so do the built-in types and functions, for they
    are the shape. Lists of masked values are one value, however long.
    """
    text = _settled(_line(message, exception), INPUT)
    parts = frozenset(part for symbol in symbols for part in _parts(symbol))
    text = _re(_QUOTED_OR_CUT).sub(lambda match: "'" + _masked_quote(match, parts) + "'", text)
    text = _re(_CALLED).sub(lambda match: _masked_call(match[0], parts), text)
    text = _re(_REPRESENTED).sub(lambda match: match[1] + _masked(match[2], parts), text)
    return _re(_MASKED_LIST).sub(r"\1", text)[:LIMIT].rstrip()


def quoted(message: str) -> tuple[str, ...]:
    """What the first line quotes, in order, by ' " ` or typographic quotes; an apostrophe (`don't`) is none."""
    first = _re(_FIRST_LINE).search(message)
    return tuple(_content(match) for match in _re(_QUOTED).finditer(first[0])) if first else ()


def exception_name(name: str) -> str:
    """One spelling of an exception's class: `TypeError`, `json.JSONDecodeError`, `numpy._UFuncNoLoopError`.

    Built-ins stand alone, private modules of a package fall away, so do the places where CPython and well-known
    packages happen to define what they offer elsewhere; aliases become what they name. A class made inside a function
    loses the function.
    """
    name = name.strip().rpartition("<locals>.")[2]
    *modules, last = name.split(".")
    if modules and modules[0] in ("builtins", "exceptions", "__main__", "__builtin__"):
        del modules[0]
    public: list[str] = []
    for index, module in enumerate(modules):
        if index == 0:
            public.append(module.lstrip("_") or module)
        elif not module.startswith("_") and module != public[-1]:
            public.append(module)
    # A home of one part stands for the package alone (`json.decoder` is `json`); the longest is looked up first.
    for length in range(len(public), 0, -1):
        home = _HOMES.get(".".join(public[:length]))
        if home is not None:
            public[:length] = home.split(".")
            break
    spelled = ".".join([*public, last])
    return _ALIASES.get(spelled, spelled)


_HOMES = {
    "json.decoder": "json",
    "asyncio.exceptions": "asyncio",
    "asyncio.queues": "asyncio",
    "asyncio.timeouts": "asyncio",
    "concurrent.futures.process": "concurrent.futures",
    "concurrent.futures.thread": "concurrent.futures",
    "importlib.metadata": "importlib.metadata",
    "unittest.case": "unittest",
    "multiprocessing.context": "multiprocessing",
    "http.client": "http.client",
    "xml.etree.ElementTree": "xml.etree.ElementTree",
    "numpy.core": "numpy",
    "numpy.exceptions": "numpy",
    "pydantic_core": "pydantic",
    "pydantic.error_wrappers": "pydantic",
    "pydantic.errors": "pydantic",
    "aiohttp.client_exceptions": "aiohttp",
    "click.exceptions": "click",
    "jinja2.exceptions": "jinja2",
    "sqlalchemy.orm.exc": "sqlalchemy.exc",
}
_ALIASES = {
    "IOError": "OSError",
    "EnvironmentError": "OSError",
    "WindowsError": "OSError",
    "select.error": "OSError",
    "socket.error": "OSError",
    "os.error": "OSError",
    "socket.timeout": "TimeoutError",
    "asyncio.TimeoutError": "TimeoutError",
    "concurrent.futures.TimeoutError": "TimeoutError",
    "asyncio.CancelledError": "asyncio.CancelledError",
    "concurrent.futures.CancelledError": "concurrent.futures.CancelledError",
    "shutil.Error": "shutil.Error",
    "re.error": "re.PatternError",
    "sre_constants.error": "re.PatternError",
    "pathlib.UnsupportedOperation": "NotImplementedError",
    "IncompleteInputError": "SyntaxError",
    "_IncompleteInputError": "SyntaxError",
    "_pytest.outcomes.Failed": "Failed",
    "pytest.outcomes.Failed": "Failed",
    "pytest.fail.Exception": "Failed",
}


def _line(message: str, exception: str) -> str:
    """The first line that is not blank, without the exception's name and unprintable characters."""
    # The one message of CPython that breaks its line in some versions and not in others.
    head = message[:INPUT].replace("method resolution\norder", "method resolution order")
    first = _re(_FIRST_LINE).search(head) or _re(_FIRST_LINE).search(message)
    if first is None:
        return ""
    text = first[0]
    if not text.isprintable():
        text = _re(_UNPRINTABLE).sub(" ", text)
    if exception and text.startswith(exception + ":"):
        text = text[len(exception) + 1 :]
    return text


def _settled(text: str, limit: int = LIMIT) -> str:
    """Normalise until nothing moves: what one row leaves, or the cut, may be what another row knows."""
    for _ in range(4):
        settled = _once(text)[:limit].rstrip(" .")
        if settled == text:
            break
        text = settled
    return text


def _once(text: str) -> str:
    text = _re(_SPACES).sub(" ", text).strip()
    if text.endswith(")"):
        text = _re(_POSITION).sub("", text)
    if '"' in text:
        text = _re(_DOUBLE_QUOTED).sub(r"'\1'", text)
    if "/" in text or "\\" in text:
        text = _re(_QUOTED_PATH).sub(lambda match: match[1] + _base(match[2]) + match[1], text)
        text = _re(_BARE_PATH).sub(lambda match: _base(match[0]), text)
    if "<locals>" in text:
        text = _re(_LOCALS).sub("", text)
    if _re(_DIGIT).search(text):
        text = _re(_HEXADECIMAL).sub(_hexadecimal, text)
        text = _re(_TEMPORARY).sub("T", text)
        text = _re(_DATE).sub(_date, text)
        text = _re(_NUMBER).sub("N", text)
    elif "pytest-of-" in text:
        text = _re(_TEMPORARY).sub("T", text)
    return canonical(text.rstrip(" ."))


_DIGIT = r"\d"


def _hexadecimal(match: re.Match[str]) -> str:
    if match["at"]:
        return ""
    return "U" if match["uuid"] else "X"


def _date(match: re.Match[str]) -> str:
    return f"datetime.{match[1]}(D)" if match[1] else "D"


def _base(path: str) -> str:
    """The base name of what is surely a path on some machine; a route (`/users/3`) or a lone `/tmp` stays."""
    parts = [part for part in _re(_SEPARATORS).split(path) if part and part != "file:"]
    if len(parts) < 2:
        return path
    last = parts[-1]
    if path[0] == "/" and not _re(_ROOT).fullmatch(parts[0]) and "." not in last:
        return path
    if _re(_RUN_FOLDER).fullmatch(parts[-2]) or _re(_RUN_FOLDER).fullmatch(last):
        return "T"
    return _re(_TEMPORARY_BASE).sub("T", last, count=1)


# A prefix (b'..', r"..") belongs to the quote. Openers are excluded inside typographic pairs, so that none is scanned
# twice; an apostrophe never opens one, for a letter stands before it.
_QUOTED = (
    r"(?<!\w)(?:[bBrRuUfF]{1,2})?(?:'(?P<single>[^'\\]*(?:\\.[^'\\]*)*)'|\"(?P<double>[^\"\\]*(?:\\.[^\"\\]*)*)\")(?!\w)"
    r"|`(?P<tick>[^`]*)`|“(?P<curly>[^“”]*)”|(?<!\w)‘(?P<curly_single>[^‘’]*)’(?!\w)|«(?P<angle>[^«»]*)»"
)
# A value longer than INPUT lost its closing quote.
_QUOTED_OR_CUT = _QUOTED + r"|(?<!\w)'(?P<cut>[^']+)$"
_CALLED = r"(?<![\w.'])[A-Za-z_][\w.]*(?=\(\))"
_REPRESENTED = (
    r"(<(?:function|bound method|coroutine object|generator object|async_generator object) |<(?=[\w.]+(?: object|:)))"
    r"([A-Za-z_][\w.]*)"
)
_MASKED_LIST = r"('Q'|\b[NDTUX]\b)(?:(?:,? and |, )(?:'Q'|[NDTUX]\b))+"


def _content(match: re.Match[str]) -> str:
    return match[match.lastgroup] if match.lastgroup else ""


def _parts(symbol: str) -> list[str]:
    """Every contiguous part of a dotted name: `a.b.c` gives a, b, c, a.b, b.c, a.b.c."""
    names = symbol.split(".")[:8]
    return [".".join(names[i:j]) for i in range(len(names)) for j in range(i + 1, len(names) + 1)]


def _masked_quote(match: re.Match[str], symbols: frozenset[str]) -> str:
    name = _content(match)
    top, dot, _ = name.partition(".")
    # A variable may be called `string`; what is said to be a module of that name, or is dotted, is Python's own.
    if top in sys.stdlib_module_names and (dot or match.string[: match.start()].endswith(_BEFORE_MODULE)):
        return name
    return _masked(name, symbols)


_BEFORE_MODULE = "module ", "named ", "from "


def _masked_call(name: str, symbols: frozenset[str]) -> str:
    front, _, last = name.rpartition(".")
    return name if last in _METHODS and (not front or front in _KNOWN) else _masked(name, symbols)


def _masked(name: str, symbols: frozenset[str]) -> str:
    """The name if it is known, else `Q` after what is known of its front (`numpy.Q`) and before a dunder."""
    if name in symbols or name in _KNOWN or _re(_DUNDER).fullmatch(name) or not _re(_WORDY).search(name):
        return name
    if name.startswith("async ") and name[6:] in _KNOWN:
        return name
    front, dot, last = name.rpartition(".")
    if dot and _re(_DUNDER).fullmatch(last) and " " not in front:
        return f"{_masked(front, symbols)}.{last}"
    while front and " " not in front:
        if front in symbols:
            return f"{front}.Q"
        front = front.rpartition(".")[0]
    return "Q"


# Quoted punctuation (`'('`, `'=='`) is syntax, not a name; quoted placeholders are masked already.
_WORDY = r"\w{2}|[^\W\dNDTUXQ]"
_KNOWN_WORDS = """
    int float complex bool str bytes bytearray memoryview list tuple dict set frozenset range slice object type
    NoneType NotImplementedType ellipsis function method module coroutine generator async_generator property super
    staticmethod classmethod builtin_function_or_method method_descriptor wrapper_descriptor getset_descriptor
    method-wrapper code frame traceback cell map filter zip enumerate reversed iterator list_iterator tuple_iterator
    dict_keys dict_values dict_items dict_keyiterator str_iterator set_iterator range_iterator callable_iterator
    datetime date timedelta Decimal Fraction PosixPath WindowsPath Path UUID deque defaultdict OrderedDict Counter
    mappingproxy TextIOWrapper Future Task Lock match case __main__ self cls
    abs all anext any ascii bin callable chr compile delattr dir divmod eval exec format getattr globals hasattr hash
    hex id input isinstance issubclass iter len locals max min next oct open ord pow print repr round setattr sorted
    sum vars __import__ randrange fromhex except* utf-8 utf8 ascii latin-1 cp1252
"""
_KNOWN = frozenset(kwlist) | frozenset(_KNOWN_WORDS.split())
"""Built-in types, functions and encodings: the shape of a message, never the user's own names."""
_METHODS = frozenset(name for kind in (str, bytes, list, dict, set, tuple, int, float) for name in dir(kind))
_DUNDER = r"__[a-z]+__"
