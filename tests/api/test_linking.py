"""Linking by the API against the fakes: real HTTP, real Redis, real providers."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client
from django.utils import timezone

from accounts.models import User
from integrations import oauth
from integrations.models import Connection, ConnectionState, DeviceLink
from integrations.providers import registry
from integrations.sandbox.server import Running
from integrations.services import polling
from tests.api.conftest import by_key, by_session, problem
from tests.integrations import test_whole_link
from tests.integrations.test_whole_link import sandbox as two_services
from tests.integrations.test_whole_link_more import sandbox as further_services

__all__ = ["further_services", "two_services"]

pytestmark = pytest.mark.django_db(transaction=True)
BASE, JSON = "/api/v1/integrations", "application/json"


def decide(url: str) -> dict[str, str]:
    """What comes back with the person who said yes."""
    return {name: values[0] for name, values in test_whole_link.decide(url).items()}


def begin(client: Client, slug: str, **body: str) -> dict[str, Any]:
    answer = client.post(f"{BASE}/{slug}/authorize", body, JSON)
    assert answer.status_code == 201, answer.content
    begun: dict[str, Any] = answer.json()
    return begun


@pytest.mark.parametrize("slug", ["anilist", "myanimelist"])
def test_what_comes_back_is_sent_to_us(two_services: Running, alice: User, slug: str) -> None:
    client = by_key(alice)
    begun = begin(client, slug)
    back = decide(begun["url"])
    assert back["state"] == begun["state"]
    body = {"authorization_code": back["code"], "state": back["state"]}
    answer = client.post(f"{BASE}/{slug}/connect", body, JSON)
    assert (answer.status_code, answer.json()["connection"]["username"]) == (200, "alice_there")
    problem(client.post(f"{BASE}/{slug}/connect", body, JSON), 409, "link_expired")


@pytest.mark.parametrize("slug", ["anilist", "myanimelist"])
def test_the_first_clients_see_to_the_page_themselves(
    two_services: Running, alice: User, slug: str, settings: Any
) -> None:
    spec, uri = registry.get(slug).oauth, settings.OAUTH_REDIRECT_URIS[slug][0]
    verifier = oauth.new_verifier() if spec.pkce else ""
    client_id = settings.PROVIDER_APPS[slug][0]
    url = oauth.authorize_url(spec, client_id=client_id, redirect_uri=uri, state="theirs", verifier=verifier)
    back = decide(f"{two_services.url}/{url.removeprefix('https://')}")
    body = {
        "authorization_code": back["code"],
        "redirect_uri": uri,
        **({"code_verifier": verifier} if verifier else {}),
    }
    answer = by_key(alice).post(f"{BASE}/{slug}/connect", body, JSON)
    assert (answer.status_code, answer.json()["is_connected"]) == (200, True)
    problem(by_key(alice).post(f"{BASE}/{slug}/connect", body, JSON), 422, "code_rejected")


def test_it_may_end_in_a_browser_that_is_signed_in_as_the_same_person(two_services: Running, alice: User) -> None:
    back = decide(begin(by_key(alice), "anilist")["url"])
    answer = by_session(alice).get("/integrations/anilist/callback", back)
    assert answer.status_code == 303
    assert Connection.objects.get().user == alice


def test_nobody_else_can_end_it(two_services: Running, alice: User, bob: User) -> None:
    """Else whoever begins a link could have another person's list tied to their own account."""
    back = decide(begin(by_key(alice), "anilist")["url"])
    body = {"authorization_code": back["code"], "state": back["state"]}
    assert by_session(bob).get("/integrations/anilist/callback", back).status_code == 400
    problem(by_key(bob).post(f"{BASE}/anilist/connect", body, JSON), 409, "link_expired")
    assert Connection.objects.count() == 0


def test_a_link_that_a_page_began_is_not_ended_by_a_key(two_services: Running, alice: User) -> None:
    """It is bound to the browser that began it."""
    page = by_session(alice)
    back = decide(page.post("/connections/anilist/connect/")["Location"])
    body = {"authorization_code": back["code"], "state": back["state"]}
    problem(by_key(alice).post(f"{BASE}/anilist/connect", body, JSON), 409, "link_expired")


def test_a_password_links_kitsu_and_is_kept_nowhere(further_services: Running, alice: User) -> None:
    body = {"username": "alice-there", "password": "p+&% ü"}
    answer = by_key(alice).post(f"{BASE}/kitsu/connect", body, JSON)
    assert (answer.status_code, answer.json()["health"]) == (200, "ok")
    assert "p+&% ü" not in answer.content.decode()
    refused = by_key(alice).post(f"{BASE}/kitsu/connect", {**body, "password": "guess"}, JSON)
    problem(refused, 422, "bad_credentials")
    assert Connection.objects.get().state == ConnectionState.ACTIVE


def test_a_code_links_trakt(further_services: Running, alice: User) -> None:
    client = by_key(alice)
    begun = client.post(f"{BASE}/trakt/device", {}, JSON)
    assert begun.status_code == 201
    further_services.control(
        "POST", "trakt/devices", {"user_code": begun.json()["user_code"], "account": "alice_there"}
    )
    DeviceLink.objects.update(next_poll_at=timezone.now())
    polling.poll_device_link(DeviceLink.objects.get().pk)
    assert client.get(f"{BASE}/trakt/device").json()["state"] == "linked"
    assert client.get(f"{BASE}/trakt").json()["connection"]["username"] == "alice_there"


@pytest.mark.postgres
def test_two_connects_at_once_are_one_link(two_services: Running, alice: User) -> None:
    token = two_services.control("POST", "anilist/tokens", {"account": "alice_there"})["access_token"]
    start, codes = threading.Barrier(2), []

    def connect(client: Client) -> None:
        start.wait(10)
        codes.append(client.post(f"{BASE}/anilist/connect", {"access_token": token}, JSON).status_code)
        database.close()

    threads = [threading.Thread(target=connect, args=(by_key(alice),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (codes, Connection.objects.count()) == ([200, 200], 1)
