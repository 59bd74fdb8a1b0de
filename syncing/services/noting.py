"""What has no counterpart, written down with its reason for the person to see and to decide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from integrations.models import Connection
from library.entry import Kind
from library.services.catalogue import titles_of
from syncing.models import Unmatched
from syncing.services.matching import Waiting
from syncing.services.routing import Routes

AGAIN = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
"""How long until what was not found is looked for again: a new work, one known for a day, one known for a week."""
OURS = ("fault", "unclear")
"""Reasons that end with a new version of ours: looked at again each day."""
_Place = tuple[str, str, int | None]


def note_unmatched(
    connection: Connection, waiting: Iterable[Waiting], *, unroutable: Iterable[tuple[Kind, int]], routes: Routes
) -> None:
    """The rows of a connection as the last look at both sides has it; what found a counterpart is taken off."""
    now = timezone.now()
    present: dict[_Place, Unmatched] = {
        (row.kind, row.remote_id, row.media_id): row for row in Unmatched.objects.filter(connection=connection)
    }
    wanted: dict[_Place, Waiting] = {(str(each.kind), each.remote_id, each.media_id): each for each in waiting}
    wanted |= {(str(each.kind), "", each.media_id): each for each in _works(unroutable, routes)}
    Unmatched.objects.filter(pk__in=[row.pk for place, row in present.items() if place not in wanted]).delete()
    titles = titles_of({place[2] for place in wanted if place not in present and place[2] is not None})
    fresh = [
        Unmatched(
            user_id=connection.user_id,
            connection=connection,
            kind=place[0],
            remote_id=place[1],
            media_id=place[2],
            title=(each.title or titles.get(place[2] or 0, ""))[:500],
            retry_at=now if each.media_id in routes.left else now + AGAIN[0],
            **_told(each),
        )
        for place, each in wanted.items()
        if place not in present
    ]
    Unmatched.objects.bulk_create(fresh)
    kept = sorted(wanted.keys() & present.keys(), key=lambda place: present[place].pk)
    told = [present[place] for place in kept if _renew(present[place], wanted[place], routes)]
    due = [row for place in kept if (row := present[place]).retry_at <= now and row.media_id not in routes.left]
    for row in due:
        row.retry_at = now + (AGAIN[0] if row.reason in OURS else _interval(now - row.first_seen_at))
    Unmatched.objects.bulk_update(told, ["reason", "candidates"], batch_size=200)
    Unmatched.objects.bulk_update(due, ["retry_at"], batch_size=500)


def _works(unroutable: Iterable[tuple[Kind, int]], routes: Routes) -> Iterable[Waiting]:
    for kind, media_id in unroutable:
        reason = "taken" if media_id in routes.ids else "not_there"
        yield routes.waiting.get(media_id, Waiting(kind, reason, media_id=media_id))


def _told(each: Waiting) -> dict[str, Any]:
    return {"reason": each.reason, "candidates": [candidate.to_json() for candidate in each.candidates]}


def _renew(row: Unmatched, each: Waiting, routes: Routes) -> bool:
    """True when the row says something else now. One that was not looked up this time stays as it is: what is known of
    it is what the last look-up found."""
    is_old = row.media_id not in routes.looked_up and row.media_id not in routes.waiting and each.reason != "fault"
    if row.media_id is not None and is_old:
        return False
    news = {name: value for name, value in _told(each).items() if getattr(row, name) != value}
    for name, value in news.items():
        setattr(row, name, value)
    return bool(news)


def _interval(known: timedelta) -> timedelta:
    return AGAIN[0] if known < AGAIN[0] else AGAIN[1] if known < AGAIN[1] else AGAIN[2]
