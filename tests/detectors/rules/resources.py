# Cases for rules: Semgrep reads the comments; nothing here is run.
import re
import secrets
import time
import urllib.request

import httpx
import requests
from flask import request

EMAIL = re.compile(r"^[\w.]+@[\w.]+\.\w+$")
WORD = re.compile(r"^\w{1,20}$")


def brought():
    # ruleid: regex-from-request
    re.search(request.args["q"], "text")
    wanted = request.args.get("q")
    # ruleid: regex-from-request
    pattern = re.compile(f"^{wanted}$")
    # ruleid: regex-from-request
    re.sub(wanted, "", "text")
    # ok: regex-from-request
    re.search(re.escape(wanted), "text")
    # ok: regex-from-request
    re.search("a+b", wanted)
    # ok: regex-from-request
    re.search(str(int(request.args["n"])), "text")
    return pattern


def slow():
    text = request.form["text"]
    # ruleid: regex-slow-on-request
    re.match(r"^[\w.-]+@[\w.-]+\.\w+$", text)
    # ruleid: regex-slow-on-request
    re.search(r"\s+$", text)
    # ruleid: regex-slow-on-request
    re.sub(r"a.*b.*c", "", text)
    # ok: regex-slow-on-request
    re.match(r"^\d{4}$", text)
    # ok: regex-slow-on-request
    re.fullmatch(r"[a-z]+", text)
    # ok: regex-slow-on-request
    re.match(r"^[\w.-]+@[\w.-]+\.\w+$", "a@example.org")


def exponential(text):
    # ruleid: regex-exponential
    re.match(r"^(a+)+$", text)
    # ruleid: regex-exponential
    re.compile(r"(\w+)*!")
    # ruleid: regex-exponential
    re.search(r"^([a-z]+)+\d", text)
    # ok: regex-exponential
    re.match(r"^a+$", text)
    # ok: regex-exponential
    re.compile(r"(ab)+!")
    # ok: regex-exponential
    re.search(r"^(\w+,)*\w+$", text)


def waits(url, rest):
    # ruleid: call-without-timeout
    requests.get(url)
    # ruleid: call-without-timeout
    requests.post(url, json={"a": 1})
    # ruleid: call-without-timeout
    requests.request("GET", url)
    # ok: call-without-timeout, call-with-timeout-none
    requests.get(url, timeout=5)
    # ok: call-without-timeout, call-with-timeout-none
    requests.get(url, **rest)
    # ok: call-without-timeout, call-with-timeout-none
    httpx.get(url)
    # ruleid: call-with-timeout-none
    requests.get(url, timeout=None)
    # ruleid: call-with-timeout-none
    httpx.post(url, timeout=None)
    # ruleid: call-with-timeout-none
    urllib.request.urlopen(url, timeout=None)


def sizes():
    # ruleid: size-from-request
    time.sleep(float(request.args["pause"]))
    count = int(request.args["count"])
    # ruleid: size-from-request
    for _ in range(count):
        pass
    # ruleid: size-from-request
    bytearray(count)
    # ok: size-from-request
    time.sleep(1)
    # ok: size-from-request
    bytearray(min(count, 100))
    # ok: size-from-request
    time.sleep(min(5, int(request.args["pause"])))


def spins():
    # ruleid: loop-without-end
    while True:
        pass


def spins_later(ready):
    if ready:
        # ruleid: loop-without-end
        while True:
            pass


class Spinner:
    def spin(self):
        # ruleid: loop-without-end
        while True:
            pass


def ends(queue):
    # ok: loop-without-end
    while True:
        if queue.get() is None:
            break
    # ok: loop-without-end
    while queue.ready():
        pass
    # ok: loop-without-end
    while True:
        time.sleep(1)


def rights(user, current_user, total):
    # ruleid: assert-as-access-check
    assert user.is_admin
    # ruleid: assert-as-access-check
    assert current_user.is_authenticated, "log in"
    # ruleid: assert-as-access-check
    assert user.has_permission("write")
    # ok: assert-as-access-check
    assert total > 0
    # ok: assert-as-access-check
    assert isinstance(total, int), "a number"
    if not user.is_admin:
        raise PermissionError
    # ok: assert-as-access-check
    assert total


def same(name, count):
    # ruleid: identity-compared-by-is
    a = name is "admin"
    # ruleid: identity-compared-by-is
    b = count is 1000
    # ruleid: identity-compared-by-is
    c = name is not "x"
    # ok: identity-compared-by-is
    d = name is None
    # ok: identity-compared-by-is
    e = name == "admin"
    # ok: identity-compared-by-is
    f = count is not True
    return a, b, c, d, e, f


def obsolete(text, function):
    import cgi
    import inspect
    import os

    # ruleid: call-obsolete
    cgi.escape(text)
    # ruleid: call-obsolete
    inspect.getargspec(function)
    # ruleid: call-obsolete
    time.clock()
    # ok: call-obsolete
    inspect.signature(function)
    # ok: call-obsolete
    time.perf_counter()
    # ok: call-obsolete
    os.getcwd()


def twice(a):
    # ruleid: key-twice-in-dict
    one = {"a": 1, "a": 2}
    # ruleid: key-twice-in-dict
    two = {"x": a, "y": 2, "x": 3}
    # ruleid: key-twice-in-dict
    three = {"k": "v", "m": 1, "k": "w", "n": 2}
    # ok: key-twice-in-dict
    four = {"a": 1, "b": 2}
    # ok: key-twice-in-dict
    five = {"a": {"a": 1}}
    # ok: key-twice-in-dict
    six = {}
    return one, two, three, four, five, six, secrets
