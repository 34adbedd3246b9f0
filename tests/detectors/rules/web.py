# Cases for rules: Semgrep reads the comments; nothing here is run.
import html
import json
import os
import re
import unicodedata
import urllib.request

import bottle
import flask_cors
import httpx
import jinja2
import requests
import uvicorn
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.views.decorators.csrf import csrf_exempt
from fastapi.middleware.cors import CORSMiddleware
from flask import Flask, jsonify, make_response, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug.utils import secure_filename

app = Flask(__name__)
HOME = {"docs": "https://docs.example.org"}


@app.route("/hello")
def hello():
    name = request.args.get("name")
    # ruleid: response-from-request
    return f"<h1>Hello {name}</h1>"


@app.route("/echo/<word>")
def echo(word):
    # ruleid: response-from-request
    return word


def django_view(request):
    # ruleid: response-from-request
    return HttpResponse("<p>" + request.GET["q"] + "</p>")


def listed():
    parts = []
    for name in request.args.getlist("name"):
        parts.append(name)
    # ruleid: response-from-request
    return make_response("<br>".join(parts))


@app.route("/safe")
def safe():
    name = request.args.get("name")
    # ok: response-from-request
    return f"<h1>Hello {escape(name)}</h1>"


@app.route("/page")
def page():
    # ok: response-from-request
    return render_template("page.html", name=request.args["name"])


@app.route("/api")
def api():
    # ok: response-from-request
    return jsonify({"name": request.args["name"]})


@app.route("/api2")
def api2():
    # ok: response-from-request
    return {"name": request.args["name"]}


@app.route("/twice")
def twice():
    # ok: response-from-request
    return str(2 * int(request.args["n"]))


def marks(text):
    name = request.args["name"]
    # ruleid: marked-safe-from-request, marked-safe-built
    Markup("<b>" + name + "</b>")
    # ruleid: marked-safe-from-request
    mark_safe(name)
    # ruleid: marked-safe-from-request, marked-safe-built
    Markup(f"<b>{name}</b>")
    # ok: marked-safe-from-request, marked-safe-built
    Markup("<b>") + name
    # ok: marked-safe-from-request
    mark_safe(html.escape(name))
    # ok: marked-safe-from-request, marked-safe-built
    format_html("<b>{}</b>", name)
    # ruleid: marked-safe-built
    mark_safe("<b>%s</b>" % text)
    # ok: marked-safe-built
    mark_safe("<b>fixed</b>")


def engines(loader):
    # ruleid: template-without-autoescape
    jinja2.Environment(loader=loader)
    # ruleid: template-without-autoescape
    jinja2.Template("{{ a }}")
    # ruleid: template-without-autoescape
    jinja2.Environment(autoescape=False)
    # ok: template-without-autoescape
    jinja2.Environment(autoescape=True)
    # ok: template-without-autoescape
    jinja2.Environment(loader=loader, autoescape=jinja2.select_autoescape())
    # ok: template-without-autoescape
    jinja2.Template("{{ a }}", autoescape=True)


def filters(text):
    # ruleid: html-filtered-by-regex
    re.sub(r"<script.*?>.*?</script>", "", text)
    # ruleid: html-filtered-by-regex
    re.compile("<iframe[^>]*>")
    # ruleid: html-filtered-by-regex
    re.findall(r"<!--.*?-->", text)
    # ok: html-filtered-by-regex
    re.sub(r"\s{2,9}", " ", text)
    # ok: html-filtered-by-regex
    re.match(r"<(\d+)>", text)
    # ok: html-filtered-by-regex
    re.search("description", text)


def sends():
    target = request.args["next"]
    # ruleid: redirect-from-request
    redirect(target)
    # ruleid: redirect-from-request
    redirect(request.args.get("next") or "/")
    # ruleid: redirect-from-request
    HttpResponseRedirect(target)
    # ok: redirect-from-request
    redirect(url_for("home", next=target))
    # ok: redirect-from-request
    redirect("/home")
    # ok: redirect-from-request
    redirect(HOME["docs"])


