"""Redaction, held to a table of secrets and a table of innocent lines.

The secrets are put together from pieces, so that no scanner takes this file for a leak.
"""

import ast
import random
import string
import sys
from collections.abc import Callable

import pytest
from growth import growth
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_llmlearn.domain.randomness import looks_random
from pytest_llmlearn.domain.redaction import EMAIL, HOME, IP, MASK, redact

HUNTER = "hun" + "ter2"
_DRAWN = random.Random(20)


def drawn(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """A token of the given length, the same in every run."""
    return "".join(_DRAWN.choice(alphabet) for _ in range(length))


HEX = "0123456789abcdef"
UPPER = string.ascii_uppercase + string.digits

# (the secret, the text it stands in with `@@` for it)
SHAPED = [
    ("AKIA" + drawn(16, UPPER), "client = boto3.client('s3', '@@')"),
    ("ASIA" + drawn(16, UPPER), "E   botocore: InvalidAccessKeyId: @@ does not exist"),
    (drawn(39) + "/", 'aws_secret_access_key = "@@"'),
    ("gh" + "p_" + drawn(36), "git clone with @@ failed"),
    ("gh" + "o_" + drawn(36), 'header("@@")'),
    ("gh" + "s_" + drawn(36), "x = ['@@']"),
    ("github" + "_pat_" + drawn(22) + "_" + drawn(59), "print('@@')"),
    ("gl" + "pat-" + drawn(20), "remote: @@ was revoked"),
    ("gl" + "dt-" + drawn(20), 'deploy("@@")'),
    ("gl" + "pat-" + "aBcDeFgHiJkLmNoPqRsT", "a token with no digit in it @@"),
    ("AKIA" + "IOSFODNNQEXAMPLE", "key @@"),
    ("gl" + "ptt-" + drawn(40, HEX), "curl -F token=@@"),
    ("xox" + "b-" + "1234567890-1234567890123-" + drawn(24), "slack('@@')"),
    ("xox" + "p-" + "123456789-123456789-" + drawn(32, HEX), "SlackApiError @@"),
    ("xap" + "p-1-A" + drawn(10, UPPER) + "-1234567890-" + drawn(64, HEX), "app = '@@'"),
    ("T" + drawn(9, UPPER) + "/B" + drawn(9, UPPER) + "/" + drawn(24), "post('https://hooks.slack.com/services/@@')"),
    ("sk_" + "live_" + drawn(24), "stripe.api = '@@'"),
    ("rk_" + "live_" + drawn(24), "No such charge for @@."),
    ("sk_" + "test_" + drawn(24), "charge(@@)"),
    ("whsec" + "_" + drawn(32), "verify(body, '@@')"),
    ("sk-" + drawn(20) + "T3Blbk" + "FJ" + drawn(20), "openai: incorrect key @@"),
    ("sk-" + "proj-" + drawn(48), "OpenAI('@@')"),
    ("sk-" + "ant-api03-" + drawn(93) + "-AA", "Anthropic('@@')"),
    ("AI" + "za" + drawn(35), "maps('@@')"),
    ("ya" + "29." + drawn(60), "creds = ['@@']"),
    ("GOC" + "SPX-" + drawn(28), "flow('@@')"),
    ("npm" + "_" + drawn(36), "//npm.example.org/:_authToken=@@"),
    ("py" + "pi-AgEIcHlwaS5vcmc" + drawn(80), "twine upload with @@"),
    ("S" + "K" + drawn(32, HEX), "Client('@@')"),
    ("A" + "C" + drawn(32, HEX), "Client('@@')"),
    ("S" + "G." + drawn(22) + "." + drawn(43), "sendgrid: @@ rejected"),
    ("ke" + "y-" + drawn(32, HEX), "auth('api', '@@')"),
    (drawn(32, HEX) + "-us" + "12", "mailchimp('@@')"),
    ("dop" + "_v1_" + drawn(64, HEX), "digitalocean @@"),
    ("hf" + "_" + drawn(34, string.ascii_letters), "login('@@')"),
    ("dap" + "i" + drawn(32, HEX), "connect('@@')"),
    ("shp" + "at_" + drawn(32, HEX), "shopify @@"),
    ("123456789" + ":A" + drawn(34), "https://api.telegram.org/bot@@/getMe"),
    ("M" + drawn(23) + "." + drawn(6) + "." + drawn(27), "bot.run('@@')"),
    ("sq0" + "csp-" + drawn(43), "square('@@')"),
    (drawn(86) + "==", "'DefaultEndpointsProtocol=https;AccountName=a;Account" + "Key=@@;EndpointSuffix=x'"),
    (drawn(43) + "%3D", "blob = '/container/b?sv=2020&si" + "g=@@'"),
    ("ey" + "J" + drawn(20) + ".ey" + "J" + drawn(40) + "." + drawn(43), "jwt.decode('@@', algorithms=['HS256'])"),
    ("hv" + "s." + drawn(24), "vault('@@')"),
    ("gs" + "k_" + drawn(52), "Groq('@@')"),
    ("nt" + "n_" + drawn(46), "notion('@@')"),
    ("glsa" + "_" + drawn(32) + "_" + drawn(8, HEX), "grafana('@@')"),
    ("AGE-SECRET" + "-KEY-1" + drawn(58, UPPER), "age: @@"),
    (drawn(40), "unknown vendor @@ in prose"),
    (drawn(43) + "=", "Fernet(b'@@')"),
    (drawn(64, HEX), "sign('@@')"),
    (drawn(32, HEX), 'x = "@@"'),
]

NAMED = [
    'password = "@@"',
    "password = '@@'",
    'password: str = "@@"',
    'password: str | None = "@@"',
    "password: Optional[str] = '@@'",
    'PASSWORD="@@"',
    'connect(user="bob", password="@@")',
    'connect(user="bob", passwd = "@@", port=1)',
    'config = {"password": "@@", "port": 1}',
    '{"api_key": "@@"}',
    "{'apiKey': '@@'}",
    '{"API-KEY": "@@"}',
    "API_KEY=@@",
    "export API_KEY=@@",
    "DB_PASSWORD=@@",
    "PGPASSWORD=@@ psql -h db",
    "client_secret = f'@@'",
    'SECRET_KEY = b"@@"',
    "password: @@",
    "  password: @@\n  user: bob",
    "[db]\npassword = @@",
    "password = @@",
    "--password @@",
    "--password=@@",
    'run(["--password", "@@"])',
    'if password == "@@":',
    'assert user.password != "@@"',
    'if "@@" == password:',
    "E   AssertionError: {'password': '@@', 'user': 'bob'}",
    "E   Config(user='bob', password='@@')",
    'user.set_password("@@")',
    'key = SecretStr("@@")'.replace("key", "pw"),
    'os.environ["API_KEY"] = "@@"',
    'os.environ.get("API_KEY", "@@")',
    'os.getenv("DB_PASSWORD", "@@")',
    'monkeypatch.setenv("AUTH_TOKEN", "@@")',
    'password = os.environ.get("X") or "@@"',
    "# the password is: @@".replace(" is", ""),
    'access_token = "@@"',
    'GITHUB_TOKEN = "@@"',
    'private_key = "@@"',
    'passphrase = """@@"""',
    'dbPassword = "@@"',
    'user_pwd = "@@"',
    'password = ("abc"\n            "@@")',
    'PASSWORDS = ["abc", "@@"]',
    'json.loads("{\\"password\\": \\"@@\\"}")',
    'password = "@@"  # pragma: allowlist secret',
    "password = '@@'  # nosec",
    'password = "@@',
    "Server=db;User Id=sa;Password=@@;Encrypt=yes",
    'dsn = "host=db user=me password=@@ dbname=x"',
    "machine example.com login bob password @@",
    "db.example.com:5432:app:bob:@@",
    'requests.get(url, auth=("bob", "@@"))',
    "curl -u bob:@@ example.com",
    "postgres://bob:@@@db/app",
    "mysql+pymysql://bob:@@@db:3306/app?x=1",
    "redis://:@@@cache:6379/0",
    "amqp://bob:@@/x@mq//",
    "https://bob:@@@example.com/a",
    "Authorization: Basic @@aaaaaaaa==",
    "headers = {'Authorization': 'Bearer @@'}",
    "X-Api-Key: @@",
    "contraseña = '@@'",
    "password = 'abc' if local else '@@'",
    "password = 'abc' + '@@'",
    "password: Annotated[str, Field(min_length=8)] = '@@'",
    "E   LoginError: wrong password '@@' for bob",
    "E   ValueError: SECRET_KEY is '@@'",
    "raise ValueError(\"the password was '@@'\")",
    "raise ValueError(\"wrong password '@@'\")",
    "<db><password>@@</password></db>",
]

INNOCENT = [
    "password = None",
    "password = getpass()",
    'password = os.environ["PASSWORD"]',
    'password = os.getenv("DB_PASSWORD")',
    'password = ""',
    "password = user.password",
    "self.password = password",
    "connect(password=password, token=token)",
    "def login(self, user: str, password: str) -> bool:",
    "def login(user, password=None, *, token: Token | None = None) -> None:",
    'E   KeyError: "password"',
    "password is required",
    "ValueError: password must be at least 8 characters",
    'password = input("Password: ") or fallback("none")',
    'password = f"{password}"',
    "if password in passwords:",
    "passwords = [user.password for user in users]",
    "password_length = 12",
    'password_file = "/run/secrets/db"',
    'parser.add_argument("--password", help="the password to use")',
    'fields = ["username", "password", "email"]',
    "token = tokens[0]",
    'token == "("',
    'if token == "IDENT" and next_token != "NUMBER":',
    "token = self.tokens[self.position]",
    "for token in line.split():",
    'E   SyntaxError: unexpected token: ")"',
    'token_type = "bearer"',
    "tokenizer = Tokenizer(vocabulary)",
    "auth = Auth(app)",
    "secretary.assign(author='bob')",
    "bypass = compass.passes",
    "key = keys[0]",
    'assert result == {"key": "value", "a": 1}',
    "@app.get",
    "@pytest.mark.parametrize('x', [1, 2])",
    "y = x@w",
    "hidden = inputs@layer.weights",
    "git@github.com:org/repo.git",
    "requests==2.31.0.1",
    "version 1.2.3.4",
    '__version__ = "1.2.3.4"',
    '"requests >= 1.2.3.4"',
    'host = "127.0.0.1"',
    'bind("0.0.0.0", 80)',
    "https://docs.python.org/3/library/asyncio-task.html",
    "get('https://example.com/a/b')",
    'url = f"https://{host}:{port}/{path}"',
    "commit " + "da39a3ee5e6b4b0d3255" + "bfef95601890afd80709",
    "at " + "da39a3ee5e6b4b0d3255" + "bfef95601890afd80709 the build broke",
    "sha256:" + "e3b0c44298fc1c149afbf4c8996fb924" + "27ae41e4649b934ca495991b7852b855",
    "id = '123e4567-e89b-12d3-a456-426614174000'",
    "class AbstractAsyncContextManagerFactoryRegistry2:",
    "def test_that_utf8_decoding_of_latin1_raises_value_error_3():",
    "from package.subpackage.module_with_long_name2 import SomeVeryLongClassName",
    "/usr/lib/python3.11/site-packages/_pytest/assertion/rewrite.py:186: in exec_module",
    "tests/integration/api/v2/test_user_registration.py::TestRegistration::test_invalid_1",
    "ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'",
    "=" * 80,
    "-" * 79,
    "2026-11-21T14:43:00.000000+00:00",
    "x = 12345678901234567890123456789012",
    "~x & ~mask",
    'path = "~/notes.txt"',
    "Object at 0x7f8b8c0d5e10",
    "cookies = response.cookies",
    "credentials = load_credentials(path)",
    "f(password=none_type_0, x=1)",
    'print("Enter your password:", end="")',
    'raise ValueError("password: must not be empty")',
    "max_tokens = 4096",
    "password = first_password or second_password",
    'url = re.compile("((http|https)://)?www.example.com/")',
    'File "/tmp/run_qrhznkws/w/module_12.py", line 64',
]


@pytest.mark.parametrize(("secret", "text"), SHAPED, ids=[text for _, text in SHAPED])
def test_a_token_of_a_known_shape_or_a_random_one_goes(secret: str, text: str) -> None:
    """Wherever it stands, and the text around it stays."""
    before, after = text.split("@@")
    redacted = redact(before + secret + after)
    assert secret not in redacted
    assert secret[-12:] not in redacted
    assert MASK in redacted


@pytest.mark.parametrize("text", NAMED)
def test_a_value_under_a_secret_name_goes(text: str) -> None:
    """In every spelling, however weak the value; lines, and code that parses, stay so."""
    original = text.replace("@@", HUNTER, 1)
    redacted = redact(original)
    assert HUNTER not in redacted
    assert MASK in redacted
    assert redacted.count("\n") == original.count("\n")
    if parses(original) and _bare_name_stands_for_secret(original) is False:
        assert parses(redacted), redacted


def parses(code: str) -> bool:
    """Whether Python accepts the code."""
    try:
        ast.parse(code)
    except SyntaxError:
        return False
    return True


def _bare_name_stands_for_secret(code: str) -> bool:
    """Whether Python would read the secret as a name, as in a line of an env file."""
    return any(isinstance(node, ast.Name) and node.id == HUNTER for node in ast.walk(ast.parse(code)))


@pytest.mark.parametrize("line", INNOCENT)
def test_an_innocent_line_stays_byte_for_byte(line: str) -> None:
    """What only speaks of secrets, or looks a little like one, is evidence worth keeping."""
    assert redact(line) == line


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("mail bob.smith+x@example.co.uk now", f"mail {EMAIL} now"),
        ("author = 'Bob <bob@corp.example>'", f"author = 'Bob <{EMAIL}>'"),
        ("10.1.2.3:80 refused", f"{IP}:80 refused"),
        ('connect("203.0.113.7", 80)', f'connect("{IP}", 80)'),
        ('server = "203.0.113.7"', f'server = "{IP}"'),
        ("assert host == '203.0.113.7'", f"assert host == '{IP}'"),
        ("/home/anna/proj/a.py:3: error", f"{HOME}/proj/a.py:3: error"),
        ("open('/Users/anna/x')", f"open('{HOME}/x')"),
        ("file:///home/anna/x", f"file://{HOME}/x"),
        (r"C:\Users\Anna Lee\x.txt", rf"{HOME}\x.txt"),
        (r"'C:\\Users\\anna\\x'", rf"'{HOME}\\x'"),
        ("C:/Users/anna/x", f"{HOME}/x"),
        ("/root/.ssh/config", f"{HOME}/.ssh/config"),
        ("'~anna/notes'", f"'{HOME}/notes'"),
        ('get("https://h.example/x?a=1&b=2#top")', 'get("https://h.example/x?***")'),
        ("(see https://h.example/x#part).", "(see https://h.example/x#***)."),
        ("f'https://h.example/{path}?q={query}'", "f'https://h.example/{path}?***'"),
        ("[https://u:p@h.example:8080/a]", "[https://***@h.example:8080/a]"),
        ("https://h.example:8080/@user/a", "https://h.example:8080/@user/a"),
    ],
)
def test_people_places_and_queries_become_placeholders(text: str, redacted: str) -> None:
    """The rest of the path or address stays, and so do the brackets and quotes around it."""
    assert redact(text) == redacted


