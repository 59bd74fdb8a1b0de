"""The whole way in against both fakes: real HTTP, real Redis, real providers, nothing replaced."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.core import mail
from pytest_django import Settings
from redis import Redis

from accounts.models import User
from integrations.errors import AuthRevoked
from integrations.models import Connection, ConnectionState
from integrations.providers import registry
from integrations.sandbox.server import Running, serve
from integrations.services import connecting, sessions
from integrations.services.connecting import LinkError
from tests.integrations.doubles import plain

pytestmark = pytest.mark.django_db(transaction=True)

CALLBACKS = {
    "anilist": "https://enishi.test/integrations/anilist/callback",
    "myanimelist": "https://enishi.test/integrations/mal/callback",
}


@pytest.fixture
def sandbox(settings: Settings, redis_client: Redis) -> Iterator[Running]:
    with serve() as running:
        settings.SANDBOX_URL = running.url
        settings.OAUTH_REDIRECT_URIS = {slug: [uri] for slug, uri in CALLBACKS.items()}
        # Limits are tested elsewhere, and waiting for them here would take half a minute.
        settings.PROVIDERS = {slug: {"rate": "1000/1:1000"} for slug in CALLBACKS}
        running.control("POST", "anilist/settings", {"rate_limit": 0, "burst_limit": 0})
        running.control("POST", "myanimelist/settings", {"shield_rate": 0})
        settings.PROVIDER_APPS = {}
        for slug, uri in CALLBACKS.items():
            app = running.control("POST", f"{slug}/apps", {"redirect_uri": uri, "name": "Enishi"})
            settings.PROVIDER_APPS[slug] = (str(app["client_id"]), app["client_secret"])
            running.control("POST", f"{slug}/accounts", {"name": "alice_there"})
            running.control("POST", f"{slug}/accounts", {"name": "other_there"})
        yield running


def decide(url: str, *, account: str = "alice_there", decision: str = "approve") -> dict[str, str]:
    """Clicks on the authorize page; the parameters of the address that the browser is sent back to."""
    answer = httpx.post(url, data={"account": account, "decision": decision})
    assert answer.status_code == 302
    return dict(parse_qs(urlsplit(answer.headers["location"]).query, strict_parsing=True))  # type: ignore[arg-type]


def walk(user: User, slug: str, **choice: str) -> Connection:
    url = connecting.start_link(user, provider=slug, session_key="here")
    return connecting.finish_link(user, provider=slug, session_key="here", params=decide(url, **choice))


@pytest.mark.parametrize("slug", list(CALLBACKS))
def test_a_person_links_and_uses_the_token(sandbox: Running, alice: User, slug: str) -> None:
    connection = walk(alice, slug)
    assert (connection.state, connection.account_name) == (ConnectionState.ACTIVE, "alice_there")
    assert connection.account_url != ""
    session = sessions.open_session(Connection.objects.get())
    account = registry.get(slug).identify(session)
    assert (account.id, session.requests) == (connection.account_id, 1)


@pytest.mark.parametrize("slug", list(CALLBACKS))
def test_a_person_may_say_no(sandbox: Running, alice: User, slug: str) -> None:
    with pytest.raises(LinkError) as caught:
        walk(alice, slug, decision="deny")
    assert (caught.value.code, Connection.objects.count()) == ("denied", 0)


@pytest.mark.parametrize("slug", list(CALLBACKS))
def test_a_wrong_secret_is_the_apps_fault(sandbox: Running, alice: User, slug: str, settings: Settings) -> None:
    client_id, _ = settings.PROVIDER_APPS[slug]
    settings.PROVIDER_APPS = {**settings.PROVIDER_APPS, slug: (client_id, "wrong")}
    with pytest.raises(LinkError) as caught:
        walk(alice, slug)
    assert caught.value.code == "app_rejected"


@pytest.mark.parametrize("slug", list(CALLBACKS))
def test_a_code_works_once_there_too(sandbox: Running, alice: User, bob: User, slug: str) -> None:
    first = decide(connecting.start_link(alice, provider=slug, session_key="here"))
    connecting.finish_link(alice, provider=slug, session_key="here", params=first)
    second = decide(connecting.start_link(bob, provider=slug, session_key="there"))
    stolen = {**second, "code": first["code"]}
    with pytest.raises(LinkError) as caught:
        connecting.finish_link(bob, provider=slug, session_key="there", params=stolen)
    assert caught.value.code == "code_rejected"


def test_a_token_that_ran_out_is_renewed_and_the_pair_rotates(sandbox: Running, alice: User) -> None:
    before = walk(alice, "mal")
    old = plain(before.refresh_token)
    session = sessions.open_session(Connection.objects.get())
    sandbox.control("POST", "clock", {"step": 2_415_600 + 60})
    assert registry.get("mal").identify(session).name == "alice_there"
    after = Connection.objects.get()
    assert after.token_version == 2
    assert plain(after.refresh_token) != old
    assert session.requests == 2


def test_access_taken_away_at_anilist_asks_the_person(sandbox: Running, alice: User) -> None:
    connection = walk(alice, "anilist")
    sandbox.control("POST", "anilist/tokens", {"account": "alice_there", "revoke": True})
    with pytest.raises(AuthRevoked):
        registry.get("anilist").identify(sessions.open_session(connection))
    assert Connection.objects.get().state == ConnectionState.NEEDS_LOGIN
    assert len(mail.outbox) == 1


def test_anilists_token_may_be_pasted(sandbox: Running, alice: User) -> None:
    issued = sandbox.control("POST", "anilist/tokens", {"account": "alice_there"})
    connection = connecting.paste_token(alice, provider="anilist", token=issued["access_token"])
    assert connection.account_name == "alice_there"
    assert connection.token_expires_at is not None
