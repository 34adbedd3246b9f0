# Cases for rules: Semgrep reads the comments; nothing here is run.
import xml.etree.ElementTree as ET
import xml.sax
from xml.dom import minidom

import defusedxml.ElementTree
import lxml.etree
import xmltodict
from flask import request


def external_text():
    # ruleid: xml-with-external-entities
    return lxml.etree.fromstring(request.data)


def external_upload():
    upload = request.files["feed"]
    # ruleid: xml-with-external-entities
    tree = lxml.etree.parse(upload)
    return len(tree.getroot())


def external_sax(handler):
    text = request.get_data()
    # ruleid: xml-with-external-entities
    xml.sax.parseString(text, handler)


def external_constant():
    # ok: xml-with-external-entities
    return lxml.etree.fromstring("<a/>")


def external_number():
    # ok: xml-with-external-entities
    return lxml.etree.fromstring(int(request.args["n"]))


def external_defused():
    # ok: xml-with-external-entities, xml-with-internal-entities
    return defusedxml.ElementTree.fromstring(request.data)


def internal_text():
    # ruleid: xml-with-internal-entities
    return ET.fromstring(request.form["doc"])


def internal_dom():
    # ruleid: xml-with-internal-entities
    return minidom.parseString(request.data)


def internal_dict():
    body = request.get_data().decode()
    # ruleid: xml-with-internal-entities
    return xmltodict.parse(body)


def internal_file():
    # ok: xml-with-internal-entities
    return ET.parse("menu.xml")


def internal_made(rows):
    # ok: xml-with-internal-entities
    return ET.tostring(ET.Element("rows", count=str(len(rows))))


def opened(source, parser):
    # ruleid: xml-parser-opened-up
    lxml.etree.XMLParser(resolve_entities=True)
    # ruleid: xml-parser-opened-up
    lxml.etree.XMLParser(no_network=False, huge_tree=True)
    # ruleid: xml-parser-opened-up
    parser.setFeature(xml.sax.handler.feature_external_ges, True)


def closed(source, parser):
    # ok: xml-parser-opened-up
    lxml.etree.XMLParser(resolve_entities=False)
    # ok: xml-parser-opened-up
    lxml.etree.XMLParser(remove_blank_text=True)
    # ok: xml-parser-opened-up
    parser.setFeature(xml.sax.handler.feature_external_ges, False)
