"""A person tries a channel: one notice, at once, whatever it is told of otherwise."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from notices import queries
from notices.events import Event
from notices.models import Notice
from notices.services.nudging import nudge

if TYPE_CHECKING:
    from accounts.models import User


def try_channel(user: User, *, channel_id: uuid.UUID) -> Notice:
    """The notice, waiting; its state says later whether it arrived. Raises Channel.DoesNotExist."""
    channel = queries.channel_for_user(user, channel_id)
    notice = Notice.objects.create(
        user=user,
        channel=channel,
        event=Event.DIGEST,
        key=f"trial:{uuid.uuid4()}",
        subject="This is a trial",
        text="You asked Enishi to try this channel. If you can read this, it works.",
        data={"trial": True},
    )
    nudge()
    return notice
