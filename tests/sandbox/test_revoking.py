"""Access is given back where the services take it back, as they want to be asked."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from integrations import oauth
from integrations.crypto import Secret
from integrations.errors import AuthRevoked
from integrations.http import Session
from integrations.line import Line, build_client
from integrations.oauth import App, AppRejected
from integrations.providers import registry
from integrations.sandbox.server import Running
from tests.integrations.doubles import SITE, USER_AGENT, NotingBreaker, NotingLimiter
from tests.sandbox.trakt_asking import BACK, FREE


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with build_client(user_agent=USER_AGENT, site_url=SITE) as made:
        yield made


def line_to(slug: str, app: App, sandbox: Running, *, client: httpx.Client) -> Line:
    return Line(
        registry.get(slug),
        client=client,
        limiter=NotingLimiter(),
        breaker=NotingBreaker(),
        app=app.client_id,
        sandbox_url=sandbox.url,
    )


@pytest.fixture(params=["trakt", "kitsu"])
def slug(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def app(slug: str, sandbox: Running) -> App:
    if slug == "kitsu":
        public = registry.get(slug).oauth.public_app
        assert public is not None
        return public
    made = sandbox.control("POST", "trakt/apps", {"redirect_uri": BACK, "name": "Tests"})
    sandbox.control("POST", "trakt/settings", FREE)
    return App.of(made["client_id"], made["client_secret"])


@pytest.fixture
def token(slug: str, app: App, sandbox: Running) -> str:
    sandbox.control("POST", f"{slug}/accounts", {"name": "alice"})
    issued = sandbox.control("POST", f"{slug}/tokens", {"account": "alice", "client_id": app.client_id})
    return str(issued["access_token"])


def test_a_token_is_dead_afterwards_and_again_is_no_error(
    slug: str, app: App, token: str, sandbox: Running, client: httpx.Client
) -> None:
    provider, line = registry.get(slug), line_to(slug, app, sandbox, client=client)
    assert provider.identify(Session(line, token=Secret(token))).name == "alice"
    for _ in range(2):
        oauth.revoke(provider.oauth, line, app=app, token=Secret(token))
    oauth.revoke(provider.oauth, line, app=app, token=Secret("unknown-token"))
    with pytest.raises(AuthRevoked):
        provider.identify(Session(line, token=Secret(token)))


def test_a_wrong_app_is_told(slug: str, app: App, token: str, sandbox: Running, client: httpx.Client) -> None:
    provider, line = registry.get(slug), line_to(slug, app, sandbox, client=client)
    with pytest.raises(AppRejected):
        oauth.revoke(provider.oauth, line, app=App.of(app.client_id, "wrong"), token=Secret(token))
    assert provider.identify(Session(line, token=Secret(token))).name == "alice"
