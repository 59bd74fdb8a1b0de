"""Delivering what waits: at least once, later again where it did not arrive, and not for ever.

A notice is taken by moving its due time ahead, in one statement, before anything is sent: of two workers one gets it,
and one whose worker dies is tried again when that time is over.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import timedelta
from time import monotonic
from traceback import format_tb
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone

from integrations.crypto import DecryptionError
from notices.models import Channel, Notice, NoticeState, Way
from notices.services.nudging import nudge
from notices.services.turns import take_turn
from notices.services.ways import WAYS
from notices.services.webhooks import NotDelivered

log = logging.getLogger(__name__)

AGAIN = (timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))
"""After each failure in turn; after the last it is given up."""
HELD = timedelta(minutes=2)
"""Longer than one delivery may take."""
TURN_SECONDS = 40.0
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
    except Exception as error:  # noqa: BLE001 (whatever it was, it is logged, and the others are sent)
        # Ours, and no reason to keep back what others wait for. Told by where, not by its message: that may quote an
        # address, which is as good as a key.
        where = "".join(format_tb(error.__traceback__))
        log.error("notice %s could not be delivered: %s\n%s", notice.pk, type(error).__name__, where)
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
