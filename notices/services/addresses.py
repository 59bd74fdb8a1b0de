"""Where we may be sent to by somebody who is signed in: out into the world, and never into the operator's own network.

A name is looked up once and the request goes to the address that was found, so that a second answer of the name
cannot lead elsewhere (DNS rebinding). No redirect is followed. The operator may allow private addresses.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

LONGEST = 2_000
PORTS = (80, 443, 8080, 8443)
"""Without the operator's word no other is asked: a mail server or a database is no webhook."""
WORLD = ipaddress.IPv6Network("2000::/3")
"""All that has been given out of IPv6. What lies beside it is private, of the past (fec0::) or leads back into IPv4."""
NOWHERE = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "3fff::/20")))
"""Relays of the past, and a net for books, which Python 3.11 does not know as such."""


class AddressRefused(ValueError):
    """The message says what is wrong with the address, for the person who entered it."""


@dataclass(frozen=True, slots=True)
class Target:
    """host: the name to be told to the other side. ip: where the connection goes."""

    url: str
    host: str
    port: int
    ip: str


def check_url(url: str) -> str:
    """The URL as it may be stored; nobody is asked. Raises AddressRefused."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise AddressRefused("This is not an address. Write e.g. https://example.org/hooks/enishi") from None
    schemes = ("https", "http") if settings.NOTICES_ALLOW_PRIVATE else ("https",)
    if parts.scheme not in schemes or not parts.hostname or len(url) > LONGEST:
        raise AddressRefused("Write an address that begins with https://, e.g. https://example.org/hooks/enishi")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("Leave name and password out of the address; the signature says who we are.")
    if any(not " " < sign < "\x7f" or sign == "\\" for sign in url.strip()):
        raise AddressRefused("The address holds a sign that cannot be in one. Copy it from your browser's address bar.")
    if port is not None and port not in PORTS and not settings.NOTICES_ALLOW_PRIVATE:
        raise AddressRefused(f"This port is not allowed; one of {', '.join(map(str, PORTS))} is.")
    return url.strip()


def find_target(url: str) -> Target:
    """Looks the name up. Raises AddressRefused where it leads into a private network, or nowhere."""
    parts = urlsplit(check_url(url))
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        raise AddressRefused("This name leads nowhere.") from None
    addresses = [str(each[4][0]) for each in found]
    # One private address among public ones is enough to refuse: which one is used is not for the name to decide.
    if not addresses or not all(map(may_be_asked, addresses)):
        raise AddressRefused("This address is in a private network.")
    return Target(url, host, port, addresses[0])


def may_be_asked(address: str) -> bool:
    """False for everything that is not plainly out in the world."""
    if settings.NOTICES_ALLOW_PRIVATE:
        return True
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            found = inner
        elif found not in WORLD:
            return False
    is_odd = found.is_multicast or found.is_reserved or found.is_loopback or any(found in net for net in NOWHERE)
    return found.is_global and not is_odd
