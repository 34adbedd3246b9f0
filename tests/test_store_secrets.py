"""Real failing tests full of secrets, and not one of them in the store, in an answer, or in the terminal's section.

Every secret is put together from pieces, so that no scanner takes this file for a leak. The second opinion is
detect-secrets' own: all its detectors over the raw bytes, whether or not the run itself had it.
"""

from __future__ import annotations

import base64
import json
import random
import re
import sqlite3
import string
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.projects import Project

DRAWN = random.Random(4711)
HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits
LETTERS = string.ascii_letters + string.digits


def drawn(length: int, alphabet: str = LETTERS) -> str:
    """A random token, the same in every run."""
    return "".join(DRAWN.choice(alphabet) for _ in range(length))


def pem(kind: str) -> str:
    """A private key in the armour of its kind."""
    lines = [drawn(64) for _ in range(4)]
    edge = "-" * 5
    return "\n".join([f"{edge}BEGIN {kind}PRIVATE KEY{edge}", *lines, f"{edge}END {kind}PRIVATE KEY{edge}"])


# Recognisable wherever they stand: in code, in a message, in a parameter.
TOKENS = {
    "aws-key": "AK" + "IA" + drawn(16, UPPER),
    "github": "gh" + "p_" + drawn(36),
    "github-fine-grained": "github" + "_pat_" + drawn(22) + "_" + drawn(59),
    "gitlab": "gl" + "pat-" + drawn(20),
    "slack": "xox" + "b-" + "2345678901-2345678901234-" + drawn(24),
    "stripe": "sk" + "_live_" + drawn(24),
    "openai": "sk-" + "proj-" + drawn(48),
    "anthropic": "sk-" + "ant-api03-" + drawn(93) + "-AA",
    "google": "AI" + "za" + drawn(35),
    "npm": "npm" + "_" + drawn(36),
    "pypi": "py" + "pi-AgEIcHlwaS5vcmc" + drawn(80),
    "twilio": "S" + "K" + drawn(32, HEX),
    "sendgrid": "S" + "G." + drawn(22) + "." + drawn(43),
    "huggingface": "hf" + "_" + drawn(34, string.ascii_letters),
    "digitalocean": "dop" + "_v1_" + drawn(64, HEX),
    "shopify": "shp" + "at_" + drawn(32, HEX),
    "telegram": "987654321" + ":A" + drawn(34),
    "jwt": "ey" + "J" + drawn(20) + ".ey" + "J" + drawn(40) + "." + drawn(43),
    "vault": "hv" + "s." + drawn(24),
    "of-no-known-vendor": drawn(40),
    "hexadecimal": drawn(64, HEX),
    "fernet": drawn(43) + "=",
}
WEAK = {name: f"{word}{DRAWN.randrange(10, 99)}" for name, word in {
    "assigned": "sunflower", "keyword": "marigold", "dictionary": "peppermint", "environment": "buttercup",
    "setenv": "lavender", "dotenv": "snapdragon", "option": "chrysanthemum", "pair": "honeysuckle", "dsn": "foxglove",
    "url": "daffodil", "query": "primrose", "header": "hyacinth", "basic": "delphinium", "json": "cornflower",
    "yaml": "geranium", "odbc": "bluebell", "pragma": "gardenia", "compared": "magnolia", "default": "camellia",
}.items()}  # fmt: skip
"""Words anyone may choose: only what stands around them says that they are secret."""
BASIC = base64.b64encode(f"bob:{WEAK['basic']}".encode()).decode()
PERSON = "ottilie.brandt" + "@" + "kaffeehaus-example.de"
HOST = "10.77." + "31.204"
HOME_OF = "wilhelmine"
# (the secret, a line of code that holds it, the message of the exception that is raised there)
IN_CONTEXT = [
    (WEAK["assigned"], 'password = "@@"', "login with password='@@' failed"),
    (WEAK["keyword"], 'dict(user="bob", passwd="@@")', "connect(user='bob', passwd='@@') was refused"),
    (WEAK["dictionary"], 'config = {"db_password": "@@", "port": 5432}', "bad config {'db_password': '@@'}"),
    (WEAK["environment"], 'environ = {**__import__("os").environ, "API_KEY": "@@"}', "API_KEY=@@ is not valid"),
    (WEAK["setenv"], '__import__("os").environ["AUTH_TOKEN"] = "@@"', "environ['AUTH_TOKEN'] == '@@'"),
    (WEAK["dotenv"], 'text = "export DB_PASSWORD=@@"', "line 1: export DB_PASSWORD=@@"),
    (WEAK["option"], 'command = ["mysql", "--password=@@"]', "mysql --password=@@ ended with 1"),
    (WEAK["pair"], 'auth = dict(auth=("bob", "@@"))', "requests.get(url, auth=('bob', '@@')) gave 401"),
    (WEAK["dsn"], 'dsn = "host=db user=bob password=@@ dbname=x"', "could not use host=db user=bob password=@@"),
    (
        WEAK["url"],
        'engine = "postgresql://bob:@@@db.internal/shop"',
        "no route to postgresql://bob:@@@db.internal/shop",
    ),
    (WEAK["query"], 'url = "https://api.example.com/v1?code=@@&x=1"', "404 for https://api.example.com/v1?code=@@&x=1"),
    (WEAK["header"], 'headers = {"X-Api-Key": "@@"}', "sent X-Api-Key: @@"),
    (BASIC, 'headers = {"Authorization": "Basic @@"}', "sent Authorization: Basic @@"),
    (WEAK["json"], 'body = \'{"client_secret": "@@"}\'', 'cannot post {"client_secret": "@@"}'),
    (WEAK["yaml"], 'text = "db:\\n  password: @@\\n"', "cannot read:\n  password: @@"),
    (WEAK["odbc"], 'odbc = "Server=db;User Id=sa;Password=@@;"', "bad string Server=db;User Id=sa;Password=@@;"),
    (WEAK["pragma"], 'secret = "@@"  # pragma: allowlist secret', 'secret = "@@"  # pragma: allowlist secret'),
    (WEAK["compared"], 'same = "x" == "y" or dict(password="@@")', "wrong password '@@' for bob"),
    (WEAK["default"], 'token = __import__("os").getenv("X") or dict(secret_key="@@")', "SECRET_KEY is '@@'"),
    (PERSON, 'owner = "@@"', "no such user: @@"),
    (HOST, 'server = "@@"', "cannot reach @@:5432"),
    (HOME_OF, 'path = "/home/@@/shop/users.csv"', "No such file: /home/@@/shop/users.csv"),
    (pem("RSA ").splitlines()[2], "", ""),
    (pem("OPENSSH ").splitlines()[2], "", ""),
]
KEYS = {kind: pem(kind) for kind in ("RSA ", "OPENSSH ", "")}
SECRETS = sorted(
    {*TOKENS.values(), *(secret for secret, line, _ in IN_CONTEXT if line)}
    | {line for key in KEYS.values() for line in key.splitlines()[1:-1]}
)
KINDS = len(TOKENS) + sum(bool(line) for _, line, _ in IN_CONTEXT) + len(KEYS)


