"""Channels and notices of one person. Every function takes the person; "not found" is DoesNotExist."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import QuerySet

from notices.models import Channel, Notice

if TYPE_CHECKING:
    from accounts.models import User


def channels_for_user(user: User) -> QuerySet[Channel]:
    """The oldest first."""
    return Channel.objects.filter(user=user).order_by("created_at", "pk")


def channel_for_user(user: User, channel_id: UUID) -> Channel:
    """Raises Channel.DoesNotExist."""
    return Channel.objects.get(user=user, pk=channel_id)


def notices_for_user(user: User) -> QuerySet[Notice]:
    """The latest first."""
    return Notice.objects.filter(user=user).select_related("channel").order_by("-created_at")
