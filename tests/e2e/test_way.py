"""Two services, one library: first contact, later edits on any side, and rest."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from integrations.sandbox.server import Running
from library.models import ListEntry
from library.services.editing import edit_entry
from syncing.models import Change
from tests.e2e.conftest import Link, sync

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

ANILIST = [
    {"mediaId": 1, "status": "COMPLETED", "scoreRaw": 87, "progress": 26, "updatedAt": 1_700_000_000},
    {"mediaId": 5114, "status": "CURRENT", "scoreRaw": 0, "progress": 10, "updatedAt": 1_700_000_100},
]
MAL = [
    {"kind": "anime", "id": 1, "status": "completed", "score": 9, "num_episodes_watched": 26,
     "updated_at": "2023-11-01T00:00:00+00:00"},
    {"kind": "anime", "id": 9253, "status": "watching", "score": 10, "num_episodes_watched": 3,
     "updated_at": "2023-11-01T00:00:00+00:00"},
]  # fmt: skip


def held(sandbox: Running, provider: str, name: str) -> dict[Any, dict[str, Any]]:
    entries = sandbox.control("GET", f"{provider}/accounts/{name}")["entries"]
    return {entry.get("mediaId") or (entry["kind"], entry["id"]): entry for entry in entries}


def test_first_contact_joins_both_lists_and_the_next_run_writes_nothing(
    sandbox: Running, link: Link, alice: User
) -> None:
    anilist, mal = link(alice, "anilist", ANILIST), link(alice, "myanimelist", MAL)
    for connection in (anilist, mal, anilist):
        run = sync(connection)
        assert (run.state, run.error_code) == ("done", ""), run.message
    there, here = held(sandbox, "anilist", "alice_anilist"), held(sandbox, "myanimelist", "alice_myanimelist")
    assert (set(there), set(here)) == ({1, 5114, 9253}, {("anime", 1), ("anime", 5114), ("anime", 9253)})
    assert (there[9253]["score"], there[9253]["progress"]) == (100, 3)
    assert ListEntry.objects.get(user=alice, media__title="Cowboy Bebop").score == 87
    sandbox.control("DELETE", "anilist/requests")
    sandbox.control("DELETE", "myanimelist/requests")
    runs = [sync(connection) for connection in (anilist, mal, anilist, mal)]
    assert [(run.writes, run.library_changes) for run in runs] == [(0, 0)] * 4
    assert [run.requests for run in runs] == [1, 2, 1, 2]


def test_later_edits_on_any_side_travel(sandbox: Running, link: Link, alice: User) -> None:
    anilist, mal = link(alice, "anilist", ANILIST), link(alice, "myanimelist", MAL)
    for connection in (anilist, mal, anilist):
        sync(connection)
    sandbox.control("POST", "anilist/accounts/alice_anilist/edit", {"upsert": [{"mediaId": 5114, "progress": 12}]})
    sandbox.control(
        "POST", "myanimelist/accounts/alice_myanimelist/edit", {"upsert": [{"kind": "anime", "id": 5114, "score": 8}]}
    )
    media = ListEntry.objects.get(user=alice, media__title="Steins;Gate").media_id
    edit_entry(alice, media_id=media, changes={"notes": "El Psy Kongroo"})
    for connection in (anilist, mal, anilist):
        sync(connection)
    there, here = held(sandbox, "anilist", "alice_anilist"), held(sandbox, "myanimelist", "alice_myanimelist")
    assert (there[5114]["progress"], there[5114]["score"]) == (12, 80)
    assert (here["anime", 5114]["num_episodes_watched"], here["anime", 5114]["score"]) == (12, 8)
    assert (there[9253]["notes"], here["anime", 9253]["comments"]) == ("El Psy Kongroo", "El Psy Kongroo")
    assert Change.objects.filter(state="failed").count() == 0
