"""One wording for what Python and pytest worded differently from version to version.

Each row turns the wordings that were measured on Python 3.11 to 3.14 and pytest 7.4 to 9.2 (tests/data/wordings.json,
made by tools/measure_wordings.py) into one, mostly the oldest: an old wording that covers several new ones cannot be
split again. Names that one version quotes and another does not are quoted here, so that whoever masks quoted names
sees them.

Invariant: a canonical wording is left alone by the whole table. Rows apply in order, to a single line whose numbers
are already `N` and whose quotes are `'` (see normalise).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from typing import TypeAlias

_Substitution: TypeAlias = str | Callable[[re.Match[str]], str]

_CIRCULAR = "(most likely due to a circular import)"


def canonical(text: str) -> str:
    """The one wording of a normalised line; the line itself where no row knows it."""
    for mark, pattern, wording in _ROWS:
        # The substring is 20 times cheaper than the pattern, and a line has the marks of one or two rows. The
        # patterns are compiled (and kept) by `re` at first use: compiling them all would cost every run some 30 ms.
        if mark in text:
            text = re.sub(pattern, wording, text, count=1)
    return text


def _quoted_list(names: str) -> str:
    """`A, B` or `'A', 'B'` as `'A', 'B'`."""
    return ", ".join(f"'{name}'" for part in names.split(",") if (name := part.strip(" '")))


def _abstract(match: re.Match[str]) -> str:
    return (
        f"Can't instantiate abstract class '{match[1]}' without an implementation for abstract methods "
        f"{_quoted_list(match[2])}"
    )


def _shadowed_or_circular(match: re.Match[str]) -> str:
    # A circle through a module of the standard library is the user's own file of that name. 3.13 says so ("consider
    # renaming") whether or not the file was half loaded; 3.11 words the fully loaded one like any missing name.
    head, name, middle = match.groups()
    if name not in sys.stdlib_module_names:
        return match[0]
    return f"{head}'{name}'" if head else f"module '{name}'{middle}"


def _consider_renaming(match: re.Match[str]) -> str:
    text, why = match.groups()
    if why == "since":  # a module of the standard library: the plain wording, as above
        return text
    # "if it has the same name as a library": said only of a half-loaded file, which 3.11 words as a circle.
    text = re.sub(r"^module '|(?<= from )'", "partially initialized module '", text, count=1)
    return f"{text} {_CIRCULAR}"


_STRUCT_FORMATS = {"byte": "b", "ubyte": "B", "short": "h", "ushort": "H"}


def _struct_format(match: re.Match[str]) -> str:
    return f"'{_STRUCT_FORMATS.get(match[1], match[1])}' format requires N <="


def _not_found_as(match: re.Match[str]) -> str:
    kind, name, module, later_module, later_name = match.groups()
    name, module = name or later_name, module or later_module
    return f"Can't pickle <{kind} {name}>: it's not found as {module}.{name}"


def _raised_names(match: re.Match[str]) -> str:
    names = re.findall(r"[\w.]+", match[1].replace("<class ", ""))
    return "DID NOT RAISE " + ", ".join(name.rpartition(".")[2] for name in names)


# (a substring without which the row cannot apply, the pattern, the canonical wording)
_SUGGESTIONS_AND_IMPORTS: tuple[tuple[str, str, _Substitution], ...] = (
    ("id you ", r"[.,?]+ (?:Or did|[Dd]id) you (?:mean|forget)\b.*$", ""),
    (" (consider ren", r"^(.*?) \(consider renaming .*? (since|if) it has the same name .*$", _consider_renaming),
    ("module '", r"(\bmodule '[^']*') from '[^']*'", r"\1"),
    ("cannot import name", r"^(cannot import name .*) \((?!most likely)[^()]*\)$", r"\1"),
    (
        "partially initialized",
        r"(^|.* from )partially initialized module '([^']*)'(.*?) \(most likely due to a circular import\)$",
        _shadowed_or_circular,
    ),
    (" and no __dict__", r" and no __dict__ for setting new attributes$", ""),
)
_CALLS: tuple[tuple[str, str, _Substitution], ...] = (
    (
        "an invalid keyword",
        r"^'([^']*)' is an invalid keyword argument for (.*)$",
        r"\2 got an unexpected keyword argument '\1'",
    ),
    (
        " expected ",
        r"^(\w+) expected (at least |at most |)N arguments?, got N$",
        r"\1() takes \2N positional arguments (N given)",
    ),
    (
        " (N given)",
        r"\(\) takes (?:exactly )?(at least |at most |)(?:N|one|no) (?:positional )?arguments? \(N given\)$",
        r"() takes \1N positional arguments (N given)",
    ),
    (
        "positional argument",
        r"\btakes (from N to )?N positional arguments? but N (?:was|were) given",
        r"takes \1N positional arguments but N were given",
    ),
    (
        " argument:",
        r"\bmissing N required (positional|keyword-only) argument:",
        r"missing N required \1 arguments:",
    ),
    ("Missing required p", r"^Missing required parameter\b", "Missing required argument"),
    (
        "abstract class",
        r"^Can't instantiate abstract class ([\w.<>]+) with(?:out an implementation for)? abstract methods? (.*)$",
        _abstract,
    ),
    ("super(type, obj)", r"^super\(type, obj\): .*$", "super(type, obj): obj must be an instance or subtype of type"),
    ("(MRO) for bases ", r"(?<=\(MRO\) for bases )([\w., ']+)$", lambda match: _quoted_list(match[1])),
    ("'await' expr", r"^object ([\w.]+) can't be used in 'await' expression$", r"'\1' object can't be awaited"),
    (
        " context manager protocol",
        r"^'(?:[\w.]*\.)?(\w+)' object does not support the (asynchronous |)context manager protocol\b.*$",
        r"'\1' object does not support the \2context manager protocol",
    ),
)
_OPERATIONS: tuple[tuple[str, str, _Substitution], ...] = (
    ("(unhashable type", r"^cannot use .* \((unhashable type: .*)\)$", r"\1"),
    ("not a container", r"is not a container or iterable$", "is not iterable"),
    ("too many values", r"^(too many values to unpack \(expected N), got N\)$", r"\1)"),
    ("division ", r"^(?:float |integer |complex )?(?:floor )?division (?:or modulo )?by zero$", "division by zero"),
    ("modulo", r"^(?:float|integer) modulo(?: by zero)?$", "division by zero"),
    ("float divmod()", r"^float divmod\(\)$", "division by zero"),
    (
        "to a negative ",
        r"^(?:N cannot be raised|N|zero) to a negative (power|or complex power)$",
        r"zero to a negative \1",
    ),
    (
        "expected a n",
        r"^expected a (?:number (?:in range from|between) N|nonnegative input|noninteger or positive integer)\b.*$",
        "math domain error",
    ),
    ("expected a positive input", r"^expected a positive input\b.*$", "math domain error"),
    (
        "(N, '",
        r"^\(N, '(?:Numerical result out of range|Result (?:not representable|too large))'\)$",
        "numerical result out of range",
    ),
    ("maximum recursion", r"^(maximum recursion depth exceeded)\b.*$", r"\1"),
    ("Stack overflow", r"^Stack overflow \(used .*$", "maximum recursion depth exceeded"),
    (" arg is an empty", r"^(max|min)\(\) arg is an empty sequence$", r"\1() iterable argument is empty"),
    (" is not in ", r"^(?:N|True|False|None|['({\[<].*) is not in (list|range|deque)$", r"\1.index(x): x not in \1"),
    ("deque.remove", r"^deque\.remove\(x\): x not in deque$", "deque.index(x): x not in deque"),
    ("Element.remove", r"^Element\.remove\(x\): element not found$", "list.remove(x): x not in list"),
    ("must assign iter", r"^must assign iterable to extended slice$", "can only assign an iterable"),
    (
        "object is not iter",
        r"^object is not iterable$",
        "cannot convert dictionary update sequence element #N to a sequence",
    ),
    ("as_integer_ratio()", r" or have the as_integer_ratio\(\) method$", ""),
    ("integer or float", r"cannot be interpreted as an integer or float$", "cannot be interpreted as an integer"),
)
_VALUES: tuple[tuple[str, str, _Substitution], ...] = (
    ("complex() first", r"^complex\(\) first argument must be", "complex() argument must be"),
    (
        "complex() arg",
        r"^complex\(\) argument 'real' must be a real number, not '?str'?$",
        "complex() can't take second arg if first is a string",
    ),
    (
        "complex() arg",
        r"^(complex\(\) argument must be a string or a number), not '?([\w.]+)'?$",
        r"\1, not '\2'",
    ),
    ("empty range ", r"^empty range (?:for|in) rand(?:range|int)\(.*$", "empty range for randrange()"),
    ("seed types are", r"^(The only supported seed types are):.*$", r"\1"),
    (" format requires", r"^'?(\w+)'? format requires N <=", _struct_format),
    (
        "fromhex() arg",
        r"^(?:non-hexadecimal number found in )?fromhex\(\) arg\b.*$",
        "non-hexadecimal number found in fromhex() arg",
    ),
    ("bad typecode", r"^(bad typecode) \(.*$", r"\1"),
    ("malformed node", r"^(malformed node or string)\b.*$", r"\1"),
    ("typing.Union", r"^cannot create 'typing\.Union' instances$", "Cannot instantiate typing.Union"),
    ("JSON compliant:", r"(?<=JSON compliant): .*$", ""),
    (
        "trailing comma",
        r"^Illegal trailing comma before end of object\b",
        "Expecting property name enclosed in double quotes",
    ),
    ("trailing comma", r"^Illegal trailing comma before end of array\b", "Expecting value"),
    (
        "Can't pickle <",
        r"^Can't pickle <(function|class) .*>: "
        r"(?:attribute lookup (\S+) on (\S+) failed|it's not found as (\S+)\.([^.\s]+))$",
        _not_found_as,
    ),
    ("local object", r"^Can't (?:get|pickle) local object (?:'|<\w+ )?(.*?)['>]?$", r"Can't pickle local object '\1'"),
    (" must be in N..N", r"^(month|hour|minute|second|microsecond) must be in N\.\.N, not N$", r"\1 must be in N..N"),
    ("day N must", r"^day N must be in range .*$", "day is out of range for month"),
    ("year ", r"^year (?:N is out of range|must be in N\.\.N, not N)$", "year is out of range"),
    (
        "'datetime.",
        r"^'[<>]=?' not supported between instances of '(datetime\.\w+)' and '(datetime\.\w+)'$",
        r"can't compare \1 to \2",
    ),
    ("embedded null", r"^(?:\w+: )?embedded null (?:byte|character(?: in path)?)$", "embedded null byte"),
    (
        "PathLike",
        r"^argument should be a str (?:object )?or an os\.PathLike object .*, not (?:<class )?'?([\w.]+)'?>?$",
        r"expected str, bytes or os.PathLike object, not '\1'",
    ),
    (" OR one path", r" OR one path is relative and the other is absolute$", ""),
    ("Unacceptable", r"^(Unacceptable pattern): .*$", r"\1"),
    (" file URI", r"^(relative path) (can't be expressed as) a (file URI)$", r"\1s \2 \3s"),
    (
        " must be ",
        r"^'(\w+)' must be (?:string, not \w+|a unicode character\b.*)$",
        r"'\1' must be a N-character string",
    ),
    (" must be a string", r"^('\w+' must be a string), not '?[\w.]+'?$", r"\1"),
    ("invalid choice", r"(\binvalid choice: .*?) \(choose from .*\)$", r"\1"),
    # Classes that are named without quotes; an enumeration's begins with a capital, a word of prose does not.
    (" is not a valid ", r" is not a valid ((?:[\w<>]+\.)*[A-Z]\w*)$", r" is not a valid '\1'"),
    ("Object of type ", r"^Object of type ([\w.]+) is not\b", r"Object of type '\1' is not"),
    (", not ", r"\b(must be|expected|required|should be)\b(.*), not ([\w.<>]+)$", r"\1\2, not '\3'"),
)
_INVALID = "invalid syntax"
_SYNTAX: tuple[tuple[str, str, _Substitution], ...] = (
    ("(detected at", r" \(detected at line N\)$", ""),
    (" f-string literal", r"^(unterminated (?:triple-quoted )?)f-string literal", r"\1string literal"),
    ("f-string: ", r"^f-string: (?=invalid syntax|closing parenthesis)", ""),
    ("f-string: ", r"^f-string: expecting '!', or ':', or '}'$", "f-string: expecting '}'"),
    ("f-string: ", r"^f-string: expecting (?:'=', or .*|a valid expression after '{')$", _INVALID),
    ("f-string: ", r"^f-string: lambda expressions are not allowed without parentheses$", _INVALID),
    (
        "conversion char",
        r"^f-string: (?:invalid|missing) conversion character\b.*$",
        "f-string: invalid conversion character",
    ),
    ("f-string: ", r"^f-string: empty expression not allowed$", "f-string: valid expression required before '}'"),
    ("f-string ex", r"^f-string expression part cannot include '#'$", "'{' was never closed"),
    ("default", r"^(non-default argument .*follows default argument)\b.*$", r"\1"),
    (
        "without a default",
        r"^parameter without a default follows parameter with a default$",
        "non-default argument follows default argument",
    ),
    ("repeated: ", r"^(keyword argument repeated): (\w+)$", r"\1: '\2'"),
    ("multiple exception", r"^(multiple exception types must be parenthesized) when using 'as'$", r"\1"),
    (
        "cannot use ",
        r"^cannot use (?:(?:attribute|literal|\w+) as (?:import|pattern) target|except\*? statement with \w+)$",
        _INVALID,
    ),
    ("'elif' block", r"^'elif' block follows an 'else' block$", _INVALID),
    ("'import'", r"^Expected one or more names after 'import'$", _INVALID),
    ("star expression", r"^Invalid star expression$", _INVALID),
    ("prefixes are", r"^'\w' and '\w' prefixes are incompatible$", _INVALID),
    ("of the string", r"^invalid syntax\. Is this intended to be part of the string\??$", _INVALID),
    ("but statement", r"^expected expression (?:before|after) '\w+', but statement is given$", _INVALID),
    ("instead", r"^Did you mean to use 'from \.\.\. import \.\.\.' instead\??$", _INVALID),
)
_TESTING: tuple[tuple[str, str, _Substitution], ...] = (
    ("(N sub-", r"\(N sub-exception\)$", "(N sub-exceptions)"),
    ("N validation error", r"^N validation error for ", "N validation errors for "),
    ("DID NOT RAISE", r"^DID NOT RAISE (?:any of )?(.+)$", _raised_names),
    (
        "the regex were",
        r"^DID NOT WARN\. No warnings of type .* matching the regex were emitted$",
        "Regex pattern did not match any of the N warnings emitted",
    ),
    (
        "BaseException type",
        r"^[Ee]xpected (?:exception must be )?a BaseException type, (?:but got|not) '?([^']*)'?$",
        r"expected exception must be a BaseException type, not '\1'",
    ),
)
# Texts that could not be read are the test's: one function that fails on five of them makes one mistake.
_INPUTS: tuple[tuple[str, str, _Substitution], ...] = (
    ("invalid literal", r"^(invalid literal for \w+\(\) with base N): .*$", r"\1"),
    ("could not convert string", r"^(could not convert string to \w+): .*$", r"\1"),
    ("time data ", r"^time data '.*' does not match format ", "time data does not match format "),
    ("unconverted data", r"^(unconverted data remains)\b.*$", r"\1"),
    ("Invalid isoformat", r"^(Invalid isoformat string): .*$", r"\1"),
    ("Invalid literal for F", r"^(Invalid literal for Fraction): .*$", r"\1"),
    (" does not appear to be an IP", r"^.* does not appear to be an IP", "Text does not appear to be an IP"),
)
_ROWS = (*_SUGGESTIONS_AND_IMPORTS, *_CALLS, *_OPERATIONS, *_VALUES, *_SYNTAX, *_TESTING, *_INPUTS)
