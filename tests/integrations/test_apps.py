from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings
from redis import Redis

from accounts.models import User
from integrations.breaker import Breaker
from integrations.checks import check_provider_settings
from integrations.limits import Budget, RedisLimiter
from integrations.models import Connection, ProviderApp
from integrations.providers import registry
from integrations.services import apps, connecting, providers
from integrations.services.refusals import LinkError
from tests.integrations.conftest import World
from tests.integrations.doubles import plain
from tests.integrations.test_connecting import link, refuses

pytestmark = pytest.mark.django_db


def save(user: User, **options: Any) -> ProviderApp:
    return apps.save_app(user, **{"provider": "toy", "client_id": "mine", "client_secret": "planted-mine", **options})


def chosen(user: User) -> tuple[str, str | None]:
    app = apps.app_for(user, "toy").app
    return app.client_id, plain(app.client_secret) if app.client_secret else None


# Whose app is used -------------------------------------------------------------------------------------------


def test_a_persons_own_app_goes_before_the_sites_and_that_of_the_environment(
    world: World, alice: User, bob: User, charlie: User
) -> None:
    assert chosen(alice) == ("toy-env-id", "planted-toy-env-secret")
    site = ProviderApp.objects.create(provider="toy", client_id="site", client_secret="planted-site")
    assert chosen(alice) == ("site", "planted-site")
    assert apps.app_for(alice, "toy").row == site
    mine, theirs = save(alice), save(bob, client_id="theirs", client_secret="planted-theirs")
    assert chosen(alice) == ("mine", "planted-mine")
    assert chosen(bob) == ("theirs", "planted-theirs")
    assert chosen(charlie) == ("site", "planted-site")
    assert (apps.app_for(alice, "toy").row, apps.app_for(bob, "toy").row) == (mine, theirs)


def test_without_any_app_it_is_said(world: World, alice: User, settings: Settings) -> None:
    for nothing in ({}, {"toy": ("", "")}, {"toy": ("  ", "secret")}):
        settings.PROVIDER_APPS = nothing
        with refuses("no_app"):
            apps.app_for(alice, "toy")


def test_white_space_of_the_environment_is_cut(world: World, alice: User, settings: Settings) -> None:
    settings.PROVIDER_APPS = {"toy": (" id \n", " secret\n")}
    assert chosen(alice) == ("id", "secret")


# Saving ------------------------------------------------------------------------------------------------------


def test_an_app_is_stored_trimmed_and_sealed(world: World, alice: User) -> None:
    row = save(alice, client_id=" mine\n", client_secret="\tplanted-mine ")
    row.refresh_from_db()
    assert (row.client_id, plain(row.client_secret)) == ("mine", "planted-mine")
    assert "planted" not in str(ProviderApp.objects.values_list().get())
    assert "planted" not in f"{row!r}{row.client_secret!r}"


def test_saving_again_replaces_and_an_empty_secret_keeps_the_stored_one(world: World, alice: User) -> None:
    first = save(alice)
    assert save(alice, client_secret="").pk == first.pk
    assert chosen(alice) == ("mine", "planted-mine")
    save(alice, client_secret="planted-new")
    assert chosen(alice) == ("mine", "planted-new")
    assert ProviderApp.objects.count() == 1


def test_the_secret_of_one_client_id_is_not_kept_for_another(world: World, alice: User) -> None:
    save(alice)
    with refuses("bad_app"):
        save(alice, client_id="other", client_secret=None)
    assert chosen(alice) == ("mine", "planted-mine")


def test_a_public_app_needs_no_secret(world: World, alice: User, settings: Settings) -> None:
    settings.PROVIDERS = {}
    row = apps.save_app(alice, provider="mal", client_id="public")
    assert (row.provider, row.client_secret) == ("myanimelist", None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": ""},
        {"client_id": "   "},
        {"client_id": "two words"},
        {"client_id": "x" * 256},
        {"client_id": "nul\x00"},
        {"client_id": "ïd"},
        {"client_secret": ""},
        {"client_secret": "two words"},
        {"client_secret": "x" * 1025},
        {"client_secret": "line\nbreak"},
    ],
)
def test_what_cannot_be_an_app_is_refused(world: World, alice: User, wrong: dict[str, str]) -> None:
    with refuses("bad_app"):
        save(alice, **wrong)
    assert ProviderApp.objects.count() == 0