@pytest.mark.parametrize(
    ("opening", "closing"), [('"', '"'), ("'", "'"), ("(", ")"), ("[", "]"), ("<", ">"), ("{", "}")]
)
def test_what_encloses_an_address_stays(opening: str, closing: str) -> None:
    """An expression for URLs that eats the closing quote leaves code that no longer parses."""
    assert redact(f"{opening}https://h.example/x?k=1{closing}") == f"{opening}https://h.example/x?***{closing}"


def test_the_callers_home_folder_goes_wherever_it_lies() -> None:
    """With either separator, and not where a longer name only begins like it."""
    assert redact("/srv/people/anna/x /srv/people/annabel", home="/srv/people/anna") == f"{HOME}/x /srv/people/annabel"
    assert redact(r"'D:\\me\\x' D:\me\x D:/me/x", home="D:\\me") == rf"'{HOME}\\x' {HOME}\x {HOME}/x"


def test_what_another_scanner_found_goes() -> None:
    """A long one anywhere, a short one only where it stands apart; placeholders are left alone."""
    assert redact("xhorsebatteryx and horsebattery", extra=["horsebattery"]) == "x***x and ***"
    assert redact("cat concatenate cat", extra=["cat"]) == "*** concatenate ***"
    assert redact("a * b", extra=["*", "", " ", "***"]) == "a *** b"


