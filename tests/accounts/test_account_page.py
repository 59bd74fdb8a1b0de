"""Preferences, time zones, and what every answer to a person carries."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.forms import PreferencesForm, zone_choices
from accounts.middleware import PersonMiddleware, zone_of
from accounts.models import User
from accounts.services.preferences import set_timezone


@pytest.fixture
def alice_client(alice: User) -> Client:
    client = Client()
    client.force_login(alice)
    return client


def test_the_time_zone_is_stored(alice: User, bob: User, alice_client: Client) -> None:
    answer = alice_client.post("/account/", {"timezone": "Asia/Tokyo"})
    assert (answer.status_code, answer["Location"]) == (302, "/account/")
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.timezone, bob.timezone) == ("Asia/Tokyo", "UTC")


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "\x00", "Europe/Berlin\n"])
def test_what_is_no_time_zone_is_refused(name: str, alice: User, alice_client: Client) -> None:
    answer = alice_client.post("/account/", {"timezone": name, "is_staff": "on", "email": "evil@example.org"})
    alice.refresh_from_db()
    if name.strip() != "Europe/Berlin":
        assert answer.status_code == 200
    assert (alice.timezone, alice.is_staff, alice.email) == ("Europe/Berlin", False, "alice@example.org")


def test_only_the_time_zone_is_taken_from_the_form(alice: User, alice_client: Client) -> None:
    posted = {"timezone": "UTC", "is_staff": "on", "is_superuser": "on", "email": "evil@example.org", "password": "x"}
    alice_client.post("/account/", posted)
    alice.refresh_from_db()
    assert (alice.timezone, alice.is_staff, alice.is_superuser) == ("UTC", False, False)
    assert alice.email == "alice@example.org"


def test_setting_a_zone_touches_nothing_else(alice: User) -> None:
    stale = User.objects.get(pk=alice.pk)
    User.objects.filter(pk=alice.pk).update(email="new@example.org")
    set_timezone(stale, timezone="UTC")
    alice.refresh_from_db()
    assert (alice.email, alice.timezone) == ("new@example.org", "UTC")


def test_zones_are_grouped_and_hold_no_aliases() -> None:
    groups = dict(zone_choices())
    assert groups["UTC"] == "UTC"
    assert "EST5EDT" not in groups
    assert ("Europe/Berlin", "Berlin") in groups["Europe"]
    assert ("America/Argentina/Buenos_Aires", "Argentina – Buenos Aires") in groups["America"]
    assert "Etc" not in groups


def test_a_zone_that_is_no_longer_offered_stays_chosen(alice: User) -> None:
    alice.timezone = "EST5EDT"
    form = PreferencesForm({"timezone": "EST5EDT"}, instance=alice)
    assert form.is_valid()
    assert dict(zone_choices("EST5EDT"))["EST5EDT"] == "EST5EDT"


def test_an_unknown_zone_falls_back(alice: User) -> None:
    assert str(zone_of("Mars/Olympus")) == "UTC"
    assert str(zone_of("")) == "UTC"
    assert str(zone_of("Europe/Berlin")) == "Europe/Berlin"


def test_the_zone_is_active_within_the_request_only(alice: User) -> None:
    seen: list[Any] = []

    def view(request: Any) -> Any:
        from django.http import HttpResponse

        seen.append(timezone.get_current_timezone_name())
        return HttpResponse(headers={"Cache-Control": "max-age=5"})

    request = RequestFactory().get("/")
    request.user = alice
    answer = PersonMiddleware(view)(request)
    assert seen == ["Europe/Berlin"]
    assert timezone.get_current_timezone_name() == "UTC"
    assert answer["Cache-Control"] == "max-age=5"
