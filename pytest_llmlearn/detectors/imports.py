"""Names that come from elsewhere: modules and names that do not exist, moved, or were never imported.

Whether a name exists is asked of the project's surroundings and of tables of facts. A package that does exist and
is only not installed is the environment's affair, not the code's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches

from pytest_llmlearn.detectors.import_rules import (
    BEYOND,
    CIRCULAR,
    MISSING_MODULE,
    MISSING_NAME,
    MODULE_ATTRIBUTE,
    RELATIVE,
    RULES,
    SHADOWED,
    UNDEFINED,
)
from pytest_llmlearn.detectors.known_mistakes import meant_of_module
from pytest_llmlearn.detectors.known_names import homes, moved_names
from pytest_llmlearn.detectors.known_packages import distribution_of
from pytest_llmlearn.detectors.missing_imports import import_for
from pytest_llmlearn.detectors.near_modules import PLAIN_WORDS, gone, nearest, own_elsewhere
from pytest_llmlearn.domain import names as naming
from pytest_llmlearn.domain.finding import Finding, Rule
from pytest_llmlearn.domain.occurrence import Occurrence
from pytest_llmlearn.hookspecs import Detector, Evidence, hookimpl

_NO_MODULE = re.compile(r"No module named '?(?P<name>[\w.]+)'?|import of (?P<halted>[\w.]+) halted")
_NO_NAME = re.compile(
    r"cannot import name '?(?P<name>\w+)'?(?: from (?:partially initialized module )?'(?P<of>[\w.]+)')?"
)
_NO_ATTRIBUTE = re.compile(
    r"^(?:partially initialized )?module '?(?P<of>[\w.]+)'?(?: from '[^']*')? has no attribute '?(?P<name>\w+)'?"
)
_GONE_FROM_NUMPY = re.compile(
    r"^`np\.(?P<name>\w+)` was removed in the NumPy 2\.0 release\.(?: Use `(?P<instead>[\w.]+)`)?"
)
_SUBMODULE = re.compile(r"^cannot access submodule '(?P<name>\w+)' of module '(?P<of>[\w.]+)'")
_NOT_DEFINED = re.compile(r"^(?:free variable |global )?name '(?P<name>\w+)' is not defined")
_DID_YOU_MEAN = re.compile(r"Did you mean:? '(?P<near>[\w.]+)'")
_NOT_INSTALLED = re.compile(
    r"Missing optional dependency '(?P<a>[\w.-]+)'|pip3? install (?:-U |--upgrade )?['\"]?(?P<b>[A-Za-z][\w.-]*)"
    r"|requires version .* of '(?P<c>[\w.-]+)'"
)
_BINARY = re.compile(
    r"cannot open shared object file|DLL load failed|undefined symbol|[Ss]ymbol not found|binary incompat"
)


class ImportDetector:
    """What an import, or a name that an import should have bound, got wrong."""

    name = "imports"
    rules: Sequence[Rule] = RULES

    def detect(self, occurrence: Occurrence, evidence: Evidence) -> Iterable[Finding]:
        message = occurrence.message
        found: Finding | None = None
        if occurrence.is_a("ImportError", "ModuleNotFoundError"):
            found = _import_error(message, occurrence, evidence)
        elif occurrence.is_a("AttributeError"):
            found = _module_attribute(message, occurrence, evidence)
        elif occurrence.is_a("NameError") and not occurrence.is_a("UnboundLocalError"):
            found = _undefined(message, occurrence, evidence)
        return (found,) if found is not None else ()


def _import_error(message: str, occurrence: Occurrence, evidence: Evidence) -> Finding | None:
    if "relative import" in message:
        return _relative(message, evidence)
    if "circular import" in message or "partially initialized module" in message:
        return _circular(_NO_NAME.search(message), occurrence, evidence)
    if match := _NO_NAME.search(message):
        return _missing_name(match["name"], match["of"] or occurrence.facts.get("of", ""), occurrence, evidence)
    if match := _NO_MODULE.search(message):
        return _missing_module(match["name"] or match["halted"], occurrence, evidence)
    if match := _NOT_INSTALLED.search(message):
        return _not_installed(match["a"] or match["b"] or match["c"])
    if _BINARY.search(message):
        return Finding(rule=MISSING_MODULE, confidence=0.8, scope="environment", detail="a compiled library is missing")
    if occurrence.is_a("ModuleNotFoundError") and (name := occurrence.facts.get("name")):
        return _missing_module(name, occurrence, evidence)
    return None


def _relative(message: str, evidence: Evidence) -> Finding:
    written = [entry for entry in naming.imports(evidence.text) if entry.module.startswith(".")]
    beyond = "beyond" in message
    deepest = max(written, key=lambda entry: _dots(entry.module), default=None) if beyond else next(iter(written), None)
    fields = {"name": deepest.module.lstrip(".") or deepest.name or ""} if deepest is not None else {}
    return Finding(
        rule=BEYOND if beyond else RELATIVE,
        line=deepest.line if deepest is not None else None,
        fields={key: value for key, value in fields.items() if value},
        confidence=0.9,
    )


def _dots(module: str) -> int:
    return len(module) - len(module.lstrip("."))


def _circular(match: re.Match[str] | None, occurrence: Occurrence, evidence: Evidence) -> Finding:
    of = (match["of"] if match else None) or occurrence.facts.get("of", "")
    name = match["name"] if match else occurrence.facts.get("name", "")
    if _is_shadowed(of, occurrence.message, evidence):
        return _shadowed(of, name, evidence)
    return Finding(
        rule=CIRCULAR,
        symbols=(f"{of}.{name}",) if of and name else (),
        fields={"of": of} if of else {},
        confidence=0.9,
    )


def _is_shadowed(of: str, message: str, evidence: Evidence) -> bool:
    """Whether a file of the project stands where the library's module of that name was meant.

    Python 3.13 and later say so themselves.
    """
    if "consider renaming" in message:
        return True
    if not of or "." in of:
        return False
    own = evidence.surroundings.own_module(of, evidence.path)
    is_known = evidence.surroundings.is_stdlib(of) or (distribution_of(of) is not None and _is_file(of, evidence.path))
    return own is not None and not own.endswith("__init__.py") and is_known


def _shadowed(of: str, name: str, evidence: Evidence) -> Finding:
    return Finding(
        rule=SHADOWED,
        line=1 if _is_file(of, evidence.path) else None,
        symbols=(f"{of}.{name}",) if name else (of,),
        fields={"of": of},
        confidence=0.9,
    )


def _not_installed(distribution: str) -> Finding:
    return Finding(
        rule=MISSING_MODULE,
        symbols=(distribution,),
        fields={"name": distribution, "instead": "the package is not installed here"},
        confidence=0.85,
        scope="environment",
    )


def _missing_module(name: str, occurrence: Occurrence, evidence: Evidence) -> Finding:
    surroundings = evidence.surroundings
    top = name.partition(".")[0]
    line = _import_line(evidence.text, name, None)
    distribution = distribution_of(top)
    own = surroundings.own_module(top, evidence.path)
    if instead := gone(name):
        return _module_finding(name, line, f"it is gone, use {instead}", 0.95)
    if own is None and not surroundings.is_stdlib(top) and not surroundings.installed(top):
        if distribution is not None or surroundings.declared(top):
            return _not_installed_module(name, line, distribution or top)
        if _raised_in_library(occurrence) and line is None and evidence.text:
            return _not_installed_module(name, line, top, confidence=0.7)
    parent, _, last = name.rpartition(".")
    if parent and last in (surroundings.names(parent) or ()):
        return _module_finding(name, line, f"'{last}' is a name in {parent}, so 'from {parent} import {last}'", 0.95)
    if parent and (homes().get(last) == parent or (last[0].isupper() and surroundings.installed(top))):
        return _module_finding(name, line, f"if '{last}' is a class, 'from {parent} import {last}'", 0.85)
    if elsewhere := own_elsewhere(last, name, evidence):
        return _module_finding(name, line, f"the project's module is '{elsewhere}'", 0.85)
    near = nearest(name, evidence)
    if near is not None:
        return _module_finding(name, line, f"the nearest that exists is '{near}'", 0.9)
    if top in PLAIN_WORDS:
        return _module_finding(name, line, "the project has no module of that name", 0.8)
    return _module_finding(name, line, "no module of that name is known here", 0.6 if own is None else 0.8)


def _module_finding(name: str, line: int | None, instead: str, confidence: float) -> Finding:
    return Finding(
        rule=MISSING_MODULE,
        line=line,
        symbols=(name,),
        fields={"name": name, "instead": instead},
        confidence=confidence,
    )


def _not_installed_module(name: str, line: int | None, distribution: str, confidence: float = 0.9) -> Finding:
    return Finding(
        rule=MISSING_MODULE,
        line=line,
        symbols=(name.partition(".")[0],),
        fields={
            "name": name,
            "instead": f"its package '{distribution}' is not installed here",
            "package": distribution,
        },
        confidence=confidence,
        scope="environment",
    )


def _missing_name(name: str, of: str, occurrence: Occurrence, evidence: Evidence) -> Finding:
    line = _import_line(evidence.text, of, name)
    symbols = (f"{of}.{name}" if of else name,)
    fields = {"name": name} | ({"of": of} if of else {})
    if _is_shadowed(of, occurrence.message, evidence):
        return _shadowed(of, name, evidence)
    if of and _is_file(of, evidence.path):
        fields["instead"] = _own_instead(of, name, evidence)
        return Finding(rule=MISSING_NAME, line=1, symbols=symbols, fields=fields, confidence=0.95)
    if line is None and evidence.text and _raised_in_library(occurrence):
        return Finding(
            rule=MISSING_NAME, symbols=symbols, fields=fields, confidence=0.7, scope="environment",
            detail="two installed packages do not fit one another",
        )  # fmt: skip
    fields["instead"] = _instead(of, name, occurrence, evidence)
    return Finding(rule=MISSING_NAME, line=line, symbols=symbols, fields=fields, confidence=0.95)


_LISTED = 4
"""Names of a module that a lesson lists."""


def _listed(of: str, evidence: Evidence) -> str | None:
    """What a module of the project does have, as it defines them; None where `of` is none."""
    path = evidence.surroundings.own_module(of, evidence.path)
    if path is None:
        return None
    written = [name for name in naming.defined(evidence.surroundings.text(path) or "") if "." not in name]
    public = [name for name in written or sorted(evidence.surroundings.names(of) or ()) if not name.startswith("_")]
    if not public:
        return "it is the project's own and has no public names yet, so define it there"
    shown = ", ".join(f"'{name}'" for name in public[:_LISTED])
    return f"it is the project's own and has {shown}{', …' if len(public) > _LISTED else ''}"


def _own_instead(of: str, name: str, evidence: Evidence) -> str:
    here = naming.top_level(evidence.text)
    near = get_close_matches(name, here.names, n=1, cutoff=0.8) if here is not None else []
    if near:
        return f"it has '{near[0]}', give it the very name asked for"
    home = homes().get(name)
    return f"import it there from {home}" if home is not None else "define it there under that very name"


def _instead(of: str, name: str, occurrence: Occurrence, evidence: Evidence) -> str:
    """What to use in place of `of.name`, as the end of a sentence."""
    written = "os.path" if of in ("posixpath", "ntpath") else of
    if meant := moved_names().get(f"{written}.{name}") or meant_of_module(f"{written}.{name}"):
        return f"use {meant}"
    told = [entry for entry in occurrence.facts.get("near", "").split(",") if entry.strip()]
    if match := _DID_YOU_MEAN.search(occurrence.message):
        told.insert(0, match["near"])
    known = evidence.surroundings.names(of) if of else None
    if known is not None and name in known:
        return f"it is a module, so 'import {of}.{name}' first"
    near = told[:3] or get_close_matches(name, known or (), n=3, cutoff=0.75)
    if near:
        return "the nearest it has is " + ", ".join(f"'{entry.strip()}'" for entry in near)
    home = homes().get(name)
    if home is not None and home != of:
        return f"it is in {home}"
    return _listed(of, evidence) or "look up what it has in the version installed"


def _module_attribute(message: str, occurrence: Occurrence, evidence: Evidence) -> Finding | None:
    match = _NO_ATTRIBUTE.match(message) or _SUBMODULE.match(message)
    if match is not None and ("circular import" in message or message.startswith("partially")):
        return _circular(match, occurrence, evidence)
    gone = _GONE_FROM_NUMPY.match(message)
    of = match["of"] if match else "numpy" if gone else ""
    name = match["name"] if match else gone["name"] if gone else ""
    if not of and occurrence.facts.get("of_kind") == "module":
        of, name = occurrence.facts.get("of", ""), occurrence.facts.get("name", "")
    if not of or not name:
        return None
    fields = {"name": name, "of": of}
    symbols = (f"{of}.{name}",)
    if _is_shadowed(of, message, evidence):
        return _shadowed(of, name, evidence)
    if _is_file(of, evidence.path):
        fields["instead"] = _own_instead(of, name, evidence)
        return Finding(rule=MODULE_ATTRIBUTE, line=1, symbols=symbols, fields=fields, confidence=0.9)
    instead = f"use {gone['instead']}" if gone and gone["instead"] else _instead(of, name, occurrence, evidence)
    fields["instead"] = instead.replace("np.", "numpy.")
    return Finding(rule=MODULE_ATTRIBUTE, symbols=symbols, fields=fields, confidence=0.95)


def _undefined(message: str, occurrence: Occurrence, evidence: Evidence) -> Finding | None:
    match = _NOT_DEFINED.match(message)
    name = match["name"] if match else occurrence.facts.get("name", "")
    if not name or (evidence.text and name not in evidence.text):
        return None
    statement, target = import_for(name, evidence, f"{occurrence.statement or ''} {message}")
    if not statement:
        return None
    if any(entry.local == name and entry.top_level for entry in naming.imports(evidence.text)):
        return None  # bound by a statement that was not reached: another mistake
    return Finding(
        rule=UNDEFINED,
        symbols=(target,),
        fields={"name": name, "statement": statement},
        confidence=0.9 if evidence.text else 0.75,
    )


def _import_line(text: str, module: str, name: str | None) -> int | None:
    """The line of the statement that imports `module`, or `name` from it."""
    best: int | None = None
    for entry in naming.imports(text) if text else ():
        written = entry.module.lstrip(".")
        if name is not None:
            if entry.name == name and (not module or module == written or module.endswith(f".{written}")):
                return entry.line
        elif module in (written, entry.target) or written.startswith(f"{module}."):
            best = best or entry.line
    return best


def _is_file(module: str, path: str | None) -> bool:
    """Whether the dotted name is that of the file at `path`."""
    if not path or not module:
        return False
    dotted = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return dotted == module or dotted.endswith(f".{module}")


def _raised_in_library(occurrence: Occurrence) -> bool:
    return bool(occurrence.frames) and not occurrence.frames[-1].inside


@hookimpl
def llmlearn_register_detectors(register: Callable[[Detector], None]) -> None:
    """Brings the detector of imports that fail or are missing."""
    register(ImportDetector())
