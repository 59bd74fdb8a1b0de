"""Floods: each person has counts of their own, strangers one an address, and every refusal says when to come back."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.api import throttles
from accounts.models import User
from accounts.services import keys
from tests.api.conftest import by_key, by_session, problem
from tests.conftest import PASSWORD
from tests.security.conftest import browser_of

ACCOUNT, WORK, JSON = "/api/v1/account", "/api/v1/trial/work", "application/json"
pytestmark = pytest.mark.urls("tests.api.trial")


class Clock:
    """Stands still in the middle of a window until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_030.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(throttles, "time", clock)
    return clock


@pytest.fixture
def rates(settings: Any) -> Any:
    def set_rates(**given: str) -> None:
        settings.API_RATE_LIMITS = {**settings.API_RATE_LIMITS, **given}

    return set_rates


def statuses(client: Client, number: int, **headers: str) -> list[int]:
    return [client.get(ACCOUNT, headers=headers).status_code for _ in range(number)]


def test_reading_is_counted_for_each_person(rates: Any, clock: Clock, alice: User, bob: User) -> None:
    rates(read="3/m")
    client = by_key(alice)
    assert statuses(client, 4) == [200, 200, 200, 429]
    answer = client.get(ACCOUNT)
    assert "30 s" in problem(answer, 429, "throttled")["detail"]
    assert answer["Retry-After"] == "30"
    # Whatever she signs in with is the same person, and he is another.
    assert statuses(by_session(alice), 1) == [429]
    assert statuses(by_key(bob), 1) == [200]


def test_the_window_slides(rates: Any, clock: Clock, alice: User) -> None:
    rates(read="10/m")
    client = by_key(alice)
    assert statuses(client, 11) == [200] * 10 + [429]
    clock.now += 30  # a new minute: all of the last one still counts
    assert statuses(client, 1) == [429]
    clock.now += 30  # half of it
    assert statuses(client, 6) == [200] * 5 + [429]
    clock.now += 120
    assert statuses(client, 1) == [200]


def test_head_is_reading(rates: Any, clock: Clock, alice: User) -> None:
    rates(read="1/m")
    client = by_key(alice)
    assert [client.head(ACCOUNT).status_code for _ in range(2)] == [200, 429]


def test_runs_and_changes_share_their_counts_with_the_pages(settings: Any, alice: User) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"change": "3/m/user", "sync": "2/h/user"}
    client, browser = by_key(alice), browser_of(alice)
    change = {"timezone": "UTC"}
    assert client.patch(ACCOUNT, change, JSON).status_code == 200
    assert browser.post("/account/", change).status_code == 302
    assert client.patch(ACCOUNT, change, JSON).status_code == 200
    assert browser.post("/account/", change).status_code == 429
    problem(client.patch(ACCOUNT, change, JSON), 429, "throttled")
    assert [client.post(WORK, {"name": "n"}, JSON).status_code for _ in range(3)] == [202, 202, 429]
    # An hour's count says so, and not the minute after which it would be refused again.
    assert 3500 < int(client.post(WORK, {"name": "n"}, JSON)["Retry-After"]) <= 3600


def test_wrong_keys_and_tokens_are_counted_by_address(rates: Any, clock: Clock, alice: User) -> None:
    rates(refused="4/m")
    wrong = f"Bearer enishi_aaaaaaaa_{'a' * 43}"
    assert statuses(Client(), 2, Authorization=wrong) == [401, 401]
    assert statuses(Client(), 3, **{"X-Session-Token": "a" * 32}) == [401, 401, 429]
    problem(Client().get(ACCOUNT, headers={"Authorization": wrong}), 429, "throttled")
    # From elsewhere, and with a good key, one gets on.
    assert Client(REMOTE_ADDR="192.0.2.7").get(ACCOUNT, headers={"Authorization": wrong}).status_code == 401
    assert statuses(by_key(alice), 1) == [200]


def test_an_address_is_not_what_a_header_says(rates: Any, clock: Clock, db: None) -> None:
    rates(anonymous="2/m")
    found = [Client().get(ACCOUNT, headers={"X-Forwarded-For": f"192.0.2.{n}"}).status_code for n in range(3)]
    assert found == [401, 401, 429]


def test_one_network_of_ipv6_is_one_address(rates: Any, clock: Clock, db: None) -> None:
    rates(anonymous="2/m")
    found = [Client(REMOTE_ADDR=f"2001:db8::{n}").get(ACCOUNT).status_code for n in range(3)]
    assert found == [401, 401, 429]


def test_passwords_are_not_guessed_without_pages(alice: User) -> None:
    """allauth's own limits hold for apps: five wrong ones, then the right one does not help either."""
    guess = {"email": alice.email, "password": "wrong"}
    found = [Client().post("/_allauth/app/v1/auth/login", guess, JSON).status_code for _ in range(6)]
    assert found[:5] == [400] * 5
    assert found[5] in (400, 429)
    right = Client().post("/_allauth/app/v1/auth/login", {**guess, "password": PASSWORD}, JSON)
    assert right.status_code in (400, 429)


def test_without_redis_one_still_reads(settings: Any, alice: User) -> None:
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    client = by_key(alice)
    settings.CACHES = {"default": away}
    assert client.get(ACCOUNT).status_code == 200
    problem(Client().get(ACCOUNT, headers={"Authorization": "Bearer x"}), 401, "bad_key")


def test_a_key_is_no_faster_to_guess_by_its_beginning(alice: User, django_assert_num_queries: Any) -> None:
    """A known beginning with a wrong rest, and an unknown beginning, cost one query each and no write."""
    made = keys.create_key(alice, name="n", scopes=["read"])
    for wrong in (made.row.prefix + "_" + "a" * 43, "enishi_aaaaaaaa_" + "a" * 43):
        with django_assert_num_queries(1):
            assert keys.find_key(wrong) is None
