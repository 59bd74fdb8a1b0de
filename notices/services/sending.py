"""Delivering what waits: at least once, later again where it did not arrive, and not for ever.

A notice is taken by moving its due time ahead, in one statement, before anything is sent: of two workers one gets it,
and one whose worker dies is tried again when that time is over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from smtplib import SMTPException
from time import monotonic
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.core.mail import send_mail
from django.db.models import F, QuerySet
from django.utils import timezone
from redis import RedisError

from integrations.crypto import DecryptionError
from notices.models import Channel, Notice, NoticeState, Way
from notices.services import chats, webhooks
from notices.services.nudging import nudge
from notices.services.webhooks import NotDelivered

log = logging.getLogger(__name__)

AGAIN = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""After each failure in turn; after the last it is given up."""
HELD = timedelta(minutes=2)
"""Longer than one delivery may take."""
TURN_SECONDS = 40.0
TURNS = 2
"""At once, of all workers: each holds a thread that syncs need, however many people are told something."""
TURN_KEPT = 90
"""Seconds after which the turn of a worker that died is free again; longer than a turn with its last delivery."""
MOST_FAILURES = 20
"""Notices in a row that did not arrive before a channel is switched off."""


def pass_on_due() -> None:
    """Asks a worker that may wait for the world to deliver what is due, if anything is."""
    if _due().exists():
        nudge()


def send_due() -> int:
    """Delivers what is due, the oldest first, for at most TURN_SECONDS. Returns how many arrived."""
    with take_turn() as mine:
        return _send_all() if mine else 0


def _send_all() -> int:
    ends, sent, failed = monotonic() + TURN_SECONDS, 0, set[UUID]()
    while monotonic() < ends:
        # A channel that failed is left alone until the next turn: others wait behind it.
        notice = _due().exclude(channel__in=failed).order_by("due_at", "pk").only("pk", "channel_id").first()
        if notice is None:
            break
        arrived = send_these([notice.pk])
        sent += arrived
        if not arrived:
            failed.add(notice.channel_id)
    return sent


def send_these(notice_ids: Iterable[UUID]) -> int:
    """Those of them that are due. Returns how many arrived."""
    taken = (_take(notice_id) for notice_id in notice_ids)
    return sum(_deliver(notice) for notice in taken if notice is not None)


@contextmanager
def take_turn() -> Iterator[bool]:
    """Whether this is one of the TURNS that go on at once. While the cache is away everybody's is."""
    key = None
    try:
        keys = (f"notices:turn:{number}" for number in range(TURNS))
        key = next((key for key in keys if cache.add(key, 1, timeout=TURN_KEPT)), None)
        mine = key is not None
    except RedisError:
        mine = True
    try:
        yield mine
    finally:
        if key is not None:
            with suppress(RedisError):
                cache.delete(key)


def _due() -> QuerySet[Notice]:
    return Notice.objects.filter(state=NoticeState.WAITING, due_at__lte=timezone.now())


def _take(notice_id: UUID) -> Notice | None:
    now = timezone.now()
    mine = Notice.objects.filter(pk=notice_id, state=NoticeState.WAITING, due_at__lte=now)
    if mine.update(due_at=now + HELD, tries=F("tries") + 1) != 1:
        return None
    return Notice.objects.select_related("channel", "user").filter(pk=notice_id).first()


def _deliver(notice: Notice) -> bool:
    channel = notice.channel
    if not (channel.is_on and notice.user.is_active):
        _end(notice, NoticeState.FAILED, "The channel is switched off.")
        return False
    try:
        WAYS[Way(channel.way)](notice)
    except NotDelivered as error:
        _failed(notice, error)
        return False
    except DecryptionError:
        log.exception("the address of channel %s does not open", channel.pk)
        _failed(notice, NotDelivered("The address cannot be read any more. Enter it again.", is_final=True))
        return False
    except Exception:
        # Ours, and no reason to keep back what others wait for.
        log.exception("notice %s could not be delivered", notice.pk)
        _failed(notice, NotDelivered("Something went wrong on our side."))
        return False
    _end(notice, NoticeState.SENT, "")
    if channel.failures or channel.message:
        Channel.objects.filter(pk=channel.pk).update(failures=0, message="")
    return True


def _end(notice: Notice, state: NoticeState, message: str) -> None:
    Notice.objects.filter(pk=notice.pk).update(state=state, message=message[:255], ended_at=timezone.now())


def _failed(notice: Notice, error: NotDelivered) -> None:
    log.info("notice %s to a %s did not arrive", notice.pk, notice.channel.way)
    if notice.data.get("trial"):
        # Whoever tries it is there, and can do so again.
        _end(notice, NoticeState.FAILED, error.message)
        Channel.objects.filter(pk=notice.channel_id).update(message=error.message[:255])
    elif error.is_final or notice.tries > len(AGAIN):
        _end(notice, NoticeState.FAILED, error.message)
        _count_failure(notice.channel, error)
    else:
        due_at = timezone.now() + AGAIN[notice.tries - 1]
        Notice.objects.filter(pk=notice.pk).update(due_at=due_at, message=error.message[:255])


def _count_failure(channel: Channel, error: NotDelivered) -> None:
    Channel.objects.filter(pk=channel.pk).update(failures=F("failures") + 1, message=error.message[:255])
    off = Channel.objects.filter(pk=channel.pk, is_on=True)
    if not error.is_final:
        off = off.filter(failures__gte=MOST_FAILURES)
    # Mail has no other way: it stays on.
    off.exclude(way=Way.EMAIL).update(is_on=False)


def _by_mail(notice: Notice) -> None:
    subject = f"[{settings.SITE_NAME}] {notice.subject}"
    why = f"{settings.SITE_URL}/account/notifications/ says what you are told of.\n"
    try:
        send_mail(subject, f"{notice.text}\n{settings.SITE_NAME}\n{why}", None, [notice.user.email])
    except (OSError, SMTPException) as error:
        raise NotDelivered(f"The mail could not be sent ({type(error).__name__}).") from error


def _by_webhook(notice: Notice) -> None:
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


def _by_service(notice: Notice) -> None:
    if notice.channel.address is None:
        raise NotDelivered("The channel has no address.", is_final=True)
    chats.send(notice.channel.address, subject=notice.subject, text=notice.text)


WAYS: Mapping[Way, Callable[[Notice], None]] = {
    Way.EMAIL: _by_mail,
    Way.WEBHOOK: _by_webhook,
    Way.SERVICE: _by_service,
}
