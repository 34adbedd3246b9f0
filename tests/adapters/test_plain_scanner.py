"""The plainest mistakes, without Semgrep: what is flagged, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_llmlearn.adapters.plain_scanner import PlainScanner

WRONG = {
    "sql-built-from-parts": [
        'cursor.execute(f"SELECT * FROM users WHERE name = {name}")',
        'query = "DELETE FROM users WHERE id = " + key\n    db.execute(query)',
        'Model.objects.raw("SELECT * FROM t WHERE a = %s" % a)',
        'cursor.execute("UPDATE t SET a = {}".format(a))',
    ],
    "shell-command-built": ['os.system("ping " + host)', 'subprocess.run(f"ls {folder}", shell=True)'],
    "marked-safe-built": ['Markup(f"<b>{name}</b>")'],
    "yaml-loads-objects": ["yaml.load(text)", "yaml.load(text, Loader=yaml.Loader)"],
    "object-from-bytes-of-request": ["pickle.loads(request.data)"],
    "code-from-request": ['eval(request.args["x"])', "exec(input())"],
    "secret-in-source": ['api_key = "k3y-9f8e7d6c5b4a"', 'self.password = "Tr0ub4dor&3"'],
    "certificate-not-checked": ["requests.get(url, verify=False)"],
}
SOUND = [
    'cursor.execute("SELECT * FROM users WHERE name = ?", (name,))',
    'cursor.execute("SELECT * FROM a " "WHERE b = 1")',
    'pool.execute(f"job {name}")',
    'subprocess.run(["ls", folder])',
    'subprocess.run("ls", shell=True)',
    'Markup("<b>bold</b>")',
    "yaml.safe_load(text)",
    "yaml.load(text, Loader=yaml.SafeLoader)",
    "pickle.loads(data)",
    'eval("1 + 1")',
    'api_key = os.environ["KEY"]',
    'password = "changeme"',
    'password = "Enter your password:"',
    "requests.get(url, verify=path)",
]
HEAD = (
    "import os, pickle, subprocess\nimport requests, yaml\nfrom flask import request\nfrom markupsafe import Markup\n"
)


def found(tmp_path: Path, line: str) -> list[str]:
    (tmp_path / "app.py").write_text(f"{HEAD}\n\ndef view(name):\n    {line}\n", encoding="utf-8")
    return [flaw.check for flaw in PlainScanner(tmp_path).scan(["app.py"]).flaws]


@pytest.mark.parametrize(("check", "line"), [(check, line) for check, lines in WRONG.items() for line in lines])
def test_a_mistake_is_found_under_the_name_of_our_rule(tmp_path: Path, check: str, line: str) -> None:
    """As Semgrep would name it, with its weakness and what to do instead."""
    assert found(tmp_path, line) == [check]


@pytest.mark.parametrize("line", SOUND)
def test_sound_code_is_left_alone(tmp_path: Path, line: str) -> None:
    """What is constant, passed as a parameter, or of nobody's making."""
    assert found(tmp_path, line) == []


def test_nothing_is_heard_whole(tmp_path: Path) -> None:
    """That such a scan finds nothing says nothing; a file that does not parse, or is gone, is no trouble."""
    (tmp_path / "a.py").write_text("def (", encoding="utf-8")
    assert PlainScanner(tmp_path).scan(["a.py", "gone.py"]).unheard == {"a.py", "gone.py"}
