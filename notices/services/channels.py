"""A person's channels: made, changed, tried, dropped."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from notices import queries
from notices.events import ALWAYS_MAILED, Event
from notices.models import Channel, Way
from notices.services import chats
from notices.services.addresses import check_url

MOST = 10
"""A person, beside their mail."""
LONGEST_NAME = 64


class ChannelRefused(ValueError):
    """field: what is wrong; the message is for a person."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


def mail_channel(user: User) -> Channel:
    """The person's own; made with the person, and told of what everybody should hear."""
    channel, _ = Channel.objects.get_or_create(
        user=user, way=Way.EMAIL, defaults={"events": [str(event) for event in ALWAYS_MAILED]}
    )
    return channel


@sensitive_variables()
def add_channel(user: User, *, way: str, address: str, events: Collection[str], name: str = "") -> tuple[Channel, str]:
    """The channel, and the secret that a webhook is signed with: shown once, "" for others. Raises ChannelRefused."""
    if way == Way.EMAIL:
        raise ChannelRefused("way", "Your e-mail is there already; change what it is told.")
    shown = _shown(way, address)
    secret = secrets.token_urlsafe(32) if way == Way.WEBHOOK else ""
    with transaction.atomic():
        # One row of the person's that all who add take first, so that the count holds.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if Channel.objects.filter(user=user).exclude(way=Way.EMAIL).count() >= MOST:
            raise ChannelRefused("", f"You have {MOST} channels already. Remove one first.")
        channel = Channel(user=user, way=way, name=_name(name), shown=shown, events=_events(events))
        channel.address, channel.secret = address.strip(), secret or None
        channel.save(force_insert=True)
    return channel, secret


@sensitive_variables()
def _shown(way: str, address: str) -> str:
    try:
        if way == Way.WEBHOOK:
            return f"{urlsplit(check_url(address)).scheme}://{urlsplit(address.strip()).netloc}/…"[:255]
        if way == Way.SERVICE:
            return chats.check_address(address)
    except ValueError as error:
        raise ChannelRefused("address", str(error)) from error
    raise ChannelRefused("way", f"Choose one of: {Way.WEBHOOK}, {Way.SERVICE}.")


def change_channel(user: User, *, channel_id: UUID, **values: Any) -> Channel:
    """values: some of events, name, is_on. Switching it on forgets its failures. Raises Channel.DoesNotExist,
    ChannelRefused."""
    with transaction.atomic():
        row = Channel.objects.select_for_update().get(user=user, pk=channel_id)
        if "events" in values:
            row.events = _events(values["events"])
        if "name" in values:
            row.name = _name(values["name"])
        if "is_on" in values:
            row.is_on, row.failures, row.message = bool(values["is_on"]), 0, ""
        row.save(update_fields=["events", "name", "is_on", "failures", "message"])
    return row


def drop_channel(user: User, *, channel_id: UUID) -> None:
    """With what it was told. The e-mail channel stays, told of nothing. Raises Channel.DoesNotExist."""
    row = queries.channel_for_user(user, channel_id)
    if row.way == Way.EMAIL:
        Channel.objects.filter(pk=row.pk).update(events=[])
    else:
        row.delete()


def _events(given: Collection[str]) -> list[str]:
    """In their own order, once each."""
    unknown = [event for event in given if event not in Event.values]
    if unknown:
        raise ChannelRefused("events", f"Choose some of: {', '.join(Event.values)}.")
    return [event for event in Event.values if event in given]


def _name(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:LONGEST_NAME]
