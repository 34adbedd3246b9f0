# Cases for rules: Semgrep reads the comments; nothing here is run.
import ftplib
import hashlib
import hmac
import os
import random
import secrets
import smtplib
import ssl

import bcrypt
import jwt
import paramiko
import requests
import rsa
from Crypto.Cipher import AES, ARC4, DES
from Crypto.PublicKey import DSA, RSA
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from flask import request, session


def hashes(password, text, token):
    # ruleid: hash-broken-for-secrets
    hashlib.md5(password.encode())
    # ruleid: hash-broken-for-secrets
    hashlib.sha1(token)
    # ruleid: hash-broken-for-secrets
    hashlib.sha256(password.encode())
    # ok: hash-broken-for-secrets
    hashlib.sha256(text)
    # ok: hash-broken-for-secrets
    hashlib.scrypt(password, salt=os.urandom(16), n=16384, r=8, p=1)
    # ok: hash-broken-for-secrets
    hashlib.md5(text)
    # ruleid: hash-broken-of-request
    hashlib.md5(request.data)
    name = request.form["name"]
    # ruleid: hash-broken-of-request
    hashlib.sha1(name.encode())
    # ruleid: hash-broken-of-request
    hashlib.new("md5", name.encode())
    # ok: hash-broken-of-request
    hashlib.sha256(name.encode())
    # ok: hash-broken-of-request
    hashlib.md5(b"text")
    # ok: hash-broken-of-request
    hashlib.md5(name.encode(), usedforsecurity=False)


def genuine(text, known):
    # ruleid: hash-broken-compared
    if hashlib.md5(text).hexdigest() == known:
        pass
    digest = hashlib.sha1(text).hexdigest()
    # ruleid: hash-broken-compared
    if digest != known:
        pass
    # ruleid: hash-broken-compared
    hmac.compare_digest(digest, known)
    # ok: hash-broken-compared
    if hashlib.sha256(text).hexdigest() == known:
        pass
    # ok: hash-broken-compared
    if text == known:
        pass
    # ok: hash-broken-compared
    print(digest)


def ciphers(key, text):
    # ruleid: cipher-broken
    DES.new(key, DES.MODE_CBC, os.urandom(8))
    # ruleid: cipher-broken
    ARC4.new(key)
    # ruleid: cipher-broken
    algorithms.TripleDES(key)
    # ok: cipher-broken, cipher-mode-ecb, cipher-iv-constant
    AES.new(key, AES.MODE_GCM)
    # ok: cipher-broken
    algorithms.AES(key)
    # ok: cipher-broken
    algorithms.ChaCha20(key, os.urandom(16))
    # ruleid: cipher-mode-ecb
    AES.new(key, AES.MODE_ECB)
    # ruleid: cipher-mode-ecb
    AES.new(key, mode=AES.MODE_ECB)
    # ruleid: cipher-mode-ecb
    modes.ECB()
    # ok: cipher-mode-ecb, cipher-iv-constant
    AES.new(key, AES.MODE_CBC, os.urandom(16))
    # ok: cipher-mode-ecb, cipher-iv-constant
    modes.GCM(os.urandom(12))
    # ruleid: cipher-iv-constant
    AES.new(key, AES.MODE_CBC, b"0123456789abcdef")
    iv = b"\0" * 16
    # ruleid: cipher-iv-constant
    AES.new(key, AES.MODE_CBC, iv)
    # ruleid: cipher-iv-constant
    modes.CBC(bytes(16))
    # ruleid: cipher-iv-from-weak-random
    AES.new(key, AES.MODE_CBC, random.randbytes(16))
    weak = bytes(random.randint(0, 255) for _ in range(16))
    # ruleid: cipher-iv-from-weak-random
    AES.new(weak, AES.MODE_GCM)
    # ruleid: cipher-iv-from-weak-random
    modes.CBC(weak)
    # ok: cipher-iv-from-weak-random
    AES.new(key, AES.MODE_CBC, secrets.token_bytes(16))
    # ok: cipher-iv-from-weak-random
    print(weak)
    # ok: cipher-iv-from-weak-random
    modes.CBC(os.urandom(16))


def keys():
    # ruleid: key-too-short
    RSA.generate(1024)
    # ruleid: key-too-short
    DSA.generate(512)
    # ruleid: key-too-short
    rsa.newkeys(1024)
    # ok: key-too-short
    RSA.generate(2048)
    # ok: key-too-short
    DSA.generate(3072)
    # ok: key-too-short
    rsa.newkeys(4096)


