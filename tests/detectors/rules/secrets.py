# Cases for rules: Semgrep reads the comments; nothing here is run.
import hashlib
import hmac
import logging
import os

import jwt
import psycopg2
from Crypto.Cipher import AES
from cryptography.fernet import Fernet
from flask import Flask, request
from werkzeug.security import generate_password_hash

app = Flask(__name__)
logger = logging.getLogger(__name__)


def compared(stored, user):
    # ruleid: secret-compared-by-equals
    if request.headers["X-Token"] == stored.token:
        pass
    password = request.form["password"]
    # ruleid: secret-compared-by-equals, password-compared-by-equals
    if password != user.password:
        pass
    # ruleid: secret-compared-by-equals
    valid = request.args.get("signature") == stored
    # ok: secret-compared-by-equals
    if hmac.compare_digest(password, user.password):
        pass
    # ok: secret-compared-by-equals
    if request.form["colour"] == stored.colour:
        pass
    # ok: secret-compared-by-equals
    if password == "":
        pass
    return valid


def digests(text, expected, key):
    # ruleid: digest-compared-by-equals
    if hashlib.sha256(text).hexdigest() == expected:
        pass
    mac = hmac.new(key, text, "sha256").hexdigest()
    # ruleid: digest-compared-by-equals
    if mac != expected:
        pass
    hashed = hashlib.pbkdf2_hmac("sha256", text, key, 600000)
    # ruleid: digest-compared-by-equals
    if expected == hashed:
        pass
    # ok: digest-compared-by-equals
    if hmac.compare_digest(mac, expected):
        pass
    # ok: digest-compared-by-equals
    if len(mac) == 64:
        pass
    # ok: digest-compared-by-equals
    if text == expected:
        pass


def passwords(user, given, stored, secret):
    # ruleid: password-compared-by-equals
    if user.password == given.password:
        pass
    # ruleid: password-compared-by-equals
    if stored["password"] != given["password"]:
        pass
    # ruleid: password-compared-by-equals
    if secret == stored.client_secret:
        pass
    # ok: password-compared-by-equals
    if user.password == given.password_confirm:
        pass
    # ok: password-compared-by-equals
    if user.password is None:
        pass
    # ok: password-compared-by-equals
    if len(user.password) == len(given.password):
        pass


# ruleid: secret-in-source
db_password = "hunter2horse"
# ruleid: secret-in-source
API_KEY = "k-93f2a1bb0c"
# ok: secret-in-source
password = os.environ["PASSWORD"]
# ok: secret-in-source
password_label = "Password-again"
# ok: secret-in-source
api_key = ""


def opens(connect):
    # ruleid: secret-in-source, password-literal-in-connection
    psycopg2.connect(host="db", user="app", password="s3cr3t-horse")
    # ruleid: password-literal-in-connection
    connect.connect("db", "app", "s3cr3t-horse")
    # ruleid: password-literal-in-connection
    connect.login("app", "s3cr3t-horse")
    # ok: secret-in-source, password-literal-in-connection
    psycopg2.connect(host="db", user="app", password=os.environ["DB"])
    # ok: password-literal-in-connection
    connect.login("app", os.environ["DB"])
    # ok: password-literal-in-connection
    psycopg2.connect(host="db", user="app")


# ruleid: flask-secret-key-in-source
app.secret_key = "a8f1-fixed"
# ruleid: flask-secret-key-in-source
app.config["SECRET_KEY"] = "a8f1-fixed"
# ruleid: flask-secret-key-in-source
SECRET_KEY = "a8f1 fixed"
# ok: flask-secret-key-in-source
app.secret_key = os.environ["SECRET_KEY"]
# ok: flask-secret-key-in-source
app.config["SECRET_KEY"] = os.urandom(24)
# ok: flask-secret-key-in-source
app.config["NAME"] = "a8f1 fixed"


