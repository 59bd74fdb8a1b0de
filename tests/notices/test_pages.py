"""The page of notifications, and its API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from notices.models import Channel, Notice
from tests.api.conftest import by_key, by_session, problem
from tests.notices.conftest import HOOK, Hook

PAGE, API, JSON = "/account/notifications/", "/api/v1/notifications", "application/json"


@pytest.fixture
def page(alice: User) -> Client:
    return by_session(alice)


@pytest.fixture
def api(alice: User) -> Client:
    return by_key(alice)


def test_a_webhook_is_added_and_its_secret_shown_once(page: Client) -> None:
    added = page.post(f"{PAGE}add/", {"way": "webhook", "address": HOOK, "events": ["sync_failed"]})
    sealed = Channel.objects.get(way="webhook").secret
    assert sealed is not None
    secret = sealed.reveal()
    assert secret in added.content.decode()
    shown = page.get(PAGE).content.decode()
    assert (secret in shown, HOOK in shown, "https://hooks.example.org/…" in shown) == (False, False, True)


@pytest.mark.parametrize("address", ["http://example.org/", "nonsense", ""])
def test_an_address_that_does_not_fit_is_explained(page: Client, address: str) -> None:
    answer = page.post(f"{PAGE}add/", {"way": "webhook", "address": address, "events": []})
    assert (answer.status_code, Channel.objects.filter(way="webhook").count()) == (400, 0)


def test_events_are_chosen_for_mail_too(page: Client, alice: User) -> None:
    page.get(PAGE)
    channel = Channel.objects.get()
    assert channel.events == ["needs_login", "login_ends"]
    page.post(f"{PAGE}{channel.pk}/", {"events": ["digest", "sync_failed"]})
    channel.refresh_from_db()
    assert channel.events == ["sync_failed", "digest"]


def test_a_channel_is_tried_and_removed(page: Client, hook: Hook) -> None:
    channel, _ = hook()
    assert page.post(f"{PAGE}{channel.pk}/try/").status_code == 302
    assert "This is a trial" in page.get(PAGE).content.decode()
    assert page.post(f"{PAGE}{channel.pk}/remove/").status_code == 302
    assert Notice.objects.count() == 0


@pytest.mark.parametrize("verb", ["", "try/", "remove/"])
def test_anothers_channel_is_not_found(bob: User, hook: Hook, verb: str) -> None:
    channel, _ = hook()
    assert by_session(bob).post(f"{PAGE}{channel.pk}/{verb}").status_code == 404


def test_the_api_adds_changes_tries_and_removes(api: Client) -> None:
    body = {"way": "webhook", "address": HOOK, "events": ["sync_failed"], "name": " Home "}
    made = api.post(f"{API}/channels", body, JSON).json()
    assert (made["shown"], made["name"], len(made["secret"])) == ("https://hooks.example.org/…", "Home", 43)
    url = f"{API}/channels/{made['id']}"
    assert "secret" not in api.get(url).json()
    assert api.patch(url, {"events": ["digest"], "is_on": False}, JSON).json()["is_on"] is False
    assert api.post(f"{url}/try", {}, JSON).json()["state"] == "waiting"
    assert [one["subject"] for one in api.get(API).json()["results"]] == ["This is a trial"]
    assert [one["way"] for one in api.get(f"{API}/channels").json()["results"]] == ["email", "webhook"]
    assert api.delete(url).status_code == 204
    problem(api.get(url), 404, "not_found")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"address": "http://example.org/"}, "address"),
        ({"events": ["sleep"]}, "events.0"),
        ({"way": "email"}, "way"),
        ({"way": "service", "address": "json://10.0.0.1/"}, "address"),
    ],
)
def test_the_api_names_what_does_not_fit(api: Client, change: dict[str, Any], field: str) -> None:
    body = {"way": "webhook", "address": HOOK, "events": [], **change}
    told = problem(api.post(f"{API}/channels", body, JSON), 400, "invalid")
    assert [error["field"] for error in told["errors"]] == [field]
