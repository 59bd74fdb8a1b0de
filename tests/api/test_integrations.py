"""Settings at the services: what is shown, what a change means, and that no secret is among it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test import Client

from accounts.models import User
from integrations.api import settings
from integrations.models import Connection, ConnectionState, ProviderApp
from tests.api.conftest import by_key, problem
from tests.api.rows_of_links import make_device_link
from tests.web import rows

BASE, JSON = "/api/v1/integrations", "application/json"
SECRETS = ("planted-access-token-0123456789", "planted-refresh-token-012345678", "planted-client-secret-01234567")


@pytest.fixture
def linked(alice: User) -> Connection:
    app = ProviderApp.objects.create(user=alice, provider="anilist", client_id="mine", client_secret=SECRETS[2])
    connection = rows.make_connection(alice, app=app)
    connection.access_token, connection.refresh_token = SECRETS[:2]
    connection.save()
    return connection


def change(client: Client, values: dict[str, Any], *, provider: str = "anilist") -> Any:
    return client.put(f"{BASE}/{provider}", values, JSON)


def test_settings_are_an_object_by_service(linked: Connection, alice_api: Client) -> None:
    found = alice_api.get(f"{BASE}/settings").json()
    assert list(found) == ["anilist", "myanimelist", "kitsu", "trakt"]
    anilist, kitsu = found["anilist"], found["kitsu"]
    assert (anilist["is_connected"], anilist["health"], anilist["needs_login"]) == (True, "ok", False)
    assert (anilist["connection"]["username"], anilist["own_client_id"]) == ("alice", "mine")
    assert (kitsu["is_connected"], kitsu["health"], kitsu["connection"]) == (False, "not_connected", None)
    assert [found[slug]["ways"] for slug in found] == [["code", "token"], ["code"], ["password"], ["code", "device"]]


def test_settings_cost_the_same_however_much_is_linked(
    alice: User, alice_api: Client, django_assert_num_queries: Any
) -> None:
    rows.make_connection(alice)
    alice_api.get(f"{BASE}/settings")
    with django_assert_num_queries(3):  # the key, connections, own apps
        alice_api.get(f"{BASE}/settings")
    for provider in ("myanimelist", "kitsu", "trakt"):
        rows.make_connection(alice, provider)
    with django_assert_num_queries(3):
        alice_api.get(f"{BASE}/settings")


def test_no_secret_is_in_any_answer(linked: Connection, alice_api: Client) -> None:
    answers = [
        alice_api.get(f"{BASE}/settings"),
        alice_api.get(f"{BASE}/anilist"),
        change(alice_api, {"sync_ratings": False}),
        alice_api.post(
            f"{BASE}/setup",
            {"integration_type": "anilist", "client_id": "mine", "client_secret": SECRETS[2]},
            JSON,
        ),
    ]
    assert [answer.status_code for answer in answers] == [200] * len(answers)
    text = "".join(answer.content.decode() for answer in answers)
    assert [secret for secret in SECRETS if secret in text] == []


def test_the_switches_of_the_first_clients(linked: Connection, alice_api: Client) -> None:
    answer = change(alice_api, {"sync_enabled": False, "auto_sync": False, "sync_ratings": False})
    shown = answer.json()["connection"]
    assert (shown["sync_enabled"], shown["auto_sync"], shown["sync_ratings"]) == (False, False, False)
    linked.refresh_from_db()
    assert (linked.state, linked.automatic) == (ConnectionState.PAUSED, False)
    assert "score" not in linked.fields
    assert "status" in linked.fields
    assert answer.json()["health"] == "paused"
    back = change(alice_api, {"sync_enabled": True, "sync_ratings": True}).json()["connection"]
    linked.refresh_from_db()
    assert (back["sync_enabled"], back["sync_ratings"], back["auto_sync"]) == (True, True, False)
    # All of them again is stored as "all".
    assert (linked.state, linked.fields) == (ConnectionState.ACTIVE, [])


def test_a_switch_moves_the_fields_that_are_sent_with_it(linked: Connection, alice_api: Client) -> None:
    change(alice_api, {"fields": ["status", "score"], "sync_notes": True, "sync_status": False})
    linked.refresh_from_db()
    assert linked.fields == ["score", "notes"]


def test_removals_have_a_switch_too(linked: Connection, alice_api: Client) -> None:
    found = []
    for values in ({"sync_removals": False}, {"sync_removals": True}, {"removals": "yes"}, {"sync_removals": True}):
        change(alice_api, values)
        linked.refresh_from_db()
        found.append(linked.removals)
    assert found == ["no", "ask", "yes", "yes"]


def test_what_is_not_named_stays(linked: Connection, alice_api: Client) -> None:
    before = Connection.objects.values().get()
    assert change(alice_api, {}).status_code == 200
    assert alice_api.patch(f"{BASE}/anilist", {"policy": "library"}, JSON).status_code == 200
    after = Connection.objects.values().get()
    assert {name for name, value in after.items() if value != dict(before)[name]} == {"policy"}


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_switches_moved_at_once_none_is_lost(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A switch stands for some of `fields`: the list is read where it is locked."""
    connection = rows.make_connection(alice)
    locked: list[bool] = []

    def look() -> None:
        with transaction.atomic():
            locked.append(
                not Connection.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=connection.pk)
            )
        database.close()

    def options_of(given: Any, row: Connection) -> dict[str, Any]:
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(20)
        return {}

    monkeypatch.setattr(settings, "options_of", options_of)
    assert change(by_key(alice), {"sync_ratings": False}).status_code == 200
    assert locked == [True]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"direction": "sideways"}, "direction"),
        ({"interval_minutes": 1}, "interval_minutes"),
        ({"intervals": {"opera": 60}}, "intervals"),
        ({"kinds": ["opera"]}, "kinds.0"),
        ({"options": {"colour": "red"}}, "options"),
        ({"sync_enabled": "perhaps"}, "sync_enabled"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_changes(
    linked: Connection, alice_api: Client, values: dict[str, Any], field: str
) -> None:
    before = Connection.objects.values().get()
    body = problem(change(alice_api, {"policy": "library", **values}), 400, "invalid")
    assert [error["field"] for error in body["errors"]] == [field]
    assert Connection.objects.values().get() == before


def test_a_service_that_is_not_linked_has_no_settings(alice_api: Client) -> None:
    problem(change(alice_api, {"policy": "library"}, provider="kitsu"), 404, "not_found")
    problem(alice_api.delete(f"{BASE}/kitsu"), 404, "not_found")


def test_an_unknown_service_is_not_found(alice_api: Client) -> None:
    problem(alice_api.get(f"{BASE}/geocities"), 404, "unknown_provider")


def test_the_alias_serves(alice: User, alice_api: Client) -> None:
    rows.make_connection(alice, "myanimelist")
    assert alice_api.get(f"{BASE}/mal").json()["provider"] == "myanimelist"


def test_a_service_that_is_switched_off_can_still_be_left(linked: Connection, alice_api: Client, settings: Any) -> None:
    settings.PROVIDERS = {**settings.PROVIDERS, "anilist": {"enabled": False}, "kitsu": {"enabled": False}}
    found = alice_api.get(f"{BASE}/settings").json()
    assert (list(found), found["anilist"]["is_enabled"]) == (["anilist", "myanimelist", "trakt"], False)
    problem(alice_api.get(f"{BASE}/kitsu"), 409, "provider_disabled")
    assert alice_api.delete(f"{BASE}/anilist").status_code == 204


def test_unlinking_twice_is_once(linked: Connection, alice_api: Client) -> None:
    assert alice_api.delete(f"{BASE}/anilist").status_code == 204
    linked.refresh_from_db()
    assert (linked.state, linked.access_token) == (ConnectionState.UNLINKED, None)
    assert alice_api.get(f"{BASE}/settings").json()["anilist"]["is_connected"] is False
    assert alice_api.delete(f"{BASE}/anilist").status_code == 204


def test_an_app_of_ones_own_comes_and_goes(alice: User, alice_api: Client) -> None:
    made = alice_api.post(f"{BASE}/setup", {"integration_type": "mal", "client_id": "mine"}, JSON).json()
    assert (made["provider"], made["own_client_id"]) == ("myanimelist", "mine")
    refused = alice_api.post(f"{BASE}/setup", {"integration_type": "mal", "client_id": "two words"}, JSON)
    problem(refused, 422, "bad_app")
    assert alice_api.delete(f"{BASE}/mal/app").status_code == 204
    assert ProviderApp.objects.count() == 0


def test_an_app_in_use_stays(linked: Connection, alice_api: Client) -> None:
    problem(alice_api.delete(f"{BASE}/anilist/app"), 409, "app_in_use")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "alice"},
        {"access_token": "x" * 20, "username": "alice", "password": "secret"},
        {"authorization_code": "abc"},
        {"authorization_code": "abc", "state": "s", "redirect_uri": "https://enishi.test/"},
    ],
)
def test_one_way_at_a_time(alice_api: Client, body: dict[str, str]) -> None:
    told = problem(alice_api.post(f"{BASE}/anilist/connect", body, JSON), 400, "invalid")
    assert [error["code"] for error in told["errors"]] == ["wrong_set"]