def ciphers(key, text):
    # ruleid: key-literal-in-cipher
    Fernet(b"fixed-key-fixed-key-fixed-key-fixed-key-12=")
    # ruleid: key-literal-in-cipher
    AES.new(b"sixteen byte key", AES.MODE_GCM)
    # ruleid: key-literal-in-cipher
    hmac.new(b"fixed", text, "sha256")
    # ok: key-literal-in-cipher
    Fernet(key)
    # ok: key-literal-in-cipher
    AES.new(os.urandom(16), AES.MODE_GCM)
    # ok: key-literal-in-cipher
    hmac.new(key, b"text", "sha256")


# ruleid: secret-placeholder, secret-in-source
access_token = "your_token_here"
# ruleid: secret-placeholder
token = os.environ.get("API_TOKEN", "changeme")
# ruleid: secret-placeholder
service_credential = "replace-me"
# ok: secret-placeholder
token = os.environ["API_TOKEN"]
# ok: secret-placeholder
title = "your_title_here"
# ok: secret-placeholder
token = os.environ.get("API_TOKEN", "")


def logged(password, api_key, user, name):
    # ruleid: secret-logged
    logger.info("password %s", password)
    # ruleid: secret-logged
    logging.debug(f"key {api_key}")
    # ruleid: secret-logged
    logger.warning("login", user.password)
    # ok: secret-logged
    logger.info("password was given")
    # ok: secret-logged
    logger.info("user %s", name)
    # ok: secret-logged
    logging.debug(f"user {name}")


def printed(password, name, secret_name):
    # ruleid: secret-logged
    print("password is", password)
    # ok: secret-logged
    print("name is", name)


def literal(password, user, name):
    # ruleid: password-compared-with-literal
    if password == "hunter2horse":
        pass
    # ruleid: password-compared-with-literal
    if user.password != "hunter2horse":
        pass
    # ruleid: password-compared-with-literal
    if hmac.compare_digest(password, "hunter2horse"):
        pass
    # ok: password-compared-with-literal
    if name == "hunter2horse":
        pass
    # ok: password-compared-with-literal
    if password == "":
        pass
    # ok: password-compared-with-literal
    if name == user.name:
        pass


def stored(user, User, db):
    # ruleid: password-stored-in-clear
    user.password = request.form["password"]
    password = request.form.get("password")
    # ruleid: password-stored-in-clear
    User(name="a", password=password)
    # ruleid: password-stored-in-clear
    db.execute("INSERT INTO users VALUES (?, ?)", ("a", password))
    # ok: password-stored-in-clear
    user.password = generate_password_hash(password)
    # ok: password-stored-in-clear
    user.name = request.form["name"]
    # ok: password-stored-in-clear
    db.execute("SELECT * FROM users WHERE password = ?", (password,))


def rules(password, name):
    # ruleid: password-rule-too-weak
    if len(password) < 4:
        raise ValueError
    # ruleid: password-rule-too-weak
    if len(password) >= 5:
        return True
    # ruleid: password-rule-too-weak
    if not name or len(password) < 6:
        raise ValueError
    # ok: password-rule-too-weak
    if len(password) < 12:
        raise ValueError
    # ok: password-rule-too-weak
    if len(name) < 4:
        raise ValueError
    # ok: password-rule-too-weak
    if len(password) > 1:
        return True
    return jwt


# ruleid: django-no-password-rules
AUTH_PASSWORD_VALIDATORS = []


class Test:
    # ruleid: django-no-password-rules
    AUTH_PASSWORD_VALIDATORS = []


def settings():
    # ruleid: django-no-password-rules
    AUTH_PASSWORD_VALIDATORS = []
    # ok: django-no-password-rules
    AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
    # ok: django-no-password-rules
    MIDDLEWARE = []
    # ok: django-no-password-rules
    VALIDATORS = AUTH_PASSWORD_VALIDATORS
    return MIDDLEWARE, VALIDATORS