def draws(count, response):
    # ruleid: random-predictable-for-secrets
    token = random.randint(0, 1000000)
    # ruleid: random-predictable-for-secrets
    password = "".join(random.choice("abc") for _ in range(8))
    # ruleid: random-predictable-for-secrets
    salt = random.getrandbits(64)
    # ok: random-predictable-for-secrets
    colour = random.choice(["red", "blue"])
    # ok: random-predictable-for-secrets
    code = secrets.token_urlsafe()
    # ok: random-predictable-for-secrets
    count = random.randint(1, 6)
    # ruleid: random-predictable-sent-to-client
    session["number"] = random.randint(0, 1000000)
    number = random.random()
    # ruleid: random-predictable-sent-to-client
    response.set_cookie("visit", str(number), secure=True, httponly=True)
    # ruleid: random-predictable-sent-to-client
    session["visit"] = str(number)
    # ok: random-predictable-sent-to-client
    session["visit"] = secrets.token_urlsafe()
    # ok: random-predictable-sent-to-client
    session["count"] = 3
    # ok: random-predictable-sent-to-client
    print(number)
    return token, password, salt, colour, code, count


def salts(password, salt):
    # ruleid: salt-constant
    hashlib.pbkdf2_hmac("sha256", password, b"salt", 600000)
    # ruleid: salt-constant
    hashlib.scrypt(password, salt=b"salt", n=16384, r=8, p=1)
    # ruleid: salt-constant
    bcrypt.hashpw(password, b"$2b$12$abcdefghijklmnopqrstuv")
    # ok: salt-constant
    hashlib.pbkdf2_hmac("sha256", password, os.urandom(16), 600000)
    # ok: salt-constant
    hashlib.scrypt(password, salt=salt, n=16384, r=8, p=1)
    # ok: salt-constant
    bcrypt.hashpw(password, bcrypt.gensalt())
    # ruleid: key-derivation-too-cheap
    hashlib.pbkdf2_hmac("sha256", password, salt, 1000)
    # ruleid: key-derivation-too-cheap
    bcrypt.gensalt(4)
    # ruleid: key-derivation-too-cheap
    hashlib.pbkdf2_hmac("sha512", password, salt, 5000, dklen=32)
    # ok: key-derivation-too-cheap
    hashlib.pbkdf2_hmac("sha256", password, salt, 600000)
    # ok: key-derivation-too-cheap
    bcrypt.gensalt(12)
    # ok: key-derivation-too-cheap
    bcrypt.gensalt()


def certificates(url, context, client):
    # ruleid: certificate-not-checked
    requests.get(url, verify=False, timeout=3)
    # ruleid: certificate-not-checked
    context.check_hostname = False
    # ruleid: certificate-not-checked
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    # ok: certificate-not-checked
    requests.get(url, verify="ca.pem", timeout=3)
    # ok: certificate-not-checked
    context.check_hostname = True
    # ok: certificate-not-checked
    client.set_missing_host_key_policy(paramiko.RejectPolicy())


def versions(sock):
    # ruleid: tls-old-version
    ssl.SSLContext(ssl.PROTOCOL_TLSv1)
    # ruleid: tls-old-version
    old = ssl.PROTOCOL_SSLv3
    # ruleid: tls-old-version
    least = ssl.TLSVersion.TLSv1_1
    # ok: tls-old-version
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # ok: tls-old-version
    new = ssl.TLSVersion.TLSv1_2
    # ok: tls-old-version, socket-wrapped-without-context
    ssl.create_default_context()
    # ruleid: socket-wrapped-without-context
    ssl.wrap_socket(sock)
    # ruleid: socket-wrapped-without-context
    wrapped = ssl.wrap_socket(sock, ca_certs="ca.pem")
    # ruleid: socket-wrapped-without-context
    return ssl.wrap_socket(sock, server_side=True), old, least, new, wrapped


def wraps(context, sock, name):
    # ok: socket-wrapped-without-context
    context.wrap_socket(sock, server_hostname=name)
    # ok: socket-wrapped-without-context
    return ssl.create_default_context().wrap_socket(sock, server_hostname=name)


def protocols(host, user, word):
    # ruleid: clear-text-protocol
    ftplib.FTP(host)
    # ruleid: clear-text-protocol
    ftplib.FTP(host, user, word)
    # ruleid: clear-text-protocol
    requests.post("http://example.org/login", data=word, timeout=3)
    # ok: clear-text-protocol
    ftplib.FTP_TLS(host)
    # ok: clear-text-protocol
    requests.post("https://example.org/login", data=word, timeout=3)
    server = smtplib.SMTP(host)
    server.starttls()
    # ok: clear-text-protocol
    server.login(user, word)


def tokens(token, key):
    # ruleid: jwt-not-verified
    jwt.decode(token, options={"verify_signature": False})
    # ruleid: jwt-not-verified
    jwt.decode(token, key, algorithms=["none"])
    # ruleid: jwt-not-verified
    jwt.decode(token, verify=False)
    # ok: jwt-not-verified
    jwt.decode(token, key, algorithms=["HS256"])
    # ok: jwt-not-verified
    jwt.decode(token, key, algorithms=["RS256"], options={"require": ["exp"]})
    # ok: jwt-not-verified
    jwt.encode({"a": 1}, key, algorithm="HS256")