@app.route("/one")
def one():
    try:
        return json.dumps(1)
    except ValueError as error:
        # ruleid: error-text-to-client
        return str(error)


@app.route("/two")
def two():
    try:
        return json.dumps(2)
    except Exception as error:
        text = f"failed: {error}"
        # ruleid: error-text-to-client
        return jsonify({"error": text}), 500


@app.errorhandler(500)
def three(error):
    # ruleid: error-text-to-client
    return f"failed: {error}", 500


@app.route("/four")
def four():
    try:
        return json.dumps(3)
    except Exception as error:
        app.logger.exception(error)
        # ok: error-text-to-client
        return "failed", 500


@app.route("/five")
def five():
    try:
        return json.dumps(3)
    except ValueError:
        # ok: error-text-to-client
        return jsonify({"error": "no number"}), 400


def six():
    try:
        return json.dumps(3)
    except ValueError as error:
        # ok: error-text-to-client
        return str(error)


def runs(port):
    # ruleid: flask-debug
    app.run(debug=True)
    # ruleid: flask-debug
    app.debug = True
    # ruleid: flask-debug
    bottle.run(port=port, debug=True)
    # ok: flask-debug, binds-all-interfaces
    app.run()
    # ok: flask-debug
    app.debug = False
    # ok: flask-debug, binds-all-interfaces
    app.run(debug=False, host="127.0.0.1")
    # ruleid: binds-all-interfaces
    app.run(host="0.0.0.0")
    # ruleid: binds-all-interfaces
    uvicorn.run(app, host="0.0.0.0")
    # ruleid: binds-all-interfaces
    port.bind(("0.0.0.0", 80))
    # ok: binds-all-interfaces
    port.bind(("127.0.0.1", 80))


@csrf_exempt
# ruleid: csrf-disabled
def pay(request):
    pass


# ruleid: csrf-disabled
app.config["WTF_CSRF_ENABLED"] = False
# ruleid: csrf-disabled
WTF_CSRF_ENABLED = False
# ok: csrf-disabled
app.config["WTF_CSRF_ENABLED"] = True
# ok: csrf-disabled
WTF_CSRF_TIME_LIMIT = 3600


@app.route("/pay", methods=["POST"])
# ok: csrf-disabled
def paid():
    pass


def cookies(response):
    # ruleid: cookie-without-flags
    response.set_cookie("a", "b")
    # ruleid: cookie-without-flags
    response.set_cookie("a", "b", max_age=60)
    # ruleid: cookie-without-flags
    response.set_cookie("a", "b", secure=True)
    # ok: cookie-without-flags, cookie-flags-off
    response.set_cookie("a", "b", secure=True, httponly=True)
    # ok: cookie-without-flags, cookie-flags-off
    response.set_cookie("a", "b", httponly=True, samesite="Lax", secure=True)
    # ok: cookie-without-flags, cookie-flags-off
    response.delete_cookie("a")
    # ruleid: cookie-flags-off, cookie-without-flags
    response.set_cookie("a", "b", secure=False)
    # ruleid: cookie-flags-off
    app.config["SESSION_COOKIE_SECURE"] = False
    # ruleid: cookie-flags-off
    app.config["SESSION_COOKIE_HTTPONLY"] = False


