"""The rules of the category `import`."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmlearn.domain.finding import Rule

MISSING_MODULE = Rule(
    rule_id="import.missing-module",
    severity="critical",
    meaning="A module is imported that cannot be found.",
    lesson="Do not import '{name}': {instead}.",
    plain="Import only modules that exist: look the name up in what is installed and in the project.",
)
MISSING_NAME = Rule(
    rule_id="import.missing-name",
    severity="critical",
    meaning="A name is imported from a module that does not define it.",
    lesson="'{of}' does not define '{name}': {instead}.",
    plain="Import only names that the module defines: look them up in the version installed.",
)
MODULE_ATTRIBUTE = Rule(
    rule_id="import.module-attribute-missing",
    severity="critical",
    meaning="An attribute is asked of a module that does not have it.",
    lesson="'{of}' has no '{name}': {instead}.",
    plain="Use only attributes that the module has: look them up in the version installed.",
)
CIRCULAR = Rule(
    rule_id="import.circular",
    severity="critical",
    meaning="Two modules import one another, and one is used before it is complete.",
    lesson="Break the import cycle through '{of}': move what both need into a third module.",
    plain="Break the import cycle: move what both modules need into a third one, or import inside the function.",
)
UNDEFINED = Rule(
    rule_id="import.undefined-name",
    severity="critical",
    meaning="A name is used that an import would bind, and the import is missing.",
    lesson="Import every name that is used: '{statement}' is missing.",
    plain="Import every name that is used.",
)
RELATIVE = Rule(
    rule_id="import.relative-import",
    severity="critical",
    meaning="A relative import is used where there is no package around it, or reaches above it.",
    lesson="Import by absolute name ('from package import {name}'): the file does not run as part of a package here.",
    plain="Import by absolute name: a relative import works only inside a package, and not above its top.",
)
BEYOND = replace(
    RELATIVE,
    lesson="Import by absolute name ('from package import {name}'): the dots reach beyond the top-level package.",
)
SHADOWED = Rule(
    rule_id="import.shadowed-module",
    severity="critical",
    meaning="A file of the project has the name of a library's module and is imported in its place.",
    lesson="Rename the project's file '{of}.py': it hides the module '{of}' of the same name.",
    plain="Give no file of the project the name of a library's module.",
)
RULES: tuple[Rule, ...] = (MISSING_MODULE, MISSING_NAME, MODULE_ATTRIBUTE, CIRCULAR, UNDEFINED, RELATIVE, SHADOWED)
