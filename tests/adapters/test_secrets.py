"""detect-secrets as a second scanner, and as a second opinion on what redaction leaves."""

import importlib
import importlib.util
import random
import socket
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_llmlearn.adapters.secrets import DetectSecretsScanner
from pytest_llmlearn.domain.redaction import redact
from pytest_llmlearn.errors import MissingExtra

needs_detect_secrets = pytest.mark.skipif(
    importlib.util.find_spec("detect_secrets") is None, reason="the extra `secrets` is not installed"
)
_DRAWN = random.Random(7)
HUNTER = "hun" + "ter2"


def drawn(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """A token of the given length, the same in every run."""
    return "".join(_DRAWN.choice(alphabet) for _ in range(length))


HEX = "0123456789abcdef"
FOUND = [
    ("AKIA" + drawn(16, string.ascii_uppercase + string.digits), "key = '@@'"),
    ("gh" + "p_" + drawn(36), "x = '@@'"),
    ("gl" + "pat-" + drawn(20), "x = '@@'"),
    ("xox" + "b-123456789012-" + drawn(24, string.ascii_lowercase), "slack @@"),
    ("sk_" + "live_" + drawn(24), "pay('@@')"),
    ("S" + "G." + drawn(22) + "." + drawn(43), "mail('@@')"),
    ("npm" + "_" + drawn(36), "//npm.example.org/:_authToken=@@"),
    ("123456789" + ":A" + drawn(34), "bot @@"),
    ("sk-" + drawn(20) + "T3Blbk" + "FJ" + drawn(20), "x = '@@'"),
    (HUNTER, 'password = "@@"'),
    (HUNTER, "config = {'password': '@@'}"),
    (HUNTER, 'if password == "@@": pass'),
    (drawn(12), "postgres://bob:@@@db/app"),
    (drawn(32, HEX), "x = '@@'"),
    (drawn(40), "x = '@@'"),
]


@pytest.fixture(scope="module")
def scanner() -> DetectSecretsScanner:
    """One scanner for all tests of the module."""
    return DetectSecretsScanner()


@needs_detect_secrets
@pytest.mark.parametrize(("secret", "text"), FOUND, ids=[text for _, text in FOUND])
def test_what_the_detectors_find_is_given_literally(scanner: DetectSecretsScanner, secret: str, text: str) -> None:
    """Whole, so that replacing it removes it: for some tokens the detectors themselves give the prefix alone."""
    line = text.replace("@@", secret, 1)
    found = scanner.find(f"import os\n{line}\n")
    assert any(secret in value for value in found)
    assert all(value in line for value in found)
    assert secret not in redact(line, extra=found)


@needs_detect_secrets
@pytest.mark.parametrize("pragma", ["# pragma: allowlist secret", "# pragma: whitelist secret", "# nosec"])
def test_a_pragma_hides_nothing_from_it(scanner: DetectSecretsScanner, pragma: str) -> None:
    """detect-secrets' own line filter would drop the finding; generated code must not be able to ask for that."""
    assert scanner.find(f'password = "{HUNTER}"  {pragma}') == [HUNTER]
    assert scanner.find(f'# pragma: allowlist nextline secret\npassword = "{HUNTER}"') == [HUNTER]


@needs_detect_secrets
@pytest.mark.parametrize(
    "line",
    [
        "password = os.environ['PASSWORD']",
        "def login(user: str, password: str) -> bool:",
        "from package.module import AbstractAsyncContextManager",
        "path = 'tests/integration/api/v2/test_user_registration_by_email.py'",
        "'abcdef12'",
        "colour = '#ff00aa'",
        "password = '***'",
        "x = [1, 2, 3]",
        "",
    ],
)
def test_ordinary_code_holds_nothing_to_find(scanner: DetectSecretsScanner, line: str) -> None:
    """Each false alarm would hide a piece of the evidence."""
    assert scanner.find(line) == []


@needs_detect_secrets
def test_several_secrets_of_a_line_are_all_found(scanner: DetectSecretsScanner) -> None:
    """The keyword detector alone gives the first."""
    assert set(scanner.find("f(password='first-one', api_key='second-one')")) == {"first-one", "second-one"}


@needs_detect_secrets
def test_a_secret_far_along_a_long_line_is_found(scanner: DetectSecretsScanner) -> None:
    """Lines are read in pieces that overlap."""
    token = "gh" + "p_" + drawn(36)
    for before in (990, 1_790, 40_000):
        assert scanner.find("x " * (before // 2) + token) == [token]


@needs_detect_secrets
def test_no_connection_is_opened_and_no_setting_changed(
    scanner: DetectSecretsScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some detectors would ask the vendor whether a key is live."""

    def refuse(*_: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    from detect_secrets.settings import get_settings

    before = get_settings().json()
    for secret, text in FOUND:
        scanner.find(text.replace("@@", secret, 1))
    assert get_settings().json() == before


def test_importing_the_module_loads_nothing_of_detect_secrets() -> None:
    """It drags in requests and yaml, and most runs never look for secrets."""
    code = "import sys, pytest_llmlearn.adapters.secrets; sys.exit('detect_secrets' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one sentence."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "detect_secrets"]:
        monkeypatch.delitem(sys.modules, name)
    real: Any = importlib.import_module

    def absent(name: str, package: str | None = None) -> Any:
        if name.startswith("detect_secrets"):
            raise ModuleNotFoundError(f"No module named {name!r}", name="detect_secrets")
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(MissingExtra, match=r"pip install 'pytest-llmlearn\[secrets\]'"):
        DetectSecretsScanner()


@needs_detect_secrets
def test_nothing_is_left_to_find_in_redacted_text(scanner: DetectSecretsScanner) -> None:
    """The second opinion: of all secrets of this file, our own table leaves none to detect-secrets."""
    code = "\n".join(text.replace("@@", secret, 1) for secret, text in FOUND)
    assert len(scanner.find(code)) >= len({secret for secret, _ in FOUND})
    assert scanner.find(redact(code)) == []


@needs_detect_secrets
def test_detect_secrets_own_scan_agrees_on_redacted_text(tmp_path: Path) -> None:
    """All its detectors, asked through its own front door with its filters off."""
    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings

    code = "\n".join(text.replace("@@", secret, 1) for secret, text in FOUND)
    (tmp_path / "before.py").write_text(code)
    (tmp_path / "after.py").write_text(redact(code))
    with default_settings() as settings:
        settings.filters = {}
        before = {secret.secret_value for secret in scan_file(str(tmp_path / "before.py"))}
        after = {secret.secret_value for secret in scan_file(str(tmp_path / "after.py"))}
    assert len(before) >= 10
    assert after <= {"***"}
