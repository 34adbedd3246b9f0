# Cases for rules: Semgrep reads the comments; nothing here is run.
import asyncio
import gzip
import hashlib
import marshal
import os
import pickle
import random
import zlib
from xml.sax.saxutils import escape

import lxml.etree
from Crypto.Cipher import AES
from flask import Flask, request
from flask_login import login_required

app = Flask(__name__)


def loads(source, text, safe):
    # ruleid: object-from-bytes
    pickle.load(source)
    # ruleid: object-from-bytes
    pickle.loads(text)
    # ruleid: object-from-bytes
    marshal.loads(text)
    # ok: object-from-bytes
    pickle.dumps(text)
    # ok: object-from-bytes
    marshal.dumps(text)
    # ok: object-from-bytes
    safe.load(source)


@app.route("/admin")
# ruleid: route-that-changes-without-login
def admin():
    pass


@app.route("/items/delete")
# ruleid: route-that-changes-without-login
def delete():
    pass


@app.route("/settings", methods=["POST"])
# ruleid: route-that-changes-without-login
def change():
    pass


@app.route("/items")
# ok: route-that-changes-without-login
def items():
    pass


@app.route("/admin/users")
@login_required
# ok: route-that-changes-without-login
def users():
    pass


# ok: route-that-changes-without-login
def reset():
    pass


def mails(smtp, send_mail):
    # ruleid: mail-to-address-of-request
    send_mail("reset", f"https://{request.host}/reset", "a@example.org", ["b@example.org"])
    # ruleid: mail-to-address-of-request
    smtp.sendmail("a@example.org", "b@example.org", request.host_url + "reset")
    link = "https://" + request.headers["Host"]
    # ruleid: mail-to-address-of-request
    send_mail("reset", link, "a@example.org", ["b@example.org"])
    # ok: mail-to-address-of-request, mail-to-address-from-request
    send_mail("reset", "https://example.org/reset", "a@example.org", ["b@example.org"])
    # ok: mail-to-address-of-request, mail-to-address-from-request
    smtp.sendmail("a@example.org", "b@example.org", "text")
    # ok: mail-to-address-of-request, mail-to-address-from-request
    print(request.host)
    # ruleid: mail-to-address-from-request
    smtp.sendmail("a@example.org", request.form["to"], "text")
    # ruleid: mail-to-address-from-request
    send_mail("s", "m", "a@example.org", [request.form["to"]])
    to = request.args["to"]
    # ruleid: mail-to-address-from-request
    smtp.sendmail("a@example.org", to, "text")


async def tasks(work):
    # ruleid: async-task-not-kept
    asyncio.create_task(work())
    # ruleid: async-task-not-kept
    asyncio.create_task(work(), name="a")
    for _ in range(2):
        # ruleid: async-task-not-kept
        asyncio.create_task(work())
    # ok: async-task-not-kept
    task = asyncio.create_task(work())
    # ok: async-task-not-kept
    other = asyncio.create_task(work(), name="b")
    # ok: async-task-not-kept
    await work()
    return task, other


def hashes(text, key):
    # ruleid: hash-broken
    hashlib.md5(text)
    # ruleid: hash-broken
    hashlib.sha1(text)
    # ruleid: hash-broken
    hashlib.new("md5", text)
    # ok: hash-broken
    hashlib.sha256(text)
    # ok: hash-broken
    hashlib.md5(text, usedforsecurity=False)
    # ok: hash-broken
    hashlib.blake2b(text)
    # ruleid: cipher-unauthenticated
    AES.new(key, AES.MODE_CBC, os.urandom(16))
    # ruleid: cipher-unauthenticated
    AES.new(key, AES.MODE_CFB, os.urandom(16))
    # ruleid: cipher-unauthenticated
    AES.new(key, AES.MODE_OFB, os.urandom(16))
    # ok: cipher-unauthenticated
    AES.new(key, AES.MODE_GCM)
    # ok: cipher-unauthenticated
    AES.new(key, AES.MODE_EAX)
    # ok: cipher-unauthenticated
    AES.new(key, AES.MODE_SIV)


def seeds(value):
    # ruleid: random-seed-constant
    random.seed(42)
    # ruleid: random-seed-constant
    random.seed(0)
    # ruleid: random-seed-constant
    random.seed("a")
    # ok: random-seed-constant
    random.seed()
    # ok: random-seed-constant
    random.seed(value)
    # ok: random-seed-constant
    random.random()


