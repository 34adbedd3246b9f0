# Cases for rules: Semgrep reads the comments; nothing here is run.
import ast
import asyncio
import csv
import importlib
import json
import logging
import os
import shlex
import subprocess
import sys
import unicodedata

import jinja2
import ldap
import ldap.filter
import lxml.etree
import pandas
from flask import Flask, render_template, render_template_string, request

app = Flask(__name__)
logger = logging.getLogger(__name__)


@app.route("/ping/<host>")
def ping(host):
    # ruleid: shell-command-from-request, shell-command-built
    os.system("ping " + host)
    # ruleid: shell-command-from-request, shell-command-built
    subprocess.run(f"ping {request.args['host']}", shell=True)
    # ruleid: shell-command-from-request
    subprocess.check_output(request.form["command"])
    # ok: shell-command-from-request
    subprocess.run(["ping", "-c", "1", host])
    # ok: shell-command-from-request, shell-command-built
    os.system("ping " + shlex.quote(host))
    # ok: shell-command-from-request
    os.system("date")


def typed(folder):
    # ruleid: shell-command-from-user, shell-command-built
    os.system("ls " + sys.argv[1])
    # ruleid: shell-command-from-user
    subprocess.run(input("command? "), shell=True)
    # ruleid: shell-command-from-user
    os.popen(os.environ["PAGER"])
    # ok: shell-command-from-user
    subprocess.run(["ls", sys.argv[1]])
    # ok: shell-command-from-user, shell-command-built
    os.system("ls " + shlex.quote(sys.argv[1]))
    # ok: shell-command-from-user, shell-command-built
    os.system("ls -l")
    # ruleid: shell-command-built
    os.system("ls %s" % folder)
    # ruleid: shell-command-built
    subprocess.call("ls {}".format(folder), shell=True)
    # ruleid: shell-command-built
    asyncio.create_subprocess_shell(f"ls {folder}")
    # ok: shell-command-built
    subprocess.run(f"ls{folder}")


def queries(cursor, db, name):
    asked = request.args.get("name")
    # ruleid: sql-from-request, sql-built-from-parts
    cursor.execute(f"SELECT * FROM users WHERE name = '{asked}'")
    # ruleid: sql-from-request, sql-built-from-parts
    cursor.execute("SELECT * FROM users WHERE name = '" + asked + "'")
    # ruleid: sql-from-request
    db.execute(asked)
    # ok: sql-from-request, sql-built-from-parts
    cursor.execute("SELECT * FROM users WHERE name = ?", (asked,))
    # ok: sql-from-request
    cursor.execute("SELECT * FROM users WHERE id = %d" % int(request.args["id"]))
    if asked in ("name", "size"):
        # ok: sql-from-request
        cursor.execute("SELECT * FROM users ORDER BY " + asked)
    # ruleid: sql-built-from-parts
    cursor.execute("SELECT * FROM users WHERE name = '%s'" % name)
    # ruleid: sql-built-from-parts
    pandas.read_sql("DELETE FROM users WHERE name = '{}'".format(name), db)
    statement = f"UPDATE users SET name = '{name}'"
    # ruleid: sql-built-from-parts
    cursor.execute(statement)
    # ok: sql-built-from-parts
    cursor.execute(f"SELECT * FROM {name} WHERE id = ?", (1,))
    marks = ", ".join("?" * 3)
    # ok: sql-built-from-parts
    cursor.execute(f"SELECT * FROM users WHERE id IN ({marks})", (1, 2, 3))


def documents(users):
    # ruleid: nosql-filter-from-request
    users.find_one(request.get_json())
    wanted = request.json
    # ruleid: nosql-filter-from-request
    users.delete_many(wanted)
    # ruleid: nosql-filter-from-request
    users.find_one({"name": wanted["name"]})
    # ok: nosql-filter-from-request
    users.find_one({"name": str(wanted["name"])})
    # ok: nosql-filter-from-request
    users.find_one({"name": "a"})
    # ok: nosql-filter-from-request
    users.insert_one(wanted)


def directory(connection):
    name = request.args["name"]
    # ruleid: ldap-filter-from-request
    connection.search_s("dc=example", ldap.SCOPE_SUBTREE, f"(uid={name})")
    # ruleid: ldap-filter-from-request
    connection.search("dc=" + name, "(uid=a)")
    # ruleid: ldap-filter-from-request
    connection.search_ext_s("dc=example", ldap.SCOPE_SUBTREE, "(cn=%s)" % name)
    # ok: ldap-filter-from-request
    connection.search_s("dc=example", ldap.SCOPE_SUBTREE, f"(uid={ldap.filter.escape_filter_chars(name)})")
    # ok: ldap-filter-from-request
    connection.search_s("dc=example", ldap.SCOPE_SUBTREE, "(uid=a)")
    # ok: ldap-filter-from-request
    connection.search_s("dc=example", ldap.SCOPE_SUBTREE, f"(uid={int(name)})")


