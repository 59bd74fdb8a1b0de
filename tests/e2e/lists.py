"""What the end-to-end tests share: the two lists of one person, edits on either, and looking at what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from redis import Redis

from accounts.models import User
from integrations.http import Session
from integrations.models import Connection
from integrations.sandbox.server import Running
from library.models import ExternalId, ListEntry
from syncing.models import Change, Schedule, SyncRun
from tests.e2e.conftest import sync

OLD = 1_700_000_000
"""Unix seconds: long before any edit that a test makes."""
ANILIST, MAL = "anilist", "myanimelist"
SIDES = (ANILIST, MAL)
WRITES = {ANILIST: "graphql:SaveMediaListEntry*", MAL: "PATCH *"}
"""Endpoints as faults name them."""


def listed(provider: str, media_id: int, **values: Any) -> dict[str, Any]:
    """An anime in a service's own words, from `score` (0..100), `progress`, `notes` and `status` ("CURRENT", …).

    Ids of anime are the same at both services in the catalogue's first part.
    """
    status = values.get("status", "CURRENT")
    if provider == ANILIST:
        entry = {"mediaId": media_id, "status": status, "updatedAt": values.get("at", OLD)}
        names = {"score": "scoreRaw", "progress": "progress", "notes": "notes"}
        return entry | {names[name]: values[name] for name in names if name in values}
    words = {"CURRENT": "watching", "COMPLETED": "completed", "PLANNING": "plan_to_watch", "PAUSED": "on_hold"}
    entry = {"kind": "anime", "id": media_id, "status": words[status], "updated_at": values.get("at", OLD)}
    if "score" in values:
        entry["score"] = values["score"] // 10
    names = {"progress": "num_episodes_watched", "notes": "comments"}
    return entry | {names[name]: values[name] for name in names if name in values}


def account(provider: str, user: str = "alice") -> str:
    return f"{user}_{provider}"


def held(sandbox: Running, provider: str, user: str = "alice") -> dict[int, dict[str, Any]]:
    """{media id: {status, score, progress, notes}} of the anime a service holds; score as the service shows it."""
    entries = sandbox.control("GET", f"{provider}/accounts/{account(provider, user)}")["entries"]
    if provider == ANILIST:
        return {
            entry["mediaId"]: {
                "status": entry["status"],
                "score": entry["scoreRaw"],
                "progress": entry["progress"],
                "notes": entry["notes"] or "",
            }
            for entry in entries
        }
    return {
        entry["id"]: {
            "status": entry["status"],
            "score": entry["score"],
            "progress": entry["num_episodes_watched"],
            "notes": entry["comments"],
        }
        for entry in entries
    }


def edit(sandbox: Running, provider: str, *ids: int, user: str = "alice", **values: Any) -> None:
    """A person changes entries on the site; they are made where they are not there yet."""
    entries = []
    for media_id in ids:
        entry = listed(provider, media_id, **values)
        del entry["updatedAt" if provider == ANILIST else "updated_at"]
        if "status" not in values and media_id in held(sandbox, provider, user):
            del entry["status"]
        entries.append(entry)
    sandbox.control("POST", f"{provider}/accounts/{account(provider, user)}/edit", {"upsert": entries})


def drop(sandbox: Running, provider: str, *ids: int, user: str = "alice") -> None:
    """A person takes entries off the list on the site."""
    keys: list[Any] = list(ids) if provider == ANILIST else [{"kind": "anime", "id": media_id} for media_id in ids]
    sandbox.control("POST", f"{provider}/accounts/{account(provider, user)}/edit", {"delete": keys})


def break_(sandbox: Running, provider: str, kind: str, **options: Any) -> None:
    sandbox.control("POST", f"{provider}/faults", {"kind": kind, **options})


def mend(sandbox: Running, provider: str) -> None:
    sandbox.control("DELETE", f"{provider}/faults")


def writes_of(sandbox: Running, provider: str, user: str = "alice") -> Counter[str]:
    """{"anime:1": how many writes took effect} since the counters were last cleared."""
    requests = sandbox.control("GET", f"{provider}/requests")
    return Counter(requests["writes"].get(account(provider, user), {}))


def clear_counts(sandbox: Running, *sides: str) -> None:
    for provider in sides or SIDES:
        sandbox.control("DELETE", f"{provider}/requests")


def media_of(media_id: int) -> int:
    """Our id of the anime that both services call `media_id`."""
    found = ExternalId.objects.filter(kind="anime", external_id=str(media_id)).values_list("media_id", flat=True)
    return set(found).pop()


def entry_of(user: User, media_id: int) -> ListEntry:
    return ListEntry.objects.get(user=user, media_id=media_of(media_id), removed_at=None)


def entries_of(user: User) -> dict[int, ListEntry]:
    """The person's library by the id that both services use."""
    rows = ListEntry.objects.filter(user=user, removed_at=None)
    ids = {row.media_id: row for row in rows}
    pairs = ExternalId.objects.filter(media_id__in=ids).values_list("media_id", "external_id")
    return {int(external_id): ids[media_id] for media_id, external_id in pairs}


def settle(connections: Iterable[Connection], *, rounds: int = 3) -> list[SyncRun]:
    """Run all connections in turn, so often that everything has travelled and absences are counted."""
    return [sync(connection) for _ in range(rounds) for connection in connections]


def assert_at_rest(sandbox: Running, connections: Iterable[Connection]) -> None:
    """One more round of whole reads does nothing anywhere, and the books are closed."""
    clear_counts(sandbox)
    runs = [sync(connection, full=True) for connection in connections]
    assert [(run.state, run.error_code, run.writes, run.library_changes) for run in runs] == [
        ("done", "", 0, 0) for _ in runs
    ], [run.message for run in runs]
    assert {provider: dict(writes_of(sandbox, provider)) for provider in SIDES} == {ANILIST: {}, MAL: {}}
    assert_books_closed()


def assert_books_closed() -> None:
    assert list(Change.objects.filter(state__in=("planned", "sending")).exclude(run__state="preview")) == []
    assert list(SyncRun.objects.filter(state__in=("running", "queued"))) == []
    assert list(Schedule.objects.exclude(lease_until=None)) == []


def let_lease_expire(connection: Connection) -> None:
    """Six minutes later, as far as leases are concerned."""
    Schedule.objects.filter(pk=connection.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def let_hour_pass(*providers: str) -> None:
    """An hour later, as far as the flip-flop bench is concerned."""
    rows = Change.objects.filter(side__in=providers or SIDES)
    rows.update(settled_at=F("settled_at") - timedelta(hours=2))


def let_limits_pass(redis: Redis) -> None:
    """Penalties and open breakers are over."""
    redis.flushdb()


def never_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats of a request come at once, with the longest wait drawn."""
    defaults: Mapping[str, Any] = Session.__init__.__kwdefaults__ or {}
    assert {"sleep", "draw"} <= set(defaults)
    monkeypatch.setitem(Session.__init__.__kwdefaults__, "sleep", lambda _seconds: None)  # type: ignore[arg-type]