def uses(path, other):
    # ruleid: checked-then-used
    if os.path.exists(path):
        os.remove(path)
    # ruleid: checked-then-used
    if os.path.exists(path):
        open(path)
    # ruleid: checked-then-used
    if not os.path.exists(path):
        open(path, "w")
    # ok: checked-then-used
    if os.path.exists(path):
        print(path)
    # ok: checked-then-used
    if os.path.exists(path):
        os.remove(other)
    # ok: checked-then-used
    open(path)


def names(cursor, table):
    # ruleid: sql-name-built
    cursor.execute(f"SELECT * FROM {table}")
    # ruleid: sql-name-built
    cursor.execute("DROP TABLE " + table)
    # ruleid: sql-name-built
    cursor.execute("SELECT * FROM %s" % table)
    # ok: sql-name-built
    cursor.execute("SELECT * FROM users")
    # ok: sql-name-built
    cursor.execute("SELECT * FROM users WHERE name = ?", (table,))
    # ok: sql-name-built
    print(f"SELECT * FROM {table}")


def codes(text):
    # ruleid: eval-of-variable
    eval(text)
    # ruleid: eval-of-variable
    exec(text)
    # ruleid: eval-of-variable
    eval("1 + " + text)
    # ok: eval-of-variable
    eval("1 + 1")
    # ok: eval-of-variable
    exec("a = 1")
    # ok: eval-of-variable
    compile(text, "a", "exec")


def packed(text):
    # ruleid: archive-without-bound
    zlib.decompress(request.data)
    # ruleid: archive-without-bound
    gzip.decompress(request.get_data())
    body = request.files["a"].read()
    # ruleid: archive-without-bound
    zlib.decompress(body)
    # ok: archive-without-bound
    zlib.decompress(text)
    # ok: archive-without-bound
    gzip.decompress(b"")
    # ok: archive-without-bound
    zlib.compress(body)


def passes(work):
    # ruleid: exception-passed-over
    try:
        work()
    except:
        pass
    # ruleid: exception-passed-over
    try:
        work()
        work()
    except Exception:
        pass
    # ruleid: exception-passed-over
    try:
        print(work())
    except:
        pass
    # ok: exception-passed-over
    try:
        work()
    except ValueError:
        pass
    # ok: exception-passed-over
    try:
        work()
    except Exception:
        print("failed")
    # ok: exception-passed-over
    try:
        work()
    finally:
        pass


def servers(response):
    # ruleid: server-named-in-header
    response.headers["Server"] = "thing/1.2"
    # ruleid: server-named-in-header
    response.headers["X-Powered-By"] = "thing"
    # ruleid: server-named-in-header
    response.headers["server"] = "thing"
    # ok: server-named-in-header
    response.headers["Vary"] = "Origin"
    # ok: server-named-in-header
    response.headers["X-Frame-Options"] = "DENY"
    # ok: server-named-in-header
    response.headers["Cache-Control"] = "no-store"


def trees(source, text, parser):
    # ruleid: xml-parsed-by-default-lxml
    lxml.etree.parse(source)
    # ruleid: xml-parsed-by-default-lxml
    lxml.etree.fromstring(text)
    # ruleid: xml-parsed-by-default-lxml
    lxml.etree.XML(text)
    # ok: xml-parsed-by-default-lxml
    lxml.etree.parse(source, parser)
    # ok: xml-parsed-by-default-lxml
    lxml.etree.fromstring(text, parser=parser)
    # ok: xml-parsed-by-default-lxml
    lxml.etree.tostring(source)


def envelopes():
    name = request.form["name"]
    # ruleid: xml-built-from-request
    a = "<?xml version='1.0'?><a>%s</a>" % name
    # ruleid: xml-built-from-request
    b = "<soap:Body>{}</soap:Body>".format(name)
    # ruleid: xml-built-from-request
    c = "<?xml version='1.0'?><a>" + name
    # ok: xml-built-from-request
    d = "<?xml version='1.0'?><a>%s</a>" % escape(name)
    # ok: xml-built-from-request
    e = "<?xml version='1.0'?><a>%s</a>" % 3
    # ok: xml-built-from-request
    f = "<?xml version='1.0'?><a>%d</a>" % int(name)
    return a, b, c, d, e, f


def fields(User, Item):
    # ruleid: fields-all-from-request
    User(**request.form)
    data = request.get_json()
    # ruleid: fields-all-from-request
    Item(**data)
    # ruleid: fields-all-from-request
    Item.objects.create(**data)
    # ok: fields-all-from-request
    User(name=data["name"])
    # ok: fields-all-from-request
    dict(**data)
    # ok: fields-all-from-request
    Item(**{"a": 1})
