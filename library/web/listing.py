"""A person's list as the library page shows it: chosen by kind, status and text, by title."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.models import User
from library.entry import Kind, Status
from library.models import ListEntry
from library.queries import count_entries, entries_for_user, with_text

__all__ = ["count_entries", "find_entries"]

MAX_SEARCH = 100
"""Characters of a search that are looked at."""


def find_entries(user: User, *, kind: str = "", status: str = "", text: str = "") -> QuerySet[ListEntry]:
    """Present entries by title. An unknown kind or status filters nothing; `text` is looked for in all titles."""
    rows = entries_for_user(user)
    if kind in tuple(Kind):
        rows = rows.filter(media__kind=kind)
    if status in tuple(Status):
        rows = rows.filter(status=status)
    rows = with_text(rows, text[:MAX_SEARCH], prefix="media__")
    return rows.order_by("media__title", "media_id")
