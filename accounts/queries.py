"""Reading what belongs to a person's account."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import AccessKey, User


def keys_for_user(user: User) -> QuerySet[AccessKey]:
    """Newest first."""
    return AccessKey.objects.filter(user=user).order_by("-created_at", "id")
