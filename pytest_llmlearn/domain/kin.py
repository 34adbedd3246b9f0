"""What goes wrong, whoever it happens to: the kin of a mistake.

Mistakes of one kin differ only in the names and values that they met. What is likely to go wrong is learned of the kin,
for a name that failed once seldom fails again elsewhere; what is shown is the mistake of that kin that fits best.
Invariant: equal exceptions with equal wordings are kin, and so are failed assertions of one test, whatever its number.
"""

from __future__ import annotations

import re

from pytest_llmlearn.domain import normalise

ASSERTED = "assert"
"""With what the kin of a failed assertion begins: what is known of it is the test that it failed."""
_NUMBERED = re.compile(r"_?\d+$")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
LIMIT = 240


def kin(exception: str, message: str, nodeid: str, *, asserted: bool) -> str:
    """The kin of one failure, of `LIMIT` characters and few more at most.

    `asserted` says that the message compares values of the test's own: then the test's name without its number at the
    end tells more. `test_add_1[a]` and `test_add_2` are kin; `KeyError: 'a'` and `KeyError: 'b'` are.
    """
    if asserted:
        name = nodeid.rpartition("::")[2].partition("[")[0]
        return f"{ASSERTED}:{_NUMBERED.sub('', name)}"[:LIMIT]
    told = _QUOTED.sub("'Q'", normalise.exact(message, exception))
    # A name that a library lacks was remembered wrongly; one that the project lacks was not written.
    where = " of a library" if "site-packages" in message and told.startswith("cannot import") else ""
    return f"{normalise.exception_name(exception)}:{told}"[:LIMIT] + where


def exception_of(kin: str) -> str:
    """The exception of a kin, or that it is an assertion."""
    return kin.partition(":")[0]
