"""Writes the Semgrep rules that ship (pytest_llmlearn/detectors/rules) from those that people edit (security_rules).

What is edited shares its sources and sanitisers by YAML anchors; Semgrep's faster engine reads none, so what ships has
them written out. Invariant: what ships is exactly what this writes (`--check` says so, and a test asks it).
Rules of low confidence go to a file of their own, audit.yml, which is not loaded unless it is asked for.

Needs ruamel.yaml, which Semgrep brings.
"""

import argparse
import io
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

HERE = Path(__file__).parent
EDITED = HERE / "security_rules"
SHIPPED = HERE.parent / "pytest_llmlearn" / "detectors" / "rules"
INDEX = "rules.json"
PAGE = HERE.parent / "docs" / "security.md"
TABLE = ("<!-- rules: written by tools/security_rules.py -->", "<!-- end of rules -->")

SEVERITIES = {"critical": "ERROR", "major": "WARNING", "minor": "INFO"}
LISTS = ("pattern-sources", "pattern-sinks", "pattern-sanitizers", "pattern-propagators", "pattern-either", "patterns")
CONDITIONS = ("metavariable-regex", "metavariable-comparison", "metavariable-pattern")
UNBINDING = ("pattern-not", "pattern-not-inside", "pattern-not-regex")
AUDIT = "audit"

# https://owasp.org/Top10/ (2021): which of the ten a weakness is listed under.
OWASP = {
    "A01:2021 Broken Access Control": (
        {22, 23, 35, 59, 200, 201, 219, 264, 275, 276, 284, 285, 352, 359, 377, 379, 402, 425, 441, 497, 538, 540}
        | {548, 552, 566, 601, 639, 651, 668, 706, 732, 862, 863, 913, 922, 1275, 250, 306, 641, 942, 367, 617}
    ),
    "A02:2021 Cryptographic Failures": (
        {261, 296, 310, 319, 320, 321, 322, 323, 324, 325, 326, 327, 328, 329, 330, 331, 335, 336, 337, 338, 340, 347}
        | {523, 720, 757, 759, 760, 780, 818, 916, 208, 1204}
    ),
    "A03:2021 Injection": (
        {20, 74, 75, 77, 78, 79, 80, 83, 87, 88, 89, 90, 91, 93, 94, 95, 96, 97, 98, 99, 100, 113, 116, 138, 184, 470}
        | {471, 564, 610, 643, 644, 652, 917, 943, 176, 1236, 1336, 454, 730, 1333, 400}
    ),
    "A04:2021 Insecure Design": (
        {73, 183, 209, 213, 235, 256, 257, 266, 269, 280, 311, 312, 313, 316, 419, 430, 434, 444, 451, 472, 501, 522}
        | {525, 539, 579, 598, 602, 642, 646, 650, 653, 656, 657, 799, 807, 840, 841, 927, 1021, 1173, 703, 835, 595}
    ),
    "A05:2021 Security Misconfiguration": (
        {2, 11, 13, 15, 16, 215, 260, 315, 489, 520, 526, 537, 541, 547, 611, 614, 756, 776, 1004, 1032, 605, 462}
    ),
    "A06:2021 Vulnerable and Outdated Components": {477, 937, 1035, 1104},
    "A07:2021 Identification and Authentication Failures": (
        {255, 259, 287, 288, 290, 294, 295, 297, 300, 302, 304, 307, 346, 348, 384, 521, 613, 620, 640, 798, 940, 941}
        | {1216}
    ),
    "A08:2021 Software and Data Integrity Failures": {345, 353, 426, 494, 502, 565, 784, 829, 830, 915},
    "A09:2021 Security Logging and Monitoring Failures": {117, 223, 532, 778},
    "A10:2021 Server-Side Request Forgery": {918},
}


def flat(items: list[Any]) -> Iterator[Any]:
    """Yield what nested lists hold: a shared list inside a list stands for its members."""
    for item in items:
        if isinstance(item, list):
            yield from flat(item)
        else:
            yield item