def origins(response):
    # ruleid: cors-wildcard-with-credentials, cors-wildcard
    flask_cors.CORS(app, origins="*", supports_credentials=True)
    # ruleid: cors-wildcard-with-credentials
    flask_cors.CORS(app, supports_credentials=True)
    # ruleid: cors-wildcard-with-credentials
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
    # ok: cors-wildcard-with-credentials, cors-wildcard
    flask_cors.CORS(app, origins=["https://example.org"], supports_credentials=True)
    # ok: cors-wildcard-with-credentials, cors-wildcard
    app.add_middleware(CORSMiddleware, allow_origins=["https://example.org"], allow_credentials=True)
    # ok: cors-wildcard-with-credentials, cors-wildcard
    flask_cors.CORS(app, origins="https://example.org")
    # ruleid: cors-wildcard
    response.headers["Access-Control-Allow-Origin"] = "*"
    # ruleid: cors-wildcard
    flask_cors.CORS(app, origins="*")
    # ruleid: cors-origin-reflected
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin")
    origin = request.headers["Origin"]
    # ruleid: cors-origin-reflected
    response.headers.add("Access-Control-Allow-Origin", origin)
    # ruleid: cors-origin-reflected
    response["Access-Control-Allow-Origin"] = origin
    # ok: cors-origin-reflected
    response.headers["Vary"] = "Origin"
    # ok: cors-origin-reflected
    response.headers["Access-Control-Allow-Origin"] = "https://example.org"
    if origin in ALLOWED_ORIGINS:
        # ok: cors-origin-reflected
        response.headers["Access-Control-Allow-Origin"] = origin


ALLOWED_ORIGINS = ("https://example.org", "https://example.net")


def addresses():
    # ruleid: forwarded-for-trusted
    a = request.headers.get("X-Forwarded-For")
    # ruleid: forwarded-for-trusted
    b = request.headers["X-Real-IP"]
    # ruleid: forwarded-for-trusted
    c = request.META.get("HTTP_X_FORWARDED_FOR")
    # ok: forwarded-for-trusted
    d = request.remote_addr
    # ok: forwarded-for-trusted
    e = request.headers.get("Accept")
    # ok: forwarded-for-trusted
    f = request.META.get("REMOTE_ADDR")
    # ruleid: address-from-header-decides
    if a == "10.0.0.1":
        pass
    first = b.split(",")[0]
    # ruleid: address-from-header-decides
    if first.startswith("10."):
        pass
    # ruleid: address-from-header-decides
    if c not in ("10.0.0.1", "10.0.0.2"):
        pass
    # ok: address-from-header-decides
    if d == "10.0.0.1":
        pass
    # ok: address-from-header-decides
    if e == "text/html":
        pass
    # ok: address-from-header-decides
    print(a, c, f)


def calls(client):
    address = request.args["url"]
    # ruleid: request-to-address-from-request
    requests.get(address, timeout=3)
    # ruleid: request-to-address-from-request
    urllib.request.urlopen(f"https://{address}/")
    # ruleid: request-to-address-from-request
    client.get("https://example.org/" + address)
    # ok: request-to-address-from-request
    requests.get("https://example.org", params={"q": 1}, timeout=3)
    # ok: request-to-address-from-request
    httpx.get(f"https://example.org/{int(address)}")
    if address in HOME_ALLOWED:
        # ok: request-to-address-from-request
        requests.get(address, timeout=3)


HOME_ALLOWED = set(HOME)


def uploads(storage):
    upload = request.files["file"]
    # ruleid: upload-saved-under-its-own-name, upload-of-any-type
    upload.save("/srv/" + upload.filename)
    name = upload.filename
    # ruleid: upload-saved-under-its-own-name, upload-of-any-type
    upload.save(os.path.join("/srv", name))


def uploads_anywhere():
    picture = request.files["picture"]
    # ruleid: upload-saved-under-its-own-name, upload-of-any-type
    picture.save(picture.filename)
    # ok: upload-saved-under-its-own-name
    print(picture.filename)


def uploads_checked():
    upload = request.files["file"]
    if upload.filename.endswith(".png"):
        # ok: upload-saved-under-its-own-name, upload-of-any-type
        upload.save("/srv/" + secure_filename(upload.filename))


def uploads_listed():
    upload = request.files["file"]
    suffix = os.path.splitext(upload.filename)[1]
    if suffix not in (".png", ".jpg"):
        return None
    # ok: upload-saved-under-its-own-name, upload-of-any-type
    upload.save("/srv/picture" + suffix)