def sources() -> dict[str, str]:
    """A generated module whose functions hold and raise secrets, and the tests that call them."""
    module, tests = ["import functools\n\n"], ["import functools\n\nimport pytest\n\nfrom app import client\n\n"]

    def add(name: str, line: str, message: str) -> None:
        module.append(f"\ndef {name}():\n    {line}\n    raise ValueError({message!r})\n\n")
        tests.append(f"\ndef test_{name}():\n    {line}\n    client.{name}()\n\n")

    for name, token in TOKENS.items():
        called = name.replace("-", "_")
        add(f"token_{called}", f'connect = functools.partial(print, "{token}")', f"{token} was refused")
        module.append(f"\ndef loose_{called}(token):\n    return token + '\\\\n'\n\n")
        # In the parameter, so in the test's id; in the assertion's introspection; bare in prose.
        tests.append(
            f"\n@pytest.mark.parametrize('token', [{token!r}])\ndef test_loose_{called}(token):\n"
            f"    assert client.loose_{called}(token) == token, f'got {{token}}, wanted another'\n\n"
        )
    for number, (secret, line, message) in enumerate(IN_CONTEXT):
        if line:
            add(f"named_{number}", line.replace("@@", secret), message.replace("@@", secret))
    for number, key in enumerate(KEYS.values()):
        add(f"key_{number}", f"key = {key!r}", f"cannot read {key}")
        module.append(f'\nPEM_{number} = """{key}"""\n\n\ndef block_{number}():\n    return PEM_{number} + 1\n\n')
        tests.append(f"\ndef test_block_{number}():\n    assert client.block_{number}() == '''{key}'''\n\n")
    # Not at run time at all: a name that is missing in a line, a chained cause, a warning, a log record, a key.
    url = f"https://bob:{WEAK['url']}@example.com/?token={WEAK['query']}"
    module.append(
        f"\ndef chained():\n    try:\n        raise KeyError({TOKENS['github']!r})\n"
        f"    except KeyError as error:\n        raise RuntimeError({url!r}) from error\n\n"
        f"\nasync def fetch(url={url!r}):\n    return url\n\n"
        f"\ndef forgotten():\n    return fetch({TOKENS['slack']!r})['{TOKENS['stripe']}']\n\n"
        f"\ndef looked_up():\n    return {{}}[{TOKENS['gitlab']!r}]\n\n"
        f"\ndef logged():\n    import logging\n\n    logging.getLogger({TOKENS['npm']!r}).error({PERSON!r})\n"
        f"    return undefined_{TOKENS['huggingface']}\n\n"
    )
    tests += [
        f"\ndef test_{name}():\n    client.{name}()\n\n" for name in ("chained", "forgotten", "looked_up", "logged")
    ]
    return {
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n\n'
        '[tool.llmlearn]\ngenerated = ["app/*.py=model-x"]\n',
        "app/__init__.py": "",
        "app/client.py": "".join(module),
        "tests/test_client.py": "".join(tests),
    }


