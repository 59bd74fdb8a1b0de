"""The whole way of a newcomer in a browser, against the sandbox: sign up, link, look, approve, see it done, undo.

What workers do is done here, between the clicks: `work` runs each connection that is due, once.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from integrations.models import Connection
from integrations.sandbox.server import Running
from library.models import ListEntry
from syncing.services import leases
from syncing.services.running import run_lease
from tests.browser.conftest import OpenBrowser
from tests.browser.people import Visitor
from tests.conftest import PASSWORD
from tests.e2e.conftest import _sandbox_server, sandbox  # noqa: F401 - fixtures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.e2e]

ANILIST = [
    {"mediaId": 1, "status": "COMPLETED", "scoreRaw": 80, "progress": 26, "updatedAt": 1_700_000_000},
    {"mediaId": 5114, "status": "CURRENT", "scoreRaw": 0, "progress": 10, "updatedAt": 1_700_000_100},
]
MAL = [
    {
        "kind": "anime",
        "id": 1,
        "status": "completed",
        "score": 7,
        "num_episodes_watched": 26,
        "updated_at": "2023-11-01T00:00:00+00:00",
    }
]


@pytest.fixture
def world(sandbox: Running, live_server: LiveServer, settings: Settings) -> Running:  # noqa: F811
    """Both services with an account of dora's, and our site under the live server's address."""
    sandbox.control("POST", "anilist/accounts", {"name": "dora_al", "entries": ANILIST, "settings": {}})
    sandbox.control("POST", "myanimelist/accounts", {"name": "dora_mal", "entries": MAL, "settings": {}})
    settings.SITE_URL = live_server.url
    settings.OAUTH_REDIRECT_URIS = {
        "anilist": [f"{live_server.url}/integrations/anilist/callback"],
        "myanimelist": [f"{live_server.url}/integrations/mal/callback"],
    }
    apps = {
        slug: sandbox.control("POST", f"{slug}/apps", {"name": "Enishi", "redirect_uris": uris})
        for slug, uris in settings.OAUTH_REDIRECT_URIS.items()
    }
    settings.PROVIDER_APPS = {slug: (app["client_id"], app["client_secret"]) for slug, app in apps.items()}
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    return sandbox


def work() -> None:
    """One turn of the workers."""
    for pk in Connection.objects.filter(state="active").values_list("pk", flat=True):
        lease = leases.claim(pk)
        if lease is not None:
            run_lease(lease, trigger="schedule")


def link(visitor: Visitor, service: str) -> None:
    visitor.link(service)
    visitor.page.locator("button[value=approve]").click()
    visitor.page.wait_for_url("**/")
    visitor.says(f"{service} is linked")


def held(world: Running, provider: str, name: str) -> list[dict[str, Any]]:
    return list(world.control("GET", f"{provider}/accounts/{name}")["entries"])


@pytest.mark.slow
def test_a_newcomer_ties_two_lists(world: Running, visit: OpenBrowser) -> None:
    visitor = visit(width=390)
    visitor.sign_up("dora@example.org", PASSWORD)
    visitor.follow_mail(str(mail.outbox[0].body), visitor.base_url)
    visitor.sign_in("dora@example.org", PASSWORD)
    visitor.says("Welcome to Enishi")

    link(visitor, "AniList")
    visitor.says("we are reading your list")
    work()
    visitor.look_at_preview()
    visitor.says("2 changes in your library, 0 on AniList; nothing is removed anywhere")
    assert ListEntry.objects.count() == 0
    visitor.approve()
    work()
    visitor.page.goto("/")
    visitor.says("One more, and they are tied")

    link(visitor, "MyAnimeList")
    work()
    visitor.look_at_preview()
    visitor.says("MyAnimeList says 70/100 (7/10), your library says 80/100 (8/10)")
    assert len(held(world, "myanimelist", "dora_mal")) == 1
    visitor.approve()
    work()
    assert {(row["id"], row["score"]) for row in held(world, "myanimelist", "dora_mal")} == {(1, 8), (5114, 0)}

    visitor.page.goto("/runs/?provider=myanimelist")
    visitor.page.locator("a.row-title", has_text="Sync with MyAnimeList").first.click()
    visitor.says("Changed on MyAnimeList")
    visitor.page.get_by_text("Undo this run").click()
    visitor.press("Undo the whole run")
    work()
    visitor.says("Put back as it was before.")
    assert {(row["id"], row["score"]) for row in held(world, "myanimelist", "dora_mal")} == {(1, 7)}


def test_saying_no_at_the_service_is_taken_kindly(world: Running, visit: OpenBrowser) -> None:
    visitor = visit()
    visitor.sign_up("dora@example.org", PASSWORD)
    visitor.follow_mail(str(mail.outbox[0].body), visitor.base_url)
    visitor.sign_in("dora@example.org", PASSWORD)
    visitor.link("MyAnimeList")
    visitor.page.locator("button[value=deny]").click()
    visitor.says("MyAnimeList was not linked")
    assert Connection.objects.count() == 0
    # The refusal is an answer of 400, which the console names.
    assert [line for line in visitor.complaints if "400" not in line] == []
    visitor.complaints.clear()
