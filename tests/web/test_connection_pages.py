"""Linking: the way out, the way back, settings, an app of one's own, a pasted token."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from accounts.models import User
from integrations.models import Connection, LinkAttempt, ProviderApp
from integrations.services import connecting
from tests.web import rows

CALLBACKS = ("/integrations/anilist/callback", "/integrations/mal/callback", "/integrations/myanimelist/callback")


@pytest.fixture(autouse=True)
def _apps(settings: Settings) -> None:
    settings.PROVIDER_APPS = {"anilist": ("client-a", "secret-a"), "myanimelist": ("client-m", "")}
    settings.SANDBOX_URL = ""


def refuse(code: str, message: str) -> Any:
    def refusing(*_args: Any, **_kwargs: Any) -> Any:
        raise connecting.LinkError(code, message)

    return refusing


# The way out ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("slug", "host"), [("anilist", "anilist.co"), ("mal", "myanimelist.net")])
def test_connecting_sends_the_person_to_the_service(slug: str, host: str, alice: User, alice_client: Client) -> None:
    answer = alice_client.post(f"/connections/{slug}/connect/")
    assert answer.status_code == 303
    target = urlsplit(answer["Location"])
    assert (target.scheme, target.hostname) == ("https", host)
    assert len(parse_qs(target.query)["state"][0]) >= 43
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert f"https://{host}" in answer["Content-Security-Policy"].partition("form-action")[2]
    assert LinkAttempt.objects.get().user == alice


def test_without_an_app_it_says_so_and_offers_ones_own(alice: User, alice_client: Client, settings: Settings) -> None:
    settings.PROVIDER_APPS = {}
    answer = alice_client.post("/connections/anilist/connect/", follow=True)
    assert answer.redirect_chain == [("/connections/anilist/", 302)]
    assert "is not set up here" in answer.content.decode()
    assert reverse("save_app", args=["anilist"]) in answer.content.decode()
    settings.OAUTH_REDIRECT_URIS = {"anilist": ["https://lists.example/integrations/anilist/callback"]}
    page = alice_client.get("/connections/anilist/").content.decode()
    assert "redirect address: <code>https://lists.example/integrations/anilist/callback</code>" in page


# The way back ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", CALLBACKS)
def test_a_way_back_that_nobody_began_is_refused_kindly(url: str, alice_client: Client) -> None:
    answer = alice_client.get(url, {"code": "c-o-d-e", "state": "s-t-a-t-e"})
    page = answer.content.decode()
    assert answer.status_code == 400
    assert "was not linked" in page
    assert "c-o-d-e" not in page
    assert "s-t-a-t-e" not in page
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert Connection.objects.count() == 0


@pytest.mark.parametrize("url", CALLBACKS)
def test_after_linking_it_goes_to_a_fixed_page(
    url: str, alice: User, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def finish(user: User, *, provider: str, session_key: str, params: Any) -> Connection:
        seen.update(user=user, provider=provider, session_key=session_key, params=params)
        return rows.make_connection(user, provider)

    monkeypatch.setattr(connecting, "finish_link", finish)
    answer = alice_client.get(url, {"code": "c", "state": "s", "next": "https://evil.example/"})
    assert (answer.status_code, answer["Location"]) == (303, "/")
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert seen["user"] == alice
    assert seen["provider"] == ("anilist" if "anilist" in url else "myanimelist")
    assert seen["session_key"] == alice_client.session.session_key
    assert seen["params"].getlist("code") == ["c"]


def test_an_outage_is_told_as_one(alice_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "finish_link", refuse("unavailable", "AniList has trouble."))
    answer = alice_client.get(CALLBACKS[0])
    assert answer.status_code == 503
    assert "AniList has trouble." in answer.content.decode()


def test_signed_out_on_the_way_back_the_code_does_not_travel_on(client: Client, db: None) -> None:
    answer = client.get(CALLBACKS[0], {"code": "c-o-d-e", "state": "s"})
    assert answer.status_code == 303
    assert answer["Location"] == f"{reverse('account_login')}?next=%2Fconnections%2F"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_the_way_back_takes_only_a_get_of_a_known_service(alice_client: Client) -> None:
    assert alice_client.post(CALLBACKS[0]).status_code == 405
    assert alice_client.head(CALLBACKS[0]).status_code == 405
    assert alice_client.get("/integrations/crunchyroll/callback").status_code == 404


def test_another_account_than_before_is_pointed_out(
    alice: User, alice_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finish(user: User, **_kwargs: Any) -> Connection:
        return rows.make_connection(user, message_code="account_changed", message="Before it was someone else.")

    monkeypatch.setattr(connecting, "finish_link", finish)
    page = alice_client.get(CALLBACKS[0], follow=True).content.decode()
    assert "AniList is linked as alice. Before it was someone else." in page


# Settings -------------------------------------------------------------------------------------------------

OPTIONS = {
    "direction": "import_only",
    "policy": "furthest",
    "removals": "no",
    "interval_minutes": "180",
    "kinds": ["anime"],
    "fields_": ["status", "score"],
}


def test_settings_are_stored(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice)
    answer = alice_client.post("/connections/anilist/", OPTIONS)
    assert (answer.status_code, answer["Location"]) == (302, "/connections/anilist/")
    after = Connection.objects.get()
    assert (after.direction, after.policy, after.removals) == ("import_only", "furthest", "no")
    assert (after.interval_minutes, after.kinds, after.fields) == (180, ["anime"], ["status", "score"])
    assert after.asks_first is False


def test_everything_chosen_is_stored_as_all(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice, fields=["status"], kinds=["anime"])
    form = alice_client.get("/connections/anilist/").context["options"]
    alice_client.post("/connections/anilist/", {**OPTIONS, "kinds": form.all_kinds, "fields_": form.all_names})
    after = Connection.objects.get()
    assert (after.kinds, after.fields) == ([], [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("direction", "sideways"),
        ("policy", ""),
        ("removals", "all"),
        ("interval_minutes", "1"),
        ("kinds", ["opera"]),
        ("fields_", ["access_token"]),
        ("fields_", []),
    ],
)
def test_bad_settings_change_nothing(field: str, value: Any, alice: User, alice_client: Client) -> None:
    rows.make_connection(alice)
    answer = alice_client.post("/connections/anilist/", {**OPTIONS, field: value})
    assert answer.status_code == 200
    assert list(answer.context["options"].errors) == [field]
    assert Connection.objects.get().direction == "bidirectional"


def test_only_what_the_service_can_hold_is_offered(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice, "myanimelist")
    assert "private" not in alice_client.get("/connections/mal/").context["options"].all_names


def test_an_odd_interval_stays_on_offer(alice: User, alice_client: Client) -> None:
    rows.make_connection(alice, interval_minutes=77)
    assert "every 77 minutes" in alice_client.get("/connections/anilist/").content.decode()


def test_unlinking_asks_first_and_forgets_the_tokens(alice: User, alice_client: Client) -> None:
    connection = rows.make_connection(alice)
    connection.access_token = "planted-token"
    connection.save()
    assert alice_client.get("/connections/anilist/unlink/").status_code == 200
    assert Connection.objects.get().state == "active"
    assert alice_client.post("/connections/anilist/unlink/").status_code == 302
    after = Connection.objects.get()
    assert (after.state, after.access_token) == ("unlinked", None)
    assert alice_client.get("/connections/anilist/unlink/").status_code == 404


def test_what_is_linked_can_be_seen_when_the_operator_switched_it_off(
    alice: User, alice_client: Client, settings: Settings
) -> None:
    settings.PROVIDERS = {**settings.PROVIDERS, "anilist": {"enabled": False}}
    assert b"<h2>AniList</h2>" not in alice_client.get("/connections/").content
    rows.make_connection(alice)
    assert b"<h2>AniList</h2>" in alice_client.get("/connections/").content


# Apps and tokens ------------------------------------------------------------------------------------------


def test_an_own_app_is_stored_and_its_secret_never_shown(alice: User, alice_client: Client) -> None:
    posted = {"client_id": " my-client ", "client_secret": "planted-secret"}
    assert alice_client.post("/connections/mal/app/", posted).status_code == 302
    row = ProviderApp.objects.get()
    assert (row.user, row.provider, row.client_id) == (alice, "myanimelist", "my-client")
    page = alice_client.get("/connections/mal/").content.decode()
    assert "my-client" in page
    assert "planted-secret" not in page


def test_a_bad_app_is_told_at_the_form_without_its_secret(alice_client: Client) -> None:
    answer = alice_client.post("/connections/anilist/app/", {"client_id": "a b", "client_secret": "planted secret"})
    assert answer.status_code == 400
    assert "without blanks" in answer.content.decode()
    assert "planted secret" not in answer.content.decode()
    assert ProviderApp.objects.count() == 0


def test_an_own_app_can_be_forgotten(alice: User, alice_client: Client) -> None:
    ProviderApp.objects.create(user=alice, provider="anilist", client_id="mine")
    alice_client.post("/connections/anilist/app/remove/")
    assert ProviderApp.objects.count() == 0


def test_an_app_of_someone_else_is_not_shown(bob: User, alice_client: Client) -> None:
    ProviderApp.objects.create(user=bob, provider="anilist", client_id="bobs-client")
    assert b"bobs-client" not in alice_client.get("/connections/anilist/").content


def test_a_pasted_token_links(alice: User, alice_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def paste(user: User, *, provider: str, token: str) -> Connection:
        seen.append(token)
        return rows.make_connection(user, provider)

    monkeypatch.setattr(connecting, "paste_token", paste)
    answer = alice_client.post("/connections/anilist/token/", {"token": " planted-token "})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert seen == ["planted-token"]


def test_a_refused_token_is_not_shown_again(alice_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "paste_token", refuse("bad_token", "This is not a token."))
    answer = alice_client.post("/connections/anilist/token/", {"token": "planted-token"})
    assert answer.status_code == 400
    assert "This is not a token." in answer.content.decode()
    assert "planted-token" not in answer.content.decode()


def test_pasting_is_offered_only_where_tokens_live_long(alice_client: Client) -> None:
    assert b"Paste an access token" in alice_client.get("/connections/anilist/").content
    assert b"Paste an access token" not in alice_client.get("/connections/mal/").content
