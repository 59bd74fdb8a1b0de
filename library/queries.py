"""What is on a person's list. Every function takes the person; a row of someone else does not exist."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from library.entry import Kind, Status
from library.models import ListEntry

MAX_SEARCH = 100
"""Characters of a search that are looked at."""


def entries_for_user(user: User, *, kind: str = "", status: str = "", text: str = "") -> QuerySet[ListEntry]:
    """Present entries by title. An unknown kind or status filters nothing; `text` is looked for in all titles."""
    rows = ListEntry.objects.filter(user=user, removed_at=None).select_related("media")
    if kind in tuple(Kind):
        rows = rows.filter(media__kind=kind)
    if status in tuple(Status):
        rows = rows.filter(status=status)
    # NUL is refused by PostgreSQL's text type, and no title holds one.
    text = text.replace("\x00", "").strip()[:MAX_SEARCH]
    if text:
        rows = rows.filter(Q(media__title__icontains=text) | Q(media__titles__icontains=text))
    return rows.order_by("media__title", "media_id")


def entry_for_user(user: User, media_id: int) -> ListEntry:
    """Raises ListEntry.DoesNotExist, also for what was removed."""
    return ListEntry.objects.select_related("media").get(user=user, media_id=media_id, removed_at=None)


def count_entries(user: User) -> dict[str, int]:
    """{"anime": 312, "manga": 40}: present entries by kind, every kind named."""
    rows = ListEntry.objects.filter(user=user, removed_at=None).values("media__kind").annotate(count=Count("id"))
    found = {row["media__kind"]: row["count"] for row in rows.order_by()}
    return {str(kind): found.get(str(kind), 0) for kind in Kind}