BODY = [drawn(64, string.ascii_letters + string.digits + "+/") for _ in range(3)] + [drawn(20) + "=="]
KINDS = ["RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED ", "DSA "]


def pem(kind: str, newline: str = "\n", block: str = "") -> str:
    """A private key that opens nothing."""
    frame = f"{kind}PRIVATE {'KEY'}{block}-----"
    return newline.join([f"-----BEGIN {frame}", *BODY, f"-----END {frame}"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("newline", ["\n", "\\n", "\\\\n", "\r\n", " "], ids=repr)
def test_private_keys_go_line_by_line(kind: str, newline: str) -> None:
    """Real, escaped or flattened line ends: nothing of the key stays, and no line is lost."""
    text = f'KEY = """{pem(kind, newline)}"""\nx = 1\n'
    redacted = redact(text)
    assert not any(line in redacted for line in BODY)
    assert "PRIVATE" not in redacted
    assert redacted.count("\n") == text.count("\n")
    assert redacted.endswith('"""\nx = 1\n')
    assert parses(redacted)


def test_a_key_cut_off_before_its_end_goes_and_the_code_after_it_stays() -> None:
    """The END line is often cut away with the rest of a long message."""
    cut = "\n".join(pem("RSA ").split("\n")[:3])
    assert redact(cut) == "***\n***\n***"
    assert redact(cut[:-40]) == "***\n***\n***"
    code = f'if "-----BEGIN RSA PRIVATE {"KEY"}-----" in text:\n    return\n'
    assert redact(code) == 'if "***" in text:\n    return\n'


def test_a_key_spread_over_literals_keeps_their_quotes() -> None:
    """So the code still parses."""
    literals = "\n".join(f'    "{line}\\n"' for line in pem("RSA ").split("\n"))
    redacted = redact(f"key = (\n{literals}\n)\n")
    assert parses(redacted)
    assert redacted.count('"***') == len(BODY) + 2
    assert not any(line in redacted for line in BODY)


def test_other_private_keys_go() -> None:
    """OpenPGP's blocks with their headers, and PuTTY's files."""
    pgp = pem("PGP ", block=" BLOCK").replace("-----\n", "-----\nVersion: GnuPG v2\n\n", 1)
    putty = "\n".join(
        ["PuTTY-User-Key-File-2: ssh-rsa", "Encryption: none", "Private-Lines: 3", *BODY, "Private-MAC: ab"]
    )
    for text in (pgp, putty):
        redacted = redact(text + "\nthe end of it")
        assert set(redacted.split("\n")) <= {"***", "", "the end of it"}
        assert redacted.count("\n") == text.count("\n") + 1


@pytest.mark.parametrize("length", [24, 32, 40])
def test_random_tokens_are_told_from_names(length: int) -> None:
    """At most 4 % of random tokens pass for names, and no name of the standard library passes for random."""
    source = random.Random(length)
    alphabet = string.ascii_letters + string.digits
    tokens = ["".join(source.choices(alphabet, k=length)) for _ in range(1000)]
    assert sum(map(looks_random, tokens)) >= 960
    names = {name for module in list(sys.modules.values()) for name in getattr(module, "__dict__", {})}
    assert [name for name in names if looks_random(name) and "ABCDEF" not in name] == []


TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="ab1_=:'\"\\ \n/@.-+*#?(){}[]<>,;~%$&"),
    st.lists(
        st.sampled_from(
            ["password", "token", "api_key", "auth", "=", "==", ": ", ":", '"', "'", '"""', "\\", "\n", " ", "(", ")",
             "[", "]", "{", "}", ",", "--", "@", "//", "https://", "?", "#", "a", "b1", HUNTER, "***", "<email>",
             "<home>", "/home/", "/Users/x", "C:\\Users\\", "~b/", "1.2.3.4", ".", "x@y.com", "Bearer ", "or ", "str",
             "-----BEGIN PRIVATE " + "KEY-----", "AKIA" + "A" * 16, drawn(30), drawn(40, HEX), "export ", ";", "&", "f"]
        )
    ).map("".join),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.lists(st.text(max_size=12), max_size=3), st.sampled_from([None, "/srv/x", "D:\\me", ""]))
