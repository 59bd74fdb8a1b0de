"""Putting down what is to be told: one row for each channel that wants to hear of it, with what it tells of.

Written inside the transaction of the event, so that neither is there without the other. The same thing is told once:
its key says what it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from notices.events import ALWAYS_MAILED, Event
from notices.models import Channel, Notice, Way
from notices.services.channels import mail_channel
from notices.services.nudging import nudge
from notices.services.sending import send_these


@dataclass(frozen=True, slots=True)
class Told:
    """key: what it is about. data: for programs; no secret, no note, no title of a list. link: a path here."""

    event: Event
    key: str
    subject: str
    text: str
    link: str = "/"
    data: Mapping[str, Any] = field(default_factory=dict)


def tell(user_id: UUID, told: Told) -> int:
    """Returns how many channels are told; one that was told of this key is not told again."""
    if told.event in ALWAYS_MAILED:
        # Whoever was made in a way that tells nobody has none yet.
        mail_channel(User.objects.get(pk=user_id))
    channels = [row for row in Channel.objects.filter(user=user_id, is_on=True) if told.event in row.events]
    rows = [_notice(channel, told) for channel in channels]
    before = Notice.objects.filter(channel__in=channels, event=told.event, key=told.key).count()
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    if told.event in ALWAYS_MAILED:
        # Seldom, and what stops a list: not left to a broker that may be away.
        mailed = [row.pk for row in rows if row.channel.way == Way.EMAIL]
        transaction.on_commit(partial(send_these, mailed))
    if rows:
        nudge()
    return len(rows) - before


def _notice(channel: Channel, told: Told) -> Notice:
    url = f"{settings.SITE_URL}{told.link}"
    ending = f"\n\n{url}\n" if channel.way != Way.WEBHOOK else ""
    return Notice(
        user_id=channel.user_id,
        channel=channel,
        event=told.event,
        key=told.key[:128],
        subject=told.subject[:200],
        text=f"{told.text}{ending}",
        data={**told.data, "url": url},
    )
