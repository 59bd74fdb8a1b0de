from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from celery import current_app
from pytest_django import Settings

from integrations.line import Line
from integrations.providers.base import Provider
from integrations.services import devices, providers, renewing, signing_in
from tests.integrations.doubles import TOYS, NotingBreaker, NotingLimiter, ToyServer, make_line


@dataclass
class World:
    """The toys, the service behind them, and the lines that were opened to it: [(slug, klass, app, token)]; the
    class is "login" for password grants. sent: the polls that were published, [(link id, seconds from now)]; renewals:
    the same of renewals, [(slug, queue, seconds from now)]."""

    server: ToyServer
    limiter: NotingLimiter = field(default_factory=NotingLimiter)
    breaker: NotingBreaker = field(default_factory=NotingBreaker)
    opened: list[tuple[str, str, str, str]] = field(default_factory=list)
    sent: list[tuple[str, float | None]] = field(default_factory=list)
    renewals: list[tuple[str, str, float | None]] = field(default_factory=list)

    def open_line(
        self, provider: Provider, *, klass: str, app: str = "", token: str = "", max_wait: float = 5.0
    ) -> Line:
        self.opened.append((provider.slug, klass, app, token))
        return make_line(self.server, service=provider, limiter=self.limiter, breaker=self.breaker)

    def open_login_line(self, provider: Provider, *, max_wait: float) -> Line:
        return self.open_line(provider, klass="login", max_wait=max_wait)

    def send_task(self, name: str, *, args: list[str], queue: str, countdown: float | None = None, **_: Any) -> None:
        if name == devices.TASK:
            self.sent.append((args[0], countdown))
        elif name == renewing.TASK:
            self.renewals.append((args[0], queue, countdown))


@pytest.fixture
def world(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> World:
    settings.EXTRA_PROVIDERS = TOYS
    apps: dict[str, Any] = {slug: (f"{slug}-env-id", f"planted-{slug}-env-secret") for slug in TOYS if slug != "asking"}
    settings.PROVIDER_APPS = apps
    settings.SITE_URL = "https://enishi.test"
    settings.OAUTH_REDIRECT_URIS = {
        "toy": ["https://enishi.test/integrations/toy/callback", "https://enishi.test/other"],
    }
    settings.SANDBOX_URL = ""
    made = World(ToyServer())
    monkeypatch.setattr(providers, "open_line", made.open_line)
    monkeypatch.setattr(signing_in, "open_login_line", made.open_login_line)
    monkeypatch.setattr(current_app, "send_task", made.send_task)
    return made
