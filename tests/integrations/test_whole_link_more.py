"""The further ways in against the fakes of Kitsu and Trakt: real HTTP, real Redis, real providers, nothing replaced."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone
from pytest_django import Settings
from redis import Redis

from accounts.models import User
from integrations.models import Connection, ConnectionState, DeviceLink, ProviderApp
from integrations.providers import registry
from integrations.sandbox.server import Running, serve
from integrations.services import connecting, devices, polling, sessions, signing_in
from integrations.services.connecting import LinkError
from tests.integrations.doubles import plain
from tests.integrations.test_whole_link import walk

pytestmark = pytest.mark.django_db(transaction=True)

URI = "https://enishi.test/integrations/trakt/callback"
DAY = timedelta(days=1)


@pytest.fixture
def sandbox(settings: Settings, redis_client: Redis) -> Iterator[Running]:
    with serve() as running:
        settings.SANDBOX_URL = running.url
        settings.OAUTH_REDIRECT_URIS = {"trakt": [URI]}
        # Limits are tested elsewhere.
        settings.PROVIDERS = {slug: {"rate": "1000/1:1000"} for slug in ("kitsu", "trakt")}
        app = running.control("POST", "trakt/apps", {"redirect_uri": URI, "name": "Enishi"})
        settings.PROVIDER_APPS = {"trakt": (str(app["client_id"]), app["client_secret"])}
        running.control("POST", "kitsu/accounts", {"name": "alice_there", "settings": {"password": "p+&% ü"}})
        running.control("POST", "trakt/accounts", {"name": "alice_there"})
        yield running


def sign_in(user: User, password: str = "p+&% ü") -> Connection:
    return signing_in.link_with_password(user, provider="kitsu", username="alice-there", password=password)


def name_now(connection: Connection) -> str:
    return registry.get(connection.provider).identify(sessions.open_session(connection)).name


# Kitsu: a name and a password --------------------------------------------------------------------------------


def test_a_password_links_kitsu_with_no_app_of_ours(sandbox: Running, alice: User) -> None:
    connection = sign_in(alice)
    assert (connection.state, connection.account_name) == (ConnectionState.ACTIVE, "alice_there")
    assert ProviderApp.objects.count() == 0
    assert name_now(Connection.objects.get()) == "alice_there"
    assert connection.token_expires_at is not None
    assert connection.token_due_at is not None
    assert 2.6 * DAY < connection.token_expires_at - connection.token_due_at <= 3 * DAY


def test_kitsu_hands_out_the_same_token_again(sandbox: Running, alice: User, redis_client: Redis) -> None:
    first = sign_in(alice)
    redis_client.flushdb()
    second = sign_in(alice)
    assert plain(first.access_token) == plain(second.access_token)
    connecting.unlink(alice, provider="kitsu")
    # The other apps of this person go on with it.
    assert name_now(first) == "alice_there"


@pytest.mark.parametrize(("password", "limit", "code"), [("wrong", 15, "bad_credentials"), ("p+&% ü", 1, "busy")])
def test_what_kitsu_may_say_to_a_password(sandbox: Running, alice: User, password: str, limit: int, code: str) -> None:
    sandbox.control("POST", "kitsu/settings", {"login_limit": limit})
    # Somebody else behind our address.
    httpx.post(f"{sandbox.url}/kitsu.app/api/oauth/token", data={"grant_type": "password", "username": "who"})
    with pytest.raises(LinkError) as caught:
        sign_in(alice, password)
    assert (caught.value.code, Connection.objects.count()) == (code, 0)


# Trakt: a code -----------------------------------------------------------------------------------------------


def poll(link: DeviceLink) -> DeviceLink:
    DeviceLink.objects.update(next_poll_at=timezone.now())
    polling.poll_device_link(link.pk)
    return DeviceLink.objects.get()


def test_a_code_links_trakt_and_its_token_is_renewed(sandbox: Running, alice: User) -> None:
    link = devices.start_device_link(alice, provider="trakt")
    assert devices.page_of(link) == f"{sandbox.url}/auth.trakt.tv/activate"
    assert poll(link).state == "pending"
    sandbox.control("POST", "trakt/devices", {"user_code": link.user_code, "account": "alice_there"})
    # Before its interval is over.
    assert (poll(link).state, DeviceLink.objects.get().poll_seconds) == ("pending", 10)
    sandbox.control("POST", "clock", {"step": 10})
    after = poll(link)
    assert (after.state, after.device_code) == ("linked", None)
    connection = Connection.objects.get()
    assert (connection.account_name, connection.token_version) == ("alice_there", 1)
    session = sessions.open_session(connection)
    sandbox.control("POST", "clock", {"step": 8 * 86_400})
    assert registry.get("trakt").identify(session).name == "alice_there"
    assert Connection.objects.get().token_version == 2


@pytest.mark.parametrize(
    ("decision", "state", "words"), [("refuse", "refused", "access was refused"), ("expire", "expired", "has expired")]
)
def test_a_code_may_come_to_nothing(sandbox: Running, alice: User, decision: str, state: str, words: str) -> None:
    link = devices.start_device_link(alice, provider="trakt")
    sandbox.control("POST", "trakt/devices", {"user_code": link.user_code, "decision": decision})
    after = poll(link)
    assert (after.state, Connection.objects.count()) == (state, 0)
    assert words in after.message


def test_trakts_sign_in_page_links_too(sandbox: Running, alice: User) -> None:
    connection = walk(alice, "trakt")
    assert (connection.account_name, connection.state) == ("alice_there", ConnectionState.ACTIVE)
    assert name_now(Connection.objects.get()) == "alice_there"
