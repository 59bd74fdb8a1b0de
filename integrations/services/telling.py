"""Mails about a connection. Sent after the commit, once, and never in the way of what they tell about."""

from __future__ import annotations

import logging
from functools import partial
from smtplib import SMTPException
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from integrations.models import Connection

log = logging.getLogger(__name__)


def tell_person(connection: Connection, *, subject: str, text: str) -> None:
    """A plain mail to the connection's owner, when the present transaction has committed."""
    body = f"{text}\n\n{settings.SITE_URL}/connections/\n\n{settings.SITE_NAME}\n"
    subject = f"[{settings.SITE_NAME}] {subject}"
    send = partial(_send, connection.pk, address=connection.user.email, subject=subject, body=body)
    transaction.on_commit(send)


def _send(connection_id: UUID, *, address: str, subject: str, body: str) -> None:
    try:
        send_mail(subject, body, None, [address])
    except (OSError, SMTPException) as error:
        # The message stands on the connection's page too; the address stays out of the log.
        log.warning("no mail about connection %s: %s", connection_id, type(error).__name__)