@example("password='''", [], None)
@example("x" * 30 + "**", ["x*"], None)
def test_redaction_is_idempotent_and_never_raises(text: str, extra: list[str], home: str | None) -> None:
    """Stored text is redacted again when it is exported; it must not change then, nor lose a line."""
    once = redact(text, extra=extra, home=home)
    assert redact(once, extra=extra, home=home) == once
    if not any("\n" in secret for secret in extra) and "\\" not in text:
        assert once.count("\n") == text.count("\n")


LITERALS = st.text(alphabet="abcXYZ0189 _-./:@?=&%{}[]()#!$", max_size=30)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["password = {}", "f(token={}, b=1)", "d = {{'api_key': {}}}", "x = [{}, 1]",
                             "assert secret == {}",
                             "os.environ['KEY'] = {}", "def f(password: str = {}): ...", "log({}, password)"]),
            LITERALS,
            st.sampled_from(["https://h/", "", "/home/bob/", "password=", "Bearer ", "a@b.com "]),
            st.sampled_from([repr, lambda value: '"' + value + '"', lambda value: '"""' + value + '"""']),
        ),
        max_size=6,
    )
)  # fmt: skip
def test_code_that_parses_still_parses(statements: list[tuple[str, str, str, Callable[[str], str]]]) -> None:
    """Whatever stands in its literals: matchers and fixes are read from stored code."""
    code = "\n".join(form.format(quote(prefix + value)) for form, value, prefix, quote in statements)
    assert parses(code)
    assert parses(redact(code)), redact(code)