def conditions_beside_what_they_ask(patterns: list[Any]) -> list[Any]:
    """Move a condition on a metavariable into those alternatives of a `pattern-either` that bind it.

    Semgrep drops a match whose condition asks a metavariable that this alternative does not bind; as edited, a
    condition written beside the alternatives is meant for those that do.
    """
    plain = [one for one in patterns if not set(one) & {*CONDITIONS, "pattern-either"}]
    conditions = [one for one in patterns if set(one) & set(CONDITIONS)]
    choices = [one for one in patterns if "pattern-either" in one]
    here, there = [], []
    for one in conditions:
        name = next(iter(one.values()))["metavariable"]
        # Bound by a sibling, or by every alternative of one choice: it may stay where it is.
        sure = any(mentions(sibling, name) for sibling in plain if not set(sibling) & set(UNBINDING)) or any(
            all(mentions(alternative, name) for alternative in choice["pattern-either"]) for choice in choices
        )
        (here if sure else there).append((name, one))
    moved = []
    for choice in choices:
        groups: dict[tuple[int, ...], list[Any]] = {}
        for alternative in choice["pattern-either"]:
            asked = tuple(at for at, (name, _) in enumerate(there) if mentions(alternative, name))
            groups.setdefault(asked, []).append(alternative)
        alternatives: list[Any] = []
        for asked, members in groups.items():
            if asked:
                alternatives.append({"patterns": [{"pattern-either": members}, *(there[at][1] for at in asked)]})
            else:
                alternatives += members
        moved.append({"pattern-either": alternatives})
    leading = [one for one in plain if not set(one) & {"focus-metavariable", *UNBINDING}]
    trailing = [one for one in plain if set(one) & {"focus-metavariable", *UNBINDING}]
    return [*leading, *moved, *(one for _, one in here), *trailing]


def mentions(node: Any, metavariable: str) -> bool:
    """Say whether a pattern names this metavariable."""
    if isinstance(node, dict):
        return any(mentions(value, metavariable) for key, value in node.items() if key not in UNBINDING)
    if isinstance(node, list):
        return any(mentions(one, metavariable) for one in node)
    return isinstance(node, str) and re.search(re.escape(metavariable) + r"(?![A-Z0-9_])", node) is not None


