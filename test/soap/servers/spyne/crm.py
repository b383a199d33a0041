"""A CRM service on spyne: SOAP 1.1 at /crm, SOAP 1.2 at /crm12, both with the types of two namespaces.

Prints the port that it was given, and ends with its standard input.
"""

import logging
import os
import sys
import threading
from datetime import date, datetime, timezone
from decimal import Decimal as Number
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

if sys.version_info >= (3, 12):
    # The copy of six inside spyne 2.14 does not know the importer of this Python.
    import six

    sys.modules["spyne.util.six"] = six
    for name in ("", ".collections_abc", ".http_cookies", ".urllib", ".urllib.parse", ".urllib.request"):
        __import__("six.moves" + name)
        sys.modules["spyne.util.six.moves" + name] = sys.modules["six.moves" + name]

from spyne import (
    Application,
    Array,
    Boolean,
    ByteArray,
    ComplexModel,
    Date,
    DateTime,
    Decimal,
    Enum,
    Fault,
    Integer,
    ServiceBase,
    Unicode,
    XmlAttribute,
    rpc,
)
from spyne.protocol.soap import Soap11, Soap12
from spyne.server.wsgi import WsgiApplication
from spyne.util.wsgi_wrapper import WsgiMounter

SERVICE = "urn:example:crm"
TYPES = "urn:example:crm:types"

Rating = Enum("gold", "silver", "bronze", type_name="Rating")
Rating.__namespace__ = TYPES


class Address(ComplexModel):
    __namespace__ = TYPES
    _type_info = [
        ("kind", XmlAttribute(Unicode, use="required")),
        ("street", Unicode(min_occurs=1)),
        ("city", Unicode(min_occurs=1, nillable=False)),
        ("country", Unicode(pattern="[A-Z]{2}", min_occurs=0, nillable=False)),
    ]


class Contact(ComplexModel):
    """One of two: an address to write to, or a number to call."""

    __namespace__ = TYPES
    _type_info = [
        ("email", Unicode(xml_choice_group="way", nillable=False)),
        ("phone", Unicode(xml_choice_group="way", nillable=False)),
    ]


class Partner(ComplexModel):
    __namespace__ = TYPES
    _type_info = [
        ("id", XmlAttribute(Integer, use="required")),
        ("revision", XmlAttribute(Unicode)),
        ("name", Unicode(min_occurs=1, nillable=False)),
        ("remark", Unicode(min_occurs=1, nillable=True)),
        ("motto", Unicode(min_occurs=0, nillable=False)),
        ("rating", Rating.customize(min_occurs=0, nillable=False)),
        ("active", Boolean(min_occurs=1, nillable=False)),
        ("account", Integer(min_occurs=0, nillable=False)),
        ("balance", Decimal(min_occurs=0, nillable=False)),
        ("since", Date(min_occurs=0, nillable=False)),
        ("seen", DateTime(min_occurs=0, nillable=False)),
        ("logo", ByteArray(min_occurs=0, nillable=False)),
        ("address", Address.customize(max_occurs="unbounded", min_occurs=0, nillable=False)),
        ("contact", Contact.customize(min_occurs=0, nillable=False)),
    ]


class PartnerNotFound(Fault):
    __namespace__ = SERVICE
    # Optional, because spyne writes members that are required a second time, beside the detail.
    _type_info = [
        ("id", Integer(min_occurs=0, nillable=False)),
        ("hint", Unicode(min_occurs=0, nillable=False)),
    ]

    def __init__(self, partner):
        names = ["{%s}%s" % (SERVICE, name) for name in ("PartnerNotFound", "id", "hint")]
        detail = {names[0]: {names[1]: str(partner), names[2]: "ask for 7"}}
        super().__init__("Client", "no partner %s in crm-db-7.internal" % partner, detail=detail)


ACME = Partner(
    id=7,
    revision="r1",
    name="Acme Ümläut 東京 🚀 & <Söhne>",
    remark=None,
    motto="",
    rating=Rating.gold,
    active=True,
    account=1234567890123456789012345678901234567890,
    balance=Number("1234567890123456789.0123456789"),
    since=date(2001, 2, 28),
    seen=datetime(2026, 10, 31, 23, 59, 59, tzinfo=timezone.utc),
    logo=[b"\x00\x01\xfe\xff"],
    address=[Address(kind="main", street="1 Long Street", city="Zürich", country="CH")],
    contact=Contact(phone="+41 44 000 00 00"),
)
GLOBEX = Partner(id=8, name="Globex", remark="pays late", active=False, contact=Contact(email="ap@globex.example"))
PARTNERS = {7: ACME, 8: GLOBEX}


class Crm(ServiceBase):
    @rpc(
        Integer(min_occurs=1, nillable=False),
        _returns=Partner.customize(min_occurs=1, nillable=False),
        _out_variable_name="partner",
        _throws=[PartnerNotFound],
    )
    def GetPartner(ctx, id):
        if id == 13:
            raise Fault("Server", "Traceback (most recent call last): crm.py line 42, host crm-db-7.internal")
        if id == 14:
            raise RuntimeError("password of crm-db-7.internal is hunter2")
        if id not in PARTNERS:
            raise PartnerNotFound(id)
        return PARTNERS[id]

    @rpc(
        Rating.customize(min_occurs=0, nillable=False),
        Integer(min_occurs=0, nillable=False),
        _returns=Partner.customize(max_occurs="unbounded", min_occurs=0, nillable=False),
        _out_variable_name="partner",
    )
    def ListPartners(ctx, rating, limit):
        found = [partner for partner in PARTNERS.values() if rating is None or partner.rating == rating]
        return found[: int(limit)] if limit is not None else found

    @rpc(
        Partner.customize(min_occurs=1, nillable=False),
        _returns=Partner.customize(min_occurs=1, nillable=False),
        _out_variable_name="partner",
    )
    def CreatePartner(ctx, partner):
        return partner

    @rpc(Array(Unicode, wrapped=True).customize(min_occurs=0), _returns=Integer, _out_variable_name="count")
    def CountTags(ctx, tags):
        return len(tags or [])

    @rpc(_returns=Unicode, _out_variable_name="version")
    def Ping(ctx):
        return "spyne"


def application(protocol):
    rules = {"in_protocol": protocol(validator="lxml"), "out_protocol": protocol()}
    return WsgiApplication(Application([Crm], tns=SERVICE, name="Crm", **rules))


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def main():
    logging.disable(logging.CRITICAL)
    mounts = WsgiMounter({"crm": application(Soap11), "crm12": application(Soap12)})
    with make_server("127.0.0.1", 0, mounts, server_class=Server, handler_class=Quiet) as server:
        print(server.server_port, flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        os._exit(0)


main()