def test_an_app_for_nothing_we_know_is_refused(world: World, alice: User, settings: Settings) -> None:
    with refuses("unknown_provider"):
        save(alice, provider="kitsune")
    settings.PROVIDERS = {"toy": {"enabled": False}}
    with refuses("provider_disabled"):
        save(alice)


# Removing ----------------------------------------------------------------------------------------------------


def test_an_app_in_use_stays(world: World, alice: User, bob: User) -> None:
    save(alice)
    save(bob, client_id="theirs")
    link(world, alice, "7")
    with refuses("app_in_use"):
        apps.remove_app(alice, provider="toy")
    apps.remove_app(bob, provider="toy")
    connecting.unlink(alice, provider="toy")
    apps.remove_app(alice, provider="toy")
    assert ProviderApp.objects.count() == 0
    assert Connection.objects.get().app is None


# The operator's settings -------------------------------------------------------------------------------------


def test_every_provider_has_its_settings_without_a_line_of_its_own(settings: Settings) -> None:
    for slug in registry.slugs():
        assert providers.settings_for(slug).enabled is True
        assert slug in settings.PROVIDER_APPS
    assert settings.OAUTH_REDIRECT_URIS["myanimelist"] == [f"{settings.SITE_URL}/integrations/mal/callback"]
    assert settings.OAUTH_REDIRECT_URIS["anilist"] == [f"{settings.SITE_URL}/integrations/anilist/callback"]


def test_a_provider_can_be_switched_off(world: World, settings: Settings) -> None:
    assert providers.provider_for("toy").slug == "toy"
    settings.PROVIDERS = {"toy": {"enabled": False}}
    assert "toy" not in providers.enabled_slugs()
    assert "yearly" in providers.enabled_slugs()
    with pytest.raises(LinkError) as caught:
        providers.provider_for("toy")
    assert caught.value.code == "provider_disabled"


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("24/60:4", Budget("address", 24, 60.0, 4)),
        ("1/1", Budget("address", 1, 1.0, 1)),
        (" 30/60:0 ", Budget("address", 30, 60.0, 1)),
    ],
)
def test_a_rate_takes_the_place_of_the_first_budget(
    world: World, settings: Settings, text: str, budget: Budget
) -> None:
    toy = registry.get("toy")
    assert providers.budgets_for(toy) == toy.budgets
    settings.PROVIDERS = {"toy": {"rate": text}}
    assert providers.budgets_for(toy) == (budget,)


@pytest.mark.parametrize("text", ["fast", "24", "24/0", "0/60", "-1/60", "24/60:", "24/60:x", "1.5/60"])
def test_a_rate_that_cannot_be_read_names_the_cure(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="requests/seconds:burst"):
        providers.read_rate(text, scope="address")


def test_a_line_is_wired_to_redis_client_and_sandbox(settings: Settings, redis_client: Redis) -> None:
    settings.SANDBOX_URL = "http://127.0.0.1:8800"
    line = providers.open_line(registry.get("mal"), klass="checks", app="id", token="row")
    assert isinstance(line._limiter, RedisLimiter)
    assert isinstance(line._breaker, Breaker)
    assert line._sandbox_url == "http://127.0.0.1:8800"
    assert line._client is providers.http_client()
    assert line._client.headers["user-agent"] == settings.USER_AGENT
    assert line._client.headers["referer"] == settings.SITE_URL
    line._limiter.acquire()
    line._breaker.before_call()
    keys: Any = redis_client.keys("{rl:myanimelist}*")
    assert len(keys) >= 1


def test_settings_that_cannot_work_are_found_at_start(settings: Settings) -> None:
    assert check_provider_settings(None) == []
    settings.PROVIDERS = {"anilist": {"rate": "fast", "interval": 5, "direction": "sideways"}}
    settings.OAUTH_REDIRECT_URIS = {"myanimelist": ["/integrations/mal/callback"]}
    told = [f"{problem.id} {problem.msg}" for problem in check_provider_settings(None)]
    assert [text.split()[0] for text in told] == [
        "integrations.E011",
        "integrations.E012",
        "integrations.E013",
        "integrations.E014",
    ]
    assert "ANILIST_RATE" in told[0]
    assert "ANILIST_INTERVAL" in told[1]
    assert "ANILIST_DIRECTION" in told[2]
    assert "MAL_REDIRECT_URIS" in told[3]