def codes(client):
    # ruleid: code-from-request
    eval(request.args["sum"])
    text = request.form["text"]
    # ruleid: code-from-request
    exec(text[1:-1])
    # ruleid: code-from-request
    importlib.import_module(text)
    # ok: code-from-request
    ast.literal_eval(text)
    # ok: code-from-request
    eval("1 + 1")
    # ok: code-from-request
    eval(str(int(text)))
    answer = client.chat.completions.create(model="m", messages=[])
    # ruleid: code-from-model
    exec(answer.choices[0].message.content)
    # ruleid: code-from-model
    eval(client.messages.create(model="m").content[0].text)
    reply = client.responses.create(model="m", input="x").output_text
    # ruleid: code-from-model
    os.system(reply)
    # ok: code-from-model
    json.loads(reply)
    # ok: code-from-model
    eval(str(json.loads(reply)))
    # ok: code-from-model
    print(reply)


def templates():
    name = request.args["name"]
    # ruleid: template-from-request
    render_template_string("Hello " + name)
    # ruleid: template-from-request
    jinja2.Template(name)
    # ruleid: template-from-request
    jinja2.Environment(autoescape=True).from_string(f"<b>{name}</b>")
    # ok: template-from-request
    render_template_string("Hello {{ name }}", name=name)
    # ok: template-from-request
    render_template("page.html", name=name)
    # ok: template-from-request
    jinja2.Template("Hello {{ name }}", autoescape=True).render(name=name)


def paths(tree, root, name):
    wanted = request.args["name"]
    # ruleid: xpath-from-request, xpath-built-from-parts
    tree.xpath("//user[@name='" + wanted + "']")
    # ruleid: xpath-from-request
    root.findall(wanted)
    # ruleid: xpath-from-request
    lxml.etree.XPath(wanted)
    # ok: xpath-from-request, xpath-built-from-parts
    tree.xpath("//user[@name=$name]", name=wanted)
    # ok: xpath-from-request
    root.findall("user")
    # ok: xpath-from-request, xpath-built-from-parts
    wanted.find("x")
    # ruleid: xpath-built-from-parts
    tree.xpath(f"//user[@name='{name}']")
    # ruleid: xpath-built-from-parts
    tree.xpath("//user[@name='%s']" % name)
    # ruleid: xpath-built-from-parts
    lxml.etree.XPath("//user[@name='{}']".format(name))
    # ok: xpath-built-from-parts
    tree.xpath("//user")


def sheets(tree):
    # ruleid: xslt-from-request
    lxml.etree.XSLT(lxml.etree.XML(request.data))
    sheet = lxml.etree.fromstring(request.form["sheet"])
    # ruleid: xslt-from-request
    lxml.etree.XSLT(sheet)
    # ruleid: xslt-from-request
    tree.xslt(sheet)
    # ok: xslt-from-request
    lxml.etree.XSLT(lxml.etree.parse("page.xsl"))
    own = lxml.etree.parse("own.xsl")
    # ok: xslt-from-request
    lxml.etree.XSLT(own)
    # ok: xslt-from-request
    tree.xslt(own)


def headers(response):
    language = request.args["language"]
    # ruleid: header-from-request
    response.headers["Content-Language"] = language
    # ruleid: header-from-request
    response.headers.add("X-Language", language)
    # ruleid: header-from-request
    response.set_header("X-Language", request.cookies["language"])
    # ok: header-from-request
    response.headers["Content-Language"] = "de"
    # ok: header-from-request
    response.headers["X-Count"] = str(int(language))
    # ok: header-from-request
    response.set_header("X-Language", "de")


def logs():
    name = request.args["name"]
    # ruleid: log-from-request
    logger.info("login of " + name)
    # ruleid: log-from-request
    logging.warning(f"no such user: {name}")
    # ruleid: log-from-request
    logger.error("no such user: %s" % name)
    # ruleid: log-from-request
    logger.info("login of %s", name)
    # ok: log-from-request
    logger.info("login")
    # ok: log-from-request
    logger.info(name.replace("\n", ""))
    # ok: log-from-request
    logger.info("page " + str(int(name)))


def sheets_of_cells(sink):
    writer = csv.writer(sink)
    # ruleid: csv-cell-from-request
    writer.writerow([request.form["name"], 1])
    name = request.form["name"]
    # ruleid: csv-cell-from-request
    writer.writerow(["name", name])
    # ruleid: csv-cell-from-request
    writer.writerows([[name]])
    # ok: csv-cell-from-request
    writer.writerow(["a", 1])
    # ok: csv-cell-from-request
    writer.writerow([int(name)])
    # ok: csv-cell-from-request
    print(name)


def variables(thing):
    # ruleid: variable-set-from-request
    setattr(thing, request.args["name"], 1)
    name = request.args["name"]
    # ruleid: variable-set-from-request
    globals()[name] = 1
    # ruleid: variable-set-from-request
    os.environ["LANG"] = name
    # ok: variable-set-from-request
    setattr(thing, "name", name)
    # ok: variable-set-from-request
    os.environ["LANG"] = "C"
    if name in ("a", "b"):
        # ok: variable-set-from-request
        setattr(thing, name, 1)
    return unicodedata