def written_out(node: Any) -> Any:
    """Return a copy without anchors: plain dicts and lists, text of several lines as a block."""
    if isinstance(node, dict):
        return {
            str(key): _members(key, [written_out(one) for one in flat(value)]) if key in LISTS else written_out(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [written_out(one) for one in node]
    if isinstance(node, str):
        return LiteralScalarString(node) if "\n" in node else str(node)
    return node


def _members(key: str, members: list[Any]) -> list[Any]:
    return conditions_beside_what_they_ask(members) if key == "patterns" else members


def owasp(weaknesses: list[int]) -> list[str]:
    """Return the OWASP categories of these CWE numbers, in their order."""
    return [name for name, listed in OWASP.items() if listed & set(weaknesses)]


def shipped(rule: dict[str, Any]) -> dict[str, Any]:
    """Turn one edited rule into one that Semgrep reads: its own fields go to `metadata`."""
    matching = {k: v for k, v in rule.items() if k.startswith("pattern") or k in ("options", "mode")}
    taint = "pattern-sources" in rule
    return {
        "id": rule["id"],
        "languages": ["python"],
        "severity": SEVERITIES[rule["severity"]],
        "message": rule["message"],
        **({"fix": rule["autofix"]} if "autofix" in rule else {}),
        "metadata": {
            "category": rule.get("category", "security"),
            "cwe": [f"CWE-{number}" for number in rule.get("cwe", [])],
            "owasp": owasp(rule.get("cwe", [])),
            "confidence": rule["confidence"],
            "fix": rule["fix"],
        },
        **({"mode": "taint"} if taint else {}),
        **matching,
    }


def edited() -> dict[str, list[dict[str, Any]]]:
    """Return the rules by the file that they ship in."""
    yaml = YAML(typ="safe")
    shared = (EDITED / "shared.yml").read_text(encoding="utf-8")
    rooms: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(EDITED.glob("*.yml")):
        if path.name == "shared.yml":
            continue
        for rule in yaml.load(shared + path.read_text(encoding="utf-8"))["rules"]:
            room = AUDIT if rule["confidence"] == "LOW" else path.stem
            rooms.setdefault(room, []).append(written_out(shipped(rule)))
    return {f"{room}.yml": rules for room, rules in rooms.items()}


def files() -> dict[str, str]:
    """Return name -> text of every file that ships."""
    rooms = edited()
    return {**{name: text_of(rules) for name, rules in rooms.items()}, INDEX: index(rooms)}


def index(rooms: Mapping[str, list[dict[str, Any]]]) -> str:
    """Return what the rules say of themselves, for who has no reader of YAML."""
    named = {value: key for key, value in SEVERITIES.items()}
    rules = [
        {
            "id": rule["id"],
            "category": rule["metadata"]["category"],
            "severity": named[rule["severity"]],
            "message": rule["message"],
            "fix": rule["metadata"]["fix"],
            "confidence": rule["metadata"]["confidence"].lower(),
            "cwe": rule["metadata"]["cwe"],
            "owasp": rule["metadata"]["owasp"],
        }
        for rule in sorted((one for rules in rooms.values() for one in rules), key=lambda one: one["id"])
    ]
    return json.dumps(rules, indent=1) + "\n"


def page(rooms: Mapping[str, list[dict[str, Any]]], text: str) -> str:
    """Return the page of the documentation with its table of rules made anew."""
    named = {value: key for key, value in SEVERITIES.items()}
    rows = ["| rule | severity | sure | CWE | what is wrong |", "|---|---|---|---|---|"]
    for name, rules in sorted(rooms.items(), key=lambda room: (room[0] == f"{AUDIT}.yml", room[0])):
        for rule in rules:
            about = rule["metadata"]
            sure = about["confidence"].lower() + (" (off)" if name == f"{AUDIT}.yml" else "")
            weaknesses = ", ".join(one.removeprefix("CWE-") for one in about["cwe"]) or "–"
            said = rule["message"].replace("|", "\\|").replace("<", "&lt;")
            rows.append(f"| `{rule['id']}` | {named[rule['severity']]} | {sure} | {weaknesses} | {said} |")
    before, _, rest = text.partition(TABLE[0])
    _, _, after = rest.partition(TABLE[1])
    return "\n".join([f"{before}{TABLE[0]}", *rows, f"{TABLE[1]}{after}"])


def text_of(rules: list[dict[str, Any]]) -> str:
    """Return the YAML of these rules."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 110
    yaml.representer.ignore_aliases = lambda _data: True
    sink = io.StringIO()
    sink.write("# Written by tools/security_rules.py from tools/security_rules/: edit there.\n")
    yaml.dump({"rules": rules}, sink)
    return sink.getvalue()


def main() -> int:
    """Write what ships, or with --check say whether it is what would be written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file differs")
    check = parser.parse_args().check
    wanted = files()
    stale = [
        name
        for name, text in wanted.items()
        if not (SHIPPED / name).is_file() or (SHIPPED / name).read_text(encoding="utf-8") != text
    ]
    stale += [path.name for path in SHIPPED.glob("*.yml") if path.name not in wanted]
    documented = PAGE.read_text(encoding="utf-8")
    told = page(edited(), documented)
    stale += [PAGE.name] if told != documented else []
    if check:
        print("\n".join(stale) or "the rules that ship are the rules as edited")
        return 1 if stale else 0
    SHIPPED.mkdir(parents=True, exist_ok=True)
    for path in SHIPPED.glob("*.yml"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        (SHIPPED / name).write_text(text, encoding="utf-8")
    PAGE.write_text(told, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
