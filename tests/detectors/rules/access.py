# Cases for rules: Semgrep reads the comments; nothing here is run.
import base64
import json
import os
import pickle
import subprocess

import jsonpickle
import yaml
from django import forms
from flask import request, session


def objects():
    # ruleid: object-from-bytes-of-request
    pickle.loads(request.data)
    # ruleid: object-from-bytes-of-request
    jsonpickle.decode(request.form["state"])
    cookie = request.cookies.get("state")
    # ruleid: object-from-bytes-of-request, object-from-socket
    pickle.loads(base64.b64decode(cookie))
    # ok: object-from-bytes-of-request
    json.loads(request.data)
    with open("state", "rb") as source:
        # ok: object-from-bytes-of-request, object-from-socket
        pickle.load(source)
    # ok: object-from-bytes-of-request, object-from-socket
    pickle.dumps(request.data)


def documents(text):
    # ruleid: yaml-loads-objects
    yaml.load(text)
    # ruleid: yaml-loads-objects
    yaml.load(text, Loader=yaml.Loader)
    # ruleid: yaml-loads-objects
    yaml.unsafe_load(text)
    # ok: yaml-loads-objects
    yaml.safe_load(text)
    # ok: yaml-loads-objects
    yaml.load(text, Loader=yaml.SafeLoader)
    # ok: yaml-loads-objects
    yaml.dump(text)


def sockets(peer, text):
    # ruleid: object-from-socket, object-from-bytes-of-request
    pickle.loads(peer.recv(1024))
    raw = base64.urlsafe_b64decode(text)
    # ruleid: object-from-socket
    pickle.loads(raw)
    # ok: object-from-socket
    json.loads(peer.recv(1024))


def logins():
    # ruleid: login-without-password-check
    session["user"] = request.args["user"]
    # ruleid: login-without-password-check
    session["is_admin"] = request.cookies.get("is_admin")
    name = request.headers.get("username")
    # ruleid: login-without-password-check
    session["username"] = name
    # ok: login-without-password-check
    session["theme"] = request.args["theme"]
    # ok: login-without-password-check
    session["user"] = "guest"
    # ok: login-without-password-check
    session["language"] = request.cookies.get("language")


def roles():
    # ruleid: role-from-request
    if request.cookies.get("is_admin") == "1":
        pass
    # ruleid: role-from-request
    if request.args["role"] == "admin":
        pass
    # ruleid: role-from-request
    admin = request.headers.get("role") == "admin"
    # ok: role-from-request
    if request.args["page"] == "admin":
        pass
    # ok: role-from-request
    if session.get("role") == "admin":
        pass
    # ok: role-from-request
    if request.form.get("colour") == "red":
        pass
    return admin


def identities(name):
    # ruleid: address-as-identity
    if request.remote_addr == "10.0.0.1":
        pass
    # ruleid: address-as-identity
    if request.headers.get("Referer") == name:
        pass
    # ruleid: address-as-identity
    if request.headers["Host"] == name:
        pass
    # ok: address-as-identity
    if request.headers.get("Accept") == "application/json":
        pass
    # ok: address-as-identity
    print(request.remote_addr)
    # ok: address-as-identity
    if request.method == "POST":
        pass


def rights(user):
    # ruleid: rights-kept
    os.setuid(0)
    # ruleid: rights-kept
    os.setgid(0)
    # ruleid: rights-kept
    os.seteuid(0)
    # ok: rights-kept
    os.setuid(user)
    # ok: rights-kept
    os.setgid(1000)
    # ok: rights-kept
    os.getuid()
    # ruleid: rights-raised-for-a-call
    os.system("sudo reboot")
    # ruleid: rights-raised-for-a-call
    subprocess.run(["sudo", "ls"])
    # ruleid: rights-raised-for-a-call
    subprocess.call("sudo ls", shell=True)
    # ok: rights-raised-for-a-call
    subprocess.run(["ls"])
    # ok: rights-raised-for-a-call
    os.system("ls")
    # ok: rights-raised-for-a-call
    subprocess.run(["echo", "sudo"])


def attributes(thing, name):
    # ruleid: table-or-field-from-request
    getattr(thing, request.args["field"])
    field = request.args.get("field")
    # ruleid: table-or-field-from-request
    getattr(thing, field, None)
    # ruleid: table-or-field-from-request
    locals()[field]
    # ok: table-or-field-from-request
    getattr(thing, "name")
    # ok: table-or-field-from-request
    getattr(thing, name)
    if field in ("name", "size"):
        # ok: table-or-field-from-request
        getattr(thing, field)


class OneForm(forms.ModelForm):
    class Meta:
        # ruleid: django-form-all-fields
        fields = "__all__"


class TwoForm(forms.ModelForm):
    class Meta:
        model = None
        # ruleid: django-form-all-fields
        fields = "__all__"


class ThreeForm(forms.ModelForm):
    # ruleid: django-form-all-fields
    fields = "__all__"


class FourForm(forms.ModelForm):
    class Meta:
        # ok: django-form-all-fields
        fields = ["name"]


class View:
    # ok: django-form-all-fields
    fields = "__all__"


class FiveForm(forms.ModelForm):
    class Meta:
        # ok: django-form-all-fields
        exclude = ["owner"]
