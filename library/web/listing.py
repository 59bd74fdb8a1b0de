"""A person's list as the library page shows it: chosen by kind, status and text, by title."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts.models import User
from library.entry import Kind, Status
from library.models import ListEntry
from library.queries import entries_for_user

MAX_SEARCH = 100
"""Characters of a search that are looked at."""


def find_entries(user: User, *, kind: str = "", status: str = "", text: str = "") -> QuerySet[ListEntry]:
    """Present entries by title. An unknown kind or status filters nothing; `text` is looked for in all titles."""
    rows = entries_for_user(user)
    if kind in tuple(Kind):
        rows = rows.filter(media__kind=kind)
    if status in tuple(Status):
        rows = rows.filter(status=status)
    # NUL is refused by PostgreSQL's text type, and no title holds one.
    text = text.replace("\x00", "").strip()[:MAX_SEARCH]
    if text:
        rows = rows.alias(all_titles=Cast("media__titles", TextField()))
        rows = rows.filter(Q(media__title__icontains=text) | Q(all_titles__icontains=text))
    return rows.order_by("media__title", "media_id")


def count_entries(user: User) -> dict[str, int]:
    """{"anime": 312, "manga": 40}: present entries by kind, every kind named. One query."""
    rows = entries_for_user(user).order_by().values("media__kind").annotate(count=Count("id"))
    found = {row["media__kind"]: row["count"] for row in rows}
    return {str(kind): found.get(str(kind), 0) for kind in Kind}
