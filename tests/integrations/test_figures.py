"""What operators read of budgets and outages: figures of a real Valkey, and the page that shows them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from accounts.models import User
from integrations.breaker import FAILURES, Breaker, Condition, condition
from integrations.limits import RedisLimiter
from integrations.providers import registry
from integrations.services import figures, providers

ADDRESS, APP = "203.0.113.9", "planted-client-id"


@pytest.fixture(autouse=True)
def _fresh_pool(redis_client: Redis, settings: Any) -> Any:
    settings.EGRESS_ADDRESS = ADDRESS
    settings.PROVIDERS = {}
    providers.redis_client.cache_clear()
    yield
    providers.redis_client().close()
    providers.redis_client.cache_clear()


def limiter(redis: Redis, slug: str, **options: Any) -> RedisLimiter:
    budgets = providers.budgets_for(registry.get(slug))
    return RedisLimiter(redis, slug, budgets, address=ADDRESS, app=APP, token="planted-token", **options)


def standing(slug: str = "anilist") -> figures.Standing:
    return figures.standing_of(registry.get(slug))


def test_before_anything_was_asked_the_configured_limits_stand() -> None:
    for found in figures.standings():
        budgets = providers.budgets_for(registry.get(found.slug))
        assert [(one.counts_by, one.limit, one.window) for one in found.figures] == [
            (budget.scope, budget.requests, budget.seconds) for budget in budgets
        ]
        assert (found.breaker, found.trouble) == (Condition("closed"), "")
        assert {(one.used, one.left, one.is_learnt) for one in found.figures} == {(None, None, False)}


def test_used_and_left_of_a_scope_that_was_used(redis_client: Redis) -> None:
    one = limiter(redis_client, "anilist")
    for number in range(3):
        one._ask(60.0, name=f"call-{number}")
    (figure,) = standing().figures
    assert (figure.counts_by, figure.applies, figure.limit, figure.configured) == ("address", "all", 29, 29)
    assert (figure.is_learnt, figure.blocked_for) == (False, 0.0)
    # One went at once; the others have their place.
    assert (figure.used, figure.waiting, figure.left) == (1, 2, 26)


def test_a_limit_that_the_service_named_is_told_as_learnt(redis_client: Redis) -> None:
    one = limiter(redis_client, "anilist", sleep=lambda _: None, max_wait=60.0)
    one.acquire()
    one.observe(limit=15, remaining=14)
    one.acquire()
    (figure,) = standing().figures
    assert (figure.limit, figure.configured, figure.is_learnt) == (14, 29, True)


def test_a_penalty_and_an_open_breaker_are_troubles(redis_client: Redis) -> None:
    one = limiter(redis_client, "anilist", jitter=lambda: 0.0)
    one.acquire()
    one.penalise(120)
    found = standing()
    assert (round(found.blocked_for, -1), found.trouble) == (120, "asks us to stay away")
    breaker = Breaker(redis_client, "anilist", jitter=lambda: 0.5)
    for _ in range(FAILURES):
        breaker.failed()
    found = standing()
    assert (found.breaker.state, found.breaker.failures, found.trouble) == ("open", FAILURES, "not reachable")
    assert 25 <= found.breaker.open_for <= 30


def test_a_breaker_whose_time_is_over_is_half_open_until_its_probe_came_back(redis_client: Redis) -> None:
    now = 1_800_000_000.0
    breaker = Breaker(redis_client, "anilist", jitter=lambda: 0.5, clock=lambda: now)
    for _ in range(FAILURES):
        breaker.failed()
    assert condition(redis_client, "anilist", clock=lambda: now + 29) == Condition("open", FAILURES, 1.0, away_for=29.0)
    assert condition(redis_client, "anilist", clock=lambda: now + 31) == Condition("half_open", FAILURES, away_for=31.0)
    # Reading it is no probe: the next call still may be one.
    Breaker(redis_client, "anilist", clock=lambda: now + 31).before_call()


def test_it_says_why_a_breaker_opened(db: None, redis_client: Redis) -> None:
    breaker = Breaker(redis_client, "anilist")
    for call in range(20):
        (breaker.failed if call % 3 else breaker.succeeded)()
    page = client_of(staff("view_connection")).get(reverse("service_figures")).content.decode()
    assert "13 of 20 calls in a minute failed" in page
    assert "0 failures in a row" in page


def test_without_redis_nothing_is_known_and_nothing_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(providers, "redis_client", lambda: gone)
    try:
        assert {(found.breaker.state, found.is_known, found.figures) for found in figures.standings()} == {
            ("unknown", False, ())
        }
    finally:
        monkeypatch.undo()


def test_a_provider_that_is_switched_off_is_told_as_such(settings: Any) -> None:
    settings.PROVIDERS = {"kitsu": {"enabled": False}}
    assert standing("kitsu").trouble == "switched off here"


# The page ---------------------------------------------------------------------------------------------------


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def staff(*rights: str) -> User:
    user = User.objects.create_user("staff@example.org", "right horse battery staple", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    return user


def test_the_page_shows_all_services_and_no_secret(db: None, redis_client: Redis) -> None:
    for slug in registry.slugs():
        limiter(redis_client, slug).acquire()
    breaker = Breaker(redis_client, "kitsu")
    for _ in range(FAILURES):
        breaker.failed()
    answer = client_of(staff("view_connection")).get(reverse("service_figures"))
    page = answer.content.decode()
    assert (answer.status_code, answer["Cache-Control"].startswith("max-age=0")) == (200, True)
    for slug in registry.slugs():
        name = registry.get(slug).name
        assert f"{name}: {'not reachable' if slug == 'kitsu' else 'all is well'}" in page
    assert "29 in 60 s" in page
    assert [text for text in (ADDRESS, APP, "planted-token") if text in page] == []


def test_the_admin_leads_to_it_for_who_may_see_it(db: None) -> None:
    address = reverse("service_figures")
    client = client_of(staff("view_connection"))
    assert f'href="{address}"' in client.get(reverse("admin:index")).content.decode()
    assert client.post(address).status_code == 405


@pytest.mark.parametrize(("rights", "status"), [((), 403), (("view_media",), 403)])
def test_staff_without_the_right_do_not_see_it(db: None, rights: tuple[str, ...], status: int) -> None:
    client = client_of(staff(*rights))
    assert client.get(reverse("service_figures")).status_code == status
    assert reverse("service_figures") not in client.get(reverse("admin:index")).content.decode()


def test_people_and_strangers_are_sent_to_sign_in(alice: User) -> None:
    for client in (client_of(alice), Client()):
        assert client.get(reverse("service_figures")).status_code == 302