def uploads_counted(storage):
    upload = storage.files
    # ok: upload-of-any-type
    upload.save("/srv/1")


def hosts(url, host, text):
    # ruleid: host-checked-by-part
    if "example.com" in url:
        pass
    # ruleid: host-checked-by-part
    if url.startswith("https://example.com"):
        pass
    # ruleid: host-checked-by-part
    if host.endswith("example.com"):
        pass
    # ok: host-checked-by-part
    if host.endswith(".example.com"):
        pass
    # ok: host-checked-by-part
    if url.startswith("https://example.com/"):
        pass
    # ok: host-checked-by-part
    if "example" in text:
        pass
    # ruleid: host-checked-by-loose-regex
    re.match(r"^https://www.example.com/", url)
    # ruleid: host-checked-by-loose-regex
    re.compile("^(www|api).example.com$")
    # ruleid: host-checked-by-loose-regex
    re.search("https?://example.org", url)
    # ok: host-checked-by-loose-regex
    re.match(r"^https://www\.example\.com/", url)
    # ok: host-checked-by-loose-regex
    re.compile(r"^\w+$")
    # ok: host-checked-by-loose-regex
    re.search("a.b", url)


def characters(text):
    # ruleid: unicode-normalised-after-check
    unicodedata.normalize("NFKC", request.args["q"])
    name = html.escape(request.form["name"])
    # ruleid: unicode-normalised-after-check
    unicodedata.normalize("NFKD", name)
    # ruleid: unicode-normalised-after-check
    unicodedata.normalize("NFC", name.strip())
    # ok: unicode-normalised-after-check
    unicodedata.normalize("NFC", text)
    # ok: unicode-normalised-after-check
    unicodedata.normalize("NFC", "text")
    # ok: unicode-normalised-after-check
    unicodedata.name(name)


@app.route("/env")
def environment():
    # ruleid: environment-sent-to-client
    return dict(os.environ)


@app.route("/env2")
def environment_json():
    # ruleid: environment-sent-to-client
    return jsonify(dict(os.environ))


@app.route("/env3")
def environment_text():
    values = os.environ.copy()
    # ruleid: environment-sent-to-client
    return str(values)


@app.route("/env4")
def environment_one():
    # ok: environment-sent-to-client
    return os.environ["VERSION"]


@app.route("/env5")
def environment_count():
    # ok: environment-sent-to-client
    return str(len(os.environ))


def environment_apart():
    # ok: environment-sent-to-client
    return dict(os.environ)


def callbacks():
    # ruleid: javascript-callback-from-request, response-from-request
    make_response(request.args.get("callback") + "({})")
    name = request.args["callback"]
    # ruleid: javascript-callback-from-request, response-from-request
    make_response(f"{name}(1)")
    # ruleid: javascript-callback-from-request, response-from-request
    HttpResponse(name + "(1)")
    # ok: javascript-callback-from-request
    make_response("done(1)")
    # ok: javascript-callback-from-request
    print(name)
    # ok: javascript-callback-from-request
    jsonify({"name": name})


INSTALLED_APPS = ["app"]
# ruleid: django-debug
DEBUG = True
# ok: django-debug
DEBUG = False
# ok: django-debug
DEBUG = os.environ.get("DEBUG") == "1"
# ok: django-debug
TEMPLATE_DEBUG = True
# ruleid: django-debug
DEBUG = True
# ruleid: django-allowed-hosts-any
ALLOWED_HOSTS = ["*"]
# ok: django-allowed-hosts-any
ALLOWED_HOSTS = ["example.org"]
# ok: django-allowed-hosts-any
ALLOWED_HOSTS = []
# ok: django-allowed-hosts-any
HOSTS = ["*"]


class Development:
    # ruleid: django-allowed-hosts-any
    ALLOWED_HOSTS = ["*"]
    # ruleid: django-debug
    DEBUG = True


def configure():
    # ruleid: django-allowed-hosts-any
    ALLOWED_HOSTS = ["*"]
    return ALLOWED_HOSTS
