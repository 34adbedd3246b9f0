"""A matcher recognises one learned mistake in source text.

It is a value: derived from a pattern, a failing line or a verified fix, without any model, and read by the recogniser
of its kind (`domain.matchers`). Equal content is the same matcher, whatever it was derived from. A matcher must prove
itself before it is used: it fires on the code that failed, not on the fixed code, and stays silent on code that passes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

from pytest_llmlearn.domain.tree import Span

Kind = Literal["shape", "api", "undefined", "awaiting", "text", "scan"]
"""`shape`: a pattern of the syntax tree. `api`: a module, name, attribute, keyword or argument that is not there.
`undefined`: a name bound nowhere. `awaiting`: un-awaited, blocking, or the wrong context manager in async code.
`text`: prose, fences or cut-off code. `scan`: the Semgrep rule that found it (not matched here, only named)."""
Origin = Literal["pattern", "failure", "fix"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """How a matcher did so far, in distinct code: `right` where it fired on what failed so, `wrong` where it fired on
    code whose tests pass, `silent` where it was silent on passing code of the same unit or the verified fix."""

    right: int = 0
    wrong: int = 0
    silent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """What recognises the pattern `fingerprint`.

    `body` is what its recogniser looks for, builtins only. A shape's is `pattern`, written as Semgrep writes patterns
    (`$X` any expression, the same wherever the name comes again; `...` any more arguments or elements; `"..."` any
    string; dotted names of modules match through import aliases), and optionally `either`, patterns any of which will
    do as well, `inside`, the name of the function that must enclose it, `unless`, patterns that stand in that function
    where it is no mistake, and `raises`, an exception that is none where it is caught. `atoms` are identifiers and
    literals all of which must stand in a statement (or, where the kind looks at whole files, in the file) for the
    matcher to fire there: they are what the search is quick by.
    `confidence` is 0 to 1.
    """

    fingerprint: str
    rule_id: str
    kind: Kind
    body: Mapping[str, Any]
    atoms: frozenset[str] = frozenset()
    origin: Origin = "failure"
    confidence: float = 0.5
    trials: Trials = field(default_factory=Trials)

    @property
    def names(self) -> frozenset[str]:
        """Those of the atoms that are identifiers: all of them stand in whatever text it fires in."""
        return frozenset(atom for atom in self.atoms if atom.isidentifier())

    @property
    def key(self) -> str:
        """The identity: pattern, kind and body, hashed."""
        content = json.dumps([self.fingerprint, self.kind, self.body], sort_keys=True, ensure_ascii=False)
        return blake2b(content.encode(errors="surrogatepass"), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """A place in a text where a matcher fired. `why` is one short sentence fragment of what was recognised."""

    matcher: Matcher
    span: Span
    confidence: float
    why: str = ""