# As if the extra were not installed: the path finder does not see it.
WITHOUT_EXTRA = """
import sys
from importlib.machinery import PathFinder


class WithoutExtra(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] == "detect_secrets" else super().find_spec(name, path, target)


sys.meta_path[:] = [WithoutExtra if finder is PathFinder else finder for finder in sys.meta_path]
"""


@dataclass
class Run:
    """What a project full of secrets left behind: bytes on the disk, answers, and the terminal's text."""

    project: Project
    files: dict[str, bytes]
    answers: dict[str, str]
    terminal: str


@pytest.fixture(scope="module", params=["with the extra", "without the extra"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Two real runs; the second beside an open reader, so that the log of writes stays on the disk."""
    project = Project(tmp_path_factory.mktemp("secrets"))
    if request.param == "with the extra":
        if find_spec("detect_secrets") is None:
            pytest.skip("detect-secrets is not installed")
    else:
        shim = tmp_path_factory.mktemp("shim")
        (shim / "sitecustomize.py").write_text(WITHOUT_EXTRA, encoding="utf-8")
        project.environ = {"PYTHONPATH": str(shim)}
        seen = project.run("python", "-c", "import importlib.util as u; print(u.find_spec('detect_secrets'))")
        assert seen.stdout.strip() == "None", seen.stderr
    project.write(sources()).commit("Add a client")
    quiet = ("-p", "no:cacheprovider", "--tb=no", "-rN", "--no-header", "--disable-warnings")
    first = project.run("pytest", "--llm-learn", *quiet)
    assert first.returncode == 1, first.stdout + first.stderr
    with closing(sqlite3.connect(f"file:{project.database}?mode=ro", uri=True, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM occurrences").fetchone()
        second = project.run("pytest", "--llm-learn", *quiet)
        files = {
            str(path.relative_to(project.root)): path.read_bytes()
            for path in (project.root / ".llmlearn").rglob("*")
            if path.is_file()
        }
        asked = {
            "occurrences": ("occurrences",),
            "patterns": ("patterns",),
            "recall": ("recall", "connect with a password, a token, a key and a client", "--threshold", "0"),
        }
        answers = {name: project.run("llmlearn", *words, "--format", "json").stdout for name, words in asked.items()}
        for fingerprint in [row["fingerprint"] for row in json.loads(answers["patterns"])[:1]]:
            answers[f"show {fingerprint}"] = project.run("llmlearn", "show", fingerprint).stdout
    yield Run(project, files, answers, first.stdout + first.stderr + second.stdout + second.stderr)


def test_every_failure_was_recorded(run: Run) -> None:
    """Nothing below would mean anything otherwise: at least 25 kinds, and all failures are there, twice."""
    assert KINDS >= 25
    rows = json.loads(run.answers["occurrences"])
    wanted = sources()["tests/test_client.py"].count("def test_")
    assert len(rows) == 2 * wanted
    assert {row["path"] for row in rows} == {"app/client.py"}
    assert {row["scope"] for row in rows} == {"generated"}
    assert run.files.get(".llmlearn/state/memory.db-wal")
    assert "laid on LLM-written code" in run.terminal


def test_no_byte_of_the_store_holds_a_secret(run: Run) -> None:
    """Database, log of writes and all: neither the texts nor the words of the index."""
    leaks = {
        secret: sorted(name for name, content in run.files.items() if spelled(secret, content)) for secret in SECRETS
    }
    assert {secret: names for secret, names in leaks.items() if names} == {}


def test_no_answer_and_no_line_of_the_terminal_holds_a_secret(run: Run) -> None:
    """`occurrences`, `patterns`, `recall`, `show`, and the section at the end of the run."""
    said = {**run.answers, "terminal": run.terminal}
    assert all(said.values())
    leaks = {secret: [name for name, text in said.items() if spelled(secret, text.encode())] for secret in SECRETS}
    assert {secret: names for secret, names in leaks.items() if names} == {}


def spelled(secret: str, content: bytes) -> bool:
    """Whether it is there, in either case: words of the index are in lower case."""
    return secret.encode() in content or secret.lower().encode() in content.lower()


@pytest.mark.skipif(find_spec("detect_secrets") is None, reason="detect-secrets gives the second opinion")
def test_detect_secrets_finds_nothing_in_the_raw_bytes(run: Run, tmp_path: Path) -> None:
    """All its detectors with its filters off, over every printable run of every file, and over the answers."""
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings

    def found(content: bytes) -> set[tuple[str, str | None]]:
        text = tmp_path / "bytes.txt"
        text.write_bytes(b"\n".join(re.findall(rb"[^\x00-\x08\x0b-\x1f\x7f]{6,}", content)))
        with default_settings() as settings:
            settings.filters = {}
            return {(secret.type, secret.secret_value) for secret in scan_file(str(text))}

    assert len(found(sources()["app/client.py"].encode())) >= 30
    kept = {name: found(content) for name, content in run.files.items()}
    # What remains of the answers is ours: the ids of the two runs.
    ids = {row["run"] for row in json.loads(run.answers["occurrences"])}
    for name, text in run.answers.items():
        kept[name] = {(kind, value) for kind, value in found(text.encode()) if value not in ids}
    assert len(ids) == 2
    assert {name: values for name, values in kept.items() if values} == {}