HOSTILE: dict[str, Callable[[int], str]] = {
    "one letter": lambda n: "a" * n,
    "names": lambda n: "password" * (n // 8),
    "assignments": lambda n: "password='" * (n // 10),
    "compared": lambda n: "'a' == password " * (n // 16),
    "open triples": lambda n: 'password="""' * (n // 12),
    "brackets": lambda n: "passwords=[" * (n // 11),
    "spaces": lambda n: "password" + " " * n,
    "at signs": lambda n: "a@" * (n // 2),
    "dotted domain": lambda n: "a@" + "b." * (n // 2),
    "slashes": lambda n: "/" * n,
    "schemes": lambda n: "https://" * (n // 8),
    "queries": lambda n: "https://a?" + "{(" * (n // 2),
    "jwt": lambda n: "eyJhbGciOi." * (n // 11),
    "numbers": lambda n: "1." * (n // 2),
    "keys": lambda n: ("-----BEGIN PRIVATE " + "KEY-----\n") * (n // 28),
    "key body": lambda n: "-----BEGIN PRIVATE " + "KEY-----\n" + "A" * n,
    "base64": lambda n: "aB3/" * (n // 4),
    "homes": lambda n: "/home/a" * (n // 7),
    "backslashes": lambda n: "\\" * n,
    "quotes": lambda n: "\"'" * (n // 2),
    "underscores": lambda n: "token" + "_" * n,
    "annotations": lambda n: "password: a[" * (n // 12),
    "tilde": lambda n: "~a" * (n // 2),
    "discord": lambda n: "M" * 24 + "." * n,
    "curl": lambda n: "curl " * (n // 5),
    "authorization": lambda n: "authorization: " * (n // 15),
    "lines": lambda n: "password\n" * (n // 9),
    "masks": lambda n: f'password = "{"x" * n}!"; token=' + "-." * (n // 2) + "!",
    "colons": lambda n: ":5432:a" * (n // 7),
    "machines": lambda n: "machine a login b password " * (n // 27),
    "elements": lambda n: "<password>a" * (n // 11) + "</",
    "prefixes": lambda n: "sk-" * (n // 3) + "..",
    "cuts": lambda n: "sk-a1...b12" * (n // 11),
    "pairs": lambda n: "UID=sa PWD=word, " * (n // 17),
    "dashes": lambda n: "--a" * (n // 3) + " password x",
}


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_time_grows_with_the_text_and_no_faster(hostile: Callable[[int], str]) -> None:
    """Four times the text costs at most ten times the steps: a quadratic expression would cost sixteen."""
    least, most = hostile(16_384), hostile(65_536)
    assert growth(lambda: redact(least), lambda: redact(most)) <= 10


def test_a_pragma_does_not_switch_redaction_off() -> None:
    """Generated code may carry one; it is no word of the user's."""
    for pragma in ("# pragma: allowlist secret", "# nosec", "# noqa: S105", "# gitleaks:allow"):
        assert redact(f'password = "{HUNTER}"  {pragma}') == f'password = "***"  {pragma}'


@pytest.mark.parametrize(
    "shown",
    [
        "sk-" + "proj-abcd...890abcdEFGH12", "AK" + "IAIOSF...LE12", "gh" + "p_abc1…xyz12",
        "eyJ" + "hbGci.eyJz...Qssw5c", "sk" + "_live_a...b12345", "xo" + "xb-1...z9-x",
    ],
)  # fmt: skip
def test_a_token_with_its_middle_left_out_goes_on_both_sides(shown: str) -> None:
    """pytest shows long values so, and half a key is worth hiding."""
    assert redact(f"assert '{shown}' == 3") == "assert '***' == 3"


@pytest.mark.parametrize(
    "text", ["pass 'sk-...' here", "git log main...feature1234", "task-a...b123", "range 1...20000000"]
)
def test_what_leaves_something_out_and_is_no_token_stays(text: str) -> None:
    """A placeholder without an end, a range, a word that ends like a prefix."""
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("ValueError: no such user, PWD=correcthorse", "ValueError: no such user, PWD=***"),
        ("UID=sa;PWD=correcthorse", "UID=sa;PWD=***"),
        ("error: DB_PASSWORD=correcthorse failed", "error: DB_PASSWORD=*** failed"),
        ("f(a, PWD=folder, b=2)", "f(a, PWD=folder, b=2)"),
        ("f(PWD=folder)", "f(PWD=folder)"),
        ("the pwd=folder is", "the pwd=folder is"),
    ],
)
def test_a_word_under_a_name_in_capitals_goes_outside_of_a_call(text: str, redacted: str) -> None:
    """So messages tell what an environment or a connection's string held."""
    assert redact(text) == redacted
