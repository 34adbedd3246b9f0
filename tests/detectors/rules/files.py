# Cases for rules: Semgrep reads the comments; nothing here is run.
import os
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from flask import Flask, request, send_file
from werkzeug.utils import secure_filename

app = Flask(__name__)
BASE = Path("/srv/files")


@app.get("/read/<name>")
def read(name):
    # ruleid: path-from-request
    with open(os.path.join("/srv/files", name)) as source:
        return source.read()


def send():
    # ruleid: path-from-request
    return send_file(request.args["path"])


def clear():
    name = request.form.get("name")
    target = BASE / name
    # ruleid: path-from-request
    shutil.rmtree(target)


def read_secured():
    # ok: path-from-request
    return open(os.path.join("/srv", secure_filename(request.args["name"])))


def read_numbered():
    # ok: path-from-request
    return open(f"/srv/{int(request.args['page'])}.txt")


def read_inside():
    target = (BASE / request.args["name"]).resolve()
    if not target.is_relative_to(BASE):
        raise PermissionError
    # ok: path-from-request
    return open(target)


def unpack(path, target):
    # ruleid: archive-extracted-unchecked
    tarfile.open(path).extractall(target)
    with tarfile.open(path) as tar:
        # ruleid: archive-extracted-unchecked
        tar.extractall(target)
    other = tarfile.open(path)
    # ruleid: archive-extracted-unchecked
    other.extract("a", target)


def unpack_checked(path, target):
    # ok: archive-extracted-unchecked
    tarfile.open(path).extractall(target, filter="data")
    with zipfile.ZipFile(path) as packed:
        # ok: archive-extracted-unchecked
        packed.extractall(target)
    with tarfile.open(path) as tar:
        # ok: archive-extracted-unchecked
        tar.getnames()


def members(packed, target):
    for name in packed.namelist():
        # ruleid: archive-member-path-joined
        with open(os.path.join(target, name), "wb") as sink:
            sink.write(packed.read(name))
    for info in packed.infolist():
        # ruleid: archive-member-path-joined
        open(target + "/" + info.filename, "wb")
    for member in packed.getmembers():
        # ruleid: archive-member-path-joined
        open(f"{target}/{member.name}", "wb")


def members_checked(packed, target):
    for name in packed.namelist():
        # ok: archive-member-path-joined
        with open(os.path.join(target, os.path.basename(name)), "wb") as sink:
            sink.write(packed.read(name))
    for at, name in enumerate(packed.namelist()):
        # ok: archive-member-path-joined
        open(f"{target}/{at}", "wb")
    for name in packed.namelist():
        # ok: archive-member-path-joined
        print(name)


def names():
    # ruleid: temporary-name-only
    a = tempfile.mktemp()
    # ruleid: temporary-name-only
    b = tempfile.mktemp(suffix=".txt")
    # ruleid: temporary-name-only
    c = os.tempnam("/var/tmp")
    # ok: temporary-name-only
    d = tempfile.mkstemp()
    # ok: temporary-name-only
    e = tempfile.NamedTemporaryFile()
    # ok: temporary-name-only
    f = tempfile.mkdtemp()
    return a, b, c, d, e, f


def fixed():
    # ruleid: temporary-file-of-fixed-name
    open("/tmp/report.txt", "w")
    # ruleid: temporary-file-of-fixed-name
    open("/var/tmp/cache", "ab")
    # ruleid: temporary-file-of-fixed-name
    open("/dev/shm/lock", "x")
    # ok: temporary-file-of-fixed-name
    open("/tmp/report.txt")
    # ok: temporary-file-of-fixed-name
    open("report.txt", "w")
    # ok: temporary-file-of-fixed-name
    open("/srv/report.txt", "w")


def modes(path):
    # ruleid: world-writable
    os.chmod(path, 0o777)
    # ruleid: world-writable
    os.chmod(path, 0o666)
    # ruleid: world-writable
    Path(path).chmod(0o662)
    # ok: world-writable, group-or-world-permissions
    os.chmod(path, 0o600)
    # ok: world-writable, group-or-world-permissions
    os.chmod(path, 0o700)
    # ok: world-writable, group-or-world-permissions
    Path(path).chmod(0o640)
    # ruleid: group-or-world-permissions
    os.chmod(path, 0o755)
    # ruleid: group-or-world-permissions
    os.chmod(path, 0o775)
    # ruleid: group-or-world-permissions
    Path(path).chmod(0o744)


def masks():
    # ruleid: umask-open
    os.umask(0)
    # ruleid: umask-open
    os.umask(0o000)
    # ruleid: umask-open
    before = os.umask(0)
    # ok: umask-open
    os.umask(0o077)
    # ok: umask-open
    os.umask(0o022)
    # ok: umask-open
    os.umask(before)


def asked(path, other):
    # ruleid: access-checked-then-opened
    if os.access(path, os.R_OK):
        open(path)


def asked_not(path):
    # ruleid: access-checked-then-opened
    if not os.access(path, os.W_OK):
        return None
    return open(path, "w")


def asked_with(path):
    # ruleid: access-checked-then-opened
    if os.path.isfile(path) and os.access(path, os.R_OK):
        with open(path) as source:
            return source.read()


def asked_only(path, other):
    # ok: access-checked-then-opened
    if os.access(path, os.X_OK):
        print(path)
    # ok: access-checked-then-opened
    return os.access(path, os.R_OK)


def asked_other(path, other):
    # ok: access-checked-then-opened
    if os.access(path, os.X_OK):
        open(other)
