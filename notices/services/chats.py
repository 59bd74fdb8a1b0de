"""Discord, Slack, Telegram and others, through Apprise.

Only services whose host is fixed: an address that names a host of its own could lead into the operator's network.
"""

from __future__ import annotations

import logging

import apprise
from django.conf import settings

from integrations.crypto import Secret
from notices.services.addresses import AddressRefused
from notices.services.webhooks import NotDelivered

FIXED_HOSTS = {
    "discord": "Discord",
    "slack": "Slack",
    "tgram": "Telegram",
    "pover": "Pushover",
    "pbul": "Pushbullet",
    "line": "LINE",
}
"""Scheme of an address → name. With the operator's word for private addresses every one that Apprise knows serves."""
LONGEST = 1_000
MOST_TARGETS = 3
"""Each is a request of its own, with a pause before it at some services."""
# Its own lines quote whole addresses, and those of what it builds on hold tokens at DEBUG.
logging.getLogger("apprise").setLevel(logging.CRITICAL)
logging.getLogger("urllib3").setLevel(logging.WARNING)


def check_address(address: str) -> str:
    """What to show of it, without its secrets. Nobody is asked. Raises AddressRefused."""
    scheme = address.strip().partition("://")[0].lower()
    if len(address) > LONGEST or any(not " " < sign < "\x7f" for sign in address.strip()):
        raise AddressRefused("This is not an address of a service.")
    if scheme not in FIXED_HOSTS and not settings.NOTICES_ALLOW_PRIVATE:
        known = ", ".join(sorted(FIXED_HOSTS))
        raise AddressRefused(f"Write an address that begins with one of these and ://, as Apprise has it: {known}.")
    if "?" in address:
        # Some services take a template there, which is a file of this machine.
        raise AddressRefused("Leave out everything from the question mark on.")
    found = apprise.Apprise.instantiate(address.strip(), suppress_exceptions=True)
    if found is None:
        raise AddressRefused("This address is not complete. The guide to notifications shows how each looks.")
    if len(found) > MOST_TARGETS:
        raise AddressRefused(f"At most {MOST_TARGETS} receivers fit into one address. Add a channel for the others.")
    return FIXED_HOSTS.get(scheme, scheme)


def send(address: Secret, *, subject: str, text: str) -> None:
    """Raises NotDelivered."""
    try:
        # Once more: the operator may have taken a permission back since.
        check_address(address.reveal())
    except AddressRefused as error:
        raise NotDelivered(str(error), is_final=True) from error
    found = apprise.Apprise.instantiate(address.reveal(), suppress_exceptions=True)
    if found is None:
        raise NotDelivered("The address of this service is not understood any more.", is_final=True)
    if not found.notify(title=subject, body=text, notify_type=apprise.NotifyType.INFO):
        raise NotDelivered("The service did not take the message.")
