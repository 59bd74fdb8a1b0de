"""Hostile values in addresses and forms: an answer, never a failure of ours, and nothing believed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from integrations.crypto import Secret
from integrations.models import Connection
from integrations.oauth import Grant
from integrations.providers import registry
from integrations.providers.base import Account
from integrations.services.linking import store_link
from tests.conftest import PASSWORD
from tests.web import rows

NASTY = ("\x00", "' OR 1=1 --", "%", "\\", "\ud800", "\u202e", "{{ 7777*7 }}", "{0.__class__}", "9" * 5000, "$(id)")
QUERIES = (
    "/runs/?provider={}",
    "/runs/?page={}",
    "/library/?text={}",
    "/library/?kind={}&status={}",
    "/reviews/?page={}",
    "/unmatched/?page={}",
    "/integrations/anilist/callback?state={}",
    "/integrations/anilist/callback?state=x&code={}",
    "/accounts/login/?next={}",
    "/admin/login/?next={}",
    "/accounts/confirm-email/{}/",
)


@pytest.mark.parametrize("query", QUERIES)
def test_nonsense_in_an_address_is_answered(query: str, alice: User, alice_client: Client) -> None:
    rows.make_all(alice)
    for value in NASTY:
        quoted = "".join(f"%{byte:02x}" for byte in value.encode("utf-8", "surrogatepass"))
        answer = alice_client.get(query.replace("{}", quoted))
        assert answer.status_code < 500, value[:20]
        assert b"54439" not in answer.content


@pytest.mark.parametrize("text", NASTY)
def test_a_search_finds_only_what_is_meant(text: str, alice: User, bob: User, alice_client: Client) -> None:
    rows.make_entry(alice, rows.make_media("Mushishi"))
    rows.make_entry(bob, rows.make_media("Only bob has this"))
    page = alice_client.get("/library/", {"text": text.encode("utf-8", "replace").decode()}).content.decode()
    assert "Only bob has this" not in page
    if text != "\x00":
        assert "Mushishi" not in page


@pytest.mark.parametrize("value", NASTY)
def test_nonsense_in_a_form_is_refused(value: str, alice: User, alice_client: Client) -> None:
    value = value.encode("utf-8", "replace").decode()
    made = rows.make_all(alice)
    fields = {"status": value, "progress": value, "score": value, "started_on": value, "notes": "n", "repeats": value}
    assert alice_client.post(f"/library/{made['entry'].media_id}/", fields).status_code == 200
    app = {"client_id": value, "client_secret": value}
    assert alice_client.post("/connections/mal/app/", app).status_code in (302, 400)
    assert alice_client.post("/connections/anilist/", {"direction": value, "kinds": value}).status_code == 200
    assert alice_client.post(f"/reviews/{made['review'].pk}/", {"choice": value}).status_code == 302
    assert alice_client.post("/accounts/login/", {"login": value, "password": value}).status_code in (200, 302)
    made["entry"].refresh_from_db()
    made["review"].refresh_from_db()
    assert (made["entry"].status, made["entry"].progress, made["review"].state) == ("current", 4, "open")


@pytest.mark.parametrize(
    "target", ["http://localhost:9/", "http://127.0.0.1/x", "https://lists.example.org.evil.example/", "//localhost/"]
)
def test_after_signing_in_nobody_is_sent_to_another_host(
    target: str, alice: User, client: Client, settings: Any
) -> None:
    """The loopback names are allowed hosts, for health checks; they are not places to send people to."""
    settings.ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    form = {"login": alice.email, "password": PASSWORD, "next": target}
    answer = client.post("/accounts/login/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "http://evil.example/", "data:text/html,x", "https://evil.example/user/a", "//x"]
)
def test_a_link_to_an_account_leads_to_its_service(url: str, alice: User, alice_client: Client) -> None:
    service = registry.get("anilist")
    account = Account(id="7", name="alice", url=url)
    grant = Grant(access_token=Secret("t" * 20), refresh_token=None, expires_at=None)
    store_link(alice, service, account=account, grant=grant, app=None)
    assert Connection.objects.get().account_url == ""
    assert url not in alice_client.get("/connections/").content.decode()


def test_a_true_link_to_an_account_is_kept(alice: User) -> None:
    account = Account(id="7", name="alice", url="https://anilist.co/user/alice")
    grant = Grant(access_token=Secret("t" * 20), refresh_token=None, expires_at=None)
    linked = store_link(alice, registry.get("anilist"), account=account, grant=grant, app=None)
    assert linked.account_url == "https://anilist.co/user/alice"