@pytest.mark.parametrize(
    ("provider", "body", "code"),
    [
        ("trakt", {"access_token": "x" * 40}, "no_paste"),
        ("anilist", {"username": "alice", "password": "secret"}, "wrong_way"),
        ("kitsu", {"authorization_code": "abc", "redirect_uri": "https://enishi.test/"}, "wrong_way"),
        ("anilist", {"authorization_code": "abc", "state": "unknown"}, "link_expired"),
    ],
)
def test_a_way_that_leads_nowhere_is_explained(
    alice_api: Client, provider: str, body: dict[str, str], code: str
) -> None:
    problem(alice_api.post(f"{BASE}/{provider}/connect", body, JSON), 409, code)


def test_an_address_of_somebody_else_is_refused(alice_api: Client, settings: Any) -> None:
    settings.PROVIDER_APPS = {"anilist": ("id", "secret")}
    body = {"authorization_code": "abc", "redirect_uri": "https://evil.example/"}
    problem(alice_api.post(f"{BASE}/anilist/connect", body, JSON), 400, "foreign_redirect")
    asked = alice_api.post(f"{BASE}/anilist/authorize", {"redirect_uri": "https://evil.example/"}, JSON)
    problem(asked, 400, "foreign_redirect")


def test_pkce_is_asked_for_where_the_service_has_it(alice_api: Client, settings: Any) -> None:
    settings.PROVIDER_APPS = {"myanimelist": ("id", "")}
    uri = settings.OAUTH_REDIRECT_URIS["myanimelist"][0]
    body = {"authorization_code": "abc", "redirect_uri": uri}
    problem(alice_api.post(f"{BASE}/mal/connect", body, JSON), 400, "missing_parameter")


def test_a_link_by_code_shows_how_it_stands_but_not_its_secret(alice: User, alice_api: Client) -> None:
    problem(alice_api.get(f"{BASE}/trakt/device"), 404, "not_found")
    make_device_link(alice)
    answer = alice_api.get(f"{BASE}/trakt/device")
    assert (answer.json()["state"], answer.json()["user_code"]) == ("pending", "5055CC52")
    assert b"planted-device-code" not in answer.content


def test_tries_to_link_are_counted(alice_api: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "link": "2/h/user"}
    body = {"username": "alice", "password": "guess"}
    codes = [alice_api.post(f"{BASE}/anilist/connect", body, JSON).status_code for _ in range(3)]
    assert codes == [409, 409, 429]


def test_providers_tell_budgets_without_names(alice_api: Client) -> None:
    found = alice_api.get("/api/v1/providers").json()
    assert [one["provider"] for one in found] == ["anilist", "myanimelist", "kitsu", "trakt"]
    assert {one["state"] for one in found} == {"ok"}
    assert all(budget["limit"] > 0 for one in found for budget in one["budgets"])
