"""How a notice reaches each kind of channel. Every way raises NotDelivered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail

from notices.models import Notice, Way
from notices.services import chats, webhooks
from notices.services.webhooks import NotDelivered


def by_mail(notice: Notice) -> None:
    subject = f"[{settings.SITE_NAME}] {notice.subject}"
    why = f"{settings.SITE_URL}/account/notifications/ says what you are told of.\n"
    try:
        send_mail(subject, f"{notice.text}\n{settings.SITE_NAME}\n{why}", None, [notice.user.email])
    except (OSError, SMTPException) as error:
        raise NotDelivered(f"The mail could not be sent ({type(error).__name__}).") from error


def by_webhook(notice: Notice) -> None:
    channel = notice.channel
    if channel.address is None or channel.secret is None:
        raise NotDelivered("The channel has no address.", is_final=True)
    payload = {
        "id": str(notice.pk),
        "event": notice.event,
        "created_at": notice.created_at.isoformat(),
        "subject": notice.subject,
        "text": notice.text,
        "data": notice.data,
    }
    webhooks.post(channel.address.reveal(), secret=channel.secret, payload=payload)


def by_service(notice: Notice) -> None:
    if notice.channel.address is None:
        raise NotDelivered("The channel has no address.", is_final=True)
    chats.send(notice.channel.address, subject=notice.subject, text=notice.text)


WAYS: Mapping[Way, Callable[[Notice], None]] = {
    Way.EMAIL: by_mail,
    Way.WEBHOOK: by_webhook,
    Way.SERVICE: by_service,
}
