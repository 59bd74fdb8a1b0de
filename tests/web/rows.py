"""Rows for the page tests, made by hand: what a page needs, and nothing that a worker would have to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.services.keys import create_key
from integrations.models import Connection
from library.models import Library, ListEntry, Media, PersonMatch
from notices.models import Channel
from notices.services.channels import add_channel
from syncing.models import Baseline, Change, Review, Schedule, SyncRun, Unmatched


def make_media(title: str = "Mushishi", *, kind: str = "anime", **values: Any) -> Media:
    return Media.objects.create(kind=kind, title=title, titles=[title], **{"total": 26, **values})


def make_entry(user: User, media: Media | None = None, **values: Any) -> ListEntry:
    Library.objects.update_or_create(user=user, defaults={"revision": 1})
    values = {"status": "current", "progress": 4, "score": 80, "revision": 1, **values}
    return ListEntry.objects.create(user=user, media=media or make_media(), **values)


def make_connection(user: User, provider: str = "anilist", **values: Any) -> Connection:
    values = {
        "account_id": f"{provider}-{user.pk}",
        "account_name": user.email.split("@")[0],
        "account_settings": {"score_format": "POINT_10"} if provider == "anilist" else {},
        "linked_at": timezone.now(),
        "approved_at": timezone.now(),
        "last_synced_at": timezone.now(),
        **values,
    }
    connection = Connection.objects.create(user=user, provider=provider, **values)
    due = timezone.now() + timedelta(hours=1)
    Schedule.objects.create(connection=connection, user=user, provider=provider, due_at=due)
    Baseline.objects.create(connection=connection, user=user)
    return connection


def make_run(connection: Connection, **values: Any) -> SyncRun:
    values = {"state": "done", "finished_at": timezone.now(), **values}
    return SyncRun.objects.create(user=connection.user, connection=connection, provider=connection.provider, **values)


def make_change(run: SyncRun, media: Media | None = None, **values: Any) -> Change:
    media = media or make_media()
    values = {
        "side": "library",
        "source": run.provider,
        "action": "update",
        "before": {"score": 70},
        "after": {"score": 80},
        "state": "applied",
        "reason": "side_edit",
        "remote_id": "457",
        **values,
    }
    return Change.objects.create(
        user=run.user, run=run, connection=run.connection, media=media, kind=media.kind, title=media.title, **values
    )


def make_review(run: SyncRun, topic: str = "first_plan", **values: Any) -> Review:
    assert run.connection is not None
    return Review.objects.create(user=run.user, connection=run.connection, run=run, topic=topic, **values)


def make_unmatched(connection: Connection, **values: Any) -> Unmatched:
    values = {"kind": "anime", "remote_id": "77", "title": "Obscure", "reason": "unknown", **values}
    return Unmatched.objects.create(user=connection.user, connection=connection, retry_at=timezone.now(), **values)


def make_match(user: User, media: Media | None = None, **values: Any) -> PersonMatch:
    values = {"provider": "anilist", "kind": "anime", "external_id": "88", **values}
    return PersonMatch.objects.create(user=user, media=media, **values)


def make_channel(user: User) -> Channel:
    address = "https://hooks.example.org/enishi"
    return add_channel(user, way="webhook", address=address, events=["sync_failed"])[0]


def make_all(user: User, *, provider: str = "anilist") -> dict[str, Any]:
    """One of everything that a page can show."""
    entry = make_entry(user)
    connection = make_connection(user, provider)
    run = make_run(connection)
    return {
        "entry": entry,
        "connection": connection,
        "run": run,
        "change": make_change(run, entry.media),
        "review": make_review(run, "removal", key="1", media=entry.media),
        "unmatched": make_unmatched(connection),
        "key": create_key(user, name="Home", scopes=["read"]).row,
        "match": make_match(user, provider=provider),
        "channel": make_channel(user),
    }
